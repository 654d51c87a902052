"""A recipe: what it refuses, and that a file brings it back."""

import json
import math
import subprocess
import sys
from dataclasses import FrozenInstanceError, asdict, fields

import numpy as np
import pytest

from catdog_lib.data import augment
from catdog_lib.errors import CatdogError
from catdog_lib.training.recipe import Recipe


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"epochs": 0}, "epochs is 0; it must be an integer above 0"),
        ({"epochs": 2.5}, "epochs is 2.5"),
        ({"epochs": "3"}, "epochs is '3'"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"accumulation_steps": 0}, "accumulation_steps is 0"),
        ({"accumulation_steps": 1.5}, "accumulation_steps is 1.5"),
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
        ({"penalty": "proximal", "ema_decay": 0.9}, "ema_decay is 0.9, .* no exact zeros"),
        ({"label_smoothing": 1.0}, "label_smoothing is 1.0"),
        ({"label_smoothing": -0.1}, "label_smoothing is -0.1"),
        ({"ema_decay": 1}, "ema_decay is 1"),
        ({"max_grad_norm": 0.0}, "max_grad_norm is 0.0; it must be above 0"),
        ({"lr": "0.1"}, "lr is '0.1'; it must be a number"),
        ({"momentum": "0.9"}, "momentum is '0.9'; it must be a number"),
        ({"patience": "3"}, "patience is '3'; it must be a number"),
        ({"optimizer": None}, "optimizer is None; it must be a name, as 'Adam' is"),
        ({"seed": 1.0}, "seed is 1.0; it must be an integer"),
        ({"min_crop": 0}, "min_crop is 0; it must be above 0, and 1 at most"),
        ({"min_crop": 1.01}, "min_crop is 1.01"),
        ({"schedule": "linear"}, "schedule is 'linear'; .* constant, cosine, one_cycle"),
        ({"precision": "int8"}, "precision is 'int8'; .* auto, float32"),
        ({"keep": "first"}, "keep is 'first'; .* best, last"),
        ({"augment": "random_flip"}, r"augment is 'random_flip'.*\('flip_and_crop',\)"),
        ({"augment": True}, r"augment is True.*\('flip_and_crop',\)"),
        ({"augment": None}, "augment is None"),
        ({"augment": ("rotate",)}, "'rotate'.*random_rotation"),
        ({"train_sizes": 64}, r"train_sizes is 64.*\(48, 64\)"),
        ({"train_sizes": (48, 64)}, "flip_and_crop.*first function of augment"),
        ({"train_sizes": (48,), "augment": ("colour_jitter", "flip_and_crop")}, "first function"),
        (
            {"train_sizes": (64, 7), "augment": ("flip_and_crop",)},
            "train_sizes is .*must be integers, 8 or more",
        ),
        ({"test_sizes": 64}, r"test_sizes is 64.*\(64, 80\)"),
        ({"test_sizes": (64, 7)}, "test_sizes is .*must be integers, 8 or more"),
        ({"train_sizes": (64.5,), "augment": ("flip_and_crop",)}, "train_sizes is .*integers"),
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
        {"ema_decay": 0.999},
        {"patience": 1},
        {"max_grad_norm": 1e-9},
        {"train_sizes": (8,), "augment": ("flip_and_crop", "colour_jitter")},
        {"augment": tuple(augment.__all__)},
    ],
)
def test_what_lies_on_the_edge_is_allowed(change):
    recipe = Recipe(**change)
    assert all(getattr(recipe, name) == value for name, value in change.items())


def test_a_file_brings_an_equal_recipe_back():
    odd = Recipe(
        epochs=7,
        batch_size=48,
        optimizer="muon",
        lr=0.03,
        momentum=0.95,
        weight_decay=0.1,
        schedule="cosine",
        label_smoothing=0.1,
        l1=1e-5,
        max_grad_norm=2.0,
        ema_decay=0.99,
        accumulation_steps=2,
        augment=("flip_and_crop", "colour_jitter"),
        train_sizes=(48, 56, 64),
        patience=3,
        keep="last",
        precision="float32",
        compile=True,
        seed=11,
        min_crop=0.8,
        test_flip=True,
        test_sizes=(64, 80),
        whiten=True,
        group_l1=1e-4,
        lr_decay=0.7,
    )
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
    def test_without_sizes_the_images_stay_as_they_are(self):
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
        recipe = Recipe(epochs=epochs, train_sizes=sizes, augment=("flip_and_crop",))
        assert [recipe.size_in(epoch) for epoch in range(1, epochs + 1)] == expected


class TestWhatTheCommandLineReads:
    """``catdog train`` makes its options from the fields alone."""

    @pytest.mark.parametrize("field", fields(Recipe), ids=lambda field: field.name)
    def test_each_field_has_one_line_of_help_and_is_explained_in_the_docstring(self, field):
        text = field.metadata["help"]
        assert text and "\n" not in text and len(text) <= 70
        assert f"\n    {' ' * 4}{field.name}: " in Recipe.__doc__

    def test_choices_are_the_only_values(self):
        limited = {f.name: f.metadata["choices"] for f in fields(Recipe) if "choices" in f.metadata}
        assert limited.keys() == {"schedule", "penalty", "keep", "precision"}
        for name, choices in limited.items():
            assert getattr(Recipe(), name) in choices
            for choice in choices:
                assert getattr(Recipe(**{name: choice}), name) == choice
            with pytest.raises(CatdogError, match=f"{name} is .*{', '.join(choices)}"):
                Recipe(**{name: "another"})

    def test_its_module_loads_no_torch(self):
        code = (
            "import sys, catdog_lib.training.recipe as r; r.Recipe(); print('torch' in sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "False"


def test_integers_of_numpy_become_pythons():
    recipe = Recipe(seed=np.int64(3), epochs=np.int32(2), lr=np.float32(0.5))
    assert type(recipe.seed) is type(recipe.epochs) is int and (recipe.seed, recipe.epochs) == (
        3,
        2,
    )
