"""Which messages are found in Python code, and what their fields are called."""

import pytest

from catdog_lib.course.translation.python_messages import phrases, questions, spoken


@pytest.mark.parametrize(
    ("code", "messages"),
    [
        ('require(ok, "Give one number.")', ["Give one number."]),
        ('require(ok, "Give one "\n    "number.")', ["Give one number."]),
        ('f"Return {what}, not {show(value)}."', ["Return {what}, not {value}."]),
        ('f"{task!r}: take {self.share:.0%} of {task!r}."', ["{task}: take {share} of {task}."]),
        ('f"not {x[0]} but {x[1]}, {x[0]} again"', ["not {x} but {x_2}, {x} again"]),
        ('f"give {2 * len(parts)} of {1:g}"', ["give {parts} of {value}"]),
        ('f"{where()} has {labels[:6].tolist()}"', ["{where} has {labels}"]),
        ('f"write {{}} for {name}"', ["write {{}} for {name}"]),
        ('hint = "a dict, {}, is empty"', ["a dict, {{}}, is empty"]),
        ('hint = {"Rows and columns.": 1}', ["Rows and columns."]),
        ('f"{hint} ({setting})"; "/ -"; "word"; f"{a}, {b}"', []),
        (
            '"""What it is for."""\ndef f():\n    """Do it."""\n    return "It is done."',
            ["It is done."],
        ),
    ],
)
def test_phrases_are_messages(code, messages):
    assert phrases(code) == messages


def test_a_single_word_is_a_message_where_it_fills_a_field():
    code = (
        'def f():\n    for name, x in (("cats", 0), ("dogs", 60)):\n'
        '        kind = "large" if x else "small"\n        other = "nothing"\n'
        "        say(f\"{name} are {kind}, {'on' if x else 'off'}.\")"
    )
    assert phrases(code) == [
        "{name} are {kind}, {x}.", "on", "off", "cats", "dogs", "large", "small",
    ]  # a few short items in a row  # fmt: skip


def test_elsewhere_only_what_is_said_to_students_is_a_message():
    code = (
        'print("Not this one.")\nsay(f"Solved {n}.")\ntranslate("Show")\n'
        'language.translate("Hide it")\nsay("-")\nsay(sentence)'
    )
    assert spoken(code) == ["Solved {n}.", "Show", "Hide it"]


def test_a_lessons_questions_are_found_without_their_answers():
    code = (
        'guess = Prediction("Which is it?", ["red", "blue", "3×3"])\n'
        'guess.reveal(f"about {x}", f"It was {x:.0f}.")\nprint("no question")\n'
        'Quiz(Question("Why?", ["so", "not so"], f"so {x}", "Because."))'
    )
    assert questions(code) == [
        "Which is it?", "red", "blue", "It was {x}.", "Why?", "so", "not so", "Because.",
    ]  # a few short items in a row  # fmt: skip
