"""Writes the measurements of an export into its card.json.

  bin/evaluate.py --model=saved_models/mine --data=data/manifest.csv \
      --split=val --robustness=36 --output=reports/mine
  bin/card.py --model=saved_models/mine --evaluation=reports/mine

The card gets means with 95% intervals, robustness curves, and whether the
images are clean of the training data. Numbers of other data are added to those
in the card, numbers of the same data replace them.
"""

from absl import flags

from nircolor_tf.commands import cli

_MODEL = flags.DEFINE_string("model", None, "Export folder.")
_EVALUATION = flags.DEFINE_string(
    "evaluation", None, "Folder of bin/evaluate.py with a run of the export."
)
_NAME = flags.DEFINE_string(
    "name", "", "Name of the data, where its protocol does not say enough."
)
cli.require("model", "evaluation")


def main() -> None:
    from nircolor_tf.report import card_numbers

    for entry in card_numbers.add_measurements(
        _MODEL.value, _EVALUATION.value, _NAME.value
    ):
        data, mean = entry["data"], entry["mean"]
        cli.say(
            f"wrote {entry['path']} to {_MODEL.value}/card.json: "
            f"{data['images']} images of {data['name'] or data['protocol']}, "
            f"split {data['split']}: {float(mean['std/psnr']):.2f} dB (std)"
        )
