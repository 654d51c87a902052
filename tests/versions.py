"""Run the fast tests with the oldest or the newest versions that pyproject.toml allows.

``python -m tests.versions oldest`` makes the environment .venv-oldest for it, from the package
registry, and gives further arguments to pytest. What is tested in constraints.txt plays no part.
"""

import os
import subprocess
import sys
from pathlib import Path

import run
from catdog_setup.environment import uv_settings
from catdog_setup.systems import PYTHONS

ROOT = Path(__file__).parents[1]
OLDEST = "{}.{}".format(*PYTHONS[0])  # the oldest versions have builds for it
CHOICES = {"oldest": ("lowest-direct", OLDEST), "newest": ("highest", sys.executable)}
NOT_HERE = "not versions_named_as_tested"  # that test compares with constraints.txt


def main(which: str, *arguments: str) -> int:
    """Install the course anew with these versions, and return the exit status of its tests."""
    resolution, python = CHOICES[which]
    venv = ROOT / f".venv-{which}"
    inside = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    environment = os.environ | uv_settings(sys.executable)

    def uv(*words: str) -> None:
        subprocess.run([sys.executable, "-m", "uv", *words], cwd=ROOT, env=environment, check=True)

    uv("venv", "--clear", "--python", python, str(venv))
    install = ["pip", "install", "--python", str(inside), "--resolution", resolution]
    uv(*install, "-e", ".[test,docs]")
    return run.run(str(inside), [*run.PYTEST, "-m", "not slow", "-k", NOT_HERE, *arguments])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
