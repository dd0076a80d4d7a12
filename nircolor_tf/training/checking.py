"""Checks a config before anything is built or written."""

import functools
from collections.abc import Sequence

from ml_collections import ConfigDict

from nircolor_tf.data import halves, pipeline
from nircolor_tf.errors import InputError
from nircolor_tf.losses import SSIM_WINDOW
from nircolor_tf.methods import METHODS
from nircolor_tf.methods.base import Method, Phase
from nircolor_tf.metrics.protocols import PROTOCOLS
from nircolor_tf.training import config_files
from nircolor_tf.training.section_checks import SECTION_CHECKS, expect

# A larger value of these is better, so that the best can be kept.
_BEST_METRICS = ("psnr", "ssim")
# In which networks compute -> Keras' name of it.
PRECISIONS = {
    "float32": "float32",
    "bfloat16": "mixed_bfloat16",
    "float16": "mixed_float16",
}
_STEP_COUNTS = ("log_every", "evaluate_every", "checkpoint_every")
_PROBABILITIES = (
    "photo_probability",
    "zoom_probability",
    "mirror_probability",
    "contrast_probability",
    "noise",
)
_SMALLEST_BOX = 4  # px
_LIMITS = ("zoom", "contrast", "gamma", "exposure")


def method_class(config: ConfigDict) -> type[Method]:
    """Returns the method that `config.method` names.

    Args:
        config: A whole experiment.

    Raises:
        InputError: The name is unknown, or the config lacks a key that the
            method reads.
    """
    if config.method not in METHODS:
        raise InputError(
            f"config.method is {config.method!r}; expected one of "
            f"{', '.join(sorted(METHODS))}"
        )
    method = METHODS[config.method]
    for key in method.config_keys:
        if key not in config:
            raise InputError(
                f"config.{key} is missing; expected it, as the method "
                f"{config.method!r} reads it"
            )
    return method


def check_config(config: ConfigDict, replicas: int) -> None:
    """Checks a config as far as no network is needed for it.

    Args:
        config: A whole experiment.
        replicas: Devices that share a batch.

    Raises:
        InputError: The message names the key, its value and what was expected.
    """
    with config_files.malformed_named("config.method"):
        config_keys = method_class(config).config_keys
    sections = {
        "seed": lambda: _check_seed(config.seed),
        "data": lambda: _check_data(config.data, replicas),
        "train": lambda: _check_train(config.train),
        "evaluate": lambda: _check_evaluate(config.evaluate),
        "inference": lambda: _check_inference(config.inference),
    }
    for key in ("optimizer", *config_keys):
        if key in SECTION_CHECKS:
            sections[key] = functools.partial(SECTION_CHECKS[key], config, key)
    for key, check in sections.items():
        with config_files.malformed_named(f"config.{key}"):
            check()


def _check_seed(seed: int) -> None:
    # What is drawn adds to it, in int32.
    expect("seed", seed, 0 <= seed <= 10**9, "0 to 1000000000")


def _check_data(data: ConfigDict, replicas: int) -> None:
    if not data.manifest:
        raise InputError(
            "config.data.manifest is empty; give the manifest.csv that "
            "bin/prepare_data.py wrote: --config.data.manifest=FILE"
        )
    size = data.batch_size
    expect("data.batch_size", size, size >= 1, "at least 1")
    expect(
        "data.batch_size",
        size,
        size % replicas == 0,
        f"a multiple of the {replicas} devices; CUDA_VISIBLE_DEVICES=0 trains "
        "on one GPU alone",
    )
    for key in _PROBABILITIES:
        expect(f"data.{key}", data[key], 0 <= data[key] <= 1, "0 to 1")
    for key in _LIMITS:
        value = data[key]
        valid = len(value) == 2 and 0 < value[0] <= value[1]
        expect(f"data.{key}", value, valid, "two numbers, 0 < low <= high")
    _check_box("data.zoom", data.zoom, data.crop)
    expected = "'', 'first' or 'second'"
    expect("data.half", data.half, data.half in halves.HALVES, expected)
    _check_sources(data)
    sources = data.unpaired_from
    known = bool(sources) and set(sources) <= {"photos", "pairs"}
    expect("data.unpaired_from", sources, known, "'photos', 'pairs' or both")


def _check_box(key: str, zoom: Sequence[float], crop: int) -> None:
    """Refuses zooms at which a crop shows next to nothing."""
    expect(
        key,
        zoom,
        crop / zoom[1] >= _SMALLEST_BOX,
        f"at most {crop / _SMALLEST_BOX:g}, data.crop / {_SMALLEST_BOX}: "
        f"{_SMALLEST_BOX} px of an image for a crop",
    )


def _check_sources(data: ConfigDict) -> None:
    """Checks the shares of the groups of the training images."""
    known = (*pipeline.GROUPS, "photo")
    for group, source in data.sources.items():
        key = f"data.sources.{group}"
        expect(key, source, group in known, f"one of {', '.join(known)}")
        expect(f"{key}.share", source.share, source.share >= 0, "at least 0")
        valid = len(source.zoom) == 2 and 0 < source.zoom[0] <= source.zoom[1]
        expected = "two numbers, 0 < low <= high"
        expect(f"{key}.zoom", source.zoom, valid, expected)
        _check_box(f"{key}.zoom", source.zoom, data.crop)
    share = data.photo_probability
    valid = not (share and pipeline.has_shares(data))
    expect("data.photo_probability", share, valid, "0 with data.sources")


def _check_train(train: ConfigDict) -> None:
    for key in _STEP_COUNTS:
        expect(f"train.{key}", train[key], train[key] >= 1, "at least 1")
    expect("train.prefetch", train.prefetch, train.prefetch >= 0, "at least 0")
    decay = train.average_decay
    expect("train.average_decay", decay, 0 <= decay < 1, "0 to less than 1")


def check_step(config: ConfigDict, replicas: int) -> None:
    """Checks what decides how a step computes, whatever the data.

    Args:
        config: A whole experiment.
        replicas: Devices that share a batch.

    Raises:
        InputError: As `check_config`.
    """
    precision = config.train.precision
    known = precision in PRECISIONS
    expect("train.precision", precision, known, " or ".join(PRECISIONS))
    parts, size = config.train.accumulate, config.data.batch_size
    valid = parts >= 1 and size % (parts * replicas) == 0
    expected = (
        f"1 or more, and the batch of {size} a multiple of it times the "
        f"{replicas} devices"
    )
    expect("train.accumulate", parts, valid, expected)
    # XLA knows the variables of one device alone.
    compiled = config.train.jit_compile
    valid = not compiled or replicas == 1
    expected = f"False with {replicas} devices"
    expect("train.jit_compile", compiled, valid, expected)


def _check_evaluate(evaluate: ConfigDict) -> None:
    for protocol in evaluate.protocols:
        known = protocol in PROTOCOLS
        expect("evaluate.protocols", protocol, known, " or ".join(PROTOCOLS))
    best = [
        f"{protocol}/{metric}"
        for protocol in evaluate.protocols
        for metric in _BEST_METRICS
    ]
    metric = evaluate.best_metric
    expect("evaluate.best_metric", metric, metric in best, " or ".join(best))
    count = evaluate.grid_images
    expect("evaluate.grid_images", count, count >= 0, "at least 0")


def _check_inference(inference: ConfigDict) -> None:
    for key in ("working_size", "guided_radius"):
        size = inference[key]
        expect(f"inference.{key}", size, size >= 0, "at least 0")
    for key in ("half_share", "least_mean"):
        value = inference[key]
        expect(f"inference.{key}", value, 0 <= value <= 1, "0 to 1")
    share = inference.half_share
    halved = share == 0 or inference.working_size >= 2
    expect("inference.half_share", share, halved, "0 without a working_size")
    epsilon = inference.guided_epsilon
    expect("inference.guided_epsilon", epsilon, epsilon > 0, "more than 0")


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


def check_crop(method: Method) -> None:
    """Checks that the networks and the loss take config.data.crop.

    Raises:
        InputError: It is no multiple of the method's `size_multiple`, or less
            than the `minimum_size` of a network that has one, or than the
            window of MS-SSIM.
    """
    crop, multiple = method.config.data.crop, method.size_multiple
    valid = crop >= 1 and crop % multiple == 0
    expected = f"a multiple of {multiple}, which config.network takes"
    expect("data.crop", crop, valid, expected)
    for name, network in method.networks.items():
        least = getattr(network, "minimum_size", 1)
        expected = f"at least {least}, which its {name} takes"
        expect("data.crop", crop, crop >= least, expected)
    loss = method.config.loss
    if loss.get("mix_form") == "pyramid" and loss.get("mix", 1.0):
        expected = f"at least {SSIM_WINDOW}, the window of loss.mix_form"
        expect("data.crop", crop, crop >= SSIM_WINDOW, expected)
