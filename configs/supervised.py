"""Supervised baselines: one network, pixel losses, registered pairs.

    bin/train.py --config=configs/supervised.py:unet256 --workdir=DIR \
        --config.data.manifest=MANIFEST

Data: the VCIP pairs, augmented as in ATCycleGAN.
Reported by ColorNet (Ma et al., Applied Sciences 2022) on 57 images of EPFL,
480x480, after 300 epochs of batch 16: S-Net (Table 1) MAE 0.1139, 16.58 dB /
0.5205. LinkNet and SCD of its Table 2 are variants of configs/colornet.py.

Variants: unet256 (the default), linknet, resnet, snet. After a name, `,cpu` is
its row of the equal-budget table: half the channels and the rule of
docs/experiments.md. `,smoke` makes it tiny, for tests: `unet256,smoke`.
"""

import common
from ml_collections import ConfigDict

ALIGNED = {"filters": 64, "aligned": True}
NETWORKS = {
    "unet256": {
        "name": "unet256",
        "filters": 64,
        "max_filters": 512,
        "levels": 8,
        "norm": "instance",
        **common.RGB,
    },
    "linknet": {"name": "linknet", "depth": 18, **ALIGNED, **common.RGB},
    "resnet": {"name": "resnet", "blocks": 9, **ALIGNED, **common.RGB},
    "snet": {
        "name": "snet",
        "filters": 64,
        "levels": 4,
        "assistant_levels": 1,
        **common.RGB,
    },
}

CONFIG = {
    "method": "supervised",
    "loss": {**common.PIXEL_LOSS, "l1": 1.0, "mix_alpha": 0.84},
    "rate": {"schedule": "constant", "peak": 1e-4, "warmup": 0.0},
    "data": {
        "batch_size": 16,
        "crop": 256,
        "zoom": (1.28, 1.28),
        **common.AUGMENTATION,
    },
    # 300 epochs of 290 pairs.
    "train": {"steps": 5400, **common.every(180)},
}

CPU = {
    "network": {"filters": 32},
    "rate": {"peak": 4e-4},
    "data": {"batch_size": 4},
}
SMOKE = {"network": {"filters": 8}, "train": {"steps": 4}}
SIZES = common.sizes(CPU, SMOKE)

BOTH = {
    "unet256,cpu": {
        "network": {"max_filters": 256, "levels": 7},
        "train": {"steps": 29060, **common.every(29060 // 20)},
    },
    "linknet,cpu": {"train": {"steps": 24120, **common.every(24120 // 20)}},
    "resnet,cpu": {
        "rate": {"peak": 2e-4},
        "train": {"steps": 7560, **common.every(7560 // 20)},
    },
    "snet,cpu": {"train": {"steps": 5860, **common.every(5860 // 20)}},
    "unet256,smoke": {"network": {"max_filters": 64, "levels": 4}},
    "resnet,smoke": {"network": {"blocks": 2}},
    "snet,smoke": {"network": {"levels": 3}},
}

VARIANTS = {
    name: common.merge(
        {"network": NETWORKS[network]}, SIZES[size], BOTH.get(name, {})
    )
    for name, network, size in common.combinations(NETWORKS, SIZES)
}


def get_config(variant: str = "unet256") -> ConfigDict:
    return common.make_config(__file__, CONFIG, VARIANTS, variant)
