r"""Writes docs/results.md, and the table of the README, from measured files.

Example:
  bin/evaluate.py --data=data/manifest.csv --split=val --output=reports/val \
      --baselines --compare U-Net=runs/unet MPFNet=runs/mpfnet
  bin/costs.py --evaluation=reports/val --reference=U-Net \
      --output=reports/costs.json
  bin/results.py --rows=docs/results_rows.csv --evaluation=reports/val \
      --costs=reports/costs.json --output=docs/results.md --readme=README.md

The rows are a CSV file with these columns:
  label     name of a run in the evaluation
  config    FILE.py:VARIANT of its training, or several with spaces
  reported  its method in nircolor_tf/report/reported.csv, or nothing
  note      a sentence to stand above its commands, or nothing
All numbers and commands come from the files. A run that is missing,
contaminated, or not the same in all of them is refused.

Models can be measured one after the other: keep summary.json and per_image.csv
of each evaluation, and its costs.json, and name them all with commas. Times
must be ratios to the same model in all of them.
"""

from pathlib import Path

from absl import flags

from nircolor_tf import files
from nircolor_tf.commands import cli
from nircolor_tf.report import result_files, results_page

_ROWS = flags.DEFINE_string("rows", None, "CSV file: which runs, in order.")
_EVALUATION = flags.DEFINE_list(
    "evaluation",
    None,
    "Folders of bin/evaluate.py, with commas, of the same images.",
)
_OTHER = flags.DEFINE_string(
    "other",
    "",
    "NAME=FOLDER, or several folders with commas: evaluations of other data, "
    "in a section of its own called NAME.",
)
_COSTS = flags.DEFINE_list(
    "costs", None, "JSON files of bin/costs.py, with commas."
)
_OUTPUT = flags.DEFINE_string("output", None, "Markdown file to write.")
_README = flags.DEFINE_string(
    "readme",
    None,
    f"File that gets a short table between {results_page.BEGIN} and "
    f"{results_page.END}.",
)
cli.require("rows", "evaluation", "costs", "output")


def main() -> None:
    results = result_files.read_results(
        _ROWS.value, _EVALUATION.value, _OTHER.value, _COSTS.value
    )
    texts = {
        _OUTPUT.value: results_page.format_page(results, cli.command_line())
    }
    if _README.value:
        texts[_README.value] = results_page.replace_between(
            _README.value, results_page.format_summary(results)
        )
    for path, text in texts.items():
        with files.replacing(Path(path)) as temporary:
            temporary.write_text(text, encoding="utf-8")
        cli.say(f"wrote {path}")
