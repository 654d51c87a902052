"""Paths in the commands that are printed for users to type."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path


def typed(path: Path) -> str:
    """Return a path as a user would type it in a shell of this system."""
    return subprocess.list2cmdline([path]) if os.name == "nt" else shlex.quote(str(path))
