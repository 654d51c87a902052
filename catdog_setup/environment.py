"""The environment that the course is installed in: .venv, or one that has the course already."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from ast import literal_eval
from pathlib import Path

from catdog_setup.lock import alone

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
STAMP = VENV / "catdog-stamp"  # what was installed here; written last
LOCK = ROOT / ".venv.lock"  # outside, since a set-up may remove .venv
REQUIREMENTS = ["-c", "constraints.txt", "-e", ".[test,docs]"]  # environment.yml has the same
KIT = Path(os.environ.get("CATDOG_KIT", str(ROOT.parent / "kit")))  # written by make kit
WHEELS = KIT / "wheels"
PIP_TO_UV = {  # the names of some settings
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}


class SetupError(Exception):
    """What went wrong and what to do about it, in one sentence."""


def is_installed() -> bool:
    """Tell whether this Python, conda's or that of a venv of your own, has this checkout in it."""
    from importlib.metadata import distributions  # not in Python 3.7

    installed = distributions(name="catdog-course", path=[sysconfig.get_path("purelib")])
    origins = [package.read_text("direct_url.json") or "" for package in installed]
    return Path(sys.prefix) != VENV and any(f'"{ROOT.as_uri()}"' in origin for origin in origins)


def set_up(cpu: bool) -> None:
    """Make .venv what the course needs: do nothing, bring it up to date, or make a new one.

    Args:
        cpu: leave out the libraries for NVIDIA cards.

    Raises:
        SetupError: this Python, this disk or this network cannot do it.
    """
    if is_ready():
        return
    with alone(LOCK):
        if not is_ready():  # nobody else has made it since
            bring_up_to_date(cpu)


def wanted_stamp() -> list:
    """Return the lines of a finished set-up's stamp: where it is, and what it was told to install.

    A moved .venv does not work, and other requirements need another installation.
    """
    files = b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    return [str(ROOT), hashlib.sha256(files).hexdigest()]


def stamp() -> list:
    """Return the lines of the stamp in .venv, none if there is no stamp."""
    return STAMP.read_text(encoding="utf-8").splitlines() if STAMP.exists() else []


def works() -> bool:
    """Tell whether .venv has a Python with pip.

    One whose Python was replaced by a newer one has no pip, nor any other package.
    """
    probe = [PYTHON, "-c", "import pip"]
    return os.path.exists(PYTHON) and not subprocess.call(probe, stderr=subprocess.DEVNULL)


def is_ready() -> bool:
    """Tell whether .venv has what the course needs."""
    return stamp() == wanted_stamp() and works()


def bring_up_to_date(cpu: bool) -> None:
    """Install into .venv; make a new one first if it is missing, half made, or moved."""
    start, before = time.monotonic(), stamp()
    if os.path.exists(PYTHON) and not before:  # your own, which no interruption may remove
        if not works():  # made by uv, say
            subprocess.check_call([PYTHON, "-m", "ensurepip"])
    else:
        if not works() or before[0] != wanted_stamp()[0]:
            make_venv(cpu)
        STAMP.write_text("unfinished\n", encoding="utf-8")
    print("Installing into .venv: a minute or two, longer on a slow network.", flush=True)
    install(cpu)
    STAMP.write_text("\n".join(wanted_stamp()) + "\n", encoding="utf-8")
    print("Ready after %d s." % (time.monotonic() - start), flush=True)


def make_venv(cpu: bool) -> None:
    """Put an empty .venv in place of what is there; first check what could stop the set-up."""
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        package = "python%d.%d-venv" % sys.version_info[:2]
        raise SetupError(
            f"This Python ({sys.executable}) cannot make virtual environments: install its part "
            f"that can (Debian, Ubuntu: sudo apt install {package}) and run the same command again."
        ) from None
    # Measured on Linux, where PyTorch brings NVIDIA's libraries along; otherwise an estimate.
    download, size = (2.8, 6.7) if sys.platform == "linux" and not cpu else (0.6, 2.5)
    free = shutil.disk_usage(str(ROOT)).free / 1e9
    if free < size + 1:
        raise SetupError(
            f"The set-up needs {size + 1:.0f} GB and the disk of {ROOT} has {free:.1f} GB free: "
            "make room, or move the checkout to a larger disk."
        )
    if WHEELS.is_dir():
        print(f"Setting up in .venv, only this once: {size} GB, all from {KIT}.", flush=True)
    else:
        print(f"Setting up in .venv, only this once: {download} GB to download, {size} GB on disk.")
        if download > 1 and not shutil.which("nvidia-smi"):
            print("(No NVIDIA card? python run.py setup --cpu downloads far less.)", flush=True)
    if VENV.is_symlink():
        VENV.unlink()  # where it leads is somebody else's, and stays as it is
    elif os.path.lexists(PYTHON):
        os.remove(PYTHON)  # so that a half-removed .venv is never taken for a whole one
    base = getattr(sys, "_base_executable", sys.executable)  # not that of a .venv just removed
    subprocess.check_call([base, "-m", "venv", "--clear", str(VENV)])


def install(cpu: bool) -> None:
    """Install the course and all it needs: with uv, which is fast, or else with pip."""
    temporary = VENV / "tmp"  # on the disk of .venv, where uv can link to it; and /tmp may be small
    temporary.mkdir(exist_ok=True)
    places = dict.fromkeys(["TMPDIR", "TEMP", "TMP", "UV_CACHE_DIR"], str(temporary))
    environment = {**os.environ, **uv_settings(PYTHON), **places}
    source = ["--no-index", "--find-links", str(WHEELS)] if WHEELS.is_dir() else []
    uv = ["uv", "pip", "install", "--python", PYTHON]
    if sys.dont_write_bytecode:  # otherwise each process would compile PyTorch again, for seconds
        uv += ["--compile-bytecode"]
    if not source:
        uv += torch_backend(cpu)

    def call(*words: str) -> int:
        return subprocess.call([PYTHON, "-m", *words], cwd=str(ROOT), env=environment)

    failed = call("pip", "install", "--quiet", *source, "-c", "constraints.txt", "uv")
    failed = failed or call(*uv, *source, *REQUIREMENTS)
    if failed:
        without = " and knows no --cpu" if cpu else ""
        print(f"uv could not install it; pip tries, which takes longer{without}.", flush=True)
        failed = call("pip", "install", *source, *REQUIREMENTS)
    shutil.rmtree(str(temporary), ignore_errors=True)
    if failed:
        raise SetupError(
            "The packages could not be installed, for the reason above: check the network (or the "
            "proxy) and the room on the disk, and run the same command again."
        )


def torch_backend(cpu: bool) -> list:
    """Return uv's option for which build of PyTorch it installs.

    The registry's build computes on NVIDIA cards on Linux, but not on Windows.
    """
    if cpu:
        return ["--torch-backend", "cpu"]
    windows_card = sys.platform == "win32" and shutil.which("nvidia-smi")
    return ["--torch-backend", "auto"] if windows_card else []


def uv_settings(python: str) -> dict:
    """Return the settings of this Python's pip as variables for uv, which does not read pip's."""
    listing = [python, "-X", "utf8", "-m", "pip", "config", "list"]
    lines = subprocess.check_output(listing).decode()
    # The list is sorted, so that ":env:" comes first; but the environment has the last word.
    settings = reversed(re.findall(r"^\S*\.([\w-]+)=(['\"].+['\"])", lines, re.MULTILINE))
    found = {PIP_TO_UV[name]: literal_eval(text) for name, text in settings if name in PIP_TO_UV}
    for name, value in found.items():  # pip takes a list on several lines
        found[name] = ("," if name == "UV_FIND_LINKS" else " ").join(value.split("\n")).strip(", ")
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", **found}  # the best of all indexes, as pip
