"""Typical wrong answers to the exercises of lesson 03, each with a piece of its hint."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from catdog_lib.models import Normalize
from tests.exercises.banks.common import no_return

# 03.1: parameters of a convolution
COUNT = [
    (lambda i, o, k: i * o * k * k, "still added to every output channel"),
    (lambda i, o, k: i * o * k * k + i, "not for each that goes in"),
    (lambda i, o, k: i * o * k * k + 1, "has a bias of its own"),
    (lambda i, o, k: o * (k * k + 1), "looks at all channels"),
    (lambda i, o, k: o * (i * k + 1), "k rows of k numbers"),
    (lambda i, o, k: i * (o * k * k + 1), "not for each that goes in"),
    (lambda i, o, k: o * (i * k * k + 1) * 2, "I count"),
    (lambda i, o, k: i * o * 9 + o, "I count"),
    (no_return, "returns None"),
    (1792, "Give the function itself"),
    (lambda i, o: i * o, "TypeError"),
]


# 03.2: BatchNorm
def norm_over(dims, eps=1e-5, unbiased=False, root=True):
    def batch_norm(maps):
        variance = maps.var(dims, unbiased=unbiased, keepdim=True) + eps
        return (maps - maps.mean(dims, keepdim=True)) / (variance.sqrt() if root else variance)

    return batch_norm


def in_place(maps):
    maps -= maps.mean((0, 2, 3), keepdim=True)
    return maps / torch.sqrt(maps.var((0, 2, 3), unbiased=False, keepdim=True) + 1e-5)


def eps_outside_the_root(maps):
    return (maps - maps.mean((0, 2, 3), keepdim=True)) / (
        maps.std((0, 2, 3), unbiased=False, keepdim=True) + 0.01
    )


NORM = [
    (norm_over((2, 3)), "over each image"),
    (norm_over((0,)), "over each place"),
    (norm_over((0, 1, 2, 3)), "all channels together"),
    (norm_over((1, 2, 3)), "over each image"),
    (norm_over((0, 2, 3), unbiased=True), "unbiased=False"),
    (norm_over((0, 2, 3), root=False), "root of the variance"),
    (norm_over((0, 2, 3), eps=0.1), "eps stands under the root"),
    (eps_outside_the_root, "eps stands under the root"),
    (in_place, "changed the maps"),
    (
        lambda maps: maps - maps.mean((0, 2, 3), keepdim=True),
        "now divide by the standard deviation",
    ),
    (lambda maps: maps.mean((0, 2, 3)), "keepdim=True"),
    (lambda maps: nn.BatchNorm2d(maps.shape[1]).eval()(maps), "training mode"),
    (lambda maps: maps, "training mode"),
    (no_return, "a tensor"),
]

# 03.3: first loss
FIRST_LOSS = [
    (lambda classes: -math.log(classes), "The sign"),
    (lambda classes: math.log2(classes), "not base 2"),
    (lambda classes: math.log10(classes), "not base 10"),
    (lambda classes: 1 / classes, "probability of each class"),
    (lambda classes: 1 - 1 / classes, "error rate"),
    (lambda classes: math.log(2), "not −ln of it"),
    (lambda classes: classes, "not −ln of it"),
    (lambda classes: math.log(1 / classes), "The sign"),
    (lambda classes: 0.0, "not −ln of it"),
    (0.693, "Give the function itself"),
    (no_return, "returns None"),
]


# 03.4: a step of training
def step_of(*actions, loss_of=F.cross_entropy, returns=lambda loss, labels: loss.item()):
    """Return an answer that computes the loss and does these actions in this order."""

    def train_step(model, optimizer, images, labels):
        loss = loss_of(model(images), labels)
        known = {
            "clear": optimizer.zero_grad,
            "backward": loss.backward,
            "climb": lambda: (-loss).backward(),
            "step": optimizer.step,
        }
        for action in actions:
            known[action]()
        return returns(loss, labels)

    return train_step


RIGHT = ("clear", "backward", "step")
right_step = step_of(*RIGHT)


def two_steps(model, optimizer, images, labels):
    loss = right_step(model, optimizer, images, labels)
    right_step(model, optimizer, images, labels)
    return loss


def loss_after_the_step(model, optimizer, images, labels):
    right_step(model, optimizer, images, labels)
    return F.cross_entropy(model(images), labels).item()


STEP = [
    (step_of("backward", "step"), "until zero_grad"),
    (step_of("clear", "step"), "did not move"),
    (step_of("clear", "backward"), "did not move"),
    (step_of("backward", "clear", "step"), "did not move"),
    (step_of(*RIGHT, loss_of=lambda z, y: F.cross_entropy(z.softmax(1), y)), "did it twice"),
    (step_of(*RIGHT, returns=lambda loss, labels: loss), "loss.item"),
    (step_of(*RIGHT, returns=lambda loss, labels: len(labels) * loss.item()), "not the sum"),
    (two_steps, "not what one SGD step gives"),
    (loss_after_the_step, "should be"),
    (step_of(*RIGHT, returns=no_return), "Return the loss"),
    (step_of("clear", "climb", "step"), "not what one SGD step gives"),
    (3, "Give the function itself"),
]


# 03.5: accuracy over unequal batches
def hits(logits, labels):
    return [(z.argmax(1) == y).sum().item() for z, y in zip(logits, labels, strict=True)]


def mean_of_batches(logits, labels):
    return sum(h / len(y) for h, y in zip(hits(logits, labels), labels, strict=True)) / len(labels)


ACCURACY = [
    (mean_of_batches, "averaged over batches"),
    (lambda z, y: sum(hits(z, y)), "divide by the number of images"),
    (lambda z, y: 100 * sum(hits(z, y)) / sum(map(len, y)), "not a percentage"),
    (lambda z, y: 1 - sum(hits(z, y)) / sum(map(len, y)), "wrong answers"),
    (lambda z, y: hits(z, y)[-1] / len(y[-1]), "last batch only"),
    (lambda z, y: hits(z, y)[0] / len(y[0]), "one batch only"),
    (lambda z, y: sum(hits(z, y)) / len(y), "number of batches"),
    (lambda z, y: 3 / 7, "fixed"),
    (lambda z, y: (torch.cat(z).softmax(1)[:, 1]).mean(), "3 of these 7"),
    (no_return, "returns None"),
    (3 / 7, "Give the function itself"),
]


# 03.6: your own network
class Base(nn.Module):
    """A right answer; each of the wrong ones below changes one thing."""

    width, end, normalize = 16, None, True

    def __init__(self):
        super().__init__()
        self.pixels = Normalize() if self.normalize else nn.Identity()
        layers, channels = [], 3
        for width in (self.width, 2 * self.width, 2 * self.width):
            layers += [
                nn.Conv2d(channels, width, 3, padding=1),
                nn.BatchNorm2d(width),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
            channels = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(channels, 2)

    def forward(self, images):
        logits = self.classifier(self.features(self.pixels(images)).mean((2, 3)))
        return logits if self.end is None else self.end(logits)


class EndsInSoftmax(Base):
    end = nn.Softmax(1)


class EndsInLogSoftmax(Base):
    end = nn.LogSoftmax(1)


class EndsInRelu(Base):
    end = nn.ReLU()


class TooLarge(Base):
    width = 64


class TakesNoBytes(Base):
    normalize = False


class OneLogit(Base):
    def forward(self, images):
        return super().forward(images)[:, :1]


class AddsUpTheBatch(Base):
    def forward(self, images):
        return super().forward(images).mean(0)


class IgnoresTheImage(Base):
    def forward(self, images):
        return super().forward(torch.full_like(images, 7))


class UnusedLayer(Base):
    def __init__(self):
        super().__init__()
        self.forgotten = nn.Linear(4, 4)


class CutWire(Base):
    def forward(self, images):
        with torch.no_grad():
            maps = self.features(self.pixels(images))
        return self.classifier(maps.mean((2, 3)))


class TooWeak(nn.Module):
    def __init__(self):
        super().__init__()
        self.normalize, self.conv, self.classifier = (
            Normalize(),
            nn.Conv2d(3, 1, 3),
            nn.Linear(1, 2),
        )

    def forward(self, images):
        return self.classifier(self.conv(self.normalize(images)).mean((2, 3)))


def without_convolution():
    return nn.Sequential(Normalize(), nn.AvgPool2d(16), nn.Flatten(), nn.Linear(48, 2))


def flattened_to_the_wrong_size():
    return nn.Sequential(
        Normalize(), nn.Conv2d(3, 4, 3), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(4 * 16 * 16, 2)
    )


OWN = [
    (EndsInSoftmax, "ends in a softmax"),
    (EndsInLogSoftmax, "log-softmax"),
    (EndsInRelu, "ReLU after the last layer"),
    (TooLarge, "parameters; keep it"),
    (TakesNoBytes, r"does it begin with Normalize"),
    (OneLogit, r"shape \(20, 2\)"),
    (AddsUpTheBatch, r"shape \(20, 2\)"),
    (IgnoresTheImage, "same answer"),
    (UnusedLayer, "forgotten.weight"),
    (CutWire, "never get a gradient"),
    (TooWeak, "by heart"),
    (without_convolution, "no convolution"),
    (flattened_to_the_wrong_size, "does the linear layer fit"),
    (Base(), "not a finished network"),
    (no_return, "should return an nn.Module"),
]

BANKS = {
    "03.1": COUNT,
    "03.2": NORM,
    "03.3": FIRST_LOSS,
    "03.4": STEP,
    "03.5": ACCURACY,
    "03.6": OWN,
}
