"""CycleGAN (Zhu et al., ICCV 2017), the baseline of two of the papers.

    bin/train.py --config=configs/cyclegan.py:unet256 --workdir=DIR \
        --config.data.manifest=MANIFEST

`unet256` (the default): ATCycleGAN's Table I, 'CycleGAN: UNet256', with that
paper's loss weights, pairs and 800 epochs; reported on 18 images: 13.53 dB /
0.43 / 9.38 degrees.
`resnet`: ColorNet's Table 1, 'CycleGAN_ResNet', unpaired, on EPFL cut to
480x480 (bin/prepare_data.py --layout=epfl); reported on 57 images: MAE 0.1014,
15.55 dB / 0.6153. Its 'CycleGAN_UNet' (0.1559, 14.88 dB / 0.6141) is `unet256`
with --config.pairing=unpaired and --config.loss.cycle=10.

`,cpu` after a name is its row of the equal-budget table, by the rule of
docs/experiments.md: half the channels and half the resolution, phases in the
paper's proportion, bfloat16 and an average as for all rows. `,smoke` makes it
tiny, for tests.
"""

from ml_collections import ConfigDict

UNET256 = {
    "pairing": "paired",
    "network": {
        "name": "unet256",
        "filters": 64,
        "max_filters": 512,
        "levels": 8,
        "norm": "instance",
        "output_channels": 3,
        "activation": "sigmoid",
    },
    "loss": {"gan": 1.0, "cycle": 100.0, "pair": 60.0, "discriminator": 0.5},
    "schedule": {
        "epoch_images": 372,
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
        "output_channels": 3,
        "activation": "sigmoid",
    },
    "loss": {"gan": 1.0, "cycle": 10.0, "pair": 0.0, "discriminator": 0.5},
    "schedule": {
        "epoch_images": 706,
        "constant_epochs": 100,
        "decay_epochs": 100,
    },
}

CONFIG = {
    "method": "cyclegan",
    "seed": 0,
    "discriminator": {"name": "patch_gan", "filters": 64, "norm": "instance"},
    "gan": {"form": "least_squares", "pool_size": 50},
    "optimizer": {
        "beta_1": 0.5,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "weight_decay": 0.0,
    },
    "rate": {"peak": 2e-4},
    "inference": {"working_size": 0},
    "export": {
        "tflite": (),
        "sizes": (),
        "representative": 100,
        "least_db": {
            "float32": 80.0,
            "float16": 60.0,
            "dynamic": 40.0,
            "int8": 40.0,
        },
        "threads": 2,
    },
    "data": {
        "manifest": "",
        "description": "",
        "terms": "",
        # Read when config.pairing is 'unpaired'.
        "unpaired_from": ("pairs",),
        "batch_size": 1,
        "crop": 256,
        "value_range": (0.0, 1.0),
        "zoom": (1.28, 1.28),
        "zoom_probability": 0.8,
        "mirror_probability": 0.5,
        "contrast": (0.5, 1.5),
        "contrast_probability": 0.8,
        "gamma": (1.0, 1.0),
        "exposure": (1.0, 1.0),
        "noise": 0.0,
    },
    "train": {
        "mixed_bfloat16": False,
        "recompute": False,
        "average_decay": 0.0,
        "jit_compile": False,
        "deterministic": False,
        "log_every": 31,
        "evaluate_every": 3720,
        "checkpoint_every": 1860,
    },
    "evaluate": {
        "split": "val",
        "protocols": ("std", "hkbu"),
        "best_metric": "std/psnr",
        "paths": (),
        "grid_images": 6,
    },
}

SMOKE = {
    "network.filters": 8,
    "discriminator.filters": 8,
    "gan.pool_size": 3,
    "schedule.epoch_images": 2,
    "schedule.constant_epochs": 3,
    "schedule.decay_epochs": 1,
    "data.batch_size": 2,
    "data.crop": 32,
    "train.log_every": 1,
    "train.evaluate_every": 2,
    "train.checkpoint_every": 2,
    "evaluate.grid_images": 2,
}
SMOKE_GENERATORS = {
    "unet256": {"network.max_filters": 64, "network.levels": 4},
    "resnet": {"network.blocks": 2},
}

CPU = {
    "network.filters": 32,
    "rate.peak": 4e-4,
    "discriminator.filters": 32,
    "inference.working_size": 128,
    "data.crop": 128,
    "data.zoom": (0.5, 0.8),
    "data.zoom_probability": 1.0,
    "train.mixed_bfloat16": True,
    "train.average_decay": 0.995,
}
CPU_GENERATORS = {
    "unet256": {
        "network.max_filters": 256,
        "network.levels": 7,
        "schedule.epoch_images": 815,
        "schedule.constant_epochs": 11,
        "schedule.decay_epochs": 5,
        "train.evaluate_every": 652,
        "train.checkpoint_every": 652,
    },
    "resnet": {
        "schedule.epoch_images": 375,
        "schedule.constant_epochs": 8,
        "schedule.decay_epochs": 8,
        "train.evaluate_every": 300,
        "train.checkpoint_every": 300,
    },
}

GENERATORS = {"unet256": UNET256, "resnet": RESNET}
# What follows the name -> changes for both generators, and for each.
SIZES = {
    "": ({}, {name: {} for name in GENERATORS}),
    "cpu": (CPU, CPU_GENERATORS),
    "smoke": (SMOKE, SMOKE_GENERATORS),
}


def get_config(variant: str = "unet256") -> ConfigDict:
    generator, _, size = variant.partition(",")
    if generator not in GENERATORS or size not in SIZES:
        raise ValueError(
            f"configs/cyclegan.py:{variant}: expected 'unet256' or 'resnet', "
            "and ',cpu' or ',smoke' after it or nothing"
        )
    config = ConfigDict({**CONFIG, **GENERATORS[generator]})
    changes, of_generators = SIZES[size]
    config.update_from_flattened_dict({**changes, **of_generators[generator]})
    return config.lock()
