"""A student for cameras: 2 M parameters, 8 bit when exported.

    # Of landscapes alone, by the teacher of configs/landscapes.py.
    bin/distill.py --teacher=TEACHER --data=MANIFEST --output=data/taught \
        --variations=5 --photos --saturation=1.15
    bin/train.py --config=configs/edge.py:landscapes --workdir=runs/landscapes \
        --config.data.manifest=data/taught/manifest.csv

    # Twice from there: towns and rooms, too, by the default model.
    bin/distill.py --teacher=default --data=SCENES --output=data/scenes
    bin/train.py --config=configs/edge.py --workdir=runs/first \
        --start_from=runs/landscapes --config.seed=1 \
        --config.data.manifest=data/scenes/manifest.csv
    bin/train.py --config=configs/edge.py --workdir=runs/second \
        --start_from=runs/landscapes --config.seed=2 \
        --config.data.manifest=data/scenes/manifest.csv

    # The mean of the weights of the three.
    bin/combine.py --members=runs/second,runs/first,runs/landscapes \
        --shares=1,1,1 --workdir=runs/edge
    bin/export.py --workdir=runs/edge --weights=float16 \
        --output=saved_models/edge

MANIFEST is that of vcip-strict, SCENES that of scenes-strict, both with photos.
The student also trains on real pairs alone, then with more contrast and gamma.
`:smoke` makes it tiny, for tests.
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
    "optimizer": {"epsilon": 1e-7, "weight_decay": 0.05},
    "inference": {"working_size": 256},
    "export": {"tflite": ("dynamic", "int8"), "sizes": ("256x256",)},
}

LANDSCAPES = {
    "loss": {**common.PIXEL_LOSS, "mix": 1.0},
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
}

# As the default model, seen at the size of this one.
SCENES = {
    "loss": common.LITE_UNET["loss"],
    "rate": {"schedule": "cosine", "peak": 7e-4, "warmup": 0.05},
    "data": {
        **common.LITE_UNET["data"],
        "crop": 192,
        "exposure": (0.75, 1.35),
        "zoom": (0.75, 1.3),
        "sources": {
            "vcip": {"share": 0.3, "zoom": (0.75, 1.3)},
            "landscape": {"share": 0.25, "zoom": (0.48, 1.1)},
            "town": {"share": 0.2, "zoom": (0.48, 1.1)},
            "photo": {"share": 0.25, "zoom": (0.75, 1.5)},
        },
    },
    "train": {
        "steps": 1000,
        "average_decay": 0.998,
        "log_every": 25,
        **common.every(250),
    },
    "evaluate": {"protocols": ("std",)},
}

SMOKE = {
    "network": {"filters": (8, 8, 16, 16), "detail_filters": 4},
    "data": common.NO_SHARES,
    "train": {"steps": 4},
    "export": {"sizes": ("32x32",), "representative": 4},
}

VARIANTS = {
    "": SCENES,
    "landscapes": LANDSCAPES,
    "smoke": common.merge(SCENES, common.SMOKE, SMOKE),
}


def get_config(variant: str = "") -> ConfigDict:
    return common.make_config(__file__, CONFIG, VARIANTS, variant)
