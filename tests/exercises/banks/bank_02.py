"""Typical wrong answers to the exercises of lesson 02, each with a piece of its hint."""

from math import ceil

import numpy as np
import torch
from torch import nn

from tests.exercises.banks.common import no_return


# 02.1: height and width after a convolution
def both(one):
    """Return an answer that computes height and width by the same (wrong) formula."""

    def conv_shape(size, kernel, stride, padding, dilation):
        return tuple(one(size[i], kernel[i], stride[i], padding[i], dilation[i]) for i in range(2))

    return conv_shape


def right(h, k, s, p, d):
    return (h + 2 * p - d * (k - 1) - 1) // s + 1


def swapped(size, kernel, stride, padding, dilation):
    return both(right)(size[::-1], kernel[::-1], stride[::-1], padding[::-1], dilation[::-1])


def height_twice(size, kernel, stride, padding, dilation):
    height = right(size[0], kernel[0], stride[0], padding[0], dilation[0])
    return height, height


def one_setting(size, kernel, stride, padding, dilation):
    return tuple(right(h, kernel[0], stride[0], padding[0], dilation[0]) for h in size)


CONV = [
    (both(lambda h, k, s, p, d: (h + 2 * p - d * (k - 1) - 1) / s + 1), "Half a window"),
    (both(lambda h, k, s, p, d: float(right(h, k, s, p, d))), "a float"),
    (both(lambda h, k, s, p, d: ceil((h + 2 * p - d * (k - 1) - 1) / s + 1)), "round up"),
    (both(lambda h, k, s, p, d: round((h + 2 * p - d * (k - 1) - 1) / s) + 1), "`round`"),
    (both(lambda h, k, s, p, d: (h + p - d * (k - 1) - 1) // s + 1), "each of the two sides"),
    (both(lambda h, k, s, p, d: (h - d * (k - 1) - 1) // s + 1), "Where is the padding"),
    (both(lambda h, k, s, p, d: (h + 2 * p - k) // s + 1), "formula without dilation"),
    (both(lambda h, k, s, p, d: (h + 2 * p - d * k) // s + 1), "steps of d"),
    (both(lambda h, k, s, p, d: (h + 2 * p - (k + d * (k - 1))) // s + 1), "dilation from 0"),
    (both(lambda h, k, s, p, d: (h + 2 * p - d * (k - 1) - 1) // s), "One window is missing"),
    (both(lambda h, k, s, p, d: (h + 2 * p - d * (k - 1) - 1 + 1) // s), "belongs outside"),
    (both(lambda h, k, s, p, d: h + 2 * p - d * (k - 1)), "stride is missing"),
    (both(lambda h, k, s, p, d: (h + 2 * p - d * (k - 1) - 1) * s + 1), "should be"),
    (swapped, "swapped"),
    (height_twice, "Your width is the height"),
    (one_setting, "height's settings for the width"),
    (lambda size, *rest: right(size[0], *(pair[0] for pair in rest)), "expected two numbers"),
    (no_return, "returns None"),
    ((5, 6), "Give the function itself"),
]

# 02.2: five sides predicted
SIDES = [
    ([47, 23, 23, 23, 11], "5×5 convolution"),
    ([48, 47, 47, 47, 23], "first pooling"),
    ([48, 24, 22, 22, 10], "with padding 1"),
    ([48, 24, 24, 26, 12], "the dilated"),
    ([48, 24, 24, 24, 12], "last pooling"),
    ([48, 24, 24, 24, 11.5], "no half rows"),
    ([48, 24], "five sides"),
    (48, "five sides"),
]

# 02.3: layers that bring 224 to 7
LAYERS = [
    ([(3, 2, 1)] * 4, "224 → 112 → 56 → 28 → 14; they should end at 7"),
    ([(3, 2, 0)] * 5, "they should end at 7"),
    ([(2, 2, 1)] * 5, "they should end at 7"),
    ([(3, 2, 1)] * 6, "five at most"),
    ([(3, 2, 2)] * 5, "more than half a kernel"),
    ([(3, 1, 2)] * 5, "order is kernel, stride, padding"),
    ([(32, 32, 0)], "1 to 7 pixels"),
    ([(1, 2, 0)] * 5, "jumps over pixels"),
    ([(3, 4, 0), (3, 4, 0), (3, 2, 1)], "jumps over pixels"),
    (
        [(3, 3, 0), (2, 2, 0), (2, 2, 0), (2, 2, 0), (3, 1, 0)],
        "remainder was thrown away.*222, 223",
    ),
    ([(3, 2)] * 5, "three integers"),
    ([(3, 2, 0.5)] * 5, "three integers"),
    ([(3, 0, 1)], "at least 1"),
    ([(7, 7, 0), (7, 7, 0), (7, 1, 0)], "larger than the map"),
    ([], "Give a list"),
    (no_return, "Give a list"),
]


# 02.4: a network for every size
def features(pool=None, first=None):
    return nn.Sequential(
        first or nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        pool or nn.MaxPool2d(2),
    )


def head(side, body=None):
    return nn.Sequential(body or features(), nn.Flatten(), nn.Linear(16 * side**2, 2))


def measured(size, body=None):
    body = body or features()
    return head(body(torch.zeros(1, 3, size, size)).shape[2], body)


class ByHand(nn.Module):
    """One ReLU for both places, and the pooling named before it: what counts is what runs."""

    def __init__(self, size, pool=None, second=None, last=None):
        super().__init__()
        self.pool, self.relu = pool or nn.MaxPool2d(2), nn.ReLU()
        self.one = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.two = second or nn.Conv2d(8, 16, 3, padding=1)
        self.last = last or (lambda maps: maps.flatten(1))
        side = self.maps(torch.zeros(1, 3, size, size)).shape[2]
        self.linear = nn.Linear(16 * side**2, 2)

    def maps(self, x):
        return self.pool(self.relu(self.two(self.relu(self.one(x)))))

    def forward(self, x):
        return self.linear(self.last(self.maps(x)))


NETWORK = [
    (lambda size: ByHand(size, last=lambda maps: maps.reshape(3, -1)), "a single image of 16"),
    (lambda size: ByHand(size, pool=nn.MaxPool2d(2, stride=1)), "Keep the pooling"),
    (lambda size: ByHand(size, pool=nn.MaxPool2d(2, padding=1)), "Keep the pooling"),
    (
        lambda size: ByHand(size, second=nn.Conv2d(8, 16, 3, padding=1, dilation=2)),
        "Keep the two convolutions",
    ),
    (lambda size: head(size // 4), "With images of 17|With images of 18|With images of 19"),
    (lambda size: head(round(size / 4)), "network stops"),
    (lambda size: head((size + 3) // 4), "network stops"),
    (lambda size: head(16), "With images of 16 pixels"),
    (lambda size: measured(size, features(nn.MaxPool2d(2, ceil_mode=True))), "rounded down"),
    (lambda size: measured(size, features(nn.AvgPool2d(2))), "Keep the pooling"),
    (
        lambda size: measured(size, features(first=nn.Conv2d(3, 8, 3, stride=2))),
        "Keep the two convolutions",
    ),
    (
        lambda size: nn.Sequential(
            *(nn.GELU() if isinstance(f, nn.ReLU) else f for f in features())
        ),
        "begin with the five given layers",
    ),
    (lambda size: nn.Sequential(measured(size), nn.Linear(2, 3)), "two numbers each"),
    (lambda size: nn.Sequential(features(), nn.AdaptiveAvgPool2d(1)), "two numbers each"),
    (lambda size: nn.Linear(3, 2), "Keep the two convolutions"),
    (lambda size: (size - 1) // 2, "an nn.Module"),
    (no_return, "returns None"),
    (nn.Linear(3, 2), "an nn.Module|stopped with|network stops|convolutions"),
]

# 02.5: twice the side
GROWTH = [
    ([(1, 4)] * 4, "a list of four factors"),
    ([2, 1, 4, 9], "twice as high and twice as wide"),
    ([4, 4, 4, 9], "does the size of the map appear"),
    ([4, 1, 2, 9], "number of places"),
    ([4, 1, 4, 4], "rounding down each time"),
    ([4, 1, 4, 1], "rounding down each time"),
    ([4, 1, 4], "four factors"),
    (4, "four factors"),
    (["4", "1", "4", "9"], "expected numbers"),
]

# 02.6: see 64 pixels
SEE = [
    ([(3, 1, 1)] * 6, "spans 13 pixels"),
    ([(3, 2, 1)] * 3 + [(3, 1, 1)] * 3, "spans 63 pixels"),
    ([(3, 2, 1)] * 6, "multiply to 64"),
    ([(3, 1, 1)] * 32, "six at most"),
    ([(3, 1, 32)], "looks at 3 of them"),
    ([(1, 2, 1), (3, 2, 1), (3, 2, 1), (3, 1, 4), (3, 1, 4)], "leaves holes"),
    ([(7, 2, 1)], "1 to 3 pixels"),
    ([(3, 0, 1)], "at least 1"),
    ([(3, 2)], "three integers"),
    ([(3, 2.0, 1)], "three integers"),
    ([], "Give a list"),
    (no_return, "Give a list"),
]


# right answers in other styles
def shape_by_numpy(size, kernel, stride, padding, dilation):
    h, k, s, p, d = map(np.array, (size, kernel, stride, padding, dilation))
    return tuple((h + 2 * p - d * (k - 1) - 1) // s + 1)


def shape_by_running(size, kernel, stride, padding, dilation):
    layer = nn.Conv2d(1, 1, kernel, stride, padding, dilation)
    return tuple(layer(torch.zeros(1, 1, *size)).shape[2:])


def shape_in_tensors(size, kernel, stride, padding, dilation):
    h, k, s, p, d = map(torch.tensor, (size, kernel, stride, padding, dilation))
    return list((h + 2 * p - d * (k - 1) - 1).div(s, rounding_mode="floor") + 1)


RIGHT_ANSWERS = {
    "02.1": [
        shape_by_numpy,
        shape_by_running,
        shape_in_tensors,
        lambda *sides: (  # a new layer draws its weights
            nn.Conv2d(1, 1, *sides[1:])(torch.zeros(1, 1, *sides[0])).shape[2:]
        ),
    ],
    "02.2": [(48, 24, 24, 24, 11), np.array([48, 24, 24, 24, 11]), [48.0, 24.0, 24.0, 24.0, 11.0]],
    "02.3": [
        [(7, 2, 3)] * 5,
        ((2, 2, 0), (2, 2, 0), (2, 2, 0), (4, 4, 0)),
        [[4, 4, 0], [4, 4, 0], [2, 2, 0]],
        [(np.int64(3), 2, 1)] * 5,
        np.array([(4, 2, 1)] * 5),
        torch.tensor([(2, 2, 0)] * 5),
    ],
    "02.4": [
        measured,
        ByHand,
        lambda size: nn.Sequential(
            features(), nn.ZeroPad2d(2), nn.MaxPool2d(2), nn.Flatten(), nn.LazyLinear(2)
        ),
        lambda size: nn.Sequential(features(), nn.Flatten(), nn.LazyLinear(2)),
        lambda size: nn.Sequential(
            *features(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(256, 2)
        ),
        lambda size: head((size + 1) // 2 // 2),
        lambda size: (torch.manual_seed(0), measured(size))[1],
    ],
    "02.5": [(4.0, 1.0, 4.0, 9.0), np.array([4, 1, 4, 9]), torch.tensor([4, 1, 4, 9])],
    "02.6": [
        [(3, 2, 1)] * 3 + [(3, 1, 2), (3, 1, 1), (3, 1, 1)],
        [[3, 1, 1], [3, 2, 1], [3, 2, 1], [3, 2, 1], [3, 1, 1], [3, 1, 2]],
        ((2, 2, 1), (2, 2, 1), (2, 2, 1), (3, 1, 1), (3, 1, 3), (3, 1, 2)),
    ],
}

BANKS = {
    "02.1": CONV,
    "02.2": SIDES,
    "02.3": LAYERS,
    "02.4": NETWORK,
    "02.5": GROWTH,
    "02.6": SEE,
}

# what the checker says of the notebook's solution
REPLIES = {
    "02.2": "The network's sides are 100 → 48 → 24 → 24 → 24 → 11.",
    "02.5": "Measured: 4, 1, 4, 9.",
    "02.6": "It sees 79 pixels without a hole, and neighbouring units lie 8 pixels apart.",
}
