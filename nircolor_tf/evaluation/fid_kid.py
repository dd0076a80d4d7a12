"""FID and KID: the distance of two sets of images, which knows no pairs.

Both compare features of Inception-v3 (2048 of its last pooling, images
scaled to 299x299). They ask whether the predictions, together, look like
photographs: a wrong but plausible color costs little.

KID, M. Binkowski et al.: Demystifying MMD GANs, ICLR 2018: squared maximum
mean discrepancy, cubic kernel; of more than 1000 images the mean over 100
subsets of 1000. Range: about [0, inf), lower is better. It is unbiased:
sets of different counts may be compared, and equal distributions have
numbers around 0, also negative ones. With few images it is noisy.

FID, M. Heusel et al.: GANs Trained by a Two Time-Scale Update Rule,
NeurIPS 2017, eq. 6: Frechet distance between Gaussians. Range: [0, inf),
lower is better. It is biased, the more the fewer images there are: compare
only equal counts; its authors ask for 10,000. Below 2049 the covariances
are singular, and there is no FID.

Needs the package torch-fidelity of the extra `perceptual`, see
`extra_packages`. It runs on the CPU: TensorFlow holds the GPU's memory.
"""

import math
import os
import types

from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import extra_packages
from nircolor_tf.images import image_files

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


def load_inception() -> types.ModuleType:
    """Loads what `set_metrics` needs, before hours go into the images.

    Returns:
        The package torch_fidelity, which computes FID and KID.

    Raises:
        InputError: A package or the weights are missing.
    """
    fidelity = extra_packages.load("fid", "torch_fidelity")
    inception = extra_packages.load(
        "fid", "torch_fidelity.feature_extractor_inceptionv3"
    )
    extra_packages.load_weights(
        "fid", "Inception-v3", inception.URL_INCEPTION_V3
    )
    return fidelity


def set_metrics(
    prediction_folder: str | os.PathLike, truth_folder: str | os.PathLike
) -> dict[str, float]:
    """Measures how far a set of predictions is from the set of truths.

    See the module's docstring for what the numbers mean.

    Args:
        prediction_folder: Holds 8-bit images, *.png.
        truth_folder: The same.

    Returns:
        {"fid": .., "kid": ..}, or {"kid": ..} of fewer than 2049 images.

    Raises:
        InputError: A folder, a package or the weights are missing, a folder
            holds fewer than 2 images, or a number is not finite.
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
    # The package raises errors of any type; the other numbers stay.
    except Exception as error:
        raise InputError(f"fid: {type(error).__name__}: {error}") from error
    keys = {
        "fid": fidelity.KEY_METRIC_FID,
        "kid": fidelity.KEY_METRIC_KID_MEAN,
    }
    distances = {
        name: measured[key] for name, key in keys.items() if key in measured
    }
    if not all(map(math.isfinite, distances.values())):
        raise InputError(f"fid: {distances}: no finite numbers")
    return distances


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
