"""Keep the memory that a training step frees, so that the next one need not ask for it again."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

# Numbers of glibc's settings, from its malloc.h; what they do: the manual page mallopt(3).
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4


@cache
def keep_freed_memory() -> bool:
    """Let this process keep the memory that it frees; return whether it does so now.

    A step on a CPU needs hundreds of megabytes for its feature maps, and frees them. On Linux the C
    library gives blocks that large back to the system at once; the next step then gets new pages,
    which the system fills with zeros before they may be used. FiveConvCNN at 256 pixels learns
    almost twice as fast without that.

    The memory is the process's until it ends: the most that it needed at a time. Only glibc is
    told; elsewhere, and for images in files mapped into memory, nothing changes.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # another C library, such as musl
        return False
    return all(
        mallopt(setting, value) == 1
        for setting, value in (
            (_MMAP_MAX, 0),  # no block is a mapping of its own, which would end with it
            (_TRIM_THRESHOLD, -1),  # and the heap does not shrink
        )
    )
