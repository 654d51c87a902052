"""Set up the course and run it, with nothing but Python: python run.py COMMAND [arguments]

    course       run every lesson at its smallest size and build the pages
    lab          open the lessons in JupyterLab
    site         run every lesson at its ordinary size and build the pages
    slides       make a deck of slides for each lesson that has been run
    pdf          print the lessons that have been run as one book
    handout      write the course for students and for instructors
    messages     write the catalogues of a language for translators, as in: messages de
    kit          write the course with all that it installs, for a room without a network
    setup        only set up
    test         run the tests; arguments go to pytest
    test-all     run the slow tests as well: whole lessons, browsers
    test-gpu     run what needs an NVIDIA GPU, in ten minutes: tests, bench, long training runs
    test-oldest  run the tests with the oldest versions of all packages that the course allows
    test-newest  run the tests with the newest
    audit        compare the tested packages with the public list of known vulnerabilities

The first command installs what the course needs into the folder .venv of this checkout, and nowhere
else; with --cpu, without the libraries for NVIDIA cards. make COMMAND does the same.
"""
# This file must parse on Python 3.6, so that someone who has one is told what is wrong.

import os
import signal
import subprocess
import sys
from pathlib import Path

from catdog_setup.environment import PYTHON, VENV, SetupError, is_installed, set_up
from catdog_setup.systems import unsupported

ROOT = Path(__file__).resolve().parent
# A worker for each core, and no more than the memory of a laptop holds. A file of tests stays with
# one worker, since its tests share what is made once, or a folder of this checkout.
PYTEST = ["pytest", "-n", "logical", "--maxprocesses", "4", "--dist", "loadfile"]


def commands(budget: str) -> dict:
    """Return the module that each command runs; ``budget`` is the user's own choice, if any."""
    return {
        "course": ["catdog_lib", "course", "--budget", budget or "quick"],
        "lab": ["jupyterlab", "--LabApp.news_url=None", "notebooks"],  # asks nothing about news
        "site": ["catdog_lib", "course", "--budget", budget or "standard"],
        "slides": ["catdog_lib", "slides"],
        "pdf": ["catdog_lib", "pdf"],
        "handout": ["catdog_lib", "handout"],
        "messages": ["catdog_lib", "messages"],
        "kit": ["catdog_lib", "kit"],
        "setup": [],
        "test": [*PYTEST, "-m", "not slow"],
        "test-all": PYTEST,
        "test-gpu": ["tests.gpu"],
        "test-oldest": ["tests.versions", "oldest"],
        "test-newest": ["tests.versions", "newest"],
        "audit": ["docs.audit"],
    }


def run(python: str, words: list) -> int:
    """Run a module and return its exit status, as a shell would."""
    path = os.path.dirname(python) + os.pathsep + os.environ.get("PATH", "")
    environment = {**os.environ, "PATH": path}
    with subprocess.Popen([python, "-m", *words], cwd=str(ROOT), env=environment) as child:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program decides what Ctrl-C does
        status = child.wait()
    return status if status >= 0 else 128 - status


def main(arguments: list) -> int:
    """Set up what is missing, run a command, and return its exit status."""
    cpu = "--cpu" in arguments
    command, *rest = [word for word in arguments if word != "--cpu"] or [""]
    known = commands(os.environ.get("CATDOG_BUDGET", ""))
    if command not in known:
        print(__doc__)
        return 0 if command in ("-h", "--help") else 2
    try:
        python = sys.executable
        if sys.version_info < (3, 11) or not is_installed():
            if unsupported():
                raise SetupError(unsupported())
            set_up(cpu)
            python = PYTHON
        if known[command]:
            return run(python, [*known[command], *rest])
        print("Set up. Next: make course, make lab or make test (or python run.py course, ...).")
        return 0
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
