"""How metrics are shown: label, unit, direction and digits of each."""

import dataclasses
from collections.abc import Mapping

from nircolor_tf.metrics import metrics


@dataclasses.dataclass(frozen=True)
class Metric:
    """How a metric is shown, in every protocol.

    Attributes:
        label: Heading of a table.
        unit: 'dB', 'degrees', or '' where there is none.
        higher_is_better: Which of two numbers is the better one.
        ideal: Value of identical images under `std`.
        digits: Worth printing after the point.
    """

    label: str
    unit: str
    higher_is_better: bool
    ideal: float
    digits: int


# In the order of a table. LPIPS, FID and KID are measured in `evaluation`.
METRICS: Mapping[str, Metric] = {
    "psnr": Metric("PSNR", "dB", True, metrics.LARGEST_PSNR, 2),
    "psnr_gain": Metric("PSNR, own gain", "dB", True, metrics.LARGEST_PSNR, 2),
    "ssim": Metric("SSIM", "", True, 1, 3),
    "ms_ssim": Metric("MS-SSIM", "", True, 1, 3),
    "ae": Metric("AE", "degrees", False, 0, 2),
    "mae": Metric("MAE", "", False, 0, 4),
    "rmse": Metric("RMSE", "", False, 0, 4),
    "s_cielab": Metric("S-CIELAB", "", False, 0, 2),
    "ciede2000": Metric("CIEDE2000", "", False, 0, 2),
    "colorfulness_error": Metric("Colorfulness, error", "", False, 0, 1),
    "lpips": Metric("LPIPS", "", False, 0, 3),
    "lpips_ab": Metric("LPIPS (ab)", "", False, 0, 3),
    "ae_pixels_mean": Metric("AE, all pixels", "degrees", False, 0, 2),
    "ae_pixels_std": Metric("AE, deviation", "degrees", False, 0, 2),
    "fid": Metric("FID", "", False, 0, 1),
    "kid": Metric("KID", "", False, 0, 4),
}
