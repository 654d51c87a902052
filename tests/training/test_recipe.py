"""A recipe: what it refuses, and that a file brings it back."""

import json
import math
from dataclasses import FrozenInstanceError, asdict, fields

import pytest

from catdog_lib.data import augment
from catdog_lib.errors import CatdogError
from catdog_lib.training.recipe import Recipe


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"epochs": 0}, "epochs is 0; it must be a whole number above 0"),
        ({"epochs": 2.5}, "epochs is 2.5"),
        ({"epochs": "3"}, "epochs is '3'"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"accumulate": 0}, "accumulate is 0"),
        ({"accumulate": 1.5}, "accumulate is 1.5"),
        ({"patience": 0}, "patience is 0"),
        ({"lr": 0}, "lr is 0; it must be above 0"),
        ({"lr": -1.0}, "lr is -1.0"),
        ({"lr": math.nan}, "lr is nan"),
        ({"lr": math.inf}, "lr is inf"),
        ({"momentum": 1.0}, "momentum is 1.0; it must be 0 or more, and below 1"),
        ({"momentum": -0.1}, "momentum is -0.1"),
        ({"weight_decay": -1e-9}, "weight_decay is -1e-09; it must be 0 or more"),
        ({"weight_decay": math.nan}, "weight_decay is nan"),
        ({"l1": -0.1}, "l1 is -0.1"),
        ({"group_l1": -0.1}, "group_l1 is -0.1"),
        ({"penalty": "prox"}, "penalty is 'prox'; .* gradient, proximal"),
        ({"penalty": "proximal", "average": 0.9}, "average is 0.9, .* no exact zeros"),
        ({"label_smoothing": 1.0}, "label_smoothing is 1.0"),
        ({"label_smoothing": -0.1}, "label_smoothing is -0.1"),
        ({"average": 1}, "average is 1"),
        ({"clip": 0.0}, "clip is 0.0; it must be above 0"),
        ({"crop": 0}, "crop is 0; it must be above 0, and 1 at most"),
        ({"crop": 1.01}, "crop is 1.01"),
        ({"schedule": "linear"}, "schedule is 'linear'; .* constant, cosine, one_cycle"),
        ({"precision": "int8"}, "precision is 'int8'; .* auto, float32"),
        ({"keep": "first"}, "keep is 'first'; .* best, last"),
        ({"augment": "random_flip"}, r"augment is 'random_flip'.*\('flip_and_crop',\)"),
        ({"augment": True}, r"augment is True.*\('flip_and_crop',\)"),
        ({"augment": None}, "augment is None"),
        ({"augment": ("rotate",)}, "'rotate'.*random_rotation"),
        ({"sizes": 64}, r"sizes is 64.*\(48, 64\)"),
        ({"sizes": (48, 64)}, "flip_and_crop.*first function of augment"),
        ({"sizes": (48,), "augment": ("colour_jitter", "flip_and_crop")}, "first function"),
        (
            {"sizes": (64, 7), "augment": ("flip_and_crop",)},
            "sizes is .*must be whole numbers, 8 or more",
        ),
        ({"test_sizes": 64}, r"test_sizes is 64.*\(64, 80\)"),
        ({"test_sizes": (64, 7)}, "test_sizes is .*must be whole numbers, 8 or more"),
        ({"sizes": (64.5,), "augment": ("flip_and_crop",)}, "sizes is .*whole"),
    ],
)
def test_what_cannot_work_is_refused_in_one_sentence(change, says):
    with pytest.raises(CatdogError, match=says) as refusal:
        Recipe(**change)
    assert "\n" not in str(refusal.value) and str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    "change",
    [
        {"momentum": 0.0},
        {"weight_decay": 0},
        {"label_smoothing": 0.999},
        {"average": 0.999},
        {"patience": 1},
        {"clip": 1e-9},
        {"sizes": (8,), "augment": ("flip_and_crop", "colour_jitter")},
        {"augment": tuple(augment.__all__)},
    ],
)
def test_what_lies_on_the_edge_is_allowed(change):
    recipe = Recipe(**change)
    assert all(getattr(recipe, name) == value for name, value in change.items())


def test_a_file_brings_an_equal_recipe_back():
    odd = Recipe(
        epochs=7, batch_size=48, optimizer="muon", lr=0.03, momentum=0.95, weight_decay=0.1,
        schedule="cosine", label_smoothing=0.1, l1=1e-5, clip=2.0, average=0.99, accumulate=2,
        augment=("flip_and_crop", "colour_jitter"), sizes=(48, 56, 64), patience=3, keep="last",
        precision="float32", compile=True, seed=11, crop=0.8, mirror=True,
        test_sizes=(64, 80), whiten=True, group_l1=1e-4, lr_decay=0.7,
    )  # fmt: skip
    default, sparse = Recipe(), Recipe(l1=1e-5, penalty="proximal")
    for field in fields(Recipe):
        set_ = sparse if field.name == "penalty" else odd  # no average goes with the proximal step
        assert getattr(set_, field.name) != getattr(default, field.name)
    for recipe in (odd, default, sparse):
        back = Recipe(**json.loads(json.dumps(asdict(recipe))))
        assert back == recipe and hash(back) == hash(recipe)


def test_it_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Recipe().lr = 1.0


class TestSizeIn:
    def test_without_sizes_the_pictures_stay_as_they_are(self):
        assert Recipe(epochs=3).size_in(1) is Recipe(epochs=3).size_in(3) is None

    @pytest.mark.parametrize(
        ("epochs", "sizes", "expected"),
        [
            (6, (48, 56, 64), [48, 48, 56, 56, 64, 64]),
            (3, (48, 56, 64), [48, 56, 64]),
            (7, (48, 56, 64), [48, 48, 48, 56, 56, 64, 64]),
            (4, (80, 64), [80, 80, 64, 64]),
            (3, (64,), [64, 64, 64]),
            (2, (48, 56, 64), [56, 64]),
        ],
    )
    def test_each_has_its_turn_for_as_many_epochs(self, epochs, sizes, expected):
        recipe = Recipe(epochs=epochs, sizes=sizes, augment=("flip_and_crop",))
        assert [recipe.size_in(epoch) for epoch in range(1, epochs + 1)] == expected
