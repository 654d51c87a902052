"""Typical wrong answers to the exercises of lesson 00, each with a piece of its hint."""

import random

import numpy as np
import torch

from tests.exercises.banks.common import no_return


def stacked(images):
    return torch.from_numpy(np.stack(images))


# 00.1: images to a batch
BATCH = [
    (stacked, "Still N×H×W×3"),
    (
        lambda images: (b := stacked(images)).reshape(len(b), 3, b.shape[1], b.shape[2]),
        "`reshape` only renames",
    ),
    (lambda images: stacked(images).permute(0, 3, 2, 1), "Rows and columns are swapped"),
    (
        lambda images: stacked(images).permute(0, 3, 1, 2).float(),
        "Keep the numbers as they are",
    ),
    (lambda images: stacked(images).permute(0, 3, 1, 2) / 255, "Keep the numbers as they are"),
    (lambda images: stacked(images).permute(0, 3, 1, 2).flip(1), "Red and blue are swapped"),
    (lambda images: stacked(images).permute(3, 0, 1, 2), "make a batch"),
    (lambda images: stacked(images[:1]).permute(0, 3, 1, 2), "make a batch"),
    (lambda images: stacked(images)[0].permute(2, 0, 1), "make a batch"),
    (lambda images: np.stack(images).transpose(0, 3, 1, 2), "a PyTorch tensor"),
    (lambda images: stacked(images).permute(0, 3, 1, 2).flip(3), "not where they belong"),
    (lambda images: stacked(images).permute(0, 3, 1, 2).flip(0), "not where they belong"),
    (no_return, "returns None"),
    (torch.zeros(4, 3, 5, 7), "Give the function itself"),
]


# 00.2: box of the centred square
def centred(width, height, side):
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def half_pixels(width, height):
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def left_top_width_height(width, height):
    side = min(width, height)
    return (width - side) // 2, (height - side) // 2, side, side


def swapped(width, height):
    left, top, right, bottom = centred(width, height, min(width, height))
    return top, left, bottom, right


CROP = [
    (lambda w, h: centred(w, h, max(w, h)), "sticks out"),
    (lambda w, h: (0, 0, min(w, h), min(w, h)), "upper left corner"),
    (lambda w, h: centred(w, h, min(w, h) - 2), "the largest square"),
    (left_top_width_height, "the size of the square"),
    (half_pixels, "no half pixel"),
    (swapped, "sticks out"),
    (lambda w, h: (0, 0, w, h), "not a square"),
    (lambda w, h: (w - min(w, h), h - min(w, h), w, h), "not in the middle"),
    (lambda w, h: centred(w, h, h), "sticks out"),
    (lambda w, h: min(w, h), "four numbers"),
    (no_return, "returns None"),
    ((63, 0, 437, 374), "Give the function itself"),
]


# 00.3: a random share of each class
def by_class(labels, share, draw, keep=False):
    taken = []
    for label in (0, 1):
        members = (labels == label).nonzero()[:, 0]
        count = round(share * len(members))
        order = draw(len(members))
        taken += members[order[count:] if keep else order[:count]].tolist()
    return taken


def within_class(labels, share, generator):
    taken = []
    for label in (0, 1):
        count = int((labels == label).sum())
        order = torch.randperm(count, generator=generator)[: round(share * count)]
        taken += order.tolist()
    return taken


HOLD_OUT = [
    (lambda labels, share, g: list(range(round(share * len(labels)))), "all cats"),
    (lambda labels, share, g: list(range(len(labels)))[-round(share * len(labels)) :], "one class"),
    (
        lambda labels, share, g: torch.randperm(len(labels), generator=g)[
            : round(share * len(labels))
        ],
        "a quarter of each class",
    ),
    (lambda labels, share, g: by_class(labels, share, torch.randperm), "two different splits"),
    (
        lambda labels, share, g: by_class(labels, share, lambda n: random.sample(range(n), n)),
        "two different splits",
    ),
    (lambda labels, share, g: by_class(labels, share, torch.arange), "Every seed gives the same"),
    (
        lambda labels, share, g: by_class(
            labels, share, lambda n: torch.randperm(n, generator=torch.Generator().manual_seed(0))
        ),
        "Every seed gives the same",
    ),
    (
        lambda labels, share, g: by_class(
            labels, share, lambda n: torch.randperm(n, generator=g), True
        ),
        "the images that stay",
    ),
    (
        lambda labels, share, g: by_class(
            labels, share, lambda n: torch.randint(0, n, (n,), generator=g)
        ),
        "drawn twice",
    ),
    (within_class, "drawn twice"),
    (
        lambda labels, share, g: torch.rand(len(labels), generator=g) < share,
        "`nonzero` makes them",
    ),
    (
        lambda labels, share, g: by_class(labels, 0.25, lambda n: torch.randperm(n, generator=g)),
        "use the share",
    ),
    (
        lambda labels, share, g: by_class(
            labels, share / 5, lambda n: torch.randperm(n, generator=g)
        ),
        "you hold out 5",
    ),
    (lambda labels, share, g: (labels == 0).nonzero()[:15], "one row of positions"),
    (lambda labels, share, g: torch.tensor([], dtype=torch.int64), "Nothing is held out"),
    (lambda labels, share, g: torch.arange(90, 115), "outside the set"),
    (torch.arange(25), "Give the function itself"),
    (no_return, "returns None"),
]


# 00.4: mirror some
def flipped(*dims):
    def mirror_some(images, which):
        result = images.clone()
        result[which] = images[which].flip(dims)
        return result

    return mirror_some


def in_place(images, which):
    images[which] = images[which].flip(3)
    return images


MIRROR = [
    (flipped(2), "Upside down"),
    (flipped(2, 3), "Rotated by 180°"),
    (flipped(1), "flipped the colours"),
    (flipped(0), "order of the images"),
    (lambda images, which: images.flip(3), "mirrored all"),
    (lambda images, which: flipped(3)(images, ~which), "those that were to stay"),
    (lambda images, which: images[which].flip(3), "the others stay in it"),
    (in_place, "changed the batch"),
    (lambda images, which: images.clone(), "Not the chosen images"),
    (lambda images, which: images.transpose(2, 3), "came back as"),
    (lambda images, which: images.flip(3).numpy(), "Return the batch, a tensor"),
    (no_return, "returns None"),
    (torch.zeros(4, 3, 5, 6), "Give the function itself"),
]

# 00.5: parameters of a perceptron
MLP = [
    (lambda h, w, n, k: (h * w + 1) * n + (n + 1) * k, "red, green and blue"),
    (lambda h, w, n, k: h * w * n + n * k, "red, green and blue"),
    (lambda h, w, n, k: 3 * h * w * n + n * k, "has a bias as well"),
    (lambda h, w, n, k: (3 * h * w + 1) * n, "a second one"),
    (lambda h, w, n, k: 3 * h * w * n, "a second one"),
    (lambda h, w, n, k: 3 * h * w * n + n + n * k, "still lacks its biases"),
    (lambda h, w, n, k: 3 * h * w * n + n * k + k, "still lacks its biases"),
    (lambda h, w, n, k: (3 * h * w + 1) * n + (n + 1) * k + 3 * h * w, "Inputs have no bias"),
    (lambda h, w, n, k: (3 * h * w + 1) * n * (n + 1) * k, "I count"),
    (lambda h, w, n, k: 3 * (h + w) * n + n + (n + 1) * k, "I count"),
    (no_return, "returns None"),
    (3_000_003_002, "Give the function itself"),
]


# 00.6: the commonest class
def commonest(labels):
    return int(labels.bincount(minlength=2).argmax())


BASELINE = [
    (lambda train, test: (test == 0).float().mean().item(), "the commonest training class is 1"),
    (lambda train, test: (test == commonest(test)).float().mean().item(), "looking at the test"),
    (
        lambda train, test: (train == commonest(train)).float().mean().item(),
        "on the training labels",
    ),
    (lambda train, test: (test == commonest(train)).sum().item(), "of how many"),
    (lambda train, test: 100 * (test == commonest(train)).float().mean().item(), "60 % is 0.6"),
    (lambda train, test: test == commonest(train), "one number"),
    (
        lambda train, test: (test != commonest(train)).float().mean().item(),
        "commonest training class",
    ),
    (lambda train, test: 0.5, "the commonest training class is 1"),
    (lambda train, test: commonest(train), "you return 1"),
    (no_return, "returns None"),
    (0.4, "Give the function itself"),
]

BANKS = {
    "00.1": BATCH,
    "00.2": CROP,
    "00.3": HOLD_OUT,
    "00.4": MIRROR,
    "00.5": MLP,
    "00.6": BASELINE,
}
