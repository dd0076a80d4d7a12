"""Configs of an older version, completed.

A workdir and an export keep the config that their training had. A key that is
younger than they are is missing in it; it gets the value with which today's
code does what the code did before that key. `ADDED` and its neighbors list
every such key. An older config has no number of its own: its keys tell which
of them it lacks. So does a config file of a user that lacks one.

To add a key to the configs, add a line here, and an older config to
tests/training/older_configs.json.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from nircolor_tf.errors import InputError


class Added(NamedTuple):
    """A key that configs did not always have.

    Attributes:
        since: The day from which on configs have it; the version was 0.1.0.
        key: 'section.key'.
        before: What the code did without it.
        methods: Those that read it; all of them if empty.
    """

    since: str
    key: str
    before: Any
    methods: tuple[str, ...] = ()


class Replaced(NamedTuple):
    """A key that another one took the place of.

    Attributes:
        since: The day from which on configs have the new one.
        old: 'section.key'.
        new: Its name in the same section.
        values: Old value -> new value.
    """

    since: str
    old: str
    new: str
    values: Mapping[Any, Any]


class AddedToNetwork(NamedTuple):
    """A key that the section of a network did not always have.

    Attributes:
        since: As `Added`.
        network: Its name in nircolor_tf.networks.
        key: Within the section.
        before: Section -> what the network did without the key.
    """

    since: str
    network: str
    key: str
    before: Callable[[ConfigDict], Any]


class RemovedFromNetwork(NamedTuple):
    """A key that the section of a network no longer has.

    Attributes:
        since: The day from which on configs lack it.
        network: Its name in nircolor_tf.networks.
        key: Within the section.
        kept: The value that the network still has.
    """

    since: str
    network: str
    key: str
    kept: Any


ADDED = (
    Added("2026-11-20", "inference.working_size", 0),
    Added("2026-11-20", "evaluate.paths", ()),
    Added("2026-11-20", "train.recompute", False),
    Added("2026-11-21", "export.tflite", ()),
    Added("2026-11-21", "export.sizes", ()),
    Added("2026-11-21", "export.representative", 100),
    Added("2026-11-21", "export.least_db.float32", 80.0),
    Added("2026-11-21", "export.least_db.float16", 60.0),
    Added("2026-11-21", "export.least_db.dynamic", 40.0),
    Added("2026-11-21", "export.least_db.int8", 40.0),
    Added("2026-11-21", "export.threads", 2),
    Added(
        "2026-11-21", "loss.shift", 0, ("colornet", "ensemble", "supervised")
    ),
    Added("2026-11-21", "data.exposure", (1.0, 1.0)),
    Added("2026-11-21", "data.noise", 0.0),
    Added("2026-11-22", "data.photo_probability", 0.0),
    Added("2026-11-28", "data.unpaired_from", ("pairs",)),
    Added(
        "2026-11-28",
        "data.sources",
        {
            group: {"share": 0.0, "zoom": (1.0, 1.0)}
            for group in ("vcip", "landscape", "town", "photo")
        },
    ),
    Added(
        "2026-11-28",
        "loss.mix_form",
        "pyramid",
        ("cocolor", "ensemble", "mpfnet", "supervised"),
    ),
    Added("2026-11-28", "gray_source", "unpaired", ("cocolor",)),
    Added("2026-11-29", "schedule.steady_epochs", 0, ("cocolor",)),
    Added("2026-11-28", "inference.mirror", False),
    Added("2026-11-28", "inference.guided_radius", 0),
    Added("2026-11-28", "inference.guided_epsilon", 5e-4),
    Added("2026-11-30", "inference.half_share", 0.0),
    Added("2026-11-30", "inference.least_mean", 0.0),
    Added("2026-11-30", "inference.stretch", False),
    Added("2026-11-30", "inference.whiten", False),
    Added("2026-11-28", "train.accumulate", 1),
    Added("2026-11-29", "train.prefetch", 1),
    Added("2026-11-29", "data.half", ""),
)

REPLACED = (
    Replaced(
        "2026-11-28",
        "train.mixed_bfloat16",
        "precision",
        {False: "float32", True: "bfloat16"},
    ),
)

ADDED_TO_NETWORKS = (
    AddedToNetwork("2026-11-21", "detail_unet", "from_image", lambda _: False),
    AddedToNetwork("2026-11-28", "acd", "aligned", lambda _: False),
    AddedToNetwork("2026-11-28", "linknet", "aligned", lambda _: False),
    AddedToNetwork("2026-11-28", "resnet", "aligned", lambda _: False),
    AddedToNetwork(
        "2026-11-21",
        "unet256",
        "max_filters",
        lambda network: 8 * network.filters,
    ),
)

REMOVED_FROM_NETWORKS = (
    RemovedFromNetwork("2026-11-21", "detail_unet", "norm", "batch"),
)


def complete(config: ConfigDict, where: str) -> None:
    """Gives a config the keys that are younger than it is.

    Args:
        config: A whole experiment; one of today stays as it is.
        where: It was, for the error.

    Raises:
        InputError: It has a value that no longer exists.
    """
    with config.unlocked():
        for added in ADDED:
            if not added.methods or config.get("method") in added.methods:
                _add(config, added.key.split("."), added.before)
        for replaced in REPLACED:
            _replace(config, replaced)
        for section, network in _networks(config):
            _complete_network(network, f"{where}, {section}")


def _add(config: ConfigDict, key: list[str], value: Any) -> None:
    *sections, last = key
    for section in sections:
        if section not in config:
            config[section] = ConfigDict()
        config = config[section]
    if last not in config:
        config[last] = value


def _replace(config: ConfigDict, replaced: Replaced) -> None:
    section, key = replaced.old.split(".")
    if key in config.get(section, {}):
        value = config[section][key]
        del config[section][key]
        config[section][replaced.new] = replaced.values[value]


def _networks(config: ConfigDict) -> list[tuple[str, ConfigDict]]:
    """The sections of the generators, and what they are called."""
    networks = [("network", config.network)] if "network" in config else []
    if "members" in config:
        networks += [
            (f"members.{name}", member)
            for name, member in config.members.items()
        ]
    return networks


def _complete_network(network: ConfigDict, where: str) -> None:
    name = network.get("name")
    for added in ADDED_TO_NETWORKS:
        if name == added.network and added.key not in network:
            network[added.key] = added.before(network)
    for removed in REMOVED_FROM_NETWORKS:
        if name == removed.network and removed.key in network:
            if network[removed.key] != removed.kept:
                raise InputError(
                    f"{where}.{removed.key} is {network[removed.key]!r}; "
                    f"expected {removed.kept!r}, the only one that {name!r} "
                    "still has: train again"
                )
            del network[removed.key]
