"""CycleGAN (Zhu et al., ICCV 2017), the baseline of two of the papers.

    bin/train.py --config=configs/cyclegan.py:unet256 --workdir=DIR \
        --config.data.manifest=MANIFEST

`unet256` (the default): ATCycleGAN's Table I, 'CycleGAN: UNet256', with that
paper's loss weights, pairs and 800 epochs. Reported on 18 images: 13.53 dB /
0.43 / 9.38 degrees.
`resnet`: ColorNet's Table 1, 'CycleGAN_ResNet', unpaired, on EPFL cut to
480x480 (bin/prepare_data.py --layout=epfl). Reported on 57 images: MAE 0.1014,
15.55 dB / 0.6153. Its 'CycleGAN_UNet' (0.1559, 14.88 dB / 0.6141) is `unet256`
with --config.pairing=unpaired --config.loss.cycle=10
--config.schedule.constant_epochs=100 --config.schedule.decay_epochs=100.

After a name, `,cpu` is its row of the equal-budget table: half the channels and
the rule of docs/experiments.md. `,smoke` makes it tiny, for tests.
"""

import common
from ml_collections import ConfigDict

UNET256 = {
    "pairing": "paired",
    "network": {
        "name": "unet256",
        "filters": 64,
        "max_filters": 512,
        "levels": 8,
        "norm": "instance",
        **common.RGB,
    },
    "loss": {"gan": 1.0, "cycle": 100.0, "pair": 60.0, "discriminator": 0.5},
    "schedule": {
        "epoch_images": 0,
        "constant_epochs": 550,
        "decay_epochs": 250,
    },
}

# The CycleGAN paper's own loss weights and epochs (appendix 7.1).
RESNET = {
    "pairing": "unpaired",
    "network": {
        "name": "resnet",
        "filters": 64,
        "blocks": 9,
        "aligned": True,
        **common.RGB,
    },
    "loss": {"gan": 1.0, "cycle": 10.0, "pair": 0.0, "discriminator": 0.5},
    "schedule": {
        "epoch_images": 0,
        "constant_epochs": 100,
        "decay_epochs": 100,
    },
}

CONFIG = {
    "method": "cyclegan",
    "discriminator": {"name": "patch_gan", "filters": 64, "norm": "instance"},
    "gan": {"form": "least_squares", "pool_size": 50},
    "optimizer": {"beta_1": 0.5},
    "rate": {"peak": 2e-4},
    "data": {
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

CPU = {
    "network": {"filters": 32},
    "discriminator": {"filters": 32},
    "rate": {"peak": 4e-4},
}
SMOKE = {
    "network": {"filters": 8},
    "discriminator": {"filters": 8},
    "gan": {"pool_size": 3},
    "schedule": {"epoch_images": 2, "constant_epochs": 3, "decay_epochs": 1},
}
SIZES = common.sizes(CPU, SMOKE)

GENERATORS = {"unet256": UNET256, "resnet": RESNET}
BOTH = {
    "unet256,cpu": {
        "network": {"max_filters": 256, "levels": 7},
        "schedule": {
            "epoch_images": 815,
            "constant_epochs": 11,
            "decay_epochs": 5,
        },
        "train": common.every(16 * 815 // 20),
    },
    "resnet,cpu": {
        "schedule": {
            "epoch_images": 375,
            "constant_epochs": 8,
            "decay_epochs": 8,
        },
        "train": common.every(16 * 375 // 20),
    },
    "unet256,smoke": {"network": {"max_filters": 64, "levels": 4}},
    "resnet,smoke": {"network": {"blocks": 2}},
}

VARIANTS = {
    name: common.merge(GENERATORS[generator], SIZES[size], BOTH.get(name, {}))
    for name, generator, size in common.combinations(GENERATORS, SIZES)
}


def get_config(variant: str = "unet256") -> ConfigDict:
    return common.make_config(__file__, CONFIG, VARIANTS, variant)
