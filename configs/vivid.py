"""A vivid sibling of the default model, for people rather than for PSNR.

    bin/train.py --config=configs/vivid.py --workdir=runs/vivid \
        --start_from=default --config.data.manifest=MANIFEST
    bin/export.py --workdir=runs/vivid --checkpoint=latest \
        --output=saved_models/vivid

It goes on from the default model, on the same images; the manifest is that of
configs/default.py. None is shipped: --saturation does as much (docs/log.md).
`:smoke` makes it tiny, for tests.
"""

import common
from ml_collections import ConfigDict

CONFIG = {
    **common.LITE_UNET,
    "method": "vivid",
    "discriminator": {"name": "patch_gan", "filters": 32, "norm": "spectral"},
    "gan": {"form": "least_squares", "chroma_gain": 10.0},
    "loss": {
        **common.LITE_UNET["loss"],
        "gan": 0.1,
        "discriminator": 1.0,
    },
    "optimizer": {"beta_1": 0.5, "epsilon": 1e-7},
    "rate": {"schedule": "cosine", "peak": 2e-4, "warmup": 0.1},
    "discriminator_rate": {
        "schedule": "cosine",
        "peak": 4e-4,
        "warmup": 0.0,
    },
    "train": {
        "steps": 1200,
        "average_decay": 0.995,
        "log_every": 25,
        **common.every(300),
    },
}

SMOKE = common.merge(common.SMOKE_LITE_UNET, {"discriminator": {"filters": 8}})

VARIANTS = {"": {}, "smoke": SMOKE}


def get_config(variant: str = "") -> ConfigDict:
    return common.make_config(__file__, CONFIG, VARIANTS, variant)
