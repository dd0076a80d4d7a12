"""Results of an evaluation, before anybody formats them.

An `Evaluation` holds a `RunResult` for each run, which holds a `MeasuredImage`
for each image. Means, intervals and the order of the metrics follow from them.
"""

import contextlib
import dataclasses
import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from nircolor_tf.data import splits
from nircolor_tf.data.manifest import Example
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation.contamination import Contamination
from nircolor_tf.evaluation.robustness import Point
from nircolor_tf.evaluation.runs import Run
from nircolor_tf.metrics import display, intervals, protocols


@dataclasses.dataclass(frozen=True)
class MeasuredImage:
    """One image of one run.

    Attributes:
        metrics: {'<protocol>/<metric>': value}.
        pixels: Height times width.
        picture: 8-bit PNG file of the prediction, in a temporary folder.
    """

    metrics: Mapping[str, float]
    pixels: int
    picture: Path


@dataclasses.dataclass(frozen=True)
class RunResult:
    """One run and its numbers.

    Attributes:
        run: The run.
        scenes: {image: scene} of the split.
        contamination: Which of the images show scenes of its training data.
        rest: Likewise, of the images that are measured: all of them, or those
            that are left without the contaminated ones.
        images: By name, in the order of the split.
        failures: {image: why it has no numbers}.
        sets: Metrics of all images at once, 'fid' and 'kid'.
        curves: Robustness; empty where it was not measured.
    """

    run: Run
    scenes: Mapping[str, str]
    contamination: Contamination
    rest: Contamination
    images: Mapping[str, MeasuredImage]
    failures: Mapping[str, str]
    sets: Mapping[str, float]
    curves: Sequence[Point]

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.run.name

    @property
    def state(self) -> str:
        """What its numbers are: 'clean', 'contaminated' or 'unknown'."""
        return self.rest.state

    @property
    def dropped(self) -> int:
        """How many images were left out, as they are contaminated."""
        return self.contamination.evaluated - self.rest.evaluated

    @property
    def training_data(self) -> str:
        """The state, with the count of images that were left out."""
        left_out = f", {self.dropped} images left out" if self.dropped else ""
        return f"{self.state}{left_out}"

    @property
    def training_data_text(self) -> str:
        """Which images, or which left-out images, the training data shows."""
        text = self.contamination.describe()
        if not self.dropped:
            return text
        reason = f" ({self.rest.reason})" if self.rest.reason else ""
        return (
            f"{self.dropped} images left out, {self.state} on the rest"
            f"{reason}; {text}"
        )

    @functools.cached_property
    def means(self) -> dict[str, float]:
        """{'<protocol>/<metric>': mean over the images}, then `sets`."""
        means = {}
        for protocol in protocols.PROTOCOLS:
            prefix = f"{protocol}/"
            measurements = [
                {
                    key.removeprefix(prefix): value
                    for key, value in image.metrics.items()
                    if key.startswith(prefix)
                }
                for image in self.images.values()
            ]
            pixels = [image.pixels for image in self.images.values()]
            summary = protocols.summarize(measurements, pixels)
            means |= {f"{prefix}{key}": mean for key, mean in summary.items()}
        return means | self.sets

    @functools.cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """95% intervals of those means that have one."""
        interval_of = {}
        for key in self.means:
            column = self.column(key)
            if not column or "pixels" in key:
                continue
            scenes = [self.scenes[name] for name in column]
            interval = intervals.mean_interval([*column.values()], scenes)
            if interval is not None:
                interval_of[key] = interval
        return interval_of

    def part(self, names: Collection[str]) -> "RunResult":
        """Returns the result on some of the images, those that it has."""
        images = {
            name: image for name, image in self.images.items() if name in names
        }
        return dataclasses.replace(self, images=images, sets={}, curves=())

    def column(self, key: str) -> dict[str, float]:
        """{image: value} of one metric, of the images that have it."""
        return {
            name: image.metrics[key]
            for name, image in self.images.items()
            if key in image.metrics
        }


@dataclasses.dataclass
class Evaluation:
    """All runs on one split.

    Attributes:
        manifest: Path of the manifest.csv.
        split: Which of its splits.
        examples: Of the split.
        warning: What is wrong with the split for every model; '' for nothing.
        results: Of the runs that could be measured.
        unmeasured: {run: why it has no numbers at all}.
    """

    manifest: str
    split: str
    examples: Sequence[Example]
    warning: str
    results: list[RunResult] = dataclasses.field(default_factory=list)
    unmeasured: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def protocol(self) -> str:
        """The protocol of the data: 'vcip-strict', say."""
        return self.examples[0].protocol

    @property
    def scenes(self) -> dict[str, str]:
        """{image: scene}; an image whose scene is unknown is its own."""
        return {
            example.name: example.scene or f"image {example.name}"
            for example in self.examples
        }

    @property
    def groups(self) -> dict[str, list[str]]:
        """{group: its images} of a protocol that has groups."""
        names = {}
        listed = splits.load_groups(self.protocol)
        for example in self.examples:
            if example.name in listed:
                names.setdefault(listed[example.name], []).append(example.name)
        return names

    def results_of(self, group: str) -> list[RunResult]:
        """Returns the results on one of `groups`, of runs that have any."""
        names = set(self.groups[group])
        parts = [result.part(names) for result in self.results]
        return [part for part in parts if part.images]

    @property
    def metrics(self) -> list[str]:
        """Keys that any run has a mean of, in the order of the tables."""
        names = [*display.METRICS]
        keys = {key for result in self.results for key in result.means}
        order = [*protocols.PROTOCOLS]
        return sorted(
            keys,
            key=lambda key: (
                order.index(key.split("/")[0]) if "/" in key else len(order),
                names.index(key.split("/")[-1]),
            ),
        )

    @property
    def problems(self) -> list[str]:
        """One line for each run and each image that failed."""
        lines = [f"{name}: {why}" for name, why in self.unmeasured.items()]
        for result in self.results:
            count = len(result.failures)
            total = count + len(result.images)
            lines += [
                f"{result.name}: {count} of {total} images failed: "
                f"{image}: {why}"
                if index == 0
                else f"{result.name}: {image}: {why}"
                for index, (image, why) in enumerate(result.failures.items())
            ]
        return lines

    @contextlib.contextmanager
    def failure_of(self, name: str) -> Iterator[None]:
        """Keeps an InputError as the failure of `name`; all else goes on."""
        try:
            yield
        except InputError as error:
            self.unmeasured[name] = str(error)
