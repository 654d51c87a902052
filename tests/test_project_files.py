"""The files around the code agree with each other: versions, environments, make, CI and the
hooks.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import run
from catdog_setup.environment import REQUIREMENTS
from catdog_setup.systems import PYTHONS

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pins() -> dict[str, str]:
    """Package → version, from constraints.txt; a line is a comment or name==version and no more."""
    lines = [
        line for line in read("constraints.txt").splitlines() if line and not line.startswith("#")
    ]
    matches = [re.fullmatch(r"([a-z0-9-]+)==([0-9.]+)", line) for line in lines]
    assert all(matches), lines
    return {match[1]: match[2] for match in matches}


def direct() -> list[Requirement]:
    return [Requirement(line) for line in sum(EXTRAS.values(), PROJECT["dependencies"])]


@pytest.mark.parametrize("requirement", direct(), ids=lambda requirement: requirement.name)
def test_each_dependency_has_a_tested_version_that_fits(requirement: Requirement):
    assert Version(pins()[canonicalize_name(requirement.name)]) in requirement.specifier


@pytest.mark.parametrize("requirement", direct(), ids=lambda requirement: requirement.name)
def test_each_dependency_has_an_oldest_version(requirement: Requirement):
    """Without one, ``make test-oldest`` would take the first that was ever published."""
    (bound,) = requirement.specifier
    assert bound.operator == ">="


def test_no_pin_is_for_one_system_only():
    assert not [name for name in pins() if re.match("nvidia|cuda|triton|pywin|appnope", name)]


@pytest.mark.parametrize("package", pins())
def test_these_tests_run_with_the_versions_named_as_tested(package: str):
    assert Version(version(package)).public == pins()[package]


def test_torch_is_one_whose_weights_only_loading_is_safe():
    (torch,) = [requirement for requirement in direct() if requirement.name == "torch"]
    assert "2.9.1" not in torch.specifier and "2.10" in torch.specifier


def test_conda_installs_what_run_py_installs():
    dependencies = yaml.safe_load(read("environment.yml"))["dependencies"]
    (through_pip,) = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    assert " ".join(through_pip).split() == REQUIREMENTS
    assert "pip" in dependencies
    (python,) = [entry for entry in dependencies if str(entry).startswith("python=")]
    assert python.removeprefix("python=") in SpecifierSet(PROJECT["requires-python"])
    extras = re.fullmatch(r"\.\[(.*)\]", REQUIREMENTS[-1])[1]
    assert sorted(extras.split(",")) == sorted(EXTRAS)


def test_make_has_the_commands_of_run_py():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(
        r"^([\w -]+):\n\t@\$\(PYTHON\) run\.py \$@ \$\(ARGS\)$", makefile, re.MULTILINE
    )
    described = re.findall(r"^    ([\w-]+) +[a-z]", run.__doc__, re.MULTILINE)
    assert targets and sorted(targets[1].split()) == sorted(described) == sorted(run.commands(""))
    assert re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1] == targets[1]


def test_run_py_asks_for_the_python_that_pyproject_asks_for():
    assert PROJECT["requires-python"] == ">={}.{}".format(*PYTHONS[0])


def test_the_workflow_calls_make_on_supported_pythons():
    jobs = yaml.safe_load(read(".github/workflows/course.yml"))["jobs"]
    for name, command in {
        "test": "make test PYTHON=python",
        "site": "make course PYTHON=python",
    }.items():
        steps = jobs[name]["steps"]
        assert command in [step.get("run") for step in steps]
        (python,) = [
            step["with"]["python-version"]
            for step in steps
            if "setup-python" in step.get("uses", "")
        ]
        offered = jobs[name]["strategy"]["matrix"]["python"] if "matrix" in python else [python]
        assert all(each in SpecifierSet(PROJECT["requires-python"]) for each in offered)


@pytest.mark.skipif(os.name == "nt", reason=".ci/run is for Linux")
@pytest.mark.parametrize("photos", [True, False])
@pytest.mark.parametrize("status", [0, 2])
def test_ci_names_the_photos_and_passes_the_status_on(tmp_path: Path, photos: bool, status: int):
    checkout, tools, folder = (
        tmp_path / "checkout",
        tmp_path / "tools",
        tmp_path / "shared" / "photos",
    )
    (checkout / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", checkout / ".ci")
    if photos:
        folder.mkdir(parents=True)
    tools.mkdir()
    for name, lines in {
        "make": f'echo "make $*: ${{CATDOG_DATA-none}}"; exit {status}',
        "chromium": "",
    }.items():
        (tools / name).write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if name != "CATDOG_DATA"}
    environment["PATH"] = f"{tools}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        [str(checkout / ".ci" / "run")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == status, done.stderr
    said, *made = done.stdout.splitlines()
    assert said == (
        f"Real photos: CATDOG_DATA={folder}"
        if photos
        else "No real photos in ../shared/photos: the tests that need them will be skipped."
    )
    where = folder if photos else "none"
    calls = ["test", "test-all ARGS=-m slow"][: 1 if status else 2]  # a failure ends it
    assert made == [f"make --no-print-directory {call}: {where}" for call in calls]


@pytest.mark.skipif(not shutil.which("git"), reason="no git on PATH")
def test_the_hooks_mend_what_they_can_and_then_pass(tmp_path: Path):
    for name in (".pre-commit-config.yaml", "pyproject.toml", "tests/notebooks/clean_notebooks.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "bad.py").write_text("import os\nx = { 'a':1 }\n", encoding="utf-8")
    output = {"output_type": "stream", "name": "stdout", "text": ["1\n"]}
    cell = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "source": ["print( 1 )"],
        "execution_count": 7,
    }
    notebook = {
        "cells": [{**cell, "outputs": [output]}],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00_a.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    scripts = str(Path(sys.executable).parent)
    environment |= {
        "PRE_COMMIT_HOME": str(tmp_path / "cache"),
        "PATH": scripts + os.pathsep + os.environ["PATH"],
    }

    def call(*command: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    call("git", "init", "-q")
    call("git", "add", ".")
    hooks = (sys.executable, "-m", "pre_commit", "run", "--all-files")
    first = call(*hooks)
    assert first.returncode == 1 and first.stdout.count("Failed") == 3, first.stdout + first.stderr
    assert (tmp_path / "bad.py").read_text(encoding="utf-8") == 'x = {"a": 1}\n'
    cleaned = json.loads((tmp_path / "notebooks" / "00_a.ipynb").read_text(encoding="utf-8"))[
        "cells"
    ][0]
    assert (cleaned["source"], cleaned["outputs"], cleaned["execution_count"]) == (
        ["print(1)"],
        [],
        None,
    )
    again = call(*hooks)
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_finds_nothing(command: list[str]):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, str(ROOT)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout


def test_each_suspended_format_says_why():
    """By words in the same comment, or in one on the line above."""
    unexplained = []
    for path in subprocess.check_output(
        ["git", "ls-files", "*.py"], cwd=ROOT, text=True
    ).splitlines():
        lines = read(path).splitlines()
        for number, line in enumerate(lines):
            if not re.search(r"# fmt: (?:off|skip)\b", line):
                continue
            beside = re.sub(
                r"# fmt: \w+|[#\s]", "", line.partition("#")[2] and "#" + line.partition("#")[2]
            )
            above = lines[number - 1].strip() if number else ""
            if not beside and not above.startswith("#"):
                unexplained.append(f"{path}:{number + 1}")
    assert not unexplained
