"""The course's own automatic differentiation is PyTorch's, for each operation and in training."""

from __future__ import annotations

import random

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch.autograd import Value, conv2d, softmax_cross_entropy

LABELS = torch.tensor([2, 0, 1, 2])


def normal(*shape, seed=0):
    """Return normal numbers in double precision, none of them within 0.05 of 0."""
    x = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return x + 0.05 * x.sign()


def positive(*shape, seed=0):
    return normal(*shape, seed=seed).abs() + 0.2


def assert_same_gradients(ours, theirs, *tensors):
    """Compare the result and every gradient; numbers that differ from place to place arrive."""
    values, leaves = (
        [Value(t.clone()) for t in tensors],
        [t.clone().requires_grad_() for t in tensors],
    )
    y, true = ours(*values), theirs(*leaves)
    torch.testing.assert_close(y.data, true.detach(), rtol=1e-12, atol=1e-12)
    g = torch.linspace(0.5, 2, true.numel(), dtype=true.dtype).reshape(true.shape)
    y.backward(g)
    true.backward(g)
    for value, leaf in zip(values, leaves, strict=True):
        assert value.grad.shape == leaf.shape
        torch.testing.assert_close(value.grad, leaf.grad, rtol=1e-12, atol=1e-12)


BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}
SHAPES = [
    ((), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 3), ()), ((2, 1), (1, 3)),
    ((4, 1, 3), (2, 1)), ((2, 3), (1, 1)), ((0, 3), (1, 3)),
]  # in rows  # fmt: skip


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("sign", BINARY)
def test_binary_operations_with_broadcasting(sign, shapes):
    a, b = (positive(*shape, seed=i) for i, shape in enumerate(shapes))
    assert_same_gradients(BINARY[sign], BINARY[sign], a, b)


OPERATIONS = {
    "negative": (lambda x: -x, None),
    "square": (lambda x: x**2, None),
    "cube": (lambda x: x**3.0, None),
    "reciprocal": (lambda x: x**-1, None),
    "constants on the left": (lambda x: 1 + 2 * x - (3 - x) + 4 / x, None),
    "constants on the right": (lambda x: ((x + 1) * 2 - 3) / 0.1, None),
    "constant tensors": (lambda x: normal(4, 3) - x * normal(3) + normal(4, 1) / x, None),
    "exp": (lambda x: x.exp(), None),
    "relu": (lambda x: x.relu(), None),
    "tanh": (lambda x: x.tanh(), None),
    "sum": (lambda x: x.sum(), None),
    "sum of an axis": (lambda x: x.sum(1), None),
    "sum of an axis, kept": (lambda x: x.sum(-2, keepdim=True) * x, None),
    "sum of two axes": (lambda x: x.sum((0, 1)), None),
    "mean": (lambda x: x.mean(), None),
    "mean of an axis": (lambda x: x.mean(0), None),
    "mean of an axis, kept": (lambda x: x / x.mean(dim=1, keepdim=True), None),
    "reshape": (lambda x: x.reshape(2, -1).tanh(), None),
    "reshape by a tuple": (lambda x: x.reshape((3, 4)) * normal(3, 4), None),
    "transpose": (lambda x: x.transpose(0, 1) * normal(3, 4), None),
    "a row": (lambda x: x[2], None),
    "columns": (lambda x: x[:, 1:].exp(), None),
    "a row twice": (lambda x: x[[0, 3, 0]] * normal(3, 3), None),
    "one number a row": (lambda x: x[torch.arange(4), LABELS], None),
    "chosen by a mask": (lambda x: x[normal(4, 3) > 0], None),
    "used twice": (lambda x: x * x + x, None),
    "used by two paths": (lambda x: x.exp() * x.tanh() + x.sum(0), None),
    "a constant matrix on the left": (lambda x: normal(2, 4) @ x, None),
    "a constant matrix on the right": (lambda x: x @ normal(3, 2), None),
    "cross-entropy": (
        lambda x: softmax_cross_entropy(x, LABELS),
        lambda x: F.cross_entropy(x, LABELS),
    ),
    "cross-entropy of huge logits": (
        lambda x: softmax_cross_entropy(x * 1e4, LABELS),
        lambda x: F.cross_entropy(x * 1e4, LABELS),
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_on_one_value(name):
    ours, theirs = OPERATIONS[name]
    assert_same_gradients(ours, theirs or ours, normal(4, 3))


def test_logarithms_and_powers_of_positive_numbers():
    assert_same_gradients(lambda x: x.log(), lambda x: x.log(), positive(4, 3))
    assert_same_gradients(lambda x: x**0.5, lambda x: x**0.5, positive(4, 3))
    assert_same_gradients(lambda x, n: x**n, lambda x, n: x**n, positive(4, 3), normal(3, seed=1))


def test_the_derivative_of_relu_at_zero_counts_as_zero_as_in_pytorch():
    assert_same_gradients(lambda x: x.relu(), lambda x: x.relu(), torch.zeros(2).double())


PRODUCTS = [
    ((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((2, 3), (5, 3, 4)), ((5, 1, 2, 3), (4, 3, 1)),
]  # in rows  # fmt: skip


@pytest.mark.parametrize(("a", "b"), PRODUCTS)
def test_matrix_products_also_of_stacks(a, b):
    a, b = normal(*a), normal(*b, seed=1)
    assert_same_gradients(lambda a, b: a @ b, lambda a, b: a @ b, a, b)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 0), (2, 1), (3, 2)])
def test_convolution(stride, padding):
    assert_same_gradients(
        lambda x, w: conv2d(x, w, stride, padding),
        lambda x, w: F.conv2d(x, w, None, stride, padding),
        normal(2, 3, 7, 6),
        normal(4, 3, 3, 2, seed=1),
    )


def test_a_convolution_without_settings_has_stride_1_and_no_padding():
    assert_same_gradients(conv2d, F.conv2d, normal(1, 2, 5, 4), normal(3, 2, 3, 2, seed=1))


def test_a_gradient_of_what_was_taken_from_a_tensor_stays_on_its_device():
    x = Value(torch.ones(2, 3, device="meta"))
    x[1].sum().backward()
    assert x.grad.device.type == "meta" and x.grad.shape == (2, 3)


def test_scalars_as_in_the_chain_rule_by_hand():
    a, b = Value(2.0), Value(-3.0)
    loss = (a * b + a**3).tanh()
    loss.backward()
    slope = 1 - loss.data**2
    assert a.grad == slope * (b.data + 3 * a.data**2) and b.grad == slope * a.data
    assert loss.grad == 1 and loss.data.dtype == torch.float64


def test_a_graph_of_ten_thousand_operations():
    x = Value(1.0)
    y = x
    for _ in range(10_000):
        y = y * 0.999 + x
    y.backward()
    true = sum(0.999**i for i in range(10_001))
    assert x.grad.item() == pytest.approx(true, rel=1e-12)


def test_a_value_is_visited_once_however_many_paths_lead_to_it():
    """2⁶⁰ paths: walking each of them would never end."""
    x = Value(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_gradients_of_two_calls_add_up_also_from_the_same_graph():
    value, leaf = Value(normal(3)), normal(3).requires_grad_()
    middle, true_middle = value.exp(), leaf.exp()
    true_middle.retain_grad()
    loss, true_loss = (middle * middle).sum(), (true_middle * true_middle).sum()
    for _ in range(2):
        loss.backward()
        true_loss.backward(retain_graph=True)
    (value * 2).sum().backward()
    (leaf * 2).sum().backward()
    torch.testing.assert_close(value.grad, leaf.grad, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(middle.grad, true_middle.grad, rtol=1e-12, atol=1e-12)
    value.grad = None
    value.sum().backward()
    assert torch.equal(value.grad, torch.ones(3).double())


def random_expression(rng, leaves):
    """Apply twelve random operations to values or tensors alike; every result can be used again."""
    made = list(leaves)
    for _ in range(12):
        x, other = rng.choice(made), rng.choice(made)
        steps = [
            lambda x=x: x.tanh(),
            lambda x=x: (x * 0.5).tanh().exp(),
            lambda x=x: (x * x + 1).log(),
            lambda x=x: (x - 0.1).relu(),
            lambda x=x: x.mean(-1, keepdim=True),
            lambda x=x: x[..., :1] - x,
            lambda x=x, other=other: x + other,
            lambda x=x, other=other: x * other.tanh(),
            lambda x=x, other=other: x / (other * other + 1),
            lambda x=x, other=other: (x + other) @ (x - other).transpose(-1, -2) @ (x + other) / 9,
        ]
        made.append(rng.choice(steps)())
    return sum(one.sum() for one in made[len(leaves) :])


@pytest.mark.parametrize("seed", range(60))
def test_random_expressions(seed):
    shapes = [(2, 3), (1, 3), (2, 1), (1, 1)]
    tensors = [normal(*shape, seed=100 * seed + i) for i, shape in enumerate(shapes)]
    leaves = [t.clone().requires_grad_() for t in tensors]
    values = [Value(t) for t in tensors]
    ours = random_expression(random.Random(seed), values)
    true = random_expression(random.Random(seed), leaves)
    torch.testing.assert_close(ours.data, true.detach(), rtol=1e-10, atol=1e-10)
    ours.backward()
    true.backward()
    used = 0
    for value, leaf in zip(values, leaves, strict=True):
        assert (value.grad is None) == (leaf.grad is None)
        if value.grad is not None:
            used += 1
            torch.testing.assert_close(value.grad, leaf.grad, rtol=1e-9, atol=1e-10)
    assert used


def test_a_network_trained_for_50_steps_has_pytorchs_weights():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 3))
    model.double()
    x, labels = normal(30, 6), torch.arange(30) % 3
    w1, b1, w2, b2, w3, b3 = parameters = [Value(p.detach().clone()) for p in model.parameters()]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    losses = []
    for _ in range(50):
        hidden = (x @ w1.transpose(0, 1) + b1).relu()
        hidden = (hidden @ w2.transpose(0, 1) + b2).tanh()
        loss = softmax_cross_entropy(hidden @ w3.transpose(0, 1) + b3, labels)
        for p in parameters:
            p.grad = None
        loss.backward()
        for p in parameters:
            p.data -= 0.5 * p.grad
        losses.append(loss.data.item())

        optimizer.zero_grad()
        F.cross_entropy(model(x), labels).backward()
        optimizer.step()
    assert losses[-1] < 0.5 * losses[0]
    for ours, theirs in zip(parameters, model.parameters(), strict=True):
        torch.testing.assert_close(ours.data, theirs.detach(), rtol=1e-9, atol=1e-11)


def test_pytorchs_own_autograd_has_no_part_in_it():
    x = Value(normal(3).requires_grad_())
    y = (x * x).sum()
    y.backward()
    assert not (x.data.requires_grad or y.data.requires_grad or x.grad.requires_grad)


def test_a_value_cannot_be_iterated_over():
    with pytest.raises(TypeError, match="not iterable"):
        list(Value([1.0, 2.0]))


def ones(*shape):
    return Value(torch.ones(shape))


BAD = [
    (lambda x: x.backward(), r"gradient of this value's shape, \(2, 3\)"),
    (lambda x: x.backward(torch.ones(3)), r"this value's shape, \(2, 3\)"),
    (lambda x: x + torch.ones(2), r"Cannot compute with \(2, 3\) and \(2,\): .*reshape"),
    (lambda x: x @ x, r"\(2, 3\) and \(2, 3\): .*multiplied"),
    (lambda x: x @ torch.ones(3), "matrices, not vectors"),
    (lambda x: x.reshape(5), "invalid for input of size 6"),
    (lambda x: x.transpose(0, 2), r"Cannot compute with \(2, 3\)"),
    (lambda x: x[5], "out of bounds"),
    (lambda x: softmax_cross_entropy(x, torch.tensor([0, 3])), "each from 0 to 2"),
    (lambda x: softmax_cross_entropy(x, torch.tensor([0, -1])), "each from 0 to 2"),
    (lambda x: softmax_cross_entropy(x, torch.tensor([0.0, 1.0])), r"int64 with \.long\(\)"),
    (lambda _: conv2d(ones(1, 1, 4, 4), ones(2, 3, 3, 3)), "first two dimensions"),
    (lambda _: conv2d(ones(1, 1, 2, 2), ones(2, 1, 3, 3)), "Cannot compute"),
]


@pytest.mark.parametrize(("act", "says"), BAD)
def test_what_does_not_fit_is_told_in_one_sentence(act, says):
    with pytest.raises(CatdogError, match=says) as caught:
        act(ones(2, 3))
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


@pytest.mark.parametrize("n", [0, 0.0, torch.tensor([0.0, 1.0, 2.0])], ids=["0", "0.0", "tensor"])
def test_the_power_of_zero_has_the_derivative_that_pytorch_gives(n):
    ours, theirs = Value(torch.tensor([0.0, 3.0, 2.0])), torch.tensor([0.0, 3.0, 2.0])
    (ours**n).sum().backward()
    theirs.requires_grad_()
    (theirs**n).sum().backward()
    assert torch.equal(ours.grad, theirs.grad)
