"""BFWLS: gives a colorized image the fine detail of its NIR image.

The second half of ColorNet (X. Ma, W. Huang, R. Huang, X. Liu: Near-Infrared
Image Colorization Using Asymmetric Codec and Pixel-Level Fusion, Applied
Sciences 12, 10087, 2022, https://doi.org/10.3390/app121910087, section 3.2).
A bilateral filter (BF) and a weighted-least-squares filter (WLS) each split
the NIR image into base and detail; the mean of both details takes the place
of the detail in the luminance of the colorized image:

    detail_BF  = NIR - BF(NIR)                 eq. 6
    detail_WLS = NIR - WLS(NIR)                eq. 7
    detail     = (detail_BF + detail_WLS) / 2  eq. 8
    Y'         = detail + WLS(Y)               eq. 9

Y is the luminance of YUV (BT.601); U and V stay as they are.

Choices where the paper is silent: the parameters of the filters (all in
`BfwlsParameters`), values scaled to [0, 1], the result clipped to [0, 1],
which is the only thing that changes U and V.
"""

import dataclasses

import cv2
import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.inference import wls

SOLVERS = {"separable": wls.wls_separable, "exact": wls.wls_exact}

# Values of --fusion.
CHOICES = ("model", "none", "bfwls")


@dataclasses.dataclass(frozen=True)
class BfwlsParameters:
    """The filters' parameters, for images in [0, 1].

    `COLORNET` is a good start. Farbman et al. use lambda 1, which here takes
    more out of the luminance than the NIR's detail puts back.

    Attributes:
        bilateral_diameter: Width of the bilateral window in pixels, odd.
        bilateral_sigma_color: Steps well above this stay sharp, in [0, 1].
        bilateral_sigma_space: Spatial reach of the window in pixels.
        wls_lambda: Strength of the WLS smoothing, 0 for none.
        wls_alpha: Sensitivity of WLS to gradients; larger smooths steps
            below one unit of log luminance more and larger steps less.
        wls_epsilon: Keeps WLS finite where the image is black or flat.
        wls_solver: "separable" (fast) or "exact" (slow, needs SciPy).

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
        if diameter != int(diameter) or diameter < 3 or diameter % 2 == 0:
            raise InputError(
                f"bilateral_diameter={diameter}: expected an odd integer >= 3"
            )
        for name in (
            "bilateral_sigma_color",
            "bilateral_sigma_space",
            "wls_alpha",
            "wls_epsilon",
        ):
            if not getattr(self, name) > 0:
                raise InputError(
                    f"{name}={getattr(self, name)}: expected a number > 0"
                )
        if not self.wls_lambda >= 0:
            raise InputError(
                f"wls_lambda={self.wls_lambda}: expected a number >= 0"
            )
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
        choice: Of `CHOICES`: the model's own, if any; none; or one for every
            model, ColorNet's where it has none of its own.
        parameters: The model's own; None if it has none.
    """
    if choice == "bfwls":
        return parameters or COLORNET
    return parameters if choice == "model" else None


def fuse(
    nir: np.ndarray, rgb: np.ndarray, parameters: BfwlsParameters
) -> np.ndarray:
    """Replaces the luminance detail of a colorized image by the NIR's.

    Args:
        nir: (H, W, 1) in [0, 1], the image that was colorized.
        rgb: (H, W, 3) in [0, 1], what a network made of it.
        parameters: The filters' parameters.

    Returns:
        (H, W, 3) float32 in [0, 1].

    Raises:
        InputError: The shapes do not fit each other, or a value lies outside
            [0, 1] or is not a number.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or nir.shape != (*rgb.shape[:2], 1):
        raise InputError(
            "BFWLS fuses nir (H, W, 1) with rgb (H, W, 3); found "
            f"{nir.shape} and {rgb.shape}"
        )
    for name, image in (("nir", nir), ("rgb", rgb)):
        if not (image.min() >= 0 and image.max() <= 1):
            raise InputError(
                f"BFWLS fuses images in [0, 1]; {name} lies in "
                f"[{image.min()}, {image.max()}]"
            )
    nir = np.ascontiguousarray(nir[..., 0], np.float32)
    rgb = np.ascontiguousarray(rgb, np.float32)
    luminance = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)  # Y of BT.601
    nir_wls, luminance_wls = SOLVERS[parameters.wls_solver](
        np.stack([nir, luminance]),
        parameters.wls_lambda,
        parameters.wls_alpha,
        parameters.wls_epsilon,
    )
    nir_bilateral = cv2.bilateralFilter(
        nir,
        int(parameters.bilateral_diameter),
        parameters.bilateral_sigma_color,
        parameters.bilateral_sigma_space,
    )
    detail = nir - (nir_bilateral + nir_wls) / 2
    # U and V are multiples of B - Y and R - Y: adding one number to all three
    # channels is replacing Y in YUV, without the rounding of the way back.
    change = detail + luminance_wls - luminance
    return np.clip(rgb + change[..., None], 0, 1).astype(np.float32)
