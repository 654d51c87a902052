"""A hint about an exception names the student's own line, for every kind of answer."""

import re

import pytest
import torch
from torch import nn

from catdog_lib.exercises import WrongAnswer, check
from catdog_lib.exercises.own_line import describe


def stops_inside_a_library(maps):
    rows = maps.flatten(1)
    return torch.stack([rows[0], rows[0, :1]])  # of different lengths


class Stops(nn.Module):
    """A network that stops in its forward pass."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 2, 64)

    def forward(self, images):
        return self.layer(images.float()).no_such_method()


class Row(list):
    """An answer that stops when it is read."""

    def __len__(self):
        raise ValueError("my own list")


@pytest.mark.parametrize(
    ("number", "answer", "line"),
    [
        ("03.1", stops_inside_a_library, "return torch.stack([rows[0], rows[0, :1]])"),
        ("03.6", Stops, "return self.layer(images.float()).no_such_method()"),
        ("02.2", Row([48, 24, 24, 24, 11]), 'raise ValueError("my own list")'),
    ],
)
def test_the_hint_names_the_line_of_the_student(number, answer, line):
    says = rf"\(in line \d+ of {re.escape(__name__.split('.')[-1])}\.py: {re.escape(line)}"
    with pytest.raises(WrongAnswer, match=says) as caught:
        check(number, answer)
    assert caught.value.__cause__ is not None


def test_a_notebook_names_the_cell():
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell.instance()
    cell = (
        "from catdog_lib.exercises import check\n\ndef batch_norm(maps):\n    half = maps / 2\n"
        "    return half.no_such_thing\n\ncheck('03.1', batch_norm)"
    )
    with capture_output() as shown:
        shell.run_cell(cell, store_history=True)
    assert re.search(
        r"AttributeError: .*\(in line 5 of Cell In\[\d+\]: return half\.no_such_thing\)",
        shown.stdout,
    )
    assert "Traceback" not in shown.stdout


@pytest.mark.parametrize("inside", ["<frozen importlib>", "<__array_function__ internals>"])
def test_the_insides_of_python_and_numpy_are_libraries(inside):
    names: dict = {}
    exec(compile("def stop():\n    raise ValueError('inside')", inside, "exec"), names)
    with pytest.raises(ValueError, match="inside") as caught:
        names["stop"]()
    assert describe(caught.value).endswith('.py: names["stop"]())')


def test_code_without_a_file_is_called_yours():
    names: dict = {}
    exec(compile("def stop():\n    raise ValueError('no file')", "<string>", "exec"), names)
    with pytest.raises(ValueError, match="no file") as caught:
        names["stop"]()
    assert describe(caught.value) == "ValueError: no file (in line 2 of your code)"


def test_an_exception_without_a_line_of_the_student_is_only_described():
    assert describe(ValueError("two")) == "ValueError: two"
    assert describe(AssertionError()) == "AssertionError"
    with pytest.raises(WrongAnswer, match=r"takes 1 positional argument but 2 were given$"):
        check("04.2", lambda x: x)  # it stopped before its first line
