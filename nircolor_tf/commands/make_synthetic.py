"""Writes synthetic NIR/RGB pairs: small landscapes to try everything on.

Writes DIR/nir/*.png and DIR/rgb/*.png with the same names, ready for
`bin/prepare_data.py --layout=folder`. The same seed makes the same pairs.

Example:
  bin/make_synthetic.py --output=pairs --count=60 --size=128
  bin/prepare_data.py --source=pairs --layout=folder --output=data
"""

from pathlib import Path

from absl import flags

from nircolor_tf.commands import cli
from nircolor_tf.data import synthetic
from nircolor_tf.errors import InputError

_OUTPUT = flags.DEFINE_string("output", None, "Folder to write.")
_COUNT = flags.DEFINE_integer("count", 60, "Number of pairs.", 1)
_SIZE = flags.DEFINE_integer("size", 128, "Height and width, px.", 16)
_BITS = flags.DEFINE_enum("bits", "8", ["8", "16"], "Bits per channel.")
_SEED = flags.DEFINE_integer("seed", 0, "Another seed: other landscapes.", 0)
cli.require("output")


def main() -> None:
    for side in ("nir", "rgb"):
        folder = Path(_OUTPUT.value, side)
        if folder.is_dir() and any(folder.iterdir()):
            raise InputError(
                f"{folder}: holds files already, which would be mixed with "
                "synthetic ones; expected another --output"
            )
    size = _SIZE.value
    synthetic.write_dataset(
        _OUTPUT.value,
        _COUNT.value,
        size,
        size,
        bits=int(_BITS.value),
        seed=_SEED.value,
    )
    cli.say(
        f"wrote {_COUNT.value} pairs of {size}x{size} px, {_BITS.value} bit, "
        f"to {_OUTPUT.value}/nir and {_OUTPUT.value}/rgb"
    )
