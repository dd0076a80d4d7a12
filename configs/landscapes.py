"""A small U-Net for landscapes, taught by the mean of three others.

    # The teacher: networks that err each in its own way.
    bin/train.py --config=configs/supervised.py:unet256,cpu --workdir=runs/unet
    bin/train.py --config=configs/landscapes.py:color --workdir=runs/color
    bin/train.py --config=configs/landscapes.py:detail --workdir=runs/detail
    bin/combine.py --members=runs/unet,runs/color,runs/detail --workdir=runs/all
    bin/export.py --workdir=runs/all --output=runs/teacher
    # Its colors of images that nobody has colored, and a student of them.
    bin/distill.py --teacher=runs/teacher --data=MANIFEST --output=data/taught \
        --variations=5 --photos --saturation=1.15
    bin/train.py --config=configs/landscapes.py --workdir=runs/student
    # Two ways on from the student, and the mean of all three.
    bin/train.py --config=configs/landscapes.py:photos --workdir=runs/photos \
        --start_from=runs/student
    bin/train.py --config=configs/landscapes.py:pairs --workdir=runs/pairs \
        --start_from=runs/student --stop_at=1000
    bin/combine.py --members=runs/photos,runs/pairs,runs/student \
        --shares=2,3,3 --checkpoint=latest --workdir=runs/landscapes

Trainings take --config.data.manifest=data/taught/manifest.csv for the student,
MANIFEST for the others; it has photos (bin/prepare_data.py --unpaired=FOLDER).
`:color` trains on real pairs alone. `:detail` predicts a change of the NIR
image, so that an unknown color stays gray. `:photos` goes on half on photos
with their own colors and imitated NIR, `:pairs` on pairs alone. `:demo` learns
synthetic pairs in float32, since many processors only emulate bfloat16.
`:smoke` makes it tiny, for tests.
"""

import common
from ml_collections import ConfigDict

CONFIG = {
    "method": "supervised",
    "network": {
        "name": "detail_unet",
        "filters": 32,
        "max_filters": 192,
        "levels": 6,
        "dropout": 0.1,
        "from_image": False,
        **common.RGB,
    },
    "loss": {**common.PIXEL_LOSS, "l1": 0.5, "chroma": 1.0, "mix": 0.5},
    "optimizer": {"epsilon": 1e-7},
    "rate": {"schedule": "cosine", "peak": 5e-4, "warmup": 0.02},
    "data": {
        "batch_size": 4,
        "crop": 128,
        "zoom": (0.5, 0.8),
        "zoom_probability": 1.0,
        "mirror_probability": 0.5,
        "contrast": (0.6, 1.4),
        "contrast_probability": 0.4,
    },
    "train": {
        "steps": 9500,
        "precision": "bfloat16",
        "average_decay": 0.998,
        "log_every": 25,
        **common.every(500),
    },
    "inference": {"working_size": 128},
}

COLOR = {
    "loss": {"chroma": 0.0},
    "network": {"max_filters": 128, "dropout": 0.2},
    "rate": {"schedule": "constant", "peak": 4e-4},
    "data": {"contrast_probability": 0.8, "gamma": (0.75, 1.33)},
    "train": {"steps": 9000},
}
LARGE_BATCH = {
    "loss": {"l1": 0.0, "mix": 1.0},
    "optimizer": {"weight_decay": 0.05},
    "rate": {"schedule": "cosine", "peak": 1e-3},
    "data": {"batch_size": 16},
}
DETAIL = {
    "loss": {"l2": 2.0},
    "network": {"from_image": True, "dropout": 0.3},
    "train": {"steps": 1000, **common.every(100)},
}
PHOTOS = {
    "seed": 1,
    "rate": {"peak": 3e-4},
    "data": {**COLOR["data"], "photo_probability": 0.5},
    "train": {"steps": 4000},
}
PAIRS = {
    "seed": 2,
    "network": {"dropout": 0.2},
    "rate": {"peak": 2e-4},
    "data": {"contrast": (0.5, 1.5), "contrast_probability": 0.8},
    "train": {"steps": 1500, **common.every(250)},
}
DEMO = {
    "network": {"filters": 16, "max_filters": 64, "levels": 5},
    "data": {"crop": 96, "zoom": (0.75, 1.4)},
    "inference": {"working_size": 192},
    "train": {"steps": 900, "precision": "float32", **common.every(300)},
}
SMOKE = {
    "network": {"filters": 8, "max_filters": 16, "levels": 4},
    "train": {"steps": 4},
}

VARIANTS = {
    "": {},
    "color": COLOR,
    "detail": common.merge(COLOR, LARGE_BATCH, DETAIL),
    "photos": PHOTOS,
    "pairs": PAIRS,
    "demo": common.merge(COLOR, LARGE_BATCH, DEMO),
    "smoke": common.merge(common.SMOKE, SMOKE),
}


def get_config(variant: str = "") -> ConfigDict:
    return common.make_config(__file__, CONFIG, VARIANTS, variant)
