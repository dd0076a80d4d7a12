#!/usr/bin/env python3
"""Colorizes a NIR image of 8 bit with LiteRT, NumPy and OpenCV alone.

  examples/litert.py saved_models/default nir.png color.png [FILE.tflite]

What a program on a board does; docs/cameras.md explains the steps. The result
is that of `nircolor colorize`, to one level. FILE is one of the model's files
of a single size whose input is floating point: dynamic or float16, not int8.
Models with `mirror` or `fusion` in their card need more steps and are refused.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter


def mean(image, radius):
    """Means over square windows, of the pixels that there are."""
    window, border = 2 * (2 * radius + 1,), cv2.BORDER_CONSTANT
    total, count = (
        cv2.boxFilter(each, -1, window, normalize=False, borderType=border)
        for each in (image, np.ones_like(image))
    )
    return total / count


def fit(gray, change, radius, epsilon):
    """Slope and offset of change = slope gray + offset, in each window."""
    gray, gray_3 = gray.squeeze(), np.repeat(gray, 3, axis=2)
    gray_mean, change_mean = mean(gray, radius), mean(change, radius)
    variance = mean(gray**2, radius) - gray_mean**2
    covariance = mean(gray_3 * change, radius)
    covariance -= gray_mean[..., None] * change_mean
    slope = covariance / (variance.clip(0) + epsilon)[..., None]
    offset = change_mean - slope * gray_mean[..., None]
    return mean(slope, radius), mean(offset, radius)


if len(sys.argv) not in (4, 5):
    sys.exit(__doc__)
folder, source, target, *files = sys.argv[1:]
file = files[0] if files else "model.tflite"
if not Path(folder, "card.json").is_file() or not Path(folder, file).is_file():
    sys.exit(f"{folder}: expected a model's folder, with card.json and {file}")
if not cv2.haveImageWriter(target):
    sys.exit(f"{target}: expected a name with a suffix such as .png")
card = json.loads(Path(folder, "card.json").read_text("utf-8"))
if further := [key for key in ("mirror", "fusion") if card.get(key)]:
    sys.exit(f"{folder}: has {' and '.join(further)}, see docs/cameras.md")
nir = cv2.imread(source, cv2.IMREAD_UNCHANGED)
if nir is None or nir.dtype != np.uint8 or nir.ndim != 2:
    sys.exit(f"{source}: expected an image of 8 bit and one channel")
nir = nir[..., None].astype(np.float32) / 255
size = nir.shape[:2]
shorter, side = min(size), card["working_size"] or min(size)
shrunk = [round(n * min(1, side / shorter)) for n in size]
small = cv2.resize(nir, shrunk[::-1], interpolation=cv2.INTER_AREA)[..., None]
margins = [(0, -n % card["size_multiple"]) for n in shrunk]
batch = np.pad(small, (*margins, (0, 0)), mode="reflect")[None]

model = Interpreter(f"{folder}/{file}")
entry = model.get_input_details()[0]
sides = [int(n) for n in entry["shape_signature"]]
if entry["dtype"] != np.float32 or (
    -1 not in sides and sides != list(batch.shape)
):
    sys.exit(f"{file}: takes {sides}, {entry['dtype'].__name__}")
model.resize_tensor_input(entry["index"], batch.shape)
model.allocate_tensors()
model.set_tensor(entry["index"], batch)
model.invoke()
rgb = model.get_tensor(model.get_output_details()[0]["index"])[0].clip(0, 1)
rgb = rgb[: shrunk[0], : shrunk[1]]


def enlarge(image):
    """Enlarges to the size of the NIR image."""
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC)


if shorter > side and (guided := card.get("guided")):
    slope, offset = fit(small, rgb - small, **guided)
    rgb = (nir + enlarge(slope) * nir + enlarge(offset)).clip(0, 1)
elif shorter > side:
    rgb = (nir + enlarge(rgb - small)).clip(0, 1)
if not cv2.imwrite(target, np.rint(255 * rgb[..., ::-1]).astype(np.uint8)):
    sys.exit(f"{target}: cannot be written")
