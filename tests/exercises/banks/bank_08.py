"""Wrong and right answers to the exercises of lesson 08, the wrong ones with a piece of a hint."""

import math

import numpy as np
import torch
from PIL import Image, ImageOps

from tests.exercises.banks.common import no_return

# 08.1: floors of the loss after two softmaxes
E = math.e
FLOORS = [
    ([math.log(k) for k in (2, 10, 1000)], "knows nothing"),
    ([0, 0, 0], "With one softmax the loss could fall to 0"),
    ([math.log(1 + (k - 1) * E) for k in (2, 10, 1000)], "upside down"),
    ([math.log(E + k - 1) for k in (2, 10, 1000)], "minus the logit"),
    ([math.log(1 + k / E) for k in (2, 10, 1000)], "K − 1, not K"),
    ([0.31, 0.31, 0.31], "depends on the number of classes"),
    ([0.31, 1.46, 6.91], r"The losses are \[0.31, 1.46, 5.91\]"),
    (0.31, "expected three losses"),
    (["0.31", "1.46", "5.91"], "expected numbers"),
]
FLOORS_RIGHT = [
    (0.31, 1.46, 5.91),
    np.log(1 + (np.array([2, 10, 1000]) - 1) / E),
    {2: 0.313, 10: 1.461, 1000: 5.9095}.values(),
    torch.tensor([0.3133, 1.4612, 5.9094], dtype=torch.float16).float().round(decimals=2),
]

# 08.2: three steps without clearing
PATH = [
    ([0.5, 0.25, 0.125], "began with zero_grad"),
    ([1.0, 1.5, 1.25], "where the weight is"),
    ([0.5, -0.5, -2.0], "the second gradient is 0.5"),
    ([1.0, 0.5, -0.25], "is the start"),
    ([0.5, 0.0, -0.25], "multiply by the learning rate once"),
    ([0.5, -0.25, -1.0], r"The weights are \[0.5, -0.25, -0.875\]"),
    (-0.875, "expected the weight after each"),
]
PATH_RIGHT = [
    (0.5, -0.25, -0.875),
    torch.tensor([0.5, -0.25, -0.88]),
    np.array([0.5, -0.25, -0.875]),
]


# 08.5: accuracy
def measure(
    network,
    images,
    labels,
    batch_size,
    *,
    evaluates=True,
    restores=True,
    records=False,
    drops=False,
    weight=len,
    total=sum,
):
    """Measure the accuracy, with the mistakes that the keywords ask for."""
    training = network.training
    if evaluates:
        network.eval()
    right, weights = [], []
    with torch.set_grad_enabled(records):
        for x, y in zip(images.split(batch_size), labels.split(batch_size), strict=True):
            if drops and len(y) < batch_size:
                continue
            hits = (network(x).argmax(1) == y).double()
            right.append(hits.mean().item() * weight(y))
            weights.append(weight(y))
    if restores:
        network.train(training)
    return total(right) / max(total(weights), 1e-9)


def wrong(**mistakes):
    return lambda n, x, y, b: measure(n, x, y, b, **mistakes)


def broken_accuracy(network, images, labels, batch_size):
    scores = []
    for start in range(0, len(images) - batch_size, batch_size):
        logits = network(images[start : start + batch_size])
        scores.append((logits.argmax(1) == labels[start : start + batch_size]).float().mean())
    return sum(scores) / len(scores)


def hits_of_whole_batches(network, images, labels, batch_size):
    """Leave the last batch out, and divide by all images."""
    seen = len(labels) // batch_size * batch_size
    return measure(network, images, labels, batch_size, drops=True) * seen / len(labels)


def ends_in_training(network, images, labels, batch_size):
    share = measure(network, images, labels, batch_size)
    network.train()
    return share


def scores_that_fall(network, images, labels, batch_size):
    labels.zero_()
    return measure(network, images, labels, batch_size)


def all_at_once(network, images, labels, batch_size):
    return measure(network, images, labels, len(images))


ACCURACY = [
    (all_at_once, "You sent 21 images through the network at once"),
    (wrong(weight=lambda y: 1), "Each batch counts the same"),
    (wrong(total=lambda values: values[-1]), "the last batch alone"),
    (wrong(drops=True), "The last, smaller batch is left out"),
    (wrong(evaluates=False), "answers in training mode"),
    (wrong(restores=False), "in another mode than before"),
    (ends_in_training, "in another mode than before"),
    (wrong(records=True), "gradients are recorded"),
    (lambda n, x, y, b: measure(n, x, y, b) * len(y), "return their share"),
    (lambda n, x, y, b: 1 - measure(n, x, y, b), "share of wrong answers"),
    (lambda n, x, y, b: measure(n, x, y, b) * len(y) / -(-len(y) // b), "not by that of batches"),
    (
        lambda n, x, y, b: measure(n, x, y, b) * len(y) / (b * -(-len(y) // b)),
        "the last batch has fewer",
    ),
    (broken_accuracy, "answers in training mode"),
    (wrong(drops=True, weight=lambda y: 1), "last, smaller batch"),
    (hits_of_whole_batches, "last, smaller batch"),
    (lambda n, x, y, b: 0.5, "never calls the network"),
    (lambda n, x, y, b: measure(n, x, y, b) + 0.01, "The accuracy is"),
    (scores_that_fall, "changed the images or the labels"),
    (no_return, "returns None"),
    (0.5, "Give the function itself"),
]


def accuracy_at_once(network, images, labels, batch_size):
    was = network.training
    network.eval()
    with torch.inference_mode():
        hits = [
            network(images[i : i + batch_size]).argmax(1).eq(labels[i : i + batch_size])
            for i in range(0, len(images), batch_size)
        ]
    network.train(was)
    return torch.cat(hits).float().mean()


@torch.no_grad()
def accuracy_by_count(network, images, labels, batch_size):
    mode, right = network.training, 0
    network.train(False)
    for batch in torch.arange(len(labels)).split(batch_size):
        right += int((network(images[batch]).max(1).indices == labels[batch]).sum())
    network.train(mode)
    return right / len(labels)


def accuracy_seeded(network, images, labels, batch_size):
    torch.manual_seed(0)
    return measure(network, images, labels, batch_size)


# 08.3: which experiment decides?
def differs(a, b):
    return not torch.allclose(a, b, atol=1e-4)


def repeat(predict, images):
    return differs(predict(images), predict(images))


def halves(predict, images):
    return differs(predict(images)[:12], predict(images[:12]))


def only_repeated(predict, images):
    return "chance" if repeat(predict, images) else "healthy"


def only_company(predict, images):
    return "company" if halves(predict, images) else "healthy"


def company_first(predict, images):
    if halves(predict, images):
        return "company"
    return "chance" if repeat(predict, images) else "healthy"


def exact(predict, images):
    if not torch.equal(predict(images), predict(images)):
        return "chance"
    return "healthy" if torch.equal(predict(images)[:12], predict(images[:12])) else "company"


def seeds_every_time(predict, images):
    torch.manual_seed(0)
    first = predict(images)
    torch.manual_seed(0)
    if differs(first, predict(images)):
        return "chance"
    return "company" if halves(predict, images) else "healthy"


def by_class(predict, images):
    first, again = predict(images).argmax(1), predict(images).argmax(1)
    if not torch.equal(first, again):
        return "chance"
    return "healthy" if torch.equal(first[:12], predict(images[:12]).argmax(1)) else "company"


def by_class_alone(predict, images):
    first, again = predict(images).argmax(1), predict(images).argmax(1)
    if not torch.equal(first, again):
        return "chance"
    alone = torch.cat([predict(image[None]) for image in images]).argmax(1)
    return "healthy" if torch.equal(first, alone) else "company"


def one_photo(predict, images):
    return "chance" if differs(predict(images[0]), predict(images[0])) else "healthy"


def shuffles_the_images(predict, images):
    images.copy_(images.flip(0))
    return "healthy"


DECIDE = [
    (only_repeated, "BatchNorm in training mode.*in different company"),
    (only_company, "dropout switched on.*Asked twice"),
    (company_first, "dropout switched on.*Asked twice"),
    (exact, "a healthy function.*by rounding"),
    (seeds_every_time, "dropout switched on.*Asked twice"),
    (by_class, "BatchNorm in training mode"),
    (by_class_alone, "BatchNorm in training mode"),
    (lambda predict, images: predict(images[:0]), "predict takes a batch"),
    (lambda predict, images: predict(list(images)), "predict takes a batch"),
    (one_photo, r"images\[:1\], not images\[0\]"),
    (lambda predict, images: "healthy", "BatchNorm in training mode"),
    (lambda predict, images: "chance", "a healthy function"),
    (lambda predict, images: repeat(predict, images), "Return 'healthy', 'company' or 'chance'"),
    (lambda predict, images: "dropout", "Give one of"),
    (shuffles_the_images, "changed the images"),
    (no_return, "returns None"),
    ("chance", "Give the function itself"),
]


def decide_one_by_one(predict, images):
    whole = predict(images)
    if (whole - predict(images)).abs().max() > 1e-5:
        return "Chance"
    alone = torch.cat([predict(image[None]) for image in images])
    return "company" if (whole - alone).abs().max() > 1e-5 else "healthy"


def decide_in_numpy(predict, images):
    first, again, other = predict(images), predict(images), predict(images[::2])
    if not np.allclose(first.numpy(), again.numpy(), atol=1e-4):
        return "chance"
    return "healthy" if np.allclose(first[::2].numpy(), other.numpy(), atol=1e-4) else "company"


def decide_seeded(predict, images):
    torch.manual_seed(1)
    return decide_in_numpy(predict, images)


# 08.6: four scripts
NAMED = {
    "A": "gradients never cleared",
    "B": "leak",
    "C": "dead ReLUs",
    "D": "second softmax",
}
NAMES = [
    (NAMED | {"A": "dead ReLUs"}, "Script A does not suffer from 'dead ReLUs'"),
    (NAMED | {"B": "second softmax"}, "not suffer from 'second softmax': its training loss would"),
    (NAMED | {"C": "gradients never cleared"}, "C does not suffer from 'gradients never cleared'"),
    (NAMED | {"D": "leak"}, "Script D does not suffer from 'leak': its validation loss would fall"),
    ({"A": "leak"}, "Script A does not suffer from 'leak'"),
    ({"B": "leak"}, "Script A is missing"),
    (NAMED | {"D": "overfits"}, "give one of"),
    ("leak", "Give a dict"),
]


# 08.4: photos in both sets
def twins(train, test, *, copies=True, mirrored=True, axis=3, of="test"):
    found = []
    for i, one in enumerate(test):
        for j, other in enumerate(train):
            hit = copies and torch.equal(one, other)
            hit = hit or (mirrored and torch.equal(one, other.flip(axis - 1)))
            if hit:
                found.append(i if of == "test" else j)
    return found


def finding(**mistakes):
    return lambda train, test: twins(train, test, **mistakes)


def any_pixel(train, test):
    return [i for i, one in enumerate(test) if (train == one).any()]


def is_twin(train, test):
    """Return a mask in place of positions."""
    return torch.tensor([i in twins(train, test) for i in range(len(test))])


def by_sums(train, test):
    """Take images for the same if their pixels add up to the same."""
    return [i for i, one in enumerate(test) if (train.sum((1, 2, 3)) == one.sum()).any()]


def in_place(train, test):
    train.copy_(train.flip(3))
    return []


def nearly(same):
    """Return an answer that compares only a part of the photo, as the function says."""

    def leaked(train, test):
        known = torch.cat([train, train.flip(3)])
        return [i for i, photo in enumerate(test) if same(known == photo).any()]

    return leaked


LEAKED = [
    (nearly(lambda equal: equal.flatten(2).all(2)), "at the positions"),
    (nearly(lambda equal: equal[:, 0].flatten(1).all(1)), "at the positions"),
    (nearly(lambda equal: equal.flatten(1).double().mean(1) > 0.9), "at the positions"),
    (lambda train, test: is_twin(train, test).numpy(), "not a mask"),
    (lambda train, test: tuple(is_twin(train, test).tolist()), "not a mask"),
    (finding(mirrored=False), "Mirrored photos are the same"),
    (finding(copies=False), "without mirroring count, too"),
    (finding(of="train"), "positions in train"),
    (finding(axis=2), "upside down"),
    (lambda train, test: [i for i in range(8) if i not in twins(train, test)], "not in train"),
    (any_pixel, "all its pixels"),
    (lambda train, test: is_twin(train, test), "not a mask"),
    (lambda train, test: is_twin(train, test).tolist(), "not a mask"),
    (lambda train, test: is_twin(train, test).nonzero(), "Return a list of positions"),
    (lambda train, test: len(twins(train, test)), "Return a list of positions"),
    (by_sums, r"at the positions \[0, 4, 6\]; you return \[0, 4, 5, 6, 7\]"),
    (lambda train, test: twins(train, test) * 2, "occurs twice"),
    (lambda train, test: [twins(train, test)], "Return a list of positions"),
    (lambda train, test: [0], r"at the positions \[0, 4, 6\]"),
    (in_place, "changed the images"),
    (no_return, "returns None"),
    ([0, 4, 6], "Give the function itself"),
]


def leaked_by_bytes(train, test):
    known = {image.numpy().tobytes() for image in torch.cat([train, train.flip(3)])}
    return {i for i, image in enumerate(test) if image.numpy().tobytes() in known}


def leaked_at_once(train, test):
    both = torch.cat([train, train.flip(3)]).flatten(1)
    return (test.flatten(1)[:, None] == both[None]).all(2).any(1).nonzero().flatten()


def leaked_by_distance(train, test):
    both = torch.cat([train, train.flip(-1)]).flatten(1).double()
    return np.flatnonzero((torch.cdist(test.flatten(1).double(), both).min(1).values < 0.5).numpy())


def leaked_in_pillow(train, test):
    """Mirror the images as images."""

    def images(batch):
        return [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in batch]

    known = images(train) + [ImageOps.mirror(image) for image in images(train)]
    return [i for i, image in enumerate(images(test)) if image in known]


BANKS = {
    "08.1": FLOORS,
    "08.2": PATH,
    "08.3": DECIDE,
    "08.4": LEAKED,
    "08.5": ACCURACY,
    "08.6": NAMES,
}
RIGHT_ANSWERS = {
    "08.1": FLOORS_RIGHT,
    "08.2": PATH_RIGHT,
    "08.3": [decide_one_by_one, decide_in_numpy, decide_seeded],
    "08.4": [leaked_by_bytes, leaked_at_once, leaked_by_distance, leaked_in_pillow],
    "08.5": [accuracy_at_once, accuracy_by_count, accuracy_seeded],
    "08.6": [{letter: name.upper() for letter, name in NAMED.items()}],
}

# what the checker says of the notebook's solution
REPLIES = {
    "08.1": "With 1,000 classes, such a loss starts at 6.91 and cannot fall below 5.91.",
    "08.2": (
        "With the gradients cleared, they would be [0.5, 0.25, 0.125]: closer to 0 in each step."
    ),
    "08.3": "All 16 functions were told apart.",
    "08.6": "All four are named.",
}
