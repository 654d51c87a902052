"""Arguments are copied so that a change to them is seen, and the advice fits what was changed."""

import math

import numpy as np
import pytest
import torch

from catdog_lib.exercises.copies import advice, copy_of, shares_memory, unchanged


def test_a_copy_has_memory_of_its_own():
    tensor, array = torch.ones(2), np.ones(2)
    copied = copy_of({"a": [tensor, (array,)], "b": "words"})
    tensor.zero_(), array.fill(0)
    assert copied["a"][0].tolist() == [1, 1] and copied["a"][1][0].tolist() == [1, 1]
    assert type(copied["a"]) is list and type(copied["a"][1]) is tuple and copied["b"] == "words"


def test_a_tensor_in_a_graph_stays_itself():
    weight = torch.ones(2, requires_grad=True)
    assert copy_of(weight) is weight


NAN = math.nan
SAME = [
    (None, None),
    (torch.tensor([1.0, NAN]), torch.tensor([1.0, NAN])),
    (np.array([1.0, NAN]), np.array([1.0, NAN])),
    ([1, (2.5, "a")], [1, (2.5, "a")]),
    ({"a": torch.ones(1)}, {"a": torch.ones(1)}),
    (float("1.5"), float("1.5")),
    (print, print),
]
DIFFERENT = [
    (None, torch.ones(1)),
    (torch.ones(1), None),
    (torch.ones(2), torch.ones(1)),
    (torch.ones(1), torch.ones(1).double()),
    (torch.tensor([1.0]), torch.tensor([1.000001])),
    (torch.tensor([0.0]), torch.tensor([1e-9])),
    (torch.tensor([NAN]), torch.tensor([1.0])),
    ([1, 2], [1]),
    ([1, 2], [2, 1]),
    ({"a": 1}, {"b": 1}),
    ({"a": 1}, {"a": 2}),
    (np.ones(2), np.ones(1)),
    (np.ones(2), np.array([1.0, 2.0])),
    (np.array([NAN]), np.array([1.0])),
    (np.array([1.0]), np.array([NAN])),
    ("a", "b"),
    (print, sum),
]


@pytest.mark.parametrize(("now", "before"), SAME)
def test_what_is_the_same_is_unchanged(now, before):
    assert unchanged(now, before) is True


@pytest.mark.parametrize(("now", "before"), DIFFERENT)
def test_what_differs_is_changed(now, before):
    assert unchanged(now, before) is False


@pytest.mark.parametrize(
    ("now", "before", "says"),
    [
        (torch.ones(1), torch.zeros(1), "x.clone()"),
        (np.ones(1), np.zeros(1), "x.copy()"),
        ([1], [1, 2], "list(x)"),
        ([2, 1], [1, 2], "list(x)"),
        ({"a": 1}, {"b": 1}, "list(x)"),
        ((torch.ones(1),), (torch.zeros(1),), "x.clone()"),
        ((torch.ones(1), [1]), (torch.ones(1), [1, 2]), "list(x)"),
        (({"a": np.ones(1)},), ({"a": np.zeros(1)},), "x.copy()"),
    ],
)
def test_the_advice_is_for_what_was_changed(now, before, says):
    assert advice(now, before).startswith(f"work on a copy, such as {says}, without ")


def test_memory_is_shared_by_an_argument_and_its_views():
    x = torch.ones(4)
    assert shares_memory(x, x) is True
    assert shares_memory(x.view(2, 2), (torch.ones(4), [x])) is True
    assert shares_memory(x.clone(), (x, 3)) is False
    assert shares_memory(3, x) is False
    assert shares_memory(x, "words") is False
