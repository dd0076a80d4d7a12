"""The process that trains: its settings, and what its processor computes."""

import ctypes
import os
import platform
import sys
from pathlib import Path

# Of <malloc.h>.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -2, -4, -8
_NEVER = -1
# Of Linux' /proc/cpuinfo: a processor with arithmetic in bfloat16.
_BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")
_TOP_PAD = 64 << 20


def prepare() -> None:
    """Makes all settings; to be called before TensorFlow is imported."""
    keep_freed_memory()
    use_onednn()


def use_onednn() -> None:
    """Lets TensorFlow compute with oneDNN, unless the environment says no.

    TensorFlow 2.21 does by itself on processors with AVX-512 alone. With AVX2
    alone most training steps take a fifth to two fifths less with it, but a
    SavedModel colorizes slower (docs/performance.md): this is for training.
    Other processors than those of x86 are left alone.
    """
    if platform.machine().lower() in ("x86_64", "amd64"):
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def keep_freed_memory() -> bool:
    """Lets this process keep all that it freed, for its next blocks.

    glibc gives freed blocks back to the system and asks for them again, and
    the system zeroes every new page. A step allocates and frees every
    activation: where these are large, the pages took 40 % of a training's
    processor time.

    For processes that do the same work again and again; to be called before
    TensorFlow is imported, since later it helps in some processes only. All
    blocks come from one heap, which grows to what the process needs at most
    and never shrinks.

    Returns:
        Whether it did; not on a system without glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return all(
        [
            mallopt(_M_MMAP_MAX, 0),
            # Heaps of other threads are limited to 64 MiB, and do give back.
            mallopt(_M_ARENA_MAX, 1),
            mallopt(_M_TRIM_THRESHOLD, _NEVER),
            mallopt(_M_TOP_PAD, _TOP_PAD),
        ]
    )


def computes_bfloat16() -> bool | None:
    """Whether the processor computes in bfloat16, rather than imitating it.

    Returns:
        None where the system does not say, which is elsewhere than on Linux.
    """
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return None
    return not set(_BFLOAT16).isdisjoint(text.split())


def describe_imitation(precision: str) -> str:
    """Says what a precision costs here; '' where the processor has it.

    Args:
        precision: config.train.precision.
    """
    if precision != "bfloat16" or computes_bfloat16() in (None, True):
        return ""
    return (
        "this processor imitates bfloat16: a step takes up to ten times as "
        "long as in a new training with --config.train.precision=float32"
    )
