"""Whether trained models fit each other, before one is made of them.

The new model has one config, of which the steps around the networks follow.
What it takes from one model must be what the others were trained for.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from nircolor_tf.errors import InputError


def check(
    where: str,
    config: ConfigDict | Mapping[str, Any],
    expected: ConfigDict | Mapping[str, Any],
    owner: str,
    sections: Sequence[str] = ("inference",),
) -> None:
    """Compares every key of some sections, and the range of image values.

    Args:
        where: The config is, for the error.
        config: A whole experiment, or what `describe_config` returns of it.
        expected: The same, of the model that the new one takes them from.
        owner: Of that config, in words.
        sections: Without a section in them.

    Raises:
        InputError: They differ.
    """
    pairs = {
        "data.value_range": [
            tuple(one["data"]["value_range"]) for one in (config, expected)
        ]
    }
    for section in sections:
        own, other = (dict(one[section]) for one in (config, expected))
        for key in sorted(own.keys() | other.keys()):
            pairs[f"{section}.{key}"] = [own.get(key), other.get(key)]
    for key, (value, wanted) in pairs.items():
        if value != wanted:
            raise InputError(
                f"{where}: config.{key} is {value}; expected {wanted}, as "
                f"{owner}"
            )
