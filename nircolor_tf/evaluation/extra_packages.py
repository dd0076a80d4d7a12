"""Packages of the extra `perceptual`, and the weights of their networks.

The reference packages of the metrics, `lpips` and `torch-fidelity`, run on
PyTorch. Weights are downloaded when first used.
"""

import importlib
import types
from pathlib import Path, PurePosixPath

from nircolor_tf.errors import InputError


def load(metric: str, name: str) -> types.ModuleType:
    """Imports a package.

    Args:
        metric: Which needs it, as `--perceptual` names it.
        name: Of the package, or of a module in it.

    Raises:
        InputError: It is not installed, or its import fails.
    """
    try:
        return importlib.import_module(name)
    # The latter two: torch and torchvision that do not fit each other.
    except (ImportError, OSError, RuntimeError) as error:
        raise InputError(
            f"--perceptual={metric} needs {name}: pip install "
            f"'nircolor-tf[perceptual]'. Importing it says: {error}"
        ) from error


def load_weights(metric: str, network: str, url: str) -> None:
    """Downloads a network's weights, unless they lie where torch keeps them.

    The packages would, too, but their errors do not say what to do.

    Args:
        metric: Which needs them, as `--perceptual` names it.
        network: Its name, for the error.
        url: Of the file.

    Raises:
        InputError: There is no network, or the file is damaged.
    """
    torch = load(metric, "torch")
    file = Path(torch.hub.get_dir(), "checkpoints", PurePosixPath(url).name)
    try:
        torch.hub.load_state_dict_from_url(
            url, map_location="cpu", check_hash=True
        )
    except Exception as error:  # of the network, the disk, pickle or torch
        raise InputError(
            f"--perceptual={metric}: the {network} weights cannot be loaded: "
            f"{type(error).__name__}: {error}. They are downloaded once, from "
            f"{url} to {file}: run this where there is a network, or put the "
            "file there"
        ) from error
