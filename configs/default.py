"""The shipped default model: a small U-Net for landscapes and towns.

    bin/train.py --config=configs/default.py --workdir=DIR \
        --config.data.manifest=MANIFEST

`:demo` learns synthetic pairs of 128x128 in about two minutes on two cores;
`:smoke` makes it tiny, for tests. The shipped weights are those of step 1,500,
trained when the network padded with zeros at every level, so a new training
will not give the very same; docs/experiments.md has this and what was tried.
Of 128, 192 and 256 the working size is the one with the best validation PSNR.
"""

from ml_collections import ConfigDict

CONFIG = {
    "method": "supervised",
    "seed": 0,
    "network": {
        "name": "detail_unet",
        "filters": 32,
        "max_filters": 128,
        "levels": 6,
        "dropout": 0.2,
        "from_image": False,
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
        "contrast_probability": 0.8,
        "gamma": (0.75, 1.33),
        "exposure": (1.0, 1.0),
        "noise": 0.0,
    },
    "train": {
        "steps": 3000,
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
    "inference": {"mirror": False, "working_size": 192},
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
    "network.max_filters": 16,
    "network.levels": 4,
    "data.batch_size": 2,
    "data.crop": 32,
    "train.steps": 4,
    "train.log_every": 1,
    "train.evaluate_every": 2,
    "train.checkpoint_every": 2,
    "evaluate.grid_images": 2,
}

DEMO = {
    "network.filters": 16,
    "network.max_filters": 64,
    "network.levels": 5,
    "data.crop": 96,
    "train.steps": 900,
    "train.evaluate_every": 300,
    "train.checkpoint_every": 300,
}

VARIANTS = {"": {}, "demo": DEMO, "smoke": SMOKE}


def get_config(variant: str = "") -> ConfigDict:
    if variant not in VARIANTS:
        raise ValueError(
            f"configs/default.py:{variant}: expected ':demo', ':smoke' or "
            "nothing"
        )
    config = ConfigDict(CONFIG)
    config.update_from_flattened_dict(VARIANTS[variant])
    return config.lock()
