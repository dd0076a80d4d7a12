"""Gradient accumulation: a batch that is computed in parts.

It takes the memory of one part. The mean over equal parts is that over the
batch, except for what looks at a whole batch: BatchNorm's statistics are those
of a part, dropout and image pools draw for each part anew, and spectral norms
are estimated once more for each.
"""

from collections.abc import Callable
from typing import TypeVar

import tensorflow as tf

from nircolor_tf.methods.base import Batch

Result = TypeVar("Result")


def mean_over_parts(
    function: Callable[[Batch], Result], batch: Batch, parts: int
) -> Result:
    """Returns the mean of what a function returns for the parts of a batch.

    Args:
        function: batch -> tensors, means over its images.
        batch: Images, (B, ...); of one replica.
        parts: B is a multiple of them.
    """
    if parts == 1:
        return function(batch)
    sums, result = [], None
    for number in range(parts):
        # One after the other: started together, they would need the memory of
        # the whole batch.
        with tf.control_dependencies(sums):
            part = tf.nest.map_structure(
                lambda images, number=number: tf.identity(
                    tf.split(images, parts)[number]
                ),
                batch,
            )
        result = function(part)
        terms = tf.nest.flatten(result)
        sums = (
            [total + term for total, term in zip(sums, terms, strict=True)]
            if sums
            else terms
        )
    means = [total / parts for total in sums]
    return tf.nest.pack_sequence_as(result, means)
