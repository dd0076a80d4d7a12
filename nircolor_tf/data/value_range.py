"""Between [0, 1] and the value range of a network.

A range is (0, 1), of networks that end in a sigmoid, or (-1, 1), of those that
end in a tanh.
"""


def to_range(unit, value_range: tuple[float, float]):
    """Maps [0, 1] to `value_range`."""
    low, high = value_range
    return unit * (high - low) + low


def from_range(values, value_range: tuple[float, float]):
    """Maps `value_range` to [0, 1]."""
    low, high = value_range
    return (values - low) / (high - low)
