"""Typical wrong answers to the exercises of lesson 10, each with a piece of its hint."""

import math

import torch
import torch.nn.functional as F

from tests.exercises.banks.common import no_return


# 10.1: Amdahl's law
def after(seconds, factors):
    return sum(t / k for t, k in zip(seconds, factors, strict=True))


SPEED_UP = [
    (after, "takes afterwards"),
    (lambda t, k: after(t, k) / sum(t), "turn it round"),
    (lambda t, k: 1 - after(t, k) / sum(t), "share of the time that is saved"),
    (lambda t, k: sum(t) - after(t, k), "seconds that are saved"),
    (lambda t, k: sum(k) / len(k), "mean of the factors"),
    (lambda t, k: sum(a * b for a, b in zip(t, k, strict=True)) / sum(t), "factors do not"),
    (lambda t, k: max(k), "Only the fastest part"),
    (lambda t, k: min(k), "does not decide alone"),
    (lambda t, k: math.prod(k), "multiply when they meet"),
    (lambda t, k: sum(t) / after(t, k) + 1, "should be"),
    (no_return, "returns None"),
    (2.5, "Give the function itself"),
]


# 10.2: mirror a batch
def mirrored(dims=(3,), swap=False, convert=lambda images: images):
    def mirror(images, chosen):
        condition = chosen[:, None, None, None]
        return convert(torch.where(~condition if swap else condition, images.flip(dims), images))

    return mirror


def with_a_loop(images, chosen):
    pairs = zip(images, chosen, strict=True)
    return torch.stack([image.flip(2) if yes else image for image, yes in pairs])


def loop_over_the_chosen(images, chosen):
    result = images.clone()
    for i in range(len(images)):
        if chosen[i]:
            result[i] = images[i].flip(2)
    return result


def in_place(images, chosen):
    images[chosen] = images[chosen].flip(3)
    return images


MIRROR = [
    (lambda images, chosen: images, "No image is mirrored"),
    (lambda images, chosen: images.flip(3), "All images are mirrored"),
    (mirrored(swap=True), "not chosen"),
    (mirrored((2,)), "on their heads"),
    (mirrored((2, 3)), "upside down as well"),
    (mirrored((1,)), "red and blue"),
    (mirrored((0, 3)), "their places in the batch"),
    (
        lambda images, chosen: torch.where(
            chosen[:, None, None, None], images.transpose(2, 3), images
        ),
        "exchanges rows and columns",
    ),
    (mirrored(convert=lambda images: images.float()), "came back as torch.float32"),
    (lambda images, chosen: images[chosen].flip(3), "the same shape"),
    (lambda images, chosen: images.roll(1, 3), "should come back mirrored"),
    (in_place, "changed the batch"),
    (with_a_loop, "there is a loop"),
    (loop_over_the_chosen, "there is a loop"),
    (no_return, "returns None"),
    (torch.zeros(1), "Give the function itself"),
]


# 10.3: arithmetic intensity of a convolution
def ratio(operations=2, bytes_of=lambda b: b, count=None):
    def intensity(n, s, c, d, k, b):
        numbers = count(n, s, c, d, k) if count else n * s * s * (c + d) + d * c * k * k
        return operations * n * s * s * c * d * k * k / (bytes_of(b) * numbers)

    return intensity


INTENSITY = [
    (ratio(operations=1), "A multiply-add is two operations"),
    (ratio(bytes_of=lambda b: 1), "per number"),
    (ratio(bytes_of=lambda b: 1 / b), "in the denominator"),
    (ratio(bytes_of=lambda b: 8 * b), "not in bits"),
    (ratio(count=lambda n, s, c, d, k: n * s * s * (c + d)), "weights have to be read"),
    (
        ratio(count=lambda n, s, c, d, k: n * (s * s * (c + d) + d * c * k * k)),
        "once for the whole",
    ),
    (ratio(count=lambda n, s, c, d, k: n * s * s * c + d * c * k * k), "has to be written"),
    (ratio(count=lambda n, s, c, d, k: n * s * s * d + d * c * k * k), "that come in"),
    (lambda n, s, c, d, k, b: ratio()(n, s, c, d, k, b) / k, "in the operations as well"),
    (lambda n, s, c, d, k, b: 1 / ratio()(n, s, c, d, k, b), "turn it round"),
    (lambda n, s, c, d, k, b: ratio()(n, s, c, d, k, b) / n, "Every image of the batch"),
    (ratio(count=lambda n, s, c, d, k: n * s * (c + d) + d * c * k * k), "should be"),
    (no_return, "returns None"),
    (90, "Give the function itself"),
]


# 10.4: the gap to the next number
def power(x):
    return math.floor(math.log2(abs(x)))


GAP = [
    (lambda x, m: 2.0**-m, "around 1"),
    (lambda x, m: abs(x) * 2.0**-m, "not .x. itself"),
    (lambda x, m: 2.0 ** (math.ceil(math.log2(abs(x))) - m), "the power of two above"),
    (lambda x, m: 2.0 ** (round(math.log2(abs(x))) - m), "sometimes takes"),
    (lambda x, m: 2.0 ** (math.frexp(x)[1] - m), "one higher"),
    (lambda x, m: 2.0 ** (power(x) - m - 1), "half the gap"),
    (lambda x, m: 2.0 ** (power(x) + m), "is subtracted"),
    (lambda x, m: 2.0 ** power(x) / m, "not m"),
    (lambda x, m: 2.0 ** power(x), "up to the next"),
    (lambda x, m: 2.0 ** (math.floor(math.log2(x)) - m), r"take abs\(x\) first"),
    (lambda x, m: 2.0 ** (math.floor(math.log(abs(x))) - m), "should be"),
    (lambda x, m: math.copysign(2.0 ** (power(x) - m), x), "should be"),
    (lambda x, m: 2.0 ** (int(math.log2(abs(x))) - m), "should be"),
    (no_return, "returns None"),
    (0.0078125, "Give the function itself"),
]


# 10.5: the largest batch
def fits(state=4, both=2, each=2):
    return lambda m, w, a, v: (m - state * w * (both + a)) // (each * v)


BATCH = [
    (fits(both=1), "Weights and gradients"),
    (lambda m, w, a, v: (m - 8 * w) // (2 * v), "averages take memory, too"),
    (lambda m, w, a, v: (m - 4 * w) // (2 * v), "Gradients and the optimizer"),
    (fits(each=4), "two bytes, not four"),
    (fits(state=2), "Only the activations are in bfloat16"),
    (lambda m, w, a, v: m // (2 * v), "The network itself"),
    (lambda m, w, a, v: m // (4 * w * (2 + a) + 2 * v), "there once"),
    (fits(state=1, each=1), "count their bytes"),
    (lambda m, w, a, v: -(-(m - 4 * w * (2 + a)) // (2 * v)), "rounded up"),
    (lambda m, w, a, v: max(0, (m - 4 * w * (2 + a)) / (2 * v)), "no parts of images"),
    (fits(), "not even this network fits"),
    (fits(both=3), "should be"),
    (no_return, "returns None"),
    (64, "Give the function itself"),
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
    (by_parts(whole, clear="between"), "between the micro-batches"),
    (by_parts(lambda *_: 1, clear="between", reduction="mean"), "between the micro-batches"),
    (by_parts(whole, clear="after"), "cleared at the end"),
    (by_parts(whole, clear="away"), "no gradients"),
    (by_parts(whole, at_once=100), "through the model together"),
    (by_parts(whole, sign=-1), "The sign"),
    (by_parts(lambda part, batch, parts: 2 * batch), "not those of the whole"),
    (takes_a_step, "weights have changed"),
    (first_part_only, "each image once"),
    (backward_of_the_first, "Only the first micro-batch"),
    (sees_nothing, "never saw an image"),
    (3, "Give the function itself"),
]

BANKS = {
    "10.1": SPEED_UP,
    "10.2": MIRROR,
    "10.3": INTENSITY,
    "10.4": GAP,
    "10.5": BATCH,
    "10.6": ACCUMULATE,
}
