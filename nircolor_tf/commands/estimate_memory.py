r"""Estimates the device memory of a training, without data and without a GPU.

Example:
  bin/estimate_memory.py --config=configs/cocolor.py \
      --config.train.recompute=True

The config is as for bin/train.py, with changes of its values on the command
line. Several devices share config.data.batch_size: estimate with the part of
one. A GPU needs some memory for itself, and some for the convolutions.
"""

from nircolor_tf.commands import cli
from nircolor_tf.training import config_files

_CONFIG = config_files.define_flag("Experiment, FILE.py[:VARIANT].")
cli.require("config")


def main() -> None:
    # TensorFlow takes seconds to import: not for --help or a wrong flag.
    from nircolor_tf.training import memory

    config = _CONFIG.value
    cli.say(memory.format_table(config, memory.estimate(config)))
