"""Predictions of a run, image by image, and their metrics.

The model runs in the calling thread, one image at a time; threads compute the
metrics of earlier images meanwhile.
"""

import collections
import concurrent.futures
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from nircolor_tf.data import example_images
from nircolor_tf.data.manifest import Example
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation.lpips_metric import Lpips
from nircolor_tf.evaluation.results import MeasuredImage
from nircolor_tf.evaluation.runs import Predict, Run
from nircolor_tf.images import conversions, image_files
from nircolor_tf.metrics import protocols


class MetricThreads(concurrent.futures.ThreadPoolExecutor):
    """Threads that compute the metrics of predictions."""

    def __init__(self, count: int, lpips: Lpips | None):
        """Starts `count` threads; with `lpips` they measure LPIPS, too."""
        super().__init__(count)
        self.count = count
        self._lpips = lpips

    def measure(
        self, prediction: np.ndarray, truth: np.ndarray, picture: Path
    ) -> concurrent.futures.Future[MeasuredImage]:
        """Measures a prediction under every protocol, and writes it.

        Args:
            prediction: As `protocols.measure` takes it.
            truth: The same.
            picture: PNG file to write, 8 bit.
        """
        return self.submit(self._measure, prediction, truth, picture)

    def _measure(self, prediction, truth, picture):
        metrics = {
            f"{protocol}/{metric}": value
            for protocol in protocols.PROTOCOLS
            for metric, value in protocols.measure(
                prediction, truth, protocol
            ).items()
        }
        if self._lpips is not None and truth.shape[2] == 3:
            distances = self._lpips.measure(prediction, truth)
            metrics |= {f"std/{key}": value for key, value in distances.items()}
        image_files.write_image(
            picture, conversions.to_8bit(prediction, "prediction")
        )
        return MeasuredImage(metrics, truth.shape[0] * truth.shape[1], picture)


def measure_images(
    run: Run,
    predict: Predict,
    examples: Sequence[Example],
    pictures: Path,
    threads: MetricThreads,
) -> tuple[dict[str, MeasuredImage], dict[str, str]]:
    """Predicts and measures images, with a progress bar.

    Args:
        run: Source and target of the images.
        predict: Of the run.
        examples: At least one image.
        pictures: Folder for a PNG file of each prediction.
        threads: Compute the metrics.

    Returns:
        The measured images by name, in the order of `examples`; and
        {image: reason} of those that failed.

    Raises:
        InputError: All of them failed.
    """
    images, failures = {}, {}
    for example, outcome in _outcomes(
        run, predict, examples, pictures, threads
    ):
        if isinstance(outcome, Exception):
            failures[example.name] = _reason(outcome)
        else:
            images[example.name] = outcome
    if not images:
        raise InputError(
            f"all {len(examples)} images failed, the first one: "
            f"{next(iter(failures.values()))}"
        )
    return images, failures


def read_pair(run: Run, example: Example) -> tuple[np.ndarray, np.ndarray]:
    """Reads source and truth of a run.

    Returns:
        (H, W, 1) and (H, W, C), float32 in [0, 1].
    """
    pair = example_images.read_domains(example)
    return pair[run.source], pair[run.target]


def _outcomes(
    run: Run,
    predict: Predict,
    examples: Sequence[Example],
    pictures: Path,
    threads: MetricThreads,
) -> Iterator[tuple[Example, MeasuredImage | Exception]]:
    """Yields each image with its numbers or its error, in order."""
    queue = collections.deque()
    for index, example in enumerate(tqdm(examples, run.name, unit="image")):
        try:
            source, truth = read_pair(run, example)
            prediction = predict(example.name, source)
        except Exception as error:
            # The runtime of a model raises errors of any type.
            yield example, error
            continue
        picture = pictures / f"{index:06}.png"
        queue.append((example, threads.measure(prediction, truth, picture)))
        # Images that wait to be measured take memory.
        if len(queue) > 2 * threads.count:
            yield _outcome(*queue.popleft())
    while queue:
        yield _outcome(*queue.popleft())


def _outcome(example, future):
    error = future.exception()
    return example, error or future.result()


def _reason(error: Exception) -> str:
    if isinstance(error, InputError):
        return str(error)
    return f"{type(error).__name__}: {error}"
