"""The shipped default model: a small U-Net for landscapes and towns.

    bin/train.py --config=configs/default.py --workdir=DIR \
        --config.data.manifest=MANIFEST

`:smoke` makes it tiny, for tests.
"""

from ml_collections import ConfigDict


def get_config(variant: str = "") -> ConfigDict:
    if variant not in ("", "smoke"):
        raise ValueError(
            f"configs/default.py:{variant}: expected ':smoke' or nothing"
        )
    config = ConfigDict()
    config.method = "supervised"
    config.seed = 0
    config.network = ConfigDict(
        {
            "name": "detail_unet",
            "filters": 32,
            "max_filters": 128,
            "levels": 6,
            "dropout": 0.2,
            "output_channels": 3,
            "activation": "sigmoid",
        }
    )
    config.loss = ConfigDict(
        {"l1": 0.0, "l2": 0.0, "chroma": 0.0, "mix": 1.0, "mix_alpha": 0.3}
    )
    config.optimizer = ConfigDict(
        {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "weight_decay": 0.05}
    )
    config.rate = ConfigDict(
        {"schedule": "cosine", "peak": 1e-3, "warmup": 0.02}
    )
    config.data = ConfigDict(
        {
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
        }
    )
    config.train = ConfigDict(
        {
            "steps": 3000,
            "mixed_bfloat16": True,
            "average_decay": 0.998,
            "jit_compile": False,
            "deterministic": False,
            "log_every": 25,
            "evaluate_every": 150,
            "checkpoint_every": 150,
        }
    )
    config.evaluate = ConfigDict(
        {
            "split": "val",
            "protocols": ("std", "hkbu"),
            "best_metric": "std/psnr",
            "grid_images": 6,
        }
    )
    config.inference = ConfigDict({"mirror": False})
    if variant == "smoke":
        config.network.filters = 8
        config.network.max_filters = 16
        config.network.levels = 4
        config.data.batch_size = 2
        config.data.crop = 32
        config.train.steps = 4
        config.train.log_every = 1
        config.train.evaluate_every = 2
        config.train.checkpoint_every = 2
        config.evaluate.grid_images = 2
    return config.lock()
