"""Wrong and right answers to the exercises of lesson 05, the wrong ones with a piece of a hint."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from catdog_lib.experiments import measured
from catdog_lib.experiments.l1_results import unnamed_losses
from tests.exercises.banks.common import no_return


def soft(w, t):
    return w.sign() * (w.abs() - t).clamp(min=0)


# 05.1: a proximal step
def in_place_step(w, g, lr, lam):
    w -= lr * g
    return soft(w, lr * lam)


def on_u(change):
    """Return an answer that does something to the weights after the step on the loss."""
    return lambda w, g, lr, lam: change(w - lr * g, lr * lam)


STEP = [
    (lambda w, g, lr, lam: w - lr * g, "soft threshold is missing"),
    (lambda w, g, lr, lam: w - lr * (g + lam * w.sign()), "leave the penalty out of the gradient"),
    (lambda w, g, lr, lam: soft(w, lr * lam), "first take a step on the loss"),
    (lambda w, g, lr, lam: soft(w - lr * g, lam), r"threshold is lr · lam"),
    (lambda w, g, lr, lam: soft(w - lr * g, lr), r"threshold is lr · lam"),
    (lambda w, g, lr, lam: soft(w - lr * g, lam / lr), r"threshold is lr · lam"),
    (lambda w, g, lr, lam: soft(w, lr * lam) - lr * g, "other way round"),
    (lambda w, g, lr, lam: soft(w + lr * g, lr * lam), "uphill"),
    (lambda w, g, lr, lam: soft(w - g, lr * lam), "not multiplied by the learning rate"),
    (on_u(lambda u, t: torch.where(u.abs() <= t, 0.0, u)), "hard threshold"),
    (on_u(lambda u, t: u - t * u.sign()), "other side of 0"),
    (
        lambda w, g, lr, lam: w.sign() * ((w - lr * g).abs() - lr * lam).clamp(min=0),
        "sign after the step",
    ),
    (on_u(lambda u, t: (u.abs() - t).clamp(min=0)), "lost their sign"),
    (on_u(lambda u, t: (u - t).clamp(min=0)), "cut off"),
    (on_u(lambda u, t: u / (1 + t)), "as L2 does"),
    (lambda w, g, lr, lam: soft(w - 0.5 * g, 0.125), "should become"),
    (on_u(lambda u, t: soft(u, t).sum()), "of shape"),
    (lambda w, g, lr, lam: w / w.abs() * soft(w - lr * g, lr * lam).abs(), "NaN"),
    (on_u(lambda u, t: u / u.abs() * (u.abs() - t).clamp(min=0)), "NaN"),
    (on_u(lambda u, t: soft(u, t).flatten()), "of shape"),
    (on_u(lambda u, t: (soft(u, t), t)), "differ in length or shape"),
    (lambda w, g, lr, lam: soft(w - g.mul_(lr), lr * lam), "changed the weights or the gradient"),
    (in_place_step, "changed the weights"),
    (no_return, "returns None"),
    (1.0, "Give the function itself"),
]


def step_by_loop(weights, gradient, lr, lam):
    result = []
    for w, g in zip(weights.flatten().tolist(), gradient.flatten().tolist(), strict=True):
        u, t = w - lr * g, lr * lam
        result.append(u - t if u > t else u + t if u < -t else 0.0)
    return torch.tensor(result).view(weights.shape)


def step_in_numpy(weights, gradient, lr, lam):
    u = weights.numpy() - lr * gradient.numpy()
    return np.sign(u) * np.maximum(np.abs(u) - lr * lam, 0)


STEPS = [
    step_by_loop,
    step_in_numpy,
    lambda weights, gradient, lr, lam: F.softshrink(weights - lr * gradient, lr * lam),
    on_u(lambda u, t: u - u.clamp(-t, t)),
    on_u(lambda u, t: u * (1 - t / u.abs()).clamp(min=0)),
    lambda w, g, lr, lam: soft(w.float() - lr * g.float(), lr * lam),
]

# 05.2: predicted shares of zeros
PREDICTION = [
    ((0.25, 0.25), "By gradient"),
    ((0.0, 0.5), "divide λ by the curvature"),
    ((0.0, 1.0), "multiplied λ by the curvature"),
    ((0.0, 0.125), "from both sides"),
    ((0.0, 0.75), "share that is left"),
    ((0.0, 0.0), "do reach 0"),
    ((0.0, 0.4), "which .* are below"),
    ((0, 25), "from 0 to 1"),
    ((0, 1.5), "from 0 to 1"),
    (0.25, "expected two shares"),
    ((0.0, "0.25"), "expected numbers"),
]


# 05.3: the mended loss
def entropy(model, images, labels):
    return F.cross_entropy(model(images), labels)


def layers(model, *kinds):
    return [m for m in model.modules() if isinstance(m, kinds or (nn.Conv2d, nn.Linear))]


def weights(model, *kinds):
    return [layer.weight for layer in layers(model, *kinds)]


def l1(tensors):
    return sum(t.abs().sum() for t in tensors)


def with_penalty(penalty):
    """Return an answer that adds lam times some function of the model."""
    return lambda m, x, y, lam: entropy(m, x, y) + lam * penalty(m)


def broken(model, images, labels, lam):
    loss = entropy(model, images, labels)
    for parameter in model.parameters():
        loss = lam * parameter.abs().mean()
    return loss


def without_graph(model, images, labels, lam):
    return entropy(model, images, labels) + lam * l1(w.detach() for w in weights(model))


def two_levels(model):
    """Look at the children of the model and at theirs, no deeper."""
    near = [*model, *(inner for layer in model for inner in layer.children())]
    return l1(layer.weight for layer in near if isinstance(layer, nn.Conv2d | nn.Linear))


def in_training_mode(model, images, labels, lam):
    return entropy(model.train(), images, labels) + lam * l1(weights(model))


def looks_first(model, images, labels, lam):
    assert model(images).shape == (len(images), 2)
    return entropy(model, images, labels) + lam * l1(weights(model))


LOSS = [
    (with_penalty(two_levels), "inner module"),
    (in_training_mode, r"another mode than before \(training mode\)"),
    (looks_first, "more than once"),
    (broken, "is it overwritten"),
    (lambda m, x, y, lam: lam * l1(weights(m)), "is it overwritten"),
    (lambda m, x, y, lam: lam * l1(m.parameters()), "is it overwritten"),
    (lambda m, x, y, lam: lam * l1(weights(m, nn.Conv2d)), "is it overwritten"),
    (lambda m, x, y, lam: lam * l1(weights(m, nn.Linear)), "is it overwritten"),
    (lambda m, x, y, lam: lam * l1(list(m.parameters())[-1:]), "is it overwritten"),
    (lambda m, x, y, lam: entropy(m, x, y), "penalty is missing"),
    (with_penalty(lambda m: l1(m.parameters())), "Biases and BatchNorm pay"),
    (
        with_penalty(lambda m: l1(p for n, p in m.named_parameters() if n.endswith("weight"))),
        "ask for the kind of layer",
    ),
    (with_penalty(lambda m: l1(p for x in layers(m) for p in x.parameters())), "biases pay, too"),
    (with_penalty(lambda m: sum(w.abs().mean() for w in weights(m))), "A mean is left"),
    (with_penalty(lambda m: sum(p.abs().mean() for p in m.parameters())), "A mean is left"),
    (
        with_penalty(lambda m: l1(weights(m)) / sum(w.numel() for w in weights(m))),
        "A mean is left",
    ),
    (with_penalty(lambda m: l1(w for w in [m[0].weight])), "inner module"),
    (with_penalty(lambda m: l1(weights(m, nn.Linear))), "convolution does not pay"),
    (with_penalty(lambda m: l1(weights(m)) / 7), "by the number of images"),
    (with_penalty(lambda m: sum(w.square().sum() for w in weights(m))), "make it L2"),
    (with_penalty(lambda m: sum(w.sum() for w in weights(m))), "cancel"),
    (lambda m, x, y, lam: entropy(m, x, y) + l1(weights(m)), "lam does not multiply"),
    (lambda m, x, y, lam: (entropy(m, x, y) + lam * l1(weights(m))).item(), "no graph"),
    (without_graph, "not its gradients"),
    (
        lambda m, x, y, lam: F.cross_entropy(m(x).detach(), y) + lam * l1(weights(m)),
        "not its gradients",
    ),
    (with_penalty(lambda m: 2 * l1(weights(m))), "the loss should be"),
    (no_return, "returns None"),
    (1.0, "Give the function itself"),
]


def loss_by_loop(model, images, labels, lam):
    total = nn.CrossEntropyLoss()(model(images), labels)
    for name, parameter in model.named_parameters():
        if name.endswith("weight") and parameter.ndim > 1:
            total = total + lam * parameter.abs().sum()
    return total


def loss_by_norm(model, images, labels, lam):
    loss = -model(images).log_softmax(1)[torch.arange(len(labels)), labels].mean()
    for layer in model.modules():
        if type(layer) in (nn.Conv2d, nn.Linear):
            loss += lam * torch.linalg.vector_norm(layer.weight, 1)
    return loss


LOSSES = [loss_by_loop, loss_by_norm, with_penalty(lambda m: l1(weights(m)))]


# 05.6: pruning by magnitude
def without(w, order, count):
    w = w.clone()
    w.view(-1)[order.flatten().argsort()[:count]] = 0
    return w


def by_rows(w, share):
    return torch.stack([without(row, row.abs(), int(share * row.numel())) for row in w])


def prune_in_place(w, share):
    w.view(-1)[w.abs().flatten().argsort()[: int(share * w.numel())]] = 0
    return w


def soft_instead(w, share):
    k = int(share * w.numel())
    return soft(w, w.abs().flatten().sort().values[k - 1].item() if k else 0.0)


def all_if_none(w, share):
    threshold = w.abs().flatten().sort().values[int(share * w.numel()) - 1]
    return torch.where(w.abs() <= threshold, 0.0, w)


PRUNE = [
    (lambda w, s: without(w, -w.abs(), int(s * w.numel())), "largest weights went"),
    (lambda w, s: without(w, w, int(s * w.numel())), "with their signs"),
    (lambda w, s: w - without(w, w.abs(), int(s * w.numel())), "kept the rest"),
    (lambda w, s: without(w, w.abs(), w.numel() - int(s * w.numel())), "that share should go"),
    (lambda w, s: without(w, w.abs(), int(s * w.numel()) + 1), "rounds down"),
    (lambda w, s: without(w, w.abs(), max(0, int(s * w.numel()) - 1)), "One too few"),
    (lambda w, s: torch.where(w.abs() <= s * w.abs().max(), 0.0, w), "count weights instead"),
    (by_rows, "every row by itself"),
    (soft_instead, "were changed as well"),
    (lambda w, s: without(w, w.abs(), int(s * w.numel())).abs(), "were changed as well"),
    (lambda w, s: without(w, w.abs(), round(s * w.numel())), "rounds down"),
    (lambda w, s: torch.where(w.abs() <= w.abs().quantile(s), 0.0, w), "rounds down"),
    (lambda w, s: without(w, w.flatten().abs().argsort(), int(s * w.numel())), "but not the"),
    (all_if_none, r"0 of 7 weights should be 0; yours has 7 zeros"),
    (lambda w, s: without(w, w.abs(), int(s * w.numel())) if s else w, "shares its memory"),
    (lambda w, s: without(w, w.abs(), int(s * w.numel())) != 0, "Return the weights"),
    (lambda w, s: without(w, w.abs(), 6), "weights should be 0"),
    (lambda w, s: without(w, w.abs(), int(s * w.numel())).flatten(), "of shape"),
    (prune_in_place, "changed the weights"),
    (no_return, "returns None"),
    (torch.zeros(3), "Give the function itself"),
]


def prune_by_threshold(weights, share):
    k = int(share * weights.numel())
    if k == 0:
        return weights.clone()
    return weights * (weights.abs() > weights.abs().flatten().kthvalue(k).values)


def prune_in_numpy(weights, share):
    flat = weights.numpy().copy().ravel()
    flat[np.argsort(np.abs(flat))[: int(share * flat.size)]] = 0
    return flat.reshape(weights.shape)


def prune_by_loop(weights, share):
    result = weights.clone().flatten()
    for _ in range(int(share * result.numel())):
        sizes = [abs(w) if w != 0 else float("inf") for w in result.tolist()]
        result[sizes.index(min(sizes))] = 0
    return result.view_as(weights)


def prune_by_topk(weights, share):
    kept = torch.zeros_like(weights).flatten()
    stay = weights.abs().flatten().topk(weights.numel() - int(share * weights.numel())).indices
    kept[stay] = weights.flatten()[stay]
    return kept.view(weights.shape)


# 05.4: which chart shows what
ENDS = {
    letter: [sum(seed[-1] for seed in losses[kind]) for kind in ("training", "validation")]
    for letter, losses in unnamed_losses(measured("l1")).items()
}
OVER = max(ENDS, key=lambda letter: ENDS[letter][1] - ENDS[letter][0])
STUCK = max(ENDS, key=lambda letter: ENDS[letter][0])
NEITHER = min(set(ENDS) - {OVER, STUCK})
LETTERS = [
    ((STUCK, OVER), "the gap is not the largest"),
    ((NEITHER, STUCK), "the gap is not the largest"),
    ((OVER, NEITHER), "something was learned"),
    ((OVER, OVER), "something was learned"),
    ((OVER, "E"), "Give one of"),
    ((OVER, 3), "Give one of"),
    (OVER, "two letters"),
]

# 05.5: the search
PLAN = {
    "lambdas": [0, 1e-4, 1e-3, 1e-2, 1e-1, 1],
    "seeds": 4,
    "same_seeds": True,
    "judge": "validation",
}
SEARCH = [
    (PLAN | {"lambdas": [1e-4, 1e-3, 1e-2, 1e-1, 1]}, "no run with λ = 0"),
    (PLAN | {"lambdas": [0, 1e-3, 1e-2, 1e-1, 1]}, "both ends"),
    (PLAN | {"lambdas": [0, 1.5e-4, 1e-3, 1e-2, 1e-1, 1]}, "both ends"),
    (PLAN | {"lambdas": [0, 1e-4, 1e-3, 1e-2, 1e-1]}, "both ends"),
    (PLAN | {"lambdas": [0, 1e-4, 1.15e-3, 1e-2, 1e-1, 1]}, "constant factor"),
    (PLAN | {"lambdas": [0, 1e-4, 0.25, 0.5, 0.75, 1]}, "constant factor"),
    (PLAN | {"lambdas": [0, 1e-4, 1e-2, 1]}, "constant factor"),
    (PLAN | {"lambdas": [0, 0, 1e-4, 1e-3, 1e-2, 1]}, "occurs twice"),
    (PLAN | {"lambdas": [-1, 0, 1e-4, 1]}, "below 0"),
    (PLAN | {"lambdas": [0]}, "both ends"),
    (PLAN | {"seeds": 0}, "is a number of runs"),
    (PLAN | {"seeds": 1}, "lucky seed"),
    (PLAN | {"seeds": 2}, "take 3 or more"),
    (PLAN | {"seeds": 5}, "30 runs; you have 24"),
    (PLAN | {"seeds": 2.5}, "is a number of runs"),
    (PLAN | {"same_seeds": "yes"}, "True or False; you gave 'yes'"),
    (PLAN | {"lambdas": [0, 1e-4, float("nan"), 1]}, "is a number; yours are"),
    (PLAN | {"same_seeds": False}, "cancels in the differences"),
    (PLAN | {"judge": "test"}, "none are left to measure"),
    (PLAN | {"judge": "training"}, "reward overfitting"),
    (PLAN | {"judge": "a friend"}, "Give one of"),
    ({"lambdas": [0, 1]}, "'seeds', 'same_seeds', 'judge' is missing"),
    (4, "Give a dict with"),
]

BANKS = {
    "05.1": STEP,
    "05.2": PREDICTION,
    "05.3": LOSS,
    "05.6": PRUNE,
    "05.4": LETTERS,
    "05.5": SEARCH,
}
RIGHT_ANSWERS = {
    "05.1": STEPS,
    "05.2": [(0.0, 0.25), [0, 0.245], (np.float64(0.01), torch.tensor(0.26)), [[0], [0.25]]],
    "05.3": LOSSES,
    "05.6": [prune_by_threshold, prune_in_numpy, prune_by_loop, prune_by_topk],
    "05.4": [(OVER, STUCK), [OVER.lower(), STUCK], OVER + STUCK],
    "05.5": [
        PLAN,
        PLAN | {"same_seeds": np.True_, "note": "mine"},
        PLAN | {"seeds": 3, "lambdas": (0, *(10 ** (-4 + 4 * i / 6) for i in range(7)))},
        PLAN | {"lambdas": np.array([0, 1e-4, 1e-3, 1e-2, 1e-1, 1]), "seeds": np.int64(3)},
        PLAN | {"lambdas": torch.tensor([0, 1e-4, 1e-3, 1e-2, 1e-1, 1]), "judge": "Validation"},
    ],
}

# what the checker says of the notebook's solution
REPLIES = {
    "05.2": "Exactly 0: 0.0% by gradient, 25.0% by proximal steps.",
    "05.4": "B has a gap of 1.08.",
    "05.5": (
        "24 runs. If paired differences spread by 2 points, your intervals reach ±3.2 points: "
        "a smaller gain would mostly be missed."
    ),
}
