#!/usr/bin/env python3
"""Colorizes a NIR image of 8 bit with LiteRT, NumPy and OpenCV alone.

  examples/litert.py saved_models/edge nir.png color.png

What a program on a board does; docs/cameras.md explains the steps. The result
is that of `nircolor colorize`, to one level. Models with `mirror`, `guided` or
`fusion` in their card need more steps and are refused.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

folder, source, target = sys.argv[1:]
card = json.loads(Path(folder, "card.json").read_text("utf-8"))
if further := [key for key in ("mirror", "guided", "fusion") if card.get(key)]:
    sys.exit(f"{folder}: has {' and '.join(further)}, see docs/cameras.md")
nir = cv2.imread(source, cv2.IMREAD_UNCHANGED)
if nir is None or nir.dtype != np.uint8 or nir.ndim != 2:
    sys.exit(f"{source}: expected an image of 8 bit and one channel")
nir = nir.astype(np.float32) / 255
shorter, side = min(nir.shape), card["working_size"] or min(nir.shape)
size = [round(n * min(1, side / shorter)) for n in nir.shape]
small = cv2.resize(nir, size[::-1], interpolation=cv2.INTER_AREA)
step, least = card["size_multiple"], card["minimum_size"]
margins = [(0, -(-max(n, least) // step) * step - n) for n in size]
batch = np.pad(small, margins, mode="reflect")[None, ..., None]
model = Interpreter(f"{folder}/model.tflite")
model.resize_tensor_input(model.get_input_details()[0]["index"], batch.shape)
model.allocate_tensors()
model.set_tensor(model.get_input_details()[0]["index"], batch)
model.invoke()
rgb = model.get_tensor(model.get_output_details()[0]["index"])[0].clip(0, 1)
rgb = rgb[: size[0], : size[1]]
if shorter > side:
    change = cv2.resize(
        rgb - small[..., None], nir.shape[::-1], interpolation=cv2.INTER_CUBIC
    )
    rgb = (nir[..., None] + change).clip(0, 1)
if not cv2.imwrite(target, np.rint(255 * rgb[..., ::-1]).astype(np.uint8)):
    sys.exit(f"{target}: cannot be written")
