"""Tiny experiments that the training tests run."""

import runpy
from pathlib import Path

import pytest
from ml_collections import ConfigDict

from nircolor_tf.training import config_files

CONFIGS = Path(__file__).parents[1] / "configs"
FILES = sorted(
    path.stem for path in CONFIGS.glob("*.py") if path.stem != "common"
)

# (config file, variant): every method in METHODS is among them.
SMOKE = (
    ("supervised", "unet256,smoke"),
    ("supervised", "linknet,smoke"),
    ("supervised", "resnet,smoke"),
    ("supervised", "snet,smoke"),
    ("landscapes", "smoke"),
    ("ensemble", "smoke"),
    ("default", "smoke"),
    ("default", "uncertain,smoke"),
    ("vivid", "smoke"),
    ("colornet", "smoke"),
    ("atcyclegan", "smoke"),
    ("cyclegan", "unet256,smoke"),
    ("cyclegan", "resnet,smoke"),
    ("dcgan", "smoke"),
    ("mpfnet", "smoke"),
    ("cocolor", "smoke"),
)

# What these show in minutes, the others show again in the slow tests.
QUICK = (
    ("landscapes", "smoke"),
    ("colornet", "smoke"),
    ("atcyclegan", "smoke"),
    ("dcgan", "smoke"),
    ("cocolor", "smoke"),
)


def experiments(quick):
    """The experiments as test parameters, slow unless among the quick ones."""
    return [
        pytest.param(
            *experiment,
            marks=() if experiment in quick else pytest.mark.slow,
            id="-".join(experiment),
        )
        for experiment in SMOKE
    ]


def load_module(name: str) -> dict:
    """The names that a file in configs/ defines."""
    file = CONFIGS / f"{name}.py"
    with config_files.importable_common(file):
        return runpy.run_path(str(file))


def load_config(name: str, variant: str) -> ConfigDict:
    return load_module(name)["get_config"](variant)


def flatten(config: ConfigDict, prefix: str = ""):
    """Yields 'section.key' and value."""
    for key, value in config.items():
        if isinstance(value, ConfigDict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def smoke_config(name: str, variant: str, manifest: str = "") -> ConfigDict:
    """A smoke config with a moving average and a rate that shows."""
    config = load_config(name, variant)
    config.data.manifest = str(manifest)
    config.train.average_decay = 0.9
    config.rate.peak = 1e-3
    return config


def tiny_config(manifest: str = "") -> ConfigDict:
    """What trains and exports soonest: two levels, one loss, in float32."""
    config = smoke_config("landscapes", "smoke", manifest)
    config.network.levels = 2
    config.loss.update(l1=1.0, chroma=0.0, mix=0.0)
    config.train.precision = "float32"
    config.evaluate.protocols = ("std",)
    return config
