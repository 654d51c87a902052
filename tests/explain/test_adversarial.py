"""One step of grey levels raises the loss more than a random step of the same size."""

import pytest
import torch
from torch import nn

from catdog_lib import explain
from catdog_lib.errors import CatdogError
from tests.inspect.examples import network, random_images


def linear_model():
    """Return a network whose loss rises along the gradient, however long the step."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, 2))


def loss(model, images, labels):
    with torch.no_grad():
        logits = model(images.float() / 255)
    return torch.nn.functional.cross_entropy(logits, labels, reduction="none")


def test_every_pixel_moves_by_the_step_and_the_loss_grows():
    model, images = linear_model(), random_images(4)
    images = images.clamp(10, 240)
    labels = torch.tensor([0, 1, 0, 1])
    before = {name: value.clone() for name, value in model.state_dict().items()}
    changed = explain.fast_gradient_sign(model, images, labels, 3)
    assert changed.dtype == torch.uint8
    moved = (changed.int() - images.int()).abs()
    assert set(moved.unique().tolist()) <= {0, 3} and (moved == 3).float().mean() > 0.9
    assert (loss(model, changed, labels) > loss(model, images, labels)).all()
    sign = torch.randint(0, 2, images.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    noisy = (images.int() + 3 * sign).to(torch.uint8)
    assert (loss(model, changed, labels) > loss(model, noisy, labels)).all()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


def test_the_ends_of_the_range_are_kept_and_no_step_changes_nothing():
    model, labels = network("five_conv"), torch.tensor([0])
    dark = torch.zeros(1, 3, *random_images(1).shape[2:], dtype=torch.uint8)
    assert explain.fast_gradient_sign(model, dark, labels, 5).unique().tolist() == [0, 5]
    images = random_images(1)
    assert torch.equal(explain.fast_gradient_sign(model, images, labels, 0), images)


def test_who_is_fooled():
    model, images = network("five_conv").eval(), random_images(5)
    answers = model(images).argmax(1)
    labels = answers.clone()
    labels[2] = 1 - labels[2]
    assert explain.is_fooled(model, images, labels).tolist() == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda x: (x / 255, 4), "float32; give uint8"),
        (lambda x: (x, 300), "grey_levels is 300"),
    ],
)
def test_what_cannot_be_is_one_sentence(change, says):
    images, levels = change(random_images(1))
    with pytest.raises(CatdogError, match=says):
        explain.fast_gradient_sign(network("five_conv"), images, torch.tensor([0]), levels)


@pytest.mark.parametrize("label", [5, -1, -100])  # -100 is what PyTorch's cross-entropy leaves out
def test_a_label_that_is_no_class_is_one_sentence(label):
    with pytest.raises(
        CatdogError, match=f"labels holds the class {label}, which is outside 0 to 1"
    ):
        explain.fast_gradient_sign(linear_model(), random_images(2), torch.tensor([0, label]))
