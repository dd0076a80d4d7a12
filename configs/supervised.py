"""Supervised baselines: one network, pixel losses, registered pairs.

    bin/train.py --config=configs/supervised.py:unet256 --workdir=DIR \
        --config.data.manifest=MANIFEST

Variants: unet256 (the default; SCD in ColorNet's Table 2), linknet, resnet,
snet. After a name, `,cpu` is its row of the equal-budget table, by the rule of
docs/experiments.md: half the channels and half the resolution, batch, rate and
average as for all rows. `,smoke` makes it tiny, for tests: `unet256,smoke`.
ColorNet reports on EPFL (480x480, 57 images), after 300 epochs of batch 16:
LinkNet 17.13 dB / 0.5368 (Table 2), and the same MAE 0.1139, 16.58 dB / 0.5205
for both S-Net (Table 1) and SCD (Table 2).
"""

from ml_collections import ConfigDict

NETWORKS = {
    "unet256": {
        "name": "unet256",
        "filters": 64,
        "max_filters": 512,
        "levels": 8,
        "norm": "instance",
        "output_channels": 3,
        "activation": "sigmoid",
    },
    "linknet": {
        "name": "linknet",
        "depth": 34,
        "filters": 64,
        "output_channels": 3,
        "activation": "sigmoid",
    },
    "resnet": {
        "name": "resnet",
        "filters": 64,
        "blocks": 9,
        "output_channels": 3,
        "activation": "sigmoid",
    },
    "snet": {
        "name": "snet",
        "filters": 64,
        "levels": 4,
        "assistant_levels": 1,
        "output_channels": 3,
        "activation": "sigmoid",
    },
}

CONFIG = {
    "method": "supervised",
    "seed": 0,
    "loss": {
        "l1": 1.0,
        "l2": 0.0,
        "chroma": 0.0,
        "mix": 0.0,
        "mix_alpha": 0.84,
        "shift": 0,
    },
    "optimizer": {
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "weight_decay": 0.0,
    },
    "rate": {"schedule": "constant", "peak": 1e-4, "warmup": 0.0},
    "data": {
        "manifest": "",
        "description": "",
        "terms": "",
        "batch_size": 16,
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
        "steps": 5400,  # 300 epochs of 290 pairs
        "mixed_bfloat16": False,
        "recompute": False,
        "average_decay": 0.0,
        "jit_compile": False,
        "deterministic": False,
        "log_every": 20,
        "evaluate_every": 180,
        "checkpoint_every": 180,
    },
    "evaluate": {
        "split": "val",
        "protocols": ("std", "hkbu"),
        "best_metric": "std/psnr",
        "paths": (),
        "grid_images": 6,
    },
    "inference": {"mirror": False, "working_size": 0},
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
    "data.batch_size": 2,
    "data.crop": 32,
    "train.steps": 4,
    "train.log_every": 1,
    "train.evaluate_every": 2,
    "train.checkpoint_every": 2,
    "evaluate.grid_images": 2,
}
SMOKE_NETWORKS = {
    "unet256": {
        "network.filters": 8,
        "network.max_filters": 64,
        "network.levels": 4,
    },
    "linknet": {"network.filters": 8, "network.depth": 18},
    "resnet": {"network.filters": 8, "network.blocks": 2},
    "snet": {"network.filters": 8, "network.levels": 3},
}

CPU = {
    "network.filters": 32,
    "rate.peak": 2e-4,
    "inference.working_size": 128,
    "data.crop": 128,
    "data.zoom": (0.5, 0.8),
    "data.zoom_probability": 1.0,
    "data.batch_size": 4,
    "train.mixed_bfloat16": True,
    "train.average_decay": 0.995,
}
CPU_NETWORKS = {
    "unet256": {
        "network.max_filters": 256,
        "network.levels": 7,
        "rate.peak": 4e-4,
        "train.steps": 29060,
        "train.evaluate_every": 1453,
        "train.checkpoint_every": 1453,
    },
    "linknet": {
        "rate.peak": 4e-4,
        "train.steps": 24120,
        "train.evaluate_every": 1206,
        "train.checkpoint_every": 1206,
    },
    "resnet": {
        "train.steps": 7560,
        "train.evaluate_every": 378,
        "train.checkpoint_every": 378,
    },
    "snet": {
        "rate.peak": 4e-4,
        "train.steps": 5860,
        "train.evaluate_every": 293,
        "train.checkpoint_every": 293,
    },
}

# What follows the name -> changes for all networks, and for each it is for.
SIZES = {
    "": ({}, {name: {} for name in NETWORKS}),
    "cpu": (CPU, CPU_NETWORKS),
    "smoke": (SMOKE, SMOKE_NETWORKS),
}


def get_config(variant: str = "unet256") -> ConfigDict:
    network, _, size = variant.partition(",")
    changes, of_networks = SIZES.get(size, ({}, {}))
    if network not in of_networks:
        raise ValueError(
            f"configs/supervised.py:{variant}: expected one of "
            f"{', '.join(NETWORKS)}; then nothing, ',cpu' or ',smoke'"
        )
    config = ConfigDict({**CONFIG, "network": NETWORKS[network]})
    config.update_from_flattened_dict({**changes, **of_networks[network]})
    return config.lock()
