"""The OpenMP library that PyTorch has loaded: it shares out a convolution among threads."""

from __future__ import annotations

import ctypes
import re
from contextlib import suppress
from functools import cache
from pathlib import Path

import torch

_LOADED = Path("/proc/self/maps")  # the files that this process has in memory, on Linux


@cache
def openmp() -> ctypes.CDLL | None:
    """Return the library; None outside Linux, or if it does not have the entry points of GNU's."""
    try:
        lines = _LOADED.read_bytes().decode(errors="surrogateescape").splitlines()
    except OSError:
        return None
    # Five columns, then the file, whose path may hold spaces.
    files = {columns[5] for line in lines if len(columns := line.split(maxsplit=5)) == 6}
    files = {file for file in files if re.match(r"lib[gi]?omp\S*\.so", Path(file).name)}
    here = str(Path(torch.__file__).parent.parent)  # NumPy's friends may have brought another one
    for file in sorted(files, key=lambda file: (not file.startswith(here), file)):
        with suppress(OSError):
            library = ctypes.CDLL(file)
            if hasattr(library, "GOMP_parallel") and hasattr(library, "omp_get_thread_num"):
                return library
    return None


def gnu_openmp() -> ctypes.CDLL | None:
    """Return the library if it is GNU's own, whose threads wait in a way of their own."""
    library = openmp()
    return library if library and "libgomp" in Path(library._name).name else None
