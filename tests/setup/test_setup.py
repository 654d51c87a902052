"""run.py on a small project of its own: venv and pip are real, the packages are not."""

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.setup.small_project import PYPROJECT, SCRIPTS, TEST, Project, write_wheel

ROOT = Path(__file__).parents[2]


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


def test_a_python_that_has_the_course_is_used_as_it_is(project: Project):
    """One of conda, of a container, or of a virtual environment of the user's own."""
    own = project.venv.rename(project.folder.parent / "envs")
    try:
        done = project.run("test", "3", python=own / SCRIPTS / "python")
        assert (done.returncode, done.stdout) == (3, f"started {TEST} 3 by {own}\n"), done.stderr
        assert not project.venv.exists()
    finally:
        own.rename(project.venv)


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
    assert (
        done.returncode == 0 and "Setting up" not in done.stdout and "Ready after" in done.stdout
    ), done.stderr
    assert mark.exists() and project.stamp != before


@pytest.mark.parametrize("made_by", ["venv", "uv, which puts no pip into it"])
def test_a_venv_of_the_users_own_is_kept(project: Project, made_by: str):
    mark = project.mark()
    (project.venv / "catdog-stamp").unlink()
    if made_by != "venv":
        for folder in [*project.venv.rglob("site-packages/pip*")]:  # pip and what tells of it
            shutil.rmtree(folder)
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


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for a Python is a shell script")
@pytest.mark.parametrize("script", ["exit 1", "nothing"])
def test_a_venv_whose_python_has_lost_its_packages_is_made_again(project: Project, script: str):
    """As it has when the system's Python, which it links to, is replaced by a newer one."""
    mark, python = project.mark(), project.venv / "bin" / "python"
    python.unlink()
    if script != "nothing":
        python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        python.chmod(0o755)
    done = project.run("test", "0")
    assert done.returncode == 0 and "Setting up" in done.stdout, done.stderr
    assert not mark.exists()


def test_of_two_set_ups_at_once_one_waits_and_installs_nothing(tmp_path: Path):
    """Without the lock, the second removes the .venv that the first is filling."""
    project = Project(tmp_path / "p")
    with ThreadPoolExecutor(2) as both:
        calls = [both.submit(project.run, "course", "0") for _ in range(2)]
    done = [call.result() for call in calls]
    assert [one.returncode for one in done] == [0, 0], [one.stderr for one in done]
    out = [one.stdout for one in done]
    assert sorted(["Ready after" in text for text in out]) == [False, True], out
    assert sorted(["waiting for it" in text for text in out]) == [False, True], out
    assert all(
        text.endswith(f"started course --budget quick 0 by {project.venv}\n") for text in out
    )


UV = """
import os, subprocess, sys

print("uv:", *sys.argv[1:3], os.environ["UV_DEFAULT_INDEX"], os.environ["UV_FIND_LINKS"])
print("uv compiles:", "--compile-bytecode" in sys.argv)
print("uv leaves NVIDIA out:", "--torch-backend cpu" in " ".join(sys.argv))
arguments = sys.argv[sys.argv.index("-c"):]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *arguments]))
"""


@pytest.mark.parametrize("keeps_nothing", ["", "1"])  # of what Python compiles
def test_uv_installs_where_it_can_be_had_and_keeps_pips_settings(tmp_path, keeps_nothing):
    wheels = write_wheel(tmp_path / "wheels", "uv", UV)
    pip = {"PIP_FIND_LINKS": wheels, "PIP_NO_INDEX": "1"}
    done = Project(tmp_path / "p").run("setup", **pip, PYTHONDONTWRITEBYTECODE=keeps_nothing)
    assert done.returncode == 0, done.stderr
    assert f"uv: pip install http://127.0.0.1:9/simple {wheels}\n" in done.stdout
    assert f"uv compiles: {keeps_nothing == '1'}\n" in done.stdout
    assert "pip tries" not in done.stdout


@pytest.mark.parametrize("option", [[], ["--cpu"]], ids=["", "--cpu"])
def test_the_libraries_for_nvidia_cards_are_left_out_if_you_say_so(tmp_path, option: list[str]):
    wheels = write_wheel(tmp_path / "wheels", "uv", UV)
    project = Project(tmp_path / "p")
    done = project.run("test", *option, "0", PIP_FIND_LINKS=wheels, PIP_NO_INDEX="1")
    assert f"uv leaves NVIDIA out: {bool(option)}\n" in done.stdout, done.stderr
    assert done.stdout.endswith(f"started {TEST} 0 by {project.venv}\n")  # pytest never sees it


def test_pip_installs_what_uv_cannot(tmp_path: Path):
    wheels = write_wheel(tmp_path / "wheels", "uv", "raise SystemExit(1)")
    project = Project(tmp_path / "p")
    done = project.run("test", "0", PIP_FIND_LINKS=wheels, PIP_NO_INDEX="1")
    assert done.returncode == 0 and "pip tries" in done.stdout, done.stderr
    assert done.stdout.endswith(f"started {TEST} 0 by {project.venv}\n")


def test_too_little_disk(tmp_path: Path):
    script = Project(tmp_path / "p").folder / "run.py"
    fake = f"import shutil, runpy, sys; sys.path.insert(0, {str(script.parent)!r}); "
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
