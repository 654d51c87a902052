"""The size formulas are PyTorch's, in what they answer and in what they refuse."""

import random

import pytest
import torch
from torch.nn import functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch.output_sizes import (
    conv_output_size,
    pool_output_size,
    same_padding,
    transposed_output_size,
)


def answer(function, *args, **settings):
    """Return a size, or "refused"."""
    try:
        return function(*args, **settings)
    except CatdogError as error:
        assert str(error).endswith(".") and "\n" not in str(error)
        return "refused"


def pytorchs(function, *args, **settings):
    try:
        size = function(*args, **settings).shape[2]
    except RuntimeError:
        return "refused"
    return size or "refused"  # in single precision it may give a map of no rows


def column(size):
    return torch.zeros(1, 1, size, 1, dtype=torch.float64)


def upright(value, across):
    """Return a setting for the height only, as PyTorch takes it."""
    return (value, across)


def conv_case(rng):
    size, kernel = rng.randint(1, 20), rng.randint(0, 7)
    stride, padding, dilation = rng.randint(0, 5), rng.randint(-1, 4), rng.randint(0, 4)
    ours = answer(conv_output_size, size, kernel, stride, padding, dilation)
    theirs = pytorchs(
        F.conv2d,
        column(size),
        column(kernel),
        None,
        upright(stride, 1),
        upright(padding, 0),
        upright(dilation, 1),
    )
    return (size, kernel, stride, padding, dilation), ours, theirs


def pool_case(rng):
    size, kernel = rng.randint(1, 16), rng.randint(0, 6)
    stride = rng.choice([None, *range(7)])
    # Negative padding is always refused, so little of it; most of it within half the kernel.
    padding = rng.choice([-1, 0, 0, kernel // 2, kernel // 2, 2])
    dilation = rng.choice([0, 1, 1, 2, 3])
    ceil_mode = rng.random() < 0.6
    ours = answer(pool_output_size, size, kernel, stride, padding, dilation, ceil_mode)
    theirs = pytorchs(
        F.max_pool2d,
        column(size),
        upright(kernel, 1),
        upright(kernel if stride is None else stride, 1),
        upright(padding, 0),
        upright(dilation, 1),
        ceil_mode,
    )
    if dilation == 1:
        average = pytorchs(
            F.avg_pool2d,
            column(size),
            upright(kernel, 1),
            upright(kernel if stride is None else stride, 1),
            upright(padding, 0),
            ceil_mode,
        )
        assert average == theirs
    return (size, kernel, stride, padding, dilation, ceil_mode), ours, theirs


def transposed_case(rng):
    size, kernel = rng.randint(1, 8), rng.randint(0, 5)
    stride, padding = rng.randint(0, 4), rng.randint(-1, 4)
    output_padding, dilation = rng.choice([-1, 0, 0, 0, 1, 2, 3]), rng.choice([0, 1, 1, 1, 2, 3])
    ours = answer(transposed_output_size, size, kernel, stride, padding, output_padding, dilation)
    theirs = pytorchs(
        F.conv_transpose2d,
        column(size),
        column(kernel),
        None,
        upright(stride, 1),
        upright(padding, 0),
        upright(output_padding, 0),
        1,
        upright(dilation, 1),
    )
    return (size, kernel, stride, padding, output_padding, dilation), ours, theirs


@pytest.mark.parametrize("case", [conv_case, pool_case, transposed_case])
def test_a_thousand_random_settings_have_pytorchs_size_or_are_refused_by_both(case):
    rng = random.Random(2)
    seen = [case(rng) for _ in range(1000)]
    wrong = [(settings, ours, theirs) for settings, ours, theirs in seen if ours != theirs]
    assert not wrong, f"{len(wrong)} differ, (settings, ours, PyTorch's): {wrong[:5]}"
    refused = sum(theirs == "refused" for _, _, theirs in seen)
    assert 200 < refused < 800  # both kinds are there in number
    assert len({theirs for _, _, theirs in seen}) > 8


def test_the_odd_rule_of_ceil_mode_occurs():
    # Windows of 2 pixels begin at −1 and 3. Of 4 pixels, number 3 is the last; of 3 pixels, it lies
    # past them all.
    assert pool_output_size(4, 2, stride=4, padding=1, ceil_mode=True) == 2
    assert pool_output_size(3, 2, stride=4, padding=1, ceil_mode=True) == 1  # and not ⌈3/4⌉ + 1 = 2
    assert F.max_pool2d(torch.zeros(1, 1, 3, 3), 2, 4, 1, ceil_mode=True).shape[2:] == (1, 1)


def test_ceil_mode_differs_from_the_floor_often():
    differ = [
        size
        for size in range(4, 30)
        if pool_output_size(size, 3, 2) != pool_output_size(size, 3, 2, ceil_mode=True)
    ]
    assert differ == list(range(4, 30, 2))


def test_six_blocks_by_formula():
    sizes = [224]
    for _ in range(6):
        sizes.append(pool_output_size(conv_output_size(sizes[-1], 3, padding=1), 2))
    assert sizes == [224, 112, 56, 28, 14, 7, 3]


def test_settings_that_are_not_given_are_pytorchs():
    x, kernel = column(7), column(3)
    assert conv_output_size(7, 3) == F.conv2d(x, kernel).shape[2] == 5
    assert pool_output_size(7, 3) == F.max_pool2d(x, (3, 1)).shape[2] == 2
    assert transposed_output_size(7, 3) == F.conv_transpose2d(x, kernel).shape[2] == 9
    assert same_padding(3) == 1


@pytest.mark.parametrize("kernel", range(1, 12))
@pytest.mark.parametrize("dilation", range(1, 5))
def test_same_padding_keeps_the_size_or_says_that_it_cannot(kernel, dilation):
    if dilation * (kernel - 1) % 2:
        with pytest.raises(CatdogError, match="odd kernel"):
            same_padding(kernel, dilation)
    else:
        padding = same_padding(kernel, dilation)
        for size in (1, 7, 60):
            assert conv_output_size(size, kernel, 1, padding, dilation) == size


def test_a_transposed_convolution_undoes_the_size_and_output_padding_chooses_among_the_sizes():
    for size in range(10, 40):
        down = conv_output_size(size, 5, stride=3, padding=1)
        back = [transposed_output_size(down, 5, 3, 1, output_padding=o) for o in range(3)]
        assert size in back and len(set(back)) == 3
        assert {conv_output_size(b, 5, stride=3, padding=1) for b in back} == {down}


@pytest.mark.parametrize(
    ("function", "args", "says"),
    [
        (conv_output_size, (4, 5), r"^kernel=5: too large for the input's 4 \+ 2·0 = 4 pixels"),
        (conv_output_size, (4, 3, 1, 0, 2), "^kernel=3 with dilation=2 covers 5 pixels: too large"),
        (conv_output_size, (8, 3, 1, 1, 5), r"dilation=5 covers 11 pixels.*8 \+ 2·1 = 10"),
        (conv_output_size, (8, 3, 0), "stride=0 .* use 1 or more"),
        (conv_output_size, (8, 3, 1, -1), "padding=-1 .* use 0 or more"),
        (conv_output_size, (8, 3, 1, 1, 0), "dilation=0"),
        (conv_output_size, (8, (3, 3)), "kernel=\\(3, 3\\).*one integer"),
        (conv_output_size, (8, 3, 1, "same"), "padding='same'"),
        (conv_output_size, (8, 2.5), "kernel=2.5"),
        (pool_output_size, (8, 5, 2, 3), "half of kernel=5.*use padding=2 or less"),
        (pool_output_size, (2, 3), "kernel=3"),
        (transposed_output_size, (4, 2, 2, 0, 2), "output_padding=2.*use 1 or less"),
        (transposed_output_size, (2, 1, 1, 1), "all of the output, 2 pixels;"),
        (same_padding, (2,), "kernel=2.*odd"),
        (same_padding, (0,), "kernel=0"),
    ],
)
def test_bad_settings_are_named_in_one_sentence(function, args, says):
    with pytest.raises(CatdogError, match=says):
        function(*args)
