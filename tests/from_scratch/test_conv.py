"""Convolution, pooling and transposed convolution by hand are PyTorch's, values and gradients."""

import random

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch.conv import (
    conv2d_loops,
    conv2d_unfold,
    convolve_1d,
    convolve_2d,
    cross_correlate_1d,
    cross_correlate_2d,
)
from catdog_lib.from_scratch.conv_layers import MaxPool2d
from catdog_lib.from_scratch.pooling import pool2d
from catdog_lib.from_scratch.transposed_conv import conv_transpose2d

# In double precision only the order of the sums differs; in single, the course promises 1e-5.
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}


def either(rng, low, high):
    """Draw one number, or one for each side."""
    return rng.choice([rng.randint(low, high), (rng.randint(low, high), rng.randint(low, high))])


def numbers(rng, *shape, dtype=torch.float64):
    generator = torch.Generator().manual_seed(rng.randrange(2**31))
    return torch.randn(shape, generator=generator, dtype=dtype)


def convolution_case(rng, dtype):
    groups = rng.choice([1, 1, 2, 3])
    x = numbers(
        rng, rng.randint(1, 2), groups * rng.randint(1, 2), rng.randint(1, 7), rng.randint(1, 7)
    )
    weight = numbers(
        rng, groups * rng.randint(1, 2), x.shape[1] // groups, rng.randint(1, 3), rng.randint(1, 4)
    )
    bias = rng.choice([None, numbers(rng, len(weight))])
    settings = {
        "stride": either(rng, 1, 3),
        "padding": either(rng, 0, 2),
        "dilation": either(rng, 1, 2),
        "groups": groups,
    }
    x, weight, bias = (None if t is None else t.to(dtype) for t in (x, weight, bias))
    return (x, weight, bias), settings


def transposed_case(rng, dtype):
    groups = rng.choice([1, 1, 2, 3])
    x = numbers(
        rng, rng.randint(1, 2), groups * rng.randint(1, 2), rng.randint(1, 4), rng.randint(1, 4)
    )
    weight = numbers(rng, x.shape[1], rng.randint(1, 2), rng.randint(1, 3), rng.randint(1, 4))
    bias = rng.choice([None, numbers(rng, weight.shape[1] * groups)])
    settings = {
        "stride": either(rng, 1, 3),
        "padding": either(rng, 0, 2),
        "output_padding": either(rng, 0, 1),
        "dilation": either(rng, 1, 2),
        "groups": groups,
    }
    x, weight, bias = (None if t is None else t.to(dtype) for t in (x, weight, bias))
    return (x, weight, bias), settings


def pooling_case(rng, dtype):
    kernel = rng.randint(1, 4), rng.randint(1, 4)
    x = numbers(rng, rng.randint(1, 2), rng.randint(1, 3), rng.randint(1, 9), rng.randint(1, 9))
    settings = {
        "kernel_size": kernel,
        "stride": rng.choice([None, either(rng, 1, 4)]),
        "padding": tuple(rng.randint(0, k // 2) for k in kernel),
        "ceil_mode": rng.random() < 0.6,
    }
    return (x.to(dtype),), settings


def average(x, kernel_size, **settings):
    return pool2d(x, kernel_size, mode="average", **settings)


def outcome(function, tensors, settings):
    """Return the output and its gradients, or "refused"."""
    tensors = [None if t is None else t.clone().requires_grad_() for t in tensors]
    try:
        y = function(*tensors, **settings)
    except (CatdogError, RuntimeError) as error:
        ours = function.__module__.startswith("catdog_lib.")
        assert isinstance(error, CatdogError) or not ours, error
        return "refused"
    if y.numel() == 0:  # in float32 PyTorch may give a map of no rows where it refuses in float64
        return "refused"
    # Each output value has its own factor, or gradients in wrong places might add up to the right
    # sum.
    factors = torch.arange(1, y.numel() + 1, dtype=y.dtype).reshape(y.shape) / y.numel()
    given = [t for t in tensors if t is not None]
    return [y, *torch.autograd.grad((y * factors).sum(), given, allow_unused=True)]


def compare(ours, theirs, make, count, dtype=torch.float64, seed=0):
    rng = random.Random(seed)
    computed = refused = 0
    for _ in range(count):
        tensors, settings = make(rng, dtype)
        mine, truth = outcome(ours, tensors, settings), outcome(theirs, tensors, settings)
        told = (settings, [None if t is None else tuple(t.shape) for t in tensors])
        assert (mine == "refused") == (truth == "refused"), told
        if truth == "refused":
            refused += 1
            continue
        computed += 1
        for a, b in zip(mine, truth, strict=True):
            b = torch.zeros_like(a) if b is None else b
            assert a.shape == b.shape and a.dtype == b.dtype, told
            assert torch.allclose(a, b, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype]), told
    assert computed > 0.5 * count and refused > 0.02 * count  # both kinds are there


def test_loops_and_unfold_on_an_image_of_3_channels():
    x = torch.rand(1, 3, 12, 12)
    weight, bias = torch.randn(4, 3, 3, 3), torch.randn(4)
    truth = F.conv2d(x, weight, bias, padding=1)
    assert torch.allclose(conv2d_loops(x, weight, bias, padding=1), truth, atol=1e-5)
    assert torch.allclose(conv2d_unfold(x, weight, bias, padding=1), truth, atol=1e-5)


@pytest.mark.parametrize("function", [conv2d_loops, conv2d_unfold])
def test_a_batch_without_images(function):
    x, weight = torch.zeros(0, 3, 5, 5), torch.zeros(2, 3, 3, 3)
    assert function(x, weight).shape == F.conv2d(x, weight).shape == (0, 2, 3, 3)


def test_one_dimension_is_numpys():
    rng = random.Random(0)
    for _ in range(200):
        signal = numbers(rng, rng.randint(1, 9))
        kernel = numbers(rng, rng.randint(1, len(signal)))
        convolved = np.convolve(signal.numpy(), kernel.numpy(), "valid")
        correlated = np.correlate(signal.numpy(), kernel.numpy(), "valid")
        assert np.allclose(convolve_1d(signal, kernel), convolved, atol=1e-12)
        assert np.allclose(cross_correlate_1d(signal, kernel), correlated, atol=1e-12)


def test_two_dice():
    die = torch.full((6,), 1 / 6)
    padded = F.pad(die, (5, 5))
    assert torch.allclose(
        convolve_1d(padded, die) * 36, torch.tensor([1.0, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1])
    )


def test_two_dimensions_by_the_definition_and_by_pytorch():
    rng = random.Random(0)
    for _ in range(100):
        image = numbers(rng, rng.randint(1, 8), rng.randint(1, 8))
        kernel = numbers(rng, rng.randint(1, len(image)), rng.randint(1, image.shape[1]))
        correlated = F.conv2d(image[None, None], kernel[None, None])[0, 0]
        assert torch.allclose(cross_correlate_2d(image, kernel), correlated, atol=1e-12)
        # The convolution theorem: a product of Fourier transforms.
        size = [a + b - 1 for a, b in zip(image.shape, kernel.shape, strict=True)]
        full = torch.fft.irfft2(torch.fft.rfft2(image, size) * torch.fft.rfft2(kernel, size), size)
        (kh, kw), (h, w) = kernel.shape, image.shape
        assert torch.allclose(convolve_2d(image, kernel), full[kh - 1 : h, kw - 1 : w], atol=1e-10)


def test_convolution_commutes_and_cross_correlation_does_not():
    a, b, padded = torch.tensor([1.0, 2, 5]), torch.tensor([3.0, 1, 4]), lambda t: F.pad(t, (2, 2))
    assert torch.equal(convolve_1d(padded(a), b), convolve_1d(padded(b), a))
    assert not torch.equal(cross_correlate_1d(padded(a), b), cross_correlate_1d(padded(b), a))


def test_integers_stay_integers():
    x, weight = torch.arange(25).reshape(1, 1, 5, 5), torch.tensor([[[[1, 0], [0, -1]]]])
    assert conv2d_loops(x, weight).dtype == torch.int64
    assert (conv2d_loops(x, weight) == -6).all()
    assert cross_correlate_2d(x[0, 0], weight[0, 0]).eq(-6).all()


def test_the_transposed_convolution_is_the_gradient_of_the_convolution():
    rng = random.Random(0)
    x, weight = numbers(rng, 1, 4, 8, 9).requires_grad_(), numbers(rng, 6, 2, 3, 3)
    y = F.conv2d(x, weight, stride=2, padding=1, groups=2)
    above = numbers(rng, *y.shape)
    (gradient,) = torch.autograd.grad(y, x, above)
    scattered = conv_transpose2d(
        above, weight, stride=2, padding=1, output_padding=(1, 0), groups=2
    )
    assert torch.allclose(scattered, gradient, atol=1e-12)


def test_of_equal_values_the_first_gets_the_gradient_as_in_pytorch():
    x = torch.tensor([[0.0, 0, 1, 1], [0, 0, 1, 1]]).reshape(1, 1, 2, 4)
    ours, truth = (outcome(pool, (x,), {"kernel_size": 2}) for pool in (pool2d, F.max_pool2d))
    assert torch.equal(ours[1], truth[1])


def image(*shape, dtype=torch.float32):
    return torch.zeros(shape, dtype=dtype)


BAD = [
    (cross_correlate_1d, (image(2), image(3)), {}, "kernel=3: too large"),
    (cross_correlate_1d, (image(2, 2), image(1)), {}, r"signal has the shape \(2, 2\)"),
    (convolve_1d, (image(3), image(1, 1)), {}, "kernel has the shape"),
    (cross_correlate_2d, (image(3, 3), image(2, 4)), {}, "kernel=4"),
    (convolve_1d, (image(3), image()), {}, r"^kernel has the shape \(\)"),
    (convolve_2d, (image(3, 3), image(3)), {}, r"^kernel has the shape \(3,\).* 2 dimensions"),
    (conv2d_loops, (image(3, 5, 5), image(2, 3, 3, 3)), {}, r"x has the shape \(3, 5, 5\)"),
    (conv2d_loops, (image(1, 3, 5, 5), image(2, 4, 3, 3)), {}, "x has 3 channels.* takes 4"),
    (conv2d_loops, (image(1, 3, 5, 5), image(2, 3, 6, 3)), {}, "kernel=6"),
    (conv2d_loops, (image(1, 3, 5, 5), image(2, 3, 3, 3)), {"stride": 0}, "stride=0"),
    (conv2d_loops, (image(1, 3, 5, 5), image(2, 3, 3, 3)), {"padding": "same"}, "same"),
    (conv2d_loops, (image(1, 3, 5, 5), image(2, 3, 3, 3)), {"stride": (1, 1, 1)}, "or two"),
    (conv2d_unfold, (image(1, 4, 5, 5), image(3, 2, 3, 3)), {"groups": 2}, "groups=2"),
    (conv2d_unfold, (image(1, 4, 5, 5), image(3, 4, 3, 3)), {"groups": 0}, "groups=0"),
    (conv2d_unfold, (image(1, 3, 5, 5), image(2, 3, 3, 3), image(3)), {}, "bias has 3 values"),
    (conv2d_unfold, (image(1, 3, 5, 5, dtype=torch.uint8), image(2, 3, 3, 3)), {}, "uint8"),
    (cross_correlate_1d, (image(3), image(1, 1)), {}, r"kernel .*\(1, 1\).* 1 dimension;"),
    (cross_correlate_1d, (image(3, dtype=torch.int64), image(2)), {}, "kernel holds torch.float32"),
    (cross_correlate_2d, (image(3), image(1, 1)), {}, "image has the shape"),
    (cross_correlate_2d, (image(3, 3), image(1)), {}, r"kernel .*\(1,\).* 2 dimensions;"),
    (conv2d_loops, (image(1, 3, 5, 5), image(2, 3, 3)), {}, r"weight has the shape \(2, 3, 3\)"),
    (conv2d_loops, (image(1, 3, 5, 5), image(2, 3, 3, 3)), {"groups": 1.0}, "groups=1.0"),
    (conv2d_loops, (image(1, 6, 5, 5), image(2, 3, 3, 3)), {"groups": -2}, "groups=-2"),
    (conv2d_loops, (image(1, 3, 5, 5), image(0, 3, 3, 3)), {}, "groups=1 .* 0 output channels"),
    (conv2d_loops, (image(1, 4, 5, 5), image(3, 2, 3, 3)), {"groups": 2}, "3 output channels"),
    (conv2d_loops, (image(1, 5, 5, 5), image(4, 2, 3, 3)), {"groups": 2}, "groups=2, takes 4;"),
    (conv2d_unfold, (image(1, 3, 5, 5), image(2, 3, 3, 3), image(2, 1)), {}, "bias has the shape"),
    (conv_transpose2d, (image(3, 5, 5), image(3, 2, 3, 3)), {}, "x has the shape"),
    (conv_transpose2d, (image(1, 3, 5, 5), image(3, 2, 3)), {}, "weight has the shape"),
    (conv_transpose2d, (image(1, 3, 5, 5), image(3, 2, 3, 3)), {"groups": 2}, "3 input channels"),
    (conv_transpose2d, (image(1, 4, 5, 5), image(3, 2, 3, 3)), {}, "x has 4 .* takes 3; .* input"),
    (conv_transpose2d, (image(1, 3, 5, 5), image(3, 2, 3, 3), image(3)), {}, "bias has 3 values"),
    (pool2d, (image(5, 5), 2), {}, r"x has the shape \(5, 5\).* 4 dimensions"),
    (pool2d, (image(1, 1, 5, 5), 2), {"mode": "mean"}, 'use "max" or "average"'),
    (pool2d, (image(1, 1, 5, 5), 3), {"padding": 2}, "half of kernel=3"),
    (conv_transpose2d, (image(1, 3, 5, 5), image(2, 3, 3, 3)), {}, "takes 2"),
    (conv_transpose2d, (image(1, 3, 5, 5), image(3, 2, 3, 3)), {"output_padding": 1}, "output_p"),
]


@pytest.mark.parametrize(("function", "tensors", "settings", "says"), BAD)
def test_what_does_not_fit_is_told_in_one_sentence(function, tensors, settings, says):
    with pytest.raises(CatdogError, match=says) as caught:
        function(*tensors, **settings)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        *((conv2d_loops, name) for name in ("stride", "padding", "dilation")),
        *((conv_transpose2d, n) for n in ("stride", "padding", "output_padding", "dilation")),
        *((pool2d, name) for name in ("kernel_size", "stride", "padding")),
    ],
)
def test_a_setting_for_three_sides_is_named(function, name):
    kernel = {"kernel_size": 2} if function is pool2d else {"weight": image(3, 3, 2, 2)}
    with pytest.raises(CatdogError, match=rf"^{name}=\(1, 1, 1\) must be one number or two"):
        function(image(1, 3, 5, 5), **{**kernel, name: (1, 1, 1)})


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (conv2d_loops, F.conv2d),
        (conv2d_unfold, F.conv2d),
        (conv_transpose2d, F.conv_transpose2d),
        (pool2d, F.max_pool2d),
    ],
)
def test_settings_that_are_not_given_are_pytorchs(ours, theirs):
    rng = random.Random(0)
    x, kernel = numbers(rng, 2, 3, 5, 6), 2 if ours is pool2d else numbers(rng, 3, 3, 2, 3)
    assert torch.allclose(ours(x, kernel), theirs(x, kernel), atol=1e-12)


# Last, since it takes longest: a mistake should show in one of the tests above.
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(
    ("ours", "theirs", "make", "count"),
    [
        (pool2d, F.max_pool2d, pooling_case, 300),
        (average, F.avg_pool2d, pooling_case, 300),
        (conv_transpose2d, F.conv_transpose2d, transposed_case, 300),
        (conv2d_unfold, F.conv2d, convolution_case, 1000),
        (conv2d_loops, F.conv2d, convolution_case, 80),
    ],
)
def test_values_gradients_and_refusals_are_pytorchs(ours, theirs, make, count, dtype):
    compare(ours, theirs, make, count, dtype)


def test_an_image_of_bytes_is_refused():
    """Its sums would begin again at 0 beyond 255."""
    image, kernel = torch.full((5, 5), 200).byte(), torch.ones(3, 3).byte()
    with pytest.raises(CatdogError, match=r"^image holds torch\.uint8; make it .*\.float\(\)\.$"):
        cross_correlate_2d(image, kernel)


@pytest.mark.parametrize(
    "act",
    [
        lambda x: conv2d_unfold(x, x),
        lambda x: MaxPool2d.forward(x, 2),
        lambda x: pool2d(x, 2, mode="average"),
    ],
)
def test_integers_are_refused_where_they_cannot_be_right(act):
    with pytest.raises(CatdogError, match=r"^x holds torch\.int64; make it .* with \.float\(\)\.$"):
        act(torch.ones(1, 1, 2, 2).long())
