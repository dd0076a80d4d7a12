"""Distances between features of networks that learned to see.

LPIPS compares one image with its truth; FID and KID compare two sets of images
and know no pairs. The networks are those of the reference packages: `lpips`
and `torch-fidelity`, which run on PyTorch, all in the extra `perceptual`. Their
weights are downloaded when first used.

Everything here runs on the CPU: TensorFlow holds the GPU's memory.
"""

import importlib
import os
import types
import warnings
from pathlib import Path, PurePosixPath

import numpy as np
from skimage import color

from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, image_files

# Of smaller images AlexNet's poolings leave nothing.
SMALLEST_SIDE = 31

# L* at which the sRGB gamut is widest.
AB_LIGHTNESS = 55

# Inception has 2048 features: their covariance has full rank only above.
FEWEST_FOR_FID = 2049
# KID divides by the count less one.
FEWEST_FOR_KID = 2
# Binkowski et al. 2018 draw subsets of 1000 from larger sets.
KID_SUBSET = 1000

_FIDELITY_OPTIONS = {
    "samples_find_ext": "png",
    "kid_subsets": 100,
    # A batch would ask for images of one size.
    "batch_size": 1,
    "cuda": False,
    # Reads without worker processes, which TensorFlow's threads may hang.
    "save_cpu_ram": True,
    "verbose": False,
}


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
            InputError: A package or the weights cannot be had.
        """
        lpips = _import("lpips", "lpips")
        torchvision = _import("lpips", "torchvision")
        self._torch = _import("lpips", "torch")
        _load_weights(
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
    """An image's colors, all equally light.

    ColorNet's eq. 16 is a distance of (AB, AB'): it may depend on nothing but
    the channels a and b. The paper does not say how two channels enter a
    network for three. Here L* is replaced by one constant, and the result goes
    back to sRGB: an image as the network knows them, which shows a and b and
    nothing else. The prediction with the truth's L*, the other choice, would
    weigh the same error of color by what is painted there.

    The constant is 55, where the sRGB gamut is widest; what lies outside is
    clipped.

    Args:
        image: (H, W, 3) RGB, floating point in [0, 1].

    Returns:
        Likewise; a gray image becomes one gray.
    """
    lab = color.rgb2lab(image)
    lab[..., 0] = AB_LIGHTNESS
    return color.lab2rgb(lab)


def load_inception() -> types.ModuleType:
    """Has all that `set_metrics` needs at hand.

    Returns:
        The package that computes them.

    Raises:
        InputError: A package or the weights cannot be had.
    """
    fidelity = _import("fid", "torch_fidelity")
    inception = _import("fid", "torch_fidelity.feature_extractor_inceptionv3")
    _load_weights("fid", "Inception-v3", inception.URL_INCEPTION_V3)
    return fidelity


def set_metrics(
    prediction_folder: str | os.PathLike, truth_folder: str | os.PathLike
) -> dict[str, float]:
    """Measures how far a set of predictions is from the set of truths.

    Both compare features of Inception-v3 (2048 of its last pooling, images
    scaled to 299x299). They ask whether the predictions, together, look like
    photographs: what is wrong but plausible costs little.

    KID, M. Binkowski et al.: Demystifying MMD GANs, ICLR 2018: squared maximum
    mean discrepancy, cubic kernel; of more than 1000 images the mean over 100
    subsets of 1000. Range: about [0, inf), lower is better. It is unbiased, so
    sets of different counts may be compared and equal distributions give
    numbers around 0, also negative ones; with few images it is noisy.

    FID, M. Heusel et al.: GANs Trained by a Two Time-Scale Update Rule,
    NeurIPS 2017, eq. 6: Frechet distance between Gaussians. Range: [0, inf),
    lower is better. It is biased, the more the fewer images there are: compare
    only equal counts, of 10,000 or more if one follows its authors. Below 2049
    the covariances are singular and no FID is given.

    Args:
        prediction_folder: Holds 8-bit images, *.png.
        truth_folder: The same.

    Returns:
        {"fid": .., "kid": ..}, or {"kid": ..} of fewer than 2049 images.

    Raises:
        InputError: A folder is missing or holds fewer than 2 images; a package
            or the weights cannot be had.
    """
    fidelity = load_inception()
    count = min(_count(prediction_folder), _count(truth_folder))
    try:
        measured = fidelity.calculate_metrics(
            input1=str(prediction_folder),
            input2=str(truth_folder),
            fid=count >= FEWEST_FOR_FID,
            kid=True,
            kid_subset_size=min(count, KID_SUBSET),
            **_FIDELITY_OPTIONS,
        )
    # The package raises what it likes; the other numbers must not be lost.
    except Exception as error:
        raise InputError(f"fid: {type(error).__name__}: {error}") from error
    names = {
        fidelity.KEY_METRIC_FID: "fid",
        fidelity.KEY_METRIC_KID_MEAN: "kid",
    }
    return {names[key]: measured[key] for key in names if key in measured}


def _count(folder):
    count = sum(
        path.suffix.lower() == ".png"
        for path in image_files.list_images(folder)
    )
    if count < FEWEST_FOR_KID:
        raise InputError(
            f"{folder}: holds {count} PNG images; KID needs at least "
            f"{FEWEST_FOR_KID}, FID {FEWEST_FOR_FID}"
        )
    return count


def _import(metric: str, name: str) -> types.ModuleType:
    try:
        return importlib.import_module(name)
    # The latter two: torch and torchvision that do not fit each other.
    except (ImportError, OSError, RuntimeError) as error:
        raise InputError(
            f"--perceptual={metric} needs {name}: pip install "
            f"'nircolor-tf[perceptual]'. Importing it says: {error}"
        ) from error


def _load_weights(metric: str, network: str, url: str) -> None:
    """Downloads a network's weights, unless they lie where torch keeps them.

    The packages would, too, but not say what to do when it fails.

    Raises:
        InputError: They cannot be had, or the file is damaged.
    """
    torch = _import(metric, "torch")
    file = Path(torch.hub.get_dir(), "checkpoints", PurePosixPath(url).name)
    try:
        torch.hub.load_state_dict_from_url(
            url, map_location="cpu", check_hash=True
        )
    except Exception as error:  # of the network, the disk, pickle or torch
        raise InputError(
            f"--perceptual={metric}: the {network} weights cannot be loaded: "
            f"{type(error).__name__}: {error}. They are downloaded once, from "
            f"{url} to {file}: run this where there is a network, or put the "
            "file there"
        ) from error
