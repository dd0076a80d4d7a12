"""ATCycleGAN (Yang & Chen, VCIP 2020) as published.

    bin/train.py --config=configs/atcyclegan.py --workdir=DIR \
        --config.data.manifest=MANIFEST

Data: the VCIP pairs and photos without NIR; a manifest with both comes from
bin/prepare_data.py --unpaired=FOLDER. 800 epochs of 372 single images: 250 on
pairs, 300 alternating, 250 while the rate falls to 0.
Reported on the 18 official validation images: 17.14 dB / 0.52 / 5.93 degrees;
which images stand in for them: docs/experiments.md.

`:submission` has the loss weights of the authors' challenge submission (cycle
10, pair 60). `:cpu` is its row of the equal-budget table, by the rule of
docs/experiments.md: half the channels and half the resolution, phases in the
paper's proportion, bfloat16 and an average as for all rows. `:smoke` makes it
tiny, for tests.
"""

from ml_collections import ConfigDict

CONFIG = {
    "method": "atcyclegan",
    "seed": 0,
    "network": {
        "name": "cross_scale_unet",
        "filters": 64,
        "levels": 8,
        "output_channels": 3,
        "activation": "sigmoid",
    },
    "discriminator": {"name": "patch_gan", "filters": 64, "norm": "spectral"},
    "gan": {"form": "least_squares", "pool_size": 50},
    "loss": {"gan": 1.0, "cycle": 100.0, "pair": 60.0, "discriminator": 0.5},
    "optimizer": {
        "beta_1": 0.5,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "weight_decay": 0.0,
    },
    "rate": {"peak": 2e-4},
    "schedule": {
        "epoch_images": 372,
        "unpaired_epoch_images": 372,
        "paired_epochs": 250,
        "alternating_epochs": 300,
        "decay_epochs": 250,
    },
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
        "unpaired_from": ("photos",),
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

SUBMISSION = {"loss.cycle": 10.0}

SMOKE = {
    "network.filters": 8,
    "network.levels": 5,
    "discriminator.filters": 8,
    "gan.pool_size": 3,
    "schedule.epoch_images": 2,
    "schedule.unpaired_epoch_images": 2,
    "schedule.paired_epochs": 1,
    "schedule.alternating_epochs": 2,
    "schedule.decay_epochs": 1,
    "data.unpaired_from": ("photos", "pairs"),
    "data.batch_size": 2,
    "data.crop": 32,
    "train.log_every": 1,
    "train.evaluate_every": 2,
    "train.checkpoint_every": 2,
    "evaluate.grid_images": 2,
}

CPU = {
    "network.filters": 32,
    "network.levels": 7,
    "discriminator.filters": 32,
    "schedule.epoch_images": 330,
    "schedule.unpaired_epoch_images": 330,
    "schedule.paired_epochs": 10,
    "schedule.alternating_epochs": 12,
    "schedule.decay_epochs": 10,
    "inference.working_size": 128,
    "data.crop": 128,
    "data.zoom": (0.5, 0.8),
    "data.zoom_probability": 1.0,
    "train.mixed_bfloat16": True,
    "train.average_decay": 0.995,
    "train.evaluate_every": 528,
    "train.checkpoint_every": 528,
}

VARIANTS = {"": {}, "submission": SUBMISSION, "cpu": CPU, "smoke": SMOKE}


def get_config(variant: str = "") -> ConfigDict:
    if variant not in VARIANTS:
        raise ValueError(
            f"configs/atcyclegan.py:{variant}: expected ':submission', "
            "':cpu', ':smoke' or nothing"
        )
    config = ConfigDict(CONFIG)
    config.update_from_flattened_dict(VARIANTS[variant])
    return config.lock()
