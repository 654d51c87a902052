"""What a student reads is in the language of CATDOG_LANGUAGE; where it has no words, in English."""

import pytest

from catdog_lib.errors import CatdogError
from catdog_lib.language import current, say, translate, translation_of
from tests.language.small_language import HEADER, po, speak  # noqa: F401, a fixture

KATZE = {"A cat.": "Eine Katze.", "cats": "Katzen", "{count} of {all}": "{all}, davon {count}"}


def test_without_the_variable_all_is_english(monkeypatch):
    monkeypatch.delenv("CATDOG_LANGUAGE", raising=False)
    assert current() == "" and translate("Give one number of images.") == (
        "Give one number of images."
    )


@pytest.mark.parametrize("wanted", ["de", "de_AT", "de-CH", "DE", "de_DE.UTF-8"])
def test_a_country_may_be_named(wanted, speak, monkeypatch):  # noqa: F811
    speak(po(KATZE))
    monkeypatch.setenv("CATDOG_LANGUAGE", wanted)
    assert current() == "de" and translate("A cat.") == "Eine Katze."


@pytest.mark.parametrize("wanted", ["", "en", "xx", "..", "../de", "de/../de"])
def test_an_unknown_language_is_english(wanted, speak, monkeypatch):  # noqa: F811
    speak(po(KATZE))
    monkeypatch.setenv("CATDOG_LANGUAGE", wanted)
    assert current() == "" and translate("A cat.") == "A cat."


@pytest.mark.parametrize(
    "broken",
    [
        "no catalogue at all",
        HEADER + '#-#-#-# a conflict #-#-#-#\nmsgid "A cat."\nmsgstr "Eine Katze."\n',
        HEADER + '#, fuzzy\nmsgid "A cat."\nmsgstr "Ein Kater."\n',
        po({"A cat.": ""}),
        po({"A cat.": "Eine {katze}."}),
        po({"A cat.": "Eine {katze."}),
        po({"A cat.": "Eine {0!r}."}),
        po({"A {cat}.": "Eine {cat!r}."}),
        po({"A {": "Eine {"}),
    ],
)
def test_a_catalogue_that_cannot_be_used_is_english_and_no_error(broken, speak):  # noqa: F811
    speak(broken)
    assert translate("A cat.") == "A cat."


def test_one_bad_message_does_not_spoil_the_others(speak):  # noqa: F811
    speak(po({"A {cat}.": "Eine {katze}.", "A dog.": "Ein Hund."}))
    assert (translate("A cat."), translate("A dog.")) == ("A cat.", "Ein Hund.")


def test_a_sentence_is_found_by_its_message_and_its_fields_may_change_places(speak):  # noqa: F811
    speak(po(KATZE))
    assert translate("3 of 12") == "12, davon 3"
    assert translation_of("{count} of {all}") == "{all}, davon {count}"
    assert translation_of("{count} in all") == "{count} in all"


@pytest.mark.parametrize(
    ("number", "said"),
    [("9,604", "9\u202f604"), ("1,234,567", "1\u202f234\u202f567"), ("[1, 200]", "[1, 200]"),
     ("0.25", "0.25"), ("(4,5000)", "(4,5000)")],
)  # a few short items in a row  # fmt: skip
def test_a_comma_in_a_number_is_no_decimal_point(number, said, speak):  # noqa: F811
    speak(po(KATZE))
    assert translate(f"{number} of 12") == f"12, davon {said}"


@pytest.mark.parametrize(
    ("english", "said"),
    [
        ("You hold out 3 cats.", "Du legst 3 Katzen beiseite."),
        ("You hold out 3 horses.", "Du legst 3 horses beiseite."),
        (
            "Exercise 00.1: not yet. You hold out 3 cats.",
            "00.1 noch nicht. Du legst 3 Katzen beiseite.",
        ),
        ("You hold out 3 cats. (seed 7)", "Du legst 3 Katzen beiseite. (Seed 7)"),
        ("You hold out 3 cats. (4 rows)", "Du legst 3 Katzen beiseite. (4 rows)"),
        ("You hold out 3 cats. A cat.", "Du legst 3 Katzen beiseite. Eine Katze."),
        ("You hold out 3 cats. A horse.", "Du legst 3 Katzen beiseite. A horse."),
        ("Give {one}.", "Gib {eins}."),
        ("  A cat.\n", "  Eine Katze.\n"),
        ("No such thing.", "No such thing."),
        ("", ""),
    ],
)
def test_the_parts_of_a_sentence_are_translated_too(english, said, speak):  # noqa: F811
    messages = {
        "You hold out {count} {animals}.": "Du legst {count} {animals} beiseite.",
        "Exercise {number}: not yet. {wrong}": "{number} noch nicht. {wrong}",
        "seed {number}": "Seed {number}",
        "Give {{one}}.": "Gib {{eins}}.",
    }
    speak(po(messages | KATZE))
    assert translate(english) == said


def test_of_two_messages_the_more_particular_one_is_meant(speak):  # noqa: F811
    messages = {"{what}: too few.": "{what}: allgemein", "With {count} images: too few.": "{count}"}
    speak(po(messages))
    assert translate("With 7 images: too few.") == "7"


def test_a_lessons_questions_are_known_and_its_text_is_not(speak):  # noqa: F811
    speak(po({}))
    question = 'msgctxt "question"\nmsgid "red"\nmsgstr "Rot"\n'
    text = 'msgid "The loss."\nmsgstr "Der Verlust."\n'
    speak(HEADER + question + "\n" + text, name="lessons/00_small.po")
    assert (translate("red"), translate("The loss.")) == ("Rot", "The loss.")


def test_an_error_is_shown_in_the_students_language_and_raised_in_english(speak):  # noqa: F811
    speak(po(KATZE))
    error = CatdogError("A cat.")
    assert str(error) == "A cat."
    assert error._render_traceback_() == ["CatdogError: Eine Katze."]


def test_say_prints(speak, capsys):  # noqa: F811
    speak(po(KATZE))
    say("A cat.")
    assert capsys.readouterr().out == "Eine Katze.\n"
