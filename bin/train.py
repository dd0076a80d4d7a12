#!/usr/bin/env python3
"""Trains a colorizer on registered NIR/RGB pairs, or resumes a training.

Start:   bin/train.py --config=configs/supervised.py:unet256 \
             --workdir=runs/unet --config.data.manifest=data/manifest.csv
Resume:  bin/train.py --workdir=runs/unet

A config file is a complete experiment; any of its values can be changed on
the command line, --config.train.steps=2000 for example. The manifest comes
from bin/prepare_data.py; with --unpaired there it has photos without NIR too,
which configs/atcyclegan.py needs. All GPUs are used; without one, the
processor.

The workdir gets config.json, checkpoints/ (the newest ones, to resume, and
the best on validation), train/ and eval/ (TensorBoard and CSV).
"""

from absl import flags
from ml_collections import config_flags

from nircolor_tf import allocation, cli

_CONFIG = config_flags.DEFINE_config_file(
    "config", None, "Experiment, FILE.py[:variant]; not needed to resume."
)
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder for checkpoints and logs; resumed if it has any."
)


def main() -> None:
    # Before TensorFlow starts threads, each with memory of its own.
    allocation.keep_freed_memory()
    # TensorFlow takes seconds to import: not for --help or a wrong flag.
    from nircolor_tf.training import restore, trainer  # noqa: PLC0415

    config = _CONFIG.value
    if config is None:
        config = restore.read_config(_WORKDIR.value)
    trainer.train(config, _WORKDIR.value, trainer.make_strategy())
    print(
        f"trained; everything is in {_WORKDIR.value}\n"
        f"  watch:    tensorboard --logdir={_WORKDIR.value}\n"
        f"  evaluate: bin/evaluate.py --workdir={_WORKDIR.value} "
        f"--data={config.data.manifest} --split=val --output=DIR\n"
        f"  export:   bin/export.py --workdir={_WORKDIR.value} "
        "--output=saved_models/NAME"
    )


if __name__ == "__main__":
    cli.require("workdir")
    cli.run(main)
