"""Trains a colorizer on registered NIR/RGB pairs, or resumes a training.

Start:   bin/train.py --config=configs/supervised.py:unet256 \
             --workdir=runs/unet --config.data.manifest=data/manifest.csv
Resume:  bin/train.py --workdir=runs/unet
Moved:   --config.data.manifest=FILE resumes where the images have moved to:
         another manifest of the same images.
Search:  --stop_at=600 ends a training early, as if it were interrupted: stop
         some that differ, then resume the best.
Look:    --print_config prints the whole config and starts nothing; it needs
         no --workdir.
Go on:   --start_from=default, the name of a shipped model, an export or a
         workdir, takes its weights for the first of a new training on your
         own pairs.
Log:     --logger=wandb,mlflow logs into Weights & Biases and MLflow, beside
         TensorBoard; a training that is resumed goes on in the same runs.

A config file is a complete experiment; any of its values can be changed on
the command line, --config.train.steps=2000 for example. The manifest comes
from bin/prepare_data.py; with --unpaired there it has photos without NIR too,
which configs/atcyclegan.py needs. All GPUs are used; without one, the
processor.

The workdir gets config.json, checkpoints/ (the newest ones, to resume, and
the best on validation), train/ and eval/ (TensorBoard, CSV and, in eval/, the
newest image grids).
"""

import shlex

from absl import flags
from ml_collections import ConfigDict

from nircolor_tf.commands import cli
from nircolor_tf.errors import InputError
from nircolor_tf.training import config_files, process

_CONFIG = config_files.define_flag(
    "Experiment, FILE.py[:variant]; not needed to resume."
)
_MANIFEST = flags.DEFINE_string(
    "config.data.manifest",
    None,
    "manifest.csv of bin/prepare_data.py; without --config, where the images "
    "of a training that is resumed have moved to.",
    # Behind a --config it is one of the values of the config.
    allow_override=True,
)
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder for checkpoints and logs; resumed if it has any."
)
_PRINT_CONFIG = flags.DEFINE_bool(
    "print_config", False, "Print the whole config and start nothing."
)
_STOP_AT = flags.DEFINE_integer(
    "stop_at", None, "Save and stop after this step; resume to go on.", 1
)
_START_FROM = flags.DEFINE_string(
    "start_from", None, "Workdir or export whose weights come first."
)
_LOGGER = flags.DEFINE_list(
    "logger",
    None,
    "Loggers: tensorboard, which always logs, wandb, mlflow. Default: those "
    "that the training had.",
)
flags.register_multi_flags_validator(
    ["workdir", "print_config"],
    lambda values: values["workdir"] is not None or values["print_config"],
    "--workdir must have a value; only --print_config needs none",
)


def main() -> None:
    config = _read_config()
    if _PRINT_CONFIG.value:
        cli.say(config_files.format_config(config))
    else:
        _train(config)


def _read_config() -> ConfigDict:
    """Returns that of --config, or else that of the workdir."""
    if _CONFIG.value is not None:
        # Refused here where the file could not be read.
        return _CONFIG.value.lock()
    if _WORKDIR.value is None:
        raise InputError(
            "--print_config: expected --config=FILE.py[:variant], or --workdir "
            "of a training"
        )
    config = config_files.read_config(_WORKDIR.value)
    if _MANIFEST.value is not None:
        config.data.manifest = _MANIFEST.value
    return config


def _name_cpu_variant() -> None:
    """Without a GPU, names the smaller training where the config has one."""
    config = flags.FLAGS["config"]
    if not config.present:
        return
    smaller = config_files.cpu_variant(config.config_filename)
    if smaller is not None:
        cli.say(
            f"no GPU: {config.config_filename} is as large as in its paper, "
            f"and takes hours or days here; --config={smaller} is made for "
            "two processor cores"
        )


def _train(config: ConfigDict) -> None:
    process.prepare()
    # TensorFlow takes seconds to import: not for --help or a wrong flag.
    from nircolor_tf.export import start as starts
    from nircolor_tf.inference import models
    from nircolor_tf.training import cluster, trainer, warm_start

    if _START_FROM.value is not None:
        warm_start.check_new(_WORKDIR.value)
    strategy = cluster.make_strategy()
    start = None
    if _START_FROM.value is not None:
        # Before anything is made whose seeds it would change.
        start = starts.read(models.locate(_START_FROM.value))
    devices = strategy.extended.worker_devices
    if cluster.is_chief(strategy) and not any(
        "GPU" in each for each in devices
    ):
        _name_cpu_variant()
        if note := process.describe_imitation(config.train.precision):
            cli.say(note)
    method = trainer.train(
        config,
        _WORKDIR.value,
        strategy,
        _STOP_AT.value,
        start,
        cli.command_line(),
        _LOGGER.value,
    )
    steps, workdir = method.count_steps(), shlex.quote(_WORKDIR.value)
    if _STOP_AT.value and _STOP_AT.value < steps:
        cli.say(
            f"stopped before step {steps} as --stop_at says\n"
            f"  go on:    bin/train.py --workdir={workdir}"
        )
        return
    cli.say(
        f"trained; everything is in {_WORKDIR.value}\n"
        f"  watch:    tensorboard --logdir={workdir}\n"
        f"  evaluate: bin/evaluate.py --workdir={workdir} "
        f"--data={shlex.quote(config.data.manifest)} --split=val "
        "--output=DIR\n"
        f"  export:   bin/export.py --workdir={workdir} "
        "--output=saved_models/NAME"
    )
