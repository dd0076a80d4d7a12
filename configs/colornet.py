"""ColorNet (Ma et al., Applied Sciences 2022) as published.

    bin/train.py --config=configs/colornet.py --workdir=DIR \
        --config.data.manifest=MANIFEST

Data: EPFL RGB-NIR Scene cut to 480x480 (bin/prepare_data.py --layout=epfl);
300 epochs of batch 16 at 1e-4, the best model kept. Ablations of Table 2:
    --config.network.glffnet=False          ACD only
    --config.fusion.enabled=False           ACD + GLFFNet
`:smoke` makes it tiny, for tests.
Reported on 57 images: MAE 0.0939, 18.44 dB, 0.6363.
"""

from ml_collections import ConfigDict


def get_config(variant: str = "") -> ConfigDict:
    if variant not in ("", "smoke"):
        raise ValueError(
            f"configs/colornet.py:{variant}: expected ':smoke' or nothing"
        )
    config = ConfigDict()
    config.method = "colornet"
    config.seed = 0
    config.network = ConfigDict(
        {
            "name": "acd",
            "depth": 34,
            "filters": 64,
            "glffnet": True,
            "output_channels": 3,
            "activation": "tanh",
        }
    )
    # keras-hub preset or folder, e.g. 'hf://timm/resnet34.a1_in1k'; '' = none.
    config.encoder_weights = ""
    config.loss = ConfigDict({"l2": 1.0})
    config.fusion = ConfigDict(
        {
            "enabled": True,
            "bilateral_diameter": 9,
            "bilateral_sigma_color": 0.1,
            "bilateral_sigma_space": 3.0,
            "wls_lambda": 1.0,
            "wls_alpha": 1.2,
            "wls_epsilon": 1e-4,
            "wls_solver": "separable",
        }
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
            "crop": 480,
            "value_range": (-1.0, 1.0),
            "zoom": (1.0, 1.0),
            "zoom_probability": 0.0,
            "mirror_probability": 0.0,
            "contrast": (1.0, 1.0),
            "contrast_probability": 0.0,
            "gamma": (1.0, 1.0),
        }
    )
    config.train = ConfigDict(
        {
            "steps": 13200,  # 300 epochs of 706 pairs
            "mixed_bfloat16": False,
            "average_decay": 0.0,
            "jit_compile": False,
            "deterministic": False,
            "log_every": 20,
            "evaluate_every": 440,
            "checkpoint_every": 440,
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
    if variant == "smoke":
        config.network.depth = 18
        config.network.filters = 8
        config.data.batch_size = 2
        config.data.crop = 32
        config.train.steps = 4
        config.train.log_every = 1
        config.train.evaluate_every = 2
        config.train.checkpoint_every = 2
        config.evaluate.grid_images = 2
    return config.lock()
