"""Which channel of an image, or of a frame, is the NIR one.

Cameras without an infrared filter store what they see as RGB; multispectral
ones store many bands. A `Channel` takes the one that a model reads:

    nir = parse("red").of(raster, "photo.png")
"""

import dataclasses

import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, ranges
from nircolor_tf.images.rasters import Raster

CHOICES = "gray, red, green, blue, luma or the number of a band, from 1"

# Name -> index in RGB.
_PRIMARIES = {"red": 0, "green": 1, "blue": 2}


@dataclasses.dataclass(frozen=True)
class Channel:
    """Takes the NIR channel of an image.

    Attributes:
        choice: 'gray': the image has one channel, or three that are equal but
            for the rounding of a JPEG or a video (4 of 255 levels, or as
            large a part of the white that `ranges.AUTO` finds). 'red',
            'green', 'blue': that one of an RGB image. 'luma': its BT.601 luma.
            A number: that band, from 1, of an image of any number of bands.
            Three pages of a file are three bands and no RGB image.
    """

    choice: str | int = "gray"

    def of(self, raster: Raster, name: str) -> np.ndarray:
        """Returns the NIR channel, (H, W, 1), of the image's type.

        Args:
            raster: The image; its alpha is left out.
            name: Of the image, for an error.

        Raises:
            InputError: The image has no such channel, or, with 'gray', more
                than one; the message says what it has.
        """
        bands, count = raster.bands, raster.bands.shape[2]
        if self.choice == "gray":
            return _gray(raster, name)
        if isinstance(self.choice, int):
            if self.choice > count:
                raise InputError(
                    f"{name}: has {describe(raster)}; "
                    f"--channel={self.choice} is none of them"
                )
            return np.ascontiguousarray(bands[..., self.choice - 1, None])
        if count == 1:
            return np.ascontiguousarray(bands)
        if count != 3 or raster.pages > 1:
            raise InputError(
                f"{name}: has {describe(raster)}; --channel={self.choice} is "
                "that of an RGB image: expected the number of a band"
            )
        if self.choice == "luma":
            luma = conversions.to_gray(conversions.to_float(bands))
            return conversions.to_integers(luma, 8 * bands.itemsize)
        return np.ascontiguousarray(bands[..., _PRIMARIES[self.choice], None])


GRAY = Channel()


def parse(text: str) -> Channel:
    """Reads the value of --channel.

    Args:
        text: gray, red, green, blue, luma or the number of a band, from 1.

    Raises:
        InputError: It is none of these.
    """
    if text in ("gray", "luma", *_PRIMARIES):
        return Channel(text)
    if text.isascii() and text.isdecimal() and text[0] != "0":
        return Channel(int(text))
    raise InputError(f"--channel={text}: expected {CHOICES}")


def describe(raster: Raster) -> str:
    """Describes the channels that an image has, as in '5 bands'."""
    count = raster.bands.shape[2]
    if raster.pages > 1:
        return f"{count} bands in {raster.pages} pages"
    names = {1: "1 channel", 3: "3 channels (red, green, blue)"}
    return names.get(count, f"{count} bands")


def _gray(raster: Raster, name: str) -> np.ndarray:
    bands, count = raster.bands, raster.bands.shape[2]
    if count == 1:
        return np.ascontiguousarray(bands)
    if count != 3 or raster.pages > 1:
        raise InputError(
            f"{name}: has {describe(raster)} where NIR or gray, one channel, "
            f"is expected; --channel=1 to --channel={count} chooses one"
        )
    _, white = ranges.AUTO.of(bands, raster.bits)
    # Unsigned differences of max and min cannot wrap around.
    spread = int((bands.max(axis=2) - bands.min(axis=2)).max())
    if spread > round(conversions.GRAY_TOLERANCE * white):
        raise InputError(
            f"{name}: an RGB image where NIR or gray is expected: its "
            f"channels differ by up to {spread} of {white} levels; "
            "--channel=red, green, blue, luma or the number of one says which "
            "is NIR"
        )
    return np.ascontiguousarray(bands[..., 1, None])
