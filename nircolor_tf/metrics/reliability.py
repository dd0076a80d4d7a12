"""How far the errors that a model expects are those that it makes.

Pixels are sorted by the error that is expected of them. A calibrated model
errs, in every tenth of them, as much as it says (a reliability curve; for
regression: Kuleshov, Fenner & Ermon, ICML 2018); a sharp one has most of its
error in the last tenth.
"""

import dataclasses

import numpy as np

TENTHS = 10


@dataclasses.dataclass(frozen=True)
class Reliability:
    """Expected against real errors of many pixels, in [0, 1].

    Attributes:
        factor: By which the expected errors are to be multiplied, so that
            their mean is that of the real ones.
        expected: Of each tenth of the pixels, from the surest on, the mean
            expected error after the factor.
        real: Likewise the mean real error.
        last_share: Share of all real error that lies in the last tenth, the
            most uncertain; 0.1 is chance.
        most_share: The largest share that a tenth of the pixels has: of
            those with the largest real error.
    """

    factor: float
    expected: tuple[float, ...]
    real: tuple[float, ...]
    last_share: float
    most_share: float


def measure(expected: np.ndarray, real: np.ndarray) -> Reliability:
    """Compares expected errors with real ones.

    Args:
        expected: (N,) of N pixels, at least ten, 0 or more.
        real: (N,), the mean absolute error of each, 0 or more.

    Raises:
        ValueError: Shapes differ, or there are fewer than ten pixels.
    """
    if expected.shape != real.shape or expected.size < TENTHS:
        raise ValueError(
            f"expected errors {expected.shape} and real ones {real.shape}: "
            f"expected one shape, of {TENTHS} pixels or more"
        )
    expected = expected.astype(np.float64)
    real = real.astype(np.float64)
    factor = real.mean() / max(expected.mean(), np.finfo(np.float64).tiny)
    order = np.argsort(expected, kind="stable")
    tenths = np.array_split(order, TENTHS)
    total = max(real.sum(), np.finfo(np.float64).tiny)
    largest = np.sort(real)[-len(tenths[-1]) :]
    return Reliability(
        factor=float(factor),
        expected=tuple(
            float(factor * expected[tenth].mean()) for tenth in tenths
        ),
        real=tuple(float(real[tenth].mean()) for tenth in tenths),
        last_share=float(real[tenths[-1]].sum() / total),
        most_share=float(largest.sum() / total),
    )
