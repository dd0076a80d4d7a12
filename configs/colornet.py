"""ColorNet (Ma et al., Applied Sciences 2022) as published.

    bin/train.py --config=configs/colornet.py --workdir=DIR \
        --config.data.manifest=MANIFEST

Data: EPFL RGB-NIR Scene cut to 480x480 (bin/prepare_data.py --layout=epfl).
300 epochs of batch 16 at 1e-4; the best model is kept.
Reported on 57 images: MAE 0.0939, 18.44 dB, 0.6363.

Ablations (its Table 2): `acd` is ACD only, `acd_glffnet` is ACD and GLFFNet,
both without BFWLS. BFWLS is not trained: to measure a model without it, copy
its workdir and set fusion.enabled to false in config.json.
`:cpu` is its row of the equal-budget table: half the channels and the rule of
docs/experiments.md, with the augmentation that the paper does not speak of.
`:smoke` makes it tiny, for tests. Both follow an ablation, too: `:acd,cpu`.
"""

import common
from ml_collections import ConfigDict

CONFIG = {
    "method": "colornet",
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
    "rate": {"schedule": "constant", "peak": 1e-4, "warmup": 0.0},
    "data": {"batch_size": 16, "crop": 480, "value_range": (-1.0, 1.0)},
    # 300 epochs of 706 pairs.
    "train": {"steps": 13200, **common.every(440)},
}

CPU = {
    "network": {"filters": 32},
    "rate": {"peak": 4e-4},
    "data": {"batch_size": 4},
    "train": {"steps": 8900, **common.every(8900 // 20)},
}
SMOKE = {"network": {"depth": 18, "filters": 8}, "train": {"steps": 4}}
SIZES = common.sizes(CPU, SMOKE)

ABLATIONS = {
    "": {},
    "acd": {"network": {"glffnet": False}, "fusion": {"enabled": False}},
    "acd_glffnet": {"fusion": {"enabled": False}},
}
# Of a smaller network more steps fit the budget.
BOTH = {
    "acd,cpu": {"train": {"steps": 9340, **common.every(9340 // 20)}},
}

VARIANTS = {
    name: common.merge(SIZES[size], ABLATIONS[ablation], BOTH.get(name, {}))
    for name, ablation, size in common.combinations(ABLATIONS, SIZES)
}


def get_config(variant: str = "") -> ConfigDict:
    return common.make_config(__file__, CONFIG, VARIANTS, variant)
