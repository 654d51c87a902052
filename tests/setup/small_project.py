"""A project that run.py can set up offline: venv and pip are real, the packages are not."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPTS = "Scripts" if os.name == "nt" else "bin"

# A project that needs nothing, with a build backend that needs nothing either: pip installs it
# offline.
BACKEND = """
import pathlib, zipfile

def build_editable(folder, settings=None, metadata=None):
    name = "catdog_course-0.0.0-py3-none-any.whl"
    info = "catdog_course-0.0.0.dist-info/"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        metadata = "Metadata-Version: 2.1\\nName: catdog-course\\nVersion: 0.0.0\\n"
        metadata += "Provides-Extra: test\\nProvides-Extra: docs\\n"
        wheel.writestr(info + "METADATA", metadata)
        text = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr(info + "WHEEL", text)
        wheel.writestr("catdog_course.pth", str(pathlib.Path.cwd()))
        wheel.writestr(info + "RECORD", "")
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "catdog-course"
version = "0.0.0"
"""
# What the set-up starts, here: programs that tell how they were called and end with the status they
# are told.
STAND_IN = """
import os, sys

print("started", *sys.argv[1:], "by", sys.prefix, flush=True)
if "--kill" in sys.argv:
    os.kill(os.getpid(), 9)
sys.exit(int(sys.argv[-1]) if sys.argv[-1].isdigit() else 0)
"""
TEST = "-n logical --maxprocesses 4 --dist loadfile -m not slow"  # what make test gives to pytest


class Project:
    """A copy of run.py in a small project, and a way to call it as a user does."""

    def __init__(self, folder: Path):
        self.folder, self.venv = folder, folder / ".venv"
        folder.mkdir()
        shutil.copy(ROOT / "run.py", folder)
        shutil.copytree(ROOT / "catdog_setup", folder / "catdog_setup")
        files = {"pyproject.toml": PYPROJECT, "constraints.txt": "# none\n", "backend.py": BACKEND}
        for name, text in {**files, "catdog_lib.py": STAND_IN, "pytest.py": STAND_IN}.items():
            (folder / name).write_text(text, encoding="utf-8")

    def run(self, *arguments: str, python: str | Path = sys.executable, **settings: str | Path):
        offline = {
            "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
            "PIP_RETRIES": "1",
            "PIP_NO_CACHE_DIR": "1",
        }
        alone = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}
        dropped = ("CATDOG_BUDGET", "CATDOG_KIT", "VIRTUAL_ENV")
        environment = {name: value for name, value in os.environ.items() if name not in dropped}
        environment |= offline | alone | {name: str(value) for name, value in settings.items()}
        command = [str(python), str(self.folder / "run.py"), *arguments]
        return subprocess.run(
            command,
            cwd=self.folder.parent,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
        )

    @property
    def stamp(self) -> str:
        return (self.venv / "catdog-stamp").read_text(encoding="utf-8")

    def mark(self) -> Path:
        """A file whose survival tells that .venv was kept."""
        mark = self.venv / "mark"
        mark.touch()
        return mark


def write_wheel(folder: Path, name: str, program: str) -> Path:
    """Write a package with this module and nothing else, for pip to find, and return its folder."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-99.0.0.dist-info/"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 99.0.0\n"
    tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(folder / f"{name}-99.0.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", program)
        wheel.writestr(info + "METADATA", metadata)
        wheel.writestr(info + "WHEEL", tag)
        wheel.writestr(info + "RECORD", "")
    return folder
