r"""Colors the training pairs of a manifest with a model, to teach a small one.

The teacher is any export, the student the model that you train on the new
manifest. The color image of each training pair becomes a mixture: --share of
the teacher's colors, the rest the truth. Validation and test pairs stay as they
are. With --variations and --photos the teacher also colors images that it was
not trained on: training images cut, mirrored and lit otherwise, and color
photos turned into imitations of NIR.

  bin/distill.py --teacher=default --data=data/manifest.csv \
      --output=data/distilled --variations=7 --photos
  bin/train.py --config=configs/landscapes.py --workdir=runs/student \
      --config.data.manifest=data/distilled/manifest.csv
"""

from absl import flags

from nircolor_tf.commands import cli
from nircolor_tf.errors import InputError

_TEACHER = flags.DEFINE_string("teacher", None, "Model that teaches.")
_PATH = flags.DEFINE_string(
    "path",
    None,
    "Inference path of the teacher, NIR to color. Default: its first.",
)
_DATA = flags.DEFINE_string(
    "data", None, "manifest.csv of bin/prepare_data.py."
)
_OUTPUT = flags.DEFINE_string("output", None, "New folder to write.")
_SHARE = flags.DEFINE_float(
    "share", 0.5, "Share of the teacher in the colors; 1: the teacher alone."
)
_VARIATIONS = flags.DEFINE_integer(
    "variations", 0, "How many variations of each training pair to add."
)
_PHOTOS = flags.DEFINE_bool(
    "photos", False, "Add pairs of the photos that have no NIR, too."
)
_SATURATION = flags.DEFINE_float(
    "saturation", 1.0, "Factor of the saturation of the teacher's colors."
)
cli.require("teacher", "data", "output")


def main() -> None:
    from nircolor_tf.data import distill, lineage, training_data
    from nircolor_tf.inference import cards, models

    teacher = models.locate(_TEACHER.value)
    path, entry = cards.find_path(
        teacher, cards.read_card(teacher), _PATH.value
    )
    if (entry["source"], entry["target"]) != ("nir", "rgb"):
        raise InputError(
            f"--path={path}: of {teacher} from {entry['source']} to "
            f"{entry['target']}; expected one from nir to rgb"
        )
    count = distill.distill(
        models.load_export(teacher, path=path),
        training_data.read(teacher),
        _DATA.value,
        _OUTPUT.value,
        distill.Options(
            share=_SHARE.value,
            variations=_VARIATIONS.value,
            photos=_PHOTOS.value,
            saturation=_SATURATION.value,
        ),
        [lineage.of_export(teacher)],
    )
    cli.say(
        f"colored {count} pairs; the new manifest is "
        f"{_OUTPUT.value}/manifest.csv"
    )
