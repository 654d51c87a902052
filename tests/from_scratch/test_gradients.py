"""Every derivative by hand is autograd's, and what finite differences say; so is a whole
network's.
"""

import random
from collections import OrderedDict

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch import (
    Add,
    BatchNorm,
    Chain,
    Convolution,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    SoftmaxCrossEntropy,
    Step,
    Tanh,
    chain_of,
    numeric_gradient,
    relative_error,
)
from catdog_lib.models import FiveConvCNN


def numbers(rng, *shape):
    """Normal numbers in double precision, apart from each other and from 0 by more than a finite
    difference's step.
    """
    generator = torch.Generator().manual_seed(rng.randrange(2**31))
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    ranks = torch.randperm(x.numel(), generator=generator).reshape(shape) + 1
    return (x * 1e3).round() / 1e3 + (2e-4 + 6e-4 * ranks / x.numel())


def either(rng, low, high):
    return rng.choice([rng.randint(low, high), (rng.randint(low, high), rng.randint(low, high))])


def any_shape(rng):
    return [rng.randint(1, 4) for _ in range(rng.choice([2, 4]))]


# Each makes the tensors that the operation takes and its settings.


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
    """A gradient from above that differs from place to place, or values in wrong places might
    pass.
    """
    return torch.linspace(0.5, 2, y.numel(), dtype=y.dtype).reshape(y.shape)


def by_hand(operation, tensors, settings):
    y, saved = operation.forward(*tensors, **settings)
    return y, operation.backward(factors(y), saved)


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


# Finite differences


def test_the_error_of_central_differences_falls_with_the_square_of_h_until_rounding():
    x = torch.tensor([0.3, -1.2, 2.0], dtype=torch.float64)
    for h in (1e-1, 1e-2, 1e-3):  # the third derivative of x³ is 6, so the error is h²
        error = numeric_gradient(lambda t: (t**3).sum(), x, h) - 3 * x**2
        torch.testing.assert_close(error, torch.full_like(x, h**2), rtol=1e-5, atol=0)

    def worst(h):
        return (numeric_gradient(lambda t: t.exp().sum(), x, h) - x.exp()).abs().max()

    assert worst(6e-6) < 1e-9 and worst(1e-3) > 1e-7 and worst(1e-12) > 1e-5


def test_the_argument_of_a_numeric_gradient_stays_as_it_is_whatever_its_layout():
    x = torch.arange(6, dtype=torch.float64).reshape(2, 3).T.requires_grad_()
    before = x.detach().clone()
    gradient = numeric_gradient(lambda t: (t * torch.tensor([[1.0, 10.0]])).sum(), x)
    torch.testing.assert_close(gradient, torch.tensor([[1.0, 10]] * 3, dtype=torch.float64))
    assert torch.equal(x, before) and not gradient.requires_grad
    # Not even while it is at work: a function may look at the same tensor by another name.
    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    torch.testing.assert_close(numeric_gradient(lambda t: (t * x).sum(), x), x)


def test_relative_errors():
    a, b = torch.tensor([3.0, 4.0]), torch.tensor([3.0, 4.5])
    assert relative_error(a, b) == relative_error(b, a) == pytest.approx(0.5 / b.norm().item())
    assert relative_error(a, a) == 0 and relative_error(a, -a) == 2
    assert relative_error(torch.zeros(2), torch.tensor([1e-17, 0])) == pytest.approx(1e-9)


# Whole networks


def network(rng):
    """A random small one, for pictures of 2×9×9."""
    groups, channels = rng.choice([1, 2]), rng.choice([2, 4])
    layers = [
        nn.Conv2d(
            2, channels, rng.choice([2, 3]), stride=rng.choice([1, 2]), padding=rng.choice([0, 1, (1, 2)]),
            dilation=rng.choice([1, 2]), groups=groups, bias=rng.random() < 0.5,
        ),
        nn.BatchNorm2d(channels),
        rng.choice([nn.ReLU, nn.Tanh])(),
        nn.MaxPool2d(rng.choice([2, 3]), stride=rng.choice([None, 1, 2]), padding=rng.choice([0, 1])),
        nn.Flatten(),
    ]  # fmt: skip
    flat = nn.Sequential(*layers)(torch.zeros(2, 2, 9, 9)).shape[1]
    head = [nn.Linear(flat, 5, bias=False), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 3)]
    return nn.Sequential(
        OrderedDict(body=nn.Sequential(*layers), head=nn.Sequential(*head))
    ).double()


def test_a_whole_network_is_autograds_for_every_parameter():
    for seed in range(20):
        torch.manual_seed(seed)
        rng = random.Random(seed)
        model, smoothing = network(rng), rng.choice([0.0, 0.1])
        x, labels = torch.randn(5, 2, 9, 9).double().requires_grad_(), torch.tensor([0, 1, 2, 0, 1])
        chain = chain_of(model)
        loss, gradients = chain.loss_and_gradients(x.detach(), labels, smoothing)
        truth = F.cross_entropy(model(x), labels, label_smoothing=smoothing)
        truth.backward()
        torch.testing.assert_close(loss, truth)
        true = {name: p.grad for name, p in model.named_parameters()} | {"input": x.grad}
        assert gradients.keys() == true.keys()
        assert min(true[name].norm() for name in ("body.0.weight", "head.3.weight", "input")) > 1e-3
        for name in true:
            assert relative_error(gradients[name], true[name]) < 1e-7, (seed, name)
        assert chain.parameters.keys() | {"input"} == true.keys()


def test_the_courses_five_convolutions_by_hand():
    torch.manual_seed(0)
    five = FiveConvCNN(64, 4).double()
    model = nn.Sequential(
        OrderedDict(features=five.features, flatten=five.flatten, classifier=five.classifier)
    )
    x, labels = torch.randn(4, 3, 64, 64).double(), torch.tensor([0, 1, 1, 0])
    _, gradients = chain_of(model).loss_and_gradients(x, labels)
    F.cross_entropy(model(x), labels).backward()
    for name, parameter in five.named_parameters():
        if name.endswith("weight"):
            assert parameter.grad.norm() > 1e-4, name
        assert relative_error(gradients[name], parameter.grad) < 1e-7, name


def test_a_chain_trained_by_hand_goes_where_pytorch_goes_and_leaves_the_model_alone():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
    chain = chain_of(model)
    x, labels = torch.randn(8, 4), torch.arange(8) % 2
    before = model[0].weight.detach().clone()
    for _ in range(20):
        _, gradients = chain.loss_and_gradients(x, labels)
        for name, parameter in chain.parameters.items():
            parameter -= 0.5 * gradients[name]
    assert torch.equal(model[0].weight, before)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(20):
        optimizer.zero_grad()
        F.cross_entropy(model(x), labels).backward()
        optimizer.step()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(chain.parameters[name], parameter.detach())


def test_gradients_add_up_where_a_value_is_used_more_than_once():
    rng = random.Random(3)
    x, labels = numbers(rng, 2, 2, 3, 3), torch.tensor([0, 1])
    first, second, head = (
        numbers(rng, 2, 2, 3, 3),
        numbers(rng, 2, 2, 3, 3),
        0.05 * numbers(rng, 2, 18),
    )
    same = {"padding": 1}
    chain = Chain(
        {
            "a": Step(Convolution, {"weight": first, "bias": None}, same),
            "relu": Step(ReLU),
            "b": Step(Convolution, {"weight": second, "bias": None}, same),
            "shortcut": Step(Add, inputs=("b", "input")),
            "again": Step(Add, inputs=("shortcut", "a")),
            "unused": Step(Tanh, inputs=("a",)),
            "flat": Step(Flatten, inputs=("again",)),
            "head": Step(Linear, {"weight": head, "bias": None}),
        }
    )
    loss, gradients = chain.loss_and_gradients(x, labels)
    leaves = [t.requires_grad_() for t in (first, second, head, x)]
    a = F.conv2d(x, first, padding=1)
    y = F.conv2d(a.relu(), second, padding=1) + x + a
    truth = F.cross_entropy(y.flatten(1) @ head.T, labels)
    torch.testing.assert_close(loss, truth)
    true = torch.autograd.grad(truth, leaves)
    for name, gradient in zip(("a.weight", "b.weight", "head.weight", "input"), true, strict=True):
        assert gradient.norm() > 0.01  # next to nothing would be equal to anything
        assert relative_error(gradients[name], gradient) < 1e-12, name


# What does not fit


def zeros(*shape):
    return torch.zeros(shape)


BAD = [
    (lambda: Linear.forward(zeros(2, 3), zeros(4, 5)), r"x has the shape \(2, 3\).* N×5"),
    (lambda: Linear.forward(zeros(2, 3, 3), zeros(4, 3)), "flatten"),
    (lambda: Add.forward(zeros(2, 3), zeros(3)), r"Cannot add the shapes \(2, 3\) and \(3,\)"),
    (lambda: SoftmaxCrossEntropy.forward(zeros(2, 3), zeros(3).long()), "N×K and N"),
    (lambda: SoftmaxCrossEntropy.forward(zeros(2, 2), torch.tensor([0, 2])), "from 0 to 1"),
    (lambda: SoftmaxCrossEntropy.forward(zeros(2, 2), torch.tensor([0, -1])), "from 0 to 1"),
    (lambda: SoftmaxCrossEntropy.forward(zeros(0, 2), zeros(0).long()), "at least one"),
    (lambda: Convolution.forward(zeros(1, 3, 5, 5), zeros(2, 3, 6, 3)), "kernel=6"),
    (lambda: MaxPool2d.forward(zeros(1, 1, 2, 2), 3), "kernel=3: too large"),
    (lambda: MaxPool2d.forward(zeros(1, 1, 5, 5), 3, padding=2), "half of kernel=3"),
    (lambda: BatchNorm.forward(zeros(1, 3, 1, 1), zeros(3), zeros(3)), "one value or none"),
    (lambda: numeric_gradient(torch.sum, zeros(3)), r"torch.float32.*x.double\(\)"),
    (lambda: numeric_gradient(torch.exp, zeros(3).double()), "gives 3 numbers"),
    (lambda: relative_error(zeros(3), zeros(3, 1)), r"\(3,\) and \(3, 1\)"),
    (lambda: Chain({}), "at least one step"),
    (lambda: Chain({"input": Step(ReLU)}), "'input'"),
    (lambda: Chain({"a": Step(ReLU, inputs=("b",)), "b": Step(ReLU)}), "'a' takes.* 'b'"),
    (lambda: Chain({"a": Step(ReLU, inputs=("a",))}), "'a' takes.* 'a'"),
    (lambda: chain_of(nn.Sequential(nn.Dropout())), r"The layer '0' is Dropout"),
    (lambda: chain_of(nn.Sequential(nn.Conv2d(1, 1, 3, padding="same"))), "Conv2d"),
    (lambda: chain_of(nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"))), "Conv2d"),
    (lambda: chain_of(nn.Sequential(nn.MaxPool2d(2, ceil_mode=True))), "MaxPool2d"),
    (lambda: chain_of(nn.Sequential(nn.MaxPool2d(2, dilation=2))), "MaxPool2d"),
    (lambda: chain_of(nn.Sequential(nn.BatchNorm2d(2, affine=False))), "BatchNorm2d"),
    (lambda: chain_of(nn.Sequential(nn.Flatten(2))), "Flatten"),
    (lambda: chain_of(FiveConvCNN(64, 4)), "FiveConvCNN"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "says"), BAD)
def test_what_does_not_fit_is_told_in_one_sentence(act, says):
    with pytest.raises(CatdogError, match=f"(?s){says}") as caught:
        act()
    assert str(caught.value).endswith(".")
