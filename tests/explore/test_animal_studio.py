"""The animal studio shows what the networks said of the very images on the page."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from torch import nn

from catdog_lib import plots
from catdog_lib.errors import CatdogError
from catdog_lib.explain import grad_cam, occlusion
from catdog_lib.explore import AnimalStudio
from catdog_lib.explore.animal_studio.record import all_variants, cut_sheet, number_of
from catdog_lib.sketches.variants import TRAITS, draw_variant
from tests.explore.javascript import in_javascript, run_javascript

SIZE = 32
CODE = "animal_studio/index.js"
OTHER = {"ears": "hanging", "muzzle": "flat", "body": "broad", "coat": "ginger", "scene": "beach"}


def network(seed: int) -> nn.Module:
    """Return a network that has not learned, but does not say the same of every image."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, 2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, 2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8 * 36, 2),
    )


@pytest.fixture(scope="module")
def networks() -> dict[str, nn.Module]:
    return {"one": network(0), "other": network(1)}


@pytest.fixture(scope="module")
def recorded(networks) -> AnimalStudio:
    return AnimalStudio(networks, size=SIZE, seed=3)


@pytest.fixture
def studio(recorded) -> AnimalStudio:
    """Return the studio as it is at first."""
    first = {trait: next(iter(choices)) for trait, choices in TRAITS.items()}
    for name, value in (first | {"network": "one"}).items():
        setattr(recorded, name, value)
    return recorded


def probabilities(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Return the model's own probabilities of a dog."""
    with torch.no_grad():
        return model.eval()(images).double().softmax(1)[:, 1]


def test_every_recorded_probability_is_the_models_own(recorded, networks):
    images = cut_sheet(recorded.sheet, SIZE)
    assert images.shape == (324, 3, SIZE, SIZE)
    for one in recorded.networks:
        own = probabilities(networks[one["name"]], images / 255)
        shown = 1 / (1 + np.exp(-np.array(one["scores"])))
        np.testing.assert_allclose(shown, own, atol=1e-6)
        assert np.ptp(shown) > 0.01, "this network can tell some of them apart"


def test_the_image_shown_is_the_variant_that_was_chosen(studio):
    for name, choice in OTHER.items():
        setattr(studio, name, choice)
    traits = studio.chosen()
    assert traits == {"eyes": "slit pupils"} | OTHER
    drawn = np.asarray(draw_variant(traits, SIZE, 3), float).transpose(2, 0, 1)
    gaps = [np.abs(image - drawn).mean() for image in cut_sheet(studio.sheet, SIZE).numpy()]
    assert np.argmin(gaps) == number_of(traits) and min(gaps) < 6  # what JPEG costs
    np.testing.assert_array_equal(studio.image(), cut_sheet(studio.sheet, SIZE)[number_of(traits)])


def test_probability_and_heat_are_those_of_the_image_shown(studio, networks):
    studio.ears, studio.network = "hanging", "other"
    image = studio.image()[None] / 255
    own = probabilities(networks["other"], image).item()
    assert studio.probability() == pytest.approx(own, abs=1e-6)
    heat = grad_cam(networks["other"], image, size=(16, 16))[0]
    np.testing.assert_allclose(studio.heat(), heat / heat.max().clamp(min=1e-30), atol=0.501 / 255)


def test_heat_can_be_that_of_occlusion(networks, monkeypatch):
    from catdog_lib.explore.animal_studio import record

    some = all_variants()[:2]
    monkeypatch.setattr(record, "all_variants", lambda: some)
    studio = AnimalStudio(networks["one"], size=SIZE, method="occlusion")
    assert studio.network == "the network"
    image = studio.image()[None] / 255
    heat = occlusion(networks["one"], image, patch=8, stride=4).relu()[0]
    heat = heat.view(16, 2, 16, 2).mean((1, 3))
    np.testing.assert_allclose(studio.heat(), heat / heat.max().clamp(min=1e-30), atol=0.501 / 255)


def test_an_animal_with_features_of_both_is_neither(studio):
    assert studio.animal() == "cat"
    studio.ears = "hanging"
    assert studio.animal() == "neither"
    studio.muzzle, studio.eyes, studio.body = "long", "round and dark", "broad"
    assert studio.animal() == "dog"
    studio.coat, studio.scene = "ginger", "garden"
    assert studio.animal() == "dog"


def test_single_changes_are_what_the_choices_then_show(studio):
    studio.muzzle = "flat"
    changes, here, before = studio.single_changes(), studio.probability(), studio.chosen()
    assert len(changes) == sum(len(choices) - 1 for choices in TRAITS.values()) == 10
    sizes = [abs(one.change) for one in changes]
    assert sizes == sorted(sizes, reverse=True)
    for one in changes:
        setattr(studio, one.trait, one.choice)
        assert studio.probability() == one.probability == pytest.approx(here + one.change)
        setattr(studio, one.trait, before[one.trait])


def test_mean_effects_are_means_over_all_pairs(studio):
    scores = studio.networks[0]["scores"]
    sums = {trait: [] for trait in TRAITS}
    for traits in all_variants():
        for trait, choices in TRAITS.items():
            for choice in list(choices)[list(choices).index(traits[trait]) + 1 :]:
                both = scores[number_of(traits)], scores[number_of(traits | {trait: choice})]
                one, other = (1 / (1 + math.exp(-score)) for score in both)
                sums[trait].append(abs(one - other))
    expected = {trait: np.mean(sizes) for trait, sizes in sums.items()}
    assert studio.mean_effects() == pytest.approx(expected)


def test_the_static_version_takes_what_is_shown(studio):
    studio.ears = "hanging"
    first = studio.single_changes()[0]
    words = plots.animal_studio(**studio.settings()).alt_text
    assert words.startswith(f"neither, seen by one, with {100 * studio.probability():.0f}%")
    assert f"{first.trait} → {first.choice}, to {100 * first.probability:.0f}%" in words


def test_javascript_finds_the_same_numbers(studio, tmp_path):
    for name, choice in OTHER.items():
        setattr(studio, name, choice)
    grid, scores = json.dumps(studio.grid), json.dumps(studio.networks[0]["scores"])
    found = in_javascript(CODE, f"c => js.numberOf({grid}, c)", all_variants(), tmp_path)
    assert found == list(range(324))
    chosen = json.dumps(studio.chosen())
    code = f"js.singleChanges({grid}, {scores}, {chosen})"
    changes = run_javascript(CODE, code, tmp_path)
    here = [one._asdict() for one in studio.single_changes()]
    assert [list(one) for one in changes] == [list(one) for one in here]
    for one, other in zip(changes, here, strict=True):
        assert one == pytest.approx(other, abs=1e-12)
    effects = run_javascript(CODE, f"js.meanEffects({grid}, {scores})", tmp_path)
    assert dict(effects) == pytest.approx(studio.mean_effects(), abs=1e-12)


def test_words_on_the_page(studio, tmp_path):
    grid, chosen = json.dumps(studio.grid), studio.chosen()
    mixed = chosen | {"muzzle": "long", "body": "broad"}
    dog = mixed | {"ears": "pricked", "eyes": "round and dark"}
    assert in_javascript(CODE, f"c => js.truthText({grid}, c)", [chosen, mixed, dog], tmp_path) == [
        "This is a cat.",
        "This is neither: ears, eyes of a cat; muzzle, body of a dog.",
        "This is a dog.",
    ]
    code = f"js.sentence({grid}, {json.dumps(chosen)}, ['a', 'b'], [0.834, 0.0004])"
    assert run_javascript(CODE, code, tmp_path) == (
        "a: 83% dog; b: < 1% dog. This is a cat. It has: ears pointed, muzzle short, "
        "eyes slit pupils, body slim, coat grey, scene sofa."
    )
    changes, effects = [{"probability": 0.6}, {"probability": 0.4}], [["x", 0.1], ["y", 0.2]]
    code = f"js.summary('a', 0.2, {json.dumps(changes)}, {json.dumps(effects)}, 9)"
    assert run_javascript(CODE, code, tmp_path) == (
        "1 of 2 single changes turn the prediction of “a” here. "
        "Mean size of a change over all 9 animals, in points: y 20.0, x 10.0."
    )
    values = [0.9371, -0.0004, -0.25, 0]
    assert in_javascript(CODE, "v => js.points(v)", values, tmp_path) == [
        "+93.7",
        "0.0",
        "−25.0",
        "0.0",
    ]
    shares = [0, 0.0049, 0.006, 0.5, 0.994, 0.996, 1]
    expected = ["< 1%", "< 1%", "1%", "50%", "99%", "> 99%", "> 99%"]
    assert in_javascript(CODE, "v => js.percent(v)", shares, tmp_path) == expected


@pytest.mark.parametrize(
    ("networks", "options", "message"),
    [
        ({}, {}, "networks holds 0; pass 1 to 4"),
        ({str(i): nn.Flatten() for i in range(5)}, {}, "networks holds 5"),
        ([nn.Flatten()], {}, "The network 'the network' is a list; pass an nn.Module"),
        (
            {"a": nn.Flatten()},
            {"size": 33},
            "The network 'a' gives 1×3267 numbers for one image of 33",
        ),
        (nn.Flatten(), {"size": 16}, "size is 16; it has to be an integer, 32 to 128"),
        (nn.Flatten(), {"size": 64.0}, "size is 64.0"),
        (nn.Sequential(nn.Flatten(), nn.Linear(3072, 2)), {"seed": -1}, "seed is -1"),
        (nn.Flatten(), {"method": "CAM"}, "method is 'CAM'; use 'Grad-CAM' or 'occlusion'"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(networks, options, message):
    with pytest.raises(CatdogError, match=f"^{message}"):
        AnimalStudio(networks, **({"size": SIZE} | options))


def test_choices_that_do_not_exist_are_refused(studio):
    for name, message in (("ears", "use one of 'pointed'"), ("network", "use one of 'one', 'oth")):
        with pytest.raises(CatdogError, match=f"^{name} is 'x'; {message}"):
            setattr(studio, name, "x")


def test_the_networks_stay_as_they_are(networks):
    model = networks["one"].train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    AnimalStudio(model, size=SIZE)
    assert all(module.training for module in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())
