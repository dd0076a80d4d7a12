"""The shipped default model: a small U-Net, taught by the mean of three.

    # The teacher: networks that err each in its own way.
    bin/train.py --config=configs/supervised.py:unet256,cpu \
        --workdir=runs/unet --config.data.manifest=MANIFEST
    bin/train.py --config=configs/default.py:color --workdir=runs/color \
        --config.data.manifest=MANIFEST
    bin/train.py --config=configs/default.py:detail --workdir=runs/detail \
        --config.data.manifest=MANIFEST
    bin/combine.py --members=runs/unet,runs/color,runs/detail \
        --workdir=runs/teacher
    bin/export.py --workdir=runs/teacher --output=runs/teacher_export
    # What it makes of images that nobody has colored, and its student.
    bin/distill.py --teacher=runs/teacher_export --data=MANIFEST \
        --output=data/taught --variations=5 --photos --saturation=1.15
    bin/train.py --config=configs/default.py --workdir=runs/student \
        --config.data.manifest=data/taught/manifest.csv
    # Two ways on from there, and the mean of all three.
    bin/train.py --config=configs/default.py:photos --workdir=runs/photos \
        --start_from=runs/student --config.data.manifest=MANIFEST
    bin/train.py --config=configs/default.py:pairs --workdir=runs/pairs \
        --start_from=runs/student --config.data.manifest=MANIFEST --stop_at=1000
    bin/combine.py --members=runs/photos,runs/pairs,runs/student \
        --shares=2,3,3 --checkpoint=latest --workdir=runs/default

MANIFEST has photos without NIR, too: bin/prepare_data.py --unpaired=FOLDER.

`:color` trains on real pairs alone from the first step, with more dropout,
contrast and gamma. `:detail` predicts what to change of the NIR image, so that
what it does not know stays gray. `:photos` and `:pairs` go on from a trained
model: half on photos with their true colors, of which they imitate the NIR
(`data.photo_probability` of what it sees), and on pairs alone. For a few pairs
of one's own, start with `:pairs`. All of them see 128 px (docs/experiments.md).
`:demo` learns synthetic pairs of 128x128 in about two minutes on two cores;
`:smoke` makes it tiny, for tests.
"""

from ml_collections import ConfigDict

CONFIG = {
    "method": "supervised",
    "seed": 0,
    "network": {
        "name": "detail_unet",
        "filters": 32,
        "max_filters": 192,
        "levels": 6,
        "dropout": 0.1,
        "from_image": False,
        "output_channels": 3,
        "activation": "sigmoid",
    },
    "loss": {
        "l1": 0.5,
        "l2": 0.0,
        "chroma": 1.0,
        "mix": 0.5,
        "mix_alpha": 0.3,
        "shift": 0,
    },
    "optimizer": {
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-7,
        "weight_decay": 0.0,
    },
    "rate": {"schedule": "cosine", "peak": 5e-4, "warmup": 0.02},
    "data": {
        "manifest": "",
        "description": "",
        "terms": "",
        "batch_size": 4,
        "crop": 128,
        "value_range": (0.0, 1.0),
        "zoom": (0.5, 0.8),
        "zoom_probability": 1.0,
        "mirror_probability": 0.5,
        "contrast": (0.6, 1.4),
        "contrast_probability": 0.4,
        "gamma": (1.0, 1.0),
        "exposure": (1.0, 1.0),
        "noise": 0.0,
        "photo_probability": 0.0,
    },
    "train": {
        "steps": 9500,
        "mixed_bfloat16": True,
        "recompute": False,
        "average_decay": 0.998,
        "jit_compile": False,
        "deterministic": False,
        "log_every": 25,
        "evaluate_every": 500,
        "checkpoint_every": 500,
    },
    "evaluate": {
        "split": "val",
        "protocols": ("std", "hkbu"),
        "best_metric": "std/psnr",
        "paths": (),
        "grid_images": 6,
    },
    "inference": {"mirror": False, "working_size": 128},
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

COLOR = {
    "loss.chroma": 0.0,
    "network.max_filters": 128,
    "network.dropout": 0.2,
    "rate.schedule": "constant",
    "rate.peak": 4e-4,
    "data.contrast_probability": 0.8,
    "data.gamma": (0.75, 1.33),
    "train.steps": 9000,
}

LARGE_BATCH = {
    "loss.l1": 0.0,
    "loss.mix": 1.0,
    "optimizer.weight_decay": 0.05,
    "rate.schedule": "cosine",
    "rate.peak": 1e-3,
    "data.batch_size": 16,
}

DETAIL = {
    **COLOR,
    **LARGE_BATCH,
    "network.from_image": True,
    "network.dropout": 0.3,
    "loss.l2": 2.0,
    "train.steps": 1000,
    "train.evaluate_every": 100,
    "train.checkpoint_every": 100,
}

PHOTOS = {
    "seed": 1,
    "rate.peak": 3e-4,
    "data.photo_probability": 0.5,
    "data.contrast_probability": 0.8,
    "data.gamma": (0.75, 1.33),
    "train.steps": 4000,
}

PAIRS = {
    "seed": 2,
    "network.dropout": 0.2,
    "rate.peak": 2e-4,
    "data.contrast": (0.5, 1.5),
    "data.contrast_probability": 0.8,
    "train.steps": 1500,
    "train.evaluate_every": 250,
    "train.checkpoint_every": 250,
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
    **COLOR,
    **LARGE_BATCH,
    "network.filters": 16,
    "network.max_filters": 64,
    "network.levels": 5,
    "data.crop": 96,
    "data.zoom": (0.75, 1.4),
    "inference.working_size": 192,
    "train.steps": 900,
    "train.evaluate_every": 300,
    "train.checkpoint_every": 300,
}

VARIANTS = {
    "": {},
    "color": COLOR,
    "detail": DETAIL,
    "photos": PHOTOS,
    "pairs": PAIRS,
    "demo": DEMO,
    "smoke": SMOKE,
}


def get_config(variant: str = "") -> ConfigDict:
    if variant not in VARIANTS:
        raise ValueError(
            f"configs/default.py:{variant}: expected ':color', ':detail', "
            "':photos', ':pairs', ':demo', ':smoke' or nothing"
        )
    config = ConfigDict(CONFIG)
    config.update_from_flattened_dict(VARIANTS[variant])
    return config.lock()
