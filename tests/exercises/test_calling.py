"""A student's function is called with a guard, and its failures become hints."""

import math
import operator

import numpy as np
import pytest
import torch
from torch import nn

from catdog_lib.exercises import WrongAnswer, check
from catdog_lib.exercises.calling import ask, call, check_settings
from catdog_lib.exercises.random_inputs import seeded


def test_a_call_gives_what_the_function_returns():
    assert call(lambda a, b: a + b, 2, 3) == 5
    assert call(lambda: None) is None
    with pytest.raises(WrongAnswer, match="returns None: is there a `return`"):
        ask(lambda: None)


@pytest.mark.parametrize(
    ("argument", "change"),
    [
        (torch.zeros(3), lambda x: x.add_(1)),
        (torch.zeros(3), lambda x: x.resize_(2)),
        (np.zeros(3), lambda x: x.fill(1)),
        ([1, 2], lambda x: x.append(3)),
        ([np.zeros(3)], lambda x: x[0].fill(1)),
        ((torch.zeros(2), torch.zeros(2)), lambda x: x[1].add_(1)),
    ],
)
def test_an_argument_that_is_changed_is_named(argument, change):
    with pytest.raises(WrongAnswer, match="Your function changed the batch: work on a copy"):
        call(change, argument, keeps="the batch")


@pytest.mark.parametrize(
    "argument", [torch.tensor([1.0, math.nan]), np.array([1.0, math.nan]), [[math.nan], "a"]]
)
def test_an_argument_with_nan_is_unchanged_if_nothing_was_done_to_it(argument):
    assert call(lambda x: 1, argument) == 1
    with pytest.raises(WrongAnswer, match="changed"):
        call(lambda x: operator.setitem(x, 0, 2), argument)


def test_a_model_may_be_changed_where_the_exercise_trains_it():
    model = nn.Linear(2, 2)
    assert call(lambda m: nn.init.zeros_(m.weight), model, trains=True) is model.weight
    with pytest.raises(WrongAnswer, match="changed the model's weights"):
        call(lambda m: nn.init.ones_(m.weight), model)


def test_what_may_be_read_only_once_becomes_a_list():
    assert call(lambda: iter([1, 2])) == [1, 2]
    assert call(lambda: range(2)) == [0, 1]
    assert call(lambda: {"a": 1}.values()) == [1]
    assert call(lambda: (1, 2)) == (1, 2)


def test_an_argument_may_come_back_unless_something_new_is_asked_for():
    x = torch.ones(2)
    assert call(lambda x: x, x).tolist() == ask(lambda x: x, x).tolist() == [1, 1]
    assert call(lambda x: x.clone(), x, new=True).tolist() == [1, 1]
    for asks in (call, ask):
        with pytest.raises(WrongAnswer, match=r"shares its memory .* such as x\.clone\(\)"):
            asks(lambda x: x.view(2, 1), x, new=True)


def test_an_error_that_the_call_is_made_to_meet_goes_through():
    def stops(error):
        raise error

    assert call(stops, ValueError("planned"), stops=ValueError) is None
    with pytest.raises(WrongAnswer, match="stopped with KeyError"):
        call(stops, KeyError("mine"), stops=ValueError)
    with pytest.raises(WrongAnswer, match="do you catch it"):
        call(lambda error: None, ValueError("planned"), stops=ValueError)


def test_what_is_asked_for_is_guarded_as_what_is_called():
    model = nn.Linear(2, 2)
    assert ask(lambda m: nn.init.zeros_(m.weight), model, trains=True) is model.weight
    with pytest.raises(WrongAnswer, match="changed the model's weights"):
        ask(lambda m: nn.init.ones_(m.weight), model)
    for asks in (ask, call):
        assert asks(lambda: np.random.rand(), draws=True) < 1
        with pytest.raises(WrongAnswer, match="NumPy's global random numbers"):
            asks(lambda: np.random.rand())
    with pytest.raises(WrongAnswer, match="changed the row"):
        ask(lambda row: row.pop(), [1, 2], keeps="the row")


def test_a_failure_is_one_sentence_with_its_cause():
    with pytest.raises(WrongAnswer, match="stopped with ZeroDivisionError: division by zero") as e:
        call(lambda x: 1 / x, 0)
    assert isinstance(e.value.__cause__, ZeroDivisionError)
    with pytest.raises(WrongAnswer, match=r"^Exercise 04.2: not yet. .* TypeError") as e:
        check("04.2", lambda x: x)
    assert isinstance(e.value.__cause__, TypeError)


def test_a_hint_from_a_function_that_the_exercise_gives_passes_through():
    def score(x):
        raise WrongAnswer("score takes a batch.")

    with pytest.raises(WrongAnswer, match=r"^score takes a batch\.$"):
        call(lambda s: s(1), score)


def test_the_students_random_numbers_go_on_as_they_would():
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    with seeded(5):
        first = torch.rand(1)
    assert torch.equal(torch.rand(2), expected)
    with seeded(5):
        assert torch.equal(torch.rand(1), first)


@pytest.mark.parametrize(
    ("number", "answer"),
    [(number, lambda *_: None) for number in ("03.4", "05.4", "06.4", "07.1", "10.6")]
    + [("03.6", lambda: nn.Conv2d(3, 2, 64))],
)
def test_a_check_leaves_the_global_random_numbers_alone(number, answer):
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    with pytest.raises(WrongAnswer):
        check(number, answer)
    assert torch.equal(torch.rand(2), expected)


SETTINGS = [(1, 2), (3, 5)]
MISTAKES = {"You multiplied.": lambda a, b: a * b, "The first alone.": lambda a, b: a}
FIRST = {"The first.": lambda row: row[0]}


def checked(answer, **options):
    check_settings(answer, "add", SETTINGS, lambda a, b: a + b, MISTAKES, **options)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda a, b: a * b, r"^You multiplied\.$"),
        (lambda a, b: 3, r"^add\(3, 5\) should be 8; yours gives 3\.$"),
        (lambda a, b: 2 if a == 1 else 3, r"^add\(1, 2\) should be 3; yours gives 2\.$"),
        (lambda a, b: (a, b), r"^add\(1, 2\) should be 3; yours gives \(1, 2\)\.$"),
        (lambda a, b: None, "returns None"),
    ],
)
def test_a_mistake_is_named_only_if_all_results_show_it(answer, says):
    with pytest.raises(WrongAnswer, match=says):
        checked(answer)


def test_a_mistake_is_named_from_two_settings_on_that_show_it():
    """In the last setting it does no harm."""

    def three(answer):
        settings = [*SETTINGS, (0, 0)]
        check_settings(answer, "add", settings, lambda a, b: a + b, MISTAKES, keeps="a and b")

    three(lambda a, b: a + b)
    with pytest.raises(WrongAnswer, match=r"^You multiplied\.$"):
        three(lambda a, b: a * b)
    with pytest.raises(WrongAnswer, match=r"^add\(1, 2\) should be 3; yours gives 2\.$"):
        three(lambda a, b: 2 if a == 1 else a + b)
    with pytest.raises(WrongAnswer, match=r"^add\(1, 2\) should be 3; yours gives 2\.$"):
        three(lambda a, b: a * b or 9)


def test_of_a_single_setting_every_mistake_is_named_and_every_argument_is_guarded():
    def one(answer):
        check_settings(answer, "last", [([1, 2],)], lambda row: row[-1], FIRST, keeps="the row")

    one(lambda row: 2)
    with pytest.raises(WrongAnswer, match=r"^The first\.$"):
        one(lambda row: 1)
    with pytest.raises(WrongAnswer, match="changed the row"):
        one(lambda row: row.pop())


def test_integers_are_asked_for_by_their_type():
    checked(lambda a, b: float(a + b))
    checked(lambda a, b: np.int64(a + b), integers="divide with //")
    with pytest.raises(WrongAnswer, match=r"add\(1, 2\) gives 3.0, a float: divide with //\."):
        checked(lambda a, b: float(a + b), integers="divide with //")


def test_a_tuple_is_asked_for_in_words():
    def pair(answer):
        check_settings(answer, "pair", SETTINGS, lambda a, b: (b, a), {}, returns="b and a")

    pair(lambda a, b: [b, a])
    pair(lambda a, b: torch.tensor([b, a]))
    with pytest.raises(WrongAnswer, match=r"^I expected b and a; I got 2\.$"):
        pair(lambda a, b: b)


def test_integers_are_asked_for_in_a_tuple_too():
    def pair(answer):
        right = lambda a, b: (b, a)  # noqa: E731
        check_settings(answer, "pair", SETTINGS[:1], right, {}, "divide with //", "b and a")

    pair(lambda a, b: (b, a))
    with pytest.raises(WrongAnswer, match=r"pair\(1, 2\) gives \(2, 1\.0\), a float: divide"):
        pair(lambda a, b: (b, float(a)))
