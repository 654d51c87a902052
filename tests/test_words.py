"""Every term that a lesson introduces, which it sets in italics, stands in the glossary."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").lower().splitlines()


def terms(path: Path) -> list[str]:
    """What stands between single asterisks in the text (emphasis is written with underscores)."""
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    text = re.sub(
        r"\$\$.*?\$\$|\$[^$]*\$|`[^`]*`", "", text, flags=re.DOTALL
    )  # formulas and code have other asterisks
    return [
        " ".join(found.split()) for found in re.findall(r"(?<![*\w])\*(?!\s)([^*]+?)\*(?!\*)", text)
    ]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem
)
def test_new_terms_are_in_the_glossary(path):
    found = terms(path)
    assert len(found) > 5
    missing = [
        term for term in found if not {term.lower(), term.lower().removesuffix("s")} & set(GLOSSARY)
    ]
    assert not missing


def glossary_entries() -> list[list[str]]:
    """Return the names of each entry: one a line, before the definition."""
    lines = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").split("```{glossary}")[1]
    entries = lines.split("```")[0].strip().split("\n\n")
    return [[line for line in entry.splitlines() if not line.startswith(" ")] for entry in entries]


def test_the_glossary_is_in_alphabetical_order():
    first = [names[0].casefold() for names in glossary_entries()]
    assert first == sorted(first)


def test_no_term_has_two_entries():
    names = [name.casefold() for entry in glossary_entries() for name in entry]
    assert len(set(names)) == len(names)
