"""Checks a config before anything is built or written."""

from collections.abc import Sequence

from ml_collections import ConfigDict

from nircolor_tf.errors import InputError
from nircolor_tf.methods.base import Phase
from nircolor_tf.metrics.protocols import PROTOCOLS
from nircolor_tf.networks.layers import ACTIVATIONS

# A larger value of these is better, so that the best can be kept.
_BEST_METRICS = ("psnr", "ssim")


def check_config(config: ConfigDict, replicas: int) -> None:
    """Checks what does not depend on the method.

    Args:
        config: A whole experiment.
        replicas: Devices that share a batch.

    Raises:
        InputError: The message names the key, its value and what was expected.
    """
    if not config.data.manifest:
        raise InputError(
            "config.data.manifest is empty; give the manifest.csv that "
            "bin/prepare_data.py wrote: --config.data.manifest=FILE"
        )
    _check_batch(config, replicas)
    for key in ("log_every", "evaluate_every", "checkpoint_every"):
        value = config.train[key]
        _check(f"train.{key}", value, value >= 1, "at least 1")
    decay = config.train.average_decay
    _check("train.average_decay", decay, 0 <= decay < 1, "0 to less than 1")
    for key, value in config.get("schedule", {}).items():
        _check(f"schedule.{key}", value, value >= 0, "at least 0")
    for section in ("rate", "discriminator_rate"):
        if section in config:
            peak = config[section].peak
            _check(f"{section}.peak", peak, peak > 0, "more than 0")
    _check_losses(config.loss)
    _check_images(config)
    _check_evaluation(config.evaluate)


def _check_batch(config: ConfigDict, replicas: int) -> None:
    size = config.data.batch_size
    _check("data.batch_size", size, size >= 1, "at least 1")
    _check(
        "data.batch_size",
        size,
        size % replicas == 0,
        f"a multiple of the {replicas} devices",
    )
    if "gan" in config and "pool_size" in config.gan:
        history, images = config.gan.pool_size, size // replicas
        valid = history == 0 or history >= images
        expected = f"0, or at least a device's batch of {images}"
        _check("gan.pool_size", history, valid, expected)


def _check_losses(loss: ConfigDict) -> None:
    weights = {}
    for key, value in loss.items():
        if key.endswith("_alpha"):
            _check(f"loss.{key}", value, 0 <= value <= 1, "0 to 1")
        elif key != "shift":
            _check(f"loss.{key}", value, value >= 0, "at least 0")
            weights[key] = value
    _check("loss", weights, any(weights.values()), "a weight that is not 0")


def _check_images(config: ConfigDict) -> None:
    """Checks the images that are read, and that a network can make such."""
    data = config.data
    for key, value in data.items():
        if key.endswith("_probability") or key == "noise":
            _check(f"data.{key}", value, 0 <= value <= 1, "0 to 1")
    for key in ("zoom", "contrast", "gamma", "exposure"):
        value = data[key]
        valid = len(value) == 2 and 0 < value[0] <= value[1]
        _check(f"data.{key}", value, valid, "two numbers, 0 < low <= high")
    sources = data.get("unpaired_from", ("pairs",))
    known = bool(sources) and set(sources) <= {"photos", "pairs"}
    _check("data.unpaired_from", sources, known, "'photos', 'pairs' or both")
    members = config.get("members", {})
    networks = {f"members.{name}": member for name, member in members.items()}
    if "network" in config:
        networks["network"] = config.network
    for section, network in networks.items():
        if "activation" in network:
            _check_activation(section, network.activation, data.value_range)


def _check_activation(
    section: str, activation: str, value_range: Sequence[float]
) -> None:
    known = " or ".join(map(repr, ACTIVATIONS))
    valid = activation in ACTIVATIONS
    _check(f"{section}.activation", activation, valid, known)
    made = ACTIVATIONS[activation]
    expected = f"{made}, what config.{section}.activation makes"
    _check(
        "data.value_range", value_range, tuple(value_range) == made, expected
    )


def _check_evaluation(evaluate: ConfigDict) -> None:
    for protocol in evaluate.protocols:
        known = protocol in PROTOCOLS
        _check("evaluate.protocols", protocol, known, " or ".join(PROTOCOLS))
    best = [f"{p}/{m}" for p in evaluate.protocols for m in _BEST_METRICS]
    metric = evaluate.best_metric
    _check("evaluate.best_metric", metric, metric in best, " or ".join(best))


def check_phases(phases: Sequence[Phase]) -> None:
    """Checks that there is something to train.

    Raises:
        InputError: The phases have no step.
    """
    lengths = {phase.name: phase.steps for phase in phases}
    if min(lengths.values(), default=0) < 0 or sum(lengths.values()) < 1:
        raise InputError(
            f"config.train or config.schedule gives the phases {lengths} "
            "steps; expected none below 0 and at least 1 in all"
        )


def check_crop(config: ConfigDict, size_multiple: int) -> None:
    """Checks that the network takes config.data.crop.

    Raises:
        InputError: It is no multiple of `size_multiple`.
    """
    crop = config.data.crop
    valid = crop >= 1 and crop % size_multiple == 0
    expected = f"a multiple of {size_multiple}, which config.network takes"
    _check("data.crop", crop, valid, expected)


def _check(key: str, value, valid: bool, expected: str) -> None:
    if not valid:
        raise InputError(f"config.{key} is {value!r}; expected {expected}")
