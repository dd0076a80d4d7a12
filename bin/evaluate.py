#!/usr/bin/env python3
r"""Measures a model on one split of a data set.

Give it an export folder (--model) or a training's folder (--workdir, of which
it takes the weights that were best on validation):

  bin/evaluate.py --workdir=runs/unet --data=data/manifest.csv \
      --split=val --output=reports/unet

PSNR, SSIM, angular error and MAE come under two named protocols: `std`, for
your own decisions, and `hkbu`, to stand beside the published VCIP tables.
They are means over images; ae_pixels_mean and ae_pixels_std are mean and
standard deviation of the angular error over all pixels of all images. The
output folder gets per_image.csv, summary.json and a sheet of the worst,
median and best images, NIR | ours | truth.

--path measures another inference path than the model's first, from its own
source, against the truth of its own target: --path=g2c colorizes the luma of
the color images, --path=n2g is compared with that luma. bin/colorize.py --help
explains the names.
"""

from absl import flags

from nircolor_tf import cli
from nircolor_tf.errors import InputError

_MODEL = flags.DEFINE_string("model", None, "Export folder to measure.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Training folder to measure.")
_CHECKPOINT = flags.DEFINE_enum(
    "checkpoint", "best", ("best", "latest"), "Of the --workdir."
)
_PATH = flags.DEFINE_string("path", None, "Inference path. Default: the first.")
_DATA = flags.DEFINE_string("data", None, "manifest.csv of prepare_data.py.")
_SPLIT = flags.DEFINE_string("split", "val", "Which split of the manifest.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder for the report.")


def main() -> None:
    from nircolor_tf.evaluation import evaluate, report  # noqa: PLC0415

    if (_MODEL.value is None) == (_WORKDIR.value is None):
        raise InputError("give either --model or --workdir")
    what = (_PATH.value, _DATA.value, _SPLIT.value, _OUTPUT.value)
    if _MODEL.value:
        summary = evaluate.evaluate_export(_MODEL.value, *what)
    else:
        summary = evaluate.evaluate_workdir(
            _WORKDIR.value, _CHECKPOINT.value, *what
        )
    print(report.format_table(summary))
    print(f"wrote the report to {_OUTPUT.value}")


if __name__ == "__main__":
    cli.require("data", "output")
    cli.run(main)
