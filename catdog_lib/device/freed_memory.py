"""Keep the memory that a training step frees for the next step, and return it after the last."""

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

    The memory is the process's until :func:`release_freed_memory` returns it; in a notebook, that
    is at the end of each cell. Only glibc is told; elsewhere, and for images in files mapped into
    memory, nothing changes.
    """
    library = _c_library()
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell:
        shell.events.register("post_run_cell", lambda result: release_freed_memory())
    return hasattr(library, "mallopt") and all(
        library.mallopt(setting, value) == 1
        for setting, value in (
            (_MMAP_MAX, 0),  # no block is a mapping of its own, which would end with it
            (_TRIM_THRESHOLD, -1),  # and the heap does not shrink
        )
    )


def release_freed_memory() -> None:
    """Return the memory that this process keeps and does not use to the system.

    To be called after the last of many steps: what comes next needs blocks of another size.
    """
    library = _c_library()
    if hasattr(library, "malloc_trim"):  # glibc has it; other libraries keep nothing
        library.malloc_trim(0)


def _c_library() -> ctypes.CDLL | None:
    """Return the C library of this process on Linux."""
    return ctypes.CDLL(None) if sys.platform == "linux" else None
