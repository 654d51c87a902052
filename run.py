"""Set up the course and run it, with nothing but Python: python run.py COMMAND [arguments]

    course   run every lesson at its smallest size and build the pages   (make course)
    test     run the tests; arguments go to pytest                       (make test)
    test-all run the slow tests as well: whole lessons, browsers         (make test-all)
    test-gpu run the tests that need an NVIDIA GPU, and no others        (make test-gpu)
    lab      open the notebooks in JupyterLab                            (make lab)
    site     run every lesson at its ordinary size and build the pages   (make site)
    setup    only set up                                                 (make setup)

The first command installs what the course needs into the folder .venv of this checkout, and
nowhere else.
"""
# This file must parse on Python 3.6, so that whoever has one is told what is wrong.

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

if sys.version_info < (3, 11):
    version = "%d.%d" % sys.version_info[:2]
    sys.stderr.write(
        "The course needs Python 3.11 or newer and this is Python %s (%s): "
        "install a newer one, from python.org say, and name it: make PYTHON=python3.12 course, "
        "or python3.12 run.py course.\n" % (version, sys.executable)
    )
    sys.exit(2)

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "catdog-stamp"  # what was installed here; written last
LOG = VENV / "setup.log"
UNFINISHED = ["unfinished"]
REQUIREMENTS = ["-c", "constraints.txt", "-e", ".[test,docs]"]  # environment.yml has the same

# Measured on Linux, where PyTorch brings NVIDIA's libraries along; elsewhere it does not (an
# estimate). pip keeps every download until all is installed, so the set-up needs room for both.
DOWNLOAD_GB, INSTALLED_GB, NEEDED_GB = (2.8, 6.7, 10) if sys.platform == "linux" else (0.5, 2.5, 4)

# A worker for each core, and no more than the memory of a laptop holds. A file of tests stays with
# one worker, since its tests share what is made once, or a folder of this checkout.
AT_ONCE = ["-n", "logical", "--maxprocesses", "4", "--dist", "loadfile"]

Words = list[str]


class SetupError(Exception):
    """What went wrong and what to do about it, in one sentence."""


def commands(budget: str | None) -> dict[str, Words]:
    """Return what each command runs; ``budget`` is the user's own choice, if any."""
    return {
        "course": ["catdog", "course", "--budget", budget or "quick"],
        "test": ["python", "-m", "pytest", *AT_ONCE, "-m", "not slow"],
        "test-all": ["python", "-m", "pytest", *AT_ONCE],
        "test-gpu": ["python", "-m", "pytest", "-m", "cuda"],
        "lab": ["python", "-m", "jupyterlab", "notebooks"],
        "site": ["catdog", "course", "--budget", budget or "standard"],
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
    """Return the version of the Python in .venv, "3.12" say.

    It is empty if that Python is missing, does not run or is too old.
    """
    probe = (
        "import sys; print('%d.%d' % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))"
    )
    try:
        answer = subprocess.run([str(PYTHON), "-c", probe], capture_output=True, text=True)
    except OSError:
        return ""
    return "" if answer.returncode else answer.stdout.strip()


def wanted(version: str) -> Words:
    """Return the stamp of a complete set-up: the Python, the place, a hash of the requirements."""
    files = b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    return [f"Python {version} in {ROOT}", hashlib.sha256(files).hexdigest()]


def read_stamp() -> Words:
    """Return the lines of the stamp; none if there is no stamp."""
    return STAMP.read_text(encoding="utf-8").splitlines() if STAMP.exists() else []


def write_stamp(lines: Words) -> None:
    """Write the stamp in one step, so that it is never half written."""
    new = STAMP.with_suffix(".new")
    new.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(new, STAMP)


def work_to_do(version: str, stamp: Words, goal: Words) -> str:
    """Return "none", "update" or "new".

    It follows from the version of .venv's Python, the stamp that was found and the one wanted.
    """
    # Missing, half made, moved, or its Python has changed.
    if not version or (stamp and stamp[0] != goal[0]):
        return "new"
    return "none" if stamp == goal else "update"


def set_up() -> None:
    """Make .venv what the course needs: do nothing, update it, or make a new one."""
    start, version, stamp = time.monotonic(), venv_version(), read_stamp()
    work = work_to_do(version, stamp, wanted(version))
    if work == "none":
        return
    if work == "new":
        new_venv()
    else:
        say("Bringing .venv up to date.")
        # Without a stamp, .venv is the user's own: an interruption must not lead to its removal.
        if stamp:
            write_stamp(UNFINISHED)
    pip_install()
    write_stamp(wanted(venv_version()))
    say(f"Ready after {clock(time.monotonic() - start)}.")


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
    if VENV.is_symlink():  # where it leads is somebody else's, and stays as it is
        VENV.unlink()
    # First, so that a half-removed .venv is never taken for a whole one.
    PYTHON.unlink(missing_ok=True)
    if VENV.exists():
        shutil.rmtree(VENV)
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < NEEDED_GB:
        raise SetupError(
            f"The set-up needs {NEEDED_GB} GB and the disk of {ROOT} has {free:.1f} GB free: "
            "make room, or move the checkout to a larger disk."
        )
    size = f"{DOWNLOAD_GB} GB to download, {INSTALLED_GB} GB on disk"
    say(f"Setting up in .venv, only this once: 2 to 4 minutes on a fast network, {size}.")
    VENV.mkdir()
    write_stamp(UNFINISHED)
    # Not the one of the .venv that was just removed.
    base = getattr(sys, "_base_executable", sys.executable)
    if watch([base, "-m", "venv", str(VENV)]):
        raise SetupError(
            f"Python could not make a virtual environment: its own words are in {LOG}."
        )


def pip_install() -> None:
    """Install the course and all it needs; pip's own words go to the log."""
    temporary = VENV / "tmp"  # the downloads do not fit into the /tmp of some systems
    temporary.mkdir(exist_ok=True)
    environment = {**os.environ, **dict.fromkeys(["TMPDIR", "TEMP", "TMP"], str(temporary))}
    failed = watch([str(PYTHON), "-m", "pip", "install", *REQUIREMENTS], environment)
    shutil.rmtree(temporary, ignore_errors=True)
    if not failed:
        return
    words = LOG.read_text(encoding="utf-8", errors="replace")
    if "No space left on device" in words:
        room = f"make room ({NEEDED_GB} GB) and run the same command again"
        raise SetupError(f"The disk of {ROOT} is full: {room}.")
    if re.search(
        "connection broken|timed out|ConnectionError|ProxyError|ssl certificate",
        words,
        re.IGNORECASE,
    ):
        raise SetupError(
            "pip cannot reach the package index: check the network (or the proxy) and run the same "
            f"command again; pip's own words are in {LOG}."
        )
    errors = re.findall(r"^ *ERROR: (.*)", words, re.MULTILINE)
    reason = errors[-1].rstrip(".") if errors else "it stopped"
    raise SetupError(f"pip could not install the course ({reason}): pip's own words are in {LOG}.")


def watch(command: Words, environment: dict[str, str] | None = None) -> int:
    """Run ``command`` with its output in the log, show what it does, return its exit status."""
    start, shown = time.monotonic(), ""
    with LOG.open("w", encoding="utf-8") as log:
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        while child.poll() is None:
            time.sleep(0.2)
            step, what = doing(LOG.read_text(encoding="utf-8", errors="replace"))
            if sys.stdout.isatty():
                line = f"  {clock(time.monotonic() - start)}  {step} {what}"
                print("\r" + line.ljust(70), end="", flush=True)
            elif step != shown:
                say(f"  {step} ...")
            shown = step
    finally:
        child.wait()  # Ctrl-C reaches pip too: let it end before .venv is touched again
        if sys.stdout.isatty():
            print("\r" + " " * 70, end="\r", flush=True)
    return child.returncode


def doing(log: str) -> tuple[str, str]:
    """Return what pip is doing, from its output so far: ("downloading", "torch"), say."""
    installing = re.search(r"^Installing collected packages: (.*)", log, re.MULTILINE)
    if installing:
        return "installing", f"{installing[1].count(',') + 1} packages"
    downloads = re.findall(
        r"^ *(?:Downloading|Using cached) (?:\S*/)?([^\s/]+?)-\d", log, re.MULTILINE
    )
    return ("downloading", downloads[-1]) if downloads else ("preparing", "")


def clock(seconds: float) -> str:
    """Return a time as minutes and seconds, "2:05" say."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def run(words: Words, scripts: Path, python: str) -> int:
    """Run one of the ``commands`` and return its exit status."""
    if not words:
        say("All is set up: make course, make lab or make test (or python run.py course, ...).")
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


def main(arguments: Words) -> int:
    """Run a command of the user's and return the exit status."""
    known = commands(os.environ.get("CATDOG_BUDGET"))
    if not arguments or arguments[0] not in known:
        print(__doc__)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    words = known[arguments[0]] and [*known[arguments[0]], *arguments[1:]]
    try:
        if in_conda():
            return run(words, Path(sysconfig.get_path("scripts")), sys.executable)
        set_up()
        return run(words, SCRIPTS, str(PYTHON))
    except SetupError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The set-up in {VENV} cannot go on: {error}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped; the same command starts again.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
