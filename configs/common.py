"""What every experiment has, and how a config file is put together.

A config file names what its paper or its experiment decides. All else is here,
each key with its meaning, its unit and the values that it takes. The whole
config of an experiment:

    bin/train.py --config=configs/NAME.py:VARIANT --print_config

What has no common value stands in every config file:

    method                  Name of a file in nircolor_tf/methods. Its docstring
                            says which further sections the method reads.
    data.batch_size         Images of a step, over all devices; 1 or more.
    data.crop               Height and width of these images, px; a multiple of
                            what the network asks for.
    train.steps             Length of the training, where the method has one
                            phase; 1 or more.
    train.evaluate_every    Steps between two evaluations; 1 or more.
    train.checkpoint_every  Steps between two checkpoints; 1 or more.

A config file in a folder of yours needs a copy of this file beside it.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ml_collections import ConfigDict

Sections = Mapping[str, Any]

GROUP = {
    # How often a training image is of this group, 0 or more, against the
    # others; 0 in all: all pairs alike, and photos by `photo_probability`.
    "share": 0.0,
    # Its limits of the enlargement of a crop, in place of `data.zoom`.
    "zoom": (1.0, 1.0),
}

COMMON = {
    # Of the first weights, the order of the data and every augmentation.
    "seed": 0,
    # Adam (Kingma & Ba, ICLR 2015).
    "optimizer": {
        # Decay of the first and the second moments, 0 to less than 1.
        "beta_1": 0.9,
        "beta_2": 0.999,
        # Added to the root of the second moment, above 0.
        "epsilon": 1e-8,
        # Decoupled (AdamW, Loshchilov & Hutter, ICLR 2019), 0 or more; 0: off.
        "weight_decay": 0.0,
    },
    "data": {
        # The manifest.csv that bin/prepare_data.py wrote.
        "manifest": "",
        # Half of its scenes whose pairs are trained on, "first" or "second";
        # "" for all.
        "half": "",
        # What the images are, in words, for the card of an export.
        "description": "",
        # Under which terms they may be used, for the card of an export.
        "terms": "",
        # Color images that belong to no NIR image: some of 'photos', 'pairs'.
        "unpaired_from": ("pairs",),
        # Share of the pairs that are photos with imitated NIR, 0 to 1.
        "photo_probability": 0.0,
        # What the training images are of: pairs of the groups of the protocol
        # scenes-strict, photos with imitated NIR.
        "sources": dict.fromkeys(("vcip", "landscape", "town", "photo"), GROUP),
        # Of the images that networks see: (0, 1) sigmoid, (-1, 1) tanh.
        "value_range": (0.0, 1.0),
        # Limits of the enlargement of a crop, above 0; 0.5 is half resolution.
        "zoom": (1.0, 1.0),
        # Share of the crops that are enlarged, 0 to 1.
        "zoom_probability": 0.0,
        # Share of the crops that are mirrored left to right, 0 to 1.
        "mirror_probability": 0.0,
        # Limits of the factor on the NIR's contrast, above 0.
        "contrast": (1.0, 1.0),
        # Share of the NIR crops whose contrast is changed, 0 to 1.
        "contrast_probability": 0.0,
        # Limits of the NIR's gamma, above 0; (1, 1): off.
        "gamma": (1.0, 1.0),
        # Limits of the factor on the NIR's brightness, above 0; (1, 1): off.
        "exposure": (1.0, 1.0),
        # Largest standard deviation of noise on the NIR, 0 to 1 (white).
        "noise": 0.0,
    },
    "train": {
        # In which networks compute: 'float32', 'bfloat16' or, with a scaled
        # loss, 'float16'. Weights stay float32.
        "precision": "float32",
        # Parts in which each device computes its share of a batch, one after
        # the other, for the memory of one; 1 or more.
        "accumulate": 1,
        # Whether activations are computed twice to save memory.
        "recompute": False,
        # Decay of the moving average of the weights, 0 to less than 1; 0: off.
        "average_decay": 0.0,
        # Whether XLA compiles the losses and gradients of a step; on one
        # device alone.
        "jit_compile": False,
        # Batches that are copied to each GPU before their step; 0 or more.
        "prefetch": 1,
        # Whether the same run gives the same weights on a GPU too.
        "deterministic": False,
        # Steps between two lines of the log; 1 or more.
        "log_every": 20,
    },
    "evaluate": {
        # Split of the manifest by which the best checkpoint is chosen.
        "split": "val",
        # Some of 'std', 'hkbu': how metrics are computed (docs/metrics.md).
        "protocols": ("std", "hkbu"),
        # PROTOCOL/psnr or PROTOCOL/ssim; the largest is the best.
        "best_metric": "std/psnr",
        # Inference paths that are measured besides the method's own.
        "paths": (),
        # Validation images that are shown in TensorBoard; 0 or more.
        "grid_images": 6,
    },
    "inference": {
        # Whether the result is the mean of an image's and its mirror image's.
        "mirror": False,
        # Larger images are colorized with this shorter side, px; 0: as is.
        "working_size": 0,
        # Their change is enlarged along the edges of the image, found in
        # windows of so many px of the small image to each side; 0: everywhere
        # as a cubic spline.
        "guided_radius": 0,
        # Variance of the gray values in a window that counts as an edge, above
        # 0; images are in [0, 1].
        "guided_epsilon": 5e-4,
        # Share of the change that the network makes to the image at half of
        # the working size, 0 to 1; 0: it does not see it there.
        "half_share": 0.0,
        # Mean of the gray values, 0 to 1, below which an image is brightened
        # first of all; 0: none is.
        "least_mean": 0.0,
        # Whether what is shrunk to the working size gets the nearest height and
        # width that the network takes; otherwise it is padded to the next.
        "stretch": False,
        # Whether what is bright in the NIR and in its colors, such as snow, is
        # shown without color.
        "whiten": False,
    },
    "export": {
        # TFLite files of a fixed size: some of 'float32', 'float16',
        # 'dynamic', 'int8'.
        "tflite": (),
        # Their sizes, 'HEIGHTxWIDTH' in px.
        "sizes": (),
        # Training images that 'int8' takes its scales from; 1 or more.
        "representative": 100,
        # PSNR of a file against the method, dB; below it, it is refused.
        "least_db": {
            "float32": 80.0,
            "float16": 60.0,
            "dynamic": 40.0,
            "int8": 40.0,
        },
        # CPU threads with which a file is timed; 1 or more.
        "threads": 2,
    },
}

# Keys of these sections that have no common value.
OWN = {
    "data": ("batch_size", "crop"),
    "train": ("steps", "evaluate_every", "checkpoint_every"),
}

# Of a section `network`: its end, if it makes color images in (0, 1).
RGB = {"output_channels": 3, "activation": "sigmoid"}

# The section `loss` of losses.pixel: weights, each 0 or more; 0: off.
PIXEL_LOSS = {
    # Mean absolute and mean squared difference.
    "l1": 0.0,
    "l2": 0.0,
    # Mean absolute difference of RGB less its luminance.
    "chroma": 0.0,
    # MS-SSIM and L1 mixed, and the former's share, 0 to 1. MS-SSIM over a
    # 'pyramid' of sizes (Wang et al. 2003), which forgives lost texture, or as
    # 'zhao' (Zhao et al. 2016) computes it.
    "mix": 0.0,
    "mix_alpha": 0.3,
    "mix_form": "pyramid",
    # By how much a displaced truth is moved onto its NIR image at most, px.
    "shift": 0,
}

# Of a section `data`: ATCycleGAN's augmentation (section II-E), and MPFNet's
# and CoColor's, whose papers give no numbers; the zoom is each one's own.
AUGMENTATION = {
    "zoom_probability": 0.8,
    "mirror_probability": 0.5,
    "contrast": (0.5, 1.5),
    "contrast_probability": 0.8,
}

# What the shipped model and those that go on from it decide alike: a U-Net on
# EfficientNet-Lite's features, and crops of several kinds of scenes.
LITE_UNET = {
    "network": {
        "name": "lite_unet",
        "version": 2,
        "encoder_rate": 0.2,
        "pretrained": True,
        "filters": (96, 64, 32, 16),
        "dropout": 0.1,
        "from_image": True,
        **RGB,
    },
    "loss": {
        **PIXEL_LOSS,
        **{"l1": 0.5, "l2": 2.0, "chroma": 1.0, "mix": 0.5},
    },
    "data": {
        "batch_size": 8,
        "crop": 128,
        "zoom": (0.5, 0.8),
        "zoom_probability": 1.0,
        "mirror_probability": 0.5,
        "contrast": (0.7, 1.3),
        "contrast_probability": 0.5,
        "gamma": (0.85, 1.18),
        # A photographer might have exposed the NIR otherwise.
        "exposure": (0.75, 1.35),
        # Whole compositions and parts of them.
        "sources": {
            "vcip": {"share": 0.3, "zoom": (0.5, 0.8)},
            "landscape": {"share": 0.25, "zoom": (0.32, 0.7)},
            "town": {"share": 0.2, "zoom": (0.32, 0.7)},
            "photo": {"share": 0.25, "zoom": (0.5, 1.0)},
        },
    },
    "evaluate": {"protocols": ("std",)},
    "inference": {
        "working_size": 128,
        "guided_radius": 4,
        "half_share": 0.35,
        "least_mean": 0.35,
        "stretch": True,
        "whiten": True,
    },
}

# Draws all pairs alike.
NO_SHARES = {
    "sources": {group: {"share": 0.0} for group in LITE_UNET["data"]["sources"]}
}

# For tests: a training of seconds.
SMOKE = {
    "data": {"batch_size": 2, "crop": 32},
    "train": {"log_every": 1, "evaluate_every": 2, "checkpoint_every": 2},
    "evaluate": {"grid_images": 2},
}

# The same of LITE_UNET.
SMOKE_LITE_UNET = {
    **SMOKE,
    "network": {"pretrained": False, "filters": (8, 8, 8, 8)},
    "data": {**SMOKE["data"], **NO_SHARES},
    "train": {**SMOKE["train"], "steps": 4},
}

# A row of the equal-budget table: half the resolution, one augmentation, one
# average of the weights (docs/experiments.md).
EQUAL_BUDGET = {
    "inference": {"working_size": 128},
    "data": {
        "crop": 128,
        "zoom": (0.5, 0.8),
        "zoom_probability": 1.0,
        "mirror_probability": 0.5,
        "contrast": (0.5, 1.5),
        "contrast_probability": 0.8,
    },
    "train": {"precision": "bfloat16", "average_decay": 0.995},
}


def every(steps: int) -> dict[str, int]:
    """Of a section `train`: evaluates and saves at the same steps."""
    return {"evaluate_every": steps, "checkpoint_every": steps}


def merge(*layers: Sections) -> dict[str, Any]:
    """Returns the keys of all layers; of a key in several, the last value."""
    merged = {}
    for layer in layers:
        for key, value in layer.items():
            if isinstance(value, Mapping):
                merged[key] = merge(merged.get(key, {}), value)
            else:
                merged[key] = value
    return merged


def sizes(cpu: Sections, smoke: Sections) -> dict[str, Sections]:
    """The variants '', 'cpu' and 'smoke' of one experiment.

    Args:
        cpu: What its row of the equal-budget table decides besides the rule.
        smoke: What makes it tiny besides `SMOKE`.
    """
    return {
        "": {},
        "cpu": merge(EQUAL_BUDGET, cpu),
        "smoke": merge(SMOKE, smoke),
    }


def combinations(
    first: Iterable[str], second: Iterable[str]
) -> Iterator[tuple[str, str, str]]:
    """Yields the variants of two kinds: 'acd,cpu', 'acd' and 'cpu'.

    A kind that has the name '' may be left out: 'acd', 'acd' and ''.
    """
    for left, right in itertools.product(first, second):
        yield ",".join(filter(None, (left, right))), left, right


def make_config(
    file: str, decisions: Sections, variants: Mapping[str, Sections], name: str
) -> ConfigDict:
    """Builds the config of a variant, locked.

    Args:
        file: The config file, for the error.
        decisions: What its paper or experiment decides.
        variants: Name -> what it decides otherwise.
        name: One of these names.

    Raises:
        ValueError: There is no such variant, or a section has an unknown key.
    """
    if name not in variants:
        # Names without a comma first.
        known = sorted(filter(None, variants), key=lambda known: "," in known)
        nothing = "nothing or " if "" in variants else ""
        raise ValueError(
            f"{file}:{name}: expected {nothing}one of {', '.join(known)}"
        )
    config = merge(COMMON, decisions, variants[name])
    for section, common in COMMON.items():
        if isinstance(common, Mapping):
            known = (*common, *OWN.get(section, ()))
            for key in config[section]:
                if key not in known:
                    raise ValueError(
                        f"{file}: unknown key {section}.{key}; expected one "
                        f"of {', '.join(known)}"
                    )
    return ConfigDict(config).lock()
