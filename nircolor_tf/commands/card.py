"""Writes what bin/evaluate.py measured of an export into its card.json.

  bin/evaluate.py --model=saved_models/mine --data=data/manifest.csv \
      --split=val --robustness=36 --output=reports/mine
  bin/card.py --model=saved_models/mine --evaluation=reports/mine

Means with 95% intervals, robustness curves, and whether the images are clean of
the training data. Another data set is added to it, the same one replaced.
"""

from absl import flags

from nircolor_tf.commands import cli

_MODEL = flags.DEFINE_string("model", None, "Export folder.")
_EVALUATION = flags.DEFINE_string(
    "evaluation", None, "Folder that bin/evaluate.py wrote."
)
_NAME = flags.DEFINE_string(
    "name", "", "Of the data, where its protocol does not say enough."
)
cli.require("model", "evaluation")


def main() -> None:
    from nircolor_tf.report import card_numbers

    for entry in card_numbers.add_measurements(
        _MODEL.value, _EVALUATION.value, _NAME.value
    ):
        data, mean = entry["data"], entry["mean"]
        print(
            f"{_MODEL.value}/card.json, {entry['path']}: {data['images']} "
            f"images of {data['name'] or data['protocol']}, split "
            f"{data['split']}: {mean['std/psnr']:.2f} dB (std)"
        )
