"""Supervised baselines: one network, pixel losses, registered pairs.

    bin/train.py --config=configs/supervised.py:unet256 --workdir=DIR \
        --config.data.manifest=MANIFEST

Variants: unet256 (the default; SCD in ColorNet's Table 2), linknet, resnet.
`,smoke` after a name makes it tiny, for tests: `unet256,smoke`.
ColorNet's Table 2 reports 16.58 dB / 0.5205 for SCD and 17.13 dB / 0.5368 for
LinkNet on EPFL (480x480, 57 images); its budget is 300 epochs of batch 16.
"""

from ml_collections import ConfigDict

NETWORKS = {
    "unet256": {
        "name": "unet256",
        "filters": 64,
        "levels": 8,
        "norm": "instance",
        "output_channels": 3,
        "activation": "sigmoid",
    },
    "linknet": {
        "name": "linknet",
        "depth": 34,
        "filters": 64,
        "output_channels": 3,
        "activation": "sigmoid",
    },
    "resnet": {
        "name": "resnet",
        "filters": 64,
        "blocks": 9,
        "output_channels": 3,
        "activation": "sigmoid",
    },
}


def get_config(variant: str = "unet256") -> ConfigDict:
    network, _, size = variant.partition(",")
    if network not in NETWORKS or size not in ("", "smoke"):
        raise ValueError(
            f"configs/supervised.py:{variant}: expected one of "
            f"{', '.join(NETWORKS)}, and ',smoke' after it or nothing"
        )
    config = ConfigDict()
    config.method = "supervised"
    config.seed = 0
    config.network = ConfigDict(NETWORKS[network])
    config.loss = ConfigDict(
        {"l1": 1.0, "l2": 0.0, "chroma": 0.0, "mix": 0.0, "mix_alpha": 0.84}
    )
    config.optimizer = ConfigDict(
        {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "weight_decay": 0.0}
    )
    config.rate = ConfigDict(
        {"schedule": "constant", "peak": 1e-4, "warmup": 0.0}
    )
    config.data = ConfigDict(
        {
            "manifest": "",
            "description": "",
            "terms": "",
            "batch_size": 16,
            "crop": 256,
            "value_range": (0.0, 1.0),
            "zoom": (1.28, 1.28),
            "zoom_probability": 0.8,
            "mirror_probability": 0.5,
            "contrast": (0.5, 1.5),
            "contrast_probability": 0.8,
            "gamma": (1.0, 1.0),
        }
    )
    config.train = ConfigDict(
        {
            "steps": 5400,  # 300 epochs of 290 pairs
            "mixed_bfloat16": False,
            "average_decay": 0.0,
            "jit_compile": False,
            "deterministic": False,
            "log_every": 20,
            "evaluate_every": 180,
            "checkpoint_every": 180,
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
    if size == "smoke":
        make_small(config, network)
    return config.lock()


def make_small(config: ConfigDict, network: str) -> None:
    config.network.filters = 8
    if network == "unet256":
        config.network.levels = 4
    elif network == "linknet":
        config.network.depth = 18
    else:
        config.network.blocks = 2
    config.data.batch_size = 2
    config.data.crop = 32
    config.train.steps = 4
    config.train.log_every = 1
    config.train.evaluate_every = 2
    config.train.checkpoint_every = 2
    config.evaluate.grid_images = 2
