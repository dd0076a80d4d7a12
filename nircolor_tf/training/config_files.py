"""A config file, read without a command line."""

from absl import flags
from ml_collections import ConfigDict, config_flags

from nircolor_tf.errors import InputError


def read(name: str) -> ConfigDict:
    """Reads a config as bin/train.py does.

    Args:
        name: FILE.py or FILE.py:VARIANT.

    Raises:
        InputError: There is no such file or variant.
    """
    values = flags.FlagValues()
    config_flags.DEFINE_config_file("config", flag_values=values)
    try:
        values(["read", f"--config={name}"])
        return values.config.lock()
    except (flags.Error, OSError, ValueError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise InputError(f"config {name!r}: {reason}") from error
