r"""Measures models on one split of a data set, and writes a report to look at.

One model, an export folder (--model) or the folder of a training (--workdir,
with its weights that are best on validation):

  bin/evaluate.py --workdir=runs/unet --data=data/manifest.csv \
      --split=val --output=reports/unet

Several runs, side by side, with paired differences. Each is an export, a
workdir, or a folder of images that other software wrote under the names of the
data's images. A label= before a run is its name in the tables, a :path after it
is its inference path:

  bin/evaluate.py --data=data/manifest.csv --output=reports/all --baselines \
      --compare runs/unet ours=saved_models/co:n2c others/output

Every metric comes under a named protocol: `std`, for your own decisions, and
`hkbu`, to stand beside the published VCIP tables; docs/metrics.md defines
them. Open report.html of the output folder; table.csv, table.md,
per_image.csv and summary.json hold the numbers.

A model that was trained on scenes of the measured images gets no clean
number: see --contaminated. Images and models that fail are named, the others
are measured all the same, and the exit status is 1.
"""

from absl import flags

from nircolor_tf.commands import cli
from nircolor_tf.errors import InputError
from nircolor_tf.inference import models, timing

_MODEL = flags.DEFINE_string("model", None, "Export folder to measure.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Training folder to measure.")
_PATH = flags.DEFINE_string("path", None, "Inference path. Default: the first.")
_COMPARE = flags.DEFINE_bool(
    "compare", False, "Measure the runs that are named after the flags."
)
_CHECKPOINT = flags.DEFINE_enum(
    "checkpoint", "best", ("best", "latest"), "Which weights of workdirs."
)
_DATA = flags.DEFINE_string(
    "data", None, "manifest.csv of bin/prepare_data.py."
)
_SPLIT = flags.DEFINE_string("split", "val", "Which split of the manifest.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder for the report.")
_BASELINES = flags.DEFINE_bool(
    "baselines", False, "Measure the input as it is and the mean color, too."
)
_CONTAMINATED = flags.DEFINE_enum(
    "contaminated",
    "refuse",
    ("refuse", "mark", "drop"),
    "A model trained on scenes of these images: refuse to measure it, mark its "
    "numbers as contaminated, or leave those images out.",
)
_PERCEPTUAL = flags.DEFINE_multi_enum(
    "perceptual",
    [],
    ("lpips", "fid"),
    "Metrics of the [perceptual] extra; fid is FID and KID, KID alone below "
    "2,049 images.",
)
_ROBUSTNESS = flags.DEFINE_integer(
    "robustness",
    0,
    "On how many images to measure robustness curves; 0 for none.",
    0,
)
_GALLERY = flags.DEFINE_integer(
    "gallery", 60, "How many images report.html shows, the worst ones.", 0
)
_WORKERS = flags.DEFINE_integer(
    "workers", timing.cores(), "Threads for the metrics.", 1
)
_OVERWRITE = flags.DEFINE_bool(
    "overwrite", False, "Replace a report that exists already."
)
TAKES = "RUN"
cli.require("data", "output")


def main(*names: str) -> None:
    from nircolor_tf.training import process

    # Before TensorFlow is imported.
    process.keep_freed_memory()
    from nircolor_tf.evaluation.options import Options
    from nircolor_tf.report import report, tables

    workdir = _WORKDIR.value and models.folder_name(_WORKDIR.value)
    single = [name for name in (_MODEL.value, workdir) if name]
    if len(single) + _COMPARE.value != 1 or bool(names) != _COMPARE.value:
        raise InputError(
            "give one of --model=DIR, --workdir=DIR and --compare RUN RUN ..."
        )
    if _PATH.value and not single:
        raise InputError(
            f"--path={_PATH.value}: goes with --model or --workdir; with "
            f"--compare write RUN:{_PATH.value}"
        )
    if _PATH.value:
        single = [f"{single[0]}:{_PATH.value}"]
    if not _OVERWRITE.value:
        report.check_new(_OUTPUT.value)
    options = Options(
        manifest=_DATA.value,
        split=_SPLIT.value,
        checkpoint=_CHECKPOINT.value,
        contaminated=_CONTAMINATED.value,
        baselines=_BASELINES.value,
        perceptual=_PERCEPTUAL.value,
        robustness=_ROBUSTNESS.value,
        workers=_WORKERS.value,
    )
    evaluation = report.evaluate_and_report(
        names or single,
        options,
        _OUTPUT.value,
        _GALLERY.value,
        cli.command_line(),
    )
    cli.say(tables.format_report(evaluation))
    cli.say(f"wrote the report to {_OUTPUT.value}; open report.html there")
    if evaluation.problems:
        raise InputError(
            "\n  ".join(["not everything worked:", *evaluation.problems])
        )
