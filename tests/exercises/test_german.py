"""Lesson 00 in German: right answers are accepted, and each wrong one gets its hint in German."""

import pytest

from catdog_lib.course.translation.catalogues import library_entries
from catdog_lib.exercises import WrongAnswer, check, exercises
from catdog_lib.language import translate, translation_of
from catdog_lib.language.catalogue import Catalogue
from tests.exercises.banks import bank_00

NUMBERS = exercises("00")


@pytest.fixture(autouse=True)
def in_german(monkeypatch):
    monkeypatch.setenv("CATDOG_LANGUAGE", "de")


@pytest.fixture(scope="module")
def left() -> Catalogue:
    """What has no German yet, since its English is new: that is told to translators, not here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATDOG_LANGUAGE", "de")
        english = {entry.english for entry in library_entries()}
        return Catalogue({one: f"_{one}" for one in english if translation_of(one) == one})


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [pytest.param(n, *item, id=f"{n}-{item[1]}") for n in NUMBERS for item in bank_00.BANKS[n]],
)
def test_a_wrong_answer_gets_its_hint_in_german(number, answer, hint, left):
    with pytest.raises(WrongAnswer, match=hint) as wrong:  # the error itself stays in English
        check(number, answer)
    (shown,) = wrong.value._render_traceback_()
    start = f"WrongAnswer: Übung {number}: noch nicht. "
    assert shown.startswith(start)
    english = str(wrong.value).split("not yet. ", 1)[1]
    said = shown.removeprefix(start)
    assert said != english or left.translate(english) != english, said


@pytest.mark.parametrize("number", NUMBERS)
def test_right_answers_are_accepted_in_german(number, capsys):
    for answer in bank_00.RIGHT_ANSWERS[number]:
        check(number, answer)
    said = capsys.readouterr().out
    assert said.count(f"Übung {number}: richtig!") == len(bank_00.RIGHT_ANSWERS[number])
    assert "right" not in said


def test_what_is_not_attempted_is_said_in_german(capsys):
    check("00.1", ...)
    assert capsys.readouterr().out == "Übung 00.1: noch nicht bearbeitet.\n"


def test_run_all_goes_on_in_german(monkeypatch, capsys):
    monkeypatch.setenv("CATDOG_KEEP_GOING", "1")
    check("00.6", 100)
    assert capsys.readouterr().out.startswith("Übung 00.6: noch nicht. Mit 100 Bildern ")


def test_a_hint_without_a_translation_is_english():
    assert translate("Exercise 07.1: not yet. No such hint.") == (
        "Übung 07.1: noch nicht. No such hint."
    )
