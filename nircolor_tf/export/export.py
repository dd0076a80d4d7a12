"""A trained method as files that run without this package's training code.

    saved_models/NAME/
        saved_model/    'serving_default': float NIR (B, H, W, 1) in [0, 1],
                        any size -> {'rgb': (B, H, W, 3) in [0, 1]}
        model.tflite    (1, H, W, 1) -> (1, H, W, 3), [0, 1], float32, H and W
                        multiples of the card's size_multiple; its weights
                        may be float16
        model.onnx      the same as ONNX, where it is asked for
        model_256x256_int8.tflite   and others of one size and kind, where
                        config.export asks for them
        error.tflite    estimates the error, of methods that do
        weights/        the weights of each network under its name, for
                        bin/train.py --start_from
        card.json       method, paths, training data and numbers
        training_data.csv   the names and hashes of the images it has seen

That is one inference path. Of several, the first is as above. Each of the
others is a signature of the SavedModel, which holds every weight once, and a
file model_<path>.tflite. Input and output are called as the path's source and
target, `nir`, `gray` or `rgb`.

The TFLite files hold the networks alone. The other steps of inference, which
the card names, are for the caller: `inference.Colorizer` runs them. The
SavedModel holds these steps as well. `export/saved_model.py` lists its
signatures, among them one that takes and returns image files.

An export is written to a temporary folder, loaded again, compared with the
method, and only then gets its name.
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ml_collections import ConfigDict

from nircolor_tf.data import manifest, pipeline, training_data
from nircolor_tf.data.training_data import TrainingData
from nircolor_tf.export import (
    comparison,
    error_files,
    fixed_sizes,
    joined,
    model_card,
    model_files,
    onnx_file,
    output_folder,
)
from nircolor_tf.images import channels
from nircolor_tf.images.channels import Channel
from nircolor_tf.inference import digests, error_estimate
from nircolor_tf.methods.base import InferencePath, Method
from nircolor_tf.training import (
    command_log,
    model_lineage,
    recorded_images,
    warm_start,
)


@dataclasses.dataclass(frozen=True)
class Options:
    """What to export, and how; bin/export.py has a flag for each.

    Attributes:
        checkpoint: 'best' or 'latest'.
        paths: As `choose_paths` takes them.
        overwrite: Whether to replace an export that exists.
        note: For the card: machine, known failures.
        kinds: Of `fixed_sizes.KINDS`; none for those of config.export.
        sizes: Of these files, as 'HEIGHTxWIDTH'; likewise.
        representative: Folder of images for 'int8'; '' for the training ones.
        channel: Which channel of that folder's images is NIR.
        onnx: Whether to write ONNX files, too.
        weights: Type of those in the TFLite files of any size, one of
            `tflite.WEIGHTS`; '' for float32 or, of an export that is written
            again, the files as they are.
        command: The command line that exports, for the card; None for none.
        estimator: The workdir that learned the colors' error; None for none.
    """

    checkpoint: str = "best"
    paths: Sequence[str] = ()
    overwrite: bool = False
    note: str = ""
    kinds: Sequence[str] = ()
    sizes: Sequence[str] = ()
    representative: str | os.PathLike = ""
    channel: Channel = channels.GRAY
    onnx: bool = False
    weights: str = ""
    command: str | None = None
    estimator: str | os.PathLike | None = None


def export_workdir(
    workdir: str | os.PathLike,
    output: str | os.PathLike,
    options: Options = Options(),
) -> dict:
    """Exports a trained workdir, and returns the card.

    Args:
        workdir: That bin/train.py wrote.
        output: The export folder to write; its last part is the name.
        options: What of it, and how.

    Raises:
        InputError: No checkpoint, no such path, kind or size, no training
            record, too few representative images, or a wrong `output`.
        ExportError: A file does not agree with the method; nothing is left.
    """
    inputs = [workdir, options.estimator, options.representative]
    output = output_folder.check(output, options.overwrite, inputs)
    if options.onnx:
        onnx_file.require()
    method, record = joined.load(workdir, options.checkpoint, options.estimator)
    paths = choose_paths(method, options.paths)
    fixed = fixed_sizes.parse(
        method.config.export,
        options.kinds,
        options.sizes,
        method.inference_steps(),
    )
    images = options.representative, options.channel
    fixed_sizes.check_images(fixed.kinds, *images)
    training = _read_training_data(workdir, method, options.estimator)
    history = _history(workdir, method.config, training, options)
    card = model_card.make_card(
        method, output.name, paths, record, training, history
    )
    card |= {"note": options.note, "commands": _commands(workdir, options)}
    dtype = options.weights or "float32"
    with output_folder.replacing(output) as folder:
        training_data.write(folder, training)
        entries = model_files.write_fixed(method, paths, fixed, *images, folder)
        card |= error_files.describe(method)
        factor = card.get(error_estimate.KEY, {}).get("factor", 1.0)
        model_files.write(method, paths, folder, factor, dtype)
        model_card.note_weights(card, dtype)
        if options.onnx:
            model_files.write_onnx(method, paths, card, folder)
        _complete(card, entries, method, paths, folder)
    return card


def choose_paths(
    method: Method, names: Sequence[str]
) -> dict[str, InferencePath]:
    """Returns inference paths of a method by name, in the order named.

    Args:
        method: Whose paths.
        names: Of paths; none for the method's own, ('all',) for every one.

    Raises:
        InputError: It has no path of such a name.
    """
    paths = method.inference_paths()
    if list(names) == ["all"]:
        return dict(paths)
    names = names or [next(iter(paths))]
    return {name: method.inference_path(name) for name in names}


def _commands(workdir: str | os.PathLike, options: Options) -> list[str]:
    """Returns the command lines that made the export, in order."""
    commands = command_log.read(workdir)
    if options.estimator is not None:
        commands += command_log.read(options.estimator)
    if options.command is not None:
        commands.append(options.command)
    return commands


def _history(
    workdir: str | os.PathLike,
    config: ConfigDict,
    training: TrainingData,
    options: Options,
) -> model_card.History:
    ancestors = model_lineage.before(workdir)
    if options.estimator is not None:
        ancestors += model_lineage.of(options.estimator)
    path, split = config.data.manifest, config.evaluate.split
    images = recorded_images.read(workdir)
    # A mean of weights records none: it was measured on those of the manifest.
    if not images and Path(path).is_file():
        images = manifest.read_manifest(path)
    validation = [image for image in images if image.split == split]
    return model_card.History(
        start=warm_start.read_record(workdir),
        ancestors=tuple(ancestors),
        validation=tuple(validation or training.select("validation")),
    )


def _complete(
    card: dict,
    entries: Mapping[str, list],
    method: Method,
    paths: Mapping[str, InferencePath],
    folder: Path,
) -> None:
    """Writes the card, with the measurements of the files in the folder."""
    for path, fixed in entries.items():
        card["paths"][path]["files"]["tflite_fixed"] = fixed
    model_card.write(folder, card)  # the comparison reads it
    card["largest_difference"] = comparison.compare(method, folder)
    card["bytes"] = model_card.count_bytes(folder, paths, method)
    card[digests.KEY] = digests.of(folder)
    model_card.write(folder, card)


def _read_training_data(
    workdir: str | os.PathLike,
    method: Method,
    estimator: str | os.PathLike | None,
) -> TrainingData:
    """Reads what the method and the estimator of its error have seen."""
    training = training_data.read_if_there(workdir)
    if training is None:  # A workdir of an older version.
        training = _collect_training_data(method)
    if estimator is None:
        return training
    return training_data.union(training, training_data.read(estimator))


def _collect_training_data(method: Method) -> TrainingData:
    config = method.config
    names = {name for phase in method.phases() for name in phase.data}
    return training_data.collect_taught(
        config.data.manifest,
        manifest.read_manifest(config.data.manifest),
        pipeline.reads_photos(names, config.data),
        config.evaluate.split,
    )
