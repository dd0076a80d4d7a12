"""Three small U-Nets, averaged; never trained to the end.

    bin/train.py --config=configs/ensemble.py --workdir=DIR \
        --config.data.manifest=MANIFEST

Two of the three predict a change of the NIR image, so that an area of unknown
color stays gray. The third is free in its brightness (docs/experiments.md).
bin/combine.py makes an ensemble of members that were trained apart.
`:smoke` makes it tiny, for tests.
"""

import common
from ml_collections import ConfigDict

DETAIL_UNET = {
    "name": "detail_unet",
    "filters": 32,
    "max_filters": 128,
    "levels": 6,
    "dropout": 0.2,
    "from_image": False,
    **common.RGB,
}
FROM_IMAGE = {**DETAIL_UNET, "from_image": True}
MEMBERS = {"first": DETAIL_UNET, "second": FROM_IMAGE, "third": FROM_IMAGE}

CONFIG = {
    "method": "ensemble",
    "members": MEMBERS,
    "loss": {**common.PIXEL_LOSS, "l2": 2.0, "mix": 1.0},
    "optimizer": {"epsilon": 1e-7, "weight_decay": 0.05},
    "rate": {"schedule": "cosine", "peak": 1e-3, "warmup": 0.02},
    "data": {
        "batch_size": 16,
        "crop": 192,
        "zoom": (0.75, 1.4),
        "zoom_probability": 1.0,
        "mirror_probability": 0.5,
        "contrast": (0.6, 1.4),
        "contrast_probability": 0.8,
        "gamma": (0.75, 1.33),
        "exposure": (0.85, 1.18),
        "noise": 0.03,
    },
    "train": {
        "steps": 1500,
        "precision": "bfloat16",
        "average_decay": 0.998,
        "log_every": 25,
        **common.every(150),
    },
    "inference": {"working_size": 256},
}

TINY = {"filters": 8, "max_filters": 16, "levels": 2, "dropout": 0.0}
SMOKE = {"members": dict.fromkeys(MEMBERS, TINY), "train": {"steps": 4}}

VARIANTS = {"": {}, "smoke": common.merge(common.SMOKE, SMOKE)}


def get_config(variant: str = "") -> ConfigDict:
    return common.make_config(__file__, CONFIG, VARIANTS, variant)
