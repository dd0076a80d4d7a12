"""Near-infrared image colorization in TensorFlow and Keras 3.

    import nircolor_tf as nircolor
    colorize = nircolor.load()
    rgb = colorize("nir.png")

`load` takes the name of a model, `models()` lists those that come with the
package; see `help(nircolor.load)`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nircolor_tf.inference.api import load

__all__ = ["load", "models"]

__version__ = "0.1.0"


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name != "load":
            raise AttributeError(
                f"module {__name__!r} has no attribute {name!r}"
            )
        # Found here when it is asked for: its imports take 0.3 s.
        from nircolor_tf.inference.api import load  # noqa: PLC0415

        return load


def models() -> Sequence[str]:
    """Returns the names of the models that come with the package."""
    from nircolor_tf.inference.models import SHIPPED  # noqa: PLC0415 - as above

    return SHIPPED
