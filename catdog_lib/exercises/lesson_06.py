"""Checkers of lesson 06, transfer learning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from catdog_lib.exercises.registry import exercise, require, require_function, require_returned

CATS, DOGS = slice(281, 286), slice(151, 269)


def _require_shape(value: object, shape: tuple[int, ...], what: str) -> None:
    require_returned(value)
    found = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
    require(found == shape, f"Return {what}, a tensor of shape {shape}; yours is {found}.")


def _same(value: Tensor, target: Tensor) -> bool:
    return torch.allclose(value.to(target.dtype), target, rtol=1e-4, atol=1e-6)


@exercise("06.1")
def cat_or_dog(answer: Callable[[Tensor], Tensor]) -> None:
    """A function of ImageNet's logits (N×1000): P(cat) and P(dog) of each picture, N×2, with the
    sum 1.
    """
    require_function("06.1", "cat_or_dog", answer)
    logits = torch.randn(6, 1000, generator=torch.Generator().manual_seed(6))
    logits[0, 281] = logits[1, 285] = logits[2, 151] = logits[3, 268] = (
        9.0  # the ends of the ranges
    )
    logits[4, 600] = 12.0  # neither
    given = logits.clone()
    value = answer(given)
    require(torch.equal(given, logits), "Your function changed the logits that it was given.")
    if isinstance(value, Tensor):
        require(
            value.shape != (2, 6), "The two belong side by side: torch.stack([cat, dog], dim=1)."
        )
    _require_shape(value, (6, 2), "a row for each picture, with P(cat) and P(dog)")
    p = logits.softmax(1)

    def pair(cat: Tensor, dog: Tensor) -> Tensor:
        return torch.stack([cat, dog], 1)

    sums = pair(p[:, CATS].sum(1), p[:, DOGS].sum(1))
    right = sums / sums.sum(1, keepdim=True)
    largest = pair(p[:, CATS].amax(1), p[:, DOGS].amax(1))
    means = pair(p[:, CATS].mean(1), p[:, DOGS].mean(1))
    added = pair(logits[:, CATS].sum(1), logits[:, DOGS].sum(1))
    wide = logits.softmax(0)
    wide = pair(wide[:, CATS].sum(1), wide[:, DOGS].sum(1))
    short = pair(p[:, 281:285].sum(1), p[:, 151:268].sum(1))
    late = pair(p[:, 282:286].sum(1), p[:, 152:269].sum(1))
    mistakes = [
        (right.flip(1), "Cat is the first column (label 0), dog the second."),
        (sums, "The two do not add up to 1: the classes that are neither took the rest. Divide by the sum."),
        (right.log(), "These are logarithms; asked are the probabilities."),
        (sums.softmax(1), "Softmax turns logits into probabilities; these already are. Divide them by their sum."),
        (added.softmax(1), "You added logits. Add probabilities: a logit of −5 is a little probability, not a debt."),
        (largest, "You took the largest class; a picture may be half tabby and half tiger cat. Add them up."),
        (largest / largest.sum(1, keepdim=True), "You took the largest class; the probabilities add up."),
        (means, "You took means, so each of the 118 breeds counts less than a cat. Add them up."),
        (means / means.sum(1, keepdim=True), "You took means, so a breed counts less than a cat. Add them up."),
        (wide, "The softmax goes over the 1000 classes (dim=1), not over the pictures."),
        (wide / wide.sum(1, keepdim=True), "The softmax goes over the 1000 classes (dim=1), not over the pictures."),
        (short / short.sum(1, keepdim=True), "The last class is missing: a slice ends before its second number."),
        (late / late.sum(1, keepdim=True), "The first class is missing: cats begin at 281, dogs at 151."),
    ]  # fmt: skip
    for wrong, hint in mistakes:
        require(not _same(value, wrong), hint)
    require(
        _same(value, right),
        f"The first picture should have {right[0, 0]:.4f} and {right[0, 1]:.4f}; yours has "
        f"{value[0, 0]:.4f} and {value[0, 1]:.4f}.",
    )


@exercise("06.2")
def head_parameters(answer: Callable[[int, Sequence[int], int], int]) -> None:
    """A function of (features, hidden, classes): the parameters of features → hidden[0] → … →
    classes.
    """
    require_function("06.2", "head_parameters", answer)
    cases = ((2048, (270, 90), 2), (1280, (), 2), (7, (5,), 3), (9, (4, 3, 2), 5))
    for features, hidden, classes in cases:
        value = answer(features, hidden, classes)
        require_returned(value)
        widths = [features, *hidden, classes]
        pairs = list(pairwise(widths))
        right = sum(b * (a + 1) for a, b in pairs)
        weights = sum(a * b for a, b in pairs)
        apart = sum(b * (features + 1) for b in widths[1:])
        mistakes = [
            (weights, "Each layer has biases, too: one for each of its outputs."),
            (right - pairs[-1][1] * (pairs[-1][0] + 1), "The last layer, to the classes, is missing."),
            (weights + len(pairs), "A layer has one bias for each output, not one in all."),
            (weights + sum(a for a, _ in pairs), "There is a bias for each output of a layer, not for each input."),
            (weights + sum(hidden), "The last layer has biases, too."),
            (weights + classes, "The hidden layers have biases, too."),
            (apart, "Each layer reads the outputs of the one before it; you let all of them read the features."),
            (classes * (features + 1), "That is a single new layer; the hidden ones are missing."),
        ]  # fmt: skip
        setting = f"{features} → {' → '.join(map(str, (*hidden, classes)))}"
        if value == right:
            continue
        for wrong, hint in mistakes:
            require(value != wrong, f"{hint} ({setting})")
        require(False, f"I count {right:,}, you {value}. ({setting})")


@exercise("06.3")
def separable(answer: Callable[[int, int, int, int, int], int]) -> None:
    """A function of (height, width, channels_in, channels_out, kernel): multiply-adds of depthwise
    and pointwise.
    """
    require_function("06.3", "separable_multiply_adds", answer)
    for h, w, c_in, c_out, k in ((14, 10, 6, 7, 5), (112, 112, 32, 16, 3)):
        value = answer(h, w, c_in, c_out, k)
        require_returned(value)
        places, deep, point = h * w, c_in * k * k, c_in * c_out
        right = places * (deep + point)
        mistakes = [
            (places * c_in * c_out * k * k, "That is an ordinary convolution: every output reads every input."),
            (places * deep, "The pointwise convolution is missing: 1×1, from all channels to all."),
            (places * point, "The depthwise convolution is missing: k×k in each channel."),
            (deep + point, "These are its weights. Each is used at every place of the map."),
            (places * (c_out * k * k + point), "The depthwise one comes first: it works on the input channels."),
            (places * (c_in * k + point), "The kernel has two sides: k·k."),
            (places * (deep + point + c_in + c_out), "Biases are not counted as multiply-adds."),
            (places * (deep + point * k * k), "The pointwise kernel is 1×1."),
            (places * deep * point, "The two convolutions follow each other: their costs add up."),
            (places * (deep + c_in * c_in), "The pointwise convolution leads from the input to the output channels."),
            (h * (deep + point), "The map has height times width places."),
        ]  # fmt: skip
        setting = f"a map of {h}×{w}, {c_in} → {c_out} channels, {k}×{k}"
        if value == right:
            continue
        for wrong, hint in mistakes:
            require(value != wrong, f"{hint} ({setting})")
        require(False, f"I count {right:,}, you {value}. ({setting})")


def _small_network() -> nn.Sequential:
    """A part with BatchNorm in two depths and dropout, which is to be frozen, and a head."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(6)
        inner = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout(0.5))
        first = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), inner)
        return nn.Sequential(first, nn.Sequential(nn.Flatten(), nn.Linear(4 * 36, 2)))


@exercise("06.4")
def freeze(answer: Callable[[nn.Module], object]) -> None:
    """A function that freezes a module for good: parameters, BatchNorm's statistics, dropout; in
    any mode.
    """
    require_function("06.4", "freeze", answer)
    model = _small_network()
    frozen = model[0]
    pictures = torch.randn(8, 3, 6, 6, generator=torch.Generator().manual_seed(7)) * 3 + 2
    state = {name: value.clone() for name, value in frozen.state_dict().items()}
    with torch.no_grad():
        before = frozen.eval()(pictures)
    model.train()
    answer(frozen)
    require(
        frozen.state_dict().keys() == state.keys()
        and all(torch.equal(value, state[name]) for name, value in frozen.state_dict().items()),
        "Freezing leaves all numbers as they are; yours changed or removed some.",
    )
    learning = [name for name, parameter in frozen.named_parameters() if parameter.requires_grad]
    require(
        not learning,
        f"The optimizer may still move {learning[0] if learning else ''}: requires_grad has to be "
        "False everywhere.",
    )
    model.train()
    frozen.train()
    after = model[0](pictures)
    moved = [name for name, value in frozen.state_dict().items() if not torch.equal(value, state[name])]  # fmt: skip
    statistics = [name for name in moved if "running" in name]
    require(
        not statistics,
        f"After one batch in training mode, {statistics[0] if statistics else ''} is another. No "
        "gradient moves it: BatchNorm does so itself, in training mode. And fit calls .train() on "
        "the whole network before each epoch, so .eval() alone is soon undone.",
    )
    require(not moved, "BatchNorm still counts batches: it is in training mode.")
    require(
        torch.allclose(after, before, atol=1e-5),
        "The statistics stand still, but in training mode the module answers differently: "
        "BatchNorm takes those of the batch, or dropout is at work. It has to stay in evaluation "
        "mode.",
    )


@exercise("06.5")
def standardise(answer: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> None:
    """A function of (train, other), N×D and M×D: both standardised by what the training features
    alone say.
    """
    require_function("06.5", "standardise", answer)
    g = torch.Generator().manual_seed(8)
    scale = torch.tensor([1.0, 10.0, 0.1, 3.0])
    train = torch.randn(20, 4, generator=g) * scale + 5 * scale
    train[:, 3] = 2.0  # a feature that is the same for every training picture
    other = torch.randn(8, 4, generator=g) * 2 * scale + 3 * scale
    both = answer(train.clone(), other.clone())
    require_returned(both)
    require(
        isinstance(both, tuple | list) and len(both) == 2,
        "Return two tensors: the training features and the others.",
    )
    _require_shape(both[0], (20, 4), "the training features first")
    _require_shape(both[1], (8, 4), "the other features second")
    one, two = both
    require(
        bool(one.isfinite().all() and two.isfinite().all()),
        "A feature that never changes in training has the standard deviation 0, and you divide by "
        "it. Put a small number in its place.",
    )
    varied = slice(0, 3)  # what a constant feature becomes is free, as long as it is a number
    one, two, a, b = one[:, varied], two[:, varied], train[:, varied], other[:, varied]
    together = torch.cat([a, b])

    def by(source: Tensor, values: Tensor) -> Tensor:
        return (values - source.mean(0)) / source.std(0)

    def like(value: Tensor, target: Tensor) -> bool:  # either kind of standard deviation will do
        return torch.allclose(value, target, rtol=0.03, atol=1e-3)

    rows = ((train - train.mean(1, keepdim=True)) / train.std(1, keepdim=True))[:, varied]
    overall = ((train - train.mean()) / train.std())[:, varied]
    mistakes = [
        (one, by(together, a), "The others took part in the mean. Then the training knows something of the test set."),
        (two, by(b, b), "The others were standardised by themselves, so the same animal gets other numbers there."),
        (one, rows, "You took the mean of a picture over its features; take that of a feature, mean(0)."),
        (one, overall, "Each feature has its own mean and standard deviation: mean(0), std(0)."),
        (one, a - a.mean(0), "The means are 0 now; divide by the standard deviation as well."),
        (one, (a - a.mean(0)) / a.var(0), "You divided by the variance; the standard deviation is its root."),
        (one, a / a.std(0), "Subtract the mean as well."),
        (two, b, "The others are as they were: do the same to them."),
        (two, b - a.mean(0), "The others lack the division by the standard deviation of training."),
    ]  # fmt: skip
    for value, wrong, hint in mistakes:
        require(not like(value, wrong), hint)
    require(
        like(one, by(a, a)), "The training features should have mean 0 and standard deviation 1."
    )
    require(
        like(two, by(a, b)),
        "Do exactly the same to the others: subtract the training mean, divide by the training "
        "standard deviation.",
    )


@exercise("06.6")
def choose(answer: Callable[[Sequence, Sequence, Sequence], tuple[float, float]]) -> None:
    """A function of (decays, validation, test): the weight decay to take, and the accuracy to
    report.
    """
    require_function("06.6", "choose_decay", answer)
    cases = (
        ([1e-3, 1e-2, 1e-1], [0.90, 0.95, 0.93], [0.91, 0.92, 0.96], (1e-2, 0.92)),
        ([1e-1, 1e-3, 1e-2], [0.95, 0.95, 0.90], [0.90, 0.94, 0.97], (1e-1, 0.90)),
        ([1e-4, 1e-3, 1e-2], [0.88, 0.97, 0.97], [0.89, 0.99, 0.96], (1e-2, 0.96)),
    )
    for decays, validation, test, right in cases:
        value = answer(list(decays), list(validation), list(test))
        require_returned(value)
        require(
            isinstance(value, tuple | list) and len(value) == 2,
            "Return two numbers: the weight decay, and the accuracy that you may report.",
        )
        decay, accuracy = map(float, value)
        require(
            decay in decays, f"{decay:g} is none of the weight decays {decays}. Return the value."
        )
        place = decays.index(decay)
        best = max(validation)
        require(
            validation[place] == best or test[place] != max(test),
            "You chose on the test set. What it says about the choice is then too good; choose on "
            "validation.",
        )
        require(validation[place] == best, f"On validation {decay:g} is not the best of {decays}.")
        require(
            decay == right[0],
            "Two are equally good on validation: take the larger weight decay, the simpler "
            "network. (The order of the list means nothing.)",
        )
        require(
            accuracy != best,
            "That is the accuracy on which you chose; the best of several is too good. Report the "
            "test accuracy.",
        )
        require(
            accuracy != max(test),
            "You report the best test accuracy of all. Report that of the weight decay that you "
            "chose.",
        )
        require(accuracy == right[1], f"Report the test accuracy of {decay:g}, {right[1]}.")
