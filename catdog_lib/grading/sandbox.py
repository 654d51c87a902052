"""A sandbox for a student's code: no network, no files but the libraries, one's own processes.

It is bubblewrap's, the program that Flatpak uses. Time, memory, files and the number of processes
are limited inside it (``judge.py``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import catdog_lib

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache")
_HOME = "/tmp/home"
_MAX_TEMPORARY = 200_000_000  # bytes of all files that an answer may write


def is_available() -> bool:
    """Tell whether bubblewrap is installed and may make a sandbox here."""
    if not shutil.which("bwrap"):
        return False
    trial = [*_bubblewrap(), "true"]
    return subprocess.run(trial, capture_output=True, timeout=30).returncode == 0


def command(sandboxed: bool) -> list[str]:
    """Return the command that starts the judge, in a sandbox or not."""
    judge = [sys.executable, "-m", "catdog_lib.grading.judge"]
    return [*_bubblewrap(), *judge] if sandboxed else judge


def environment() -> dict[str, str]:
    """Return the environment of the judge: nothing of the teacher's, and one thread."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return {
        **kept,
        "HOME": _HOME,
        "CATDOG_CACHE": f"{_HOME}/cache",
        "CATDOG_BUDGET": "quick",  # for cells of the lesson that an answer needs
        "CATDOG_DATA": "sketches",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "agg",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(Path(catdog_lib.__file__).parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TQDM_DISABLE": "1",
    }


def _bubblewrap() -> list[str]:
    """Return the call of bubblewrap, to which a command is added."""
    interpreter = {sys.prefix, sys.base_prefix, sysconfig.get_path("purelib")}
    library = str(Path(catdog_lib.__file__).parent)
    folders = [*_SYSTEM, *sorted(interpreter), library]
    binds = [word for folder in folders for word in ("--ro-bind-try", folder, folder)]
    return [
        *["bwrap", "--unshare-all", "--die-with-parent", "--new-session"],
        *["--size", str(_MAX_TEMPORARY), "--tmpfs", "/tmp"],
        *binds,
        *["--proc", "/proc", "--dev", "/dev", "--dir", _HOME, "--chdir", _HOME],
    ]
