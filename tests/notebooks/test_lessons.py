"""nbval runs every lesson from top to bottom, compares the outputs that are kept in git, and the
clock is watched.
"""

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from catdog_lib.course import pace
from catdog_lib.course.lesson_files import find_lessons

LESSONS = {lesson.path.stem: lesson for lesson in find_lessons()}


def nbval(notebook: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run one notebook as a test, with the settings that nbval and pytest agree on."""
    options = ["-p", "no:cacheprovider", "-q"]
    options += ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=300"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, notebook],
        capture_output=True,
        text=True,
        env={**os.environ, "CATDOG_BUDGET": "quick", "CATDOG_CLAIMS": "check", **environment},
    )


def run_in_time(name: str, source: str) -> None:
    """Run a lesson, and if it takes too long, up to twice more: others use the machine."""
    promised, tries = LESSONS[name].seconds["quick"], []
    for _ in range(3):
        start = time.perf_counter()
        done = nbval(LESSONS[name].path, CATDOG_DATA=source)
        seconds = time.perf_counter() - start
        assert done.returncode == 0, done.stdout[-8000:]
        if seconds <= promised:
            return
        allowed = promised * pace.measure().factor  # as busy as the machine is now
        if seconds <= allowed:
            return
        tries.append(f"{seconds:.0f} s of {allowed:.0f}")
    pytest.fail(f"{name} promises {promised} s on the reference machine; here: {', '.join(tries)}")


@pytest.mark.slow
@pytest.mark.parametrize("name", LESSONS)
def test_the_lesson_runs_in_its_time(name):
    """On the photos of CATDOG_DATA; without any, on drawn animals, as `make course` in test_readme
    does.
    """
    run_in_time(name, os.environ.get("CATDOG_DATA", "sketches"))


@pytest.mark.parametrize("name", LESSONS)
def test_the_lesson_says_its_times_in_its_text(name):
    lesson = LESSONS[name]
    opening = nbformat.read(lesson.path, as_version=4).cells[0].source
    assert (
        f"{lesson.seconds['standard']} seconds" in opening
        and f"{lesson.seconds['quick']} seconds" in opening
    )


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
