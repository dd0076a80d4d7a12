"""MPFNet (Yang, Chen & Yang, VCIP 2022) as published, else [ours].

    bin/train.py --config=configs/mpfnet.py --workdir=DIR \
        --config.data.manifest=MANIFEST

Data: the VCIP pairs, and color photos for the gray domain; a manifest with
both comes from bin/prepare_data.py --unpaired=FOLDER. Without photos:
--config.data.unpaired_from="('pairs',)". 750 epochs, each as many
images as the manifest holds, in batches of 10: 400 for the translators, 250 for
the colorizer, 100 for all together while the rate falls to 0.
Reported on the 28 official test images: 22.14 dB / 0.63 / 3.68 degrees; on EPFL
20.61 / 0.61 / 4.16.

Ablations: `one_scale` and `two_scales` leave out the coarser scales,
`without_rcab` the coordinate attention, `without_sccm` the predictions and
gates of the coarser scales, `without_feature_gan` eq. 4.
`weak_feature_gan` gives eq. 4 the weight 0.05, which an older row of the
equal-budget table had.
`:cpu` is its row of the equal-budget table: half the channels, the phases in
the proportion of above and the rule of docs/experiments.md. `:smoke` makes it
tiny, for tests. Both follow an ablation, too: `:one_scale,cpu`.
"""

import common
from ml_collections import ConfigDict

CONFIG = {
    "method": "mpfnet",
    "network": {
        "name": "mpfnet",
        "filters": 64,
        "levels": 4,
        "scales": 3,
        "reduction": 16,
        "attention": True,
        "sccm": True,
        "output_channels": 3,
        "activation": "tanh",
    },
    "discriminator": {"name": "patch_gan", "filters": 64, "norm": "spectral"},
    "gan": {"form": "least_squares"},
    "loss": {
        "image_gan": 1.0,
        "cycle": 1.0,
        "identity": 1.0,
        "gray_mix": 1.0,
        "nir_mix": 1.0,
        "mix_alpha": 0.84,
        "mix_form": "zhao",
        "translation": 1.0,
        "feature_gan": 1.0,
        "discriminator": 0.5,
    },
    "optimizer": {"beta_1": 0.5},
    "rate": {"peak": 1e-4},
    "schedule": {
        "epoch_images": 0,
        "translate_epochs": 400,
        "colorize_epochs": 250,
        "fine_tune_epochs": 100,
    },
    "data": {
        "unpaired_from": ("photos", "pairs"),
        "batch_size": 10,
        "crop": 256,
        "value_range": (-1.0, 1.0),
        "zoom": (1.0, 1.6),
        **common.AUGMENTATION,
    },
    "train": {"log_every": 38, "evaluate_every": 1900, "checkpoint_every": 950},
    "evaluate": {"paths": ("g2c", "n2g", "g2n")},
}

SMOKE = {
    "network": {"filters": 8, "levels": 1, "scales": 2},
    "discriminator": {"filters": 8},
    "schedule": {
        "epoch_images": 2,
        "translate_epochs": 1,
        "colorize_epochs": 2,
        "fine_tune_epochs": 1,
    },
    "evaluate": {"paths": ("n2g",), "grid_images": 1},
}
CPU = {
    "network": {"filters": 32},
    "discriminator": {"filters": 32},
    "rate": {"peak": 4e-4},
    "schedule": {
        "epoch_images": 880,
        "translate_epochs": 8,
        "colorize_epochs": 5,
        "fine_tune_epochs": 2,
    },
    "data": {"batch_size": 4},
    "train": common.every(15 * 880 // 4 // 20),
    "evaluate": {"paths": ()},
}
SIZES = common.sizes(CPU, SMOKE)

ABLATIONS = {
    "": {},
    "one_scale": {"network": {"scales": 1}},
    "two_scales": {"network": {"scales": 2}},
    "without_rcab": {"network": {"attention": False}},
    "without_sccm": {"network": {"sccm": False}},
    "without_feature_gan": {"loss": {"feature_gan": 0.0}},
    "weak_feature_gan": {"loss": {"feature_gan": 0.05}},
}

VARIANTS = {
    name: common.merge(SIZES[size], ABLATIONS[ablation])
    for name, ablation, size in common.combinations(ABLATIONS, SIZES)
}


def get_config(variant: str = "") -> ConfigDict:
    return common.make_config(__file__, CONFIG, VARIANTS, variant)
