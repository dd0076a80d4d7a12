"""Options of an evaluation; bin/evaluate.py has a flag for each."""

import dataclasses
from collections.abc import Sequence
from typing import Literal


@dataclasses.dataclass(frozen=True)
class Options:
    """What to measure, and how.

    Attributes:
        manifest: Path of the manifest.csv of bin/prepare_data.py.
        split: Which of its splits.
        checkpoint: 'best' or 'latest', of workdirs.
        contaminated: What becomes of a model that was trained on scenes of
            these images: no number at all ('refuse'), numbers marked as
            contaminated ('mark'), or numbers without those images ('drop').
        baselines: Whether to measure the baselines, too.
        perceptual: 'lpips', 'fid' (FID and KID), both or none; they need an
            extra installed.
        robustness: How many images to degrade for the robustness curves,
            spread over the split; 0 for no curves.
        workers: Threads that compute metrics.
    """

    manifest: str
    split: str
    checkpoint: str
    contaminated: Literal["refuse", "mark", "drop"]
    baselines: bool
    perceptual: Sequence[str]
    robustness: int
    workers: int
