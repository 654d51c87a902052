"""The running average of the weights, against one by hand."""

import pytest
import torch
from torch import nn

from catdog_lib.training.ema import EMA
from tests.tiny import batch, copies, small


def values(model):
    return dict(model.state_dict())


def train(model, steps, after_each):
    """Real steps, so that weights, running statistics and the count of batches all move."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for step in range(steps):
        images, labels = batch(10, seed=step)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
        after_each()


def test_it_is_the_exponential_moving_average_of_weights_and_statistics():
    model = small()
    average = EMA(model, 0.6)
    by_hand = {name: value.double().clone() for name, value in values(model).items()}
    counts = iter(range(1, 100))

    def compare():
        count = next(counts)
        average.update(model)
        decay = min(0.6, count / (count + 10))  # 0.6 from the 15th step on
        for name, value in values(model).items():
            if name.endswith("num_batches_tracked"):
                assert torch.equal(average.model.state_dict()[name], value)
                assert value.item() == count, "the count of batches is an integer, not averaged"
                continue
            by_hand[name] = decay * by_hand[name] + (1 - decay) * value.double()
            torch.testing.assert_close(
                average.model.state_dict()[name].double(), by_hand[name], atol=1e-5, rtol=1e-5
            )

    train(model, 20, compare)
    assert average.count == 20
    moved = [
        name
        for name, value in values(model).items()
        if value.is_floating_point()
        and not torch.allclose(value.double(), by_hand[name], atol=1e-4)
    ]
    assert {"1.weight", "2.weight", "2.running_mean", "2.running_var", "5.bias"} <= set(moved)


def test_in_the_first_steps_the_start_is_soon_forgotten():
    """Decays of 1/11, 2/12, …: after ten steps less than a millionth of the start is left."""
    model = nn.Linear(1, 1, bias=False)
    model.weight.data.fill_(1e6)
    average = EMA(model, 0.999)
    model.weight.data.fill_(0.0)
    left = 1e6
    for count in range(1, 11):
        average.update(model)
        left *= count / (count + 10)
        assert average.model.weight.item() == pytest.approx(left, rel=1e-3)
    assert average.model.weight.item() < 10


def test_it_is_a_network_of_its_own():
    model = small()
    before = copies(model.parameters())
    average = EMA(model, 0.5)
    assert not any(p.requires_grad for p in average.model.parameters())
    assert all(p.requires_grad for p in model.parameters())
    mine = {p.data_ptr() for p in average.model.state_dict().values()}
    assert mine.isdisjoint(p.data_ptr() for p in model.state_dict().values())
    with torch.no_grad():
        for p in model.parameters():
            p.add_(1)
    for p, start in zip(average.model.parameters(), before, strict=True):
        assert torch.equal(p, start), "it moves in update() alone"
    moved = copies(model.parameters())
    average.update(model)
    for p, same in zip(model.parameters(), moved, strict=True):
        assert torch.equal(p, same), "and never changes the network that learns"


def test_weights_that_do_not_move_are_kept_bit_for_bit():
    model = small()
    average = EMA(model, 0.99)
    for _ in range(30):
        average.update(model)
    for name, value in values(model).items():
        assert torch.equal(average.model.state_dict()[name], value), name


def test_tied_weights_are_averaged_once():
    layer = nn.Linear(2, 2)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    average = EMA(model, 0.5)
    start = layer.weight.detach().clone()
    layer.weight.data.add_(11.0)
    average.update(model)  # the first decay is 1/11
    assert average.model[0] is average.model[2]
    torch.testing.assert_close(average.model[0].weight, start + 10)
