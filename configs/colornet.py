"""ColorNet (Ma et al., Applied Sciences 2022) as published, else [ours].

    bin/train.py --config=configs/colornet.py --workdir=DIR \
        --config.data.manifest=MANIFEST

Data: EPFL RGB-NIR Scene cut to 480x480 (bin/prepare_data.py --layout=epfl).
300 epochs of batch 16 at 1e-4; the best model is kept.
Reported on 57 images: MAE 0.0939, 18.44 dB, 0.6363.

Its Table 2 compares networks, [ours] all with the same loss (L2), crop (480, a
multiple of what each network takes), augmentation (none) and steps. `scd` is
Ronneberger's U-Net, `linknet` LinkNet with ResNet-18 ([ours]; ACD has 34),
`acd` ACD alone, `acd_glffnet` ACD and GLFFNet, all without BFWLS; `scd_bfwls`,
`linknet_bfwls` and `acd_bfwls` have it, as the main config does. BFWLS is not
trained: these differ from the ones without it in what is done with an image
alone.

`:cpu` is its row of the equal-budget table: half the channels and the rule of
docs/experiments.md, with the augmentation that the paper does not speak of.
`:native` is that at native size, where BFWLS acts: images of 256x256 are cut
and colorized as they are (docs/ablations.md). `:smoke` makes it tiny, for
tests. All three follow a name, too: `:acd,cpu`.
"""

import common
from ml_collections import ConfigDict

TANH = {"output_channels": 3, "activation": "tanh"}
ALIGNED = {"filters": 64, "aligned": True, **TANH}
ACD = {"name": "acd", "depth": 34, "glffnet": False, **ALIGNED}
NETWORKS = {
    "scd": {"name": "ronneberger_unet", "filters": 64, "levels": 4, **TANH},
    "linknet": {"name": "linknet", "depth": 18, **ALIGNED},
    "acd": ACD,
    "acd_glffnet": {**ACD, "glffnet": True},
}

CONFIG = {
    "method": "colornet",
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
    # 300 epochs of the 706 pairs that the paper trained on; of our cut of
    # EPFL they are about 277.
    "train": {"steps": 13200, **common.every(440)},
}

CPU = {
    "network": {"filters": 32},
    "rate": {"peak": 4e-4},
    "data": {"batch_size": 4},
    "train": {"steps": 8900, **common.every(8900 // 20)},
}
SMOKE = {"network": {"filters": 8}, "train": {"steps": 4}}
SIZES = common.sizes(CPU, SMOKE)
# Crops are not enlarged either, which would take their detail away.
SIZES["native"] = common.merge(
    SIZES["cpu"],
    {"inference": {"working_size": 0}, "data": {"zoom": (1.0, 1.0)}},
)

WITHOUT_BFWLS = {"fusion": {"enabled": False}}
ABLATIONS = {
    "": {"network": NETWORKS["acd_glffnet"]},
    **{
        name: {"network": network, **WITHOUT_BFWLS}
        for name, network in NETWORKS.items()
    },
    **{
        f"{name}_bfwls": {"network": NETWORKS[name]}
        for name in ("scd", "linknet", "acd")
    },
}
# A shallower encoder.
BOTH = {
    f"{name}smoke": {"network": {"depth": 18}}
    for name in ("", "acd,", "acd_glffnet,", "acd_bfwls,")
}

VARIANTS = {
    name: common.merge(ABLATIONS[ablation], SIZES[size], BOTH.get(name, {}))
    for name, ablation, size in common.combinations(ABLATIONS, SIZES)
}


def get_config(variant: str = "") -> ConfigDict:
    return common.make_config(__file__, CONFIG, VARIANTS, variant)
