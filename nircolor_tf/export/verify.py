"""An export against the method it was made from, on photos at their own size.

The method colorizes every photo whole, and so does each runtime of the export:

    saved_model     the SavedModel's network, in models.Colorizer
    litert          the TFLite file of any size, likewise
    serving         the SavedModel's float signature, as a server runs it
    image_bytes     its signature of image files, given the file itself; PNG
                    and JPEG only. Both results are rounded, so that they may
                    be apart by one level more
    model_256x256_int8.tflite   and the other files of one size, likewise: the
                    photos that reach the network at this size

How far they may be apart is what a new export is asked for, too: a largest
difference, `export.TOLERANCES`, and of the files of one size a PSNR,
config.export.least_db.
"""

import csv
import dataclasses
import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.export import export, saved_model
from nircolor_tf.images import conversions, image_files, ranges
from nircolor_tf.inference import cards, models, runtimes
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.methods.base import Method
from nircolor_tf.training import build, restore

# What the signature image_bytes reads.
_ENCODED = (".png", ".jpg", ".jpeg")

# Stands for the name of a photo where it is about all of them.
ALL = "all"

COLUMNS = (
    *("path", "runtime", "photo"),
    *("largest_difference", "psnr", "equal_pixels"),
)


@dataclasses.dataclass(frozen=True)
class Photo:
    """A photo, and what the method makes of it.

    Attributes:
        file: Where it is.
        image: (H, W, 1) float32 in [0, 1].
        bits: Depth of the file, 8 or 16.
        expected: (H, W, C) float32 in [0, 1].
        network_size: Height and width at which the network sees it.
    """

    file: Path
    image: np.ndarray
    bits: int
    expected: np.ndarray
    network_size: tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Difference:
    """Between a runtime and the method, on one photo or on all it takes.

    Attributes:
        photo: Name of the file, or `ALL`.
        largest: Largest absolute difference, in [0, 1].
        error: Mean squared difference; of all photos the mean of theirs.
        equal: Share of the pixels that are the same in 8 bit, all channels;
            of all photos the mean of theirs.
        allowed: What `largest` may be.
    """

    photo: str
    largest: float
    error: float
    equal: float
    allowed: float

    @property
    def psnr(self) -> float:
        """In dB; infinite where nothing differs."""
        return -10 * math.log10(self.error) if self.error else math.inf


@dataclasses.dataclass(frozen=True)
class Runtime:
    """A way to run an inference path of an export, and what came of it.

    Attributes:
        path: Name of the path.
        name: As the list above has it.
        run: Photo -> (H, W, C) in [0, 1].
        takes: Whether it can take a photo.
        rounds: Whether results are rounded to the depth of the photo's file.
        tolerance: What the largest difference may be, in [0, 1].
        least_db: What the PSNR over all photos must be at least.
        differences: Of each photo so far that it takes.
    """

    path: str
    name: str
    run: Callable[[Photo], np.ndarray]
    takes: Callable[[Photo], bool] = lambda photo: True
    rounds: bool = False
    tolerance: float = math.inf
    least_db: float = -math.inf
    differences: list[Difference] = dataclasses.field(default_factory=list)

    def compare(self, photo: Photo) -> None:
        """Notes the difference on a photo.

        Raises:
            InputError: The runtime fails.
        """
        try:
            result = self.run(photo)
        except (InputError, tf.errors.InvalidArgumentError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{self.name}: {reason}") from error
        expected, allowed = photo.expected, self.tolerance
        if self.rounds:
            expected = conversions.to_float(
                conversions.to_integers(expected, photo.bits)
            )
            allowed += 1 / (2**photo.bits - 1)
        difference = np.abs(np.subtract(result, expected, dtype=np.float64))
        same = conversions.to_integers(result, 8) == conversions.to_integers(
            expected, 8
        )
        self.differences.append(
            Difference(
                photo.file.name,
                float(difference.max()),
                float(np.mean(difference**2)),
                float(same.all(axis=-1).mean()),
                allowed,
            )
        )

    def total(self) -> Difference:
        """Over all photos, of which there is at least one."""
        found = self.differences
        return Difference(
            ALL,
            max(one.largest for one in found),
            float(np.mean([one.error for one in found])),
            float(np.mean([one.equal for one in found])),
            max(one.allowed for one in found),
        )

    def problem(self) -> str:
        """Says what is further apart than allowed; '' where nothing is."""
        found = self.differences
        above = [one for one in found if not one.largest <= one.allowed]
        if above:
            worst = max(above, key=lambda one: one.largest)
            return (
                f"{self.name}, path {self.path}: differs from the method by "
                f"more than is allowed on {len(above)} of {len(found)} photos; "
                f"the most on {worst.photo}, {worst.largest:.2g}, where "
                f"{worst.allowed:.2g} is allowed"
            )
        if found and not self.total().psnr >= self.least_db:
            return (
                f"{self.name}, path {self.path}: is at "
                f"{self.total().psnr:.1f} dB from the method over {len(found)} "
                f"photos; config.export.least_db asks for {self.least_db:g}"
            )
        return ""


@dataclasses.dataclass(frozen=True)
class Verification:
    """What was found.

    Attributes:
        runtimes: Of every path, also those that take none of the photos.
        sizes: Heights and widths at which the photos reach the network.
        problems: What failed, and what is further apart than allowed.
    """

    runtimes: Sequence[Runtime]
    sizes: Sequence[tuple[int, int]]
    problems: Sequence[str]


def verify_photos(
    workdir: str | os.PathLike,
    folder: str | os.PathLike,
    source: str | os.PathLike,
    checkpoint: str,
) -> Verification:
    """Colorizes photos with a trained method and with an export of it.

    Args:
        workdir: That the export was made from.
        folder: The export.
        source: A PNG, TIFF or JPEG file, or a folder of them: NIR images or
            gray photos, whichever the paths take. What is black and white is
            found as `--range=auto` does.
        checkpoint: 'best' or 'latest', as the export was made.

    Returns:
        What was found. A photo that fails is a problem; the others go on.

    Raises:
        InputError: No photo, workdir or export is there, or the export is of
            another step of the training.
    """
    source, folder = Path(source), Path(folder)
    photos = image_files.list_images(source) if source.is_dir() else [source]
    if not photos:
        raise InputError(f"{source}: no PNG, TIFF or JPEG file in this folder")
    card = cards.read_card(folder)
    method, record = restore.load_method(workdir, checkpoint)
    _check_step(folder, card, workdir, record["step"])
    found, sizes, problems = [], set(), []
    for path in card["paths"]:
        colorizer = build.make_colorizer(method, path)
        loaded = list(_load_runtimes(method, folder, card, path))
        for file in tqdm(photos, path, unit="photo"):
            try:
                photo = _read(file, colorizer)
                for runtime in loaded:
                    if runtime.takes(photo):
                        runtime.compare(photo)
                sizes.add(photo.network_size)
            except InputError as error:
                problems.append(f"{file.name}: {error}")
        found += loaded
    beyond = [runtime.problem() for runtime in found]
    problems += [problem for problem in beyond if problem]
    return Verification(found, sorted(sizes), problems)


def _check_step(
    folder: Path, card: dict, workdir: str | os.PathLike, step: int
) -> None:
    exported = card.get("training", {}).get("step")
    if exported != step:
        raise InputError(
            f"{folder}: was exported at step {exported}, and this checkpoint "
            f"of {workdir} is of step {step}; choose another --checkpoint, or "
            "export again"
        )


def _load_runtimes(
    method: Method, folder: Path, card: dict, path: str
) -> Iterator[Runtime]:
    about = card["paths"][path]
    for name, tolerance in export.TOLERANCES.items():
        colorizer = export.load_runtime(folder, path, about, name)
        yield Runtime(path, name, _on_image(colorizer), tolerance=tolerance)
    serve = runtimes.load_saved_model(
        folder / export.SAVED_MODEL,
        saved_model.signature(saved_model.BYTES, path, card["paths"]),
        saved_model.BYTES,
        saved_model.BYTES_OUTPUT,
    )
    yield Runtime(
        path,
        saved_model.BYTES,
        lambda photo: _decode(serve([photo.file.read_bytes()])[0]),
        takes=lambda photo: photo.file.suffix.lower() in _ENCODED,
        rounds=True,
        tolerance=export.TOLERANCES["serving"],
    )
    for entry in cards.fixed_files(card, path):
        colorizer = models.load_export(folder, file=entry["file"])
        yield Runtime(
            path,
            entry["file"],
            _on_image(colorizer),
            takes=_of_size(entry["height"], entry["width"]),
            least_db=method.config.export.least_db[entry["kind"]],
        )


def _on_image(colorizer: Colorizer) -> Callable[[Photo], np.ndarray]:
    return lambda photo: colorizer(photo.image)


def _of_size(height: int, width: int) -> Callable[[Photo], bool]:
    return lambda photo: photo.network_size == (height, width)


def _decode(png: bytes) -> np.ndarray:
    """A PNG file -> (H, W, C) float32 in [0, 1], RGB or one channel."""
    levels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    return conversions.to_float(np.atleast_3d(levels)[..., ::-1])


def _read(file: Path, colorizer: Colorizer) -> Photo:
    levels = image_files.read_nir(file)
    image = ranges.to_unit(levels, *ranges.parse("auto").of(levels))
    return Photo(
        file,
        image,
        bits=8 * levels.itemsize,
        expected=colorizer(image),
        network_size=colorizer.network_size(*image.shape[:2]),
    )


def format_table(found: Verification) -> str:
    """Formats what was found for a terminal, no final newline.

    Returns:
        For each photo the largest difference in each runtime; then a table of
        the runtimes over all photos.
    """
    by_photo = {}
    for runtime in found.runtimes:
        for one in runtime.differences:
            by_photo.setdefault((one.photo, runtime.path), []).append(
                f"{runtime.name} {one.largest:.1e}"
            )
    lines = ["largest difference of each photo, [0, 1]:"]
    lines += [
        f"{photo}, {path}: {', '.join(values)}"
        for (photo, path), values in by_photo.items()
    ]
    width = max(len(runtime.name) for runtime in found.runtimes)
    lines += [
        "",
        f"{'over all photos':{width}}  path   photos  largest  PSNR, dB  "
        "equal pixels",
    ]
    lines += [_line(runtime, width, found.sizes) for runtime in found.runtimes]
    return "\n".join(lines)


def _line(
    runtime: Runtime, width: int, sizes: Sequence[tuple[int, int]]
) -> str:
    start = f"{runtime.name:{width}}  {runtime.path:5}"
    if not runtime.differences:
        reached = ", ".join(f"{height}x{width}" for height, width in sizes)
        return f"{start} takes none; photos reach the network at {reached}"
    total = runtime.total()
    return (
        f"{start}  {len(runtime.differences):6}  {total.largest:7.1e}  "
        f"{total.psnr:8.1f}  {100 * total.equal:10.3f} %"
    )


def write_table(path: str | os.PathLike, found: Verification) -> None:
    """Writes CSV: a line for each photo and runtime, then one for all photos.

    Raises:
        InputError: The file cannot be written.
    """
    with (
        files.replacing(path) as temporary,
        open(temporary, "w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for runtime in found.runtimes:
            if not runtime.differences:
                continue
            for one in (*runtime.differences, runtime.total()):
                writer.writerow(
                    [
                        *(runtime.path, runtime.name, one.photo),
                        *(one.largest, one.psnr, one.equal),
                    ]
                )
