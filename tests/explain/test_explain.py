"""Explanations equal captum's, find the pixels that a network was made to look at, and leave no
trace.
"""

import copy

import captum.attr as captum
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from catdog_lib import explain, inspect, models
from catdog_lib.data.image_set import ImageSet
from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import evaluating
from catdog_lib.inspect.receptive_field import receptive_field, receptive_field_by_gradient
from tests.tiny import image_set, plain, small

SIZE = 64
LAST_MAPS = {"five_conv": "features.17", "residual": "stages.2", "six_block": "deep.0.2#4"}
METHODS = (explain.saliency, explain.smooth_grad, explain.occlusion, explain.grad_cam)


def pictures(count=3, size=SIZE, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=generator)


def network(name, width=4):
    torch.manual_seed(0)
    if name == "transfer":
        return models.Classifier(pretrained=False, size=SIZE).eval()
    model = models.build(name, size=SIZE, width=width).eval()
    for layer in model.modules():  # BatchNorm as after training, so that no branch is cut off
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.uniform_(layer.running_var, 0.01, 0.1)
    return model


class Colours(nn.Module):
    """Its logits are how red and how blue a picture is at its brightest pixels: a detector of each,
    and a mean.
    """

    def __init__(self):
        super().__init__()
        self.normalize = models.Normalize((0, 0, 0), (1, 1, 1))
        self.detect = nn.Conv2d(3, 2, 1, bias=False)
        self.detect.weight.data = torch.tensor([[1.0, -1, -1], [-1, -1, 1]]).view(2, 3, 1, 1)

    def forward(self, x):
        return self.detect(self.normalize(x)).relu().mean((2, 3))


def red_and_blue():
    """A picture with a red and a blue square, and the two masks."""
    x = torch.zeros(1, 3, 16, 16, dtype=torch.uint8)
    red, blue = torch.zeros(2, 1, 16, 16, dtype=torch.bool)
    red[:, 2:6, 1:5] = True
    blue[:, 9:13, 10:14] = True
    x[:, 0][red] = 200
    x[:, 2][blue] = 100
    return x, red, blue


def relative(ours, theirs):
    assert ours.shape == theirs.shape and theirs.abs().max() > 0
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


# hooks


def test_what_is_recorded_is_what_the_layers_give():
    model, x = small().eval(), pictures(2, 8)
    with inspect.Recorder(model) as seen:
        answer = model(x)
    assert list(seen.outputs) == list("012345") and not seen.gradients
    assert torch.equal(seen.outputs["2"], model[:3](x)) and torch.equal(seen.outputs["5"], answer)
    assert not seen.outputs["2"].requires_grad


@pytest.mark.parametrize("gradients", [False, True])
def test_what_an_in_place_layer_overwrites_is_noted_as_it_was(gradients):
    model, x = network("residual"), pictures(1)
    with inspect.Recorder(model, ["stem.1"], gradients) as seen:
        answer = model(x)
    assert seen.outputs["stem.1"].min() < 0
    assert torch.equal(answer, model(x)), "the network computes what it always computes"


def test_each_use_of_a_layer_is_noted_and_a_second_run_replaces_the_first():
    model, x = network("six_block"), pictures(2)
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
    model, x = network("residual"), pictures(2)
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
        seen.backward(model(pictures(1, 8))[0, 0])
    assert seen.gradients["1"].abs().max() > 0


def hooks(model):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def test_no_hook_stays_after_an_error():
    model = network("five_conv")
    with pytest.raises(RuntimeError), inspect.Recorder(model) as seen:
        assert hooks(model) > 20
        model(pictures(1, 32))  # too small for the linear layer
    assert hooks(model) == 0 and "features.0" in seen.outputs
    for method in (*METHODS, inspect.convolutions):
        with pytest.raises((RuntimeError, CatdogError)):
            method(model, pictures(1, 32))
        assert hooks(model) == 0 and not model.training


def test_modes_come_back_one_by_one():
    model = small().train()
    model[2].eval()
    with pytest.raises(ZeroDivisionError), evaluating(model):
        assert not any(module.training for module in model.modules())
        raise ZeroDivisionError
    assert [layer.training for layer in model] == [True, True, False, True, True, True]


# layers


def test_layers_come_in_the_order_in_which_they_run():
    for name, last in LAST_MAPS.items():
        model = network(name)
        assert inspect.last_maps(model) == inspect.last_maps(model, pictures(2)) == last
    assert list(inspect.convolutions(model)) == [
        "block1.0", "block2.0", "deep.0.0", "deep.0.0#2", "deep.0.0#3", "deep.0.0#4",
    ]  # fmt: skip
    assert list(inspect.convolutions(network("residual")))[:3] == [
        "stem.0", "stages.0.convolutions.0", "stages.0.convolutions.3",
    ]  # fmt: skip
    with pytest.raises(CatdogError, match="no convolution"):
        inspect.last_maps(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), pictures(1, 2) / 255)


# attribution


@pytest.mark.parametrize("name", LAST_MAPS)
def test_grad_cam_is_captums(name):
    model, x, target = network(name), pictures(), torch.tensor([0, 1, 1])
    layer = inspect.last_maps(model)
    # Of a layer with several uses captum takes the last one.
    module = model.get_submodule(layer.partition("#")[0])
    theirs = captum.LayerGradCam(model, module).attribute(x / 255, target)
    theirs = F.interpolate(theirs.relu(), (SIZE, SIZE), mode="bilinear")[:, 0].detach()
    ours = explain.grad_cam(model, x, target)
    assert ours.dtype == torch.float32 and relative(ours, theirs) < 1e-5
    small_map = explain.grad_cam(model, x, target, layer=layer, size=(5, 7))
    assert small_map.shape == (3, 5, 7)


@pytest.mark.parametrize("name", LAST_MAPS)
def test_saliency_is_captums(name):
    model, x = network(name), pictures()
    target = model(x).argmax(1)
    theirs = captum.Saliency(model).attribute((x / 255).requires_grad_(), target).amax(1)
    assert relative(explain.saliency(model, x), theirs) < 1e-5
    assert relative(explain.saliency(model, x, 1 - target), theirs) > 1e-3


def test_saliency_is_what_a_small_change_does():
    model, x = plain().double(), pictures(2, 6) / 255
    heat = explain.saliency(model, x, 1)
    for n, row, column in ((0, 2, 3), (0, 5, 0), (1, 4, 4)):
        slopes = []
        for colour in range(3):
            step = torch.zeros(x.shape, dtype=torch.float64)
            step[n, colour, row, column] = 1e-6
            slopes.append((model(x + step)[n, 1] - model(x - step)[n, 1]).item() / 2e-6)
        assert heat[n, row, column].item() == pytest.approx(max(map(abs, slopes)), rel=1e-4)


def test_smooth_grad_averages_the_gradient_before_it_takes_the_size():
    class Waves(nn.Module):  # for s = sin(ωx) the mean of s′(x + ε) is ω cos(ωx) exp(−ω²σ²/2)
        def __init__(self):
            super().__init__()
            self.omega = nn.Parameter(torch.tensor(9.0))

        def forward(self, x):
            waves = (self.omega * x).sin().sum((1, 2, 3))
            return torch.stack([waves, -waves], 1)

    x = torch.linspace(0, 1, 12).view(1, 1, 3, 4)
    heat = explain.smooth_grad(Waves(), x, 0, samples=2000, noise=0.2)
    right = (9 * (9 * x).cos() * torch.tensor(-0.5 * (9 * 0.2) ** 2).exp()).abs()[:, 0]
    assert torch.allclose(heat, right, atol=0.45)  # 3 standard errors of a mean of 2000
    mean_of_sizes = 9 * 2 / torch.pi
    assert heat.mean() < 0.5 * mean_of_sizes

    model = plain()
    assert torch.equal(
        explain.smooth_grad(model, pictures(2), noise=0.0, samples=1),
        explain.saliency(model, pictures(2)),
    )
    first, second, third = (explain.smooth_grad(model, pictures(2), seed=s) for s in (1, 1, 2))
    assert torch.equal(first, second) and not torch.equal(first, third)


@pytest.mark.parametrize("patch, stride", [(5, 5), (6, 4), (7, 3)])
def test_occlusion_is_captums(patch, stride):
    model, x = plain().eval(), pictures(2, 20)
    theirs = captum.Occlusion(model).attribute(
        x / 255, (3, patch, patch), (3, stride, stride), baselines=0.5, target=1
    )
    ours = explain.occlusion(model, x, 1, patch=patch, stride=stride)
    assert relative(ours, theirs[:, 0].float().detach()) < 1e-5


@pytest.mark.parametrize("method", METHODS)
def test_heat_lies_where_the_network_looks(method):
    x, red, blue = red_and_blue()
    model = Colours()
    options = {}
    if method is explain.occlusion:
        options = {"patch": 1, "fill": 0.0}
    if method is explain.smooth_grad:
        options = {"noise": 0.01}
    for target, mask in ((0, red), (1, blue)):
        heat = method(model, x, target, **options)
        inside, outside = heat[mask], heat[~mask]
        assert inside.min() > 0.99 * inside.max() > 0, "as much at each pixel of the square"
        noisy = method is explain.smooth_grad  # noise can be red, too
        assert outside.mean() < 0.6 * inside.mean() if noisy else (outside == 0).all()
        assert explain.pointing_game(heat, mask) == 1
    assert torch.equal(method(model, x, **options), method(model, x, 0, **options)), "it says red"


@pytest.mark.parametrize("name", [*LAST_MAPS, "transfer"])
def test_every_method_works_on_every_network_and_leaves_it_as_it_was(name):
    model, x = network(name), pictures(2)
    model.train()
    modes = [module.training for module in model.modules()]
    before = copy.deepcopy(model.state_dict())
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    heats = [explain.saliency(model, x), explain.grad_cam(model, x)]
    heats += [explain.smooth_grad(model, x, samples=2), explain.occlusion(model, x, patch=32)]
    with torch.no_grad():
        assert torch.equal(explain.grad_cam(model, x), heats[1])
    for heat in heats:
        assert heat.shape == (2, SIZE, SIZE) and heat.isfinite().all()
    assert (heats[0] > 0).any() and min(heat.min() for heat in heats[:3]) >= 0
    assert explain.deletion_curve(model, x, heats[0], steps=2).shape == (2, 3)
    assert modes == [module.training for module in model.modules()] and hooks(model) == 0
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert all((p.grad == 1).all() for p in model.parameters())


def test_many_pictures_are_explained_as_one_by_one():
    model, x = network("five_conv"), pictures(35)
    target = torch.arange(35) % 2
    heat = explain.saliency(model, x, target)
    assert relative(heat[34:], explain.saliency(model, x[34:], target[34:])) < 1e-4
    curve = explain.deletion_curve(model, x, heat, target, steps=3)
    one = explain.deletion_curve(model, x[34:], heat[34:], target[34:], steps=3)
    assert torch.allclose(curve[34:], one, atol=1e-6)
    assert (
        relative(explain.grad_cam(model, x / 255, target), explain.grad_cam(model, x, target))
        < 1e-5
    )


ERRORS = {
    "N×3×H×W": lambda m, x: explain.saliency(m, x[0]),
    "give uint8, or float in": lambda m, x: explain.grad_cam(m, x.float()),
    "one class for each": lambda m, x: explain.saliency(m, x, torch.tensor([0, 1])),
    "outside 0 to 1": lambda m, x: explain.occlusion(m, x, 2),
    "at least 1": lambda m, x: explain.smooth_grad(m, x, samples=0),
    "use a smaller one": lambda m, x: explain.occlusion(m, x, patch=9),
    "from 1 to patch=2": lambda m, x: explain.occlusion(m, x, patch=2, stride=3),
    "no layer 'nose'": lambda m, x: explain.grad_cam(m, x, layer="nose"),
    "before flatten": lambda m, x: explain.grad_cam(m, x, layer="5"),
    "a use of it that there is": lambda m, x: explain.grad_cam(m, x, layer="1#7"),
    "outside torch.no_grad": lambda m, x: no_gradient(m, x),
    "one value for each pixel": lambda m, x: explain.deletion_curve(m, x, torch.zeros(1, 4, 4)),
    "steps is 65": lambda m, x: explain.insertion_curve(m, x, torch.zeros(3, 8, 8), steps=65),
    "layers is 3": lambda m, x: explain.randomize_weights(m, layers=3),
    "both must be": lambda m, x: explain.heat_by_part(torch.zeros(1, 4, 4), torch.zeros(2, 4, 4)),
    "must be N×H×W": lambda m, x: explain.similarity(torch.zeros(2, 3), torch.zeros(2, 3)),
    "channel is 4": lambda m, x: inspect.top_activations(m, image_set(2, 0), "3", 4),
    "have no places": lambda m, x: inspect.top_activations(m, image_set(2, 0), "5", 0),
}


def no_gradient(model, x):
    with inspect.Recorder(model, gradients=True) as seen, torch.no_grad():
        seen.backward(model(x).sum())


@pytest.mark.parametrize("words", ERRORS)
def test_a_mistake_is_answered_in_a_sentence(words):
    with pytest.raises(CatdogError, match=words):
        ERRORS[words](small().eval(), pictures(3, 8))


# truth


def test_heat_and_area_by_part():
    parts = torch.tensor([[[0, 0], [1, 4]], [[2, 2], [2, 3]]], dtype=torch.uint8)
    heat = torch.tensor([[[1.0, 2], [4, 1]], [[-5, 1], [0, 3]]])
    shares = explain.heat_by_part(heat, parts)
    right = torch.tensor([[3 / 8, 4 / 8, 0, 0, 1 / 8], [0, 0, 1 / 4, 3 / 4, 0]])
    assert explain.PARTS == ("background", "body", "ears", "eyes", "muzzle")
    assert torch.allclose(shares, right)
    area = torch.tensor([[2 / 4, 1 / 4, 0, 0, 1 / 4], [0, 0, 3 / 4, 1 / 4, 0]])
    assert torch.allclose(explain.area_by_part(parts), area)
    assert torch.allclose(explain.heat_by_part(-heat.abs(), parts), area), "no heat counts as even"


def test_the_pointing_game():
    mask = torch.zeros(4, 5, 6, dtype=torch.bool)
    mask[:, 2, 3] = True
    heat = torch.zeros(4, 5, 6)
    heat[0, 2, 3] = 1  # hit
    heat[1, 3, 2] = 1  # miss
    heat[2] = -1
    heat[2, 2, 3] = 0  # hit: the largest counts, whatever its sign
    assert explain.pointing_game(heat, mask) == 0.5
    assert explain.pointing_game(torch.zeros(4, 5, 6), torch.ones(4, 5, 6)) == 0, (
        "a flat map does not point"
    )


def test_curves_run_from_the_whole_picture_to_the_empty_one():
    model, x = network("five_conv"), pictures(2)
    heat = explain.saliency(model, x)
    grey = torch.full((2, 3, SIZE, SIZE), 0.25)
    for target in (None, 0, torch.tensor([1, 0])):
        chosen = model(x).argmax(1) if target is None else torch.as_tensor(target).expand(2)
        whole, empty = (model(p).softmax(1)[[0, 1], chosen].detach() for p in (x, grey))
        gone = explain.deletion_curve(model, x, heat, target, steps=4, fill=0.25)
        come = explain.insertion_curve(model, x, heat, target, steps=4, fill=0.25)
        assert gone.shape == come.shape == (2, 5)
        assert torch.allclose(gone[:, 0], whole) and torch.allclose(gone[:, -1], empty)
        assert torch.allclose(come[:, 0], empty) and torch.allclose(come[:, -1], whole)


def test_curves_take_the_hottest_pixels_first():
    x, red, _ = red_and_blue()
    model, heat = Colours(), red.float()
    step = 256 // 16  # the square has 16 pixels: all of it goes with the first step
    logits = model(x)
    without = torch.tensor([[0.0, logits[0, 1].item()]]).softmax(1)[0, 0].item()
    gone = explain.deletion_curve(model, x, heat, 0, steps=step, fill=0.0)[0]
    come = explain.insertion_curve(model, x, heat, 0, steps=step, fill=0.0)[0]
    assert gone[1].item() == pytest.approx(without)
    alone = torch.tensor([[logits[0, 0].item(), 0.0]]).softmax(1)[0, 0].item()
    assert come[1].item() == pytest.approx(alone) and come[0].item() == pytest.approx(0.5)
    coldest = explain.deletion_curve(model, x, -heat, 0, steps=step, fill=0.0)[0]
    assert explain.area_under(gone[None]) < explain.area_under(coldest[None])


def test_the_area_under_a_line():
    curves = torch.tensor([[1.0, 0.5, 0.0], [1, 1, 1], [0, 1, 0]])
    assert explain.area_under(curves).tolist() == [0.5, 1.0, 0.5]


# randomisation


def changed(model, other):
    """Which layers have other numbers: parameters or running statistics."""
    pairs = zip(model.state_dict().items(), other.state_dict().values(), strict=True)
    return {key.rpartition(".")[0] for (key, a), b in pairs if not torch.equal(a, b)}


def test_weights_are_forgotten_from_the_top_down():
    model = network("five_conv")
    before = copy.deepcopy(model.state_dict())
    state = torch.random.get_rng_state()
    top, two = (explain.randomize_weights(model, layers=n) for n in (1, 2))
    assert changed(model, top) == {"classifier.6"}
    assert changed(model, two) == {"classifier.6", "classifier.4"}
    conv = explain.randomize_weights(model, layers=5)
    assert changed(model, conv) >= {"features.15", "features.16"}, "its BatchNorm goes with it"
    assert not changed(model, conv) & {"features.12", "features.13", "features.0"}
    every = explain.randomize_weights(model)
    holders = {n for n, m in model.named_modules() if hasattr(m, "reset_parameters")}
    assert changed(model, every) == holders
    assert every.features[1].running_mean.eq(0).all() and not every.training
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert not changed(every, explain.randomize_weights(model)), "the same seed, the same weights"
    assert not torch.equal(every.classifier[0].weight, model.classifier[0].weight), (
        "built with seed 0"
    )
    assert changed(every, explain.randomize_weights(model, seed=1)) >= {
        "features.0",
        "classifier.6",
    }


def test_a_frozen_network_forgets_without_touching_the_original():
    model = network("transfer")
    other = explain.randomize_weights(model, layers=1)
    assert changed(model, other) == {"head"}
    other.train()
    (_, first), (_, ours) = model.stages[0], other.stages[0]
    assert not ours.training and ours.train.__self__ is ours is not first


def test_similarity_is_spearmans():
    generator = torch.Generator().manual_seed(0)
    a = torch.rand(3, 4, 5, generator=generator)
    b = torch.randint(0, 4, (3, 4, 5), generator=generator).float()  # many ties
    right = [
        pd.Series(u.flatten().numpy()).rank().corr(pd.Series(v.flatten().numpy()).rank())
        for u, v in zip(a, b, strict=True)
    ]
    assert explain.similarity(a, b).tolist() == pytest.approx(right, abs=1e-6)
    assert explain.similarity(a, a.exp()).tolist() == pytest.approx([1, 1, 1])
    assert explain.similarity(a, -a).tolist() == pytest.approx([-1, -1, -1])
    assert explain.similarity(a, torch.ones_like(a)).tolist() == [0, 0, 0]


# units


def test_statistics_are_those_of_all_pictures_at_once():
    model, data = small(), image_set(37, 0)  # three batches, the last one smaller
    model[1].bias.data[2] = -1e6
    model.train()
    rows = inspect.activation_statistics(model, data)
    assert [(row.name, row.kind) for row in rows][:4] == [
        ("0", "Normalize"), ("1", "Conv2d"), ("2", "BatchNorm2d"), ("3", "ReLU"),
    ]  # fmt: skip
    model.eval()
    with torch.no_grad():
        values = model[:4](data[:][0]).double()
    relu = rows[3]
    assert relu.mean == pytest.approx(values.mean().item(), rel=1e-5)
    assert relu.std == pytest.approx(values.std(correction=0).item(), rel=1e-4)
    assert relu.zeros == pytest.approx((values == 0).double().mean().item(), rel=1e-9)
    assert (relu.channels, relu.dead) == (4, 1) and rows[1].dead == 0 and rows[5].channels == 2


def test_a_channel_that_one_picture_of_the_first_batch_excites_is_not_dead():
    model = nn.Sequential(models.Normalize((0, 0, 0), (1, 1, 1)), nn.Conv2d(3, 2, 1), nn.ReLU())
    nn.init.ones_(model[1].weight)
    model[1].bias.data = torch.tensor([-2.9, -3.1])  # white is 3
    store = torch.zeros(40, 3, 4, 4, dtype=torch.uint8)
    store[1, :, 2, 2] = 255
    data = ImageSet(store, torch.arange(40), torch.zeros(40, dtype=torch.int64), ("",) * 40)
    assert [row.dead for row in inspect.activation_statistics(model, data)] == [0, 0, 1]


def test_what_excites_a_unit_is_found_with_its_place_and_patch():
    store = torch.full((20, 3, 24, 24), 40, dtype=torch.uint8)
    store[7, :, 10:13, 4:7] = 250  # bright squares as large as the filter
    store[18, :, 0:3, 21:24] = 200
    store[3, :, 20:22, 9:12] = 200  # only two thirds of one
    model = nn.Sequential(
        models.Normalize(), nn.Conv2d(3, 2, 3, padding=1, bias=False), nn.ReLU(), nn.MaxPool2d(2)
    )
    model[1].weight.data[0] = -1
    model[1].weight.data[1] = 1
    data = ImageSet(store, torch.arange(20), torch.zeros(20, dtype=torch.int64), ("",) * 20)
    first, second, third = inspect.top_activations(model, data, "1", 1, count=3)
    assert [(e.position, e.row, e.column) for e in (first, second)] == [(7, 11, 5), (18, 1, 22)]
    assert first.box == (10, 12, 4, 6) and second.box == (0, 2, 21, 23)
    assert first.patch.shape == (3, 3, 3) and (first.patch == 250).all()
    assert third.position == 3 and first.value > second.value > third.value
    with torch.no_grad():
        assert first.value == pytest.approx(model[:2](store[7:8])[0, 1, 11, 5].item())
    pooled = inspect.top_activations(model, data, "3", 1, count=1)[0]
    assert (pooled.row, pooled.column) == (5, 2) and pooled.box == (9, 12, 3, 6)
    (edge,) = inspect.top_activations(model, data.subset(torch.tensor([18])), "2", 1, count=5)
    assert edge.box == (0, 2, 21, 23)


def test_the_field_of_any_layer_is_the_measured_one():
    model, x = network("residual"), pictures(1)
    field = inspect.Fields.of(model, x, "stages.0")  # a block: its two paths see differently much
    measured = receptive_field_by_gradient(model, x, "stages.0", (8, 7))
    assert field.box(8, 7, x[0]) == measured
    assert field.box(0, 15, x[0]).top == 0 and field.box(0, 15, x[0]).right == 63
    six = network("six_block")
    rows = [row for row in receptive_field(six, x) if row.name == "deep.0.0"]
    second = inspect.Fields.of(six, x, "deep.0.0#2")
    assert second.down.last - second.down.first + 1 == rows[1].size
