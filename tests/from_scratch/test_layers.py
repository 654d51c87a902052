"""Every derivative by hand is autograd's, and what finite differences say."""

import random

import pytest
import torch
from torch.nn import functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch import (
    Add,
    BatchNorm,
    Convolution,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    SoftmaxCrossEntropy,
    Tanh,
    numeric_gradient,
)
from tests.from_scratch.random_numbers import numbers


def either(rng, low, high):
    return rng.choice([rng.randint(low, high), (rng.randint(low, high), rng.randint(low, high))])


def any_shape(rng):
    return [rng.randint(1, 4) for _ in range(rng.choice([2, 4]))]


# Each returns the tensors that an operation takes, and its settings.


def linear_case(rng):
    inputs, outputs = rng.randint(1, 6), rng.randint(1, 5)
    bias = rng.choice([None, numbers(rng, outputs)])
    return (numbers(rng, rng.randint(1, 5), inputs), numbers(rng, outputs, inputs), bias), {}


def one_case(rng):
    return (numbers(rng, *any_shape(rng)),), {}


def two_case(rng):
    shape = any_shape(rng)
    return (numbers(rng, *shape), numbers(rng, *shape)), {}


def loss_case(rng):
    n, classes = rng.randint(1, 6), rng.randint(1, 5)
    labels = torch.tensor([rng.randrange(classes) for _ in range(n)])
    logits = 3 * numbers(rng, n, classes)
    return (logits,), {"labels": labels, "label_smoothing": rng.choice([0.0, 0.1, 0.37])}


def convolution_case(rng):
    groups = rng.choice([1, 1, 2, 3])
    x = numbers(
        rng, rng.randint(1, 3), groups * rng.randint(1, 2), rng.randint(1, 7), rng.randint(1, 7)
    )
    weight = numbers(
        rng, groups * rng.randint(1, 2), x.shape[1] // groups, rng.randint(1, 3), rng.randint(1, 4)
    )
    settings = {
        "stride": either(rng, 1, 3),
        "padding": either(rng, 0, 3),
        "dilation": either(rng, 1, 2),
        "groups": groups,
    }
    return (x, weight, rng.choice([None, numbers(rng, len(weight))])), settings


def pooling_case(rng):
    kernel = rng.randint(1, 4), rng.randint(1, 4)
    settings = {
        "kernel_size": rng.choice([kernel, kernel[0]]),
        "stride": rng.choice([None, either(rng, 1, 4)]),
        "padding": rng.choice([0, tuple(rng.randint(0, k // 2) for k in kernel)]),
    }
    x = numbers(rng, rng.randint(1, 2), rng.randint(1, 3), rng.randint(1, 8), rng.randint(1, 8))
    return (x,), settings


def norm_case(rng):
    channels = rng.randint(1, 4)
    maps = [rng.randint(1, 4), rng.randint(1, 4)] if rng.random() < 0.7 else []
    x = numbers(rng, rng.randint(1, 5), channels, *maps)
    x = x * rng.choice([0.1, 1, 10]) + rng.choice([0, 5])
    settings = rng.choice([{}, {"eps": 1e-3}])
    return (x, numbers(rng, channels), numbers(rng, channels)), settings


def batch_norm(x, weight, bias, eps=1e-5):
    return F.batch_norm(x, None, None, weight, bias, training=True, eps=eps)


def cross_entropy(logits, labels, label_smoothing):
    return F.cross_entropy(logits, labels, label_smoothing=label_smoothing)


OPERATIONS = {
    "linear": (Linear, F.linear, linear_case),
    "relu": (ReLU, F.relu, one_case),
    "tanh": (Tanh, torch.tanh, one_case),
    "flatten": (Flatten, lambda x: x.flatten(1), one_case),
    "add": (Add, torch.add, two_case),
    "softmax and cross-entropy": (SoftmaxCrossEntropy, cross_entropy, loss_case),
    "convolution": (Convolution, F.conv2d, convolution_case),
    "max-pooling": (MaxPool2d, F.max_pool2d, pooling_case),
    "batch norm": (BatchNorm, batch_norm, norm_case),
}


def factors(y):
    """Return a gradient of the output whose numbers all differ, to notice one in a wrong place."""
    return torch.linspace(0.5, 2, y.numel(), dtype=y.dtype).reshape(y.shape)


def by_hand(operation, tensors, settings):
    y, saved = operation.forward(*tensors, **settings)
    return y, operation.backward(factors(y), saved)


def test_at_zero_relu_passes_no_gradient_as_in_pytorch():
    x = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64, requires_grad=True)
    x.relu().sum().backward()
    _, (gradient,) = by_hand(ReLU, (x.detach(),), {})
    assert torch.equal(gradient != 0, x.grad != 0)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_autograds(name):
    operation, theirs, make = OPERATIONS[name]
    rng, computed = random.Random(0), 0
    for _ in range(300):
        tensors, settings = make(rng)
        leaves = [None if t is None else t.clone().requires_grad_() for t in tensors]
        told = (settings, [None if t is None else tuple(t.shape) for t in tensors])
        try:
            truth = theirs(*leaves, **settings)
        except (RuntimeError, ValueError):
            with pytest.raises(CatdogError):
                operation.forward(*tensors, **settings)
            continue
        y, gradients = by_hand(operation, tensors, settings)
        given = [t for t in leaves if t is not None]
        truths = torch.autograd.grad(truth, given, factors(truth))
        assert [g is None for g in gradients] == [t is None for t in tensors], told
        ours = [y, *(g for g in gradients if g is not None)]
        for one, true in zip(ours, [truth, *truths], strict=True):
            try:
                torch.testing.assert_close(one, true, rtol=1e-9, atol=1e-11)
            except AssertionError as error:
                raise AssertionError(f"{error}\n{told}") from None
        computed += 1
    assert computed > 150


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_what_finite_differences_say(name):
    operation, _, make = OPERATIONS[name]
    rng, computed = random.Random(1), 0
    while computed < 12:
        tensors, settings = make(rng)
        if sum(t.numel() for t in tensors if t is not None) > 80:
            continue
        try:
            _, gradients = by_hand(operation, tensors, settings)
        except CatdogError:
            continue
        computed += 1
        for i, gradient in enumerate(gradients):
            if gradient is None:
                continue

            def loss(moved, i=i, tensors=tensors, settings=settings):
                y, _ = operation.forward(*tensors[:i], moved, *tensors[i + 1 :], **settings)
                return (y * factors(y)).sum()

            numeric = numeric_gradient(loss, tensors[i])
            torch.testing.assert_close(gradient, numeric, rtol=1e-6, atol=1e-8)


def test_settings_that_are_not_given_are_pytorchs():
    rng = random.Random(0)
    x, weight = numbers(rng, 2, 3, 5, 6), numbers(rng, 4, 3, 2, 3)
    torch.testing.assert_close(Convolution.forward(x, weight)[0], F.conv2d(x, weight))
    torch.testing.assert_close(MaxPool2d.forward(x, 2)[0], F.max_pool2d(x, 2))


def test_of_equal_values_in_a_window_the_first_gets_the_gradient_and_overlaps_add_up():
    x = torch.tensor([[0.0, 0, 1, 1], [0, 0, 1, 1]]).reshape(1, 1, 2, 4)
    (gradient,) = by_hand(MaxPool2d, (x,), {"kernel_size": 2})[1]
    assert gradient.tolist() == [[[[0.5, 0, 2, 0], [0, 0, 0, 0]]]]
    y, saved = MaxPool2d.forward(x, 2, stride=1)
    assert MaxPool2d.backward(torch.ones_like(y), saved)[0].tolist() == [
        [[[1, 0, 2, 0], [0, 0, 0, 0]]]
    ]


def test_huge_logits_do_not_overflow_and_two_equal_ones_cost_log_2():
    loss, (gradient,) = by_hand(
        SoftmaxCrossEntropy, (torch.tensor([[1e4, 0.0]]),), {"labels": torch.tensor([1])}
    )
    assert loss == 1e4 and gradient.tolist() == [[0.5, -0.5]]  # the factor for one number is 0.5
    loss, _ = SoftmaxCrossEntropy.forward(torch.zeros(3, 2), torch.tensor([0, 1, 1]))
    assert loss.item() == pytest.approx(0.693147, abs=1e-6)


def test_no_gradient_of_batch_norm_shifts_or_scales_a_channel():
    x, weight, bias = numbers(random.Random(0), 4, 3, 5, 5), torch.ones(3), torch.zeros(3)
    gradient, *_ = by_hand(BatchNorm, (x, weight, bias), {"eps": 0.0})[1]
    assert gradient.sum((0, 2, 3)).abs().max() < 1e-12
    assert (gradient * x).sum((0, 2, 3)).abs().max() < 1e-12


def zeros(*shape):
    return torch.zeros(shape)


BAD = [
    (lambda: Linear.forward(zeros(2, 3), zeros(4, 5)), r"x has the shape \(2, 3\).* N×5"),
    (lambda: Linear.forward(zeros(2, 3, 3), zeros(4, 3)), "flatten"),
    (lambda: Add.forward(zeros(2, 3), zeros(3)), r"Cannot add the shapes \(2, 3\) and \(3,\)"),
    (lambda: SoftmaxCrossEntropy.forward(zeros(2, 3), zeros(3).long()), "N×K and N"),
    (lambda: SoftmaxCrossEntropy.forward(zeros(3), zeros(3).long()), "N×K and N"),
    (lambda: SoftmaxCrossEntropy.forward(zeros(2, 2), torch.tensor([0, 2])), "from 0 to 1"),
    (lambda: SoftmaxCrossEntropy.forward(zeros(2, 2), torch.tensor([0, -1])), "from 0 to 1"),
    (lambda: SoftmaxCrossEntropy.forward(zeros(0, 2), zeros(0).long()), "at least one"),
    (lambda: Convolution.forward(zeros(1, 3, 5, 5), zeros(2, 3, 6, 3)), "kernel=6"),
    (lambda: MaxPool2d.forward(zeros(1, 1, 2, 2), 3), "kernel=3: too large"),
    (lambda: MaxPool2d.forward(zeros(1, 1, 5, 5), 3, padding=2), "half of kernel=3"),
    (lambda: MaxPool2d.forward(zeros(1, 1, 5, 5), (3,)), r"^kernel_size=\(3,\) must be"),
    (lambda: MaxPool2d.forward(zeros(1, 1, 5, 5), 3, (2,)), r"^stride=\(2,\) must be"),
    (lambda: MaxPool2d.forward(zeros(1, 1, 5, 5), 3, padding=(1,)), r"^padding=\(1,\) must be"),
    (lambda: BatchNorm.forward(zeros(1, 3, 1, 1), zeros(3), zeros(3)), "one value or none"),
]


@pytest.mark.parametrize(("act", "says"), BAD)
def test_what_does_not_fit_is_told_in_one_sentence(act, says):
    with pytest.raises(CatdogError, match=f"(?s){says}") as caught:
        act()
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("dtype", [torch.uint8, torch.bool, torch.float32])
def test_labels_that_would_be_a_mask_are_refused(dtype):
    with pytest.raises(CatdogError, match=r"^labels holds torch\..*; make it int64 with \.long"):
        SoftmaxCrossEntropy.forward(torch.zeros(2, 2), torch.tensor([0, 1]).to(dtype))
