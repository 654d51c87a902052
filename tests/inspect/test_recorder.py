"""The recorder keeps what the layers put out, and the gradients that autograd has."""

import pytest
import torch

from catdog_lib import inspect
from tests.inspect.examples import network, random_images
from tests.tiny import small


def test_what_is_recorded_is_what_the_layers_give():
    model, x = small().eval(), random_images(2, 8)
    with inspect.Recorder(model) as seen:
        answer = model(x)
    assert list(seen.outputs) == list("012345") and not seen.gradients
    assert torch.equal(seen.outputs["2"], model[:3](x)) and torch.equal(seen.outputs["5"], answer)
    assert not seen.outputs["2"].requires_grad


@pytest.mark.parametrize("gradients", [False, True])
def test_what_an_in_place_layer_overwrites_is_noted_as_it_was(gradients):
    model, x = network("residual"), random_images(1)
    with inspect.Recorder(model, ["stem.1"], gradients) as seen:
        answer = model(x)
    assert seen.outputs["stem.1"].min() < 0
    assert torch.equal(answer, model(x)), "the network computes what it always computes"


def test_each_use_of_a_layer_is_noted_and_a_second_run_replaces_the_first():
    model, x = network("six_block"), random_images(2)
    with inspect.Recorder(model, ["deep.0.0"]) as seen:
        model(x[:1])
        model(x)
    uses = {name: tuple(maps.shape) for name, maps in seen.outputs.items()}
    assert uses == {
        "deep.0.0": (2, 32, 16, 16), "deep.0.0#2": (2, 32, 8, 8),
        "deep.0.0#3": (2, 32, 4, 4), "deep.0.0#4": (2, 32, 2, 2),
    }  # fmt: skip
    with inspect.Recorder(model, ["deep.0.0#3"]) as one:
        model(x)
    assert list(one.outputs) == ["deep.0.0#3"]
    assert torch.equal(one.outputs["deep.0.0#3"], seen.outputs["deep.0.0#3"])


def test_gradients_are_autograds_and_no_grad_is_touched():
    model, x = network("residual"), random_images(2)
    with inspect.Recorder(model, gradients=True) as seen:
        seen.backward(model(x)[:, 1].sum())
    assert all(parameter.grad is None for parameter in model.parameters())
    kept = {}

    def keep(name, output):
        output.retain_grad()
        kept[name] = output

    for name in ("stages.0.pool", "classifier"):
        model.get_submodule(name).register_forward_hook(lambda _, __, o, name=name: keep(name, o))
    model(x)[:, 1].sum().backward()
    for name, output in kept.items():
        assert torch.allclose(seen.gradients[name], output.grad, rtol=1e-4, atol=1e-7)
        assert output.grad.abs().max() > 0


def test_a_frozen_network_has_gradients_too():
    model = small().eval().requires_grad_(False)
    with inspect.Recorder(model, ["1"], gradients=True) as seen:
        seen.backward(model(random_images(1, 8))[0, 0])
    assert seen.gradients["1"].abs().max() > 0
