"""ColorNet (Ma et al., Applied Sciences 2022) as published.

    bin/train.py --config=configs/colornet.py --workdir=DIR \
        --config.data.manifest=MANIFEST

Data: EPFL RGB-NIR Scene cut to 480x480 (bin/prepare_data.py --layout=epfl);
300 epochs of batch 16 at 1e-4, the best model kept. Ablations of Table 2:
    --config.network.glffnet=False          ACD only
    --config.fusion.enabled=False           ACD + GLFFNet
`:cpu` is narrower, with smaller crops and our augmentation, for a training on
two cores; `:smoke` makes it tiny, for tests.
Reported on 57 images: MAE 0.0939, 18.44 dB, 0.6363.
"""

from ml_collections import ConfigDict

CONFIG = {
    "method": "colornet",
    "seed": 0,
    "network": {
        "name": "acd",
        "depth": 34,
        "filters": 64,
        "glffnet": True,
        "output_channels": 3,
        "activation": "tanh",
    },
    # keras-hub preset or folder, e.g. 'hf://timm/resnet34.a1_in1k'; '' = none.
    "encoder_weights": "",
    "loss": {"l2": 1.0},
    "fusion": {
        "enabled": True,
        "bilateral_diameter": 9,
        "bilateral_sigma_color": 0.1,
        "bilateral_sigma_space": 3.0,
        "wls_lambda": 0.3,
        "wls_alpha": 1.2,
        "wls_epsilon": 1e-4,
        "wls_solver": "separable",
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
        "crop": 480,
        "value_range": (-1.0, 1.0),
        "zoom": (1.0, 1.0),
        "zoom_probability": 0.0,
        "mirror_probability": 0.0,
        "contrast": (1.0, 1.0),
        "contrast_probability": 0.0,
        "gamma": (1.0, 1.0),
    },
    "train": {
        "steps": 13200,  # 300 epochs of 706 pairs
        "mixed_bfloat16": False,
        "recompute": False,
        "average_decay": 0.0,
        "jit_compile": False,
        "deterministic": False,
        "log_every": 20,
        "evaluate_every": 440,
        "checkpoint_every": 440,
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
    "network.depth": 18,
    "network.filters": 8,
    "data.batch_size": 2,
    "data.crop": 32,
    "train.steps": 4,
    "train.log_every": 1,
    "train.evaluate_every": 2,
    "train.checkpoint_every": 2,
    "evaluate.grid_images": 2,
}

# A quarter of the width and 192 px: for two cores instead of a GPU.
CPU = {
    "network.depth": 18,
    "network.filters": 16,
    "rate.schedule": "cosine",
    "rate.peak": 1e-3,
    "rate.warmup": 0.02,
    "data.crop": 192,
    "data.zoom": (0.75, 1.4),
    "data.zoom_probability": 1.0,
    "data.mirror_probability": 0.5,
    "data.contrast": (0.6, 1.4),
    "data.contrast_probability": 0.8,
    "data.gamma": (0.75, 1.33),
    "train.steps": 1000,
    "train.mixed_bfloat16": True,
    "train.average_decay": 0.998,
    "train.evaluate_every": 100,
    "train.checkpoint_every": 100,
}

VARIANTS = {"": {}, "cpu": CPU, "smoke": SMOKE}


def get_config(variant: str = "") -> ConfigDict:
    if variant not in VARIANTS:
        raise ValueError(
            f"configs/colornet.py:{variant}: expected ':cpu', ':smoke' or "
            "nothing"
        )
    config = ConfigDict(CONFIG)
    config.update_from_flattened_dict(VARIANTS[variant])
    return config.lock()
