"""ATCycleGAN (Yang & Chen, VCIP 2020) as published, else [ours].

    bin/train.py --config=configs/atcyclegan.py --workdir=DIR \
        --config.data.manifest=MANIFEST

Data: the VCIP pairs and photos without NIR; a manifest with both comes from
bin/prepare_data.py --unpaired=FOLDER. 800 epochs of single images, as many
as there are pairs: 250 on pairs, 300 alternating, 250 while the rate falls to
0.
Reported on the 18 official validation images: 17.14 dB / 0.52 / 5.93 degrees;
docs/experiments.md says which images stand in for them.

`:submission` has the loss weights of the authors' challenge submission (cycle
10, pair 60). `:photo_epochs` has unpaired epochs of 1,020 steps, as many as the
challenge has photos, as the times in the paper suggest. `:cpu` is its row of
the equal-budget table: half the channels, the paper's proportion of the phases
and the rule of docs/experiments.md. `:smoke` makes it tiny, for tests.
"""

import common
from ml_collections import ConfigDict

CONFIG = {
    "method": "atcyclegan",
    "network": {
        "name": "cross_scale_unet",
        "filters": 64,
        "levels": 8,
        **common.RGB,
    },
    "discriminator": {"name": "patch_gan", "filters": 64, "norm": "spectral"},
    "gan": {"form": "least_squares", "pool_size": 50},
    "loss": {"gan": 1.0, "cycle": 100.0, "pair": 60.0, "discriminator": 0.5},
    "optimizer": {"beta_1": 0.5},
    "rate": {"peak": 2e-4},
    "schedule": {
        # As many as the manifest has pairs.
        "epoch_images": 0,
        # As many as a paired one.
        "unpaired_epoch_images": 0,
        "paired_epochs": 250,
        "alternating_epochs": 300,
        "decay_epochs": 250,
    },
    "data": {
        "unpaired_from": ("photos",),
        "batch_size": 1,
        "crop": 256,
        "zoom": (1.28, 1.28),
        **common.AUGMENTATION,
    },
    "train": {
        "log_every": 31,
        "evaluate_every": 3720,
        "checkpoint_every": 1860,
    },
}

SUBMISSION = {"loss": {"cycle": 10.0}}
# An unpaired epoch draws as often as the challenge has photos without NIR.
PHOTO_EPOCHS = {"schedule": {"unpaired_epoch_images": 1020}}

SMOKE = {
    "network": {"filters": 8, "levels": 5},
    "discriminator": {"filters": 8},
    "gan": {"pool_size": 3},
    "schedule": {
        "epoch_images": 2,
        "unpaired_epoch_images": 2,
        "paired_epochs": 1,
        "alternating_epochs": 2,
        "decay_epochs": 1,
    },
    "data": {"unpaired_from": ("photos", "pairs")},
}

CPU = {
    "network": {"filters": 32, "levels": 7},
    "discriminator": {"filters": 32},
    "schedule": {
        "epoch_images": 330,
        "unpaired_epoch_images": 330,
        "paired_epochs": 10,
        "alternating_epochs": 12,
        "decay_epochs": 10,
    },
    "train": common.every(32 * 330 // 20),
}

VARIANTS = {
    **common.sizes(CPU, SMOKE),
    "submission": SUBMISSION,
    "photo_epochs": PHOTO_EPOCHS,
}


def get_config(variant: str = "") -> ConfigDict:
    return common.make_config(__file__, CONFIG, VARIANTS, variant)
