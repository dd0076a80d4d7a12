"""Whether trained models fit each other, before one is made of them.

The new model has one config, of which the steps around the networks follow.
What it takes from one model must be what the others were trained for.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from nircolor_tf.errors import InputError

# Keys of a network that change its training, not what its weights compute.
_OF_TRAINING = ("dropout", "encoder_rate", "pretrained")


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


def check_network(
    where: str,
    config: ConfigDict | Mapping[str, Any],
    expected: ConfigDict | Mapping[str, Any],
    owner: str,
) -> None:
    """Compares the keys of a network that decide what its weights compute.

    Weights of the right shapes are not enough: another activation, or another
    place of a decoder's pixels, has the same.

    Args:
        where: As for `check`.
        config: As for `check`; without a section `network` all is well.
        expected: Likewise.
        owner: As for `check`.

    Raises:
        InputError: They differ.
    """
    own, other = (
        {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in dict(one.get("network", {})).items()
            if key not in _OF_TRAINING
        }
        for one in (config, expected)
    )
    for key in sorted(own.keys() & other.keys()):
        if own[key] != other[key]:
            raise InputError(
                f"{where}: config.network.{key} is {own[key]}; expected "
                f"{other[key]}, as {owner}"
            )
