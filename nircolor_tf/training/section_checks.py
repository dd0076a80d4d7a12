"""What may be wrong with the sections that only some methods have.

Which of them a method has, `Method.config_keys` says.
"""

import inspect
from typing import Any

from ml_collections import ConfigDict

from nircolor_tf.errors import InputError
from nircolor_tf.losses import MIX_LOSSES
from nircolor_tf.networks import NETWORKS
from nircolor_tf.networks.layers import ACTIVATIONS


def expect(key: str, value: Any, valid: bool, expected: str) -> None:
    """Refuses a value of the config unless it is valid.

    Args:
        key: 'section.key'.
        value: It has.
        valid: Whether it may have that.
        expected: What it may have, in words.

    Raises:
        InputError: It is not valid; the message has all of these.
    """
    if not valid:
        raise InputError(f"config.{key} is {value!r}; expected {expected}")


def _check_loss(config: ConfigDict, section: str) -> None:
    weights = {}
    for key, value in config[section].items():
        if key.endswith("_alpha"):
            expect(f"{section}.{key}", value, 0 <= value <= 1, "0 to 1")
        elif key == "mix_form":
            names = f"one of {', '.join(MIX_LOSSES)}"
            expect(f"{section}.{key}", value, value in MIX_LOSSES, names)
        elif key != "shift":
            expect(f"{section}.{key}", value, value >= 0, "at least 0")
            weights[key] = value
    expect(section, weights, any(weights.values()), "a weight that is not 0")


def _check_optimizer(config: ConfigDict, section: str) -> None:
    for key, value in config[section].items():
        name = f"{section}.{key}"
        if key.startswith("beta"):
            expect(name, value, 0 <= value < 1, "0 to less than 1")
        elif key == "epsilon":
            expect(name, value, value > 0, "more than 0")
        else:
            expect(name, value, value >= 0, "at least 0")


def _check_rate(config: ConfigDict, section: str) -> None:
    peak = config[section].peak
    expect(f"{section}.peak", peak, peak > 0, "more than 0")


def _check_schedule(config: ConfigDict, section: str) -> None:
    for key, value in config[section].items():
        expect(f"{section}.{key}", value, value >= 0, "at least 0")


def _check_members(config: ConfigDict, section: str) -> None:
    for name in config[section]:
        _check_network(config, f"{section}.{name}")


def _check_network(config: ConfigDict, key: str) -> None:
    """Checks that a colorizer makes images of config.data.value_range."""
    network = config
    for part in key.split("."):
        network = network[part]
    names = f"one of {', '.join(sorted(NETWORKS))}"
    expect(f"{key}.name", network.name, network.name in NETWORKS, names)
    parameters = inspect.signature(NETWORKS[network.name]).parameters
    if "activation" not in parameters or "activation" not in network:
        # Its own is fixed; or the key is missing, which make_network refuses.
        return
    activation, value_range = network.activation, config.data.value_range
    names = " or ".join(map(repr, ACTIVATIONS))
    expect(f"{key}.activation", activation, activation in ACTIVATIONS, names)
    of_network = ACTIVATIONS[activation]
    expect(
        "data.value_range",
        value_range,
        tuple(value_range) == of_network,
        f"{of_network}, what config.{key}.activation makes",
    )


def _check_gray_source(config: ConfigDict, section: str) -> None:
    names = ("paired", "unpaired")
    value = config[section]
    expect(section, value, value in names, " or ".join(map(repr, names)))


# Section -> (config, section) -> None, which raises InputError.
SECTION_CHECKS = {
    "discriminator_optimizer": _check_optimizer,
    "discriminator_rate": _check_rate,
    "error_network": _check_network,
    "gray_source": _check_gray_source,
    "loss": _check_loss,
    "members": _check_members,
    "network": _check_network,
    "optimizer": _check_optimizer,
    "rate": _check_rate,
    "schedule": _check_schedule,
}
