"""CoColor (Yang, Chen & Yang, ACM Multimedia 2023) as published, else [ours].

    bin/train.py --config=configs/cocolor.py --workdir=DIR \
        --config.data.manifest=MANIFEST

Data: the VCIP pairs, and color photos for the gray domain (bin/prepare_data.py
--unpaired=FOLDER; without photos --config.data.unpaired_from="('pairs',)"). 750
epochs: 400 for the translators, 250 for the colorizers, 100 for all together.
Reported on the 28 official test images: 23.54 / 0.69 / 2.68 for NIR, 30.10 /
0.96 / 4.63 for gray photos (dB / SSIM / degrees); on EPFL 20.14 / 0.61 / 4.79.

Ablations (Tables 4 and 5): `without_bilateral` leaves out eq. 4, `from_scratch`
trains all at once for as many epochs, `standalone` each colorizer on its own
real images alone, `partial` on NIR images only, by n2c and n2g2c.
`aligned_gray` has the gray of the pairs as X_G, `strong_cycle` CycleGAN's cycle
and identity. `:cpu` is its row of the equal-budget table, `:smoke` tiny.
"""

import common
from ml_collections import ConfigDict


def epochs(
    images: int, translate: int, colorize: int, cooperate: int, steady: int = 0
) -> dict:
    """The section `schedule`; 0 images: as many as the manifest holds."""
    return {
        "epoch_images": images,
        "translate_epochs": translate,
        "colorize_epochs": colorize,
        "cooperate_epochs": cooperate,
        "steady_epochs": steady,  # of the last, before the rate falls
    }


CONFIG = {
    "method": "cocolor",
    # Of which images X_G is the gray: 'unpaired', by data.unpaired_from, or
    # 'paired', the pair's own.
    "gray_source": "unpaired",
    "network": {
        "name": "cross_scale_unet",
        "filters": 64,
        "levels": 8,
        **common.RGB,
    },
    "discriminator": {"name": "patch_gan", "filters": 64, "norm": "spectral"},
    "gan": {"form": "least_squares"},
    "loss": {
        "gray_pair": 10.0,  # lambda_p
        "translated_gray_pair": 0.25,  # lambda_p times lambda_3
        "nir_pair": 10.0,  # lambda_p
        "translated_nir_pair": 0.25,  # lambda_p times lambda_4
        "nir_bilateral": 1.0,
        "gray_bilateral": 1.0,
        "mix_alpha": 0.84,
        "mix_form": "zhao",
        "image_gan": 1.0,
        "feature_gan": 1.0,
        "cycle": 0.1,
        "identity": 0.01,
        "discriminator": 0.5,
    },
    "optimizer": {"beta_1": 0.5},
    "rate": {"peak": 1e-4},
    "schedule": epochs(0, 400, 250, 100),
    "data": {
        "unpaired_from": ("photos", "pairs"),
        "batch_size": 10,
        "crop": 256,
        "zoom": (1.0, 1.6),
        **common.AUGMENTATION,
    },
    "train": {"log_every": 38, "evaluate_every": 1900, "checkpoint_every": 950},
    "evaluate": {"paths": ("n2g2c", "g2c", "n2g", "g2n")},
}

SMOKE = {
    "network": {"filters": 8, "levels": 5},
    "discriminator": {"filters": 8},
    "schedule": epochs(2, 1, 2, 1),
    "evaluate": {"paths": ("n2g",), "grid_images": 1},
}
CPU = {
    "network": {"filters": 32, "levels": 7},
    "discriminator": {"filters": 32},
    "rate": {"peak": 4e-4},
    "schedule": epochs(960, 8, 5, 2),
    "data": {"batch_size": 4},
    "train": common.every(15 * 960 // 4 // 20),
    "evaluate": {"paths": ("n2g2c",)},
}
SIZES = common.sizes(CPU, SMOKE)
BILATERAL = ("nir_bilateral", "gray_bilateral")
OF_GRAY = ("gray_pair", "translated_nir_pair", "gray_bilateral")
OF_PAIRS = ("gray_pair", "nir_pair", "discriminator", "mix_alpha", "mix_form")
ABLATIONS = {
    "": {},
    "without_bilateral": {"loss": dict.fromkeys(BILATERAL, 0.0)},
    "from_scratch": {"schedule": epochs(0, 0, 0, 750, 650)},
    "standalone": {
        "schedule": {"translate_epochs": 0},
        "loss": {key: 0.0 for key in CONFIG["loss"] if key not in OF_PAIRS},
    },
    "partial": {"loss": dict.fromkeys((*OF_GRAY, "feature_gan"), 0.0)},
    "aligned_gray": {"gray_source": "paired"},
    "strong_cycle": {"loss": {"cycle": 10.0, "identity": 5.0}},
}
BOTH = {
    "from_scratch,cpu": {"schedule": epochs(960, 0, 0, 15, 13)},
    "from_scratch,smoke": {"schedule": epochs(2, 0, 0, 4, 3)},
}
VARIANTS = {
    name: common.merge(SIZES[size], ABLATIONS[ablation], BOTH.get(name, {}))
    for name, ablation, size in common.combinations(ABLATIONS, SIZES)
}


def get_config(variant: str = "") -> ConfigDict:
    return common.make_config(__file__, CONFIG, VARIANTS, variant)
