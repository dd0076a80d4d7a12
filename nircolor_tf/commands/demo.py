"""Runs the whole way once, in minutes: data to a model in use.

The demo shows each command before it runs it, so that you can repeat it with
your own pairs. Everything goes to ./demo_output, which is removed first.

Example:
  make demo     (or bin/demo.py, when everything is installed)
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from nircolor_tf.errors import InputError

COMMANDS = """
# Make landscapes as a camera and a NIR camera would see them.
make_synthetic.py --output=demo_output/pairs --count=240 --size=128
# Check the pairs and split them into train, val and test.
prepare_data.py --source=demo_output/pairs --layout=folder \
--output=demo_output/data
# Colorize NIR images with the shipped model "default".
make_synthetic.py --output=demo_output/new --count=6 --size=256 --seed=1
colorize.py --input=demo_output/new/nir --output=demo_output/color_shipped
# Train a small model of our own on the pairs, some minutes.
train.py --config=configs/landscapes.py:demo --workdir=demo_output/train \
--config.data.manifest=demo_output/data/manifest.csv
# Measure it on pairs it never saw, beside the shipped model and none.
evaluate.py --split=test --data=demo_output/data/manifest.csv \
--output=demo_output/evaluation --baselines --robustness=4 \
--compare own=demo_output/train shipped=default
# Export it to a folder that needs no training code, and use that.
export.py --workdir=demo_output/train --output=demo_output/export
colorize.py --model=demo_output/export --input=demo_output/new/nir \
--output=demo_output/color_own
"""


def main() -> None:
    os.chdir(Path(__file__).parents[2])
    shutil.rmtree("demo_output", ignore_errors=True)
    python = os.path.relpath(sys.executable)
    for line in COMMANDS.strip().splitlines():
        if line.startswith("#"):
            print(f"\n{line}", flush=True)
            continue
        print(f"$ {python} bin/{line}", flush=True)
        command = [python, *shlex.split(f"bin/{line}")]
        # Nothing but COMMANDS runs.
        if subprocess.run(command, check=False).returncode:  # noqa: S603
            raise InputError("the demo stops: the command above failed")
    print(
        "\nLook at:\n"
        "  demo_output/evaluation/report.html  tables, images to compare, "
        "robustness\n"
        "  demo_output/evaluation/  the same as PNG, CSV, JSON and Markdown\n"
        "  demo_output/color_shipped/, color_own/  from demo_output/new/nir/\n"
        "  .venv/bin/tensorboard --logdir demo_output/train"
    )
