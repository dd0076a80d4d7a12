"""A colorizer, and the estimator of its error that was trained apart.

The estimator learned from the colors of another training, one of half of the
scenes (`methods/heteroscedastic.py`). Here it gets those that are exported.
"""

import os
from pathlib import Path

from ml_collections import ConfigDict

from nircolor_tf.errors import InputError
from nircolor_tf.methods.base import Method
from nircolor_tf.training import build, compatibility, restore

# Sections that are the estimator's; all others are the colorizer's.
_OF_ESTIMATOR = ("method", "error_network", "loss", "rate")


def load(
    workdir: str | os.PathLike,
    checkpoint: str,
    estimator: str | os.PathLike | None,
) -> tuple[Method, dict]:
    """Loads a trained method, with an estimator if there is one.

    Args:
        workdir: Of the colors.
        checkpoint: Of it, 'best' or 'latest'.
        estimator: Workdir of a method that estimates an error, of which the
            latest weights are taken; None for none.

    Returns:
        The method and the record of the colors' weights, as
        `restore.load_method` returns them.

    Raises:
        InputError: A workdir has no checkpoint; the first one is of an
            estimator, or the second one is not; their networks or their steps
            of inference differ.
    """
    method, record = restore.load_method(workdir, checkpoint)
    if method.error_path() is not None:
        raise InputError(
            f"{workdir}: has trained an estimator, whose colors are of other "
            f"images; expected --workdir=COLORS --estimator={workdir}"
        )
    if estimator is None:
        return method, record
    other, _ = restore.load_method(estimator, "latest")
    _check(method, other, Path(estimator))
    joined = build.make_method(_joined_config(method.config, other.config))
    for name, network in joined.networks.items():
        owner = method if name in method.networks else other
        network.set_weights(owner.networks[name].get_weights())
    return joined, record


def _check(method: Method, other: Method, estimator: Path) -> None:
    if other.error_path() is None:
        raise InputError(
            f"--estimator={estimator}: trained with the method "
            f"{other.config.method!r}; expected one that estimates its error, "
            "as configs/default.py:uncertain trains it"
        )
    compatibility.check(
        f"--estimator={estimator}",
        other.config,
        method.config,
        "the colors have it",
        ("network", "inference"),
    )


def _joined_config(colors: ConfigDict, estimator: ConfigDict) -> ConfigDict:
    own = {section: estimator.to_dict()[section] for section in _OF_ESTIMATOR}
    return ConfigDict(colors.to_dict() | own).lock()
