"""Compares an export with the trained method on your own photos.

  bin/verify.py --workdir=runs/unet --model=saved_models/unet \
      --input=photos/nir --output=table.csv

Without --workdir the method is made of the weights in the export, as for the
shipped models: --model=default.

Every photo goes through the trained method and through each part of the
export: the network of the SavedModel, its float signature, its signature of
image files (image_bytes: PNG and JPEG only), model.tflite, and the TFLite files
of one size, for photos that reach the network at that size. Photos have their
own size, go whole, and are read with --range=auto of bin/colorize.py. With a
--channel other than gray, image_bytes, which knows no other, takes none.

Printed, and written to --output: the largest difference, in [0, 1]; the PSNR,
in dB; and the share of the pixels that are the same in 8 bit; for each photo
and over all of them. image_bytes rounds to the levels of the photo's file, so
its results may differ by one more of them (0.0039 in 8 bit).

The last line is the verdict. The exit status is 1 if a difference is larger
than bin/export.py allows, or if a photo fails.
"""

from pathlib import Path

from absl import flags

from nircolor_tf.commands import cli
from nircolor_tf.errors import InputError
from nircolor_tf.images import channels

_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of bin/train.py. Default: none."
)
_MODEL = flags.DEFINE_string("model", None, "Export folder.")
_INPUT = flags.DEFINE_string("input", None, "Image, or folder of images.")
_OUTPUT = flags.DEFINE_string(
    "output", None, "CSV file for the table. Default: it is only printed."
)
_CHECKPOINT = flags.DEFINE_enum(
    "checkpoint", "best", ("best", "latest"), "Which weights were exported."
)
_CHANNEL = flags.DEFINE_string(
    "channel",
    "gray",
    f"Which channel of the photos is NIR: {channels.CHOICES}.",
)
cli.require("model", "input")


def main() -> None:
    channel = channels.parse(_CHANNEL.value)
    output = _OUTPUT.value and Path(_OUTPUT.value)
    if output and (output.suffix != ".csv" or not output.parent.is_dir()):
        raise InputError(
            f"--output={output}: expected a .csv file in a folder that exists"
        )
    if _WORKDIR.value is None and flags.FLAGS["checkpoint"].present:
        raise InputError("--checkpoint: of a --workdir, which is missing")
    from nircolor_tf.export import difference_table, verify
    from nircolor_tf.inference import models

    verification = verify.verify_photos(
        _WORKDIR.value,
        models.locate(_MODEL.value),
        _INPUT.value,
        _CHECKPOINT.value,
        channel,
    )
    cli.say(difference_table.format_table(verification))
    if output:
        difference_table.write_table(output, verification)
    if not verification.problems:
        cli.say(f"\n{difference_table.verdict(verification)}")
    else:
        raise InputError(
            "\n  ".join(
                [
                    "the export is not the same as the method:",
                    *verification.problems,
                ]
            )
        )
