"""DCGAN (Suarez et al., PAAMS 2017) as published, else [ours].

    bin/train.py --config=configs/dcgan.py --workdir=DIR \
        --config.data.manifest=MANIFEST

Data: 64x64 patches of the 'urban' photos of EPFL RGB-NIR Scene, from a folder
that holds this one category:
    bin/prepare_data.py --source=FOLDER --layout=epfl --patch=64 --output=DATA
The paper cut 64,200 patches to train and 12,800 to validate from 116 images,
which may be 58 pairs.
Reported over all pixels of the validation patches: angular error 9.86 degrees,
standard deviation 5.31.

`:cpu` is its row of the equal-budget table: half the channels and the rule of
docs/experiments.md. Patches stay 64x64, the size that its discriminator takes;
16 of them have the pixels of 4 crops of the other rows. It departs from the
paper in the loss: non-saturating, with an L1 term of pix2pix's weight (Isola et
al., CVPR 2017). With the log form alone the discriminator is sure after some
hundred steps, and the generator stands still (docs/log.md).
`:smoke` is tiny, for tests.
"""

import common
from ml_collections import ConfigDict

# Its weight_decay is AdamW's; the paper's is loss.weight_decay.
ADAM = common.COMMON["optimizer"]

CONFIG = {
    "method": "dcgan",
    "network": {
        "name": "dcgan_generator",
        "filters": 64,
        "initial_std": 0.0081,
    },
    "discriminator": {
        "name": "dcgan_discriminator",
        "filters": 64,
        "initial_std": 0.0081,
    },
    "gan": {"form": "log"},
    "loss": {"gan": 1.0, "discriminator": 1.0, "l1": 0.0, "weight_decay": 1e-5},
    "optimizer": {"beta_1": 0.4},
    "rate": {"schedule": "constant", "peak": 1e-4, "warmup": 0.0},
    "discriminator_optimizer": {**ADAM, "beta_1": 0.5},
    "discriminator_rate": {"schedule": "constant", "peak": 2e-4, "warmup": 0.0},
    "data": {"batch_size": 128, "crop": 64, "value_range": (-1.0, 1.0)},
    # 100 epochs of the paper's 64,200 patches; the game has a length in steps.
    "train": {"steps": 50200, **common.every(502)},
}

SMOKE = {
    # Before training BatchNorm divides by 1, and 0.0081 leaves no signal.
    "network": {"filters": 8, "initial_std": 0.1},
    "discriminator": {"filters": 8},
    "train": {"steps": 4},
}

CPU = {
    "network": {"filters": 32},
    "discriminator": {"filters": 32},
    "gan": {"form": "non_saturating"},
    "loss": {"l1": 100.0},
    "rate": {"peak": 2e-4},
    "discriminator_rate": {"peak": 4e-4},
    "data": {"batch_size": 16, "crop": 64},
    "train": {"steps": 37440, **common.every(37440 // 20)},
}

VARIANTS = common.sizes(CPU, SMOKE)


def get_config(variant: str = "") -> ConfigDict:
    return common.make_config(__file__, CONFIG, VARIANTS, variant)
