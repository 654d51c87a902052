"""Cells that once printed something else the second time print the same now."""

from pathlib import Path

import nbformat
import torch

from catdog_lib import models
from catdog_lib.sparsity import l1_penalty, penalized_weights

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def source(number: str, name: str) -> str:
    """Return the source of a cell of a lesson."""
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    (cell,) = [cell for cell in nbformat.read(path, 4).cells if cell.id == name]
    return cell.source


def test_the_sum_of_random_weights_is_the_same_when_its_cell_runs_again(capsys):
    names = {"torch": torch, "models": models, "width": 4}
    names |= {"l1_penalty": l1_penalty, "penalized_weights": penalized_weights}
    printed = []
    for _ in range(2):
        exec(source("05", "05-who-sum-run"), names)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] and "Σ|w|" in printed[0]
