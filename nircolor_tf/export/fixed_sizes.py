"""Which TFLite files of one size an export holds, of the kinds of `KINDS`.

    float32   as the method computes
    float16   weights of half the bytes; computes in float32
    dynamic   8-bit weights; 8-bit arithmetic where the runtime has it, with
              scales that it measures on each image; float32 in and out
    int8      8 bit throughout, input and output too, with scales taken from
              representative images when the file is written

Quantized files are of a fixed size, because LiteRT's fast kernels do not take
free sizes. `tflite.py` writes the files.
"""

import dataclasses
import os
import re
from collections.abc import Mapping, Sequence

from ml_collections import ConfigDict

from nircolor_tf.errors import InputError
from nircolor_tf.images import channels
from nircolor_tf.images.channels import Channel
from nircolor_tf.inference.steps import Steps, next_multiple

KINDS = ("float32", "float16", "dynamic", "int8")


@dataclasses.dataclass(frozen=True)
class FixedSizes:
    """Which files of one size an export holds.

    Attributes:
        kinds: Some of `KINDS`, each written at every size.
        sizes: Heights and widths, pixels.
        least_db: Kind -> how close to the method a file must be, dB.
        representative: Images that 'int8' takes its scales from.
        threads: CPU threads of LiteRT when a file is timed.
    """

    kinds: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    least_db: Mapping[str, float]
    representative: int
    threads: int


def parse(
    config: ConfigDict,
    kinds: Sequence[str],
    sizes: Sequence[str],
    steps: Steps,
) -> FixedSizes:
    """Reads the kinds and sizes from flags, or else from a config.

    Args:
        config: config.export.
        kinds: Instead of `config.tflite`, if any.
        sizes: Instead of `config.sizes`, if any.
        steps: As for `parse_flags`.

    Raises:
        InputError: Likewise.
    """
    return parse_flags(
        config, kinds or config.tflite, sizes or config.sizes, steps
    )


def parse_flags(
    config: ConfigDict,
    kinds: Sequence[str],
    sizes: Sequence[str],
    steps: Steps,
) -> FixedSizes:
    """Reads the kinds and sizes from flags alone.

    Args:
        config: config.export, for all else.
        kinds: Some of `KINDS`.
        sizes: As 'HEIGHTxWIDTH'.
        steps: Of inference; they decide at which sizes the network sees an
            image.

    Raises:
        InputError: An unknown kind, a size that the method cannot take or
            at which it sees no image, or one of the two without the other.
    """
    kinds = tuple(kinds)
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(
                f"--tflite, config.export.tflite: {kind!r}; expected some of "
                f"{', '.join(KINDS)}"
            )
    if bool(kinds) != bool(sizes):
        raise InputError(
            f"--tflite, config.export.tflite: {','.join(kinds) or 'none'}; "
            "--sizes, config.export.sizes: "
            f"{','.join(sizes) or 'none'}; expected both or none: beside "
            "model.tflite, which takes any size, every file has one size"
        )
    parsed = tuple(_parse_size(size, steps.size_multiple) for size in sizes)
    _check_reachable(parsed, steps)
    return FixedSizes(
        kinds,
        parsed,
        config.least_db,
        config.representative,
        config.threads,
    )


def check_images(
    kinds: Sequence[str], representative: str | os.PathLike, channel: Channel
) -> None:
    """Refuses representative images that no kind takes its scales from.

    Args:
        kinds: Of the files that are written.
        representative: Folder of these images; '' for none.
        channel: Which of their channels is NIR.

    Raises:
        InputError: There is a folder without 'int8', or a channel without a
            folder.
    """
    if representative and "int8" not in kinds:
        raise InputError(
            f"--representative={representative}: gives int8 its scales; "
            f"--tflite is {','.join(kinds) or 'none'}, expected int8 in it"
        )
    if channel != channels.GRAY and not representative:
        raise InputError(
            f"--channel={channel.choice}: is that of --representative; "
            "expected a folder of images there"
        )


def _parse_size(text: str, multiple: int) -> tuple[int, int]:
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    size = tuple(int(side) for side in match.groups()) if match else ()
    if not size or any(side % multiple for side in size):
        raise InputError(
            f"--sizes, config.export.sizes: {text!r}; expected HEIGHTxWIDTH, "
            f"both in pixels and multiples of {multiple}"
        )
    return size


def _check_reachable(sizes: Sequence[tuple[int, int]], steps: Steps) -> None:
    """Refuses sizes at which the network sees no image."""
    if steps.working_size is None:
        return
    longest = next_multiple(steps.working_size, steps.size_multiple)
    for height, width in sizes:
        if min(height, width) > longest:
            raise InputError(
                f"--sizes, config.export.sizes: '{height}x{width}': no image "
                "reaches the network at this size, as "
                f"config.inference.working_size is {steps.working_size}; "
                f"expected a shorter side of at most {longest}, as in "
                f"--sizes={longest}x{longest},{longest}x{2 * longest}"
            )
