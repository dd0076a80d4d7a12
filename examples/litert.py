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
if least_mean := card.get("least_mean"):
    step = max(1, min(nir.shape[:2]) // 128)
    grays = np.sort(nir[::step, ::step], axis=None)
    largest = 1 / max(grays[99 * (grays.size - 1) // 100], 1 / 8)
    gain = min(least_mean / max(grays.mean(), 1e-9), largest)
    nir = np.minimum(max(1, gain) * nir, 1)

multiple = card["size_multiple"]
model = Interpreter(f"{folder}/{file}")
entry = model.get_input_details()[0]
sides = [int(n) for n in entry["shape_signature"]]
# A file of one size sees the image once.
share = card.get("half_share", 0) if -1 in sides else 0


def change(image):
    """What the network adds to an image of a size that it may see."""
    height, width, _ = image.shape
    margins = [(0, -n % multiple) for n in (height, width)]
    batch = np.pad(image, (*margins, (0, 0)), mode="reflect")[None]
    if entry["dtype"] != np.float32 or (
        -1 not in sides and sides != list(batch.shape)
    ):
        sys.exit(f"{file}: takes {sides}, {entry['dtype'].__name__}")
    model.resize_tensor_input(entry["index"], batch.shape)
    model.allocate_tensors()
    model.set_tensor(entry["index"], batch)
    model.invoke()
    rgb = model.get_tensor(model.get_output_details()[0]["index"])[0]
    return rgb.clip(0, 1)[:height, :width] - image


def fit_side(length, longest):
    """With `stretch` the nearest length without padding."""
    if not card.get("stretch"):
        return length
    nearest = round(length / multiple) * multiple
    return nearest - multiple * (nearest > longest) or length


def shrunk_change(image, side, change):
    """That of the image with a shorter side of `side` at most, enlarged."""
    size = image.shape[:2]
    scale = side / min(size)
    if scale >= 1:
        return change(image)
    shrunk = [fit_side(round(n * scale), n) for n in size]
    small = cv2.resize(image, shrunk[::-1], interpolation=cv2.INTER_AREA)
    small = small[..., None]
    parts = [change(small)]
    if guided := card.get("guided"):
        parts = fit(small, *parts, **guided)
    *slope, offset = (
        cv2.resize(part, size[::-1], interpolation=cv2.INTER_CUBIC)
        for part in parts
    )
    return slope[0] * image + offset if slope else offset


def ramp(values, low, high):
    """0 to 1, smooth."""
    part = ((values - low) / (high - low)).clip(0, 1)
    return part**2 * (3 - 2 * part)


def mean_change(image):
    """That at the working size and that at half of it."""
    total = change(image)
    if share:
        half = shrunk_change(image, card["working_size"] // 2, change)
        total = (1 - share) * total + share * half
    if card.get("whiten"):
        gray = (image + total) @ np.float32([[0.299], [0.587], [0.114]])
        white = ramp(image, 0.7, 0.85) * ramp(gray, 0.55, 0.75)
        total += white * (gray - image - total)
    return total


side = card["working_size"] or min(nir.shape[:2])
rgb = (nir + shrunk_change(nir, side, mean_change)).clip(0, 1)
if not cv2.imwrite(target, np.rint(255 * rgb[..., ::-1]).astype(np.uint8)):
    sys.exit(f"{target}: cannot be written")
