"""The weights of an export by the name of their network, in Keras' format.

    weights/
        colorizer.weights.h5    of `method.colorizer`, and likewise for every
                                other network of the exported paths

A new training starts from them (`export/start.py`). Keras finds each weight
by the names of the layers that lead to it.
"""

from collections.abc import Iterable
from pathlib import Path

import keras
import numpy as np

from nircolor_tf.errors import ExportError, InputError
from nircolor_tf.methods.base import Method

FOLDER = "weights"


def file_name(network: str) -> str:
    """Returns the file of a network's weights, relative to the export."""
    return f"{FOLDER}/{network}.weights.h5"


def write(method: Method, networks: Iterable[str], folder: Path) -> None:
    """Writes the weights of networks and reads each file again.

    Args:
        method: Whose networks.
        networks: Their names.
        folder: The export.

    Raises:
        ExportError: A file does not hold the weights.
    """
    (folder / FOLDER).mkdir()
    for name in networks:
        network = method.networks[name]
        file = folder / file_name(name)
        network.save_weights(file)
        _verify(network, file)


def read(method: Method, networks: Iterable[str], folder: Path) -> None:
    """Gives networks the weights that an export holds under their names.

    Args:
        method: To change.
        networks: Their names.
        folder: The export.

    Raises:
        InputError: A file is missing or damaged, or is of another network.
    """
    for name in networks:
        file = folder / file_name(name)
        if not file.is_file():
            raise InputError(f"{file}: missing; expected the weights of {name}")
        _load(method.networks[name], file)


def _load(network: keras.Model, file: Path) -> None:
    try:
        network.load_weights(file)
    # Keras has one for each way in which a file does not fit.
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{file}: not the weights of the network in the card's config: "
            f"{reason}; start from its workdir"
        ) from error


def _verify(network: keras.Model, file: Path) -> None:
    """Loads a file into the network that it was written from."""
    weights = network.get_weights()
    # Where the file lacks a weight, the network keeps this in its place.
    network.set_weights([np.full_like(weight, np.nan) for weight in weights])
    try:
        network.load_weights(file)
        equal = all(map(np.array_equal, network.get_weights(), weights))
    except ValueError:  # a layer is missing in the file
        equal = False
    finally:
        network.set_weights(weights)
    if not equal:
        raise ExportError(
            f"{file.name} does not hold the weights of the network. Nothing "
            "was written"
        )
