"""Typical wrong answers to the exercises of lesson 01, each with a piece of its hint."""

import torch
import torch.nn.functional as F

from tests.exercises.banks.common import no_return


# 01.1: cross-correlation in one dimension
def slid(signal, kernel, stride=1, padding=0):
    return F.conv1d(signal[None, None], kernel[None, None], stride=stride, padding=padding)[0, 0]


def running_total(signal, kernel):
    total, sums = 0, []
    for t in range(len(signal) - len(kernel) + 1):
        for i in range(len(kernel)):
            total = total + kernel[i] * signal[t + i]
        sums.append(total)
    return torch.stack(sums)


def first_product_only(signal, kernel):
    return torch.stack([signal[t] * kernel[0] for t in range(len(signal) - len(kernel) + 1)])


def last_place_forgotten(signal, kernel):
    k = len(kernel)
    return torch.stack([(signal[t : t + k] * kernel).sum() for t in range(len(signal) - k)])


def in_place(signal, kernel):
    signal *= 2
    return slid(signal, kernel) / 2


CORRELATE = [
    (lambda s, k: slid(s, k.flip(0)), "You flipped the kernel"),
    (lambda s, k: slid(s.flip(0), k.flip(0)), "in reverse order"),
    (lambda s, k: slid(s.flip(0), k), "not the values"),
    (last_place_forgotten, "The last place is missing"),
    (lambda s, k: slid(s, k, padding=len(k) // 2)[: len(s)], "the kernel sticks out"),
    (lambda s, k: slid(s, k, padding=len(k) - 1), "only touches the signal"),
    (lambda s, k: slid(s, k, stride=len(k)), "there are 5 places"),
    (lambda s, k: slid(s, k) / len(k), "the mean of the products"),
    (lambda s, k: slid(s, torch.ones_like(k)), "You added up the signal"),
    (running_total, "start again from 0"),
    (first_product_only, "not the values: for .* the first is"),
    (lambda s, k: slid(s, k).abs(), "not the values"),
    (lambda s, k: slid(s, k)[0], "one number for each of the 5 places"),
    (lambda s, k: (s[: len(k)] * k).sum(), "one number for each"),
    (lambda s, k: slid(s, k)[None], "one number for each"),
    (lambda s, k: slid(s, k).tolist(), "as a tensor"),
    (in_place, "changed the signal"),
    (no_return, "returns None"),
    (torch.zeros(5), "Give the function itself"),
    (lambda s, k: s @ k, "RuntimeError"),
]


# 01.2: convolution in two dimensions
def over(image, kernel, **options):
    return F.conv2d(image[None, None], kernel[None, None], **options)[0, 0]


def same_size(image, kernel):
    return over(image, kernel.flip(0, 1), padding="same")


def full_size(image, kernel):
    kh, kw = kernel.shape
    return over(image, kernel.flip(0, 1), padding=(kh - 1, kw - 1))


def right_shape_only(image, kernel):
    kh, kw = kernel.shape
    return image[kh - 1 :, kw - 1 :] * kernel.sum()


CONVOLVE = [
    (over, "nothing is flipped"),
    (lambda p, k: over(p, k.flip(0)), "flip the columns, too"),
    (lambda p, k: over(p, k.flip(1)), "flip the rows, too"),
    (lambda p, k: over(p, k.T), "rotated by 90°"),
    (lambda p, k: over(p, k.rot90()), "rotated by 90°"),
    (lambda p, k: over(p, k.T.flip(0, 1)), "rotated by 90°"),
    (lambda p, k: over(p, k.flip(0, 1)).T, "Height and width are swapped"),
    (lambda p, k: over(p.T, k.flip(0, 1)), "Height and width are swapped"),
    (same_size, "No padding"),
    (full_size, "fits at 4×6 places"),
    (lambda p, k: over(p, k.flip(0, 1), stride=2), "fits at 4×6 places"),
    (lambda p, k: over(p, k.flip(0, 1))[None, None], r"with \[0, 0\]"),
    (lambda p, k: over(p.flip(0, 1), k.flip(0, 1)), "not the values"),
    (lambda p, k: over(p.flip(0, 1), k), "flipped the result, or the image"),
    (right_shape_only, "not the values"),
    (lambda p, k: over(p, k.flip(0, 1)) / k.numel(), "not the values"),
    (lambda p, k: over(p, k.flip(0, 1)).tolist(), "as a tensor"),
    (lambda p, k: over(p, k.copy_(k.flip(0, 1))), "changed the image or the kernel"),
    (no_return, "returns None"),
    (torch.zeros(4, 6), "Give the function itself"),
]


# 01.3: a kernel that moves the image to the right
def one_at(row, column, value=1.0):
    kernel = torch.zeros(3, 3)
    kernel[row, column] = value
    return kernel


MOVE_RIGHT = [
    (one_at(1, 2), "to the left"),
    (one_at(0, 1), "the image down; rows and columns are swapped"),
    (one_at(2, 1), "the image up; rows and columns are swapped"),
    (one_at(1, 1), "leaves the image where it is"),
    (one_at(0, 0), "along a diagonal"),
    (one_at(2, 0), "along a diagonal"),
    (one_at(0, 2), "along a diagonal"),
    (one_at(1, 0, -1.0), "-1 times as bright"),
    (one_at(1, 0, 255.0), "255 times as bright"),
    (one_at(1, 0) - one_at(1, 2), "mixed from several old ones"),
    ([[0, 0, 0], [1, 1, 0], [0, 0, 0]], "mixed from several old ones"),
    (torch.ones(3, 3) / 9, "mixed from several old ones"),
    (torch.zeros(3, 3), "All nine numbers are 0"),
    (torch.tensor([1.0, 0, 0]), r"3×3 numbers; yours has shape \(3,\)"),
    (one_at(1, 0).flatten(), "3×3 numbers"),
    (F.pad(one_at(1, 0), (1, 1, 1, 1)), r"yours has shape \(5, 5\)"),
    (lambda image: image.roll(1, 1), "not a function"),
    (None, "Checking your answer ended in"),
]


# 01.4: conv2d with channels and bias
def height_and_width_swapped(x, weight, bias):
    return F.conv2d(x, weight, bias).mT


def channels_not_summed(x, weight, bias):
    maps = [F.conv2d(x[:, [k]], weight[:1, [k]]) for k in range(x.shape[1])]
    return torch.cat(maps, 1) + bias[0]


def five_dimensions(x, weight, bias):
    maps = [F.conv2d(x[:, [k]], weight[:, [k]], bias) for k in range(x.shape[1])]
    return torch.stack(maps, 2)


def bias_for_each_channel(x, weight, bias):
    return sum(F.conv2d(x[:, [k]], weight[:, [k]], bias) for k in range(x.shape[1]))


def mean_over_channels(x, weight, bias):
    return F.conv2d(x, weight) / x.shape[1] + bias.view(-1, 1, 1)


def right_shape_only_4d(x, weight, bias):
    return torch.zeros_like(F.conv2d(x, weight, bias))


def first_bias_everywhere(x, weight, bias):
    return F.conv2d(x, weight) + bias[0]


def first_image_for_all(x, weight, bias):
    return F.conv2d(x[:1].expand_as(x), weight, bias)


def one_kernel_only(x, weight, bias):
    return F.conv2d(x, weight[:1], bias[:1])


CONV2D = [
    (lambda x, w, b: F.conv2d(x, w), "The bias is missing"),
    (lambda x, w, b: F.conv2d(x, w, -b), "not subtracted"),
    (bias_for_each_channel, "once for every input channel"),
    (mean_over_channels, "mean over the input channels"),
    (lambda x, w, b: F.conv2d(x, w.flip(2, 3), b), "You flipped the kernel"),
    (lambda x, w, b: F.conv2d(x, w.mT, b), "Rows and columns of the kernel are swapped"),
    (height_and_width_swapped, "Height and width are swapped"),
    (channels_not_summed, "each of the 3 channels that come in"),
    (five_dimensions, "Five dimensions"),
    (lambda x, w, b: F.conv2d(x[:, [0]], w[:, [0]], b), "input channel 0 only"),
    (lambda x, w, b: F.conv2d(x[:, [-1]], w[:, [-1]], b), "input channel 2 only"),
    (lambda x, w, b: F.conv2d(x, w, b, padding="same"), "as large as x"),
    (lambda x, w, b: F.conv2d(x, w, b)[:, 0], "Keep the channels of the output"),
    (lambda x, w, b: F.conv2d(x, w, b).relu(), "not the values"),
    (right_shape_only_4d, "not the values"),
    (first_bias_everywhere, "not the values"),
    (first_image_for_all, "not the values"),
    (one_kernel_only, "The shape should be"),
    (lambda x, w, b: F.conv2d(x, w, b)[0], "The shape should be"),
    (no_return, "returns None"),
    (torch.zeros(2, 4, 4, 6), "Give the function itself"),
]


# 01.5: parameters of three kinds of layer
def right_counts(h, w, i, o, k):
    return o * h * w * (i * h * w + 1), o * h * w * (i * k * k + 1), o * (i * k * k + 1)


def with_place(place, formula):
    def count(h, w, i, o, k):
        values = list(right_counts(h, w, i, o, k))
        values[place] = formula(h * w, i, o, k)
        return tuple(values)

    return count


COUNT = [
    (lambda *sizes: right_counts(*sizes)[::-1], "The order is reversed"),
    (
        lambda h, w, i, o, k: (o * h * w * i * h * w, o * h * w * i * k * k, o * i * k * k),
        "You counted the weights",
    ),
    (
        with_place(0, lambda p, i, o, k: o * (i * p + 1)),
        "Fully connected: each map has one output for each pixel",
    ),
    (
        with_place(0, lambda p, i, o, k: o * p * (p + 1)),
        "Fully connected: each output looks at all channels",
    ),
    (
        with_place(0, lambda p, i, o, k: i * p * (o * p + 1)),
        "Fully connected: each output has a bias, not each",
    ),
    (with_place(0, lambda p, i, o, k: o * p * i * p + o), "Fully connected: nothing is shared"),
    (with_place(0, lambda p, i, o, k: o * p * i * p), "Fully connected: every output has a bias"),
    (with_place(0, lambda p, i, o, k: (p + 1) * p), "Fully connected: for .* I count"),
    (
        with_place(1, lambda p, i, o, k: o * (i * k * k + 1)),
        "Locally connected: the weights are not shared",
    ),
    (
        with_place(1, lambda p, i, o, k: o * p * i * k * k + o),
        "Locally connected: nothing is shared",
    ),
    (
        with_place(1, lambda p, i, o, k: o * p * i * k * k),
        "Locally connected: every output has a bias",
    ),
    (
        with_place(1, lambda p, i, o, k: o * p * (k * k + 1)),
        "Locally connected: a window goes through all",
    ),
    (
        with_place(1, lambda p, i, o, k: o * p * (i * k + 1)),
        "Locally connected: a window is a square",
    ),
    (
        with_place(2, lambda p, i, o, k: o * p * (i * k * k + 1)),
        "Convolution: the weights are the same",
    ),
    (with_place(2, lambda p, i, o, k: o * i * k * k), "Convolution: every map has a bias as well"),
    (
        with_place(2, lambda p, i, o, k: o * i * k * k + 1),
        "Convolution: every map has a bias of its own",
    ),
    (
        with_place(2, lambda p, i, o, k: o * i * k * k + o * p),
        "Convolution: all outputs of one map share",
    ),
    (
        with_place(2, lambda p, i, o, k: o * (k * k + 1)),
        "Convolution: a kernel has a slice for every",
    ),
    (with_place(2, lambda p, i, o, k: o * (i * k + 1)), "Convolution: a kernel is a square"),
    (lambda h, w, i, o, k: right_counts(h, h, i, o, k), "I count"),
    (lambda h, w, i, o, k: right_counts(h, w, o, i, k), "each output has a bias, not each"),
    (lambda *sizes: right_counts(*sizes)[2], "Return three numbers"),
    (no_return, "returns None"),
    ((1, 2, 3), "Give the function itself"),
]


# 01.6: distance from equivariance
def moved(maps, down, right):
    return maps.roll((down, right), (2, 3))


def two_ways(layer, x, down, right):
    return layer(moved(x, down, right)) - moved(layer(x), down, right)


def invariance(layer, x, down, right):
    return (layer(moved(x, down, right)) - layer(x)).abs().max().item()


def never_shown(layer, x, down, right):
    return (layer(x) - moved(layer(x), down, right)).abs().max().item()


def moved_back(layer, x, down, right):
    return (layer(moved(x, down, right)) - moved(layer(x), -down, -right)).abs().max().item()


def rolls_the_channels(layer, x, down, right):
    def move(maps):
        return maps.roll((down, right), (1, 2))

    return (layer(move(x)) - move(layer(x))).abs().max().item()


def changes_the_batch(layer, x, down, right):
    still = layer(x)
    x.copy_(moved(x, down, right))
    return (layer(x) - moved(still, down, right)).abs().max().item()


EQUIVARIANCE = [
    (invariance, "stay the same"),
    (never_shown, "never sees the moved batch"),
    (moved_back, "back instead of along"),
    (
        lambda f, x, down, right: two_ways(f, x, right, down).abs().max().item(),
        "Rows and columns are swapped",
    ),
    (
        lambda f, x, down, right: two_ways(f, x, -down, -right).abs().max().item(),
        "You move up and to the left",
    ),
    (lambda *given: two_ways(*given).max().item(), "can be negative"),
    (lambda *given: two_ways(*given).abs().sum().item(), "not the sum"),
    (lambda *given: two_ways(*given).abs().mean().item(), "not the mean"),
    (lambda *given: two_ways(*given).norm().item(), "not the root"),
    (
        lambda *given: two_ways(*given)[:, :3].abs().max().item(),
        "convolution .* the largest difference is",
    ),
    (lambda *given: two_ways(*given).abs().max(), "a plain number"),
    (
        lambda *given: torch.allclose(two_ways(*given), torch.tensor(0.0), atol=1e-5),
        "a plain number",
    ),
    (lambda *given: 0.0, "the largest difference is"),
    (rolls_the_channels, "the largest difference is"),
    (lambda *given: two_ways(*given).square().max().item(), "the largest difference is"),
    (changes_the_batch, "changed the batch"),
    (no_return, "returns None"),
    (0.0, "Give the function itself"),
]

BANKS = {
    "01.1": CORRELATE,
    "01.2": CONVOLVE,
    "01.3": MOVE_RIGHT,
    "01.4": CONV2D,
    "01.5": COUNT,
    "01.6": EQUIVARIANCE,
}
