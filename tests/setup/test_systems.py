"""Each system that cannot have the course is told so in one sentence; the others can have it."""

import ast
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from catdog_lib.course.kit import UV_PLATFORMS
from catdog_setup import systems
from catdog_setup.environment import torch_backend, uv_settings

ROOT = Path(__file__).parents[2]
SETUP = [ROOT / "run.py", *sorted((ROOT / "catdog_setup").glob("*.py"))]

PLATFORMS = UV_PLATFORMS.values()
LINUX = {"platform": "linux", "machine": "x86_64", "libc": ("glibc", "2.36")}
MAC = {"platform": "darwin", "machine": "arm64", "macos": "15.1"}
WINDOWS = {"platform": "win32", "machine": "AMD64"}


@pytest.fixture
def told(monkeypatch):
    """Return what the course says on a system with these facts."""

    def told(facts: dict) -> str:
        monkeypatch.setattr(sys, "platform", facts["platform"])
        monkeypatch.setattr(sys, "version_info", (*facts.get("python", (3, 12)), 1, "final", 0))
        monkeypatch.setattr(sys, "maxsize", 2 ** facts.get("bits", 64) // 2 - 1)
        monkeypatch.setattr(platform, "machine", lambda: facts["machine"])
        monkeypatch.setattr(platform, "mac_ver", lambda: (facts.get("macos", ""), ("", "", ""), ""))
        monkeypatch.setattr(platform, "libc_ver", lambda: facts.get("libc", ("", "")))
        said = systems.unsupported()
        monkeypatch.undo()
        return said

    return told


@pytest.mark.parametrize(
    "facts",
    [
        LINUX,
        LINUX | {"machine": "aarch64", "libc": ("glibc", "2.28")},
        MAC,
        MAC | {"macos": "14.0", "python": (3, 11)},
        WINDOWS | {"python": (3, 14)},
    ],
)
def test_nothing_is_said_where_the_course_can_be_installed(told, facts: dict):
    assert told(facts) == ""


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (LINUX | {"python": (3, 10)}, ["3.11 to 3.14", "3.10 of 64 bits", "PYTHON=python3.12"]),
        (LINUX | {"python": (3, 15)}, ["3.11 to 3.14", "3.15 of 64 bits", "python.org"]),
        (WINDOWS | {"bits": 32}, ["64 bits", "3.12 of 32 bits", "python.org"]),
        (MAC | {"machine": "x86_64"}, ["Intel Macs", "Apple chips", "Colab"]),
        (MAC | {"macos": "13.6"}, ["macOS 14", "13.6", "torch 2.11.0", "README.md", "Colab"]),
        (LINUX | {"libc": ("libc", "")}, ["glibc", "musl", "Alpine", "Colab"]),
        (LINUX | {"libc": ("glibc", "2.17")}, ["glibc 2.28", "2.17", "Colab"]),
        (LINUX | {"machine": "riscv64"}, ["linux-riscv64", "Colab"]),
        (WINDOWS | {"machine": "ARM64"}, ["win32-ARM64", "Colab"]),
    ],
)
def test_a_system_without_builds_is_told_what_to_do_in_one_sentence(told, facts, words):
    said = told(facts)
    assert said.endswith(".") and ". " not in said and "\n" not in said
    assert all(word in said for word in words), said


def test_run_py_says_it_before_anything_else(tmp_path: Path):
    for file in SETUP:
        copy = tmp_path / file.relative_to(ROOT)
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(file, copy)
    fake = "import platform, sys; platform.machine = lambda: 'riscv64'; "
    fake += f"sys.path.insert(0, {str(tmp_path)!r}); import run; sys.exit(run.main(['course']))"
    done = subprocess.run([sys.executable, "-c", fake], capture_output=True, text=True, cwd="/")
    assert done.returncode == 2 and "-riscv64" in done.stderr and not done.stdout, done.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("path", SETUP, ids=lambda path: path.name)
def test_an_old_python_can_read_the_set_up(path: Path):
    source = path.read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))
    assert "from __future__" not in source  # "annotations" is not in 3.6, and ast does not know it


@pytest.mark.parametrize("name", [f"python3.{minor}" for minor in range(6, 11)])
def test_an_old_python_says_what_is_needed(name: str):
    if not shutil.which(name) or subprocess.call([name, "-c", ""], stderr=subprocess.DEVNULL):
        pytest.skip(f"no {name} on PATH")
    command = [name, "-B", str(ROOT / "run.py"), "course"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    (said,) = done.stderr.splitlines()
    assert "3.11 to 3.14" in said and name.removeprefix("python") in said


def resolve(*arguments: str) -> subprocess.CompletedProcess:
    """Look for a build of each package that the course needs, as the arguments say."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--all-extras"]
    command += ["--only-binary", ":all:", "--quiet", *arguments]
    environment = os.environ | uv_settings(sys.executable)
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.registry
@pytest.mark.parametrize("python", ["{}.{}".format(*python) for python in systems.PYTHONS])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_tested_versions_have_builds_for_each_system(platform: str, python: str, monkeypatch):
    monkeypatch.setenv("MACOSX_DEPLOYMENT_TARGET", f"{systems.MACOS}.0")
    system = ("--python-platform", platform, "--python-version", python)
    found = resolve(*system, "-c", "constraints.txt")
    assert found.returncode == 0, found.stderr


@pytest.mark.registry
@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_oldest_versions_have_builds_too(platform: str):
    system = ("--python-platform", platform, "--python-version", "3.11")
    found = resolve(*system, "--resolution", "lowest-direct")
    assert found.returncode == 0, found.stderr


@pytest.mark.registry
@pytest.mark.parametrize(
    "platform",
    ["x86_64-unknown-linux-musl", "x86_64-manylinux_2_17", "aarch64-pc-windows-msvc"],
)
def test_what_the_set_up_refuses_has_no_builds(platform: str):
    found = resolve("--python-platform", platform, "--python-version", "3.12")
    assert found.returncode and "torch" in found.stderr


@pytest.mark.registry
@pytest.mark.parametrize("torch", ["2.11.0", "2.12.0"])
def test_the_last_pytorch_for_macos_13(torch: str, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("MACOSX_DEPLOYMENT_TARGET", "13.0")
    only = tmp_path / "only.txt"
    only.write_text(f"torch=={torch}\n", encoding="utf-8")
    system = ("--python-platform", "aarch64-apple-darwin", "--python-version", "3.12")
    found = resolve(*system, "-c", str(only))
    assert (found.returncode == 0) == (torch == "2.11.0"), found.stderr


def test_a_wrong_python_on_windows_is_told_a_command_that_it_has(told):
    assert "py -3.12 run.py course" in told(WINDOWS | {"python": (3, 10)})


@pytest.mark.parametrize(
    ("platform", "card", "cpu", "expected"),
    [
        ("linux", "/usr/bin/nvidia-smi", False, []),  # the registry's build is for it
        ("linux", None, True, ["--torch-backend", "cpu"]),
        ("win32", r"C:\Windows\nvidia-smi.exe", False, ["--torch-backend", "auto"]),
        ("win32", r"C:\Windows\nvidia-smi.exe", True, ["--torch-backend", "cpu"]),
        ("win32", None, False, []),
    ],
)
def test_an_nvidia_card_gets_a_pytorch_that_computes_on_it(
    platform, card, cpu, expected, monkeypatch
):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(shutil, "which", lambda name: card)
    assert torch_backend(cpu) == expected


def test_pips_settings_are_read_whatever_their_letters(tmp_path):
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nfind-links = /a b/jos\u00e9's\\wheels\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_CONFIG_FILE", str(config))
        patch.delenv("PIP_FIND_LINKS", raising=False)
        assert uv_settings(sys.executable)["UV_FIND_LINKS"] == "/a b/jos\u00e9's\\wheels"


def test_a_list_of_indexes_is_one_for_uv_too(tmp_path):
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nextra-index-url =\n    https://a.example/simple\n    https://b.example/simple\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_CONFIG_FILE", str(config))
        patch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
        found = uv_settings(sys.executable)["UV_INDEX"]
        assert found == "https://a.example/simple https://b.example/simple"
