"""What a measurement says: a plan in, rows of a table out."""

import dataclasses
import statistics
from collections.abc import Sequence

from nircolor_tf.inference import timing


@dataclasses.dataclass(frozen=True)
class Plan:
    """How long and on what a benchmark runs.

    Attributes:
        quick: Tiny networks and images, to see that all of it works.
        device: 'cpu' or 'gpu'.
        threads: Of every program on the CPU.
        seconds: For the rounds of one table, after a first call of each.
    """

    quick: bool = False
    device: str = "cpu"
    threads: int = timing.cores()
    seconds: float = 5.0

    @property
    def side(self) -> int:
        """Height and width of the images of networks, pixels."""
        return 64 if self.quick else 256

    def variant(self, name: str) -> str:
        """The variant of a config: `name`, or the one for tests."""
        return "smoke" if self.quick else name


@dataclasses.dataclass(frozen=True)
class Limits:
    """What the machine can do in a second.

    Attributes:
        float32: Additions and multiplications of a matrix product.
        bfloat16: Likewise; None where the processor has no such arithmetic.
        int8: Likewise, of a 1x1 convolution in LiteRT; None on a GPU.
        bandwidth: Bytes read and written.
    """

    float32: float
    bfloat16: float | None
    int8: float | None
    bandwidth: float


@dataclasses.dataclass(frozen=True)
class Quartiles:
    """The middle of some measured values, and half of them around it."""

    lower: float
    median: float
    upper: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Quartiles":
        """Of at least one value."""
        if len(values) == 1:
            return cls(*[values[0]] * 3)
        return cls(*statistics.quantiles(values, n=4, method="inclusive"))


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        work: What is done.
        program: Who does it.
        seconds: Of one run; None where `memory` is what was measured.
        items: What a run goes through, where `unit` counts it.
        unit: 'ms', 's', or items of a second: 'pairs/s'.
        ratio: Of the seconds to those of the reference, in the same round.
        reference: Whether it is the reference.
        goal: What is to be reached, in words; '' for nothing.
        operations: Additions and multiplications of a run.
        traffic: Bytes that its convolutions and products read and write.
        limit: Seconds of a run at the limits of the machine.
        memory: Most bytes that it needed, if it was measured.
        difference: Largest difference of the result from the first program's.
    """

    work: str
    program: str
    seconds: Quartiles | None = None
    items: int = 1
    unit: str = "ms"
    ratio: Quartiles | None = None
    reference: bool = False
    goal: str = ""
    operations: int | None = None
    traffic: int | None = None
    limit: float | None = None
    memory: int | None = None
    difference: float | None = None


@dataclasses.dataclass(frozen=True)
class Curve:
    """How the cost of something grows.

    Attributes:
        work: What is done.
        of: What grows: 'image side, px'.
        sizes: Its values, rising.
        seconds: Of a run at each.
        power: Of `sizes` that fits the seconds best: 2 for a square.
    """

    work: str
    of: str
    sizes: tuple[float, ...]
    seconds: tuple[float, ...]
    power: float
