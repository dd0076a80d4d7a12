"""A student for cameras: 2 M parameters, 8 bit when exported.

    bin/distill.py --teacher=TEACHER --data=MANIFEST --output=data/taught \
        --variations=5 --photos --saturation=1.15
    bin/train.py --config=configs/edge.py --workdir=DIR \
        --config.data.manifest=data/taught/manifest.csv
    bin/export.py --workdir=DIR --output=saved_models/edge

TEACHER is any export; the shipped student's is the shipped model's, see
configs/default.py. It trains on real pairs alone, too, with more contrast and
gamma. `:smoke` makes it tiny, for tests.
"""

from ml_collections import ConfigDict

CONFIG = {
    "method": "supervised",
    "seed": 0,
    "network": {
        "name": "edge_unet",
        "filters": (24, 64, 96, 112, 128, 128),
        "detail_filters": 12,
        "dropout": 0.1,
        "output_channels": 3,
        "activation": "sigmoid",
    },
    "loss": {
        "l1": 0.0,
        "l2": 0.0,
        "chroma": 0.0,
        "mix": 1.0,
        "mix_alpha": 0.3,
        "shift": 0,
    },
    "optimizer": {
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-7,
        "weight_decay": 0.05,
    },
    "rate": {"schedule": "cosine", "peak": 1e-3, "warmup": 0.02},
    "data": {
        "manifest": "",
        "description": "",
        "terms": "",
        "batch_size": 16,
        "crop": 192,
        "value_range": (0.0, 1.0),
        "zoom": (0.75, 1.4),
        "zoom_probability": 1.0,
        "mirror_probability": 0.5,
        "contrast": (0.6, 1.4),
        "contrast_probability": 0.4,
        "gamma": (1.0, 1.0),
        "exposure": (1.0, 1.0),
        "noise": 0.0,
    },
    "train": {
        "steps": 2400,
        "mixed_bfloat16": True,
        "recompute": False,
        "average_decay": 0.998,
        "jit_compile": False,
        "deterministic": False,
        "log_every": 25,
        "evaluate_every": 150,
        "checkpoint_every": 150,
    },
    "evaluate": {
        "split": "val",
        "protocols": ("std", "hkbu"),
        "best_metric": "std/psnr",
        "paths": (),
        "grid_images": 6,
    },
    "inference": {"mirror": False, "working_size": 256},
    "export": {
        "tflite": ("dynamic", "int8"),
        "sizes": ("256x256",),
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
    "network.filters": (8, 8, 16, 16),
    "network.detail_filters": 4,
    "data.batch_size": 2,
    "data.crop": 32,
    "train.steps": 4,
    "train.log_every": 1,
    "train.evaluate_every": 2,
    "train.checkpoint_every": 2,
    "evaluate.grid_images": 2,
    "export.sizes": ("32x32",),
    "export.representative": 4,
}

VARIANTS = {"": {}, "smoke": SMOKE}


def get_config(variant: str = "") -> ConfigDict:
    if variant not in VARIANTS:
        raise ValueError(
            f"configs/edge.py:{variant}: expected ':smoke' or nothing"
        )
    config = ConfigDict(CONFIG)
    config.update_from_flattened_dict(VARIANTS[variant])
    return config.lock()
