"""Colorizes archives: many images, on all cores of a machine or a cluster.

Ray Data hands batches of images to workers, each with a model of its own:

    list of images -> those without a result -> batches -> workers -> files

- What is done is a file in the output: a second run does what is missing. A
  result appears whole or not at all.
- A file that fails is named with its reason in dead_letters.csv; the others go
  on. What a network file system refuses is tried again first.
- A worker that is killed is started again, and its batch is done again. A batch
  that has killed several is left, and its images without a result are named.

Every machine of a cluster sees the input, the output and the model in the same
folders, and has the package with the extra [ray].
"""

import contextlib
import csv
import dataclasses
import os
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from nircolor_tf import files
from nircolor_tf.errors import DiskFullError, InputError
from nircolor_tf.images import image_files
from nircolor_tf.inference import (
    archive_lists,
    folders,
    jobs,
    models,
    timing,
)
from nircolor_tf.inference.colorizer import OVERLAP, TILE, Colorizer
from nircolor_tf.inference.jobs import Job

FILE = "dead_letters.csv"

# How often an image is tried, and a batch that has killed its worker.
_ATTEMPTS = 3
_PAUSE = 1.0  # s, before the second attempt; then twice as long
_TIMEOUT = 10.0  # s, until a cluster has answered
# For lists of paths; the images do not pass through it. Ray's least is 78 MB.
_STORE_BYTES = 2**27


@dataclasses.dataclass(frozen=True)
class Work:
    """What every worker does with its images.

    Attributes:
        model: As `models.load_export` takes it.
        path: Inference path of the model; None for its first.
        options: How images are read and written; what exists is skipped.
        brighten: Whether dark images are brightened, where the model does.
        saturation: Factor of the color.
        threads: CPU threads of a worker.
    """

    model: str
    path: str | None = None
    options: folders.Options = dataclasses.field(
        default_factory=folders.Options
    )
    brighten: bool = True
    saturation: float = 1.0
    threads: int = 1


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of an archive.

    Attributes:
        skipped: Images that had a result before.
        colorized: Images that have one now.
        failed: Path -> why it has none.
        levels: `Result.levels` of those that were colorized now, each once.
    """

    skipped: int
    colorized: int
    failed: dict[str, str]
    levels: frozenset[tuple[float, float, np.dtype]] = frozenset()


def colorize_archive(
    work: Work,
    source: str | os.PathLike,
    target: str | os.PathLike,
    *,
    workers: int | None = None,
    batch: int = 16,
    address: str | None = None,
) -> Outcome:
    """Colorizes all images of an archive that have no result yet.

    Args:
        work: What to do with each.
        source: As of `archive_lists.read`.
        target: Folder of the results; it gets dead_letters.csv if some fail.
        workers: How many work at a time; None for as many as there are cores
            for.
        batch: Images that a worker takes at a time.
        address: Of a Ray cluster; None for the cores of this machine.

    Raises:
        DiskFullError: A result does not fit; those before are there.
        InputError: Nothing to do, two images would have one result, or the
            cluster cannot be reached.
    """
    target, model = Path(target), work.model
    if model not in models.SHIPPED and os.path.isdir(model):
        # The folder of the command is not that of the workers.
        work = dataclasses.replace(work, model=os.path.abspath(model))
    listed = archive_lists.read(Path(source), target, work.options.image_format)
    failed = _unknown_suffixes(listed)
    images = [job for job in listed if str(job.source) not in failed]
    missing = jobs.check_targets(images, "skip")
    # A mistake in the model is told here, once.
    _load(work)
    levels = set()
    if missing:
        with _connected(address, workers, work.threads):
            rows = _colorize(work, missing, workers, batch)
            levels = _collect(rows, len(missing), failed)
        for job in missing:
            if not job.target.exists():
                failed.setdefault(str(job.source), "its worker was killed")
    _write_dead_letters(target / FILE, failed)
    return Outcome(
        skipped=len(images) - len(missing),
        colorized=len(listed) - len(images) + len(missing) - len(failed),
        failed=failed,
        levels=frozenset(levels),
    )


def _collect(
    rows: Iterable[dict], count: int, failed: dict[str, str]
) -> set[tuple[float, float, np.dtype]]:
    """Adds why images failed to `failed`; returns the levels of the others."""
    levels = set()
    for row in tqdm(rows, "colorize", count, unit="image"):
        if row["reason"]:
            failed[row["source"]] = row["reason"]
        elif row["dtype"]:
            levels.add((row["low"], row["high"], np.dtype(row["dtype"])))
    return levels


@contextlib.contextmanager
def _connected(
    address: str | None, workers: int | None, threads: int
) -> Iterator[None]:
    """Starts Ray on this machine, or joins a cluster."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray  # noqa: PLC0415 - of the extra

    settings = {}
    if address is None:
        settings["include_dashboard"] = False
        settings["object_store_memory"] = _STORE_BYTES
        settings["num_cpus"] = threads * (workers or _local_workers(threads))
    try:
        if address not in (None, "auto"):
            # Ray waits for minutes, even if nobody answers.
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), _TIMEOUT).close()
        ray.init(address or "local", logging_level="error", **settings)
    except (OSError, RuntimeError, ValueError) as error:
        reason = f"--address={address}: no Ray cluster answers"
        if address is None:
            reason = "Ray cannot be started on this machine"
        raise InputError(f"{reason}: {error}") from error
    try:
        _check_cores(threads)
        yield
    finally:
        ray.shutdown()


def _local_workers(threads: int) -> int:
    """As many as there are cores for, but one at least."""
    return max(1, timing.cores() // threads)


def _check_cores(threads: int) -> None:
    """Refuses workers that no machine has the cores for: Ray would wait."""
    most = max(_cores_of_machines(), default=0)
    if most < threads:
        raise InputError(
            f"--threads={threads}: no machine of the cluster has so many "
            f"cores; expected at most {most}"
        )


def _cores_of_machines() -> list[int]:
    import ray  # noqa: PLC0415 - of the extra

    return [
        int(node["Resources"].get("CPU", 0))
        for node in ray.nodes()
        if node["Alive"]
    ]


def _colorize(
    work: Work, missing: Sequence[Job], workers: int | None, batch: int
) -> Iterator[dict]:
    """Yields a row of each image, as `_Worker` makes it."""
    import ray  # noqa: PLC0415 - of the extra

    context = ray.data.DataContext.get_current()
    # A batch that kills its workers must not end the others.
    context.max_errored_blocks = -1
    context.enable_progress_bars = False
    count = workers or sum(
        cores // work.threads for cores in _cores_of_machines()
    )
    names = {str(job.source.absolute()): str(job.source) for job in missing}
    targets = [str(job.target.absolute()) for job in missing]
    rows = [
        {"source": source, "target": target}
        for source, target in zip(names, targets, strict=True)
    ]
    data = ray.data.from_items(
        rows, override_num_blocks=-(-len(rows) // batch)
    ).map_batches(
        _Worker,
        fn_constructor_args=[work],
        compute=ray.data.ActorPoolStrategy(
            size=min(count, len(rows)),
            # A batch that waits would be lost with the one that kills.
            max_tasks_in_flight_per_actor=1,
        ),
        batch_size=batch,
        batch_format="numpy",
        num_cpus=work.threads,
        max_task_retries=_ATTEMPTS - 1,
    )
    for row in data.iter_rows():
        if row["full"]:
            raise DiskFullError(row["reason"])
        yield row | {"source": names[row["source"]]}


def _unknown_suffixes(listed: Iterable[Job]) -> dict[str, str]:
    """Returns the files that are no images, and why."""
    return {
        str(job.source): f"unknown image suffix {job.target.suffix!r}"
        for job in listed
        if job.target.suffix.lower() not in image_files.IMAGE_SUFFIXES
    }


def _load(work: Work) -> Colorizer:
    colorizer = models.load_export(
        work.model,
        threads=work.threads,
        path=work.path,
        tile=TILE,
        overlap=OVERLAP,
    )
    return dataclasses.replace(
        colorizer, brighten=work.brighten, saturation=work.saturation
    )


class _Worker:
    """Colorizes batches of images, with a model that is loaded once.

    Its rows have the source; why there is no result, '' where there is one;
    whether the disk is full; and of an image that was colorized the levels of
    black and white and their type, '' for no image.
    """

    def __init__(self, work: Work):
        self._colorizer = _load(work)
        self._options = work.options

    def __call__(self, batch: dict) -> dict:
        outcomes = [
            self._attempt(Job(Path(source), Path(target)))
            for source, target in zip(
                batch["source"], batch["target"], strict=True
            )
        ]
        levels = [
            one.levels if isinstance(one, folders.Result) else (0, 0, "")
            for one in outcomes
        ]
        reasons = [
            str(one) if isinstance(one, Exception) else "" for one in outcomes
        ]
        return {
            "source": batch["source"],
            "reason": reasons,
            "full": [isinstance(one, DiskFullError) for one in outcomes],
            "low": [float(low) for low, _, _ in levels],
            "high": [float(high) for _, high, _ in levels],
            "dtype": [str(dtype) for _, _, dtype in levels],
        }

    def _attempt(self, job: Job) -> folders.Result | Exception | None:
        """Colorizes an image.

        Returns:
            The result, or why there is none, in words for the user; None where
            there was one before.
        """
        # The batch of a worker that was killed comes again.
        if job.target.exists():
            return None
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return folders.colorize_job(self._colorizer, job, self._options)
            except Exception as error:
                if attempt == _ATTEMPTS or not _may_pass(error):
                    full = isinstance(error, DiskFullError)
                    kind = DiskFullError if full else InputError
                    return kind(folders.describe_failure(error, job))
                time.sleep(_PAUSE * 2 ** (attempt - 1))
        raise AssertionError


def _may_pass(error: Exception) -> bool:
    """Whether the system has refused, not the image."""
    lasting = isinstance(error, DiskFullError) or isinstance(
        error.__cause__, FileNotFoundError
    )
    return isinstance(error.__cause__, OSError) and not lasting


def _write_dead_letters(path: Path, failed: dict[str, str]) -> None:
    """Writes the images that failed this time; no file where there is none."""
    if not failed:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        files.replacing(path) as temporary,
        # Names are bytes to the system, not always UTF-8.
        temporary.open(
            "w", newline="", encoding="utf-8", errors="surrogateescape"
        ) as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", "reason"])
        writer.writerows(failed.items())
