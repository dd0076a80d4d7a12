"""Colors for arrays, pictures and files, in three lines.

    import nircolor_tf as nircolor
    colorize = nircolor.load()
    rgb = colorize("nir.png")

`load` says which models, options and images there are.
"""

import contextlib
import dataclasses
import numbers
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.images import channels, conversions, image_files, ranges
from nircolor_tf.images.rasters import Raster
from nircolor_tf.inference import models
from nircolor_tf.inference.colorizer import OVERLAP, TILE, Colorizer

# Modes of PIL with 8 bit, and what they are read as; alpha is left out.
_CONVERTED = {
    **dict.fromkeys(("1", "L", "LA"), "L"),
    **dict.fromkeys(("RGB", "RGBA", "RGBX", "RGBa", "P", "PA"), "RGB"),
    **dict.fromkeys(("CMYK", "YCbCr", "HSV", "LAB"), "RGB"),
}


# Of the arguments of `load`.
_TYPES = {
    "model": (str, os.PathLike),
    "path": (str, type(None)),
    "channel": (str, numbers.Integral),
    "input_range": (str, tuple, list, np.ndarray),
    "level": (numbers.Real,),
    "brighten": (bool,),
    "saturation": (numbers.Real,),
    "threads": (numbers.Integral, type(None)),
    "file": (str, os.PathLike, type(None)),
}


@dataclasses.dataclass(frozen=True)
class ImageColorizer:
    """A model that colorizes images of many kinds, as `load` returns it.

    Attributes:
        colorizer: The model, on arrays of floats.
        channel: Which channel of an image is NIR.
        input_range: Finds the levels of black and white of integers.
    """

    colorizer: Colorizer
    channel: channels.Channel = channels.GRAY
    input_range: ranges.InputRange = ranges.AUTO

    def __call__(self, image: Any) -> Any:
        """Colorizes an image, or several.

        Args:
            image: A path; a PIL image, one of mode I with values in 0..65535,
                one of mode F with values in [0, 1]; an array (H, W) or
                (H, W, C) of uint8, uint16 or floating point in [0, 1]; or a
                list of these. An array (B, H, W, C) is a batch of images of
                one size.

        Returns:
            For a list a list, for a batch (B, H, W, 3). For a PIL image one
            of mode RGB. Else (H, W, 3), of the type of the input: of uint8 or
            uint16 over all levels, floating point as float32 in [0, 1]. One
            channel instead of three where the path is a translation.

        Raises:
            InputError: A file cannot be read, or the image has no pixels, no
                such channel, values out of range or another mode of PIL; or
                the model cannot run at its size.
            TypeError: Another kind of object.
        """
        if isinstance(image, (list, tuple)):
            return [self(member) for member in image]
        if isinstance(image, (str, os.PathLike)):
            raster = image_files.read_raster(image)
            return self._levels(raster, str(image))
        if isinstance(image, np.ndarray):
            if image.ndim == 4 and image.size:
                return np.stack([self(member) for member in image])
            return self._array(image, "image")
        if type(image).__module__.startswith("PIL."):
            return self._picture(image)
        raise TypeError(
            f"{type(image).__name__}: expected an array, a PIL image, a path, "
            "or a list of them"
        )

    def _levels(self, raster: Raster, name: str) -> np.ndarray:
        levels = self.channel.of(raster, name)
        with _failures_named(name):
            low, high = self.input_range.of(levels, raster.bits)
            return self.colorizer.integers(levels, low, high)

    def _array(self, image: np.ndarray, name: str) -> np.ndarray:
        if image.ndim not in (2, 3) or not image.size:
            raise InputError(
                f"{name}: an array of shape {image.shape}; expected (H, W), "
                "(H, W, C) or (B, H, W, C), with pixels"
            )
        # Files of astronomy and of raw cameras have the larger byte first.
        image = image.astype(image.dtype.newbyteorder("="), copy=False)
        image = image.reshape(*image.shape[:2], -1)
        if image.dtype in (np.uint8, np.uint16):
            return self._levels(Raster(image), name)
        if not np.issubdtype(image.dtype, np.floating):
            raise InputError(
                f"{name}: an array of {image.dtype}; expected uint8, uint16 or "
                "floating point in [0, 1]"
            )
        if not (image.min() >= 0 and image.max() <= 1):
            raise InputError(
                f"{name}: values from {image.min()} to {image.max()}; "
                "expected [0, 1]"
            )
        # The rules for channels count in levels.
        levels = np.rint(image.astype(np.float64) * 65535).astype(np.uint16)
        nir = self.channel.of(Raster(levels, bits=16), name)
        nir = nir.astype(np.float32) / 65535
        with _failures_named(name):
            return self.colorizer(nir)

    def _picture(self, picture: Any) -> Any:
        from PIL import Image, ImageOps  # noqa: PLC0415 - for pictures alone

        values = _picture_values(ImageOps.exif_transpose(picture))
        # Pillow holds no color of 16 bit or floating point.
        color = conversions.to_8bit(self._array(values, "picture"), "picture")
        return Image.fromarray(color[..., 0] if color.shape[2] == 1 else color)


@contextlib.contextmanager
def _failures_named(name: str) -> Iterator[None]:
    """Names the image that fails."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def _picture_values(picture: Any) -> np.ndarray:
    """Returns the levels of a PIL image, uint8 or uint16, or its floats."""
    mode = picture.mode
    if mode in _CONVERTED:
        return np.asarray(picture.convert(_CONVERTED[mode]))
    values = np.asarray(picture)
    if mode == "F":
        return values
    if mode != "I" and not mode.startswith("I;16"):
        raise InputError(
            f"picture: of mode {mode}; expected one of "
            f"{', '.join(_CONVERTED)}, I, I;16 or F"
        )
    if values.size and not 0 <= values.min() <= values.max() <= 65535:
        raise InputError(
            f"picture: of mode {mode} with values from {values.min()} to "
            f"{values.max()}; expected 0 to 65535"
        )
    return values.astype(np.uint16)


def _check_types(arguments: Mapping[str, Any]) -> None:
    for name, value in arguments.items():
        types = _TYPES[name]
        # To Python true is a number, too.
        if not isinstance(value, types) or (
            isinstance(value, bool) and bool not in types
        ):
            names = [kind.__name__ for kind in types if kind is not type(None)]
            raise TypeError(f"{name}={value!r}: expected {' or '.join(names)}")


def _text_of(input_range: str | Sequence[float]) -> str:
    if isinstance(input_range, str):
        return input_range
    for level in input_range:
        _check_types({"level": level})
    return ",".join(f"{level:g}" for level in input_range)


def load(
    model: str | os.PathLike = "default",
    *,
    path: str | None = None,
    channel: str | int = "gray",
    input_range: str | tuple[int, int] = "auto",
    brighten: bool = True,
    saturation: float = 1.0,
    runtime: str = "auto",
    threads: int | None = None,
    file: str | os.PathLike | None = None,
) -> ImageColorizer:
    """Loads a model.

    Args:
        model: 'default', which comes with the package, an export folder,
            or hf://OWNER/NAME[@REVISION].
        path: Its inference path, such as 'g2c'; the first by default.
        channel: Which channel of the images is NIR, as --channel: 'gray' or a
            number from 1 on.
        input_range: Which levels are black and white, as --range: 'auto',
            'max', 'percentile', or two levels.
        brighten: Whether dark images are brightened, where the model does.
        saturation: Factor of the colors' difference from gray.
        runtime: 'auto', 'litert', 'saved_model' or 'onnx'.
        threads: CPU threads, as of `models.load_export`.
        file: A TFLite file of the export for one size, by its name.

    Raises:
        InputError: A value is wrong, or the model cannot be loaded.
        TypeError: A value is of a wrong type.
    """
    _check_types(
        {
            **{"model": model, "path": path, "file": file, "threads": threads},
            **{"channel": channel, "input_range": input_range},
            **{"brighten": brighten, "saturation": saturation},
        }
    )
    threads = None if threads is None else int(threads)
    colorizer = models.load_export(
        model, runtime, threads, path, TILE, OVERLAP, file and os.fspath(file)
    )
    return ImageColorizer(
        dataclasses.replace(
            colorizer, brighten=brighten, saturation=float(saturation)
        ),
        channels.parse(str(channel)),
        ranges.parse(_text_of(input_range)),
    )
