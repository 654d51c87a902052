"""Wrong answers to the exercises of lesson 09, each with a piece of its hint, and right ones."""

import math
from itertools import pairwise

import numpy as np
import torch
from torch.nn import functional as F

from tests.exercises.banks.common import no_return


# 09.1: the nearest training images
def nearest(photo, train, count):
    cosine = train @ photo / train.norm(dim=1)
    return cosine.argsort(descending=True)[:count]


def nearest_in_place(photo, train, count):
    train /= train.norm(dim=1, keepdim=True)
    return (train @ photo).topk(count).indices


def nearest_by_distance(photo, train, count):
    return torch.cdist(photo[None], train)[0].argsort()[:count]


def nearest_of_unit_length(photo, train, count):
    """Between directions, the smallest distance is the largest cosine."""
    unit = F.normalize(train, dim=1)
    return (unit - F.normalize(photo, dim=0)).norm(dim=1).argsort()[:count]


def nearest_in_numpy(photo, train, count):
    train, photo = train.numpy(), photo.numpy()
    return np.argsort(-(train @ photo) / np.linalg.norm(train, axis=1))[:count]


def nearest_by_loops(photo, train, count):
    def cosine(i):
        dot = sum(a * b for a, b in zip(train[i].tolist(), photo.tolist(), strict=True))
        return dot / math.sqrt(sum(a * a for a in train[i].tolist()))

    return sorted(range(len(train)), key=cosine, reverse=True)[:count]


NEAREST = [
    (lambda p, t, n: (t @ p).argsort()[:n], "code as it was"),
    (lambda p, t, n: (t @ p).argsort(descending=True)[:n], "Long features still win"),
    (lambda p, t, n: (t @ p / t.norm(dim=1)).argsort()[:n], "sorts upwards"),
    (lambda p, t, n: nearest(p, t, n).flip(0), "comes first"),
    (lambda p, t, n: ((t / t.norm(dim=0)) @ p).argsort(descending=True)[:n], "An image is a row"),
    (nearest_by_distance, "smallest distances"),
    (
        lambda p, t, n: (t @ p / t.norm(dim=1)).abs().argsort(descending=True)[:n],
        "means the opposite direction",
    ),
    (
        lambda p, t, n: (t @ p / t.square().sum(1)).argsort(descending=True)[:n],
        "squared length",
    ),
    (lambda p, t, n: F.cosine_similarity(p[None], t).sort(descending=True).values[:n], "positions"),
    (lambda p, t, n: nearest(p, t, n + 1), "Return . positions"),
    (lambda p, t, n: nearest(p, t, 3), "Return 5 positions; you return 3"),
    (lambda p, t, n: torch.arange(n), "The positions should be"),
    (lambda p, t, n: nearest(p, t, n)[None], "shape"),
    (nearest_in_place, "changed the features"),
    (no_return, "returns None"),
    (torch.zeros(3), "Give the function itself"),
]
NEAREST_RIGHT = [
    nearest,
    nearest_of_unit_length,
    nearest_in_numpy,
    nearest_by_loops,
    lambda p, t, n: F.cosine_similarity(p[None], t).topk(n).indices,
    lambda p, t, n: (F.normalize(t, dim=1) @ p).topk(n).indices.tolist(),
]


# 09.2: the calibration error
def bins_of(confidence, edges):
    return torch.bucketize(confidence, edges[1:-1], right=True)


def gaps_of(confidence, right, edges):
    which = bins_of(confidence, edges)
    return [
        (
            (which == b).double().mean(),
            right[which == b].double().mean() - confidence[which == b].mean(),
        )
        for b in range(len(edges) - 1)
        if (which == b).any()
    ]


def error_in(confidence, right, which):
    """The error with the bins that are given."""
    insides = [which == b for b in which.unique()]
    return sum((right[i].float() - confidence[i]).sum().abs() for i in insides) / len(right)


def without_the_last_edge(confidence, right, edges):
    kept = confidence < edges[-1]
    few, answers = confidence[kept], right[kept]
    return error_in(few, answers, bins_of(few, edges)) * kept.float().mean()


def calibration_error(confidence, right, edges):
    return sum(share * gap.abs() for share, gap in gaps_of(confidence, right, edges))


def error_in_numpy(confidence, right, edges):
    confidence, right, edges = confidence.numpy(), right.numpy(), edges.numpy()
    which = np.clip(np.digitize(confidence, edges) - 1, 0, len(edges) - 2)
    total = 0.0
    for b in set(which.tolist()):
        inside = which == b
        total += inside.sum() * abs(right[inside].mean() - confidence[inside].mean())
    return total / len(right)


def error_by_masks(confidence, right, edges):
    total = torch.zeros(())
    for low, high in pairwise(edges):
        inside = (confidence >= low) & (confidence < high)
        if high == edges[-1]:
            inside |= confidence == high
        if inside.sum() == 0:
            continue
        total = total + (right[inside].float().sum() - confidence[inside].sum()).abs()
    return total / len(confidence)


def error_with_nan(confidence, right, edges):
    which = bins_of(confidence, edges)
    total = 0.0
    for b in range(len(edges) - 1):
        inside = which == b
        gap = right[inside].float().mean() - confidence[inside].mean()
        total += inside.float().mean() * gap.abs()
    return total


def error_of_middles(confidence, right, edges):
    which = bins_of(confidence, edges)
    middles = (edges[1:] + edges[:-1]) / 2
    return sum(
        (which == b).float().mean() * (right[which == b].float().mean() - middles[b]).abs()
        for b in range(len(edges) - 1)
        if (which == b).any()
    )


def error_in_place(confidence, right, edges):
    confidence -= 0.0001
    return calibration_error(confidence, right, edges)


def mean_gap(confidence, right, edges):
    gaps = [gap.abs() for _, gap in gaps_of(confidence, right, edges)]
    return sum(gaps) / len(gaps)


CALIBRATION = [
    (mean_gap, "many answers counts for more"),
    (
        lambda c, r, e: sum(g.abs() for _, g in gaps_of(c, r, e)) / (len(e) - 1),
        "many answers counts for more",
    ),
    (lambda c, r, e: sum(s * g for s, g in gaps_of(c, r, e)), "signs do not cancel"),
    (lambda c, r, e: (r.float().mean() - c.mean()).abs(), "signs do not cancel"),
    (lambda c, r, e: max(g.abs() for _, g in gaps_of(c, r, e)), "you return the largest"),
    (lambda c, r, e: sum(s * g**2 for s, g in gaps_of(c, r, e)), "not its square"),
    (lambda c, r, e: sum(s * g**2 for s, g in gaps_of(c, r, e)) ** 0.5, "not its square"),
    (error_of_middles, "not its middle"),
    (error_with_nan, "a bin is empty"),
    (lambda c, r, e: len(c) * calibration_error(c, r, e), "by its share of all answers"),
    (lambda c, r, e: (r - c).abs().mean(), "not single answers"),
    (lambda c, r, e: 1 - r.float().mean(), "The error should be"),
    (lambda c, r, e: error_in(c, r, torch.bucketize(c, e[1:-1])), "The error should be"),
    (without_the_last_edge, "The error should be"),
    (
        lambda c, r, e: error_in(c, r, ((c - e[0]) / (e[-1] - e[0]) * (len(e) - 1)).long()),
        "signs do not cancel",
    ),
    (error_in_place, "changed what it was given"),
    (no_return, "returns None"),
    (0.1, "Give the function itself"),
]
CALIBRATION_RIGHT = [
    calibration_error,
    error_in_numpy,
    error_by_masks,
    lambda c, r, e: float(calibration_error(c, r, e)),
]

# 09.3: what a temperature does, predicted
EFFECTS = [
    (("falls", "falls", "falls"), "about the accuracy"),
    (("stays", "rises", "falls"), "about the mean confidence"),
    (("stays", "stays", "falls"), "about the mean confidence"),
    (("stays", "falls", "stays"), "confident mistake"),
    (("stays", "falls", "rises"), "confident mistake"),
    (("stays", "falls"), "three words"),
    (("stays", "falls", "drops"), "one of 'rises', 'falls', 'stays'"),
    ("stays", "three words"),
    ((0, -1, -1), "one of 'rises'"),
]
EFFECTS_RIGHT = [("stays", "falls", "falls"), ["Stays", " falls", "FALLS"]]


# 09.4: find the temperature
def temperature(logits, labels):
    candidates = torch.logspace(-1, 1, 401)
    losses = torch.stack([F.cross_entropy(logits / t, labels) for t in candidates])
    return candidates[losses.argmin()]


def temperature_by_descent(logits, labels):
    log_t = torch.zeros((), requires_grad=True)
    optimizer = torch.optim.LBFGS([log_t], max_iter=100, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        value = F.cross_entropy(logits / log_t.exp(), labels)
        value.backward()
        return value

    optimizer.step(loss)
    return log_t.exp().item()


def temperature_in_numpy(logits, labels):
    z, y = logits.double().numpy(), labels.numpy()

    def loss(t):
        scaled = z / t
        return (np.logaddexp(scaled[:, 0], scaled[:, 1]) - scaled[np.arange(len(y)), y]).mean()

    low, high = 0.05, 20.0
    for _ in range(80):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, b) if loss(a) < loss(b) else (a, high)
    return np.float64((low + high) / 2)


def temperature_by_adam(logits, labels):
    t = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.Adam([t], lr=0.05)
    for _ in range(400):
        optimizer.zero_grad()
        F.cross_entropy(logits / t, labels).backward()
        optimizer.step()
    return t.detach()


def temperature_of_probabilities(logits, labels):
    return temperature_in_numpy(logits.softmax(1), labels)


def by_accuracy(logits, labels):
    candidates = torch.linspace(0.5, 5, 46)
    hits = torch.stack([((logits / t).argmax(1) == labels).float().mean() for t in candidates])
    return candidates[hits.argmax()]


def largest_loss(logits, labels):
    candidates = torch.logspace(-1, 1, 100)
    losses = torch.stack([F.cross_entropy(logits / t, labels) for t in candidates])
    return candidates[losses.argmax()]


def scaled_in_place(logits, labels):
    best = temperature(logits.clone(), labels)
    logits /= best
    return best


TEMPERATURE = [
    (lambda z, y: 1 / temperature(z, y), "You return 1/T"),
    (lambda z, y: 1.0, "changes nothing"),
    (lambda z, y: temperature_of_probabilities(z, y), "you gave it probabilities"),
    (lambda z, y: temperature(z, y).log(), "You return ln T"),
    (lambda z, y: torch.tensor(217), "a place in a list"),
    (by_accuracy, "has the loss"),
    (largest_loss, "has the loss"),
    (lambda z, y: round(temperature(z, y).item() * 1.2, 1), "has the loss"),
    (lambda z, y: -1.0, "above 0"),
    (lambda z, y: 0.0, "above 0"),
    (lambda z, y: float("nan"), "above 0"),
    (lambda z, y: torch.logspace(-1, 1, 5), "Return one number"),
    (lambda z, y: z / temperature(z, y), "Return one number"),
    (scaled_in_place, "changed the logits"),
    (no_return, "returns None"),
    (1.7, "Give the function itself"),
]
TEMPERATURE_RIGHT = [
    temperature,
    temperature_by_descent,
    temperature_in_numpy,
    temperature_by_adam,
]


# 09.5: choose on validation, report on test
def limit_of(scores, lost):
    ordered = scores.sort(descending=True).values
    return ordered[math.ceil((1 - lost) * len(scores) - 1e-9) - 1]


def report(validation, test, strangers, lost):
    threshold = limit_of(validation, lost)
    return threshold, (test < threshold).float().mean(), (strangers < threshold).float().mean()


def report_in_numpy(validation, test, strangers, lost):
    v = np.sort(validation.numpy())
    threshold = v[math.floor(lost * len(v) + 1e-9)]
    return threshold, np.mean(test.numpy() < threshold), np.mean(strangers.numpy() < threshold)


def report_by_trying(validation, test, strangers, lost):
    good = [t for t in validation.tolist() if (validation >= t).double().mean() >= 1 - lost - 1e-9]
    threshold = max(good)
    pets = sum(score < threshold for score in test.tolist()) / len(test)
    return [threshold, pets, sum(s < threshold for s in strangers.tolist()) / len(strangers)]


def with_limit(limit):
    def answer(validation, test, strangers, lost):
        t = limit(validation, test, strangers, lost)
        return t, (test < t).float().mean(), (strangers < t).float().mean()

    return answer


def with_shares(shares):
    def answer(validation, test, strangers, lost):
        t = limit_of(validation, lost)
        return (t, *shares(validation, test, strangers, t))

    return answer


def below(scores, t):
    return (scores < t).float().mean()


REPORT = [
    (with_limit(lambda v, t, s, lost: limit_of(torch.cat([v, t]), lost)), "cannot judge it"),
    (with_limit(lambda v, t, s, lost: limit_of(t, lost)), "cannot judge it"),
    (with_limit(lambda v, t, s, lost: limit_of(v, 1 - lost)), "it should accept"),
    (with_limit(lambda v, t, s, lost: torch.quantile(v, 1 - lost)), "it should accept"),
    (with_limit(lambda v, t, s, lost: limit_of(s, lost)), "The strangers chose"),
    (with_limit(lambda v, t, s, lost: v.min()), "the highest score of a validation pet"),
    (with_limit(lambda v, t, s, lost: 0.5), "the highest score of a validation pet"),
    (with_shares(lambda v, t, s, at: (1 - below(t, at), below(s, at))), "pets that are accepted"),
    (with_shares(lambda v, t, s, at: (below(t, at), 1 - below(s, at))), "gers that are accepted"),
    (
        with_shares(lambda v, t, s, at: (below(t, at), (s <= at).float().mean())),
        "exactly the threshold is accepted",
    ),
    (with_shares(lambda v, t, s, at: ((t < at).sum(), below(s, at))), "return their share"),
    (with_shares(lambda v, t, s, at: (100 * below(t, at), below(s, at))), "between 0 and 1"),
    (with_shares(lambda v, t, s, at: (below(v, at), below(s, at))), "validation pets"),
    (
        with_shares(lambda v, t, s, at: (below(t, at) / 2, below(s, at))),
        "rejected test pets should",
    ),
    (
        with_shares(lambda v, t, s, at: (below(t, at), below(s, at) / 2)),
        "rejected strangers should",
    ),
    (lambda *given: ("high", 0.1, 0.9), "The threshold should be a number; yours is 'high'"),
    (with_shares(lambda v, t, s, at: (below(t, at),)), "three numbers"),
    (with_limit(lambda v, t, s, lost: v.clamp_(min=0).min()), "changed the scores"),
    (no_return, "returns None"),
    ((0.5, 0.1, 0.9), "Give the function itself"),
]
REPORT_RIGHT = [report, report_in_numpy, report_by_trying]

# 09.6: two curves to read
READING = [
    (("A", "B", "nothing"), "three images decide"),
    (("B", "B", "nothing"), "lower one"),
    (("chance", "A", "nothing"), "Look at 0.8"),
    (("chance", "chance", "nothing"), "18 points"),
    (("chance", "B", "half"), "A coin is right"),
    (("chance", "B"), "three answers"),
    (("chance", "B", "everything"), "one of 'half'"),
    ("chance", "three answers"),
]
READING_RIGHT = [("chance", "B", "nothing"), ["Chance", "b", "nothing "]]

BANKS = {
    "09.1": NEAREST,
    "09.2": CALIBRATION,
    "09.3": EFFECTS,
    "09.4": TEMPERATURE,
    "09.5": REPORT,
    "09.6": READING,
}
RIGHT_ANSWERS = {
    "09.1": NEAREST_RIGHT,
    "09.2": CALIBRATION_RIGHT,
    "09.3": EFFECTS_RIGHT,
    "09.4": TEMPERATURE_RIGHT,
    "09.5": REPORT_RIGHT,
    "09.6": READING_RIGHT,
}

# what the checker says of the notebook's solution
REPLIES = {
    "09.3": (
        "Here: accuracy 77.8% both times, mean confidence from 94.3% to 85.3%, loss of the "
        "confident mistake from 12.0 to 4.0."
    ),
    "09.6": "Half of the answers right, with two classes, is what guessing gives.",
}
