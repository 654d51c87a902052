"""The feature-map browser shows what the network computed, in JavaScript and in Python."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from catdog_lib import models, plots
from catdog_lib.errors import CatdogError
from catdog_lib.explain import grad_cam
from catdog_lib.explore import FeatureMapBrowser
from catdog_lib.explore.feature_map_browser import prepare
from catdog_lib.explore.feature_map_browser.pack import decode, encode, pack_maps, unpack_maps
from catdog_lib.explore.feature_map_browser.replay import arithmetic, feature_map, seen_span
from catdog_lib.explore.feature_map_browser.select import fit_budget
from catdog_lib.inspect.effective_field import receptive_field_by_gradient
from catdog_lib.inspect.layers import last_feature_maps
from catdog_lib.inspect.recorder import Recorder
from tests.explore.javascript import in_javascript, run_javascript

IMAGE = (torch.arange(3 * 64 * 64) ** 2 % 251).view(3, 64, 64).to(torch.uint8)


def shaken(model: nn.Module) -> nn.Module:
    """Return the model with BatchNorms that do something, as after training."""
    torch.manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for numbers in (module.running_mean, module.running_var, module.weight, module.bias):
                if numbers is not None:
                    nn.init.uniform_(numbers, 0.5, 1.5)
    return model


def unusual() -> nn.Module:
    """Return a network with all that is unusual: groups, dilation, no bias, every activation."""
    return nn.Sequential(
        models.Normalize(),
        nn.Conv2d(3, 6, 5, 2, 1),
        nn.Tanh(),
        nn.Conv2d(6, 4, 3, padding=2, dilation=2, groups=2, bias=False),
        nn.BatchNorm2d(4, affine=False),
        nn.SiLU(),
        nn.Conv2d(4, 8, 2, padding=1, groups=4),
        nn.ReLU6(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8 * 16 * 16, 2),
    )


# The network, and for some of its convolutions the layer after which their map is shown.
NETWORKS = {
    "five_conv": (
        lambda: models.FiveConvCNN(64, 4),
        {"features.0": "features.2", "features.15": "features.17"},
    ),
    "six_block": (
        lambda: models.SixBlockCNN(64, 2),
        {"block1.0": "block1.2", "deep.0.0": "deep.0.2", "deep.0.0#3": "deep.0.2#3"},
    ),
    "residual": (
        lambda: models.ResidualCNN(64, 4),
        {"stem.0": "stem.2", "stages.1.convolutions.3": "stages.1.convolutions.4"},
    ),
    "unusual": (unusual, {"1": "2", "3": "5", "6": "7", "9": "10"}),
}


@pytest.fixture(scope="module", params=NETWORKS)
def network(request) -> tuple[nn.Module, dict[str, str]]:
    make, ends = NETWORKS[request.param]
    torch.manual_seed(0)
    return shaken(make()), ends


def recorded(model: nn.Module) -> dict[str, Tensor]:
    """Return the output of each layer for the image, C×H×W."""
    model.eval()
    with Recorder(model) as seen, torch.no_grad():
        model(IMAGE[None])
    return {name: output[0] for name, output in seen.outputs.items()}


def units(layer: dict) -> list[tuple[int, int, int]]:
    """Return some channels, by position, with places: corners, and some between."""
    rows, columns = layer["size"]
    places = [(0, 0), (rows - 1, columns - 1), (rows // 2, columns // 3), (rows - 1, 0)]
    return [(at, *place) for at in {0, len(layer["channels"]) - 1} for place in places]


def test_every_number_is_the_networks_in_python_and_in_javascript(network, tmp_path):
    """Compare to 1e-6 of the size of the sum: float32 rounds each addition, these two are double."""
    model, ends = network
    browser = FeatureMapBrowser(model, IMAGE, layers=list(ends))
    expected = recorded(model)
    layers = [layer for layer in browser.layers if layer["title"] in ends]
    cases = [(layers.index(layer), *unit) for layer in layers for unit in units(layer)]
    code = (
        f"(() => {{ const layers = {json.dumps(layers)}.map(js.unpackLayer);"
        f"return {json.dumps(cases)}.map(([i, ...unit]) => js.arithmetic(layers[i], ...unit)) }})()"
    )
    found = run_javascript("feature_map_browser/index.js", code, tmp_path)
    assert len(found) >= 16
    for (i, at, row, column), there in zip(cases, found, strict=True):
        layer = layers[i]
        here = arithmetic(layer, at, row, column)
        channel = layer["channels"][at]
        convolution = model.get_submodule(layer["title"].partition("#")[0])
        np.testing.assert_array_equal(here.weights, convolution.weight[channel].detach())
        np.testing.assert_array_equal(there["patch"], here.patch)
        np.testing.assert_allclose(there["products"], here.patch * here.weights, rtol=1e-12)
        scale = (here.patch * here.weights).abs().sum().item() + abs(here.bias)
        total = expected[layer["title"]][channel, row, column].item()
        assert [here.total, there["total"]] == pytest.approx([total] * 2, rel=0, abs=1e-6 * scale)
        np.testing.assert_allclose(there["sums"], here.sums, rtol=0, atol=1e-12 * scale)
        end = expected[ends[layer["title"]]][channel, row, column].item()
        assert [name for name, _ in here.after] == [name for name, _ in there["after"]]
        last = [here.after[-1][1], there["after"][-1][1]]
        assert last == pytest.approx([end] * 2, rel=0, abs=4e-6 * max(scale, abs(end)))


def test_whole_maps_are_the_networks_in_python_and_in_javascript(network, tmp_path):
    model, ends = network
    browser = FeatureMapBrowser(model, IMAGE, layers=list(ends))
    expected = recorded(model)
    layers = [layer for layer in browser.layers if layer["title"] in ends]
    code = (
        f"{json.dumps(layers)}.map(js.unpackLayer).map((layer) => "
        "[0, layer.steps.length].map((steps) => { "
        "const map = js.featureMap(layer, layer.channels.length - 1, steps); "
        "return { ...map, values: [...map.values] }; }))"
    )
    found = run_javascript("feature_map_browser/index.js", code, tmp_path)
    for layer, both in zip(layers, found, strict=True):
        title, at, channel = layer["title"], len(layer["channels"]) - 1, layer["channels"][-1]
        for there, name, steps in zip(both, (title, ends[title]), (0, 9), strict=True):
            true = expected[name][channel]
            here = feature_map(layer, at, steps)
            size = 4e-6 * true.abs().max().item()
            np.testing.assert_allclose(here, true, rtol=0, atol=size)
            np.testing.assert_allclose(
                np.reshape(there["values"], true.shape), true, rtol=0, atol=size
            )
            assert there["place"] == list(divmod(here.argmax().item(), here.shape[1]))
            assert [there["minimum"], there["maximum"]] == pytest.approx(
                [here.min().item(), here.max().item()], abs=size
            )


def test_what_a_unit_saw_is_what_changes_it(network, tmp_path):
    model, ends = network
    browser = FeatureMapBrowser(model, IMAGE, layers=list(ends))
    for number, layer in enumerate(browser.layers):
        name, _, use = layer["title"].partition("#")
        for row, column in [(0, 0), (layer["size"][0] // 2, layer["size"][1] // 3)]:
            browser.layer, browser.row, browser.column = number, row, column
            box = receptive_field_by_gradient(
                model, IMAGE[None], name, (row, column), int(use or 1) - 1
            )
            first, last, left, right = browser.seen()
            assert first <= box.top and box.bottom <= last and left <= box.left
            assert right - left >= box.right - box.left
            if name != "3":  # dilation leaves gaps, so that a corner's first pixels change nothing
                assert (first, last, left, right) == tuple(box)
    cases = [[[4, -7, 10], 0, 64], [[4, -7, 10], 15, 64], [None, 3, 64], [[8, -9, -5], 0, 64]]
    expected = [[0, 10], [53, 63], [0, 63], [0, -5]]
    assert (
        in_javascript("feature_map_browser/index.js", "c => js.seenSpan(...c)", cases, tmp_path)
        == expected
    )
    assert [list(seen_span(*case)) for case in cases] == expected


def test_packing_loses_nothing_and_pixels_take_a_byte():
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(4, 40, 30, generator=generator)
    maps[1] = torch.randint(0, 256, (40, 30), generator=generator) / 255 - 0.485
    maps[2] = 0
    planes = pack_maps(maps)
    assert torch.equal(unpack_maps(planes, 40, 30), maps)
    assert [set(plane) for plane in planes] == [
        {"values"},
        {"table", "index"},
        {"table", "index"},
        {"values"},
    ]
    assert len(planes[1]["index"]) == 1600 and len(planes[0]["values"]) == 6400
    assert len(pack_maps(maps[1:2, :5, :5])[0]["values"]) > 0, "a table would be longer"
    assert torch.equal(decode(encode(maps[0])), maps[0].flatten())


def test_the_heat_is_grad_cam(network):
    model, ends = network
    browser = FeatureMapBrowser(model, IMAGE, layers=list(ends))
    with torch.no_grad():
        answer = model.eval()(IMAGE[None]).argmax(1).item()
    last = grad_cam(model, IMAGE[None], 0, size=tuple(browser.last_heat["size"]))[0]
    browser.target = 0
    assert last_feature_maps(model, IMAGE[None]) in browser.last_heat["title"]
    np.testing.assert_allclose(
        browser.heat(), last / last.max().clamp(min=1e-30), atol=0.5001 / 255
    )
    browser.target, browser.heat_layer = -1, 1
    layer = browser.layers[1]
    own = grad_cam(
        model, IMAGE[None], answer, layer=ends[layer["title"]], size=tuple(layer["size"])
    )[0]
    np.testing.assert_allclose(browser.heat(), own / own.max().clamp(min=1e-30), atol=0.5001 / 255)
    assert browser.heat().max() == (own.max() > 0)
    browser.target = 1 - answer
    other = grad_cam(
        model, IMAGE[None], 1 - answer, layer=ends[layer["title"]], size=tuple(layer["size"])
    )[0]
    np.testing.assert_allclose(
        browser.heat(), other / other.max().clamp(min=1e-30), atol=0.5001 / 255
    )


def test_the_model_stays_as_it_is(network):
    model, _ = network
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    FeatureMapBrowser(model, IMAGE)
    assert all(module.training for module in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


def test_six_layers_and_the_most_varied_channels_are_chosen():
    model = shaken(models.ResidualCNN(64, 24))
    with torch.no_grad():
        model.stem[1].weight[5] = 0  # a flat map
    browser = FeatureMapBrowser(model, IMAGE)
    names = browser.layer_names()
    assert len(names) == 6 and not any("shortcut" in name for name in names)
    assert names[0] == "stem.0" and names[-1] == "stages.2.convolutions.3"
    maps = recorded(model)["stem.2"].flatten(1).std(1)
    shown = browser.layers[0]["channels"]
    assert shown == sorted(maps.topk(16).indices.tolist()) and 5 not in shown
    assert browser.layers[0]["all_channels"] == 24
    assert len(browser.layers[-1]["channels"]) == 20_000 // (192 * 9), (
        "fewer where filters are large"
    )
    assert [layer["colour"] for layer in browser.layers] == [True] + [False] * 5
    assert sum(len(json.dumps(one)) for one in (browser.layers, browser.photo)) < 600_000


def test_the_largest_layers_between_go_first_and_layers_asked_for_are_never_left_out(monkeypatch):
    model = models.FiveConvCNN(64, 8)
    whole = FeatureMapBrowser(model, IMAGE)
    assert len(whole.layers) == 5
    lengths = {layer["title"]: len(json.dumps(layer)) for layer in whole.layers}
    largest = max(list(lengths)[1:-1], key=lengths.get)
    room = len(whole.photo) + sum(lengths.values()) - 1
    monkeypatch.setattr(prepare, "MOST_TEXT", room)
    assert FeatureMapBrowser(model, IMAGE).layer_names() == [n for n in lengths if n != largest]
    with pytest.raises(
        CatdogError, match=r"^The exact numbers of these layers are too much.*features.0 \d+ kB"
    ):
        FeatureMapBrowser(model, IMAGE, layers=list(lengths))
    packed = [
        {"title": name, "numbers": "x" * size}
        for name, size in zip("abc", (900, 10, 500), strict=True)
    ]
    assert fit_budget(packed, 700, may_drop=True) == packed[2:]
    with pytest.raises(CatdogError, match="too much for a page"):
        fit_budget(packed, 300, may_drop=True)


def test_layers_and_channels_of_ones_own():
    model = models.SixBlockCNN(64, 2)
    browser = FeatureMapBrowser(model, IMAGE, layers={"deep.0.0": [9, 3], "block1.0": [1]})
    assert browser.layer_names() == [
        "block1.0",
        "deep.0.0",
        "deep.0.0#2",
        "deep.0.0#3",
        "deep.0.0#4",
    ]
    assert browser.layers[2]["channels"] == [9, 3]
    one = FeatureMapBrowser(model, IMAGE, layers={"deep.0.0#3": [9]})
    assert one.layer_names() == ["deep.0.0#3"]
    browser.layer, browser.channel = 3, 9
    np.testing.assert_array_equal(browser.shown_map(), one.shown_map())


def test_what_is_chosen_can_be_set_and_is_shown_by_the_twin():
    browser = FeatureMapBrowser(shaken(models.FiveConvCNN(64, 4)), IMAGE)
    assert browser.place() == divmod(browser.shown_map().argmax().item(), 64)
    browser.layer, browser.channel, browser.row, browser.column = 1, 6, 99, 5
    assert browser.place() == (31, 5), "the last row"
    browser.source, browser.step = 2, 0
    found = browser.arithmetic()
    assert browser.shown_map()[31, 5].item() == pytest.approx(found.total, abs=1e-6)
    settings = browser.settings()
    assert settings["source"] == 2 and torch.equal(settings["photo"], IMAGE)
    twin = plots.feature_map_browser(**settings)
    total, (norm, relu) = found.total, found.after
    assert norm[0] == "BatchNorm" and relu[1] == max(0, norm[1])
    words = f"to {total:.4g}; BatchNorm makes it {norm[1]:.4g}; ReLU makes it {relu[1]:.4g}."
    assert twin.alt_text.endswith(words.replace("-", "−"))
    assert "features.4, channel 6, row 31, column 5" in twin.alt_text
    browser.source = -1
    sums = browser.arithmetic().sums
    assert browser.settings()["source"] == sums.abs().argmax()
    browser.layer = 2
    assert browser.arithmetic().sources == list(range(8)), "another layer: its first channel"


def test_words_on_the_page(tmp_path):
    norm = {"mean": [0.25], "variance": [4], "epsilon": 0.001, "scale": [2], "shift": [-1]}
    steps = [{"name": "BatchNorm"} | norm, {"name": "ReLU"}]
    layer = {"title": "conv", "channels": [7], "bias": [-0.5], "steps": steps}
    found = {
        "sums": [1.5, 0.25],
        "bias": -0.5,
        "total": 1.25,
        "after": [["BatchNorm", -0.000123456], ["ReLU", 0]],
    }
    bare = {"title": "c", "channels": [0], "bias": None, "steps": [{"name": "tanh"}]}
    plain = {"sums": [0.5], "bias": 0, "total": 0.5, "after": [["tanh", 0.46211715]]}
    code = "([layer, found]) => js.formulas(layer, 0, found)"
    assert in_javascript(
        "feature_map_browser/index.js", code, [[layer, found], [bare, plain]], tmp_path
    ) == [
        [
            ["convolution", "1.75 (products of 2 input channels) − 0.5 (bias) = 1.25"],
            ["BatchNorm", "(1.25 − 0.25) / √(4 + 0.001) · 2 − 1 = −0.0001235"],
            ["ReLU", "max(0, −0.0001235) = 0"],
        ],
        [
            ["convolution", "0.5 (products of one input channel) and no bias = 0.5"],
            ["tanh", "tanh(0.5) = 0.4621"],
        ],
    ]
    code = "([layer, found, spans]) => js.sentence(layer, 0, 3, 4, found, spans)"
    cases = [
        [layer, found, [[0, 4], [7, 7]]],
        [bare, plain, None],
        [bare, plain, [[0, -1], [0, 4]]],
    ]
    start = "c, channel 0, row 3, column 4: the convolution gives 0.5, tanh makes it 0.4621. "
    assert in_javascript("feature_map_browser/index.js", code, cases, tmp_path) == [
        "conv, channel 7, row 3, column 4: the convolution gives 1.25, BatchNorm makes it "
        "−0.0001235, ReLU makes it 0. It saw rows 0 to 4, column 7 of the photo.",
        start + "What it saw of the photo cannot be told for this network.",
        start + "It saw nothing but padding.",
    ]
    values = [0.12345, -0.00001234, 5, -3.21e-9]
    assert in_javascript("format.js", "v => js.significantShort(v)", values, tmp_path) == [
        ".123",
        "−.0000123",
        "5",
        "−3.21e−9",
    ]


def five(image=IMAGE, **options) -> FeatureMapBrowser:
    return FeatureMapBrowser(models.FiveConvCNN(64, 2), image, **options)


def of(*layers: nn.Module, **options) -> FeatureMapBrowser:
    return FeatureMapBrowser(nn.Sequential(*layers), IMAGE, **options)


def ending() -> list[nn.Module]:
    return [nn.Flatten(), nn.LazyLinear(2)]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: five(IMAGE / 255), r"^image is torch.float32 of the shape 3×64×64; it has to"),
        (lambda: five(IMAGE[None]), r"^image is torch.uint8 of the shape 1×3×64×64"),
        (lambda: five("cat.jpg"), r"^image is str"),
        (
            lambda: five(classes=["cat"]),
            r"^The model answers with 2 logits and classes has 1 names",
        ),
        (
            lambda: five(layers=["features.1"]),
            r"^The model uses no convolution 'features.1'; it has features.0, ",
        ),
        (lambda: five(layers=[]), r"^layers asks for 0 convolutions; pass 1 to 6"),
        (
            lambda: five(layers={"features.0": [2]}),
            r"^layers asks for the channels \[2\] of features.0; pass 1 to 16",
        ),
        (
            lambda: five(layers={"features.0": []}),
            r"^layers asks for the channels \[\] of features.0",
        ),
        (lambda: setattr(five(), "layer", 5), r"^layer is 5; use one of 0, 1, 2, 3, 4"),
        (lambda: setattr(five(), "channel", 2), r"^channel is 2; use one of 0, 1"),
        (lambda: setattr(five(), "target", 2), r"^target is 2; use one of 0, 1"),
        (lambda: setattr(five(), "heat_layer", 5), r"^heat_layer is 5"),
        (lambda: setattr(five(), "opacity", 2), r"^opacity is 2"),
        (lambda: of(*ending()), r"no nn.Conv2d"),
        (lambda: of(nn.Conv2d(3, 2, 3)), r"^The model answers with the shape \(1, 2, 62, 62\)"),
        (
            lambda: of(nn.Conv2d(3, 2, 9), *ending()),
            r"^None of the model's convolutions .*: 0 has a kernel of 9",
        ),
        (lambda: of(nn.Conv2d(3, 2, (3, 1)), *ending(), layers=["0"]), r"^0 has kernel=\(3, 1\)"),
        (
            lambda: of(nn.Conv2d(3, 2, 3, 1, 1, padding_mode="reflect"), *ending()),
            r"the padding 'reflect'",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(make, words):
    with pytest.raises(CatdogError, match=words):
        make()
