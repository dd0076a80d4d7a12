"""What a training records of itself in its workdir before its first step.

    config.json          the complete config
    images.csv           the lines of the manifest that it reads
    training_data.csv    names and hashes of the images that it reads

With weights from elsewhere, or images that a model has colored, it also records
where they come from.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ml_collections import ConfigDict

from nircolor_tf.data import lineage, manifest, training_data
from nircolor_tf.data.examples import Source
from nircolor_tf.data.pipeline import reads_photos
from nircolor_tf.training import config_files, model_lineage, recorded_images
from nircolor_tf.training.warm_start import Start


def images(
    examples: Sequence[manifest.Example],
    config: ConfigDict,
    data: Collection[str],
) -> list[manifest.Example]:
    """Returns all that a training reads, in the order of the manifest.

    Args:
        examples: Of the manifest.
        config: A whole experiment.
        data: Names of the data sets that its phases read.
    """
    splits = {"train", config.evaluate.split}
    if reads_photos(data, config.data):
        splits.add("unpaired")
    return [example for example in examples if example.split in splits]


def write(
    workdir: Path,
    config: ConfigDict,
    examples: Sequence[manifest.Example],
    data: Mapping[str, Source],
    start: Start | None,
) -> None:
    """Writes all of it.

    Args:
        workdir: Is made if it does not exist.
        config: With absolute paths.
        examples: Of the manifest.
        data: By name, the data sets that its phases read.
        start: The weights that it begins with; None for new ones.

    Raises:
        InputError: The workdir has another config, or cannot be written.
    """
    config_files.write_config(workdir, config)
    recorded_images.write(workdir, images(examples, config, data))
    training_data.write(
        workdir,
        training_data.collect_taught(
            config.data.manifest,
            examples,
            reads_photos(data, config.data),
            config.evaluate.split,
        ),
    )
    lineage.add(workdir, lineage.read(Path(config.data.manifest).parent))
    if start is not None:
        start.write(workdir)
        lineage.add(workdir, model_lineage.of(start.source))
