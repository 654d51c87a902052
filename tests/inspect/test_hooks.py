"""Everything that looks into a network removes its hooks and restores modes, after errors too."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn

import catdog_lib
from catdog_lib import explain, inspect, models
from catdog_lib.errors import CatdogError
from catdog_lib.explore.feature_map_browser.record import record
from catdog_lib.explore.receptive_field_viewer import trace_maps
from catdog_lib.inspect.hooks import evaluating, forward_hooks, graph_hooks, named_calls
from tests.inspect.examples import hook_count, network, random_images
from tests.tiny import image_set, small

IMAGES, LABELS = random_images(3, 16), torch.tensor([0, 1, 1])
HEATMAPS = torch.zeros(3, 16, 16)
# Everything that runs a model in evaluation mode.
SWITCHES_MODE = {
    "named_calls": lambda m: named_calls(m, IMAGES),
    "shape_table": lambda m: inspect.shape_table(m, IMAGES),
    "cost": lambda m: inspect.cost(m, IMAGES),
    "layers_in_order": lambda m: inspect.layers_in_order(m, IMAGES),
    "convolutions": lambda m: inspect.convolutions(m, IMAGES),
    "last_feature_maps": lambda m: inspect.last_feature_maps(m, IMAGES),
    "receptive_field": lambda m: inspect.receptive_field(m, IMAGES),
    "UnitFields": lambda m: inspect.UnitFields.of(m, IMAGES, "4"),
    "effective_receptive_field": lambda m: inspect.effective_receptive_field(m, IMAGES, "4"),
    "receptive_field_by_gradient": lambda m: inspect.receptive_field_by_gradient(m, IMAGES, "4"),
    "activation_statistics": lambda m: inspect.activation_statistics(m, image_set(20, 0, 16)),
    "top_activations": lambda m: inspect.top_activations(m, image_set(20, 0, 16), "4", 0),
    "saliency": lambda m: explain.saliency(m, IMAGES),
    "smooth_grad": lambda m: explain.smooth_grad(m, IMAGES, samples=2),
    "occlusion": lambda m: explain.occlusion(m, IMAGES, patch=8),
    "grad_cam": lambda m: explain.grad_cam(m, IMAGES),
    "deletion_curve": lambda m: explain.deletion_curve(m, IMAGES, HEATMAPS, steps=2),
    "insertion_curve": lambda m: explain.insertion_curve(m, IMAGES, HEATMAPS, steps=2),
    "record": lambda m: record(m, IMAGES),
    "traced": lambda m: trace_maps(m, IMAGES[0]),
}


def run_recorder(model):
    with inspect.Recorder(model, gradients=True) as recorder:
        recorder.backward(model(IMAGES).sum())


# These run it in the mode that it is in.
HOOKS = SWITCHES_MODE | {
    "Recorder": run_recorder,
    "layer_signals": lambda m: inspect.layer_signals(m, IMAGES, LABELS),
}


class Probe(nn.Module):
    """Notes its mode at each call, in a list that copies of the network share, and may fail."""

    modes: list[bool] = []  # noqa: RUF012 (shared on purpose)

    def __init__(self, fails: bool):
        super().__init__()
        self.fails = fails

    def forward(self, x):
        self.modes.append(self.training)
        if self.fails:
            raise ZeroDivisionError
        return x


def half_frozen(fails=False):
    """A network in training mode with a BatchNorm that was frozen by hand."""
    Probe.modes.clear()
    torch.manual_seed(0)
    model = nn.Sequential(
        models.Normalize(),
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        Probe(fails),
        nn.Dropout(),
        nn.Flatten(),
        nn.Linear(196, 2),
    ).train()
    model[2].eval()
    return model


def modes(model):
    return [module.training for module in model.modules()]


@pytest.mark.parametrize("name", SWITCHES_MODE)
@pytest.mark.parametrize("fails", [False, True])
def test_a_batchnorm_frozen_by_hand_stays_frozen(name, fails):
    model = half_frozen(fails)
    before, statistics = modes(model), model[2].running_mean.clone()
    if fails:
        with pytest.raises(ZeroDivisionError):
            SWITCHES_MODE[name](model)
    else:
        SWITCHES_MODE[name](model)
    assert Probe.modes and not any(Probe.modes), "it ran in evaluation mode"
    assert modes(model) == before and before.count(False) == 1
    assert torch.equal(model[2].running_mean, statistics)


@pytest.mark.parametrize("name", HOOKS)
@pytest.mark.parametrize("fails", [False, True])
def test_all_hooks_are_removed(name, fails):
    model = half_frozen(fails)
    before = modes(model)
    if fails:
        with pytest.raises(ZeroDivisionError):
            HOOKS[name](model)
    else:
        HOOKS[name](model)
    assert hook_count(model) == 0 and modes(model) == before


def test_modes_are_restored_one_by_one():
    model = small().train()
    model[2].eval()
    with pytest.raises(ZeroDivisionError), evaluating(model):
        assert not any(module.training for module in model.modules())
        raise ZeroDivisionError
    assert [layer.training for layer in model] == [True, True, False, True, True, True]


def test_no_hook_stays_after_an_error():
    model = network("five_conv")
    with pytest.raises(RuntimeError), inspect.Recorder(model) as recorder:
        assert hook_count(model) > 20
        model(random_images(1, 32))  # too small for the linear layer
    assert hook_count(model) == 0 and "features.0" in recorder.outputs
    methods = (explain.saliency, explain.smooth_grad, explain.occlusion, explain.grad_cam)
    for method in (*methods, inspect.convolutions):
        with pytest.raises((RuntimeError, CatdogError)):
            method(model, random_images(1, 32))
        assert hook_count(model) == 0 and not model.training


class Twice(nn.Module):
    """Calls one layer twice, the second time with a keyword."""

    def __init__(self):
        super().__init__()
        self.conv, self.relu = nn.Conv2d(3, 3, 3, padding=1), nn.ReLU(inplace=True)

    def forward(self, x):
        return self.relu(self.conv(input=self.conv(x)))


def test_calls_are_listed_in_their_order_with_what_went_in_and_out():
    model, x = Twice(), torch.rand(2, 3, 5, 5)
    calls = named_calls(model, x)
    assert [(call.name, call.layer) for call in calls] == [
        ("conv", model.conv),
        ("conv#2", model.conv),
        ("relu", model.relu),
    ]
    first, second, last = calls
    assert first.inputs == (x,) and second.inputs == (first.output,)
    assert last.inputs == (second.output,) and last.output is second.output, "in place: no copies"
    assert torch.equal(last.output, model(x)) and not last.output.requires_grad
    assert [call.name for call in named_calls(model, x, ["", "conv#2"])] == ["conv#2", ""]


def test_hooks_see_layers_begin_and_end_and_may_replace_an_output():
    model, x, seen = Twice(), torch.rand(2, 3, 5, 5), []

    def after(call):
        seen.append(f"end {call.name}")

    def before(name, layer):
        seen.append(f"begin {name}")

    with forward_hooks(model, after, before, layers=["", "conv"]):
        model(x)
    assert seen == ["begin ", "begin conv", "end conv", "begin conv", "end conv#2", "end "]
    with forward_hooks(model, lambda call: torch.zeros_like(call.output), layers=["conv#2"]):
        assert model(x).max() == 0
    assert model(x).max() > 0


def test_calls_are_counted_in_each_run_from_one():
    model, x, names = Twice(), torch.rand(2, 3, 5, 5), []
    with forward_hooks(model, lambda call: names.append(call.name)):
        model(x)
        model(x)
    assert names == 2 * ["conv", "conv#2", "relu"]


def test_an_unknown_layer_is_named_and_leaves_no_hook():
    model = Twice()
    with (
        pytest.raises(CatdogError, match=r"no layer 'nose'.* such as 'relu'"),
        forward_hooks(model, layers=["conv", "nose", "relu"]),
    ):
        pass
    assert hook_count(model) == 0


@pytest.mark.parametrize("fails", [False, True])
def test_hooks_on_the_graph_are_removed(fails):
    x = torch.ones(2, requires_grad=True)
    y, seen = (x * 3).sum(), []

    def during(function, of_inputs, of_outputs):
        seen.append(function.name())
        if fails:
            raise ZeroDivisionError

    try:
        with graph_hooks([y.grad_fn], during):
            torch.autograd.grad(y, x, retain_graph=True)
    except ZeroDivisionError:
        assert fails
    y.backward()
    assert seen == ["SumBackward0"] and x.grad.tolist() == [3, 3]


@pytest.mark.parametrize("room", ["inspect", "explain", "explore"])
def test_no_other_file_registers_a_hook_or_switches_the_mode(room):
    """Each that did had its own way to clean up, and three of them thawed a frozen BatchNorm."""
    library = Path(catdog_lib.__file__).parent
    pattern = re.compile(r"register_\w*hook|\.eval\(\)|\.train\(|\.training = ")
    files = {
        path.relative_to(library).as_posix()
        for path in (library / room).rglob("*.py")
        if pattern.search(path.read_text(encoding="utf-8"))
    }
    assert files == ({"inspect/hooks.py"} if room == "inspect" else set())


def test_hooks_are_registered_in_one_file_of_the_library():
    """Calls only: a hint of lesson 07 names the method that a student has to use.

    Its checker attaches a hook as somebody else's, to see whether it is still there afterwards. And
    a diagnosis watches an optimizer and its parameters, which are no layers.
    """
    library = Path(catdog_lib.__file__).parent
    files = {
        path.relative_to(library).as_posix()
        for path in library.rglob("*.py")
        if re.search(r"\.register_\w*hook\(", path.read_text(encoding="utf-8"))
    }
    assert files == {
        "inspect/hooks.py",
        "exercises/lesson_07_units.py",
        "diagnose/gradients.py",
    }
