"""run.py on a small project of its own: venv and pip are real, the packages are not."""

import ast
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

import run

ROOT = Path(__file__).parent.parent

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
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\\ncatdog = stand_in:main\\n")
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

def main():
    print("started", *sys.argv[1:], "by", sys.prefix)
    sys.stdout.flush()
    if "--kill" in sys.argv:
        os.kill(os.getpid(), 9)
    return int(sys.argv[-1]) if sys.argv[-1].isdigit() else 0

if __name__ == "__main__":
    sys.exit(main())
"""
TEST = "-n logical --maxprocesses 4 --dist loadfile -m not slow"  # what make test gives to pytest


class Project:
    """A copy of run.py in a small project, and a way to call it as a user does."""

    def __init__(self, folder: Path):
        self.folder, self.venv = folder, folder / ".venv"
        folder.mkdir()
        shutil.copy(ROOT / "run.py", folder)
        files = {"pyproject.toml": PYPROJECT, "constraints.txt": "# none\n", "backend.py": BACKEND}
        for name, text in {**files, "stand_in.py": STAND_IN, "pytest.py": STAND_IN}.items():
            (folder / name).write_text(text, encoding="utf-8")

    def run(self, *arguments: str, python: str | Path = sys.executable, **settings: str | Path):
        offline = {
            "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
            "PIP_RETRIES": "1",
            "PIP_NO_CACHE_DIR": "1",
        }
        alone = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}
        dropped = ("CATDOG_BUDGET", "CONDA_PREFIX", "VIRTUAL_ENV")
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


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that is set up; the first test below looks at how that went."""
    made = Project(tmp_path_factory.mktemp("setup") / "a course")  # the space is on purpose
    made.first = made.run("setup")
    return made


def one_sentence(done: subprocess.CompletedProcess, *words: str) -> None:
    """The call ended with status 2 and a sentence of its own, after whatever pip had to say."""
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.endswith("."), done.stderr
    for word in words:
        assert word in last


def test_the_first_call_says_what_it_does_and_installs(project: Project):
    done = project.first
    assert done.returncode == 0, done.stderr
    assert "minute" in done.stdout and "GB to download" in done.stdout and ".venv" in done.stdout
    assert "Ready after" in done.stdout
    assert (project.venv / SCRIPTS).is_dir() and len(project.stamp.splitlines()) == 2
    assert not (project.venv / "tmp").exists()


def test_the_second_call_installs_nothing_and_is_fast(project: Project):
    mark = project.mark()
    start = time.monotonic()
    subprocess.run([sys.executable, "-m", "pip", "--version"], check=True, capture_output=True)
    pip = time.monotonic() - start
    start = time.monotonic()
    done = project.run("setup")
    assert time.monotonic() - start < 2 * pip, "it does not even start pip, which takes as long"
    assert done.returncode == 0 and "Ready after" not in done.stdout
    assert mark.exists()


@pytest.mark.parametrize("budget", [None, "full"])
@pytest.mark.parametrize(("command", "ordinary"), [("course", "quick"), ("site", "standard")])
def test_course_and_site_pass_the_budget_and_arguments_on(
    project: Project, command, ordinary, budget
):
    done = project.run(command, "--lesson=03", **({"CATDOG_BUDGET": budget} if budget else {}))
    said = f"started course --budget {budget or ordinary} --lesson=03 by {project.venv}"
    assert (done.returncode, done.stdout.strip()) == (0, said), done.stderr


@pytest.mark.parametrize("status", [0, 1, 5])
def test_the_exit_status_of_pytest_comes_through(project: Project, status: int):
    done = project.run("test", "-k", "shapes", str(status))
    assert done.returncode == status
    assert done.stdout.startswith(f"started {TEST} -k shapes {status} by {project.venv}")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_a_killed_program_gives_the_status_of_a_shell(project: Project):
    assert project.run("test", "--kill").returncode == 128 + 9


@pytest.mark.parametrize(("arguments", "status"), [([], 2), (["cours"], 2), (["--help"], 0)])
def test_an_unknown_command_shows_the_known_ones(
    project: Project, arguments: list[str], status: int
):
    done = project.run(*arguments)
    assert done.returncode == status
    assert all(word in done.stdout for word in ("course", "test", "lab", "site", "setup"))


def test_inside_the_conda_environment_no_venv_is_made(project: Project):
    conda = project.venv.rename(project.folder.parent / "envs")
    try:
        python = conda / SCRIPTS / "python"
        done = project.run("test", "3", python=python, CONDA_PREFIX=conda)
        assert (done.returncode, done.stdout) == (3, f"started {TEST} 3 by {conda}\n"), done.stderr
        assert not project.venv.exists()
        # Another environment that is active, without the course in it, is no reason to use it.
        full = project.run(
            "setup", python=python, CONDA_PREFIX=project.folder, PYTHONPATH=no_ensurepip(project)
        )
        one_sentence(full, "ensurepip" if os.name == "nt" else "venv")
    finally:
        conda.rename(project.venv)


def no_ensurepip(project: Project) -> Path:
    """A folder that, on PYTHONPATH, makes Python like Debian's without python3-venv."""
    folder = project.folder.parent / "hide"
    folder.mkdir(exist_ok=True)
    (folder / "ensurepip.py").write_text("raise ModuleNotFoundError('ensurepip')", encoding="utf-8")
    return folder


def test_no_network_then_one_again(project: Project):
    mark, pyproject = project.mark(), project.folder / "pyproject.toml"
    pyproject.write_text(
        PYPROJECT.replace("requires = []", 'requires = ["setuptools"]'), encoding="utf-8"
    )
    done = project.run("test")
    one_sentence(done, "network", "again")
    assert f"started {TEST}" not in done.stdout and project.stamp == "unfinished\n"
    # What is there now is half made: nothing of it is trusted.
    pyproject.write_text(PYPROJECT, encoding="utf-8")
    done = project.run("test")
    assert done.returncode == 0 and "Setting up" in done.stdout and "started" in done.stdout, (
        done.stderr
    )
    assert not mark.exists() and project.stamp != "unfinished\n"


def test_new_requirements_are_installed_into_the_same_venv(project: Project):
    mark, before = project.mark(), project.stamp
    with (project.folder / "constraints.txt").open("a", encoding="utf-8") as constraints:
        constraints.write("numpy==1.0\n")
    done = project.run("setup")
    assert done.returncode == 0 and "up to date" in done.stdout, done.stderr
    assert mark.exists() and project.stamp != before


def test_a_venv_of_the_users_own_is_kept(project: Project):
    mark = project.mark()
    (project.venv / "catdog-stamp").unlink()
    done = project.run("setup")
    assert done.returncode == 0 and mark.exists() and len(project.stamp.splitlines()) == 2, (
        done.stderr
    )


def test_a_moved_venv_is_made_again(project: Project):
    mark = project.mark()
    project.folder = project.folder.rename(project.folder.parent / "moved")
    project.venv = project.folder / ".venv"
    done = project.run("course", "0")
    assert done.returncode == 0 and "Setting up" in done.stdout, done.stderr
    assert done.stdout.endswith(f"by {project.venv}\n") and not (project.venv / mark.name).exists()


@pytest.mark.skipif(os.name == "nt", reason="links need another right there")
def test_a_link_to_the_venv_of_another_checkout_is_replaced_and_that_venv_stays_whole(
    project: Project, tmp_path: Path
):
    mark = project.mark()
    other = Project(tmp_path / "other")
    other.venv.symlink_to(project.venv)
    done = other.run("course", "0")
    assert done.returncode == 0 and "Setting up" in done.stdout, done.stderr
    assert done.stdout.endswith(f"by {other.venv}\n") and not other.venv.is_symlink()
    assert mark.exists() and project.run("course", "0").stdout.endswith(f"by {project.venv}\n")


@pytest.mark.parametrize(
    ("version", "stamp", "work"),
    [
        ("3.12", ["here, 3.12", "hash"], "none"),
        ("3.12", ["here, 3.12", "other"], "update"),
        ("3.12", [], "update"),
        ("3.12", ["there, 3.12", "hash"], "new"),
        ("3.12", ["here, 3.11", "hash"], "new"),
        ("3.12", ["unfinished"], "new"),
        ("", ["here, 3.12", "hash"], "new"),
        ("", [], "new"),
    ],
)
def test_the_work_to_do(version: str, stamp: list[str], work: str):
    assert run.work_to_do(version, stamp, ["here, 3.12", "hash"]) == work


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for a Python is a shell script")
@pytest.mark.parametrize(("script", "version"), [(None, ""), ("exit 1", ""), ("echo 3.12", "3.12")])
def test_a_venv_counts_only_if_its_python_runs(
    tmp_path: Path, monkeypatch, script: str | None, version: str
):
    python = tmp_path / "python"
    if script:
        python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        python.chmod(0o755)
    monkeypatch.setattr(run, "PYTHON", python)
    assert run.venv_version() == version


def wheel_of_uv(folder: Path, program: str) -> Path:
    """A folder with a wheel named uv that holds this program, for pip to find."""
    folder.mkdir()
    info = "uv-99.0.0.dist-info/"
    with zipfile.ZipFile(folder / "uv-99.0.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("uv.py", program)
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: uv\nVersion: 99.0.0\n")
        wheel.writestr(
            info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(info + "RECORD", "")
    return folder


UV = """
import os, subprocess, sys

print("uv:", *sys.argv[1:3], os.environ["UV_DEFAULT_INDEX"], os.environ["UV_FIND_LINKS"])
print("uv compiles:", "--compile-bytecode" in sys.argv)
arguments = sys.argv[sys.argv.index("-c"):]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *arguments]))
"""


@pytest.mark.parametrize("keeps_nothing", ["", "1"])  # of what Python compiles
def test_uv_installs_where_it_can_be_had_and_keeps_pips_settings(tmp_path, keeps_nothing):
    wheels = wheel_of_uv(tmp_path / "wheels", UV)
    pip = {"PIP_FIND_LINKS": wheels, "PIP_NO_INDEX": "1"}
    done = Project(tmp_path / "p").run("setup", **pip, PYTHONDONTWRITEBYTECODE=keeps_nothing)
    assert done.returncode == 0, done.stderr
    assert f"uv: pip install http://127.0.0.1:9/simple {wheels}\n" in done.stdout
    assert f"uv compiles: {keeps_nothing == '1'}\n" in done.stdout
    assert "pip tries" not in done.stdout


def test_pip_installs_what_uv_cannot(tmp_path: Path):
    wheels = wheel_of_uv(tmp_path / "wheels", "raise SystemExit(1)")
    project = Project(tmp_path / "p")
    done = project.run("test", "0", PIP_FIND_LINKS=wheels, PIP_NO_INDEX="1")
    assert done.returncode == 0 and "pip tries" in done.stdout, done.stderr
    assert done.stdout.endswith(f"started {TEST} 0 by {project.venv}\n")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("sys.version_info", "(3, 15, 0, 'final', 0)", ["3.14 or older", "python3.12"]),
        ("sys.maxsize", "2**31 - 1", ["64 bits"]),
        ("platform.machine", "lambda: 'x86_64'", ["Intel Macs", "Colab"]),
        ("platform.mac_ver", "lambda: ('13.6', ('', '', ''), 'arm64')", ["macOS 14", "13"]),
        ("sysconfig.get_config_var", "lambda name: 'x86_64-alpine-linux-musl'", ["musl"]),
    ],
)
def test_a_machine_without_pytorch_is_told_before_any_download(tmp_path, name, value, words):
    script = Project(tmp_path / "p").folder / "run.py"
    mac = name.startswith("platform.")
    machine = "" if name == "platform.machine" else "platform.machine = lambda: 'arm64'; "
    fake = "import platform, runpy, sys, sysconfig; sysconfig.get_config_vars(); "
    fake += f"sys.platform = 'darwin'; {machine}" if mac else ""
    fake += f"{name} = {value}; sys.argv = ['run.py', 'course']; "
    fake += f"runpy.run_path({str(script)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", fake], capture_output=True, text=True)
    one_sentence(done, *words)
    assert not (tmp_path / "p" / ".venv").exists()


def test_too_little_disk(tmp_path: Path):
    script = Project(tmp_path / "p").folder / "run.py"
    fake = "import shutil, runpy, sys; "
    fake += "shutil.disk_usage = lambda path: type('Usage', (), {'free': 3.2e9}); "
    fake += f"sys.argv = ['run.py', 'course']; runpy.run_path({str(script)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", fake], capture_output=True, text=True)
    one_sentence(done, "3.2 GB free", "needs 8 GB" if sys.platform == "linux" else "needs")
    assert not (tmp_path / "p" / ".venv").exists()


def test_python_without_ensurepip(tmp_path: Path):
    project = Project(tmp_path / "p")
    one_sentence(
        project.run("course", PYTHONPATH=no_ensurepip(project)),
        "sudo apt install python3.",
        "-venv",
    )


def test_a_python_that_is_too_old_can_read_the_file_and_says_so():
    source = (ROOT / "run.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))
    assert (
        "from __future__" not in source
    )  # "annotations" does not exist in 3.6, and ast does not know that
    old = "import runpy, sys; sys.version_info = (3, 9, 1, 'final', 0); sys.argv = ['', 'course']; "
    old += f"runpy.run_path({str(ROOT / 'run.py')!r}, run_name='__main__')"
    one_sentence(
        subprocess.run([sys.executable, "-c", old], capture_output=True, text=True), "3.11", "3.9"
    )


def real_old_pythons() -> list[str]:
    names = (f"python3.{minor}" for minor in range(6, 11))
    return [
        name
        for name in names
        if shutil.which(name) and not subprocess.call([name, "-c", ""], stderr=-3)
    ]


def test_every_old_python_of_this_machine_says_so():
    if not real_old_pythons():
        pytest.skip("no Python older than 3.11 on PATH")
    for name in real_old_pythons():
        one_sentence(
            subprocess.run([name, str(ROOT / "run.py"), "course"], capture_output=True, text=True),
            "3.11",
        )


@pytest.mark.skipif(not shutil.which("make"), reason="no make on PATH")
def test_make_passes_arguments_and_failure_on(project: Project):
    shutil.copy(ROOT / "Makefile", project.folder)
    command = [
        "make",
        "-C",
        str(project.folder),
        "test",
        "ARGS=-k shapes 5",
        f"PYTHON={sys.executable}",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0 and f"started {TEST} -k shapes 5" in done.stdout
