"""Takes runs through a split of a manifest: predictions, numbers, report.

    runs -> predict (here) -> measure (in parallel) -> report.py

A bad image costs itself, a bad model costs itself: they are named, counted
and reported, and the rest is measured.
"""

import collections
import concurrent.futures
import contextlib
import dataclasses
import functools
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from tqdm import tqdm

from nircolor_tf.data import manifest
from nircolor_tf.data.manifest import Example
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import contamination, perceptual, robustness, runs
from nircolor_tf.evaluation.results import Evaluation, MeasuredImage, RunResult
from nircolor_tf.images import conversions, image_files
from nircolor_tf.metrics import protocols
from nircolor_tf.report import report


@dataclasses.dataclass(frozen=True)
class Options:
    """What to measure, and how.

    Attributes:
        manifest: That bin/prepare_data.py wrote.
        split: Which of its splits.
        output: Folder of the report; made when missing.
        checkpoint: 'best' or 'latest', of workdirs.
        contaminated: What becomes of a model that was trained on scenes of
            these images: no number at all ('refuse'), numbers marked as
            contaminated ('mark'), or numbers without those images ('drop').
        baselines: Whether to measure what needs no model, too.
        perceptual: 'lpips', 'fid' (FID and KID), both or none; they need an
            extra installed.
        robustness: How many images to degrade for the robustness curves,
            spread over the split; 0 for no curves.
        gallery: How many images the HTML report shows, the worst ones.
        workers: Threads that compute metrics.
    """

    manifest: str
    split: str
    output: str | os.PathLike
    checkpoint: str
    contaminated: Literal["refuse", "mark", "drop"]
    baselines: bool
    perceptual: Sequence[str]
    robustness: int
    gallery: int
    workers: int


def evaluate(names: Sequence[str], options: Options) -> Evaluation:
    """Measures runs on the same images and writes the report.

    Args:
        names: Of runs, [LABEL=]FOLDER[:PATH], as `runs.parse_names` takes
            them.
        options: See there.

    Returns:
        What was found; `problems` in it names what failed.

    Raises:
        InputError: The manifest, the split or an option is bad, the output
            cannot be written, or not a single run could be measured.
    """
    everything = manifest.read_manifest(options.manifest)
    examples = manifest.select(everything, options.split)
    found = Evaluation(
        options.manifest,
        options.split,
        examples,
        contamination.warning(examples, everything),
    )
    parsed = runs.parse_names(names)
    lpips = perceptual.Lpips() if "lpips" in options.perceptual else None
    if "fid" in options.perceptual:
        perceptual.load_inception()
    output = report.make_folder(options.output)
    with (
        tempfile.TemporaryDirectory(dir=output, prefix=".report-") as scratch,
        concurrent.futures.ThreadPoolExecutor(options.workers) as pool,
    ):
        measuring = _Measuring(
            options, found, everything, Path(scratch), pool, lpips
        )
        for name in parsed:
            with _noting(found, name.label):
                # No two models are in memory at a time.
                measuring.add(*runs.open_run(name, options.checkpoint))
        if found.results and options.baselines:
            with _noting(found, "baselines"):
                for one in runs.baselines(everything, found.results[0].run):
                    measuring.add(*one)
        if found.results:
            report.write_report(output, found, options.gallery, Path(scratch))
    if not found.results:
        with contextlib.suppress(OSError):
            output.rmdir()  # it stays if it holds anything
        raise InputError("\n  ".join(["no run measured:", *found.problems]))
    return found


@dataclasses.dataclass(frozen=True)
class _Measuring:
    """What measuring any run needs."""

    options: Options
    found: Evaluation
    everything: Sequence[Example]
    scratch: Path
    pool: concurrent.futures.Executor
    lpips: perceptual.Lpips | None

    def add(self, run: runs.Run, predict: runs.Predict) -> None:
        """Measures a run and adds it to what was found.

        Raises:
            InputError: It makes something else than the runs before it, its
                numbers are refused, or no image worked.
        """
        self._check(run)
        trained_on = contamination.check(
            run.training, self.found.examples, self.everything
        )
        chosen = self._admitted(trained_on)
        folder = Path(tempfile.mkdtemp(dir=self.scratch))
        measured, failures = {}, {}
        for example, outcome in self._outcomes(run, predict, chosen, folder):
            if isinstance(outcome, Exception):
                failures[example.name] = _reason(outcome)
            else:
                measured[example.name] = outcome
        if not measured:
            raise InputError(
                f"all {len(chosen)} images failed, the first one: "
                f"{next(iter(failures.values()))}"
            )
        self.found.results.append(
            RunResult(
                run=run,
                scenes=self.found.scenes,
                contamination=trained_on,
                dropped=len(self.found.examples) - len(chosen),
                images=measured,
                failures=failures,
                sets=self._sets(run, measured, folder),
                curves=self._curves(
                    run,
                    predict,
                    [one for one in chosen if one.name in measured],
                ),
            )
        )

    def _check(self, run):
        measured = [result.run for result in self.found.results]
        if run.name in [one.name for one in measured]:
            raise InputError("another run has that name; give it a label")
        first = next(iter(measured), run)
        if run.target != first.target:
            raise InputError(
                f"makes {run.target}, and {first.name} makes {first.target}: "
                "measure them apart"
            )

    def _admitted(self, trained_on):
        """The images whose numbers may be shown."""
        examples, choice = self.found.examples, self.options.contaminated
        by_definition = self.found.protocol in contamination.BY_DEFINITION
        if trained_on.state != "contaminated" or choice == "mark":
            return examples
        if choice == "refuse" and by_definition:
            return examples
        if choice == "refuse":
            raise InputError(
                f"{trained_on.describe()}; no clean number is to be had: "
                "--contaminated=drop leaves these images out, "
                "--contaminated=mark measures and says so"
            )
        chosen = [one for one in examples if one.name not in trained_on.images]
        if not chosen:
            raise InputError(f"{trained_on.describe()}; no image is left")
        return chosen

    def _outcomes(
        self,
        run: runs.Run,
        predict: runs.Predict,
        chosen: Sequence[Example],
        folder: Path,
    ) -> Iterator[tuple[Example, MeasuredImage | Exception]]:
        """Predicts here, measures in the pool, in the order of the images."""
        waiting = collections.deque()
        for index, example in enumerate(tqdm(chosen, run.name, unit="image")):
            try:
                source, truth = _domains(run, example)
                prediction = predict(example.name, source)
            except Exception as error:
                # A model's runtime raises what it likes.
                yield example, error
                continue
            picture = folder / f"{index:06}.png"
            future = self.pool.submit(
                _measure, prediction, truth, picture, self.lpips
            )
            waiting.append((example, future))
            # Images that wait to be measured take memory.
            if len(waiting) > 2 * self.options.workers:
                yield _collect(*waiting.popleft())
        while waiting:
            yield _collect(*waiting.popleft())

    def _sets(self, run, measured, folder):
        """FID and KID, which compare two folders of images."""
        if "fid" not in self.options.perceptual:
            return {}
        truths = folder.with_name(f"{folder.name}_truth")
        truths.mkdir()
        for example in self.found.examples:
            if example.name in measured:
                _, truth = _domains(run, example)
                picture = measured[example.name].picture
                image_files.write_image(
                    truths / picture.name, conversions.to_8bit(truth, "truth")
                )
        with _noting(self.found, f"{run.name}, FID and KID"):
            return perceptual.set_metrics(folder, truths)
        return {}

    def _curves(self, run, predict, chosen):
        """Robustness on images spread evenly over those chosen."""
        count = min(self.options.robustness, len(chosen))
        if not count or not run.is_model:
            return []
        places = np.linspace(0, len(chosen) - 1, count).round().astype(int)
        pairs = [
            (chosen[place].name, *_domains(run, chosen[place]))
            for place in places
        ]
        with _noting(self.found, f"{run.name}, robustness"):
            return robustness.measure(
                run.name, functools.partial(predict, ""), pairs
            )
        return []


@contextlib.contextmanager
def _noting(found: Evaluation, what: str) -> Iterator[None]:
    """Notes what cannot be measured, and lets the rest go on."""
    try:
        yield
    except InputError as error:
        found.unmeasured[what] = str(error)


def _domains(run, example):
    """Source (H, W, 1) and truth (H, W, C), float32 in [0, 1]."""
    pair = conversions.domains(
        image_files.read_nir(example.nir), image_files.read_rgb(example.rgb)
    )
    return pair[run.source], pair[run.target]


def _measure(prediction, truth, picture, lpips) -> MeasuredImage:
    """Measures one prediction under every protocol, and keeps it."""
    measurement = {
        f"{protocol}/{metric}": value
        for protocol in protocols.PROTOCOLS
        for metric, value in protocols.measure(
            prediction, truth, protocol
        ).items()
    }
    if lpips is not None and truth.shape[2] == 3:
        perceived = lpips.measure(prediction, truth)
        measurement |= {f"std/{key}": v for key, v in perceived.items()}
    image_files.write_image(
        picture, conversions.to_8bit(prediction, "prediction")
    )
    return MeasuredImage(measurement, truth.shape[0] * truth.shape[1], picture)


def _collect(example, future):
    error = future.exception()
    return example, error or future.result()


def _reason(error: Exception) -> str:
    if isinstance(error, InputError):
        return str(error)
    return f"{type(error).__name__}: {error}"
