"""ColorNet (Ma et al., Applied Sciences 2022) as published.

    bin/train.py --config=configs/colornet.py --workdir=DIR \
        --config.data.manifest=MANIFEST

Data: EPFL RGB-NIR Scene cut to 480x480 (bin/prepare_data.py --layout=epfl);
300 epochs of batch 16 at 1e-4, the best model kept.
Reported on 57 images: MAE 0.0939, 18.44 dB, 0.6363.

Ablations (its Table 2): `acd` is ACD only, `acd_glffnet` is ACD and GLFFNet,
both without BFWLS. That one is not trained: a copy of a workdir with
fusion.enabled false in its config.json is measured without it.
`:cpu` is its row of the equal-budget table, by the rule of docs/experiments.md:
half the channels and half the resolution, and the augmentation that every row
has, on which the paper is silent. `:smoke` makes it tiny, for tests; both after
an ablation too: `:acd,cpu`.
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
    "loss": {"l2": 1.0, "shift": 0},
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
        "exposure": (1.0, 1.0),
        "noise": 0.0,
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

CPU = {
    "network.filters": 32,
    "rate.peak": 4e-4,
    "inference.working_size": 128,
    "data.crop": 128,
    "data.zoom": (0.5, 0.8),
    "data.zoom_probability": 1.0,
    "data.mirror_probability": 0.5,
    "data.contrast": (0.5, 1.5),
    "data.contrast_probability": 0.8,
    "data.batch_size": 4,
    "train.mixed_bfloat16": True,
    "train.average_decay": 0.995,
}
CPU_COLORNET = {
    "train.steps": 8900,
    "train.evaluate_every": 445,
    "train.checkpoint_every": 445,
}
CPU_ACD = {
    "train.steps": 9340,
    "train.evaluate_every": 467,
    "train.checkpoint_every": 467,
}

# An ablation -> its changes, and further ones of its `:cpu`.
ABLATIONS = {
    "": ({}, CPU_COLORNET),
    "acd": ({"network.glffnet": False, "fusion.enabled": False}, CPU_ACD),
    "acd_glffnet": ({"fusion.enabled": False}, CPU_COLORNET),
}
SIZES = {"": {}, "cpu": CPU, "smoke": SMOKE}
VARIANTS = {
    ",".join(filter(None, (ablation, size))): (ablation, size)
    for ablation in ABLATIONS
    for size in SIZES
}


def get_config(variant: str = "") -> ConfigDict:
    if variant not in VARIANTS:
        raise ValueError(
            f"configs/colornet.py:{variant}: expected one of "
            + ", ".join(f"':{name}'" for name in VARIANTS if name)
            + " or nothing"
        )
    ablation, size = VARIANTS[variant]
    changes, at_cpu = ABLATIONS[ablation]
    config = ConfigDict(CONFIG)
    config.update_from_flattened_dict(SIZES[size])
    config.update_from_flattened_dict(changes)
    if size == "cpu":
        config.update_from_flattened_dict(at_cpu)
    return config.lock()
