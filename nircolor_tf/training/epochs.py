"""The length of an epoch: what the manifest holds, unless the config says."""

from collections.abc import Sequence

from ml_collections import ConfigDict

from nircolor_tf.data import pipeline
from nircolor_tf.data.manifest import Example
from nircolor_tf.training import checking


def with_epochs(config: ConfigDict, examples: Sequence[Example]) -> ConfigDict:
    """Returns a config whose epoch has a number of images, locked.

    Where config.schedule.epoch_images is 0, it is the number of the images of
    the largest data set that an epoch of the method shows. The workdir keeps
    that number.

    Args:
        config: A whole experiment.
        examples: Of its manifest.
    """
    schedule = config.get("schedule", {})
    if schedule.get("epoch_images", 1):
        return config
    config = config.copy_and_resolve_references()
    names = checking.method_class(config).epoch_data(config)
    config.schedule.epoch_images = max(
        pipeline.count(name, examples, config.data) for name in names
    )
    return config.lock()
