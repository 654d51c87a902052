"""Sketches: reproducible, balanced, and not to be told apart by single pixels."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from catdog_lib.errors import CatdogError
from catdog_lib.sketches import draw_image, draw_images, draw_sketches


@pytest.fixture(scope="module")
def image_batch() -> tuple[np.ndarray, np.ndarray]:
    return draw_images(900, 32, seed=3)


def _digest(images: np.ndarray, labels: np.ndarray) -> str:
    return hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()


def test_shape_type_and_range(image_batch):
    images, labels = image_batch
    assert images.shape == (900, 3, 32, 32) and images.dtype == np.uint8
    assert labels.shape == (900,) and labels.dtype == np.int64
    spread = images.reshape(900, -1).std(axis=1)
    assert spread.min() > 3, "an image is (nearly) of one colour"


def test_one_image():
    image = draw_image(1, 0, 48)
    assert isinstance(image, Image.Image) and image.mode == "RGB" and image.size == (48, 48)
    assert image.tobytes() == draw_image(1, 0, 48).tobytes()
    assert image.tobytes() != draw_image(2, 0, 48).tobytes()
    assert image.tobytes() != draw_image(1, 0, 48, difficulty=0.6).tobytes()


@pytest.mark.parametrize("seed", [0, 3])
def test_the_first_of_many_is_the_single_one(seed):
    images, labels = draw_images(1, 40, seed)
    single = np.asarray(draw_image(seed, labels[0], 40))
    np.testing.assert_array_equal(images[0].transpose(1, 2, 0), single)


@pytest.mark.parametrize("size", [16, 63, 129, 224])
def test_any_size_shows_the_same_image(size):
    small, large = (
        np.asarray(draw_image(5, 1, s).resize((8, 8), Image.Resampling.BOX), float)
        for s in (64, size)
    )
    assert np.abs(small - large).mean() < 12  # up to blur, noise and JPEG
    other = np.asarray(draw_image(6, 1, size).resize((8, 8), Image.Resampling.BOX), float)
    assert np.abs(small - other).mean() > 25


def test_two_processes_draw_the_same():
    """Draw in another process, with the arithmetic of an old processor.

    Where OpenBLAS is used, last digits then differ.
    """
    code = (
        "import sys, hashlib; from catdog_lib.sketches import draw_images; "
        "x, y = draw_images(12, 64, 9); assert 'torch' not in sys.modules; "
        "print(hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest())"
    )
    old = os.environ | {"OPENBLAS_CORETYPE": "Nehalem"}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=old
    )
    assert run.stdout.strip() == _digest(*draw_images(12, 64, 9))


def test_a_shorter_set_is_the_beginning_of_a_longer_one(image_batch):
    images, labels = draw_images(31, 32, seed=3)
    np.testing.assert_array_equal(images, image_batch[0][:31])
    np.testing.assert_array_equal(labels, image_batch[1][:31])


def test_seeds_differ_and_no_image_comes_twice(image_batch):
    images, _ = image_batch
    other, _ = draw_images(50, 32, seed=4)
    assert len({image.tobytes() for image in [*images, *other]}) == 950


def test_every_beginning_is_balanced_and_the_order_random(image_batch):
    labels = image_batch[1]
    dogs = np.cumsum(labels)
    assert np.abs(2 * dogs - np.arange(1, 901)).max() <= 1
    assert dogs[-1] == 450
    assert 170 < labels[::2].sum() < 280  # a coin for each pair of images, 450 times


def _linear_accuracy(images: np.ndarray, labels: np.ndarray) -> float:
    """Fit ridge regression to the pixels of 600 images; return its accuracy on the other 300.

    It is the best of four strengths.
    """
    pixels, y = images.reshape(900, -1) / 255.0, labels * 2.0 - 1
    pixels -= pixels[:600].mean(axis=0)
    values, vectors = np.linalg.eigh(pixels[:600] @ pixels[:600].T)
    right = []
    for strength in (1e1, 1e2, 1e3, 1e4):
        weights = pixels[:600].T @ (vectors @ ((vectors.T @ y[:600]) / (values + strength)))
        right.append(((pixels[600:] @ weights > 0) == (y[600:] > 0)).mean())
    return max(right)


def test_a_linear_model_cannot_tell_them_apart(image_batch):
    assert _linear_accuracy(*image_batch) <= 0.68


def test_the_linear_model_sees_what_is_linear(image_batch):
    """Check that the test above can fail: three rows that give away the class are enough."""
    images, labels = image_batch
    marked = images.copy()
    marked[:, 0, :3] = np.where(labels == 1, 160, 100)[:, None, None]
    assert _linear_accuracy(marked, labels) > 0.95


def _small_cnn_accuracies(sets: list[tuple[np.ndarray, np.ndarray]]) -> list[float]:
    """Train a CNN on 600 images of 32 px of the first set; return its accuracy on each set.

    That is on the last 300 images, or on all.
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
    images, labels = sets[0]
    epochs = 7
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=epochs * 18)
    for _ in range(epochs):
        order = torch.randperm(600)
        for rows in order[:576].view(18, 32):
            batch = images[rows]
            batch = batch if torch.rand(()) < 0.5 else batch.flip(3)
            loss = F.cross_entropy(model(batch), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        return [(model(p[-300:]).argmax(1) == y[-300:]).double().mean().item() for p, y in sets]


def test_a_small_cnn_tells_them_apart_and_difficulty_is_difficult(image_batch):
    """Train one network at the default difficulty; test it on easy, default, hard images."""
    easy, hard = (draw_images(150, 32, seed=5, difficulty=d) for d in (0.0, 1.0))
    default, at_0, at_1 = _small_cnn_accuracies([image_batch, easy, hard])
    assert default > 0.74
    assert at_0 > default > at_1 + 0.05


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: draw_images(0, 64), "count"),
        (lambda: draw_images(-3, 64), "count"),
        (lambda: draw_images(2.5, 64), "count"),
        (lambda: draw_images(True, 64), "count"),
        (lambda: draw_images(4, 8), "size"),
        (lambda: draw_images(4, 5000), "size"),
        (lambda: draw_images(4, "64"), "size"),
        (lambda: draw_images(4, 64, seed=-1), "seed"),
        (lambda: draw_images(4, 64, difficulty=1.5), "difficulty"),
        (lambda: draw_images(4, 64, difficulty=float("nan")), "difficulty"),
        (lambda: draw_image(0, 0, 64, difficulty="hard"), "difficulty"),
        (lambda: draw_image(0, 2, 64), "label"),
        (lambda: draw_image(0, "cat", 64), "label"),
        (lambda: draw_image(0, 0, 0), "size"),
        (lambda: draw_image(-1, 0, 64), "seed"),
        (lambda: draw_sketches(2, 64, first=-1), "first"),
        (lambda: draw_sketches(2, 64, first=1.5), "first"),
    ],
)
def test_a_bad_argument_is_named(call, word):
    with pytest.raises(CatdogError, match=f"^{word} is "):
        call()
