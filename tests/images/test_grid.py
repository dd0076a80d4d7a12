"""Images in a labelled grid."""

import numpy as np

from nircolor_tf.images import grid


def test_image_grid_places_every_tile():
    red = np.full((8, 10, 3), (255, 0, 0), np.uint8)
    gray = np.full((6, 6, 1), 128 * 257, np.uint16)
    result = grid.image_grid([[red, gray], [gray, red]], ["", ""], ["", ""])
    assert result.dtype == np.uint8
    is_red = (result == (255, 0, 0)).all(axis=-1)
    is_gray = (result == 128).all(axis=-1)
    assert is_red.sum() == 2 * 80
    assert is_gray.sum() == 2 * 36
    # Red is left in the upper row and right in the lower one.
    red_rows, red_columns = np.nonzero(is_red)
    upper = red_rows < red_rows.mean()
    assert red_columns[upper].max() < red_columns[~upper].min()


def test_long_labels_are_not_cut():
    tile = np.zeros((4, 4, 1), np.uint8)
    short = grid.image_grid([[tile]], ["x"], [""])
    long = grid.image_grid([[tile]], ["x" * 50], [""])
    assert long.shape[1] > short.shape[1]
    assert (long[:, -3:] == 255).all()
