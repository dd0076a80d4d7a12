"""Makes synthetic NIR/RGB pairs: small landscapes to try everything on.

Writes DIR/nir/*.png and DIR/rgb/*.png with the same names, ready for
`bin/prepare_data.py --layout=folder`. The same seed makes the same pairs.

Example:
  bin/make_synthetic.py --output=pairs --count=60 --size=128
  bin/prepare_data.py --source=pairs --layout=folder --output=data
"""

from absl import flags

from nircolor_tf.commands import cli
from nircolor_tf.data import synthetic

FLAGS = flags.FLAGS
flags.DEFINE_string("output", None, "Folder to write; made when absent.")
flags.DEFINE_integer("count", 60, "Number of pairs.", lower_bound=1)
flags.DEFINE_integer("size", 128, "Height and width, px.", lower_bound=16)
flags.DEFINE_enum("bits", "8", ["8", "16"], "Bits per channel.")
flags.DEFINE_integer("seed", 0, "Other seeds make other pairs.", lower_bound=0)
cli.require("output")


def main():
    synthetic.write_dataset(
        FLAGS.output,
        FLAGS.count,
        FLAGS.size,
        FLAGS.size,
        bits=int(FLAGS.bits),
        seed=FLAGS.seed,
    )
    print(
        f"wrote {FLAGS.count} pairs of {FLAGS.size}x{FLAGS.size} px, "
        f"{FLAGS.bits} bit, to {FLAGS.output}/nir and {FLAGS.output}/rgb"
    )
