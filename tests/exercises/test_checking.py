"""Answers are compared by their numbers, whatever their type, and mistakes get their hints."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch

from catdog_lib.exercises import WrongAnswer, check
from catdog_lib.exercises.checking import (
    FLOAT32,
    as_float64,
    is_integer,
    refuse,
    require_choice,
    require_names,
    require_numbers,
    require_sequence,
    require_tensor,
    require_value,
    same,
    show,
)

LEARNED = torch.tensor([1.0, 2.0], requires_grad=True)


@pytest.mark.parametrize(
    "value",
    [
        [1, 2],
        (1.0, 2),
        [np.float32(1), np.int64(2)],
        [torch.tensor(1.0), torch.tensor(2, dtype=torch.uint8)],
        np.array([1, 2], dtype=np.int16),
        np.array([1.0, 2.0], dtype=np.float16),
        torch.tensor([1, 2], dtype=torch.uint8),
        torch.tensor([1.0, 2.0], dtype=torch.bfloat16),
        torch.tensor([1.0, 2.0], dtype=torch.float64),
        LEARNED,
    ],
    ids=lambda value: f"{type(value).__name__}-{getattr(value, 'dtype', '')}",
)
def test_numbers_of_any_type_become_float64(value):
    result = as_float64(value)
    assert result.dtype == torch.float64 and not result.requires_grad
    assert result.tolist() == [1.0, 2.0]
    assert same(value, [1.0, 2.0]) and same(value, LEARNED) and same(value, (1, 2))
    assert not same(value, [1.0, 2.5]) and not same(value, [[1.0, 2.0]])


@pytest.mark.parametrize(
    "value", [3, 3.0, np.float32(3), torch.tensor(3), torch.tensor([3.0]), [3]]
)
def test_a_single_number_may_come_in_a_tensor_or_a_list(value):
    assert same(value, 3.0) and same(value, 3)
    assert not same(value, 3.1) and not same(value, 4)


def test_integers_are_compared_exactly_and_other_numbers_within_the_tolerance():
    assert not same(10_000_001, 10_000_000)
    assert not same(10_000_000.5, 10_000_000)
    assert same(10_000_001.0, 10_000_000.0)
    assert not same(10_000_001.0, 10_000_000.0, rtol=0)
    assert not same(torch.tensor([256.0]), torch.tensor([255], dtype=torch.uint8))
    assert not same(float("nan"), float("nan"))


def test_lists_and_fractions_of_integers_are_compared_exactly_too():
    assert not same([10_000_001], [10_000_000])
    assert not same(10_000_001, Fraction(10_000_000))
    assert same([], [])
    assert not same([1.0], [])


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (Fraction(1, 2), 0.5),
        (Decimal("0.5"), 0.5),
        (Fraction(6, 2), 3.0),
        (np.int64(3), 3.0),
        (True, 1.0),
    ],
)
def test_a_number_of_any_kind_becomes_float64(value, number):
    assert as_float64(value).tolist() == number


def test_what_may_be_read_only_once_is_read():
    assert as_float64(iter([1, 2])).tolist() == [1, 2]
    assert as_float64(range(2)).tolist() == [0, 1]
    assert as_float64({"a": 1}.values()).tolist() == [1]


def test_the_shapes_must_agree_but_for_a_single_number():
    assert same([3], [3.0])
    assert not same([3, 4], 3.0)
    assert not same([[3.0]], [3.0])


def test_a_float32_is_not_rounded_to_the_type_of_the_target():
    assert not same(1.25, torch.tensor(1))
    assert not same(np.float64(1 + 1e-3), torch.tensor(1.0, dtype=torch.bfloat16))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("two", "expected numbers, not 'two'"),
        (None, "expected numbers, not None"),
        ([1, print], "not <built-in function print>"),
        ([[1, 2], [3]], "differ in length or shape"),
        (..., r"still a \.\.\. in the place"),
        ([1, ...], r"still a \.\.\. in the place"),
    ],
)
def test_what_is_not_a_number_is_one_sentence(value, says):
    with pytest.raises(WrongAnswer, match=says):
        same(value, 1.0)


def test_a_mistake_gets_its_hint_and_the_first_one_counts():
    mistakes = {"Half.": [1.0, 2.0], "Twice.": 2.0, "Third.": torch.tensor([3.0])}
    with pytest.raises(WrongAnswer, match=r"^Half\. \(for 4\)$"):
        refuse(2.0, mistakes, "for 4")
    with pytest.raises(WrongAnswer, match=r"^Third\.$"):
        refuse(np.array([3.0]), mistakes)
    refuse(5.0, mistakes)


def test_the_right_value_is_accepted_even_where_a_mistake_gives_the_same():
    require_value(1.0, 1.0, {"Wrong.": 1.0}, "Else.")
    with pytest.raises(WrongAnswer, match=r"^Wrong\.$"):
        require_value(2.0, 1.0, {"Wrong.": 2.0}, "Else.")
    with pytest.raises(WrongAnswer, match=r"^Else\. \(here\)$"):
        require_value(3.0, 1.0, {"Wrong.": 2.0}, "Else.", "here")
    with pytest.raises(WrongAnswer, match=r"^Else\.$"):
        require_value(1.01, 1.0, {}, "Else.")
    require_value(1.01, 1.0, {}, "Else.", atol=0.1)


def test_a_tensor_has_the_shape_and_no_nan():
    require_tensor(torch.zeros(2, 3), (2, 3), "the maps")
    with pytest.raises(WrongAnswer, match=r"^Return the maps, a tensor of shape \(2, 3\); .* \(3,"):
        require_tensor(torch.zeros(3, 2), (2, 3), "the maps")
    with pytest.raises(WrongAnswer, match="yours is ndarray"):
        require_tensor(np.zeros((2, 3)), (2, 3), "the maps")
    with pytest.raises(WrongAnswer, match="NaN"):
        require_tensor(torch.full((2, 3), torch.nan), (2, 3), "the maps")


@pytest.mark.parametrize("value", [(3, 4), [3, 4], np.array([3, 4]), torch.tensor([3, 4])])
def test_a_sequence_becomes_a_tuple(value):
    assert require_sequence(value, 2, "two numbers") == (3, 4)
    with pytest.raises(WrongAnswer, match=r"I expected three numbers; I got .*\b3, 4.\."):
        require_sequence(value, 3, "three numbers")


def test_the_parts_of_a_sequence_are_numbers_or_rows():
    assert all(type(part) is int for part in require_sequence(torch.tensor([3, 4]), 2, "two"))
    rows = require_sequence(torch.eye(2), 2, "two rows")
    assert all(isinstance(row, torch.Tensor) for row in rows)


@pytest.mark.parametrize("value", ["ab", {1: 2, 3: 4}, 7, torch.tensor(3.0), None])
def test_what_is_no_sequence_is_refused(value):
    with pytest.raises(WrongAnswer, match=r"^I expected two numbers; I got "):
        require_sequence(value, 2, "two numbers")


def test_numbers_are_single_ones():
    assert require_numbers([1, torch.tensor([2])], 2, "two numbers") == [1.0, 2.0]
    with pytest.raises(WrongAnswer, match=r"^I expected two numbers; I got \[1, \[2, 3\]\]\.$"):
        require_numbers([1, [2, 3]], 2, "two numbers")


NAMES = ("cat", "dog")


@pytest.mark.parametrize(
    "value",
    [["Cat", " dog"], ("dog", "cat"), {"cat", "dog"}, np.array(["cat", "dog"])],
    ids=["list", "tuple", "set", "array"],
)
def test_names_come_in_any_collection(value):
    assert require_names(value, NAMES) == {"cat", "dog"}


def test_one_name_or_none_are_answers_too():
    assert require_names("dog", NAMES) == {"dog"}
    assert require_names([], NAMES) == require_names({}, NAMES) == set()


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"cat": 1}, "^Give a list with some of 'cat', 'dog', or an empty one; you gave {'cat'"),
        ([3], r"^Give a list with some of .* you gave \[3\]"),
        (3, "^Give a list with some of .* you gave 3"),
        (["cat", "horse", "cow"], "^'cow' is not one of 'cat', 'dog'"),
    ],
)
def test_what_is_no_list_of_the_names_is_refused(value, says):
    with pytest.raises(WrongAnswer, match=says):
        require_names(value, NAMES)


def test_an_integer_is_one_by_its_type():
    integers = [3, np.int64(3), np.uint8(3), torch.tensor(3), np.array(3), Fraction(6, 2)]
    assert all(map(is_integer, integers))
    others = [3.0, np.float64(3), torch.tensor(3.0), True, "3", None, [3], Fraction(1, 2)]
    assert not any(map(is_integer, [*others, torch.tensor([3])]))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (577802, "577,802"),
        (np.int64(12), "12"),
        (1 / 7, "0.142857"),
        (2.0, "2.0"),
        (torch.tensor(0.1), "0.1"),
        ((1000, 0.5), "(1000, 0.5)"),
        (torch.tensor([0.5, 1.25]), "[0.5, 1.25]"),
        (torch.arange(12), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]"),
        (torch.zeros(13), "a tensor of shape (13,)"),
        (torch.zeros(2, 3), "a tensor of shape (2, 3)"),
        (np.zeros((2, 3)), "an array of shape (2, 3)"),
        ("no", "'no'"),
        (float("nan"), "nan"),
        (True, "True"),
        (None, "None"),
        ("a" * 99 + " " + "b" * 98, repr("a" * 99 + " " + "b" * 98)),  # 200 signs with its quotes
        ("a" * 99 + " " + "b" * 99, "'" + "a" * 99 + " …"),
    ],
)
def test_a_value_is_shown_in_a_few_digits(value, shown):
    assert show(value) == shown


@pytest.mark.parametrize(
    "convert", [np.int64, np.float64, torch.tensor, lambda count: np.array(count), float]
)
def test_a_right_count_is_right_in_any_type(convert, capsys):
    check("00.6", convert(3457))
    assert capsys.readouterr().out.startswith("Exercise 00.6: right!")


def test_a_choice_is_answered_with_its_own_hint():
    choices = {"cat": "It barks.", "dog": "", "neither": "It is one of them."}
    require_choice(" Dog ", "dog", choices)
    with pytest.raises(WrongAnswer, match=r"It barks\."):
        require_choice("cat", "dog", choices)
    with pytest.raises(WrongAnswer, match=r"one of 'cat', 'dog', 'neither'; you gave 'horse'"):
        require_choice("horse", "dog", choices)
    with pytest.raises(WrongAnswer, match="you gave 3"):
        require_choice(3, "dog", choices)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [(1e3, 1e3 + 0.09, True), (1e3, 1e3 + 0.2, False), (0.0, 9e-6, True), (0.0, 2e-5, False)],
)
def test_what_was_computed_in_float32_may_differ_in_its_last_digits(one, other, alike):
    assert same(torch.tensor(other), torch.tensor(one), **FLOAT32) == alike
