"""Three small U-Nets, averaged; never trained to the end.

    bin/train.py --config=configs/ensemble.py --workdir=DIR \
        --config.data.manifest=MANIFEST

Two of the three predict what to change of the NIR image, so that what they do
not know stays gray; the third is free to choose its brightness
(docs/experiments.md). Members trained apart are put together by
bin/combine.py. `:smoke` makes it tiny, for tests.
"""

from ml_collections import ConfigDict

DETAIL_UNET = {
    "name": "detail_unet",
    "filters": 32,
    "max_filters": 128,
    "levels": 6,
    "dropout": 0.2,
    "from_image": False,
    "output_channels": 3,
    "activation": "sigmoid",
}
FROM_IMAGE = {**DETAIL_UNET, "from_image": True}

CONFIG = {
    "method": "ensemble",
    "seed": 0,
    "members": {
        "first": DETAIL_UNET,
        "second": FROM_IMAGE,
        "third": FROM_IMAGE,
    },
    "loss": {
        "l1": 0.0,
        "l2": 2.0,
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
        "exposure": (0.85, 1.18),
        "noise": 0.03,
    },
    "train": {
        "steps": 1500,
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
    "inference": {"working_size": 256},
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
    f"members.{name}.{key}": value
    for name in CONFIG["members"]
    for key, value in {
        "filters": 8,
        "max_filters": 16,
        "levels": 4,
        "dropout": 0.0,
    }.items()
} | {
    "data.batch_size": 2,
    "data.crop": 32,
    "train.steps": 4,
    "train.log_every": 1,
    "train.evaluate_every": 2,
    "train.checkpoint_every": 2,
    "evaluate.grid_images": 2,
}

VARIANTS = {"": {}, "smoke": SMOKE}


def get_config(variant: str = "") -> ConfigDict:
    if variant not in VARIANTS:
        raise ValueError(
            f"configs/ensemble.py:{variant}: expected ':smoke' or nothing"
        )
    config = ConfigDict(CONFIG)
    config.update_from_flattened_dict(VARIANTS[variant])
    return config.lock()
