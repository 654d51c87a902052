"""``check`` finds the checker and says what it thinks; a wrong call is answered in a sentence."""

import numpy as np
import pytest

from catdog_lib.errors import CatdogError
from catdog_lib.exercises import WrongAnswer, check, exercises, progress, registry
from catdog_lib.exercises.registry import function_of

SIDES = [48, 24, 24, 24, 11]  # the answer to 02.2


@pytest.fixture
def noted(monkeypatch):
    """The attempts that are noted, in place of the student's file."""
    made = []
    monkeypatch.setattr(progress, "note", lambda number, right: made.append((number, right)))
    return made


def test_the_exercises_of_a_lesson_are_found_in_order():
    assert exercises("02") == [f"02.{i}" for i in range(1, 7)]
    assert (function_of("02.1"), function_of("02.2")) == ("conv_shape", None)


def test_a_checker_stays_a_function(monkeypatch):
    monkeypatch.setattr(registry, "_EXERCISES", {})
    assert registry.exercise("02.9")(print) is print


def test_a_right_answer_is_said_to_be_right_and_noted(noted, capsys):
    for answer in (SIDES, iter(SIDES), dict(enumerate(SIDES)).values(), np.array(SIDES)):
        check("02.2", answer)
        assert capsys.readouterr().out.endswith(
            "Exercise 02.2: right! The network's sides are 100 → 48 → 24 → 24 → 24 → 11.\n"
        )
    assert noted == [("02.2", True)] * 4


def test_a_checker_that_has_nothing_to_say_says_nothing(noted, capsys):
    check("02.3", [(3, 2, 1)] * 5)
    assert capsys.readouterr().out == "Exercise 02.3: right!\n"


def test_a_wrong_answer_gets_a_hint_and_is_noted(noted):
    with pytest.raises(WrongAnswer, match=r"^Exercise 02\.3: not yet\. Your sizes are 224"):
        check("02.3", [(3, 2, 1)] * 4)
    assert noted == [("02.3", False)]


def test_an_answer_that_is_not_there_yet_is_not_checked(noted, capsys):
    check("02.2", ...)
    assert capsys.readouterr().out == "Exercise 02.2: not attempted yet.\n" and not noted


def test_run_all_goes_on_after_a_wrong_answer_if_the_student_wishes(monkeypatch, noted, capsys):
    monkeypatch.setenv("CATDOG_KEEP_GOING", "1")
    check("02.3", [])
    assert capsys.readouterr().out.startswith("Exercise 02.3: not yet. Give a list of layers")
    assert noted == [("02.3", False)]


def test_the_result_of_a_call_in_the_place_of_the_function_is_named(noted):
    with pytest.raises(WrongAnswer, match=r"Give the function itself: check\('02\.1', conv_shape"):
        check("02.1", (5, 6))


def test_an_error_of_the_checker_itself_is_a_hint(monkeypatch, noted):
    def checker(answer):
        raise ZeroDivisionError("by your answer")

    monkeypatch.setitem(registry._EXERCISES, "02.1", registry.Exercise(checker, None, False))
    exercises("02")
    with pytest.raises(WrongAnswer, match="Checking your answer ended in ZeroDivisionError: by"):
        check("02.1", 5)


def test_the_first_prediction_is_kept(monkeypatch, noted, capsys):
    def checker(answer):
        registry.require(answer == 7, "It is more.")
        return "It is 7."

    exercises("02")
    monkeypatch.setitem(registry._EXERCISES, "02.1", registry.Exercise(checker, None, True))
    monkeypatch.setattr(registry, "_FIRST_PREDICTIONS", {})
    with pytest.raises(WrongAnswer, match=r"02\.1: not yet\. It is more\."):
        check("02.1", 5)
    with pytest.raises(WrongAnswer, match=r"02\.1: not yet\. It is more\."):
        check("02.1", 5)
    assert capsys.readouterr().out == (
        "Exercise 02.1: your prediction is locked in. Here is the result.\n"
    )
    check("02.1", 7)
    assert capsys.readouterr().out == (
        "Exercise 02.1: your first prediction was 5.\nExercise 02.1: right! It is 7.\n"
    )


@pytest.mark.parametrize(
    ("number", "slip"),
    [
        ("00.2", "0,7"), ("00.2", 70), ("01.2", [1, 2, 3, 4]), ("01.6", {"a layer": True}),
        ("02.2", [50, 24]), ("02.2", [50, 24.5, 24, 24, 11]), ("02.5", [4, 4, 1]),
        ("03.2", "ln 10"), ("04.1", [1, 2]), ("05.2", [50, 0]), ("06.3", ["colours"]),
        ("07.2", "above"), ("08.1", [0.3]), ("09.3", "rises"), ("10.5", [["colours"], [], []]),
    ],
)  # as a table  # fmt: skip
def test_a_slip_of_form_is_not_taken_for_a_prediction(number, slip, monkeypatch, noted, capsys):
    monkeypatch.setattr(registry, "_FIRST_PREDICTIONS", {})
    with pytest.raises(WrongAnswer, match="not yet"):
        check(number, slip)
    assert not registry._FIRST_PREDICTIONS and not capsys.readouterr().out


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("03.9", r"no exercise '03\.9'; lesson 03 has 03\.1, 03\.2"),
        ("99.1", "no lesson '99'"),
        ("x", "comes first, as text"),
    ],
)
def test_an_unknown_exercise_is_one_sentence(number, says):
    with pytest.raises(CatdogError, match=says):
        check(number, 1)


@pytest.mark.parametrize("lesson", ["0?", "2", "99"])
def test_a_lesson_is_named_by_two_digits(lesson):
    with pytest.raises(CatdogError, match=r"numbered like '03\.1'"):
        exercises(lesson)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((3.1, print), r'check\("03\.1", your_answer\); you gave 3\.1\.'),
        (("4.2", print), r"check\(\"04\.2\", your_answer\); you gave '4\.2'"),
        (("4,2", print), r'check\("04\.2", your_answer\)'),
        ((10.2, print), r'check\("10\.2", your_answer\)'),
        ((print, "04.2"), r"""check\("03\.1", your_answer\); you gave 'an answer'"""),
        (("03.1",), r'The answer is missing. Write check\("03\.1", batch_norm\)'),
        (("02.2",), r'The answer is missing. Write check\("02\.2", your_answer\)'),
        (("02.2", 48, 24), "has several parts: put them into one"),
    ],
)
def test_a_call_of_check_that_is_written_wrongly_is_one_sentence(arguments, says):
    with pytest.raises(Exception, match=says) as caught:
        check(*arguments)
    assert type(caught.value).__name__ == "CatdogError"


def test_a_notebook_shows_the_hint_without_a_traceback():
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell.instance()
    with capture_output() as shown:
        shell.run_cell("from catdog_lib.exercises import check\ncheck('00.6', 100)")
    assert "points wide, and 2 are wanted: too few." in shown.stdout
    assert "Traceback" not in shown.stdout and "registry.py" not in shown.stdout
