"""The feature-map browser: what of a network a page can hold, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from catdog_lib import models, plots
from catdog_lib.errors import CatdogError
from catdog_lib.explore import FeatureMapBrowser
from catdog_lib.explore.feature_map_browser import prepare
from catdog_lib.explore.feature_map_browser.pack import decode, encode, pack_maps, unpack_maps
from catdog_lib.explore.feature_map_browser.select import fit_budget
from tests.explore.networks import IMAGE, recorded, shaken


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


def test_the_course_s_own_network_is_shown_whole():
    for size, width in ((64, 16), (64, 32)):  # that of lesson 07, and the default
        names = FeatureMapBrowser(shaken(models.ResidualCNN(size, width)), IMAGE).layer_names()
        assert names == [
            "stem.0",
            *(f"stages.{stage}.convolutions.{i}" for stage in range(3) for i in (0, 3)),
        ]


def test_the_most_varied_channels_are_chosen():
    model = shaken(models.ResidualCNN(64, 24))
    with torch.no_grad():
        model.stem[1].weight[5] = 0  # a flat map
    browser = FeatureMapBrowser(model, IMAGE)
    names = browser.layer_names()
    assert len(names) == 7 and not any("shortcut" in name for name in names)
    assert names[0] == "stem.0" and names[-1] == "stages.2.convolutions.3"
    maps = recorded(model)["stem.2"].flatten(1).std(1)
    shown = browser.layers[0]["channels"]
    assert shown == sorted(maps.topk(16).indices.tolist()) and 5 not in shown
    assert browser.layers[0]["all_channels"] == 24
    assert len(browser.layers[-1]["channels"]) == 20_000 // (192 * 9), (
        "fewer where filters are large"
    )
    assert [layer["colour"] for layer in browser.layers] == [True] + [False] * 6
    assert sum(len(json.dumps(one)) for one in (browser.layers, browser.photo)) < 700_000


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
        (lambda: five(layers=[]), r"^layers asks for 0 convolutions; pass 1 to 7"),
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
