"""The drawn cats and dogs: reproducible, balanced, and not to be told apart by their pixels
alone.
"""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from catdog_lib.errors import CatdogError
from catdog_lib.sketches import draw, sketches


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
    assert spread.min() > 3, "a picture is (nearly) of one colour"


def test_one_picture():
    picture = draw(1, 0, 48)
    assert isinstance(picture, Image.Image) and picture.mode == "RGB" and picture.size == (48, 48)
    assert picture.tobytes() == draw(1, 0, 48).tobytes()
    assert picture.tobytes() != draw(2, 0, 48).tobytes()
    assert picture.tobytes() != draw(1, 0, 48, difficulty=0.6).tobytes()


@pytest.mark.parametrize("seed", [0, 3])
def test_the_first_of_many_is_the_single_one(seed):
    pictures, labels = sketches(1, 40, seed)
    single = np.asarray(draw(seed, labels[0], 40))
    np.testing.assert_array_equal(pictures[0].transpose(1, 2, 0), single)


@pytest.mark.parametrize("size", [16, 63, 129, 224])
def test_any_size_shows_the_same_picture(size):
    small, large = (
        np.asarray(draw(5, 1, s).resize((8, 8), Image.Resampling.BOX), float) for s in (64, size)
    )
    assert np.abs(small - large).mean() < 12  # up to blur, noise and JPEG
    other = np.asarray(draw(6, 1, size).resize((8, 8), Image.Resampling.BOX), float)
    assert np.abs(small - other).mean() > 25


def test_two_processes_draw_the_same():
    """The other one with the arithmetic of an old processor (where OpenBLAS is used): last digits
    differ.
    """
    code = (
        "import sys, hashlib; from catdog_lib.sketches import sketches; p, y = sketches(12, 64, "
        "9);assert 'torch' not in sys.modules; print(hashlib.sha256(p.tobytes() + "
        "y.tobytes()).hexdigest())"
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


def _linear_accuracy(pictures: np.ndarray, labels: np.ndarray) -> float:
    """Ridge regression on the pixels of 600 pictures, tried on the other 300; the best of four
    strengths.
    """
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


def _small_cnn_accuracies(sets: list[tuple[np.ndarray, np.ndarray]]) -> list[float]:
    """A CNN learns 600 pictures of 32 px of the first set; then its accuracy on the last 300 (or
    all) of each.
    """
    import torch
    from torch import nn
    from torch.nn import functional as F

    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for into, out in ((3, 12), (12, 24), (24, 48)):
        layers += [nn.Conv2d(into, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
        layers.append(nn.MaxPool2d(2))
    model = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2), nn.Linear(48 * 16, 2))
    sets = [(torch.from_numpy(p) / 255.0 - 0.5, torch.from_numpy(y)) for p, y in sets]
    pictures, labels = sets[0]
    epochs = 7
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=epochs * 18)
    for _ in range(epochs):
        order = torch.randperm(600)
        for rows in order[:576].view(18, 32):
            batch = pictures[rows]
            batch = batch if torch.rand(()) < 0.5 else batch.flip(3)
            loss = F.cross_entropy(model(batch), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        return [(model(p[-300:]).argmax(1) == y[-300:]).double().mean().item() for p, y in sets]


def test_a_small_cnn_tells_them_apart_and_difficulty_is_difficult(drawn):
    """One network, trained at the default difficulty, on easy, default and hard pictures."""
    easy, hard = (sketches(150, 32, seed=5, difficulty=d) for d in (0.0, 1.0))
    default, at_0, at_1 = _small_cnn_accuracies([drawn, easy, hard])
    assert default > 0.74
    assert at_0 > default > at_1 + 0.05


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
        (lambda: sketches(4, 64, difficulty=1.5), "difficulty"),
        (lambda: sketches(4, 64, difficulty=float("nan")), "difficulty"),
        (lambda: draw(0, 0, 64, difficulty="hard"), "difficulty"),
        (lambda: draw(0, 2, 64), "label"),
        (lambda: draw(0, "cat", 64), "label"),
        (lambda: draw(0, 0, 0), "size"),
        (lambda: draw(-1, 0, 64), "seed"),
    ],
)
def test_a_bad_argument_is_named(call, word):
    with pytest.raises(CatdogError, match=f"^{word} is "):
        call()
