"""Exports a trained colorizer: SavedModel, TFLite file and model card.

  bin/export.py --workdir=runs/unet --output=saved_models/unet

The export folder is all that bin/colorize.py, TF Serving or a LiteRT program
needs. Its files are loaded again and compared with the trained method before
the folder gets its name; card.json says how large the difference is, what the
model was trained on and how it scored.

Some methods know several inference paths, whose names bin/colorize.py --help
explains. --paths=n2c,g2c exports these two, the first as the default of the
export. The SavedModel holds them all, each as a signature of its name; the
TFLite file of the first is model.tflite, of the others model_<path>.tflite.

model.tflite takes any size, in floating point. Cameras want files of one size,
and smaller ones: --tflite=dynamic,int8 --sizes=128x128,128x256 writes each kind
at each size, beside it. The sizes are those that the network sees: after the
working size, padded. Without these flags the config of the workdir decides (its
section `export`). Every file is compared with the method; one that is further
from it than config.export.least_db allows fails the export.
"""

from absl import flags

from nircolor_tf.commands import cli

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of bin/train.py.")
_OUTPUT = flags.DEFINE_string("output", None, "Export folder to write.")
_CHECKPOINT = flags.DEFINE_enum(
    "checkpoint", "best", ("best", "latest"), "Which weights of the workdir."
)
_PATHS = flags.DEFINE_list(
    "paths",
    [],
    "Inference paths to export, or all. Default: the method's own.",
)
_TFLITE = flags.DEFINE_list(
    "tflite",
    [],
    "Kinds of TFLite files of one size: float32, float16, dynamic, int8.",
)
_SIZES = flags.DEFINE_list("sizes", [], "Their sizes: HEIGHTxWIDTH, ...")
_REPRESENTATIVE = flags.DEFINE_string(
    "representative",
    "",
    "Folder of images that int8 takes its scales from. Default: the training "
    "images.",
)
_NOTE = flags.DEFINE_string("note", "", "For the card: machine, failures.")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace --output.")
cli.require("workdir", "output")


def main() -> None:
    # TensorFlow takes seconds to import: not for --help or a wrong flag.
    from nircolor_tf.export import export
    from nircolor_tf.inference import cards

    card = export.export_workdir(
        _WORKDIR.value,
        _OUTPUT.value,
        _CHECKPOINT.value,
        _PATHS.value,
        _OVERWRITE.value,
        _NOTE.value,
        _TFLITE.value,
        _SIZES.value,
        _REPRESENTATIVE.value,
        cli.command_line(),
    )
    sizes = ", ".join(
        f"{name} {size / 1e6:.1f} MB" for name, size in card["bytes"].items()
    )
    print(
        f"exported step {card['training']['step']} of {_WORKDIR.value} to "
        f"{_OUTPUT.value} ({sizes})\n"
        f"  use: bin/colorize.py --model={_OUTPUT.value} --input=DIR "
        "--output=DIR"
    )
    for path in card["paths"]:
        for file in cards.fixed_files(card, path):
            print(
                f"  {file['file']}: {file['bytes'] / 1e6:.1f} MB, "
                f"{file['milliseconds']:.1f} ms on {file['threads']} threads, "
                f"{file['db']:.1f} dB from the method"
            )
