"""Checks a folder of NIR/RGB pairs and writes the manifest.csv all else reads.

Every problem in the folder is reported at once, and nothing is written then.
Otherwise each pair's NIR-RGB shift is measured, crops of one photo are grouped
into scenes, and whole scenes are drawn into train, val and test.

Layouts:
  folder    nir/ and rgb/ with the same file names; optionally unpaired/
  vcip2020  NIR/x_nir.png, RGB-Registered/x_rgb_reg.png; optionally RGB-Online/
            (unpaired), Validation/, Testing/
  epfl      <category>/NNNN_nir.tiff and NNNN_rgb.tiff; photos are cut to
            480x480 pairs, written as PNG into the output folder

Example:
  bin/prepare_data.py --source=pairs --layout=folder --output=data
  (the manifest is then data/manifest.csv)
"""

from absl import flags

from nircolor_tf.commands import cli
from nircolor_tf.data import prepare, sources

FLAGS = flags.FLAGS
flags.DEFINE_string("source", None, "Folder of the data set.")
flags.DEFINE_enum("layout", None, list(sources.LAYOUTS), "See above.")
flags.DEFINE_string("output", None, "Folder for manifest.csv.")
flags.DEFINE_enum(
    "split",
    "auto",
    prepare.SPLIT_CHOICES,
    "scene: 0.8/0.1/0.1 of whole scenes; test: all of it, to measure a trained "
    "model on; vcip-*: a shipped list of names; "
    "auto: vcip-strict for vcip2020, else scene.",
)
flags.DEFINE_enum("patch", "0", ["0", "64"], "epfl: 64 cuts 64x64 patches.")
flags.DEFINE_string("unpaired", None, "Folder of color photos without NIR.")
flags.DEFINE_integer("seed", 0, "Of the scene split.", lower_bound=0)
flags.DEFINE_bool("overwrite", False, "Replace an existing manifest.csv.")
cli.require("source", "layout", "output")


def main():
    options = {"split": FLAGS.split, "patch": int(FLAGS.patch)}
    options |= {"unpaired": FLAGS.unpaired, "seed": FLAGS.seed}
    summary = prepare.prepare(
        FLAGS.source,
        FLAGS.layout,
        FLAGS.output,
        overwrite=FLAGS.overwrite,
        **options,
    )
    print(f"{summary}\nwrote {FLAGS.output}/manifest.csv")
