"""The teaching guide says of the course what is true of it."""

import re
from datetime import datetime
from pathlib import Path

import pytest

from catdog_lib.cli.parser import catdog
from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.exercises import exercises

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "teaching" / "guide.md"
TEXT = GUIDE.read_text(encoding="utf-8")
LESSONS = find_lessons()
TITLES = [lesson.title for lesson in LESSONS]


def part(title: str) -> str:
    """Return the text under a heading, up to the next one that is as high or higher."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^\1 |^## |\Z)", TEXT, re.M | re.S)
    return found[2]


def rows(text: str) -> list[list[str]]:
    """Return the cells of the tables in a text, without their first row and the rule below it."""
    tables = re.findall(r"^\|.*\n\|[-:| ]+\|\n((?:\|.*\n)+)", text, re.M)
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for table in tables
        for line in table.splitlines()
    ]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
def test_times_and_memory_are_those_that_the_lessons_promise(lesson):
    (row,) = [row for row in rows(part("How long it takes")) if row[0] == lesson.title]
    budgets = ("standard", "quick")
    expected = [f"{lesson.seconds[budget]} s" for budget in budgets]
    assert row[3:] == expected + [f"{lesson.memory[budget]} GB" for budget in budgets]
    assert all(re.fullmatch(r"\d+ min", cell) for cell in row[1:3])


def test_each_lesson_has_an_aim_and_questions_to_ask():
    text = part("Lesson by lesson")
    assert re.findall(r"^### (.*)", text, re.M) == TITLES
    for one in re.split(r"^### .*", text, flags=re.M)[1:]:
        assert one.strip().startswith("**Aim.** Students can ") and one.count("?\n") >= 2


def test_the_schedules_name_every_lesson_in_order():
    week = [cell for row in rows(part("A week")) for cell in row[1:]]
    assert week == TITLES[:10] and TITLES[10].split(" · ")[0].lstrip("0") in part("A week")
    term = [row[1].split(", sections")[0] for row in rows(part("A term"))][:-1]
    assert list(dict.fromkeys(term)) == TITLES


def test_a_day_leaves_time_for_each_part_and_a_break():
    parts = rows(part("A day"))
    starts = [datetime.strptime(row[0], "%H:%M") for row in parts]
    minutes = [int(re.search(r"\((\d+) min\)", row[1])[1]) for row in parts]
    for start, length, following in zip(starts, minutes, starts[1:], strict=False):
        assert (following - start).seconds / 60 >= length + 15
    assert all(row[1].startswith(tuple(f"{title}:" for title in TITLES)) for row in parts)


def test_sections_and_exercises_exist():
    for first, last in re.findall(r"exercises? (\d\d\.\d)(?: (?:to|and) (\d\d\.\d))?", TEXT):
        assert {first, last or first} <= set(exercises(first[:2]))
    for row in [*rows(part("A day")), *rows(part("A term"))]:
        named = re.search(r"(\d\d) · [^:|]*?[,:] sections? ([\d, toand]+)", " ".join(row))
        if named:
            (path,) = (ROOT / "notebooks").glob(f"{named[1]}_*.ipynb")
            there = set(re.findall(r'"## (\d+) ·', path.read_text(encoding="utf-8")))
            assert set(re.findall(r"\d+", named[2])) <= there, named[0]


def test_commands_variables_and_links_are_real():
    source = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "catdog_lib").rglob("*.py"))
    for command in set(re.findall(r"`catdog (\w+)", TEXT)):
        assert command in catdog.commands, command
    for variable in set(re.findall(r"CATDOG_\w+", TEXT)):
        assert variable in source, variable
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT):
        assert (GUIDE.parent / target).exists(), target
