"""Batches that are copied to the devices ahead."""

import numpy as np
import pytest
import smoke
import tensorflow as tf

from nircolor_tf.errors import InputError
from nircolor_tf.training import checking, cluster


@pytest.mark.parametrize("prefetch", [0, 1, 3])
def test_each_device_gets_its_parts_in_order(two_replicas, prefetch):
    batches = cluster.distribute(
        two_replicas, lambda context: tf.data.Dataset.range(40), prefetch
    )
    parts = [
        two_replicas.experimental_local_results(next(batches))
        for _ in range(10)
    ]
    np.testing.assert_array_equal(parts, np.arange(20).reshape(10, 2))


def test_fewer_than_none_is_refused():
    config = smoke.load_config("default", "smoke")
    config.data.manifest = "manifest.csv"
    config.train.prefetch = -1
    with pytest.raises(InputError, match=r"train\.prefetch is -1; expected at"):
        checking.check_config(config, 1)
