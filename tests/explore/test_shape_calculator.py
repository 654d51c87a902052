"""The shape calculator: JavaScript, the library's formulas and PyTorch give the same sizes."""

from __future__ import annotations

import random

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from catdog_lib import plots
from catdog_lib.errors import CatdogError
from catdog_lib.explore import ShapeCalculator
from tests.explore.javascript import in_javascript

CASES = 200


def shapes() -> list[dict]:
    rng = random.Random(1)
    return [
        {
            "size": rng.randint(1, 30),
            "operation": rng.choice(("conv", "pool", "transposed")),
            "kernel": rng.randint(1, 7),
            "stride": rng.randint(1, 5),
            "padding": rng.randint(0, 4),
            "dilation": rng.randint(1, 3),
            "ceil_mode": rng.random() < 0.5,
            "output_padding": rng.choice((0, 0, 0, 1, 2)),
        }
        for _ in range(3 * CASES)
    ]


def test_the_calculator_agrees_with_formula_and_pytorch_and_its_line_runs(tmp_path):
    cases = shapes()
    code = """c => [
        js.problem(c.size, c.size, c), js.windowLayout(c.size, c).out, js.pytorchLine(c),
        js.formula(c.size, c),
    ]"""
    refused = 0
    for case, (problem, out, line, formula) in zip(
        cases, in_javascript("shape_calculator/index.js", code, cases, tmp_path), strict=True
    ):
        calculator = ShapeCalculator(**case)
        channels = () if case["operation"] == "pool" else (3,)
        image = torch.zeros(1, *(channels or (3,)), case["size"], case["size"])
        try:
            expected = eval(line, {"nn": nn})(image).shape[-1]
        except RuntimeError:
            refused += 1
            assert problem, case
            with pytest.raises(CatdogError):
                calculator.output_size()
        else:
            assert (problem, out) == ("", expected), case
            assert calculator.output_size() == (expected, expected)
            assert formula[-1].endswith(f" {expected}"), formula
    assert CASES / 4 < refused < 2 * CASES


def test_rows_that_no_window_reads_are_those_with_no_influence(tmp_path):
    cases = [case for case in shapes() if case["operation"] == "conv"]
    code = "c => js.problem(c.size, c.size, c) ? null : js.windowLayout(c.size, c)"
    checked = 0
    for case, side in zip(
        cases, in_javascript("shape_calculator/index.js", code, cases, tmp_path), strict=True
    ):
        if side is None:
            continue
        checked += 1
        window = [case[name] for name in ("stride", "padding", "dilation")]
        line = torch.zeros(1, 1, case["size"], requires_grad=True)
        F.conv1d(line, torch.ones(1, 1, case["kernel"]), None, *window).sum().backward()
        unread = (line.grad[0, 0] == 0).nonzero().flatten().tolist()
        inside = [at - side["from"] for at in side["skipped"] + side["lost"]]
        assert [at for at in sorted(inside) if 0 <= at < case["size"]] == unread, case
    assert checked > CASES / 3


def test_what_is_left_over_is_put_into_words(tmp_path):
    cases = [
        {"kernel": 3, "stride": 3, "padding": 1, "dilation": 1},
        {"kernel": 2, "stride": 2, "padding": 0, "dilation": 1},
        {"kernel": 1, "stride": 3, "padding": 0, "dilation": 1},
        {"kernel": 3, "stride": 1, "padding": 1, "dilation": 1},
    ]
    code = """c => { const s = { ...c, operation: "conv" };
        return js.unreadText(js.windowLayout(7, s), js.windowLayout(12, s)); }"""
    assert in_javascript("shape_calculator/index.js", code, cases, tmp_path) == [
        "2 columns (1 of them padding) never read: no further window fits.",
        "1 row never read: no further window fits.",
        "2 columns never read: no further window fits; 4 rows and 6 columns jumped over.",
        "Every row and column is read.",
    ]


def test_settings_are_the_arguments_of_the_static_twin():
    calculator = ShapeCalculator((7, 12), 3, stride=3, padding=1)
    assert "7×12 becomes 3×4" in plots.shape_windows(**calculator.settings()).alt_text


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ShapeCalculator(7.5), "^height is 7.5; it has to be an integer from 1 to 256"),
        (
            lambda: ShapeCalculator(operation="pooling"),
            "^operation is 'pooling'; use one of 'conv', 'pool'",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(make, words):
    with pytest.raises(CatdogError, match=words):
        make()
