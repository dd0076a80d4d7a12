r"""Measures models as the papers do: one command for each of their tables.

  bin/paper_table.py --table=vcip --source=VCIP2020 --output=reports/vcip \
      runs/cocolor default

Tables:
  vcip    the 28 test pairs of VCIP 2020 (MPFNet, CoColor), layout vcip2020
  epfl    EPFL RGB-NIR Scene cut to 480x480 (ColorNet), layout epfl
  epfl-hkbu   the same images by the metrics of MPFNet and CoColor, whose own
          cut nobody knows
  urban   the category urban of it in patches of 64x64 (DCGAN); the folder
          holds this category alone

The data set is prepared in the folder data/ of the output, by the split of the
table, and measured under the protocol of the paper; a second call measures on
the same. RUN is an export, a workdir or a folder of images, as
bin/evaluate.py --compare takes them. paper_table.md has our numbers and the
reported ones, report.html all else. A model that was trained on scenes of these
images is measured and marked as contaminated.
"""

from absl import flags

from nircolor_tf.commands import cli

_TABLE = flags.DEFINE_enum(
    "table",
    None,
    ("vcip", "epfl", "epfl-hkbu", "urban"),
    "Whose table, see above.",
)
_SOURCE = flags.DEFINE_string("source", None, "Folder of the data set.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder for data and report.")
_PERCEPTUAL = flags.DEFINE_multi_enum(
    "perceptual",
    [],
    ("lpips", "fid"),
    "Metrics of the [perceptual] extra, into report.html.",
)
TAKES = "RUN"
cli.require("table", "source", "output")


def main(*names: str) -> None:
    from nircolor_tf.errors import InputError
    from nircolor_tf.report import paper_tables

    if not names:
        raise InputError("give at least one RUN to measure, after the flags")
    text = paper_tables.measure(
        _TABLE.value,
        _SOURCE.value,
        _OUTPUT.value,
        names,
        _PERCEPTUAL.value,
        cli.command_line(),
    )
    cli.say(text)
