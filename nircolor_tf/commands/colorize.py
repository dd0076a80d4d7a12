"""Colorizes near-infrared (NIR) photos and videos, with some models gray ones.

--input is an image (PNG, TIFF, JPEG, WebP, BMP), a folder of images, a video
file or the number of a camera. Results have its size, depth (8 or 16 bit; 8 in
JPEG, WebP and BMP), alpha and metadata. Without --model it uses the shipped
model "default".

Examples:
  bin/colorize.py --input=photos/nir --output=photos/color
  bin/colorize.py --input=12bit.tif --output=color --range=0,4095
  bin/colorize.py --input=clip.mp4 --output=color.mp4
  bin/colorize.py --model=EXPORT --path=g2c --input=photos/gray --output=color

--path selects one of the inference paths that the export holds:
  n2c    NIR to color
  n2g2c  NIR to color by way of gray
  g2c    gray to color
  g2n2c  gray to color by way of NIR
  n2g    NIR to gray, a translation: one channel comes out
  g2n    gray to NIR, likewise

--range says which stored values are black and white:
  auto        0 and the largest value of a camera of 8, 10, 12, 14 or 16 bit,
              the fewest that hold the image; of a video, or a TIFF that is
              packed to 10, 12 or 14 bit, those of its file
  max         0 and the largest value of the image
  percentile  the values beyond which its darkest and brightest 0.5 % lie
  LOW,HIGH    these numbers: right for all images of one camera, even dark ones

--channel says which channel is NIR:
  gray              the only one, or three that are equal
  red, green, blue  one of an RGB image: cameras without an infrared filter
  luma              the BT.601 luma of an RGB image
  N                 band N of a multispectral TIFF, from 1, counted through its
                    pages

--uncertainty=FILE.png or a folder: also a gray PNG per image that says how far
off the model expects each pixel to be: its mean error in levels of 8 bit
(docs/uncertainty.md). It takes a model that estimates its error.

A file that exists already is an error unless you say --overwrite, or
--skip_existing to finish a folder that was colorized in part; the input images
themselves are never overwritten. If an image cannot be read, the
others are colorized all the same, it is named, and the exit status is 1.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from nircolor_tf.commands import cli
from nircolor_tf.errors import InputError
from nircolor_tf.images import channels, image_files, ranges
from nircolor_tf.images.channels import Channel
from nircolor_tf.inference import (
    capture,
    error_estimate,
    flicker,
    folders,
    fusion,
    jobs,
    models,
)
from nircolor_tf.inference.colorizer import OVERLAP, TILE, Colorizer

_INPUT = flags.DEFINE_string("input", None, "Image, folder, video or camera.")
_OUTPUT = flags.DEFINE_string(
    "output", None, "Folder for the results; for a single input also a file."
)
_MODEL = flags.DEFINE_string(
    "model",
    "default",
    "The shipped model, default, an export folder, or one of the "
    "Hugging Face Hub, hf://OWNER/NAME[@REVISION].",
)
_PATH = flags.DEFINE_string(
    "path", None, "Inference path. Default: the first of the export."
)
_RANGE = flags.DEFINE_string("range", "auto", "Values of black and white.")
_CHANNEL = flags.DEFINE_string("channel", "gray", "Channel that is NIR.")
_RECURSIVE = flags.DEFINE_bool(
    "recursive", False, "Also the images in the folders of a folder."
)
_FORMAT = flags.DEFINE_enum(
    "format",
    "same",
    list(jobs.SUFFIXES),
    "File format of the images in an --output folder.",
)
_FUSION = flags.DEFINE_enum(
    "fusion",
    "model",
    fusion.CHOICES,
    "Detail fusion after the model. model: as its card says; bfwls: for every "
    "model, with the parameters of ColorNet if the card has none.",
)
_SATURATION = flags.DEFINE_float(
    "saturation", 1.0, "Factor of the color: 1.5 is more vivid, 0 is gray.", 0
)
_BRIGHTEN = flags.DEFINE_bool(
    "brighten", True, "Brighten dark images first, where the model does."
)
_SMOOTHING = flags.DEFINE_float(
    "smoothing",
    flicker.SMOOTHING,
    "Strength against flicker of videos; 0 for none.",
    *(0, 1),
)
_FRAMES = flags.DEFINE_integer(
    "frames", None, "Frames of a video or a camera. Default: to its end.", 1
)
_CAMERA_SIZE = flags.DEFINE_string(
    "camera_size",
    None,
    "WIDTHxHEIGHT that a camera is asked for, px. Default: its own.",
)
_TILE = flags.DEFINE_integer(
    "tile",
    TILE,
    "Larger images go through models that see full resolution, and through "
    "the fusion, in tiles of this size, px; 0 for whole images.",
    0,
)
_OVERLAP = flags.DEFINE_integer(
    "overlap", OVERLAP, "Overlap of neighboring tiles, px.", 0
)
_RUNTIME = flags.DEFINE_enum(
    "runtime",
    "auto",
    models.RUNTIMES,
    "What runs the model: LiteRT its TFLite file, TensorFlow its SavedModel, "
    "ONNX Runtime its ONNX file; auto: LiteRT where the export has such a "
    "file.",
)
_FILE = flags.DEFINE_string(
    "file",
    None,
    "TFLite file of one image size in the export, as its card names it.",
)
_THREADS = flags.DEFINE_integer(
    "threads",
    None,
    "CPU threads of LiteRT or ONNX Runtime. Default: all cores, as a "
    "SavedModel has always.",
    1,
)
_QUALITY = flags.DEFINE_integer(
    "quality", image_files.QUALITY, "Of JPEG and WebP results.", 1, 100
)
_UNCERTAINTY = flags.DEFINE_string(
    "uncertainty",
    None,
    "PNG file, or folder, for maps of the error that the model expects.",
)
_OVERWRITE = flags.DEFINE_bool(
    "overwrite", False, "Replace results that exist already."
)
_SKIP_EXISTING = flags.DEFINE_bool(
    "skip_existing",
    False,
    "Leave results that exist already, and do only what is missing.",
)
flags.mark_bool_flags_as_mutual_exclusive(["overwrite", "skip_existing"])
cli.require("input", "output")

_IMAGES, _VIDEO, _CAMERA = "an image or a folder", "a video", "a camera"
# Flags that have a meaning for some kinds of input alone.
_KINDS = {
    **dict.fromkeys(
        ("format", "quality", "recursive", "uncertainty"), (_IMAGES,)
    ),
    **dict.fromkeys(("frames", "smoothing"), (_VIDEO, _CAMERA)),
    "camera_size": (_CAMERA,),
}


def main() -> None:
    # What is wrong with these is said before a model is loaded.
    _check_kind()
    camera_size = None
    if _CAMERA_SIZE.value is not None:
        camera_size = capture.parse_size(_CAMERA_SIZE.value)
    input_range = ranges.parse(_RANGE.value)
    channel = channels.parse(_CHANNEL.value)
    colorizer = _load_colorizer()
    if jobs.is_video(_INPUT.value):
        _say(_colorize_video(colorizer, input_range, channel, camera_size))
        return
    try:
        results = _colorize_images(colorizer, input_range, channel)
    except folders.FailedImagesError as error:
        if error.results:
            _say(folders.summary(error.results), _notes(error.results))
        raise
    _say(folders.summary(results), _notes(results))


def _say(summary: str, notes: Sequence[str] = ()) -> None:
    cli.say(f"colorized {summary} with {_MODEL.value} -> {_OUTPUT.value}")
    for note in notes:
        cli.say(f"  note: {note}")


def _check_kind() -> None:
    """Refuses flags that mean nothing for this kind of input."""
    if "://" in _INPUT.value:
        raise InputError(
            f"--input={_INPUT.value}: an address; expected a file, a folder or "
            "a camera of this machine. `ffmpeg -i ADDRESS nir.mkv` makes a "
            "file of a network camera"
        )
    kind = _VIDEO if jobs.is_video(_INPUT.value) else _IMAGES
    kind = _CAMERA if jobs.is_camera(_INPUT.value) else kind
    for name, kinds in _KINDS.items():
        flag = flags.FLAGS[name]
        if flag.present and kind not in kinds:
            raise InputError(
                f"{flag.serialize()}: --input={_INPUT.value} is {kind}; "
                f"expected {' or '.join(kinds)}"
            )


def _load_colorizer() -> Colorizer:
    """The model, with what the flags say of its colors."""
    colorizer = models.load_export(
        _MODEL.value,
        _RUNTIME.value,
        _THREADS.value,
        _PATH.value,
        _TILE.value or None,
        _OVERLAP.value,
        _FILE.value,
    )
    steps = dataclasses.replace(
        colorizer.steps,
        fusion=fusion.choose(_FUSION.value, colorizer.steps.fusion),
    )
    return dataclasses.replace(
        colorizer,
        steps=steps,
        brighten=_BRIGHTEN.value,
        saturation=_SATURATION.value,
    )


def _colorize_video(
    colorizer: Colorizer,
    input_range: ranges.InputRange,
    channel: Channel,
    camera_size: tuple[int, int] | None,
) -> str:
    """Colorizes the video; returns what was done, in words."""
    from nircolor_tf.inference import video

    target = video.target_of(_INPUT.value, Path(_OUTPUT.value))
    if _SKIP_EXISTING.value and target.exists():
        return "no video; the result exists already"
    return video.colorize_video(
        colorizer,
        _INPUT.value,
        _OUTPUT.value,
        input_range,
        _SMOOTHING.value,
        _OVERWRITE.value,
        _FRAMES.value,
        channel,
        camera_size,
    )


def _colorize_images(
    colorizer: Colorizer, input_range: ranges.InputRange, channel: Channel
) -> list[folders.Result]:
    """Colorizes the images, with maps of the error where they are wanted."""
    maps = None
    if _UNCERTAINTY.value is not None:
        if _SATURATION.value != 1:
            raise InputError(
                f"--saturation={_SATURATION.value:g} with --uncertainty: the "
                "error is that of the model's own colors; expected 1"
            )
        if not _BRIGHTEN.value:
            raise InputError(
                "--nobrighten with --uncertainty: the error is that of the "
                "model's own colors; expected --brighten"
            )
        if _FUSION.value == "bfwls":
            raise InputError(
                "--fusion=bfwls with --uncertainty: the error is that of the "
                "model's own colors; expected model or none"
            )
        maps = folders.ErrorMaps(
            error_estimate.load(_MODEL.value, _THREADS.value),
            Path(_UNCERTAINTY.value),
        )
    return folders.colorize_path(
        colorizer,
        _INPUT.value,
        _OUTPUT.value,
        folders.Options(
            existing=_existing(),
            input_range=input_range,
            image_format=_FORMAT.value,
            channel=channel,
            recursive=_RECURSIVE.value,
            quality=_QUALITY.value,
        ),
        maps,
    )


def _notes(results: list[folders.Result]) -> list[str]:
    """What a user may not expect of a folder."""
    brightness = folders.warning(result.levels for result in results)
    places = [_OUTPUT.value, _UNCERTAINTY.value]
    written = [Path(place) for place in places if place is not None]
    passed_over = jobs.list_notes(Path(_INPUT.value), written, _RECURSIVE.value)
    notes = brightness, _clipped_note(results), *passed_over
    return [note for note in notes if note]


def _clipped_note(results: list[folders.Result]) -> str:
    """Names what a range turned white in large parts; '' for nothing."""
    white = [one for one in results if one.clipped > ranges.CLIPPED]
    if not white:
        return ""
    return (
        f"{len(white)} of {len(results)} have values above the white level, "
        f"first {white[0].path.name}: {white[0].clipped:.0%} of its values are "
        f"above {white[0].high:g}; --range=auto finds the level"
    )


def _existing() -> str:
    """What happens to results that exist already."""
    if _SKIP_EXISTING.value:
        return "skip"
    return "replace" if _OVERWRITE.value else "refuse"
