"""The recorder keeps the layers' outputs, and the gradients that autograd has."""

import pytest
import torch
from torch import nn

from catdog_lib import inspect
from catdog_lib.errors import CatdogError
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


def test_a_second_backward_replaces_the_gradients_of_the_first():
    model, found = small().eval(), []
    with inspect.Recorder(model, ["1", "5"], gradients=True) as recorder:
        logits = model(random_images(2, 8))
        for value in (logits[0, 0], logits[0, 1], logits[0, 0]):
            recorder.backward(value)
            found.append(dict(recorder.gradients))
        recorder.backward(recorder._tracked["1"].sum())  # the last layer has no part in it
    assert torch.equal(found[0]["1"], found[2]["1"]) and found[0]["1"].abs().max() > 0
    assert found[0]["5"].tolist() == [[1, 0], [0, 0]] and found[1]["5"].tolist() == [[0, 1], [0, 0]]
    assert recorder.gradients["5"].tolist() == [[0, 0], [0, 0]]


def used_up(logits):
    value = logits[0, 0]
    value.backward()
    return value


NO_VALUES = {
    r"value has the shape \(2, 2\), but must be": lambda logits: logits,
    "value is 3.5, but must be": lambda logits: 3.5,
    "does not depend on the recorded layers": lambda _: torch.ones((), requires_grad=True) * 2,
    "graph of this value is used up": used_up,
}


@pytest.mark.parametrize("says", NO_VALUES)
def test_a_value_without_gradients_is_one_sentence(says):
    model = small().eval()
    with inspect.Recorder(model, gradients=True) as recorder:
        value = NO_VALUES[says](model(random_images(2, 8)))
        with pytest.raises(CatdogError, match=says):
            recorder.backward(value)


def test_a_value_of_an_earlier_run_is_refused_and_not_given_zeros():
    model, x = small().eval(), random_images(2, 8)
    with inspect.Recorder(model, gradients=True) as recorder:
        earlier = model(x)[0, 0]
        model(x)
        with pytest.raises(CatdogError, match="in the last run"):
            recorder.backward(earlier)
