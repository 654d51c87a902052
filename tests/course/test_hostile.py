"""The pages touch nobody's files, run nobody's script, and use the kernel of this Python."""

import html
import json
import os
import sys

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from catdog_lib.course import executed, site
from catdog_lib.course import lessons as course
from catdog_lib.course.execution import Execution
from catdog_lib.errors import CatdogError


@pytest.mark.parametrize("folder", ["source", "html"])
def test_what_the_course_did_not_make_is_never_removed(tmp_path, folder):
    mine = tmp_path / "D" / folder / "thesis.tex"
    mine.parent.mkdir(parents=True)
    mine.write_text("precious")
    with pytest.raises(CatdogError, match="not this course's pages"):
        site.open_workspace(tmp_path / "D")
    assert mine.read_text() == "precious"


def test_a_build_that_was_interrupted_blocks_nothing(tmp_path):
    """Killed at any moment: while pages are removed, made, or before Sphinx has written one."""
    for left in ([], ["source"], ["source", "html"], ["html"]):
        source = site.open_workspace(tmp_path / "site")
        assert (source / "lessons").is_dir()
        for folder in left:
            (tmp_path / "site" / folder).mkdir(exist_ok=True)
            (tmp_path / "site" / folder / "half.html").write_text("half")
    assert not (site.open_workspace(tmp_path / "site") / "half.html").exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CatdogError, match="cannot be"):
        site.open_workspace(tmp_path / "file")


def test_the_reason_why_a_lesson_stopped_is_text():
    """Neither HTML nor a directive of MyST in the name of a file is read as such."""
    problem = "'/no <img src=x onerror=alert(1)>{download}`/etc/passwd` $x$' *does not* exist"
    notebook = new_notebook(cells=[new_markdown_cell("# Title")])
    executed.mark_as_stopped(notebook, problem)
    cell = notebook.cells[1].source
    assert not set("<>{`*$'") & set(cell.replace(":::{error}", ""))
    said = html.unescape(cell)
    assert problem in said


def test_paths_in_the_environment_reach_a_kernel_as_they_were_typed(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATDOG_DATA", "mypics")
    monkeypatch.setenv("CATDOG_CACHE", "~/c")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    assert course._absolute("CATDOG_DATA", "CATDOG_CACHE") == {
        "CATDOG_DATA": str(tmp_path / "mypics"),
        "CATDOG_CACHE": str(tmp_path / "home" / "c"),
    }
    monkeypatch.setenv("CATDOG_DATA", "sketches")
    assert course._absolute("CATDOG_DATA") == {}


def test_a_students_own_kernel_of_another_python_is_not_used(monkeypatch, tmp_path):
    spec = tmp_path / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": ["/another/python"], "display_name": "mine"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert KernelSpecManager().get_kernel_spec("python3").argv == ["/another/python"]
    assert printed_by("import sys; print(sys.executable)") == sys.executable


def printed_by(code: str) -> str:
    """Run a notebook of one cell, and return what the cell printed."""
    notebook = new_notebook(cells=[new_code_cell(code)])
    execution = Execution(notebook, ".", 60)
    execution.run({})
    assert not execution.problem
    return notebook.cells[0].outputs[0].text.strip()


def test_a_kernel_ends_with_its_notebook():
    process = int(printed_by("import os; print(os.getpid())"))
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
