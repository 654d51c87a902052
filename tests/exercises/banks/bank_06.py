"""Typical wrong answers to the exercises of lesson 06, each with a piece of its hint."""

from itertools import pairwise

import torch
from torch import nn

from tests.exercises.banks.common import no_return


# 06.1: cat or dog from ImageNet's classes
def both(p, how="sum", cats=slice(281, 286), dogs=slice(151, 269)):
    cat, dog = getattr(p[:, cats], how)(1), getattr(p[:, dogs], how)(1)
    return torch.stack([cat, dog], 1)


def shared(sums):
    return sums / sums.sum(1, keepdim=True)


def answer(logits):
    return shared(both(logits.softmax(1)))


def in_place(logits):
    logits -= logits.amax(1, keepdim=True)
    return answer(logits)


CAT_OR_DOG = [
    (lambda z: answer(z).flip(1), "Cat is the first column"),
    (lambda z: both(z.softmax(1)), "do not add up to 1"),
    (lambda z: answer(z).log(), "These are logarithms"),
    (lambda z: both(z.softmax(1)).softmax(1), "these already are"),
    (lambda z: both(z).softmax(1), "You added logits"),
    (lambda z: both(z.softmax(1), "amax"), "largest class; an image may be"),
    (lambda z: shared(both(z.softmax(1), "amax")), "largest class; the prob"),
    (lambda z: both(z.softmax(1), "mean"), "each of the 118 breeds counts less"),
    (lambda z: shared(both(z.softmax(1), "mean")), "a breed counts less"),
    (lambda z: both(z.softmax(0)), "not over the images"),
    (lambda z: shared(both(z.softmax(0))), "not over the images"),
    (
        lambda z: shared(both(z.softmax(1), "sum", slice(281, 285), slice(151, 268))),
        "last class is missing",
    ),
    (
        lambda z: shared(both(z.softmax(1), "sum", slice(282, 286), slice(152, 269))),
        "first class is missing",
    ),
    (lambda z: answer(2 * z), "The first image should have"),
    (lambda z: answer(z).T, "side by side"),
    (lambda z: answer(z)[:, 0], "of shape"),
    (lambda z: answer(z).tolist(), "yours is list"),
    (in_place, "changed the logits"),
    (no_return, "returns None"),
    (torch.zeros(6, 2), "Give the function itself"),
]


# 06.2: parameters of a head
def count(features, hidden, classes, bias=lambda a, b: b):
    widths = [features, *hidden, classes]
    return sum(a * b + bias(a, b) for a, b in pairwise(widths))


HEAD = [
    (lambda f, h, c: count(f, h, c, lambda a, b: 0), "Each layer has biases"),
    (lambda f, h, c: count(f, h[:-1], h[-1]) if h else 0, "to the classes, is missing"),
    (lambda f, h, c: count(f, h, c, lambda a, b: 1), "not one in all"),
    (lambda f, h, c: count(f, h, c, lambda a, b: a), "not for each input"),
    (lambda f, h, c: count(f, h, c, lambda a, b: 0) + sum(h), "The last layer has biases"),
    (lambda f, h, c: count(f, h, c, lambda a, b: 0) + c, "The hidden layers have biases"),
    (lambda f, h, c: sum(b * (f + 1) for b in (*h, c)), "reads the outputs of the one before"),
    (lambda f, h, c: c * (f + 1), "hidden ones are missing"),
    (lambda f, h, c: count(f, h, c) + 1, "I count 577,802"),
    (lambda f, h, c: 577_802, "1280 → 2"),
    (no_return, "returns None"),
    (577_802, "Give the function itself"),
]


# 06.3: depthwise and pointwise
def cost(h, w, i, o, k):
    return h * w * (i * k * k + i * o)


SEPARABLE = [
    (lambda h, w, i, o, k: h * w * i * o * k * k, "ordinary convolution"),
    (lambda h, w, i, o, k: h * w * i * k * k, "pointwise convolution is missing"),
    (lambda h, w, i, o, k: h * w * i * o, "depthwise convolution is missing"),
    (lambda h, w, i, o, k: i * k * k + i * o, "These are its weights"),
    (lambda h, w, i, o, k: h * w * (o * k * k + i * o), "works on the input channels"),
    (lambda h, w, i, o, k: h * w * (i * k + i * o), "two sides"),
    (lambda h, w, i, o, k: cost(h, w, i, o, k) + h * w * (i + o), "Biases are not"),
    (lambda h, w, i, o, k: h * w * (i * k * k + i * o * k * k), "kernel is 1×1"),
    (lambda h, w, i, o, k: h * w * i * k * k * i * o, "costs add up"),
    (lambda h, w, i, o, k: h * w * (i * k * k + i * i), "from the input to the output"),
    (lambda h, w, i, o, k: h * (i * k * k + i * o), "height times width"),
    (lambda h, w, i, o, k: cost(h, w, i, o, k) + 1, "I count 26,880"),
    (lambda h, w, i, o, k: 26_880, "112×112"),
    (no_return, "returns None"),
    (26_880, "Give the function itself"),
]


# 06.4: freezing
def no_gradients(module):
    module.requires_grad_(False)


def evaluation_only(module):
    module.eval()
    module.train = lambda mode=True: module


def one_layer(module):
    module[0].requires_grad_(False)
    evaluation_only(module)


def until_train(module):
    no_gradients(module)
    module.eval()


def no_momentum(module):
    no_gradients(module)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 0.0


def outer_norm_only(module):
    no_gradients(module)
    module[1].eval()
    module[1].train = lambda mode=True: module[1]


def norm_only(module):
    no_gradients(module)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eval()
            part.train = lambda mode=True, part=part: part


def no_statistics(module):
    no_gradients(module)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.track_running_stats = False
            part.running_mean = part.running_var = None


def no_training_at_all(module):
    no_gradients(module)
    module.eval()
    nn.Module.eval(module)
    module.train = lambda mode=True: None
    module.forward = lambda x: (_ for _ in ()).throw(ValueError("frozen"))


def zeroed(module):
    no_gradients(module)
    for parameter in module.parameters():
        parameter.data.zero_()


FREEZE = [
    (no_gradients, "running_mean has changed"),
    (evaluation_only, "optimizer may still move 0.weight"),
    (one_layer, "optimizer may still move 1.weight"),
    (until_train, "so .eval.. alone is soon undone"),
    (no_momentum, "still counts batches"),
    (outer_norm_only, "3.1.running_mean has changed"),
    (norm_only, "dropout is at work"),
    (no_statistics, "changed or removed some"),
    (zeroed, "changed or removed some"),
    (no_training_at_all, "ended in ValueError"),
    (no_return, "optimizer may still move"),
    (nn.Linear(2, 2).requires_grad_(False).bias, "Give the function itself"),
]


# 06.5: standardising
def by(source, values):
    return (values - source.mean(0)) / source.std(0).clamp(min=1e-6)


def changed(train, other):
    one, two = by(train, train), by(train, other)
    return one + 0.5, two


STANDARDISE = [
    (lambda a, b: (by(torch.cat([a, b]), a), by(torch.cat([a, b]), b)), "went into the mean"),
    (lambda a, b: (by(a, a), by(b, b)), "standardised by themselves"),
    (lambda a, b: ((a - a.mean(1, keepdim=True)) / a.std(1, keepdim=True), b), "mean of an image"),
    (lambda a, b: ((a - a.mean()) / a.std(), (b - a.mean()) / a.std()), "its own mean"),
    (lambda a, b: (a - a.mean(0), b - a.mean(0)), "divide by the standard deviation as well"),
    (lambda a, b: ((a - a.mean(0)) / a.var(0).clamp(min=1e-6), b), "divided by the variance"),
    (lambda a, b: (a / a.std(0).clamp(min=1e-6), b), "Subtract the mean"),
    (lambda a, b: (by(a, a), b), "are unchanged"),
    (lambda a, b: (by(a, a), b - a.mean(0)), "lack the division"),
    (lambda a, b: ((a - a.mean(0)) / a.std(0), (b - a.mean(0)) / a.std(0)), "standard deviation 0"),
    (changed, "should have mean 0"),
    (lambda a, b: (by(a, a), by(a, 2 * b)), "exactly the same to the others"),
    (lambda a, b: (by(a, b), by(a, a)), "of shape"),
    (lambda a, b: by(a, a), "Return two tensors"),
    (no_return, "returns None"),
    (torch.zeros(3), "Give the function itself"),
]


# 06.6: choosing a weight decay
def at(place, decays, test):
    return decays[place], test[place]


def best(values):
    return values.index(max(values))


def last_best(values):
    return max(range(len(values)), key=lambda i: (values[i], i))


def chosen(decays, validation):
    return max(range(len(decays)), key=lambda i: (validation[i], decays[i]))


CHOOSE = [
    (lambda d, v, t: at(best(t), d, t), "chose on the test set"),
    (lambda d, v, t: at(v.index(min(v)), d, t), "is not the best"),
    (lambda d, v, t: at(d.index(max(d)), d, t), "chose on the test set|is not the best"),
    (
        lambda d, v, t: at(best([a + b for a, b in zip(v, t, strict=True)]), d, t),
        "chose on the test",
    ),
    (lambda d, v, t: at(best(v), d, t), "take the larger weight decay"),
    (lambda d, v, t: at(last_best(v), d, t), "take the larger weight decay"),
    (lambda d, v, t: (d[chosen(d, v)], max(v)), "accuracy on which you chose"),
    (lambda d, v, t: (d[chosen(d, v)], max(t)), "best test accuracy of all"),
    (lambda d, v, t: (d[chosen(d, v)], sum(t) / 3), "Report the test accuracy of 0.01, 0.92"),
    (lambda d, v, t: (chosen(d, v), t[chosen(d, v)]), "none of the weight decays"),
    (lambda d, v, t: d[chosen(d, v)], "Return two numbers"),
    (no_return, "returns None"),
    (0.01, "Give the function itself"),
]

BANKS = {
    "06.1": CAT_OR_DOG,
    "06.2": HEAD,
    "06.3": SEPARABLE,
    "06.4": FREEZE,
    "06.5": STANDARDISE,
    "06.6": CHOOSE,
}
