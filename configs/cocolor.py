"""CoColor (Yang, Chen & Yang, ACM Multimedia 2023) as published.

    bin/train.py --config=configs/cocolor.py --workdir=DIR \
        --config.data.manifest=MANIFEST

Data: the VCIP pairs, and color photos for the gray domain; a manifest with
both comes from bin/prepare_data.py --unpaired=FOLDER. Without photos:
--config.data.unpaired_from="('pairs',)". 750 epochs of 372 images in batches of
10: 400 for the translators, 250 for the colorizers, 100 for all together while
the rate falls to 0.
Reported on the 28 official test images: 23.54 dB / 0.69 / 2.68 degrees for NIR,
30.10 / 0.96 / 4.63 for gray photos; on EPFL 20.14 / 0.61 / 4.79.

Ablations (its Tables 4 and 5): `without_bilateral` leaves eq. 4 out;
`from_scratch` trains everything at once, for as many epochs; `standalone`
trains each colorizer on its own real images alone; `partial` has NIR images
only, by n2c and n2g2c. `:cpu` is its row of the equal-budget table, by the rule
of docs/experiments.md: half the channels and half the resolution, phases in the
paper's proportion. It departs from the paper in two weights: cycle and identity
have CycleGAN's 10 and 5 and not 0.1 and 0.01, with which the translators
collapse at this budget. `:smoke` makes it tiny, for tests; both after an
ablation too: `:from_scratch,cpu`.
"""

from ml_collections import ConfigDict

CONFIG = {
    "method": "cocolor",
    "seed": 0,
    "network": {
        "name": "cross_scale_unet",
        "filters": 64,
        "levels": 8,
        "output_channels": 3,
        "activation": "sigmoid",
    },
    "discriminator": {"name": "patch_gan", "filters": 64, "norm": "spectral"},
    "gan": {"form": "least_squares"},
    "loss": {
        # lambda_p is 10, lambda_3 and lambda_4 are 0.025.
        "gray_pair": 10.0,
        "translated_gray_pair": 0.25,
        "nir_pair": 10.0,
        "translated_nir_pair": 0.25,
        "nir_bilateral": 1.0,
        "gray_bilateral": 1.0,
        "mix_alpha": 0.84,
        "image_gan": 1.0,
        "feature_gan": 1.0,
        "cycle": 0.1,
        "identity": 0.01,
        "discriminator": 0.5,
    },
    "optimizer": {
        "beta_1": 0.5,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "weight_decay": 0.0,
    },
    "rate": {"peak": 1e-4},
    "schedule": {
        "epoch_images": 372,
        "translate_epochs": 400,
        "colorize_epochs": 250,
        "cooperate_epochs": 100,
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
        "unpaired_from": ("photos", "pairs"),
        "batch_size": 10,
        "crop": 256,
        "value_range": (0.0, 1.0),
        "zoom": (1.0, 1.6),
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
        "log_every": 38,
        "evaluate_every": 1900,
        "checkpoint_every": 950,
    },
    "evaluate": {
        "split": "val",
        "protocols": ("std", "hkbu"),
        "best_metric": "std/psnr",
        "paths": ("n2g2c", "g2c", "n2g", "g2n"),
        "grid_images": 6,
    },
}

SMOKE = {
    "network.filters": 8,
    "network.levels": 5,
    "discriminator.filters": 8,
    "schedule.epoch_images": 2,
    "schedule.translate_epochs": 1,
    "schedule.colorize_epochs": 2,
    "schedule.cooperate_epochs": 1,
    "data.batch_size": 2,
    "data.crop": 32,
    "train.log_every": 1,
    "train.evaluate_every": 2,
    "train.checkpoint_every": 2,
    "evaluate.paths": ("n2g",),
    "evaluate.grid_images": 1,
}

CPU = {
    "network.filters": 32,
    "network.levels": 7,
    "discriminator.filters": 32,
    "loss.cycle": 10.0,
    "loss.identity": 5.0,
    "rate.peak": 4e-4,
    "schedule.epoch_images": 960,
    "schedule.translate_epochs": 8,
    "schedule.colorize_epochs": 5,
    "schedule.cooperate_epochs": 2,
    "inference.working_size": 128,
    "data.crop": 128,
    "data.zoom": (0.5, 0.8),
    "data.zoom_probability": 1.0,
    "data.batch_size": 4,
    "train.mixed_bfloat16": True,
    "train.average_decay": 0.995,
    "train.evaluate_every": 180,
    "train.checkpoint_every": 180,
    "evaluate.paths": ("n2g2c",),
}

OF_GRAY = ("gray_pair", "translated_nir_pair", "gray_bilateral")
PAIRS = ("gray_pair", "nir_pair", "mix_alpha", "discriminator")

SIZES = {"": {}, "cpu": CPU, "smoke": SMOKE}
ABLATIONS = {
    "": {},
    "without_bilateral": {
        "loss.nir_bilateral": 0.0,
        "loss.gray_bilateral": 0.0,
    },
    "from_scratch": {
        "schedule.translate_epochs": 0,
        "schedule.colorize_epochs": 0,
    },
    "standalone": {
        "schedule.translate_epochs": 0,
        **{f"loss.{key}": 0.0 for key in CONFIG["loss"] if key not in PAIRS},
    },
    "partial": {f"loss.{key}": 0.0 for key in (*OF_GRAY, "feature_gan")},
}
VARIANTS = {
    ",".join(filter(None, (ablation, size))): (ablation, size)
    for ablation in ABLATIONS
    for size in SIZES
}


def get_config(variant: str = "") -> ConfigDict:
    if variant not in VARIANTS:
        raise ValueError(
            f"configs/cocolor.py:{variant}: expected one of "
            + ", ".join(f"':{name}'" for name in VARIANTS if name)
            + " or nothing"
        )
    ablation, size = VARIANTS[variant]
    config = ConfigDict(CONFIG)
    config.update_from_flattened_dict(SIZES[size])
    epochs = sum(n for key, n in config.schedule.items() if "epochs" in key)
    config.update_from_flattened_dict(ABLATIONS[ablation])
    if ablation == "from_scratch":
        config.schedule.cooperate_epochs = epochs
    return config.lock()
