"""LPIPS: the distance of two images in the features of a network.

Needs the packages of the extra `perceptual`, see `extra_packages`. It runs on
the CPU: TensorFlow holds the GPU's memory.
"""

import warnings

import numpy as np
from skimage import color

from nircolor_tf.evaluation import extra_packages
from nircolor_tf.images import conversions

# Of smaller images AlexNet's poolings leave nothing.
SMALLEST_SIDE = 31

# L* at which the sRGB gamut is widest.
AB_LIGHTNESS = 55


class Lpips:
    """Learned perceptual image patch similarity: AlexNet, version 0.1.

    R. Zhang, P. Isola, A. A. Efros, E. Shechtman, O. Wang: The Unreasonable
    Effectiveness of Deep Features as a Perceptual Metric, CVPR 2018, eq. 1:
    the features of five layers, each position's normalized to length 1;
    their squared differences, weighted by channel, averaged over the positions
    and summed over channels and layers.
    """

    def __init__(self):
        """Loads the networks; the first time downloads AlexNet's weights.

        Raises:
            InputError: A package or the weights are missing.
        """
        lpips = extra_packages.load("lpips", "lpips")
        torchvision = extra_packages.load("lpips", "torchvision")
        self._torch = extra_packages.load("lpips", "torch")
        extra_packages.load_weights(
            "lpips",
            "AlexNet",
            torchvision.models.AlexNet_Weights.IMAGENET1K_V1.url,
        )
        with warnings.catch_warnings():
            # lpips asks torchvision for weights the old way: only a warning.
            warnings.simplefilter("ignore")
            self._network = lpips.LPIPS(
                net="alex", version="0.1", verbose=False
            )

    def measure(
        self, prediction: np.ndarray, truth: np.ndarray
    ) -> dict[str, float]:
        """Measures one predicted image against its truth.

        Range: [0, inf), mostly below 1; lower is better. Identical images have
        0.

        Args:
            prediction: (H, W, 3) RGB as `protocols.measure` takes it; rounded
                to 8 bit first, as there.
            truth: The same shape.

        Returns:
            "lpips" of the images; "lpips_ab" of `at_one_lightness` of both,
            our reading of Ma et al. 2022 (ColorNet), eq. 16. Nothing for
            images of one channel or with a side shorter than 31 pixels.

        Raises:
            InputError: Floating-point values lie outside [0, 1] or are not
                numbers.
        """
        if truth.shape[2] != 3 or min(truth.shape[:2]) < SMALLEST_SIDE:
            return {}
        prediction = conversions.to_8bit(prediction, "prediction") / 255
        truth = conversions.to_8bit(truth, "truth") / 255
        return {
            "lpips": self._distance(prediction, truth),
            "lpips_ab": self._distance(
                at_one_lightness(prediction), at_one_lightness(truth)
            ),
        }

    def _distance(self, prediction, truth):
        batches = (
            self._torch.from_numpy(
                np.float32(2 * image - 1).transpose(2, 0, 1)[None]
            )
            for image in (prediction, truth)
        )
        with self._torch.inference_mode():
            return self._network(*batches).item()


def at_one_lightness(image: np.ndarray) -> np.ndarray:
    """Returns the colors of an image at one lightness.

    ColorNet's eq. 16 is a distance of (AB, AB'): it depends on the channels a
    and b alone. The paper does not say how two channels enter a network for
    three. Here L* is replaced by one constant, and the result goes back to
    sRGB: an image as the network knows them, which shows a and b and nothing
    else. The prediction with the truth's L* would be another way; there an
    error of color would count more or less with the lightness of the truth.

    The constant is 55, where the sRGB gamut is widest; colors outside of it
    are clipped.

    Args:
        image: (H, W, 3) RGB, floating point in [0, 1].

    Returns:
        Likewise; a gray image becomes one gray.
    """
    lab = color.rgb2lab(image)
    lab[..., 0] = AB_LIGHTNESS
    return color.lab2rgb(lab)
