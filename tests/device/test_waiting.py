"""A clock is read only when the GPU has done what it was told: before the work, and after it."""

import time
from importlib import import_module

import pytest
import torch
from torch import nn

from catdog_lib.bench import machine, rounds
from catdog_lib.device import synchronize, waiting
from catdog_lib.inspect import timing

cost = import_module("catdog_lib.inspect.cost")  # the room has a function of that name
CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def events(monkeypatch):
    """What happens, in order: "wait" for the GPU, read the "clock"."""
    happened, now = [], time.perf_counter
    monkeypatch.setattr(time, "perf_counter", lambda: happened.append("clock") or now())
    for module in (machine, rounds, cost, timing):
        monkeypatch.setattr(module, "synchronize", lambda device: happened.append("wait"))
    return happened


def test_only_a_gpu_is_waited_for(monkeypatch):
    asked = []
    monkeypatch.setattr(waiting.torch.accelerator, "synchronize", asked.append)
    synchronize(CPU)
    synchronize(GPU)
    assert asked == [GPU]


def test_networks_are_timed_from_when_their_weights_are_there(events):
    make = lambda: nn.Sequential(nn.Conv2d(3, 4, 3))  # noqa: E731
    timing.time_in_turns({"a": (make, torch.zeros(1, 3, 8, 8))}, rounds=1)
    assert events == ["wait", "clock", "wait", "clock"] * 2


def test_work_in_turns_is_timed_from_when_what_came_before_is_done(events):
    rounds.seconds_in_turns({"a": lambda: events.append("work")}, 1, GPU)
    assert events == ["wait", "clock", "work", "wait", "clock"]


def test_the_cost_of_a_network_includes_what_the_gpu_still_has_to_do(events):
    cost.cost(nn.Sequential(nn.Conv2d(3, 4, 3)), torch.zeros(1, 3, 8, 8))
    assert events == ["clock", "wait", "clock"] * 6


@pytest.mark.parametrize(("device", "times"), [(CPU, 1), (GPU, machine._REPEATS)])
def test_a_machine_is_told_enough_at_once_that_waiting_for_it_costs_nothing(events, device, times):
    made = machine.Machine("cpu", torch.float32, 1.0)
    made.device = device
    made._seconds(lambda: events.append("work"))
    assert events == ["clock", *["work"] * times, "wait", "clock"] * 4
