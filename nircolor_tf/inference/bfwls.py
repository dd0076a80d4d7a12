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

[ours], where the paper is silent: the parameters of the filters (all in
`fusion.BfwlsParameters`), BT.601, values scaled to [0, 1], the result clipped
to [0, 1], which is the only thing that changes U and V.
"""

from concurrent import futures

import cv2
import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.inference import wls, wls_exact
from nircolor_tf.inference.fusion import BfwlsParameters

_SOLVERS = {"separable": wls.smooth, "exact": wls_exact.smooth}


def fuse(
    nir: np.ndarray, rgb: np.ndarray, parameters: BfwlsParameters
) -> np.ndarray:
    """Replaces the luminance detail of a colorized image by the NIR's.

    Args:
        nir: (H, W, 1) in [0, 1], the image that was colorized.
        rgb: (H, W, 3) in [0, 1], the output of a network for it.
        parameters: The filters' parameters.

    Returns:
        (H, W, 3) float32 in [0, 1].

    Raises:
        InputError: The shapes do not fit each other, or a value lies outside
            [0, 1] or is not a number.
    """
    _check(nir, rgb)
    nir = np.ascontiguousarray(nir[..., 0], np.float32)
    rgb = np.ascontiguousarray(rgb, np.float32)
    luminance = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)  # Y of BT.601
    # Side by side: the solver has one thread.
    with futures.ThreadPoolExecutor(1) as executor:
        bilateral = executor.submit(
            cv2.bilateralFilter,
            nir,
            int(parameters.bilateral_diameter),
            parameters.bilateral_sigma_color,
            parameters.bilateral_sigma_space,
        )
        nir_wls, luminance_wls = _SOLVERS[parameters.wls_solver](
            np.stack([nir, luminance]),
            parameters.wls_lambda,
            parameters.wls_alpha,
            parameters.wls_epsilon,
        )
    nir_bilateral = bilateral.result()
    detail = nir - (nir_bilateral + nir_wls) / 2
    # U and V are multiples of B - Y and R - Y: adding one number to all three
    # channels is replacing Y in YUV, without the rounding of the way back.
    change = detail + luminance_wls - luminance
    fused = cv2.merge([change.astype(np.float32, copy=False)] * 3)
    fused += rgb
    return np.clip(fused, 0, 1, out=fused)


def _check(nir: np.ndarray, rgb: np.ndarray) -> None:
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
