"""Networks are timed in turns, and the shortest turn counts."""

import time
import weakref

import torch
from torch import nn

from catdog_lib.inspect import timing
from catdog_lib.inspect.timing import time_in_turns


class Sleeper(nn.Module):
    """Sleeps for the next of its times, and notes in which mode it was called."""

    def __init__(self, name, times, log):
        super().__init__()
        self.name, self.times, self.log = name, iter(times), log

    def forward(self, images):
        self.log.append((self.name, self.training))
        time.sleep(next(self.times))
        return images


def test_every_network_has_its_turn_in_every_round():
    log, images = [], torch.zeros(2, 3, 4, 4)
    a, b = Sleeper("a", [0, 0.06, 0.02], log), Sleeper("b", [0.0, 0.04, 0.08], log)
    found = time_in_turns({"a": (lambda: a, images), "b": (lambda: b, images)}, rounds=2)
    assert log == [("a", False), ("b", False)] * 3  # in evaluation mode
    assert 0.01 <= found["a"] < 0.02 <= found["b"] < 0.04  # seconds for one of two images
    assert a.training and b.training


def test_a_network_is_made_for_its_turn_and_one_is_in_memory_at_a_time():
    alive, most, finite = weakref.WeakSet(), [], set()

    def make():
        network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        network.register_forward_hook(lambda *_: most.append(len(alive)))
        network.register_forward_hook(lambda *call: finite.add(call[2].isfinite().all().item()))
        alive.add(network)
        return network

    images = torch.zeros(1, 3, 8, 8)
    time_in_turns({"a": (make, images), "b": (make, images)}, rounds=2)
    assert most == [1] * 6 and finite == {True} and not alive


def test_of_large_layers_one_is_in_memory_at_a_time_and_the_clock_waits_for_it(monkeypatch):
    give, seen = timing._give_weights, []

    def give_slowly(layer, device):
        time.sleep(0.2 * isinstance(layer, nn.Linear))
        give(layer, device)

    def make():
        layers = [nn.Conv2d(3, 4, 1), nn.Flatten(), nn.Linear(16, 4), nn.Linear(4, 16)]
        for layer in layers:
            layer.register_forward_hook(
                lambda *_: seen.append([not w.is_meta for one in layers for w in one.parameters()])
            )
        return nn.Sequential(*layers)

    monkeypatch.setattr(timing, "_LARGE", 50)  # of weights; the convolution has 12
    monkeypatch.setattr(timing, "_give_weights", give_slowly)
    found = time_in_turns({"a": (make, torch.zeros(1, 3, 2, 2))}, rounds=1)
    yes, no = [True, True], [False, False]  # weights and biases of a layer
    assert seen == 2 * [yes + no + no, yes + no + no, yes + yes + no, yes + no + yes]
    assert found["a"] < 0.2
