"""The parameters of the detail fusion, and when it runs.

`bfwls.py` runs the fusion in NumPy and OpenCV, `export/bfwls_graph.py` in
TensorFlow. The parameters stand apart, because a method and a card name them
without running it.
"""

import dataclasses

from nircolor_tf.errors import InputError

# Solvers of the WLS system, `wls.py` and `wls_exact.py`.
SOLVERS = ("separable", "exact")

# Values of --fusion.
CHOICES = ("model", "none", "bfwls")


@dataclasses.dataclass(frozen=True)
class BfwlsParameters:
    """The parameters of the two filters, for images in [0, 1].

    `COLORNET` is a good start. Farbman et al. use lambda 1, which here takes
    more out of the luminance than the detail of the NIR image puts back.

    Attributes:
        bilateral_diameter: Width of the bilateral window in pixels, odd, 3 to
            255.
        bilateral_sigma_color: Steps well above this stay sharp, in [0, 1].
        bilateral_sigma_space: Spatial reach of the window in pixels.
        wls_lambda: Strength of the WLS smoothing, 0 for none.
        wls_alpha: Sensitivity of WLS to gradients; larger smooths steps
            below one unit of log luminance more and larger steps less.
        wls_epsilon: Keeps WLS finite where the image is black or flat.
        wls_solver: One of `SOLVERS`: "separable" is fast, "exact" slow.

    Raises:
        InputError: A value is out of its range.
    """

    bilateral_diameter: int
    bilateral_sigma_color: float
    bilateral_sigma_space: float
    wls_lambda: float
    wls_alpha: float
    wls_epsilon: float
    wls_solver: str = "separable"

    def __post_init__(self):
        diameter = self.bilateral_diameter
        odd = diameter == int(diameter) and diameter % 2 == 1
        if not odd or not 3 <= diameter <= 255:
            raise InputError(
                f"bilateral_diameter={diameter}: expected an odd integer, 3 to "
                "255"
            )
        for name in (
            "bilateral_sigma_color",
            "bilateral_sigma_space",
            "wls_alpha",
            "wls_epsilon",
        ):
            # Beyond, float32 divides by 0 or overflows.
            if not 1e-6 <= getattr(self, name) <= 1e6:
                raise InputError(
                    f"{name}={getattr(self, name)}: expected 1e-6 to 1e6"
                )
        if not 0 <= self.wls_lambda <= 1e6:
            raise InputError(f"wls_lambda={self.wls_lambda}: expected 0 to 1e6")
        if self.wls_solver not in SOLVERS:
            raise InputError(
                f"wls_solver={self.wls_solver!r}: expected one of "
                + ", ".join(SOLVERS)
            )


# As in configs/colornet.py.
COLORNET = BfwlsParameters(
    bilateral_diameter=9,
    bilateral_sigma_color=0.1,
    bilateral_sigma_space=3.0,
    wls_lambda=0.3,
    wls_alpha=1.2,
    wls_epsilon=1e-4,
)


def choose(
    choice: str, parameters: BfwlsParameters | None
) -> BfwlsParameters | None:
    """Chooses the fusion that follows a model.

    Args:
        choice: One of `CHOICES`. "model" keeps the fusion of the model, which
            may be none. "none" drops it. "bfwls" fuses after every model,
            with the parameters of ColorNet where the model has none.
        parameters: Those of the model; None for a model without a fusion.
    """
    if choice == "bfwls":
        return parameters or COLORNET
    return parameters if choice == "model" else None
