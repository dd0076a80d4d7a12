"""Settings of the C library's memory allocator, worth up to half of a step.

glibc gives freed blocks back to the system and asks for them again, and the
system zeroes every new page. A step allocates and frees every activation: where
these are large, the pages took 40 % of a training's processor time.
"""

import ctypes
import sys

# Of <malloc.h>.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -2, -4, -8
_NEVER = -1
_TOP_PAD = 64 << 20


def keep_freed_memory() -> bool:
    """Lets this process keep all that it freed, for its next blocks.

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
