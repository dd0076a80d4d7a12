"""A split of twelve small pairs, and images to measure against it."""

import numpy as np

from nircolor_tf import files
from nircolor_tf.data import manifest
from nircolor_tf.evaluation.options import Options
from nircolor_tf.images import image_files
from nircolor_tf.report import report

COUNT, HEIGHT, WIDTH = 12, 16, 20


def write_split(folder, scale=1):
    """Writes the pairs, of six scenes, a manifest.csv and predictions.

    Image i of the folder 'near' is off by 12 - i levels, of 'far' by 10 more.
    """
    for name in ("nir", "rgb", "near", "far"):
        (folder / name).mkdir()
    generator = np.random.default_rng(1)
    examples = []
    for i in range(COUNT):
        name = f"image_{i:02}"
        size = (scale * HEIGHT, scale * WIDTH, 3)
        rgb = generator.integers(50, 200, size, dtype=np.uint8)
        images = {
            "nir": rgb[..., :1],
            "rgb": rgb,
            "near": rgb + np.uint8(COUNT - i),
            "far": rgb + np.uint8(COUNT - i + 10),
        }
        paths = {kind: folder / kind / f"{name}.png" for kind in images}
        for kind, image in images.items():
            image_files.write_image(paths[kind], image)
        examples.append(
            manifest.Example(
                name=name,
                nir=str(paths["nir"]),
                rgb=str(paths["rgb"]),
                height=size[0],
                width=size[1],
                bits=8,
                split="test",
                protocol="folder",
                scene=str(i // 2),
                shift_x=0,
                shift_y=0,
                nir_sha256=files.sha256(paths["nir"]),
                rgb_sha256=files.sha256(paths["rgb"]),
                nir_channel="gray",
                nir_low=0,
                nir_high=255,
                rgb_bands="",
                rgb_low=0,
                rgb_high=255,
            )
        )
    manifest.write_manifest(folder / "manifest.csv", examples)


def measure_split(names, folder, output, gallery=60, **changes):
    """Measures runs on that split, and writes the report.

    Args:
        names: Of the runs.
        folder: Of the split.
        output: For the report.
        gallery: Images in the report.
        changes: Options that are not the usual ones.
    """
    options = {
        "manifest": str(folder / "manifest.csv"),
        "split": "test",
        "checkpoint": "best",
        "contaminated": "refuse",
        "baselines": False,
        "perceptual": (),
        "robustness": 0,
        "workers": 2,
    }
    return report.evaluate_and_report(
        names, Options(**options | changes), output, gallery
    )
