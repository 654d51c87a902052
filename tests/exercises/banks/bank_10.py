"""Typical wrong answers to the exercises of lesson 10, each with a piece of its hint."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.exercises.banks.common import no_return

# 10.1: which part would you speed up?
WORTH_IT = [
    (["decode"], "takes all four days"),
    (["augment", "optimizer"], "days of work left over"),
    (["augment", "forward", "optimizer"], "Your step takes"),
    (["backward", "forward"], "Your step takes"),
    (["decode", "augment"], "takes 5 days"),
    (["augment", "augment"], "only once"),
    (["loading"], "'loading' is not one of"),
    ([], "days of work left over"),
    ("decode", "takes all four days"),
    (no_return, "Give a list"),
]

# 10.2: four layers on a GPU
ON_A_GPU = [
    ([2035, 2035, 2035, 2035], "intensity 0.25.*compare the bandwidths"),
    ([150, 105, 689, 2035], "intensity 0.25.*compare the bandwidths"),
    ([105, 2035, 689, 2035], "intensity 10 .*left of both corners"),
    ([105, 105, 2035, 2035], "intensity 100 .*295"),
    ([105, 105, 105, 2035], "intensity 100 "),
    ([105, 105, 689, 105], "compare the peaks"),
    ([105, 105, 689], "four factors"),
    (2035, "four factors"),
    (["105", "105", "689", "2035"], "expected numbers"),
]


# 10.3: loss scaling, mended
def step_of(order, skip=True):
    """Return a step made of these letters: zero, backward, divide, cut, step."""

    def scaled_step(model, optimizer, loss, scale):
        for letter in order:
            if letter == "z":
                optimizer.zero_grad()
            if letter == "b":
                (loss * scale).backward()
            if letter == "d":
                for p in model.parameters():
                    p.grad /= scale
            if letter == "c":
                nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            finite = all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
            if letter == "s" and (finite or not skip):
                optimizer.step()

    return scaled_step


def divides_the_loss(model, optimizer, loss, scale):
    step_of("zbdcs")(model, optimizer, loss / scale, scale)


def mended(skips=None, moves=None):
    """Return a step with other conditions to take it, or another way to take it."""

    def scaled_step(model, optimizer, loss, scale):
        step_of("zbd")(model, optimizer, loss, scale)
        good = [p.grad.isfinite().all() for p in model.parameters()]
        if skips is None or skips(good, model):
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            (moves or (lambda m, o: o.step()))(model, optimizer)

    return scaled_step


@torch.no_grad()
def by_the_rate(model, optimizer):
    for p in model.parameters():
        p -= optimizer.param_groups[0]["lr"] * p.grad


def zeroes(number):
    """Return a step that puts a number in the place of what is not finite."""

    def skips(good, model):
        for p in model.parameters():
            p.grad.nan_to_num_(number, number, number)
        return True

    return mended(skips)


def zeroes_all(model, optimizer, loss, scale):
    step_of("zbd")(model, optimizer, loss, scale)
    if not all(p.grad.isfinite().all() for p in model.parameters()):
        for p in model.parameters():
            p.grad.zero_()
    nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()


def steps_back(model, optimizer, loss, scale):
    old = [p.detach().clone() for p in model.parameters()]
    step_of("zbdcs", skip=False)(model, optimizer, loss, scale)
    if not all(p.isfinite().all() for p in model.parameters()):
        with torch.no_grad():
            for p, before in zip(model.parameters(), old, strict=True):
                p.copy_(before)


def always_to_the_limit(model, optimizer, loss, scale):
    step_of("zbd")(model, optimizer, loss, scale)
    norm = nn.utils.get_total_norm([p.grad for p in model.parameters()])
    if norm.isfinite():
        for p in model.parameters():
            p.grad *= 0.5 / norm
        optimizer.step()


def with_a_lower_rate(model, optimizer, loss, scale):
    optimizer.param_groups[0]["lr"] /= scale
    step_of("zbs")(model, optimizer, loss, scale)


def in_evaluation(model, optimizer, loss, scale):
    model.eval()
    step_of("zbdcs")(model, optimizer, loss, scale)


def looks_at_the_loss(model, optimizer, loss, scale):
    if (loss * scale).isfinite():
        step_of("zbdcs", skip=False)(model, optimizer, loss, scale)


SCALED = [
    (looks_at_the_loss, "skip the whole step"),
    (mended(lambda good, model: good[0]), "skip the whole step"),
    (mended(lambda good, model: good[-1]), "skip the whole step"),
    (mended(lambda good, model: any(good)), "skip the whole step"),
    (zeroes(0.0), "skip the whole step"),
    (zeroes_all, "skip the whole step"),
    (steps_back, "the optimizer's momentum"),
    (mended(lambda good, model: all(good), by_the_rate), "not the right ones"),
    (always_to_the_limit, "not the right ones"),
    (lambda m, o, loss, scale: step_of("zbdcs")(m, o, loss * scale / 1024, 1024), "not the right"),
    (with_a_lower_rate, "changed the learning rate"),
    (in_evaluation, "in evaluation mode"),
    (step_of("zbcds"), "divide first"),
    (step_of("zbcds", skip=False), "divide first"),
    (step_of("zbdcs", skip=False), "skip the whole step"),
    (step_of("zbcs"), "never divided"),
    (step_of("zbds"), "no longer cut"),
    (step_of("bdcs"), "Old gradients"),
    (step_of("zbdc"), "have not changed"),
    (step_of("zbdcss"), "not the right ones"),
    (step_of("zbddcs"), "not the right ones"),
    (divides_the_loss, "not the right ones"),
    (3, "Give the function itself"),
]


# 10.4: gradients of several machines
def combined(weight, total):
    return lambda means, counts: (
        sum(weight(c) * m for m, c in zip(means, counts, strict=True)) / total(counts)
    )


def by_rule(means, counts):
    pairs = [(m, c) for m, c in zip(means, counts, strict=True) if c]
    return sum(m * c for m, c in pairs) / sum(counts)


def changes_its_arguments(means, counts):
    for mean, count in zip(means, counts, strict=True):
        mean *= count
    return sum(means) / sum(counts)


def up_to_an_empty_one(means, counts):
    total = images = 0
    for mean, count in zip(means, counts, strict=True):
        if not count:
            break
        total, images = total + mean * count, images + count
    return total / images


WHOLE = [
    (combined(lambda c: 1, len), "mean of means"),
    (combined(lambda c: 1, lambda counts: 1), "added up the means"),
    (combined(lambda c: c, lambda counts: 1), "return the sum over all images"),
    (combined(lambda c: c, len), "the number of machines"),
    (combined(lambda c: 1 / max(c, 1), lambda cs: sum(1 / max(c, 1) for c in cs)), "other way"),
    (lambda means, counts: means[0], "first machine"),
    (lambda means, counts: means[-1], "last machine"),
    (combined(lambda c: c * c, sum), "twice"),
    (combined(lambda c: c, sum), "leave it out"),
    (combined(lambda c: c, max), "leave it out|not the gradient"),
    (lambda means, counts: by_rule(means, counts).flatten(), r"have the shape \(2, 3\)"),
    (lambda means, counts: means[counts.index(max(counts))], "not the gradient"),
    (up_to_an_empty_one, "stopped with ZeroDivisionError"),
    (lambda means, counts: by_rule([m.nan_to_num_() for m in means], counts), "x.clone"),
    (lambda means, counts: (by_rule(means, counts), counts.pop())[0], r"such as list\(x\)"),
    (changes_its_arguments, "changed the gradients"),
    (no_return, "returns None"),
    (torch.zeros(1), "Give the function itself"),
]

# 10.5: what a checkpoint needs
NEEDED = [
    ([["steps"], ["optimizer"], ["steps", "generator"]], "without 'steps' ends with the same"),
    ([["optimizer"], ["optimizer"], ["steps", "generator"]], "SGD, constant.*with the same"),
    ([[], [], ["steps", "generator"]], "Adam.*without 'optimizer' ends with diff"),
    ([[], ["optimizer"], ["steps"]], "without 'generator'"),
    ([[], ["optimizer"], ["generator"]], "without 'steps' ends with different"),
    ([[], ["optimizer"], ["optimizer", "steps", "generator"]], "ends with the same weights"),
    ([[], ["averages"], []], "not one of"),
    ([None, ["optimizer"], ["steps", "generator"]], "Give a list with some of"),
    ([[], []], "three lists"),
    ("steps", "three lists"),
]


# 10.6: gradient accumulation
def by_parts(share, clear="before", reduction="sum", at_once=None, sign=1):
    """Return an answer that divides the loss of a part by ``share(part, whole, parts)``."""

    def accumulate(model, images, labels, most):
        if clear == "before":
            model.zero_grad()
        micro_batches = list(
            zip(images.split(at_once or most), labels.split(at_once or most), strict=True)
        )
        for x, y in micro_batches:
            if clear == "between":
                model.zero_grad()
            loss = F.cross_entropy(model(x), y, reduction=reduction)
            (sign * loss / share(len(y), len(labels), len(micro_batches))).backward()
        if clear == "after":
            model.zero_grad(set_to_none=False)
        if clear == "away":
            model.zero_grad()

    return accumulate


def whole(part, batch, parts):
    return batch


def takes_a_step(model, images, labels, most):
    by_parts(whole)(model, images, labels, most)
    torch.optim.SGD(model.parameters(), lr=0.1).step()


def first_part_only(model, images, labels, most):
    model.zero_grad()
    F.cross_entropy(model(images[:most]), labels[:most]).backward()


def backward_of_the_first(model, images, labels, most):
    model.zero_grad()
    losses = [
        F.cross_entropy(model(x), y)
        for x, y in zip(images.split(most), labels.split(most), strict=True)
    ]
    losses[0].backward()


def sees_nothing(model, images, labels, most):
    model.zero_grad()


ACCUMULATE = [
    (by_parts(lambda part, batch, parts: 1), "gradient of the sum"),
    (by_parts(lambda part, batch, parts: 1, reduction="mean"), "added up the means"),
    (by_parts(lambda part, batch, parts: parts, reduction="mean"), "mean of means"),
    (by_parts(lambda part, batch, parts: part), "added up the means"),
    (by_parts(whole, clear="never"), "old gradients still count"),
    (by_parts(whole, clear="between"), "between the parts"),
    (by_parts(lambda *_: 1, clear="between", reduction="mean"), "between the parts"),
    (by_parts(whole, clear="after"), "cleared at the end"),
    (by_parts(whole, clear="away"), "no gradients"),
    (by_parts(whole, at_once=100), "through the model together"),
    (by_parts(whole, sign=-1), "The sign"),
    (by_parts(lambda part, batch, parts: 2 * batch), "not those of the whole"),
    (takes_a_step, "changes the weights"),
    (first_part_only, "each image once"),
    (backward_of_the_first, "Only the first part"),
    (sees_nothing, "never saw an image"),
    (3, "Give the function itself"),
]


def in_evaluation_mode(model, images, labels, most):
    model.eval()
    by_parts(whole)(model, images, labels, most)


def in_most_parts(model, images, labels, most):
    model.zero_grad()
    for x, y in zip(images.chunk(most), labels.chunk(most), strict=True):
        (F.cross_entropy(model(x), y, reduction="sum") / len(labels)).backward()


def changes_the_labels(model, images, labels, most):
    by_parts(whole)(model, images, labels, most)
    labels.zero_()


def returns_the_loss(model, images, labels, most):
    by_parts(whole)(model, images, labels, most)
    return 0.7


ACCUMULATE += [
    (in_evaluation_mode, "in a different mode"),
    (in_most_parts, "you sent 4 through"),
    (changes_the_labels, "changed the images or the labels"),
    (returns_the_loss, "Return nothing"),
]


# right answers in other styles
def by_stack(means, counts):
    shares = torch.tensor(counts, dtype=means[0].dtype)
    return (torch.stack(means).nan_to_num() * shares[:, None, None]).sum(0) / shares.sum()


def by_numpy(means, counts):
    used = [(m.numpy(), c) for m, c in zip(means, counts, strict=True) if c]
    return np.average([m for m, _ in used], axis=0, weights=[c for _, c in used])


def by_autograd(model, optimizer, loss, scale):
    gradients = torch.autograd.grad(loss * scale, list(model.parameters()))
    if not all(g.isfinite().all() for g in gradients):
        return
    for p, g in zip(model.parameters(), gradients, strict=True):
        p.grad = g / scale
    nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()


def scaled_limit(model, optimizer, loss, scale):
    optimizer.zero_grad()
    (scale * loss).backward()
    norm = nn.utils.get_total_norm([p.grad for p in model.parameters()]) / scale
    if not norm.isfinite():
        return
    for p in model.parameters():
        p.grad = p.grad / scale / max(1.0, norm.item() / 0.5)
    optimizer.step()


def mean_with_weights(model, images, labels, most):
    for p in model.parameters():
        p.grad = None
    for i in range(0, len(labels), most):
        x, y = images[i : i + most], labels[i : i + most]
        (F.cross_entropy(model(x), y) * (len(y) / len(labels))).backward()


def by_hand(model, images, labels, most):
    totals = [torch.zeros_like(p) for p in model.parameters()]
    for x, y in zip(images.split(most), labels.split(most), strict=True):
        loss = F.nll_loss(model(x).log_softmax(1), y, reduction="sum")
        for total, g in zip(
            totals, torch.autograd.grad(loss, list(model.parameters())), strict=True
        ):
            total += g
    for p, total in zip(model.parameters(), totals, strict=True):
        p.grad = total / len(labels)


RIGHT_ANSWERS = {
    "10.1": [
        ("optimizer", "augment", "backward"),
        {"augment", "backward", "optimizer"},
        frozenset(["augment", "backward", "optimizer"]),
        np.array(["augment", "backward", "optimizer"]),
        ["backward", "augment", "optimizer"],
    ],
    "10.2": [
        (104.7, 104.7, 689.3, 2035),
        np.array([104.69, 104.69, 689.3, 2034.98]),
        torch.tensor([105.0, 105.0, 689.0, 2035.0]),
    ],
    "10.3": [by_autograd, scaled_limit, step_of("zbdcs")],
    "10.4": [by_rule, by_stack, by_numpy],
    "10.5": [
        ((), ("optimizer",), ("generator", "steps")),
        [set(), {"optimizer"}, {"steps", "generator"}],
        [{}, frozenset(["optimizer"]), {"steps", "generator"}],
        [[], ["optimizer"], ["steps", "generator"]],
    ],
    "10.6": [mean_with_weights, by_hand, by_parts(whole)],
}

BANKS = {
    "10.1": WORTH_IT,
    "10.2": ON_A_GPU,
    "10.3": SCALED,
    "10.4": WHOLE,
    "10.5": NEEDED,
    "10.6": ACCUMULATE,
}

# what the checker says of the notebook's solution
REPLIES = {
    "10.1": "The step takes 15.50 ms instead of 22: 1.42 times as fast.",
    "10.2": "Computed: 105, 105, 689, 2,035 times as fast at most.",
    "10.5": "Run and compared; needed besides the weights: nothing; optimizer; generator, steps.",
}
