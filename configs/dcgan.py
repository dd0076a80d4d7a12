"""DCGAN (Suarez et al., PAAMS 2017) as published.

    bin/train.py --config=configs/dcgan.py --workdir=DIR \
        --config.data.manifest=MANIFEST

Data: 64x64 patches of the 'urban' photos of EPFL RGB-NIR Scene, in a folder
that holds this one category:
    bin/prepare_data.py --source=FOLDER --layout=epfl --patch=64 --output=DATA
The paper cut 64,200 patches to train and 12,800 to validate from 116 photos.
`:cpu` is its row of the equal-budget table, by the rule of docs/experiments.md:
half the channels and half the resolution, and the augmentation that every row
has. The patches stay 64x64, the size that its discriminator is made for, 16 a
batch: as many pixels as the 4 crops of the others. It departs from the paper in
the game, which is the non-saturating one with an L1 term of pix2pix's weight
(Isola et al., CVPR 2017): with the log form alone the discriminator is sure
after some hundred steps and the generator stands still (docs/experiments.md).
`:smoke` is tiny, for tests.
Reported: angular error 9.86 degrees, standard deviation 5.31, over all pixels
of the validation patches.
"""

from ml_collections import ConfigDict

CONFIG = {
    "method": "dcgan",
    "seed": 0,
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
    "loss": {
        "gan": 1.0,
        "discriminator": 1.0,
        "l1": 0.0,
        "weight_decay": 1e-5,
    },
    # Their weight_decay is AdamW's; the paper's is loss.weight_decay.
    "optimizer": {
        "beta_1": 0.4,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "weight_decay": 0.0,
    },
    "rate": {"schedule": "constant", "peak": 1e-4, "warmup": 0.0},
    "discriminator_optimizer": {
        "beta_1": 0.5,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "weight_decay": 0.0,
    },
    "discriminator_rate": {"schedule": "constant", "peak": 2e-4, "warmup": 0.0},
    "data": {
        "manifest": "",
        "description": "",
        "terms": "",
        "batch_size": 128,
        "crop": 64,
        "value_range": (-1.0, 1.0),
        "zoom": (1.0, 1.0),
        "zoom_probability": 0.0,
        "mirror_probability": 0.0,
        "contrast": (1.0, 1.0),
        "contrast_probability": 0.0,
        "gamma": (1.0, 1.0),
        "exposure": (1.0, 1.0),
        "noise": 0.0,
    },
    "train": {
        "steps": 50200,  # 100 epochs of 64,200 patches
        "mixed_bfloat16": False,
        "recompute": False,
        "average_decay": 0.0,
        "jit_compile": False,
        "deterministic": False,
        "log_every": 20,
        "evaluate_every": 502,
        "checkpoint_every": 502,
    },
    "evaluate": {
        "split": "val",
        "protocols": ("std", "hkbu"),
        "best_metric": "std/psnr",
        "paths": (),
        "grid_images": 6,
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
}

SMOKE = {
    "network.filters": 8,
    # Before training BatchNorm divides by 1, and 0.0081 leaves no signal.
    "network.initial_std": 0.1,
    "discriminator.filters": 8,
    "data.batch_size": 2,
    "data.crop": 32,
    "train.steps": 4,
    "train.log_every": 1,
    "train.evaluate_every": 2,
    "train.checkpoint_every": 2,
    "evaluate.grid_images": 2,
}

CPU = {
    "network.filters": 32,
    "discriminator.filters": 32,
    "gan.form": "non_saturating",
    "loss.l1": 100.0,
    "rate.peak": 2e-4,
    "discriminator_rate.peak": 4e-4,
    "inference.working_size": 128,
    "data.batch_size": 16,
    "data.zoom": (0.5, 0.8),
    "data.zoom_probability": 1.0,
    "data.mirror_probability": 0.5,
    "data.contrast": (0.5, 1.5),
    "data.contrast_probability": 0.8,
    "train.steps": 37440,
    "train.mixed_bfloat16": True,
    "train.average_decay": 0.995,
    "train.evaluate_every": 1872,
    "train.checkpoint_every": 1872,
}

VARIANTS = {"": {}, "cpu": CPU, "smoke": SMOKE}


def get_config(variant: str = "") -> ConfigDict:
    if variant not in VARIANTS:
        raise ValueError(
            f"configs/dcgan.py:{variant}: expected ':cpu', ':smoke' or nothing"
        )
    config = ConfigDict(CONFIG)
    config.update_from_flattened_dict(VARIANTS[variant])
    return config.lock()
