"""A prediction comes before its answer: nothing that is printed gives it away first."""

import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def spoilers(sources: list[str]) -> list[str]:
    """Return the predictions that are followed by printed text before the cell that reveals them.

    A figure may come first: the reader has to judge it. A verdict in words may not.

    Args:
        sources: of a lesson's code cells, in order.
    """
    found = []
    for asked, source in enumerate(sources):
        for name in re.findall(r"^(\w+) = Prediction\(", source, re.MULTILINE):
            revealed = next(i for i, one in enumerate(sources) if f"{name}.reveal(" in one)
            assert revealed > asked, f"{name} is revealed before it is asked"
            between = sources[asked + 1 : revealed]
            found += [name for one in between if re.search(r"\bprint\(", one)]
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_text_is_printed_between_a_prediction_and_its_answer(path):
    cells = nbformat.read(path, as_version=4).cells
    assert spoilers([cell.source for cell in cells if cell.cell_type == "code"]) == []


def test_a_spoiler_is_found():
    ask, answer = 'guess = Prediction("?", two)\nguess', "guess.reveal(0)\nprint(0)"
    assert spoilers([ask, answer]) == spoilers([ask, "plots.show(one)", answer]) == []
    assert spoilers([ask, "print(0)", answer]) == ["guess"]
    with pytest.raises(AssertionError, match="before it is asked"):
        spoilers([answer, ask])
