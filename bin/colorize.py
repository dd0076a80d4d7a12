#!/usr/bin/env python3
"""Colorizes near-infrared (NIR) photos, with some models gray photos too.

Give it one image or a folder of them. The results have the same size, depth (8
or 16 bit) and, in a folder, the same names and formats. Without --model it
uses the model that comes with this repository.

Examples:
  bin/colorize.py --input=photos/nir --output=photos/color
  bin/colorize.py --model=EXPORT --path=g2c --input=photos/gray --output=color

--path chooses one of the inference paths that the export holds:
  n2c    NIR to color
  n2g2c  NIR to color by way of gray
  g2c    gray to color
  g2n2c  gray to color by way of NIR
  n2g    NIR to gray, a translation: one channel comes out
  g2n    gray to NIR, likewise

A result that exists already is an error unless you say --overwrite; the input
images themselves are never overwritten. If an image cannot be read, the
others are colorized all the same, it is named, and the exit status is 1.
"""

from absl import flags

from nircolor_tf import cli, folders, inference

_INPUT = flags.DEFINE_string(
    "input", None, "NIR or gray image (PNG, TIFF, JPEG), or a folder of them."
)
_OUTPUT = flags.DEFINE_string(
    "output", None, "Folder for the results; for a single image also a file."
)
_MODEL = flags.DEFINE_string(
    "model", None, "Export folder. Default: the shipped model."
)
_PATH = flags.DEFINE_string(
    "path", None, "Inference path. Default: the first of the export."
)
_RUNTIME = flags.DEFINE_enum(
    "runtime",
    "auto",
    inference.RUNTIMES,
    "What runs the model: LiteRT its TFLite file, TensorFlow its SavedModel; "
    "auto: LiteRT where the export has such a file.",
)
_OVERWRITE = flags.DEFINE_bool(
    "overwrite", False, "Replace results that exist already."
)


def main() -> None:
    model = _MODEL.value or inference.default_model()
    written = folders.colorize_path(
        inference.load_export(model, _RUNTIME.value, path=_PATH.value),
        _INPUT.value,
        _OUTPUT.value,
        _OVERWRITE.value,
    )
    images = "1 image" if len(written) == 1 else f"{len(written)} images"
    print(f"colorized {images} with {model} -> {_OUTPUT.value}")


if __name__ == "__main__":
    cli.require("input", "output")
    cli.run(main)
