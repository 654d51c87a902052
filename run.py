"""Set up the course and run it, with nothing but Python: python run.py COMMAND [arguments]

    course   run every lesson at its smallest size and build the pages   (make course)
    test     run the tests; arguments go to pytest                       (make test)
    test-all run the slow tests as well: whole lessons, browsers         (make test-all)
    test-gpu run the tests that need an NVIDIA GPU, and no others        (make test-gpu)
    lab      open the notebooks in JupyterLab                            (make lab)
    site     run every lesson at its ordinary size and build the pages   (make site)
    slides   make a deck of slides for each lesson that has been run     (make slides)
    pdf      print the lessons that have been run as one book            (make pdf)
    handout  write the course for students and for instructors           (make handout)
    setup    only set up                                                 (make setup)

The first command installs what the course needs into the folder .venv of this checkout, and
nowhere else.
"""
# This file must parse on Python 3.6, so that whoever has one is told what is wrong.

import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "catdog-stamp"  # what was installed here; written last
REQUIREMENTS = ["-c", "constraints.txt", "-e", ".[test,docs]"]  # environment.yml has the same
# Measured on Linux, where PyTorch brings NVIDIA's libraries along; elsewhere it does not (an
# estimate).
DOWNLOAD_GB, INSTALLED_GB = (2.8, 6.7) if sys.platform == "linux" else (0.5, 2.5)
# A worker for each core, and no more than the memory of a laptop holds. A file of tests stays with
# one worker, since its tests share what is made once, or a folder of this checkout.
AT_ONCE = ["-n", "logical", "--maxprocesses", "4", "--dist", "loadfile"]
# uv reads none of pip's settings: pip's name → uv's.
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}


class SetupError(Exception):
    """What went wrong and what to do about it, in one sentence."""


def unsupported() -> str:
    """Return why PyTorch cannot be had here and what to do, in one sentence; mostly nothing."""
    here = "this is Python %d.%d (%s)" % (*sys.version_info[:2], sys.executable)
    other = here + ": install another, from python.org say, and name it: make PYTHON=python3.12 "
    other += "course, or python3.12 run.py course."
    elsewhere = "; use another computer, or a notebook service such as Google Colab."
    mac, system = sys.platform == "darwin", platform.mac_ver()[0].split(".")[0] or "0"
    musl = "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "")
    problems = [
        (sys.version_info < (3, 11), "The course needs Python 3.11 or newer and " + other),
        (sys.version_info >= (3, 15), "The course needs Python 3.14 or older and " + other),
        (sys.maxsize < 2**32, "The course needs a Python of 64 bits and " + other),
        (mac and platform.machine() == "x86_64", "PyTorch left Intel Macs at 2.2" + elsewhere),
        (mac and int(system) < 14, "PyTorch needs macOS 14 and this is " + system + elsewhere),
        (musl, "PyTorch has no builds for musl (Alpine Linux)" + elsewhere),
    ]
    return next((sentence for holds, sentence in problems if holds), "")


def commands(budget: str) -> dict:
    """Return what each command runs; ``budget`` is the user's own choice, if any."""
    return {
        "course": ["catdog", "course", "--budget", budget or "quick"],
        "test": ["python", "-m", "pytest", *AT_ONCE, "-m", "not slow"],
        "test-all": ["python", "-m", "pytest", *AT_ONCE],
        "test-gpu": ["python", "-m", "pytest", "-m", "cuda"],
        "lab": ["python", "-m", "jupyterlab", "notebooks"],
        "site": ["catdog", "course", "--budget", budget or "standard"],
        "slides": ["catdog", "slides"],
        "pdf": ["catdog", "pdf"],
        "handout": ["catdog", "handout"],
        "setup": [],
    }


def in_conda() -> bool:
    """Tell whether this is the Python of a conda environment that has this checkout in it."""
    from importlib.metadata import distributions  # not in Python 3.7

    prefix = os.environ.get("CONDA_PREFIX")
    if not prefix or Path(prefix).resolve() != Path(sys.prefix).resolve():
        return False
    installed = distributions(name="catdog-course", path=[sysconfig.get_path("purelib")])
    origins = [json.loads(package.read_text("direct_url.json") or "{}") for package in installed]
    return any(origin.get("url") == ROOT.as_uri() for origin in origins)


def venv_version() -> str:
    """Return the version of the Python in .venv, "3.12" say; empty if it does not run."""
    probe = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([str(PYTHON), "-c", probe], capture_output=True, text=True)
    except OSError:
        return ""
    return "" if answer.returncode else answer.stdout.strip()


def wanted(version: str) -> list:
    """Return the stamp of a complete set-up: the Python, the place, a hash of the requirements."""
    files = b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    return ["Python %s in %s" % (version, ROOT), hashlib.sha256(files).hexdigest()]


def write_stamp(lines: list) -> None:
    """Write the stamp in one step, so that it is never half written."""
    new = STAMP.with_suffix(".new")
    new.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(new, STAMP)


def work_to_do(version: str, stamp: list, goal: list) -> str:
    """Return "none", "update" or "new", from .venv's Python, its stamp and the one wanted."""
    # Missing, half made, moved, or its Python has changed.
    if not version or (stamp and stamp[0] != goal[0]):
        return "new"
    return "none" if stamp == goal else "update"


def set_up() -> None:
    """Make .venv what the course needs: do nothing, update it, or make a new one."""
    start, version = time.monotonic(), venv_version()
    stamp = STAMP.read_text(encoding="utf-8").splitlines() if STAMP.exists() else []
    work = work_to_do(version, stamp, wanted(version))
    if work == "none":
        return
    if work == "new":
        new_venv()
    else:
        print("Bringing .venv up to date.", flush=True)
        if stamp:  # without one, .venv is the user's own, and no interruption may remove it
            write_stamp(["unfinished"])
    install()
    write_stamp(wanted(venv_version()))
    print("Ready after %d s." % (time.monotonic() - start), flush=True)


def new_venv() -> None:
    """Put an empty .venv in place of what is there; first check what could stop the set-up."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        package = "python%d.%d-venv" % sys.version_info[:2]
        raise SetupError(
            f"This Python ({sys.executable}) cannot make virtual environments: install its part "
            f"that can (Debian, Ubuntu: sudo apt install {package}) and run the same command again."
        ) from None
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < INSTALLED_GB + 1:
        raise SetupError(
            f"The set-up needs {INSTALLED_GB + 1:.0f} GB and the disk of {ROOT} has {free:.1f} GB "
            "free: make room, or move the checkout to a larger disk."
        )
    print(f"Setting up in .venv, only this once: {DOWNLOAD_GB} GB to download, {INSTALLED_GB} GB")
    print("on disk; a minute or two on a fast network.", flush=True)
    if sys.platform == "linux" and not shutil.which("nvidia-smi"):
        print("(No NVIDIA card? UV_TORCH_BACKEND=cpu before the command downloads far less.)")
    PYTHON.unlink(missing_ok=True)  # so that a half-removed .venv is never taken for a whole one
    if VENV.is_symlink():  # where it leads is somebody else's, and stays as it is
        VENV.unlink()
    base = getattr(sys, "_base_executable", sys.executable)  # not that of a .venv just removed
    subprocess.check_call([base, "-m", "venv", "--clear", str(VENV)])
    write_stamp(["unfinished"])


def install() -> None:
    """Install the course and all it needs: with uv, which is fast, or else with pip."""
    pip = [str(PYTHON), "-m", "pip"]
    temporary = VENV / "tmp"  # on the disk of .venv, where uv can link to it; and /tmp may be small
    settings = {"UV_CACHE_DIR": str(temporary), "UV_INDEX_STRATEGY": "unsafe-best-match"}
    temporary.mkdir(exist_ok=True)
    for name in ("TMPDIR", "TEMP", "TMP"):
        settings[name] = str(temporary)
    for line in subprocess.check_output([*pip, "config", "list"], text=True).splitlines():
        name, _, value = line.partition("=")
        if name.rpartition(".")[2] in PIP_TO_UV and value.strip("'"):
            settings[PIP_TO_UV[name.rpartition(".")[2]]] = value.strip("'")
    environment = {**os.environ, **settings}
    uv = [*pip, "install", "--quiet", "-c", "constraints.txt", "uv"]
    with_uv = [str(PYTHON), "-m", "uv", "pip", "install", "--python", str(PYTHON)]
    if sys.dont_write_bytecode:  # otherwise each process would compile PyTorch anew, for seconds
        with_uv.append("--compile-bytecode")
    with_uv += REQUIREMENTS
    failed = subprocess.call(uv, cwd=ROOT, env=environment)
    failed = failed or subprocess.call(with_uv, cwd=ROOT, env=environment)
    if failed:
        print("uv could not install it; pip tries, which takes longer.", flush=True)
        failed = subprocess.call([*pip, "install", *REQUIREMENTS], cwd=ROOT, env=environment)
    shutil.rmtree(str(temporary), ignore_errors=True)
    if failed:
        raise SetupError(
            "The packages could not be installed, for the reason above: check the network (or the "
            "proxy) and the room on the disk, and run the same command again."
        )


def run(words: list, scripts: Path, python: str) -> int:
    """Run one of the ``commands`` and return its exit status."""
    if not words:
        print("All is set up: make course, make lab or make test (or python run.py course, ...).")
        return 0
    program = python if words[0] == "python" else shutil.which(words[0], path=str(scripts))
    if program is None:
        raise SetupError(
            f"{scripts} has no {words[0]!r}: remove .venv and run the same command again."
        )
    environment = {**os.environ, "PATH": str(scripts) + os.pathsep + os.environ.get("PATH", "")}
    with subprocess.Popen([program, *words[1:]], cwd=ROOT, env=environment) as child:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program decides what Ctrl-C does
        status = child.wait()
    return status if status >= 0 else 128 - status


def main(arguments: list) -> int:
    """Run a command of the user's and return the exit status."""
    known = commands(os.environ.get("CATDOG_BUDGET", ""))
    if not arguments or arguments[0] not in known:
        print(__doc__)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    words = known[arguments[0]] and [*known[arguments[0]], *arguments[1:]]
    try:
        if unsupported():
            raise SetupError(unsupported())
        if in_conda():
            return run(words, Path(sysconfig.get_path("scripts")), sys.executable)
        set_up()
        return run(words, SCRIPTS, str(PYTHON))
    except SetupError as error:
        print(error, file=sys.stderr)
        return 2
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"The set-up in {VENV} cannot go on: {error}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped; the same command starts again.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
