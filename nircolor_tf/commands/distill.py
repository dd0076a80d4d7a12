r"""Colors the training pairs of a manifest with a model, to teach a small one.

The color image of each training pair becomes a mixture: --share of what the
teacher, any export, makes of the NIR, the rest the truth. Train the student on
the new manifest; validation and test pairs in it are untouched. With
--variations and --photos the teacher also colors images that it was not trained
with: cut, mirrored and otherwise lit training images, and photos made to look
like NIR.

  bin/distill.py --teacher=saved_models/default --data=data/manifest.csv \
      --output=data/distilled --variations=5 --photos
  bin/train.py --config=configs/edge.py --workdir=runs/edge \
      --config.data.manifest=data/distilled/manifest.csv
"""

from absl import flags

from nircolor_tf.commands import cli

_TEACHER = flags.DEFINE_string("teacher", None, "Export folder.")
_PATH = flags.DEFINE_string("path", None, "Its inference path, NIR to color.")
_DATA = flags.DEFINE_string("data", None, "manifest.csv of prepare_data.py.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder to make.")
_SHARE = flags.DEFINE_float(
    "share", 0.5, "Of the teacher in the colors; 1: the teacher alone."
)
_VARIATIONS = flags.DEFINE_integer(
    "variations", 0, "How many to add of each training pair."
)
_PHOTOS = flags.DEFINE_bool(
    "photos", False, "Make pairs of the photos that have no NIR, too."
)
_SATURATION = flags.DEFINE_float(
    "saturation", 1.0, "Factor of the saturation of the teacher's colors."
)
cli.require("teacher", "data", "output")


def main() -> None:
    from nircolor_tf.data import (
        distill,
        training_data,
    )
    from nircolor_tf.inference import models

    count = distill.distill(
        models.load_export(_TEACHER.value, path=_PATH.value),
        training_data.read(_TEACHER.value),
        _DATA.value,
        _OUTPUT.value,
        distill.Options(
            share=_SHARE.value,
            variations=_VARIATIONS.value,
            photos=_PHOTOS.value,
            saturation=_SATURATION.value,
        ),
    )
    print(f"colored {count} pairs; {_OUTPUT.value}/manifest.csv")
