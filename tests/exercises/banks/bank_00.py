"""Typical wrong answers to the exercises of lesson 00, each with a piece of its hint."""

import random
from decimal import Decimal
from fractions import Fraction

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
        "`reshape` only regroups",
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
    (lambda images: [image.fill(0) for image in images], "changed the images"),
    (lambda images: stacked(images)[0].permute(2, 0, 1), "make a batch"),
    (lambda images: np.stack(images).transpose(0, 3, 1, 2), "a PyTorch tensor"),
    (lambda images: stacked(images).permute(0, 3, 1, 2).flip(3), "not where they belong"),
    (lambda images: stacked(images).permute(0, 3, 1, 2).flip(0), "not where they belong"),
    (no_return, "returns None"),
    (torch.zeros(4, 3, 5, 7), "Give the function itself"),
]


# 00.2: a leak predicted
LEAK = [
    (0.5, "without a leak"),
    (0.4, "only the 400 known"),
    (1.0, "counted all of them"),
    (torch.tensor(0.6), "counted all of them"),
    (0.3, "add the 400"),
    (70, "60% is 0.6"),
    (0.85, "Measured on noise"),
    ("0.7", "expected numbers"),
    ([0.7, 0.3], "Predict one number"),
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
    (lambda labels, share, g: by_class(labels, share, torch.randperm), "from the generator"),
    (
        lambda labels, share, g: by_class(labels, share, lambda n: random.sample(range(n), n)),
        "global random numbers",
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
        "appears twice",
    ),
    (within_class, "appears twice"),
    (lambda labels, share, g: [labels.zero_().sum()], "changed the labels"),
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
    (lambda labels, share, g: torch.tensor([], dtype=torch.int64), "You hold out nothing"),
    (lambda labels, share, g: [3], r"you hold out 1\."),
    (lambda labels, share, g: torch.arange(90, 115), "outside the set"),
    (torch.arange(25), "Give the function itself"),
    (no_return, "returns None"),
]


def first_of_class_at_random(labels, share, g):
    """Draws the cats, and takes the dogs from the beginning."""
    cats, dogs = ((labels == label).nonzero()[:, 0] for label in (0, 1))
    order = torch.randperm(len(cats), generator=g)
    return torch.cat([cats[order[: round(share * len(cats))]], dogs[: round(share * len(dogs))]])


def a_run_of_neighbours(labels, share, g):
    taken = []
    for label in (0, 1):
        members = (labels == label).nonzero()[:, 0]
        count = round(share * len(members))
        start = int(torch.randint(len(members) - count, (1,), generator=g))
        taken.append(members[start : start + count])
    return torch.cat(taken)


def cats_come_first(labels, share, g):
    cats = int((labels == 0).sum())
    dogs = len(labels) - cats
    first = torch.randperm(cats, generator=g)[: round(share * cats)]
    return torch.cat([first, cats + torch.randperm(dogs, generator=g)[: round(share * dogs)]])


HOLD_OUT += [
    (first_of_class_at_random, "the same dogs"),
    (a_run_of_neighbours, "always neighbours"),
    (cats_come_first, "decide by the labels"),
]

# 00.4: which changes keep the label
KEEPS = {
    "cat or dog?": ["mirror", "colour jitter", "small rotation", "translation"],
    "facing left or right?": ["colour jitter", "small rotation", "translation"],
    "ginger or grey?": ["mirror", "small rotation", "translation"],
    "left or right half?": ["colour jitter", "small rotation"],
}
ALL = KEEPS["cat or dog?"]
DESIGN = [
    (KEEPS | {"facing left or right?": ALL}, "faces the other way"),
    (KEEPS | {"ginger or grey?": ALL}, "another colour"),
    (KEEPS | {"left or right half?": [*KEEPS["left or right half?"], "mirror"]}, "other half"),
    (KEEPS | {"left or right half?": [*KEEPS["left or right half?"], "translation"]}, "may end"),
    (KEEPS | {"cat or dog?": ["mirror", "translation"]}, "incomplete; what about 'colour jitter'"),
    (KEEPS | {"ginger or grey?": []}, "incomplete; what about 'mirror'"),
    (KEEPS | {"ginger or grey?": ["flip"]}, "'flip' is not one of the changes"),
    (KEEPS | {"ginger or grey?": "mirror"}, "give a list"),
    (KEEPS | {"ginger or grey?": 3}, "give a list"),
    (KEEPS | {"ginger or grey?": [3]}, "give a list"),
    ({task.replace("grey", "gray"): KEEPS[task] for task in KEEPS}, "is spelled differently"),
    ({"cat or dog?": ALL}, "is missing"),
    (list(KEEPS), "Give a dict"),
]


# 00.5: statistics of the channels
def statistics(images, dims=(0, 2, 3), scale=255):
    values = images.double() / scale
    return values.mean(dims), values.std(dims, correction=0)


def as_given(images):
    values = images.float() / 255
    mean = values.mean((0, 1, 2))
    return mean, ((images - mean.mean()) ** 2).mean((0, 2, 3)).sqrt()


def half_mended(images):
    mean, _ = statistics(images)
    return mean, ((images - mean.view(3, 1, 1)) ** 2).mean((0, 2, 3)).sqrt()


def one_mean_for_all(images):
    mean, _ = statistics(images)
    values = images / 255
    return mean, ((values - values.mean()) ** 2).mean((0, 2, 3)).sqrt()


STATISTICS = [
    (as_given, "dimension 1 counts the channels"),
    (half_mended, "on the same scale"),
    (one_mean_for_all, "each channel has its own"),
    (lambda images: statistics(images, scale=1), "those of the bytes"),
    (lambda images: (statistics(images)[0], 255 * statistics(images)[1]), "those of the bytes"),
    (lambda images: (statistics(images)[0], statistics(images)[1] ** 2), "is the variance"),
    (lambda images: statistics(images)[::-1], "the means come first"),
    (lambda images: torch.std_mean(images / 255, (0, 2, 3)), "the means come first"),
    (lambda images: torch.var_mean(images / 255, (0, 2, 3))[::-1], "is the variance"),
    (lambda images: ((images / 255).mean().expand(3), statistics(images)[1]), "are the same"),
    (lambda images: statistics(images, (2, 3)), "dimension 1 counts the channels"),
    (lambda images: (statistics(images)[0], (images / 255).std()), "deviations of shape"),
    (lambda images: statistics(images)[0], "two tensors"),
    (no_return, "returns None"),
    (torch.zeros(3), "Give the function itself"),
]

# 00.6: how many test images
COUNTS = [
    (1, "too few"),
    (100, "too few"),
    (900, "too few"),
    (9604, "more images than you need"),
    (0, "above 0"),
    (3500.5, "an integer"),
    ([3457, 3458], "one number"),
    ("many", "expected numbers"),
]


# wrong answers that some checker once took for right
def every_few_from_a_random_start(labels, share, g):
    taken = []
    for label in (0, 1):
        members = (labels == label).nonzero()[:, 0]
        start = torch.randint(round(1 / share), (1,), generator=g).item()
        taken += members[start :: round(1 / share)][: round(share * len(members))].tolist()
    return taken


def a_run_that_goes_on_at_the_beginning(labels, share, g):
    return by_class(
        labels,
        share,
        lambda n: torch.arange(n).roll(torch.randint(n, (1,), generator=g).item()),
    )


def rounds_down(labels, share, g):
    taken = []
    for label in (0, 1):
        members = (labels == label).nonzero()[:, 0]
        order = torch.randperm(len(members), generator=g)
        taken += members[order[: int(share * len(members))]].tolist()
    return taken


HOLD_OUT += [
    (every_few_from_a_random_start, "different sets of"),
    (a_run_that_goes_on_at_the_beginning, "always neighbours"),
    (rounds_down, "not 2 of 7"),
]
BATCH += [(lambda images: stacked(images).permute(0, 3, 1, 2)[:4], "9 images of 4 rows")]
STATISTICS += [
    (lambda images: statistics(images / images.max() * 255), "The means should be"),
    (lambda images: [part.view(1, 3, 1, 1) for part in statistics(images)], "means of shape"),
]
DESIGN += [
    (KEEPS | {"how large?": ["mirror"]}, "not one of the four tasks"),
    (KEEPS | {"how large?": ALL, "how old?": ALL}, "'how large\\?' is not one of the four tasks"),
]


# right answers in other styles
def hold_out_in_numpy(labels, share, generator):
    taken = []
    for label in (1, 0):
        members = np.flatnonzero(labels.numpy() == label)
        order = torch.rand(len(members), generator=generator).argsort().numpy()
        taken += members[order[: round(share * len(members))]].tolist()
    return taken


def statistics_in_numpy(images):
    values = images.numpy().transpose(1, 0, 2, 3).reshape(3, -1) / 255
    return values.mean(1), values.std(1)


def statistics_of_pytorch(images):
    deviation, mean = torch.std_mean(images.float() / 255, (0, 2, 3))
    return [mean, deviation]


RIGHT_ANSWERS = {
    "00.1": [
        lambda images: torch.stack([torch.tensor(image).permute(2, 0, 1) for image in images]),
        lambda images: torch.tensor(np.array(images).transpose(0, 3, 1, 2)),
        lambda images: torch.tensor(np.moveaxis(np.stack(images), -1, 1).tolist()).byte(),
    ],
    "00.2": [
        Fraction(7, 10),
        Decimal("0.7"),
        0.7,
        torch.tensor(0.7),
        np.float32(0.7),
        7 / 10,
        0.71,
    ],
    "00.3": [
        hold_out_in_numpy,
        lambda labels, share, g: by_class(labels, share, lambda n: torch.randperm(n, generator=g)),
        lambda labels, share, g: torch.tensor(
            by_class(labels, share, lambda n: torch.rand(n, generator=g).argsort())
        ).flip(0),
    ],
    "00.4": [
        {task: tuple(changes) for task, changes in KEEPS.items()},
        {task: set(changes) for task, changes in reversed(KEEPS.items())},
        {task: dict.fromkeys(changes).keys() for task, changes in KEEPS.items()},
        {task: [change.title() for change in changes] for task, changes in KEEPS.items()},
        {task: changes[::-1] for task, changes in KEEPS.items()},
    ],
    "00.5": [
        statistics_in_numpy,
        statistics_of_pytorch,
        lambda images: torch.stack(list(statistics(images))),
        lambda images: tuple(part.tolist() for part in statistics(images)),
    ],
    "00.6": [3457, Fraction(3460), 3460, np.int64(3500), torch.tensor(3454), 3458.0],
}

BANKS = {
    "00.1": BATCH,
    "00.2": LEAK,
    "00.3": HOLD_OUT,
    "00.4": DESIGN,
    "00.5": STATISTICS,
    "00.6": COUNTS,
}

# what the checker says of the notebook's solution
REPLIES = {
    "00.2": "Measured on noise: 68.7%. 400 known and half of 600 make 700 of 1,000.",
    "00.6": "With 3,470 images the interval is about 2.00 percentage points wide.",
}
