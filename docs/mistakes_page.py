"""Write docs/teaching/mistakes.md, mistakes by exercise: python -m docs.mistakes_page

Each line is a hint that a wrong answer in the exercises' banks gets, so the page cannot say
anything else than the checkers.
"""

from __future__ import annotations

import contextlib
import io
import re
from importlib import import_module
from pathlib import Path

import nbformat

from catdog_lib.exercises import WrongAnswer, check, exercises

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "teaching" / "mistakes.md"
# Where a function of a bank stopped: nothing that a student sees.
IN_A_BANK = re.compile(r" \(in line \d+ of bank_\d\d\.py: .*?\)(?=\. [A-Z]|\.?$)")
NUMBER = r"-?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?"
START = """# Mistakes that the checkers recognize

For each exercise, the mistakes that its checker knows, in the words of the hint that a student
gets, with the numbers of one example. The list is made from the banks of wrong answers with which
the checkers are tested; it is not part of the students' edition.
"""


def kind(hint: str) -> str:
    """Return what alike hints share: their text without the numbers."""
    hint = re.sub(r" at 0x[0-9a-f]+", "", hint)
    hint = hint.replace("addmm: mat1", "mat1")  # PyTorch 2.10 does not name the operation
    return re.sub(NUMBER, "…", " ".join(hint.split()))


def hints(number: str) -> list[str]:
    """Return the hints of an exercise, in the order of its bank, one of each kind."""
    found: dict[str, str] = {}
    bank = import_module(f"tests.exercises.banks.bank_{number[:2]}").BANKS[number]
    for answer, _ in bank:
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                check(number, answer)
            except WrongAnswer as wrong:
                said = " ".join(str(wrong).split("not yet. ", 1)[-1].split())
                said = IN_A_BANK.sub("", re.sub(r" at 0x[0-9a-f]+", "", said))
                found.setdefault(kind(said), said)
    return list(found.values())


def page() -> str:
    """Return the page."""
    parts = [START]
    for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        title = next(re.search(r"^# +(.+)", c.source, re.MULTILINE) for c in cells)
        parts.append(f"\n## {title[1]}\n")
        text = "\n".join(cell.source for cell in cells)
        for number in exercises(path.name[:2]):
            name = re.search(rf"^### Exercise {number} · (.+)", text, re.MULTILINE)[1]
            listed = "".join(f"- {said}\n" for said in hints(number))
            parts.append(f"\n### {number} · {name}\n\n{listed}")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
