"""A whole network by hand: every gradient is autograd's, and so is where training leads."""

import random
from collections import OrderedDict

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch import (
    Add,
    Convolution,
    Flatten,
    Linear,
    Network,
    ReLU,
    Step,
    Tanh,
    relative_error,
)
from catdog_lib.models import FiveConvCNN
from tests.from_scratch.random_numbers import numbers


def network(rng):
    """Build a small random network for images of 2×9×9."""
    groups, channels = rng.choice([1, 2]), rng.choice([2, 4])
    layers = [
        nn.Conv2d(
            2,
            channels,
            rng.choice([2, 3]),
            stride=rng.choice([1, 2]),
            padding=rng.choice([0, 1, (1, 2)]),
            dilation=rng.choice([1, 2]),
            groups=groups,
            bias=rng.random() < 0.5,
        ),
        nn.BatchNorm2d(channels),
        rng.choice([nn.ReLU, nn.Tanh])(),
        nn.MaxPool2d(
            rng.choice([2, 3]),
            stride=rng.choice([None, 1, 2]),
            padding=rng.choice([0, 1]),
            dilation=rng.choice([1, (1, 1)]),
        ),
        nn.Flatten(),
    ]
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
        ours = Network.from_module(model)
        loss, gradients = ours.loss_and_gradients(x.detach(), labels, smoothing)
        truth = F.cross_entropy(model(x), labels, label_smoothing=smoothing)
        truth.backward()
        torch.testing.assert_close(loss, truth)
        true = {name: p.grad for name, p in model.named_parameters()} | {"input": x.grad}
        assert gradients.keys() == true.keys()
        assert min(true[name].norm() for name in ("body.0.weight", "head.3.weight", "input")) > 1e-3
        for name in true:
            assert relative_error(gradients[name], true[name]) < 1e-7, (seed, name)
        assert ours.parameters.keys() | {"input"} == true.keys()


def test_the_courses_five_convolutions_by_hand():
    torch.manual_seed(0)
    five = FiveConvCNN(64, 4).double()
    model = nn.Sequential(
        OrderedDict(features=five.features, flatten=five.flatten, classifier=five.classifier)
    )
    x, labels = torch.randn(4, 3, 64, 64).double(), torch.tensor([0, 1, 1, 0])
    _, gradients = Network.from_module(model).loss_and_gradients(x, labels)
    F.cross_entropy(model(x), labels).backward()
    for name, parameter in five.named_parameters():
        if name.endswith("weight"):
            assert parameter.grad.norm() > 1e-4, name
        assert relative_error(gradients[name], parameter.grad) < 1e-7, name


def test_a_network_trained_by_hand_has_pytorchs_weights_and_leaves_the_model_alone():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
    ours = Network.from_module(model)
    x, labels = torch.randn(8, 4), torch.arange(8) % 2
    before = model[0].weight.detach().clone()
    for _ in range(20):
        _, gradients = ours.loss_and_gradients(x, labels)
        for name, parameter in ours.parameters.items():
            parameter -= 0.5 * gradients[name]
    assert torch.equal(model[0].weight, before)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(20):
        optimizer.zero_grad()
        F.cross_entropy(model(x), labels).backward()
        optimizer.step()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(ours.parameters[name], parameter.detach())


def test_gradients_add_up_where_a_value_is_used_more_than_once():
    rng = random.Random(3)
    x, labels = numbers(rng, 2, 2, 3, 3), torch.tensor([0, 1])
    first, second, head = (
        numbers(rng, 2, 2, 3, 3),
        numbers(rng, 2, 2, 3, 3),
        0.05 * numbers(rng, 2, 18),
    )
    same = {"padding": 1}
    ours = Network(
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
    loss, gradients = ours.loss_and_gradients(x, labels)
    leaves = [t.requires_grad_() for t in (first, second, head, x)]
    a = F.conv2d(x, first, padding=1)
    y = F.conv2d(a.relu(), second, padding=1) + x + a
    truth = F.cross_entropy(y.flatten(1) @ head.T, labels)
    torch.testing.assert_close(loss, truth)
    true = torch.autograd.grad(truth, leaves)
    for name, gradient in zip(("a.weight", "b.weight", "head.weight", "input"), true, strict=True):
        assert gradient.norm() > 0.01  # next to nothing would be equal to anything
        assert relative_error(gradients[name], gradient) < 1e-12, name


BAD = [
    (lambda: Network({}), "at least one step"),
    (lambda: Network({"input": Step(ReLU)}), "'input'"),
    (lambda: Network({"a": Step(ReLU, inputs=("b",)), "b": Step(ReLU)}), "'a' takes.* 'b'"),
    (lambda: Network({"a": Step(ReLU, inputs=("a",))}), "'a' takes.* 'a'"),
    (lambda: Network.from_module(nn.Sequential(nn.Dropout())), r"The layer '0' is Dropout"),
    (lambda: Network.from_module(nn.Sequential(nn.Conv2d(1, 1, 3, padding="same"))), "Conv2d"),
    (
        lambda: Network.from_module(
            nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"))
        ),
        "Conv2d",
    ),
    (lambda: Network.from_module(nn.Sequential(nn.MaxPool2d(2, ceil_mode=True))), "MaxPool2d"),
    (lambda: Network.from_module(nn.Sequential(nn.MaxPool2d(2, dilation=2))), "MaxPool2d"),
    (lambda: Network.from_module(nn.Sequential(nn.BatchNorm2d(2, affine=False))), "BatchNorm2d"),
    (lambda: Network.from_module(nn.Sequential(nn.Flatten(2))), "Flatten"),
    (lambda: Network.from_module(nn.Sequential(nn.Flatten(1, 2))), "Flatten"),
    (lambda: Network.from_module(FiveConvCNN(64, 4)), "^The layer 'FiveConvCNN' is FiveC"),
]


@pytest.mark.parametrize(("act", "says"), BAD)
def test_what_does_not_fit_is_told_in_one_sentence(act, says):
    with pytest.raises(CatdogError, match=f"(?s){says}") as caught:
        act()
    assert str(caught.value).endswith(".")


def test_a_layer_that_is_used_twice_is_applied_twice():
    relu = nn.ReLU()
    model = nn.Sequential(nn.Linear(4, 8), relu, nn.Linear(8, 8), relu, nn.Linear(8, 2))
    x = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(Network.from_module(model).forward(x)[0], model(x))


def test_a_sequential_with_a_forward_of_its_own_is_refused():
    class Residual(nn.Sequential):
        def forward(self, x):
            return x + super().forward(x)

    with pytest.raises(CatdogError, match="Residual"):
        Network.from_module(nn.Sequential(Residual(nn.Linear(4, 4)), nn.Linear(4, 2)))


def test_a_layer_with_weights_that_is_used_twice_is_trained_as_by_pytorch():
    torch.manual_seed(0)
    twice = nn.Linear(4, 4)
    model = nn.Sequential(twice, nn.Tanh(), twice, nn.Linear(4, 2))
    ours = Network.from_module(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    x, labels = torch.randn(5, 4), torch.tensor([0, 1, 1, 0, 1])
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(model(x), labels).backward()
        optimizer.step()
        _, gradients = ours.loss_and_gradients(x, labels)
        for name, parameter in ours.parameters.items():
            parameter -= 0.5 * gradients[name]
    assert torch.allclose(ours.forward(x)[0], model(x), atol=1e-6)
    assert ours.parameters["0.weight"] is ours.parameters["2.weight"]
