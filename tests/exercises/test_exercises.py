"""Every checker accepts its solution and rejects a bank of wrong answers with their hints."""

import re
from importlib import import_module
from pathlib import Path

import nbformat
import pytest

from catdog_lib.exercises import WrongAnswer, check, exercises, registry
from catdog_lib.exercises.random_inputs import fresh_inputs
from catdog_lib.exercises.registry import function_of
from docs.mistakes_page import NUMBER, PAGE, hints, kind

ROOT = Path(__file__).parents[2]
TRAINED = ("03.6", "07.5")  # their checkers train a network
PREDICTIONS = "00.2 01.2 01.6 02.2 02.5 03.2 04.1 05.2 06.3 07.2 08.1 08.2 09.3 10.2 10.5"
_, *_SECTIONS = re.split(
    r"^### (\d\d\.\d) · .+$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE
)
ON_THE_PAGE = dict(zip(_SECTIONS[::2], _SECTIONS[1::2], strict=True))
LESSONS = sorted(
    {path.stem.split("_")[1] for path in (ROOT / "catdog_lib" / "exercises").glob("lesson_??_*.py")}
)
NUMBERS = [number for lesson in LESSONS for number in exercises(lesson)]
BANK_FILES = {lesson: import_module(f"tests.exercises.banks.bank_{lesson}") for lesson in LESSONS}
BANKS = {number: BANK_FILES[number[:2]].BANKS[number] for number in NUMBERS}
# what the checker says of the notebook's solution, after "right!"
REPLIES = {number: BANK_FILES[number[:2]].REPLIES.get(number, "") for number in NUMBERS}
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
    with pytest.raises(WrongAnswer, match=hint):
        check(number, answer)


def numbers_in(text: str) -> list[float]:
    """Return the numbers of a hint."""
    return [float(number.replace(",", "")) for number in re.findall(NUMBER, text)]


def require_alike(said: str, quoted: str, number: str) -> None:
    """Require the same words and numbers; another machine may round or train differently."""
    assert kind(said) == kind(quoted)
    if number not in TRAINED:
        assert numbers_in(said) == pytest.approx(numbers_in(quoted), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_page_of_mistakes_quotes_the_hints(number):
    quoted = [line[2:] for line in ON_THE_PAGE[number].splitlines() if line.startswith("- ")]
    for said, one in zip(hints(number), quoted, strict=True):
        require_alike(said, one, number)


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
    if number not in TRAINED:
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
    registry._FIRST_PREDICTIONS.pop(number, None)
    exec(solution, names)
    locked, said = capsys.readouterr().out.split(f"Exercise {number}: right!")
    assert ("your prediction is locked in" in locked) == (number in PREDICTIONS)
    require_alike(said.strip(), REPLIES[number], number)
    with fresh_inputs(777):
        exec(solution, names)
    assert f"Exercise {number}: right!" in capsys.readouterr().out


@pytest.mark.parametrize("number", NUMBERS)
def test_the_hint_names_the_function_as_the_notebook_does(number):
    (stub,) = notebook_cells(number, "exercise")
    name = re.search(rf'check\("{number}", (\w+)\)', stub)[1]
    asks_for_one = f"def {name}(" in stub and f"class {name}" not in stub
    assert function_of(number) == (name if asks_for_one else None)
