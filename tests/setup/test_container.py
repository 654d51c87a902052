"""The Dockerfile: its steps are run in a clean folder, on a small course, without docker."""

import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from catdog_setup.systems import PYTHONS
from tests.setup.small_project import ROOT, Project, write_wheel

TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
STEPS = [line.split(maxsplit=1) for line in TEXT.splitlines() if line and line[0] != "#"]
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()


def values(instruction: str) -> list[str]:
    return [rest for word, rest in STEPS if word == instruction]


def test_it_starts_from_a_python_that_the_course_is_for():
    (base,) = values("FROM")
    version = re.fullmatch(r"python:(\d+)\.(\d+)-slim", base)
    assert tuple(map(int, version.groups())) in PYTHONS


def test_it_is_what_binder_asks_for():
    """A user of the hub's name and number, who is not root and owns the files."""
    names = [value.partition("=")[0] for value in values("ARG")]
    assert names == ["NB_USER", "NB_UID"]
    assert values("USER") == ["${NB_USER}"] and values("WORKDIR") == ["${HOME}"]
    assert values("COPY") == ["--chown=${NB_UID} . ${HOME}"]
    assert "notebook jupyterhub" in TEXT and "0.0.0.0" in values("CMD")[0]


def test_nothing_that_was_made_here_is_copied_into_it():
    made = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    made = [name.strip("/") for name in made if re.fullmatch(r"/?\.?[\w-]+/", name)]
    forgotten = {"docs", "build", ".ipynb_checkpoints", "data"}
    for name in {*made, ".git"} - forgotten:
        assert any(fnmatch(name, pattern.removeprefix("**/")) for pattern in IGNORED), name


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the steps are for a Linux shell")
def test_its_steps_set_the_course_up_in_a_clean_folder(tmp_path: Path):
    home = tmp_path / "home"
    project = Project(home)
    wheels = write_wheel(tmp_path / "wheels", "uv", "raise SystemExit(1)")
    for name in ("notebook", "jupyterhub"):
        write_wheel(wheels, name, "")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "useradd").write_text('#!/bin/sh\necho "useradd $*"\n', encoding="utf-8")
    (tools / "useradd").chmod(0o755)
    (tools / "python").symlink_to(shutil.which(Path(sys.executable).name))
    values_of_arguments = dict(value.split("=") for value in values("ARG"))
    environment = {
        **values_of_arguments,
        "HOME": str(home),
        "PATH": f"{tools}:/usr/bin:/bin",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
    }
    steps = values("RUN")
    assert len(steps) == 3
    for step in steps:
        done = subprocess.run(
            ["sh", "-euc", step], cwd=home, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert len(project.stamp.splitlines()) == 2
    assert list(project.venv.rglob("jupyterhub.py"))
