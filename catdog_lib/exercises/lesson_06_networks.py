"""Checkers of lesson 06, Transfer learning: pretrained networks and new heads (06.1 to 06.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from catdog_lib.exercises.calling import ask, call, seeded
from catdog_lib.exercises.checking import require_tensor, require_value, same, show
from catdog_lib.exercises.registry import exercise, require

CATS, DOGS = slice(281, 286), slice(151, 269)


@exercise("06.1", "cat_or_dog")
def cat_or_dog(answer: Callable[[Tensor], Tensor]) -> None:
    """Check a function of ImageNet's logits (N×1000): P(cat) and P(dog) of each image, N×2.

    The two add up to 1.
    """
    logits = torch.randn(6, 1000, generator=torch.Generator().manual_seed(6))
    for image, end_of_a_range in enumerate((281, 285, 151, 268)):
        logits[image, end_of_a_range] = 9.0
    logits[4, 600] = 12.0  # neither
    value = ask(answer, logits, keeps="the logits that it was given")
    if isinstance(value, Tensor):
        hint = "The two belong side by side: torch.stack([cat, dog], dim=1)."
        require(value.shape != (2, 6), hint)
    require_tensor(value, (6, 2), "a row for each image, with P(cat) and P(dog)")

    def pair(values: Tensor, how: Callable, cats: slice = CATS, dogs: slice = DOGS) -> Tensor:
        return torch.stack([how(values[:, cats], 1), how(values[:, dogs], 1)], 1)

    def shared(sums: Tensor) -> Tensor:
        return sums / sums.sum(1, keepdim=True)

    p, wide = logits.softmax(1), pair(logits.softmax(0), torch.sum)
    sums, largest, means = (pair(p, how) for how in (torch.sum, torch.amax, torch.mean))
    right = shared(sums)
    mistakes = {
        "Cat is the first column (label 0), dog the second.": right.flip(1),
        "The two do not add up to 1: the classes that are neither took the rest. Divide by the "
        "sum.": sums,
        "These are logarithms; return the probabilities.": right.log(),
        "Softmax turns logits into probabilities; these already are. Divide them by their sum.": (
            sums.softmax(1)
        ),
        "You added logits. Add probabilities: a logit of −5 is a little probability, not a "
        "debt.": pair(logits, torch.sum).softmax(1),
        "You took the largest class; an image may be half tabby and half tiger cat. Add them "
        "up.": largest,
        "You took the largest class; the probabilities add up.": shared(largest),
        "You took means, so each of the 118 breeds counts less than a cat. Add them up.": means,
        "You took means, so a breed counts less than a cat. Add them up.": shared(means),
        "The softmax goes over the 1000 classes (dim=1), not over the images.": [
            wide,
            shared(wide),
        ],
        "The last class is missing: a slice ends before its second number.": (
            shared(pair(p, torch.sum, slice(281, 285), slice(151, 268)))
        ),
        "The first class is missing: cats begin at 281, dogs at 151.": (
            shared(pair(p, torch.sum, slice(282, 286), slice(152, 269)))
        ),
    }
    otherwise = f"The first image should have {show(right[0])}; yours has {show(value[0])}."
    require_value(value, right, mistakes, otherwise)


@exercise("06.2", "head_parameters")
def head_parameters(answer: Callable[[int, Sequence[int], int], int]) -> None:
    """Check a function of (features, hidden, classes): the parameters of a head.

    It is features → hidden[0] → … → classes.
    """
    cases = ((2048, (270, 90), 2), (1280, (), 2), (7, (5,), 3), (9, (4, 3, 2), 5))
    for features, hidden, classes in cases:
        value = ask(answer, features, hidden, classes)
        widths = [features, *hidden, classes]
        pairs = list(pairwise(widths))
        right = sum(b * (a + 1) for a, b in pairs)
        weights = sum(a * b for a, b in pairs)
        mistakes = {
            "Each layer has biases, too: one for each of its outputs.": weights,
            "The last layer, to the classes, is missing.": right - classes * (pairs[-1][0] + 1),
            "A layer has one bias for each output, not one in all.": weights + len(pairs),
            "There is a bias for each output of a layer, not for each input.": (
                weights + sum(a for a, _ in pairs)
            ),
            "The last layer has biases, too.": weights + sum(hidden),
            "The hidden layers have biases, too.": weights + classes,
            "Each layer reads the outputs of the one before it; you let all of them read the "
            "features.": sum(b * (features + 1) for b in widths[1:]),
            "That is a single new layer; the hidden ones are missing.": classes * (features + 1),
        }
        setting = " → ".join(map(str, widths))
        require_value(value, right, mistakes, f"I count {right:,}, you {show(value)}.", setting)


@exercise("06.3", "separable_multiply_adds")
def separable(answer: Callable[[int, int, int, int, int], int]) -> None:
    """Check a function of (height, width, channels_in, channels_out, kernel): multiply-adds.

    They are those of a depthwise and a pointwise convolution.
    """
    for h, w, c_in, c_out, k in ((14, 10, 6, 7, 5), (112, 112, 32, 16, 3)):
        value = ask(answer, h, w, c_in, c_out, k)
        places, deep, point = h * w, c_in * k * k, c_in * c_out
        right = places * (deep + point)
        mistakes = {
            "That is an ordinary convolution: every output reads every input.": (
                places * c_in * c_out * k * k
            ),
            "The pointwise convolution is missing: 1×1, from all channels to all.": places * deep,
            "The depthwise convolution is missing: k×k in each channel.": places * point,
            "These are its weights. Each is used at every place of the map.": deep + point,
            "The depthwise one comes first: it works on the input channels.": (
                places * (c_out * k * k + point)
            ),
            "The kernel has two sides: k·k.": places * (c_in * k + point),
            "Biases are not counted as multiply-adds.": places * (deep + point + c_in + c_out),
            "The pointwise kernel is 1×1.": places * (deep + point * k * k),
            "The two convolutions follow each other: their costs add up.": places * deep * point,
            "The pointwise convolution leads from the input to the output channels.": (
                places * (deep + c_in * c_in)
            ),
            "The map has height times width places.": h * (deep + point),
        }
        setting = f"a map of {h}×{w}, {c_in} → {c_out} channels, {k}×{k}"
        require_value(value, right, mistakes, f"I count {right:,}, you {show(value)}.", setting)


def _small_network() -> nn.Sequential:
    """Return a part with BatchNorm in two depths and dropout, which is to be frozen, and a head."""
    with seeded(6):
        inner = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout(0.5))
        first = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), inner)
        return nn.Sequential(first, nn.Sequential(nn.Flatten(), nn.Linear(4 * 36, 2)))


@exercise("06.4", "freeze_for_good")
def freeze(answer: Callable[[nn.Module], object]) -> None:
    """Check a function that freezes a module for good, in any mode.

    Parameters, BatchNorm's statistics and dropout are to stay still.
    """
    model = _small_network()
    frozen = model[0]
    images = torch.randn(8, 3, 6, 6, generator=torch.Generator().manual_seed(7)) * 3 + 2
    state = {name: value.clone() for name, value in frozen.state_dict().items()}

    def moved() -> list[str]:
        now = frozen.state_dict()
        return [name for name, value in now.items() if not torch.equal(value, state[name])]

    with torch.no_grad():
        before = frozen.eval()(images)
    model.train()
    call(answer, frozen)
    require(
        frozen.state_dict().keys() == state.keys() and not moved(),
        "Freezing leaves all numbers as they are; yours changed or removed some.",
    )
    learning = [name for name, parameter in frozen.named_parameters() if parameter.requires_grad]
    require(
        not learning,
        f"The optimizer may still move {''.join(learning[:1])}: requires_grad has to be False "
        "everywhere.",
    )
    model.train()
    frozen.train()
    after = model[0](images)
    statistics = [name for name in moved() if "running" in name]
    require(
        not statistics,
        f"After one batch in training mode, {''.join(statistics[:1])} has changed. No gradient "
        "moves it: BatchNorm does so itself, in training mode. And fit calls .train() on the "
        "whole network before each epoch, so .eval() alone is soon undone.",
    )
    require(not moved(), "BatchNorm still counts batches: it is in training mode.")
    require(
        same(after, before, atol=1e-5),
        "The statistics stand still, but in training mode the module answers differently: "
        "BatchNorm takes those of the batch, or dropout is at work. It has to stay in evaluation "
        "mode.",
    )
