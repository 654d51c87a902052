"""The drawn cats and dogs: reproducible, balanced, and not to be told apart by their pixels alone."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from catdog_lib.data.sketches import draw, sketches
from catdog_lib.errors import CatdogError


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    return sketches(900, 32, seed=3)


def _digest(pictures: np.ndarray, labels: np.ndarray) -> str:
    return hashlib.sha256(pictures.tobytes() + labels.tobytes()).hexdigest()


def test_shape_type_and_range(drawn):
    pictures, labels = drawn
    assert pictures.shape == (900, 3, 32, 32) and pictures.dtype == np.uint8
    assert labels.shape == (900,) and labels.dtype == np.int64
    spread = pictures.reshape(900, -1).std(axis=1)
    assert spread.min() > 5, "a picture is (nearly) of one colour"


def test_one_picture():
    picture = draw(1, 0, 48)
    assert isinstance(picture, Image.Image) and picture.mode == "RGB" and picture.size == (48, 48)
    assert picture.tobytes() == draw(1, 0, 48).tobytes()
    assert picture.tobytes() != draw(2, 0, 48).tobytes()


@pytest.mark.parametrize("seed", [0, 3])
def test_the_first_of_many_is_the_single_one(seed):
    pictures, labels = sketches(1, 40, seed)
    np.testing.assert_array_equal(
        pictures[0].transpose(1, 2, 0), np.asarray(draw(seed, labels[0], 40))
    )


@pytest.mark.parametrize("size", [16, 63, 129, 224])
def test_any_size_shows_the_same_picture(size):
    small, large = (
        np.asarray(draw(5, 1, s).resize((8, 8), Image.Resampling.BOX), float) for s in (64, size)
    )
    assert np.abs(small - large).mean() < 12  # up to blur and noise
    other = np.asarray(draw(6, 1, size).resize((8, 8), Image.Resampling.BOX), float)
    assert np.abs(small - other).mean() > 25


def test_two_processes_draw_the_same():
    """The other one with the arithmetic of an old processor (where OpenBLAS is used): last digits differ."""
    code = (
        "import sys, hashlib; from catdog_lib.data.sketches import sketches; p, y = sketches(12, 64, 9);"
        "assert 'torch' not in sys.modules; print(hashlib.sha256(p.tobytes() + y.tobytes()).hexdigest())"
    )
    old = os.environ | {"OPENBLAS_CORETYPE": "Nehalem"}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=old
    )
    assert run.stdout.strip() == _digest(*sketches(12, 64, 9))


def test_a_shorter_set_is_the_beginning_of_a_longer_one(drawn):
    pictures, labels = sketches(31, 32, seed=3)
    np.testing.assert_array_equal(pictures, drawn[0][:31])
    np.testing.assert_array_equal(labels, drawn[1][:31])


def test_seeds_differ_and_no_picture_comes_twice(drawn):
    pictures, _ = drawn
    other, _ = sketches(50, 32, seed=4)
    assert len({picture.tobytes() for picture in [*pictures, *other]}) == 950


def test_every_beginning_is_balanced_and_the_order_random(drawn):
    labels = drawn[1]
    dogs = np.cumsum(labels)
    assert np.abs(2 * dogs - np.arange(1, 901)).max() <= 1
    assert dogs[-1] == 450
    assert 170 < labels[::2].sum() < 280  # a coin for each pair of pictures, 450 times


def test_only_the_animal_differs_between_a_cat_and_a_dog_of_one_seed():
    """So coat, pose, scene, light and noise cannot betray the class."""
    pairs = [[np.asarray(draw(seed, label, 64), float) for label in (0, 1)] for seed in range(40)]
    change = np.mean([np.abs(cat - dog).mean(axis=2) for cat, dog in pairs], axis=0)
    corners = np.concatenate([change[:5, :5].ravel(), change[:5, -5:].ravel()])
    assert corners.max() == 0
    assert change[16:48, 16:48].mean() > 10
    assert all((cat != dog).any() for cat, dog in pairs)


def _linear_accuracy(pictures: np.ndarray, labels: np.ndarray) -> float:
    """Ridge regression on the pixels of 600 pictures, tried on the other 300; the best of four strengths."""
    pixels, y = pictures.reshape(900, -1) / 255.0, labels * 2.0 - 1
    pixels -= pixels[:600].mean(axis=0)
    values, vectors = np.linalg.eigh(pixels[:600] @ pixels[:600].T)
    right = []
    for strength in (1e1, 1e2, 1e3, 1e4):
        weights = pixels[:600].T @ (vectors @ ((vectors.T @ y[:600]) / (values + strength)))
        right.append(((pixels[600:] @ weights > 0) == (y[600:] > 0)).mean())
    return max(right)


def test_a_linear_model_cannot_tell_them_apart(drawn):
    assert _linear_accuracy(*drawn) <= 0.68


def test_the_linear_model_sees_what_is_linear(drawn):
    """Else the test above could not fail: three rows that tell the class are enough."""
    pictures, labels = drawn
    marked = pictures.copy()
    marked[:, 0, :3] = np.where(labels == 1, 160, 100)[:, None, None]
    assert _linear_accuracy(marked, labels) > 0.95


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: sketches(0, 64), "count"),
        (lambda: sketches(-3, 64), "count"),
        (lambda: sketches(2.5, 64), "count"),
        (lambda: sketches(True, 64), "count"),
        (lambda: sketches(4, 8), "size"),
        (lambda: sketches(4, 5000), "size"),
        (lambda: sketches(4, "64"), "size"),
        (lambda: sketches(4, 64, seed=-1), "seed"),
        (lambda: draw(0, 2, 64), "label"),
        (lambda: draw(0, "cat", 64), "label"),
        (lambda: draw(0, 0, 0), "size"),
        (lambda: draw(-1, 0, 64), "seed"),
    ],
)
def test_a_bad_argument_is_named(call, word):
    with pytest.raises(CatdogError, match=f"^{word} is "):
        call()
