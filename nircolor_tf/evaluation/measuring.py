"""The measurement of one run after another on the images of a split."""

import dataclasses
import functools
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nircolor_tf.data import manifest
from nircolor_tf.data.manifest import Example
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import (
    contamination,
    fid_kid,
    lpips_metric,
    predictions,
    robustness,
)
from nircolor_tf.evaluation.options import Options
from nircolor_tf.evaluation.predictions import MetricThreads
from nircolor_tf.evaluation.results import (
    Evaluation,
    MeasuredImage,
    RunResult,
)
from nircolor_tf.evaluation.runs import Predict, Run
from nircolor_tf.images import conversions, image_files


@dataclasses.dataclass(frozen=True)
class Measurement:
    """An evaluation that grows run by run.

    Attributes:
        options: What to measure.
        evaluation: The results so far.
        manifest_examples: The whole manifest.
        lpips: The networks of LPIPS; None where it is not measured.
    """

    options: Options
    evaluation: Evaluation
    manifest_examples: Sequence[Example]
    lpips: lpips_metric.Lpips | None

    @classmethod
    def start(cls, options: Options) -> "Measurement":
        """Reads the manifest, and loads the networks of the metrics.

        Raises:
            InputError: The manifest or the split is bad, or a network cannot
                be loaded.
        """
        manifest_examples = manifest.read_manifest(options.manifest)
        examples = manifest.select(manifest_examples, options.split)
        if "fid" in options.perceptual:
            fid_kid.load_inception()
        return cls(
            options=options,
            evaluation=Evaluation(
                options.manifest,
                options.split,
                examples,
                contamination.warning(examples, manifest_examples),
            ),
            manifest_examples=manifest_examples,
            lpips=lpips_metric.Lpips()
            if "lpips" in options.perceptual
            else None,
        )

    def add(
        self, run: Run, predict: Predict, pictures: Path, threads: MetricThreads
    ) -> None:
        """Measures a run and adds its result.

        Args:
            run: As `runs.open_run` returns it.
            predict: Likewise.
            pictures: Folder for the predictions.
            threads: Compute the metrics.

        Raises:
            InputError: Its name or its target does not fit the runs before
                it, its numbers are refused, or no image worked.
        """
        self._check(run)
        overlap = self._overlap(run, self.evaluation.examples)
        examples = self._admitted(overlap)
        folder = Path(tempfile.mkdtemp(dir=pictures))
        images, failures = predictions.measure_images(
            run, predict, examples, folder, threads
        )
        measured = [example for example in examples if example.name in images]
        self.evaluation.results.append(
            RunResult(
                run=run,
                scenes=self.evaluation.scenes,
                contamination=overlap,
                rest=self._overlap(run, examples),
                images=images,
                failures=failures,
                sets=self._sets(run, measured, images, folder),
                curves=self._curves(run, predict, measured),
            )
        )

    def _check(self, run: Run) -> None:
        earlier_runs = [result.run for result in self.evaluation.results]
        if run.name in [earlier.name for earlier in earlier_runs]:
            raise InputError("another run has that name; give it a label")
        first = next(iter(earlier_runs), run)
        if run.target != first.target:
            raise InputError(
                f"makes {run.target}, and {first.name} makes {first.target}: "
                "measure them apart"
            )

    def _overlap(
        self, run: Run, examples: Sequence[Example]
    ) -> contamination.Contamination:
        return contamination.check(
            run.training, examples, self.manifest_examples
        )

    def _admitted(
        self, overlap: contamination.Contamination
    ) -> Sequence[Example]:
        """Returns the images whose numbers may be shown."""
        examples, policy = self.evaluation.examples, self.options.contaminated
        by_definition = self.evaluation.protocol in contamination.BY_DEFINITION
        if overlap.state != "contaminated" or policy == "mark":
            return examples
        if policy == "refuse" and by_definition:
            return examples
        if policy == "refuse":
            raise InputError(
                f"{overlap.describe()}; there is no clean number: "
                "--contaminated=drop leaves these images out, "
                "--contaminated=mark measures them and marks the numbers"
            )
        clean = [
            example
            for example in examples
            if example.name not in overlap.images
        ]
        if not clean:
            raise InputError(f"{overlap.describe()}; no image is left")
        return clean

    def _sets(
        self,
        run: Run,
        examples: Sequence[Example],
        images: Mapping[str, MeasuredImage],
        folder: Path,
    ) -> dict[str, float]:
        """Measures FID and KID, which compare two folders of images."""
        if "fid" not in self.options.perceptual:
            return {}
        truths = folder.with_name(f"{folder.name}_truth")
        truths.mkdir()
        for example in examples:
            _, truth = predictions.read_pair(run, example)
            image_files.write_image(
                truths / images[example.name].picture.name,
                conversions.to_8bit(truth, "truth"),
            )
        with self.evaluation.failure_of(f"{run.name}, FID and KID"):
            return fid_kid.set_metrics(folder, truths)
        return {}

    def _curves(
        self, run: Run, predict: Predict, examples: Sequence[Example]
    ) -> list[robustness.Point]:
        """Measures robustness on images spread evenly over the split."""
        count = min(self.options.robustness, len(examples))
        if not count or not run.is_model:
            return []
        places = np.linspace(0, len(examples) - 1, count).round().astype(int)
        pairs = [
            (
                examples[place].name,
                *predictions.read_pair(run, examples[place]),
            )
            for place in places
        ]
        with self.evaluation.failure_of(f"{run.name}, robustness"):
            return robustness.measure(
                run.name, functools.partial(predict, ""), pairs
            )
        return []
