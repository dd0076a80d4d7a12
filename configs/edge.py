"""A student for cameras: 2 M parameters, 8 bit when exported.

    bin/distill.py --teacher=TEACHER --data=MANIFEST --output=data/taught \
        --variations=5 --photos --saturation=1.15
    bin/train.py --config=configs/edge.py --workdir=DIR \
        --config.data.manifest=data/taught/manifest.csv
    bin/export.py --workdir=DIR --output=saved_models/edge

TEACHER is any export. The teacher of the shipped student is that of
configs/landscapes.py. The student also trains on real pairs alone,
then with more contrast and gamma. `:smoke` makes it tiny, for tests.
"""

import common
from ml_collections import ConfigDict

CONFIG = {
    "method": "supervised",
    "network": {
        "name": "edge_unet",
        "filters": (24, 64, 96, 112, 128, 128),
        "detail_filters": 12,
        "dropout": 0.1,
        **common.RGB,
    },
    "loss": {**common.PIXEL_LOSS, "mix": 1.0},
    "optimizer": {"epsilon": 1e-7, "weight_decay": 0.05},
    "rate": {"schedule": "cosine", "peak": 1e-3, "warmup": 0.02},
    "data": {
        "batch_size": 16,
        "crop": 192,
        "zoom": (0.75, 1.4),
        "zoom_probability": 1.0,
        "mirror_probability": 0.5,
        "contrast": (0.6, 1.4),
        "contrast_probability": 0.4,
    },
    "train": {
        "steps": 2400,
        "precision": "bfloat16",
        "average_decay": 0.998,
        "log_every": 25,
        **common.every(150),
    },
    "inference": {"working_size": 256},
    "export": {"tflite": ("dynamic", "int8"), "sizes": ("256x256",)},
}

SMOKE = {
    "network": {"filters": (8, 8, 16, 16), "detail_filters": 4},
    "train": {"steps": 4},
    "export": {"sizes": ("32x32",), "representative": 4},
}

VARIANTS = {"": {}, "smoke": common.merge(common.SMOKE, SMOKE)}


def get_config(variant: str = "") -> ConfigDict:
    return common.make_config(__file__, CONFIG, VARIANTS, variant)
