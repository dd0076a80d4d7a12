"""Near-infrared image colorization in TensorFlow and Keras 3.

    import nircolor_tf as nircolor
    colorize = nircolor.load()
    rgb = colorize("nir.png")

`load` takes the name of a model, `models()` lists those that come with the
package; see `nircolor_tf.inference.api`.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nircolor_tf.inference.api import ImageColorizer

__version__ = "0.1.0"


def load(
    model: str | os.PathLike = "default", **options: Any
) -> "ImageColorizer":
    """Loads a model: `nircolor_tf.inference.api.load`."""
    from nircolor_tf.inference import api  # noqa: PLC0415 - takes 0.3 s

    return api.load(model, **options)


def models() -> Sequence[str]:
    """Returns the names of the models that come with the package."""
    from nircolor_tf.inference.models import SHIPPED  # noqa: PLC0415 - as above

    return SHIPPED
