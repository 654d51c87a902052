"""Memory: the most that a process has had, which a lesson promises, and what there is of it.

The first is the resident set of a notebook's kernel: its own data, and the parts of PyTorch's
libraries that it has used.
"""

from __future__ import annotations

import re
from pathlib import Path

_MACHINE = Path("/proc/meminfo")
_LIMITS = (  # of the container that this process runs in: control groups, version 2 and 1
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def peak_memory(pid: int) -> int | None:
    """Return the most memory that a running process has had so far, in bytes.

    Linux says it (``VmHWM`` in proc(5)); elsewhere the result is None.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return 1024 * int(found[1]) if found else None


def memory_here() -> int | None:
    """Return how much memory this process may use, in bytes: its container's, or the machine's.

    Linux says it; elsewhere the result is None.
    """
    sizes = []
    try:
        text = _MACHINE.read_text(encoding="ascii")
        sizes.append(1024 * int(re.search(r"^MemTotal:\s+(\d+) kB", text, re.MULTILINE)[1]))
        sizes += [int(path.read_text()) for path in _LIMITS if path.exists()]
    except (OSError, ValueError):  # "max": no limit
        pass
    return min(sizes, default=None)
