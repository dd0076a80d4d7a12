"""Compares an export with its method, on photos at their own size.

The method colorizes every photo whole, and so does each runtime of the export:

    saved_model     the SavedModel's network, in `Colorizer`
    litert          the TFLite file of any size, likewise
    serving         the SavedModel's float signature, as a server runs it
    image_bytes     its signature of image files, on the file itself; PNG and
                    JPEG only. Both results are rounded, so that they may be
                    apart by one level more
    model.onnx                  where the export has it
    model_256x256_int8.tflite   and the other files of one size: the photos
                    that reach the network at this size

The limits are those of a new export: a largest difference,
`comparison.TOLERANCES`, and for the files of one size a PSNR,
config.export.least_db.
"""

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from tqdm import tqdm

from nircolor_tf.errors import InputError
from nircolor_tf.export import (
    comparison,
    exported_method,
    model_card,
    saved_model,
)
from nircolor_tf.export.differences import Photo, Runtime, Verification
from nircolor_tf.images import channels, conversions, decoding, image_files
from nircolor_tf.images.channels import Channel
from nircolor_tf.inference import cards, models, runtimes
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.methods.base import Method
from nircolor_tf.training import build, restore

# What an export is compared with: of a workdir, and without one.
_REFERENCES = ("the trained method", "the method of its weights")

# Suffixes of the files that the signature image_bytes reads.
_ENCODED = (".png", ".jpg", ".jpeg")


def verify_photos(
    workdir: str | os.PathLike | None,
    folder: str | os.PathLike,
    source: str | os.PathLike,
    checkpoint: str,
    channel: Channel = channels.GRAY,
) -> Verification:
    """Colorizes photos with a trained method and with an export of it.

    Args:
        workdir: Of the exported training; None: the method is made of the
            weights in the export.
        folder: The export.
        source: An image file, or a folder of them: NIR images or
            gray photos, as the paths take. Their levels of black and
            white are those of `--range=auto`.
        checkpoint: 'best' or 'latest', as the export was made.
        channel: Which channel of the photos is NIR. image_bytes knows
            'gray' alone, and takes no photo otherwise.

    Returns:
        The comparison. A photo that fails is a problem; the others go on.

    Raises:
        InputError: No photo, workdir or export is there, or the export is of
            another step of the training.
    """
    photos, folder = _photo_files(Path(source)), Path(folder)
    card = cards.read_card(folder)
    method = _load_method(workdir, folder, card, checkpoint)
    compared, sizes, problems = [], set(), []
    signatures = runtimes.load_signatures(folder / model_card.SAVED_MODEL)
    for path in card["paths"]:
        colorizer = build.make_colorizer(method, path)
        loaded = list(
            _load_runtimes(method, folder, card, path, channel, signatures)
        )
        for file in tqdm(photos, path, unit="photo"):
            try:
                photo = _read(file, channel, colorizer)
                _compare(photo, loaded)
                sizes.add(photo.network_size)
            except InputError as error:
                problems.append(f"{file.name}: {error}")
        compared += loaded
    problems += filter(None, [runtime.problem() for runtime in compared])
    reference = _REFERENCES[workdir is None]
    return Verification(compared, sorted(sizes), problems, reference)


def _photo_files(source: Path) -> list[Path]:
    photos = image_files.list_images(source) if source.is_dir() else [source]
    if not photos:
        raise InputError(f"{source}: no image file in this folder")
    return photos


def _compare(photo: Photo, loaded: Iterable[Runtime]) -> None:
    for runtime in loaded:
        if runtime.takes(photo):
            runtime.compare(photo)


def _load_method(
    workdir: str | os.PathLike | None, folder: Path, card: dict, checkpoint: str
) -> Method:
    if workdir is None:
        method, _ = exported_method.load(folder)
        return method
    method, record = restore.load_method(workdir, checkpoint)
    exported, step = card.get("training", {}).get("step"), record["step"]
    if exported != step:
        raise InputError(
            f"{folder}: was exported at step {exported}, and this checkpoint "
            f"of {workdir} is of step {step}; choose another --checkpoint, or "
            "export again"
        )
    return method


def _load_runtimes(
    method: Method,
    folder: Path,
    card: dict,
    path: str,
    channel: Channel,
    signatures: Mapping[str, Callable],
) -> Iterator[Runtime]:
    entry = card["paths"][path]
    for name, tolerance in comparison.tolerances(entry).items():
        colorizer = comparison.load_runtime(
            folder, path, entry, name, signatures
        )
        yield Runtime(path, name, _on_image(colorizer), tolerance=tolerance)
    if channel == channels.GRAY:
        yield _bytes_signature(folder, card, path, signatures)
    for fixed in cards.fixed_files(card, path):
        colorizer = models.load_export(folder, file=fixed["file"])
        yield Runtime(
            path,
            fixed["file"],
            _on_image(colorizer),
            takes=_of_size(fixed["height"], fixed["width"]),
            one_size=True,
            least_db=method.config.export.least_db[fixed["kind"]],
        )


def _bytes_signature(
    folder: Path, card: dict, path: str, signatures: Mapping[str, Callable]
) -> Runtime:
    serve = runtimes.predict_with(
        signatures,
        folder / model_card.SAVED_MODEL,
        saved_model.signature(saved_model.BYTES, path, card["paths"]),
        saved_model.BYTES,
        saved_model.BYTES_OUTPUT,
    )
    return Runtime(
        path,
        saved_model.BYTES,
        lambda photo: conversions.to_float(
            decoding.decode(serve([photo.file.read_bytes()])[0]).bands
        ),
        takes=lambda photo: photo.file.suffix.lower() in _ENCODED,
        rounds=True,
        tolerance=comparison.TOLERANCES["serving"],
    )


def _on_image(colorizer: Colorizer) -> Callable[[Photo], np.ndarray]:
    return lambda photo: colorizer(photo.image)


def _of_size(height: int, width: int) -> Callable[[Photo], bool]:
    return lambda photo: photo.network_size == (height, width)


def _read(file: Path, channel: Channel, colorizer: Colorizer) -> Photo:
    image, stored = image_files.read_unit(file, channel)
    steps, expected = colorizer.steps, colorizer(image)
    expected_at_one_size = expected
    if steps.half_share:
        expected_at_one_size = dataclasses.replace(
            colorizer, steps=steps.at_one_size()
        )(image)
    return Photo(
        file,
        image,
        8 * stored.itemsize,
        expected,
        expected_at_one_size,
        network_size=steps.network_size(*image.shape[:2]),
    )
