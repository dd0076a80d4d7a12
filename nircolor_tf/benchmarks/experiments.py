"""The configs that are timed, read by name."""

import importlib.resources
from pathlib import Path

from ml_collections import ConfigDict

from nircolor_tf.training import config_files


def read(file: str, variant: str) -> ConfigDict:
    """Reads a config of the project, from a checkout or installed.

    Args:
        file: Its name in configs/, without the suffix.
        variant: '' for the file's own.
    """
    package = Path(str(importlib.resources.files("nircolor_tf")))
    places = [package / "configs", package.parent / "configs"]
    folder = next(place for place in places if place.is_dir())
    path = folder / f"{file}.py"
    return config_files.read(f"{path}:{variant}" if variant else str(path))
