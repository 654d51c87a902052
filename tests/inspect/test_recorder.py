"""The recorder keeps the layers' outputs, and the gradients that autograd has."""

import pytest
import torch
from torch import nn

from catdog_lib import inspect
from tests.inspect.examples import network, random_images
from tests.tiny import small


def test_the_layers_outputs_are_recorded():
    model, x = small().eval(), random_images(2, 8)
    with inspect.Recorder(model) as recorder:
        answer = model(x)
    assert list(recorder.outputs) == list("012345") and not recorder.gradients
    assert torch.equal(recorder.outputs["2"], model[:3](x)) and torch.equal(
        recorder.outputs["5"], answer
    )
    assert not recorder.outputs["2"].requires_grad


@pytest.mark.parametrize("gradients", [False, True])
def test_an_output_is_recorded_as_it_was_before_an_in_place_layer(gradients):
    model, x = network("residual"), random_images(1)
    with inspect.Recorder(model, ["stem.1"], gradients) as recorder:
        answer = model(x)
    assert recorder.outputs["stem.1"].min() < 0
    assert torch.equal(answer, model(x)), "the network computes what it always computes"


def test_each_call_of_a_layer_is_recorded_and_a_second_run_replaces_the_first():
    model, x = network("six_block"), random_images(2)
    with inspect.Recorder(model, ["deep.0.0"]) as recorder:
        model(x[:1])
        model(x)
    uses = {name: tuple(maps.shape) for name, maps in recorder.outputs.items()}
    assert uses == {
        "deep.0.0": (2, 32, 16, 16),
        "deep.0.0#2": (2, 32, 8, 8),
        "deep.0.0#3": (2, 32, 4, 4),
        "deep.0.0#4": (2, 32, 2, 2),
    }
    with inspect.Recorder(model, ["deep.0.0#3"]) as one_call:
        model(x)
    assert list(one_call.outputs) == ["deep.0.0#3"]
    assert torch.equal(one_call.outputs["deep.0.0#3"], recorder.outputs["deep.0.0#3"])


def test_gradients_are_autograds_and_no_grad_is_touched():
    model, x = network("residual"), random_images(2)
    with inspect.Recorder(model, gradients=True) as recorder:
        recorder.backward(model(x)[:, 1].sum())
    assert all(parameter.grad is None for parameter in model.parameters())
    kept = {}

    def keep(name, output):
        output.retain_grad()
        kept[name] = output

    for name in ("stages.0.pool", "classifier"):
        model.get_submodule(name).register_forward_hook(lambda _, __, o, name=name: keep(name, o))
    model(x)[:, 1].sum().backward()
    for name, output in kept.items():
        assert torch.allclose(recorder.gradients[name], output.grad, rtol=1e-4, atol=1e-7)
        assert output.grad.abs().max() > 0


def test_a_frozen_network_has_gradients_too():
    model = small().eval().requires_grad_(False)
    with inspect.Recorder(model, ["1"], gradients=True) as recorder:
        recorder.backward(model(random_images(1, 8))[0, 0])
    assert recorder.gradients["1"].abs().max() > 0


class Repeated(nn.Module):
    """Calls one layer as often as ``times`` says."""

    def __init__(self):
        super().__init__()
        self.conv, self.times = nn.Conv2d(3, 3, 3, padding=1), 3

    def forward(self, x):
        for _ in range(self.times):
            x = self.conv(x)
        return x


def test_a_shorter_second_run_leaves_nothing_of_the_first():
    model, x = Repeated(), torch.rand(1, 3, 5, 5)
    with inspect.Recorder(model) as recorder:
        model(x)
        assert list(recorder.outputs) == ["conv", "conv#2", "conv#3"]
        model.times = 1
        model(x)
    assert list(recorder.outputs) == ["conv"]
