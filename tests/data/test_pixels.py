"""Images that a training keeps in memory."""

import numpy as np
import pytest
from test_pipeline import make_example

from nircolor_tf.data import pixels


def test_images_of_odd_sizes(tmp_path):
    rng = np.random.default_rng(0)
    images = [
        rng.integers(0, 256, (*size, 4), np.uint8)
        for size in ((11, 13), (1, 1), (16, 16), (7, 3))
    ]
    examples = [
        make_example(tmp_path, str(number), image[..., :1], image[..., 1:])
        for number, image in enumerate(images)
    ]
    kept = pixels.MEMORY.open(examples, ("nir", "rgb"))
    assert kept._shapes.dtype == "int64"  # their product is beyond int32
    for number in (3, 0, 2, 1):
        np.testing.assert_array_equal(kept.read(number), images[number])


@pytest.mark.parametrize(
    ("sizes", "starts"),
    [((5,), [0]), ((572, 4, 64, 3), [0, 576, 640, 704])],
)
def test_images_begin_where_tensorflow_need_not_copy_them(sizes, starts):
    assert pixels._aligned_starts(sizes).tolist() == starts


def test_more_values_than_int32_counts():
    starts = pixels._aligned_starts([30000 * 20000 * 4, 1])
    assert starts.tolist() == [0, 2_400_000_000]
