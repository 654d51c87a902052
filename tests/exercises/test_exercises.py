"""Every checker accepts its solution and rejects a bank of wrong answers with their hints."""

import re
from importlib import import_module
from pathlib import Path

import nbformat
import pytest

from catdog_lib.errors import CatdogError
from catdog_lib.exercises import WrongAnswer, check, exercises, registry
from catdog_lib.exercises.random_inputs import fresh_inputs
from catdog_lib.exercises.registry import function_of
from docs.mistakes_page import kind

ROOT = Path(__file__).parents[2]
MISTAKES_PAGE = (ROOT / "docs" / "teaching" / "mistakes.md").read_text(encoding="utf-8")
KNOWN_MISTAKES = {kind(line[2:]) for line in MISTAKES_PAGE.splitlines() if line.startswith("- ")}
LESSONS = sorted(
    {path.stem.split("_")[1] for path in (ROOT / "catdog_lib" / "exercises").glob("lesson_??_*.py")}
)
NUMBERS = [number for lesson in LESSONS for number in exercises(lesson)]
BANK_FILES = {lesson: import_module(f"tests.exercises.banks.bank_{lesson}") for lesson in LESSONS}
BANKS = {number: BANK_FILES[number[:2]].BANKS[number] for number in NUMBERS}
# right answers in other styles than the notebook's solution, by exercise
RIGHT = {
    number: getattr(BANK_FILES[number[:2]], "RIGHT_ANSWERS", {}).get(number, [])
    for number in NUMBERS
}


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [pytest.param(n, *item, id=f"{n}-{item[1]}") for n in NUMBERS for item in BANKS[n]],
)
def test_a_wrong_answer_is_rejected_with_its_hint(number, answer, hint):
    with pytest.raises(WrongAnswer, match=hint) as wrong:
        check(number, answer)
    said = kind(str(wrong.value).split("not yet. ", 1)[-1])
    assert said in KNOWN_MISTAKES, "renew the page: python -m docs.mistakes_page"


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        pytest.param(number, answer, id=f"{number}-{i}")
        for number in NUMBERS
        for i, answer in enumerate(RIGHT[number])
    ],
)
def test_a_right_answer_in_another_style_is_accepted(number, answer, capsys):
    check(number, answer)
    assert f"Exercise {number}: right!" in capsys.readouterr().out
    with fresh_inputs(777):  # as catdog grade checks it
        check(number, answer)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("shift", [1000])
def test_right_answers_are_right_on_fresh_inputs_too(number, shift):
    """Those that train a network have no random inputs."""
    if number not in ("03.6", "07.5"):
        with fresh_inputs(shift):
            for answer in RIGHT[number]:
                check(number, answer)


@pytest.mark.parametrize("number", NUMBERS)
def test_each_bank_holds_enough_wrong_answers(number):
    assert len(BANKS[number]) >= (8 if function_of(number) else 3)


def notebook_cells(number: str, tag: str) -> list[str]:
    (path,) = (ROOT / "notebooks").glob(f"{number[:2]}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    return [
        c.source
        for c in cells
        if tag in c.metadata.get("tags", []) and f'check("{number}"' in c.source
    ]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_notebooks_stub_and_solution_are_checked(number, capsys):
    (stub,), (solution,) = notebook_cells(number, "exercise"), notebook_cells(number, "solution")
    names: dict = {}
    exec(
        "import math, torch\nimport numpy as np\nfrom torch import nn\nfrom torch.nn import "
        "functional as F",
        names,
    )
    exec("from catdog_lib import models", names)
    exec(
        stub if "import check" in stub else "from catdog_lib.exercises import check\n" + stub, names
    )
    assert capsys.readouterr().out == f"Exercise {number}: not attempted yet.\n"
    exec(solution, names)
    with fresh_inputs(777):
        exec(solution, names)
    assert f"Exercise {number}: right!" in capsys.readouterr().out


@pytest.mark.parametrize("number", NUMBERS)
def test_the_hint_names_the_function_as_the_notebook_does(number):
    (stub,) = notebook_cells(number, "exercise")
    name = re.search(rf'check\("{number}", (\w+)\)', stub)[1]
    asks_for_one = f"def {name}(" in stub and f"class {name}" not in stub
    assert function_of(number) == (name if asks_for_one else None)


def test_the_first_prediction_is_kept(monkeypatch, capsys):
    def checker(answer):
        registry.require(answer == 7, "It is more.")
        return "It is 7."

    monkeypatch.setitem(registry._EXERCISES, "02.1", registry.Exercise(checker, None, True))
    monkeypatch.setattr(registry, "_FIRST_PREDICTIONS", {})
    with pytest.raises(WrongAnswer, match=r"02\.1: not yet\. It is more\."):
        check("02.1", 5)
    assert "locked in" in capsys.readouterr().out
    check("02.1", 7)
    assert capsys.readouterr().out == (
        "Exercise 02.1: your first prediction was 5.\nExercise 02.1: right! It is 7.\n"
    )


@pytest.mark.parametrize(
    ("number", "says"),
    [("03.9", "has 03.1"), ("99.1", "no lesson '99'"), ("x", "comes first, as text")],
)
def test_an_unknown_exercise_is_one_sentence(number, says):
    with pytest.raises(CatdogError, match=says):
        check(number, 1)


def test_a_notebook_shows_the_hint_without_a_traceback():
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell.instance()
    with capture_output() as shown:
        shell.run_cell("from catdog_lib.exercises import check\ncheck('00.6', 100)")
    assert "to each side: too few." in shown.stdout
    assert "Traceback" not in shown.stdout and "registry.py" not in shown.stdout
