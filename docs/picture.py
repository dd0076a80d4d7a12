#!/usr/bin/env python3
"""Draws docs/result.jpg: imitated NIR, its colors by `default`, the photo.

    docs/picture.py

The NIR alone is docs/nir.jpg, an image to try.
The photo is "Picos de Europa" by Aitzol Berasategi, under CC BY 4.0, cut and
shrunk. No NIR photo with a free license is at hand, so that its NIR is imitated
from red, green and blue as in training (`nircolor_tf/data/imitations.py`).
"""

from pathlib import Path

import numpy as np

import nircolor_tf as nircolor
from nircolor_tf.data import imitations
from nircolor_tf.images import conversions, image_files

FOLDER = Path(__file__).parent

# Of the infrared look; the rest is gray.
SHARE = 0.7
GAP = 6


def main() -> None:
    """Writes the picture."""
    photo = image_files.read_rgb(FOLDER / "picos_de_europa.jpg")
    rgb = photo.astype(np.float32) / 255
    infrared = (rgb @ imitations.INFRARED).clip(0, 1)
    gray = SHARE * infrared + (1 - SHARE) * conversions.to_gray(rgb)
    nir = np.rint(255 * gray).astype(np.uint8)
    image_files.write_image(FOLDER / "nir.jpg", nir)
    gap = np.full((photo.shape[0], GAP, 3), 255, np.uint8)
    color = nircolor.load()(nir)
    panels = [nir.repeat(3, axis=2), gap, color, gap, photo]
    image_files.write_image(
        FOLDER / "result.jpg", np.concatenate(panels, axis=1), quality=90
    )


if __name__ == "__main__":
    main()
