"""Networks are timed in turns, and the shortest turn counts."""

import time

import torch
from torch import nn

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
    found = time_in_turns({"a": (a, images), "b": (b, images)}, rounds=2)
    assert log == [("a", False), ("b", False)] * 3  # in evaluation mode
    assert 0.01 <= found["a"] < 0.02 <= found["b"] < 0.04  # seconds for one of two images
    assert a.training and b.training
