"""nbval runs every lesson from top to bottom, compares the outputs that are kept in git, and the
clock and the memory are watched.
"""

import ast
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest

from catdog_lib.course import pace
from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.course.peak_memory import MemoryWatch, children
from catdog_lib.device import choose_device

MOST = {"quick": 1.2, "standard": 1.5}  # GB of memory
LESSONS = {lesson.path.stem: lesson for lesson in find_lessons()}


class Run(NamedTuple):
    """A notebook that nbval has run: the exit status, what was printed, and the peak of memory.

    ``memory`` is that of the kernel and what it started, in GB; None where the system does not say.
    """

    returncode: int
    stdout: str
    memory: float | None


def nbval(notebook: Path, **environment: str) -> Run:
    """Run one notebook as a test, with the settings that nbval and pytest agree on."""
    options = ["-p", "no:cacheprovider", "-q"]
    options += ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=300"]
    settings = {"CATDOG_BUDGET": "quick", "CATDOG_CLAIMS": "check", **environment}
    command = [sys.executable, "-m", "pytest", *options, str(notebook)]
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            command, stdout=said, stderr=subprocess.STDOUT, env={**os.environ, **settings}
        ) as process,
    ):
        watch = None
        while process.poll() is None:
            if not watch and (kernel := kernel_of(process.pid)):
                watch = MemoryWatch(kernel)
                watch.start()
            time.sleep(0.05)
        if watch:
            watch.stop()
        said.seek(0)
        peak = watch and watch.peak
        return Run(process.returncode, said.read(), peak and peak / 1e9)


def kernel_of(pid: int) -> int | None:
    """Return the process of the kernel that nbval, in another process, has started, if it has."""
    for child in children(pid):
        with contextlib.suppress(OSError):  # it has ended
            if b"ipykernel" in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
    return None


def run_as_promised(name: str, source: str) -> None:
    """Run a lesson; if it takes too long, run it up to twice more: others use the machine."""
    promised, tries = LESSONS[name].seconds["quick"], []
    for _ in range(3):
        start = time.perf_counter()
        done = nbval(LESSONS[name].path, CATDOG_DATA=source)
        seconds = time.perf_counter() - start
        assert done.returncode == 0, done.stdout[-8000:]
        if done.memory and choose_device().type == "cpu":  # CUDA's libraries need some of their own
            assert done.memory <= LESSONS[name].memory["quick"], "GB are more than promised"
        if seconds <= promised:
            return
        allowed = promised * pace.measure().factor  # as busy as the machine is now
        if seconds <= allowed:
            return
        tries.append(f"{seconds:.0f} s of {allowed:.0f}")
    pytest.fail(f"{name} promises {promised} s on the reference machine; here: {', '.join(tries)}")


@pytest.mark.slow
@pytest.mark.parametrize("name", LESSONS)
def test_the_lesson_runs_in_its_time_and_memory(name):
    """On the photos of CATDOG_DATA; without any, on drawn animals, as `make course` in test_readme
    does.
    """
    run_as_promised(name, os.environ.get("CATDOG_DATA", "sketches"))


@pytest.mark.parametrize("name", LESSONS)
def test_the_lesson_says_its_times_and_its_memory_in_its_text(name):
    lesson = LESSONS[name]
    opening = " ".join(nbformat.read(lesson.path, as_version=4).cells[0].source.split())
    assert f"about {lesson.seconds['standard']} seconds" in opening
    assert f"{lesson.seconds['quick']} seconds with `quick`" in opening
    standard, quick = (lesson.memory[budget] for budget in ("standard", "quick"))
    assert f"**Memory**: up to {standard} GB, or {quick} GB with `quick`." in opening


@pytest.mark.parametrize("name", LESSONS)
def test_a_hub_with_a_little_more_has_room_for_the_lesson(name):
    """Jupyter's server needs some, too, and so do the libraries' pages that are in use."""
    for budget, most in MOST.items():
        assert LESSONS[name].memory[budget] <= most


@pytest.mark.parametrize("name", LESSONS)
def test_every_figure_is_seen(name):
    """``plots.show`` returns a figure: only as the last expression of its cell does it reach the
    page.
    """
    for cell in nbformat.read(LESSONS[name].path, as_version=4).cells:
        if cell.cell_type == "code":
            for statement in ast.parse(cell.source).body[:-1]:
                shown = isinstance(statement, ast.Expr) and ast.unparse(statement)
                assert not (shown or "").startswith("plots.show("), f"{cell.id}: {shown}"


@pytest.mark.skipif(sys.platform != "linux", reason="measured on Linux")
def test_the_memory_is_that_of_the_kernel(tmp_path):
    code = "much = bytearray(300_000_000)\nmuch[::4096] = bytes(len(much[::4096]))"
    cells = [nbformat.v4.new_code_cell(code)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "large.ipynb")
    done = nbval(tmp_path / "large.ipynb")
    assert done.returncode == 0 and 0.3 < done.memory < 0.5, done  # the array and a little more


def test_nbval_really_compares_the_outputs(tmp_path):
    """The same small notebook passes as it is, and fails with one stored digit changed."""
    lesson = nbformat.read(LESSONS["03_custom_cnn"].path, as_version=4)
    compared = [
        cell
        for cell in lesson.cells
        if "# NBVAL_CHECK_OUTPUT" in cell.source and "torchinfo" in cell.source
    ]
    (cell,) = compared
    setup = nbformat.v4.new_code_cell(
        "import torch\nfrom catdog_lib import models\n"
        "from catdog_lib.inspect.shape_table import shape_table"
    )
    lesson.cells = [setup, cell]
    nbformat.write(lesson, tmp_path / "as_it_is.ipynb")
    (output,) = cell.outputs
    assert "2,668,418" in output.text
    output.text = output.text.replace("2,668,418", "2,668,419")
    nbformat.write(lesson, tmp_path / "changed.ipynb")
    unchanged, changed = nbval(tmp_path / "as_it_is.ipynb"), nbval(tmp_path / "changed.ipynb")
    assert unchanged.returncode == 0, unchanged.stdout
    assert changed.returncode == 1 and "2,668,419" in changed.stdout
