"""Exports a trained colorizer: SavedModel, TFLite file and model card.

  bin/export.py --workdir=runs/unet --output=saved_models/unet

The export folder is all that bin/colorize.py, TF Serving or a LiteRT program
needs. Its files are loaded again and compared with the trained method before
the folder gets its name. card.json holds the difference, the training data,
the scores on validation, and the commands that made the model.

Some methods have several inference paths; bin/colorize.py --help explains
their names. --paths=n2c,g2c exports these two, the first as the default of the
export. The SavedModel holds them all, each as a signature of its name; the
TFLite file of the first is model.tflite, of the others model_<path>.tflite.

model.tflite takes any size, in floating point. Cameras want files of one size,
and smaller ones: --tflite=dynamic,int8 --sizes=128x128,128x256 writes each kind
at each size, beside it. The sizes are those that the network sees: shrunk to
the working size, and padded or stretched. Without these flags the section
`export` in the config of the workdir decides. A file that differs from the
method by more than config.export.least_db allows fails the export.

--weights=float16 writes model.tflite in half the bytes. It computes in float32;
an export whose results differ by more than two levels of 8 bit fails.

--onnx writes model.onnx beside model.tflite, for ONNX Runtime, TensorRT and
other tool chains; it needs pip install 'nircolor-tf[onnx]'.

An export gets more files without its workdir, and the SavedModel of this
version where an older one wrote it:

  bin/export.py --from_export=default --output=saved_models/mine \
      --tflite=dynamic --sizes=256x448

int8 takes its scales from --representative=FOLDER, images of your camera. All
else stays as it is: other files, training record, what the card says of
training and measurements.
"""

from collections.abc import Mapping
from typing import Any

from absl import flags

from nircolor_tf.commands import cli
from nircolor_tf.errors import InputError
from nircolor_tf.images import channels

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of bin/train.py.")
_FROM_EXPORT = flags.DEFINE_string(
    "from_export",
    None,
    "An export that is to be written again, with more files.",
)
_OUTPUT = flags.DEFINE_string("output", None, "Export folder to write.")
_CHECKPOINT = flags.DEFINE_enum(
    "checkpoint", "best", ("best", "latest"), "Which weights of the workdir."
)
_PATHS = flags.DEFINE_list(
    "paths",
    [],
    "Inference paths to export, or all. Default: the first of the method.",
)
_TFLITE = flags.DEFINE_list(
    "tflite",
    [],
    "Kinds of TFLite files of one size, with commas: float32, float16, "
    "dynamic, int8.",
)
_SIZES = flags.DEFINE_list(
    "sizes", [], "Sizes of these files: HEIGHTxWIDTH, with commas."
)
_REPRESENTATIVE = flags.DEFINE_string(
    "representative",
    "",
    "Folder of images that give int8 its scales. Default: the training images.",
)
_CHANNEL = flags.DEFINE_string(
    "channel",
    "gray",
    f"Which channel of that folder's images is NIR: {channels.CHOICES}.",
)
_ESTIMATOR = flags.DEFINE_string(
    "estimator",
    None,
    "Workdir that learned the colors' error, as "
    "configs/default.py:uncertain does.",
)
_ONNX = flags.DEFINE_bool(
    "onnx", False, "Write an ONNX file of each path, too."
)
_WEIGHTS = flags.DEFINE_enum(
    "weights",
    None,
    ("float32", "float16"),
    "Type of the weights in model.tflite, which computes in float32. Default: "
    "float32; with --from_export the file as it is.",
)
_NOTE = flags.DEFINE_string(
    "note", "", "Text for the card: machine, known failures."
)
_OVERWRITE = flags.DEFINE_bool(
    "overwrite",
    False,
    "Replace an export that exists already, and nothing else.",
)
cli.require("output")
flags.mark_flags_as_mutual_exclusive(["workdir", "from_export"], required=True)


# Flags that go with --from_export: all else is as the export has it.
_OF_AN_EXPORT = (
    *("from_export", "output", "overwrite", "onnx", "weights"),
    *("tflite", "sizes", "representative", "channel"),
)


def main() -> None:
    channel = channels.parse(_CHANNEL.value)
    if _FROM_EXPORT.value is not None:
        _renew(channel)
        return
    # TensorFlow takes seconds to import: not for --help or a wrong flag.
    from nircolor_tf.export import export
    from nircolor_tf.inference import models
    from nircolor_tf.training import checkpoints

    card = export.export_workdir(
        _WORKDIR.value, _OUTPUT.value, _options(channel)
    )
    sizes = ", ".join(
        f"{name} {size / 1e6:.1f} MB" for name, size in card["bytes"].items()
    )
    weights = _describe_weights(
        card, checkpoints.newest_step(_WORKDIR.value), _CHECKPOINT.value
    )
    cli.say(
        f"exported {weights} of {_WORKDIR.value} to {_OUTPUT.value} ({sizes})\n"
        f"  use: bin/colorize.py --model={models.quoted(_OUTPUT.value)} "
        "--input=DIR --output=DIR"
    )
    _say_fixed(card)


def _options(channel: channels.Channel):
    """Returns the flags as `export.Options`."""
    from nircolor_tf.export import export

    return export.Options(
        checkpoint=_CHECKPOINT.value,
        paths=_PATHS.value,
        overwrite=_OVERWRITE.value,
        note=_NOTE.value,
        kinds=_TFLITE.value,
        sizes=_SIZES.value,
        representative=_REPRESENTATIVE.value,
        channel=channel,
        onnx=_ONNX.value,
        weights=_WEIGHTS.value or "",
        command=cli.command_line(),
        estimator=_ESTIMATOR.value,
    )


def _say_fixed(card: dict[str, Any]) -> None:
    """Says what the TFLite files of one size are like."""
    from nircolor_tf.inference import cards

    for path in card["paths"]:
        for file in cards.fixed_files(card, path):
            cli.say(
                f"  {file['file']}: {file['bytes'] / 1e6:.1f} MB, "
                f"{file['milliseconds']:.1f} ms on {file['threads']} threads, "
                f"{file['db']:.1f} dB from the method"
            )


def _describe_weights(
    card: Mapping[str, Any], newest: int | None, checkpoint: str
) -> str:
    """Says which weights an export has, and why these."""
    training, validation = card["training"], card.get("validation")
    why = "the newest" if checkpoint == "latest" else "best"
    if checkpoint == "best" and validation is not None:
        metric = card["config"]["evaluate"]["best_metric"]
        why = (
            f"best on {validation['split']}, {metric} "
            f"{validation['metrics'][metric]:.4g}"
        )
    if newest not in (None, training["step"]):
        why += f"; newest is {newest}"
    return f"step {training['step']} ({why})"


def _renew(channel: channels.Channel) -> None:
    for flag in flags.FLAGS.get_key_flags_for_module(__name__):
        if flag.present and flag.name not in _OF_AN_EXPORT:
            raise InputError(
                f"--{flag.name}: not with --from_export, which keeps the "
                "weights, the paths and the note of an export"
            )
    from nircolor_tf.export import renewal
    from nircolor_tf.inference import models

    card = renewal.renew(
        models.locate(_FROM_EXPORT.value),
        _OUTPUT.value,
        _options(channel),
    )
    difference = max(card["largest_difference"].values())
    cli.say(
        f"wrote the SavedModel of {_FROM_EXPORT.value} again, in "
        f"{_OUTPUT.value}; largest difference of a file to the method "
        f"{difference:.1g}"
    )
    _say_fixed(card)
