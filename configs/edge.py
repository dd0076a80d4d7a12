"""A student for cameras: 2.3 M parameters, 8 bit when exported.

    bin/distill.py --teacher=default --data=MANIFEST --output=data/taught \
        --variations=7 --photos
    bin/train.py --config=configs/edge.py --workdir=runs/edge \
        --config.data.manifest=data/taught/manifest.csv
    bin/export.py --workdir=runs/edge --weights=float16 \
        --output=saved_models/edge

It learns from the default model, from new weights; the best on validation are
exported, as the last are worse (docs/log.md). MANIFEST is that of
scenes-strict with photos (bin/prepare_data.py --layout=scenes
--unpaired=FOLDER). `:smoke` makes it tiny, for tests.
"""

import common
from ml_collections import ConfigDict

CONFIG = {
    "method": "supervised",
    "network": {
        "name": "edge_unet",
        "aligned": True,
        "filters": (24, 64, 96, 112, 128, 128),
        "detail_filters": 12,
        "dropout": 0.1,
        **common.RGB,
    },
    "loss": common.LITE_UNET["loss"],
    "optimizer": {"epsilon": 1e-7, "weight_decay": 0.05},
    "rate": {"schedule": "cosine", "peak": 1e-3, "warmup": 0.05},
    # As the default model, seen at the size of this one.
    "data": {
        **common.LITE_UNET["data"],
        "crop": 192,
        "zoom": (0.75, 1.3),
        "sources": {
            "vcip": {"share": 0.3, "zoom": (0.75, 1.3)},
            "landscape": {"share": 0.25, "zoom": (0.48, 1.1)},
            "town": {"share": 0.2, "zoom": (0.48, 1.1)},
            "photo": {"share": 0.25, "zoom": (0.75, 1.5)},
        },
    },
    "train": {
        "steps": 6000,
        "precision": "bfloat16",
        "average_decay": 0.998,
        "log_every": 25,
        **common.every(500),
    },
    "evaluate": {"protocols": ("std",)},
    "inference": {"working_size": 256, "least_mean": 0.35, "stretch": True},
    "export": {"tflite": ("dynamic", "int8"), "sizes": ("256x256",)},
}

SMOKE = {
    "network": {"filters": (8, 8, 16, 16), "detail_filters": 4},
    "data": common.NO_SHARES,
    "train": {"steps": 4},
    "export": {"sizes": ("32x32",), "representative": 4},
}

VARIANTS = {"": {}, "smoke": common.merge(common.SMOKE, SMOKE)}


def get_config(variant: str = "") -> ConfigDict:
    return common.make_config(__file__, CONFIG, VARIANTS, variant)
