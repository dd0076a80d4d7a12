"""What is wrong with a config, said before anything is built or written."""

from collections.abc import Sequence

from ml_collections import ConfigDict

from nircolor_tf.errors import InputError
from nircolor_tf.evaluation.protocols import PROTOCOLS
from nircolor_tf.methods.base import Phase

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
    size = config.data.batch_size
    _check("data.batch_size", size, size >= 1, "at least 1")
    _check(
        "data.batch_size",
        size,
        size % replicas == 0,
        f"a multiple of the {replicas} devices",
    )
    for key in ("log_every", "evaluate_every", "checkpoint_every"):
        value = config.train[key]
        _check(f"train.{key}", value, value >= 1, "at least 1")
    for key, value in config.get("schedule", {}).items():
        _check(f"schedule.{key}", value, value >= 0, "at least 0")
    weights = {
        key: weight
        for key, weight in config.loss.items()
        if not key.endswith("_alpha") and key != "shift"
    }
    _check("loss", weights, any(weights.values()), "a weight that is not 0")
    noise = config.data.noise
    _check("data.noise", noise, 0 <= noise <= 1, "0 to 1")
    for key in ("zoom", "contrast", "gamma", "exposure"):
        value = config.data[key]
        valid = len(value) == 2 and 0 < value[0] <= value[1]
        _check(f"data.{key}", value, valid, "two numbers, 0 < low <= high")
    for protocol in config.evaluate.protocols:
        known = protocol in PROTOCOLS
        _check("evaluate.protocols", protocol, known, " or ".join(PROTOCOLS))
    best = [
        f"{p}/{m}" for p in config.evaluate.protocols for m in _BEST_METRICS
    ]
    metric = config.evaluate.best_metric
    _check("evaluate.best_metric", metric, metric in best, " or ".join(best))

    if "gan" in config and "pool_size" in config.gan:
        size, images = config.gan.pool_size, config.data.batch_size // replicas
        valid = size == 0 or size >= images
        expected = f"0, or at least a device's batch of {images}"
        _check("gan.pool_size", size, valid, expected)
    sources = config.data.get("unpaired_from", ("pairs",))
    known = bool(sources) and set(sources) <= {"photos", "pairs"}
    _check("data.unpaired_from", sources, known, "'photos', 'pairs' or both")


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
