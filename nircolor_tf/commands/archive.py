r"""Colorizes an archive of images, on all cores or on a Ray cluster.

--input is a folder, with all folders in it; a text file with a path in each
line; or a Parquet file with the column 'path'. It needs the extra [ray].

Examples:
  bin/archive.py --input=archive --output=color
  bin/archive.py --input=images.parquet --output=/share/color --format=jpeg \
      --model=/share/model --address=auto

What has a result already is left: the same command goes on where one was
stopped. A file that fails is named with its reason in dead_letters.csv in the
output, the others are colorized, and the exit status is 1. A worker that is
killed is started again, and its batch is done again.
"""

from pathlib import Path

from absl import flags

from nircolor_tf.commands import cli
from nircolor_tf.errors import InputError
from nircolor_tf.images import channels, image_files, ranges
from nircolor_tf.inference import archive, folders, jobs

_INPUT = flags.DEFINE_string("input", None, "Folder, list or Parquet file.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder for the results.")
_MODEL = flags.DEFINE_string(
    "model", "default", "A shipped model, an export folder, or hf://OWNER/NAME."
)
_PATH = flags.DEFINE_string(
    "path", None, "Inference path. Default: the first of the export."
)
_RANGE = flags.DEFINE_string("range", "auto", "Values of black and white.")
_CHANNEL = flags.DEFINE_string("channel", "gray", "Channel that is NIR.")
_FORMAT = flags.DEFINE_enum(
    "format", "same", list(jobs.SUFFIXES), "File format of the results."
)
_QUALITY = flags.DEFINE_integer(
    "quality", image_files.QUALITY, "Of JPEG and WebP results.", 1, 100
)
_SATURATION = flags.DEFINE_float(
    "saturation", 1.0, "Factor of the color: 1.5 is more vivid, 0 is gray.", 0
)
_BRIGHTEN = flags.DEFINE_bool(
    "brighten", True, "Brighten dark images first, where the model does."
)
_WORKERS = flags.DEFINE_integer(
    "workers", None, "Images at a time. Default: as many as there are cores.", 1
)
_THREADS = flags.DEFINE_integer("threads", 1, "CPU threads of a worker.", 1)
_BATCH = flags.DEFINE_integer(
    "batch", 16, "Images that a worker takes at a time.", 1
)
_ADDRESS = flags.DEFINE_string(
    "address",
    None,
    "Of a Ray cluster, HOST:PORT or auto. Default: this machine.",
)
cli.require("input", "output")


def main() -> None:
    outcome = archive.colorize_archive(
        archive.Work(
            model=_MODEL.value,
            path=_PATH.value,
            options=folders.Options(
                existing="skip",
                input_range=ranges.parse(_RANGE.value),
                image_format=_FORMAT.value,
                channel=channels.parse(_CHANNEL.value),
                quality=_QUALITY.value,
            ),
            brighten=_BRIGHTEN.value,
            saturation=_SATURATION.value,
            threads=_THREADS.value,
        ),
        _INPUT.value,
        _OUTPUT.value,
        workers=_WORKERS.value,
        batch=_BATCH.value,
        address=_ADDRESS.value,
    )
    cli.say(
        f"colorized {outcome.colorized} images, {outcome.skipped} had a result "
        f"already -> {_OUTPUT.value}"
    )
    passed_over = jobs.list_notes(
        Path(_INPUT.value), [Path(_OUTPUT.value)], recursive=True
    )
    for note in (folders.warning(outcome.levels), *passed_over):
        if note:
            cli.say(f"  note: {note}")
    if outcome.failed:
        path, reason = next(iter(outcome.failed.items()))
        raise InputError(
            f"{len(outcome.failed)} images failed; {_OUTPUT.value}/"
            f"{archive.FILE} names them, the first is {path}: {reason}"
        )
