"""Checkers of lesson 00, Meet the data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from catdog_lib.exercises.registry import exercise, require, require_function, require_returned


@exercise("00.1")
def to_batch(answer: Callable[[list[np.ndarray]], Tensor]) -> None:
    """A function of a list of pictures (H×W×3, uint8 arrays): a batch N×3×H×W, a uint8 tensor."""
    require_function("00.1", "to_batch", answer)
    random = np.random.default_rng(0)
    for count, height, width in ((4, 5, 7), (1, 6, 2)):
        pictures = list(random.integers(0, 256, (count, height, width, 3), dtype=np.uint8))
        value = answer([picture.copy() for picture in pictures])
        require_returned(value)
        require(
            isinstance(value, Tensor), "Return a PyTorch tensor: torch.from_numpy or torch.tensor."
        )
        right = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
        shape, wanted = tuple(value.shape), tuple(right.shape)
        require(
            shape != (count, height, width, 3),
            f"Still N×H×W×3: {shape}. PyTorch wants the channels before the rows; `permute` moves "
            "them.",
        )
        require(
            shape != (count, 3, width, height),
            f"Rows and columns are swapped: {shape} for pictures of {height} rows and {width} "
            "columns.",
        )
        require(
            shape == wanted,
            f"{count} pictures of {height} rows and {width} columns make a batch {wanted}, not "
            f"{shape}.",
        )
        require(
            value.dtype == torch.uint8,
            f"Keep the numbers as they are, uint8: a batch of {value.dtype} is larger, and the "
            "network converts it.",
        )
        require(
            not torch.equal(value, torch.from_numpy(np.stack(pictures)).reshape(wanted)),
            "The shape is right but the pixels are mixed up: `reshape` only renames the places. "
            "Use `permute`.",
        )
        require(
            not torch.equal(value, right.flip(1)),
            "Red and blue are swapped: keep the channels in their order, red, green, blue.",
        )
        require(
            torch.equal(value, right),
            "The shape is right, but some pixels are not where they belong.",
        )


@exercise("00.2")
def crop_box(answer: Callable[[int, int], tuple[int, int, int, int]]) -> None:
    """A function of (width, height): (left, top, right, bottom) of the largest centred square."""
    require_function("00.2", "crop_box", answer)
    for width, height in ((500, 374), (300, 400), (640, 639), (64, 64), (101, 50)):
        value = answer(width, height)
        require_returned(value)
        require(
            isinstance(value, (tuple, list)) and len(value) == 4,
            "Return four numbers: left, top, right, bottom.",
        )
        left, top, right, bottom = value
        setting = f"For a picture {width} wide and {height} high"
        require(
            all(float(number).is_integer() for number in value),
            f"{setting} you cut at {tuple(value)}: there is no half pixel, so divide with //.",
        )
        side, short = right - left, min(width, height)
        require(
            (right, bottom) != (short, short) or abs(width - height) <= 1,
            f"{setting} you return the size of the square where its right and lower edge should "
            "be, or you cut at the upper left corner and not in the middle.",
        )
        require(
            side == bottom - top,
            f"{setting} your box is {side} wide and {bottom - top} high, no square.",
        )
        require(
            left >= 0 and top >= 0 and right <= width and bottom <= height,
            f"{setting} your box {tuple(value)} sticks out of it: x runs along the width, y along "
            "the height.",
        )
        require(
            side == short,
            f"{setting} the largest square has a side of {short}, yours has {side}.",
        )
        require(
            abs((left + right) - width) <= 1 and abs((top + bottom) - height) <= 1,
            f"{setting} your box {tuple(value)} is not in the middle: as much must be cut off on "
            "both sides.",
        )


@exercise("00.3")
def hold_out(answer: Callable[[Tensor, float, torch.Generator], Tensor]) -> None:
    """A function of (labels, share, generator): positions of a random share of each class."""
    require_function("00.3", "hold_out", answer)
    labels = torch.tensor([0] * 60 + [1] * 40)  # in order, as files in folders are

    def taken(seed: int, share: float = 0.25) -> list[int]:
        value = answer(labels.clone(), share, torch.Generator().manual_seed(seed))
        require_returned(value)
        positions = torch.as_tensor(value)
        require(
            positions.ndim == 1, "Return one row of positions: a list or a tensor of N numbers."
        )
        require(
            positions.dtype != torch.bool and not positions.is_floating_point(),
            "Return positions, whole numbers such as 3 or 41; `nonzero` makes them from a mask.",
        )
        return positions.tolist()

    first = taken(1)
    require(len(first) > 0, "Nothing is held out.")
    require(
        len(set(first)) == len(first), "Some picture is drawn twice: draw without putting back."
    )
    require(
        all(0 <= position < 100 for position in first),
        "Some position lies outside the set: add the place where the class begins, or index its "
        "members.",
    )
    cats = sum(position < 60 for position in first)
    require(
        len(first) != 75, "You return the pictures that stay; the held-out quarter is asked for."
    )
    require(
        len(first) == 25,
        f"A share of 0.25 of 100 pictures is 25; you hold out {len(first)}.",
    )
    seeds = [taken(seed) for seed in range(2, 6)]
    shares = {sum(position < 60 for position in each) for each in (first, *seeds)}
    require(
        shares != {25} and shares != {0},
        "All that you hold out is of one class: the labels come in order, so the first quarter is "
        "all cats.",
    )
    require(
        shares == {15},
        f"Of 60 cats and 40 dogs you hold out {cats} cats and {25 - cats} dogs; a quarter of each "
        "class is 15 and 10.",
    )
    require(
        taken(1) == first,
        "The same seed gave two different splits: draw all random numbers from the generator that "
        "you are given.",
    )
    require(
        any(sorted(each) != sorted(first) for each in seeds),
        "Every seed gives the same split: draw at random, from the generator.",
    )
    require(
        sum(position < 60 for position in taken(1, 0.5)) == 30,
        "With a share of 0.5 you should hold out 30 of 60 cats: use the share that you are given.",
    )


@exercise("00.4")
def mirror_some(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """A function of (pictures N×3×H×W, which: N booleans): the chosen ones mirrored left to
    right.
    """
    require_function("00.4", "mirror_some", answer)
    pictures = torch.randint(
        0, 256, (4, 3, 5, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    for chosen in ([True, False, False, True], [False] * 4):
        which = torch.tensor(chosen)
        untouched, value = pictures.clone(), answer(pictures, which)
        require_returned(value)
        require(isinstance(value, Tensor), "Return the batch, a tensor.")
        require(
            torch.equal(pictures, untouched),
            "Your function changed the batch that it was given: work on a copy (`clone`).",
        )
        require(
            value.shape == pictures.shape,
            f"A batch {tuple(pictures.shape)} came back as {tuple(value.shape)}; the others stay "
            "in it, as they are.",
        )
        right = torch.where(which.view(-1, 1, 1, 1), pictures.flip(3), pictures)
        for dims, meant in (
            (
                (2,),
                "Upside down: a cat on its head. Rows are dimension 2, columns are dimension 3.",
            ),
            ((2, 3), "Turned by half a circle: flip the columns only, dimension 3."),
            ((1,), "You flipped the colours: channels are dimension 1, columns are dimension 3."),
            ((0,), "You changed the order of the pictures: columns are dimension 3."),
        ):
            wrong = torch.where(which.view(-1, 1, 1, 1), pictures.flip(dims), pictures)
            require(not torch.equal(value, wrong) or not any(chosen), meant)
        require(
            not torch.equal(value, pictures.flip(3)),
            "You mirrored all of them; some are to stay as they are.",
        )
        require(
            not torch.equal(
                value, torch.where(which.view(-1, 1, 1, 1), pictures, pictures.flip(3))
            ),
            "You mirrored those that were to stay, and the others not.",
        )
        require(
            torch.equal(value, right),
            "Not the chosen pictures mirrored left to right, and only they.",
        )


@exercise("00.5")
def mlp_parameters(answer: Callable[[int, int, int, int], int]) -> None:
    """A function of (height, width, hidden, classes): parameters of a one-hidden-layer perceptron
    on a colour photo.
    """
    require_function("00.5", "mlp_parameters", answer)
    for height, width, hidden, classes in ((4, 6, 5, 2), (64, 64, 100, 10), (1000, 1000, 1000, 2)):
        value = answer(height, width, hidden, classes)
        require_returned(value)
        pixels = height * width
        setting = (
            f"for a photo of {height}×{width} pixels, {hidden:,} hidden units and {classes} classes"
        )

        def two_layers(inputs: int, bias: int, hidden=hidden, classes=classes) -> int:
            return (inputs + bias) * hidden + (hidden + bias) * classes

        right = two_layers(3 * pixels, 1)
        require(
            value != two_layers(pixels, 1) and value != two_layers(pixels, 0),
            "A pixel of a colour photo is three numbers: red, green and blue are inputs of their "
            "own.",
        )
        require(
            value != two_layers(3 * pixels, 0),
            "You counted the weights; every hidden unit and every output has a bias as well.",
        )
        require(
            value not in (3 * pixels * hidden, (3 * pixels + 1) * hidden),
            "That is the first layer; a second one leads from the hidden units to the classes.",
        )
        require(
            value != 3 * pixels * hidden + hidden + hidden * classes
            and value != 3 * pixels * hidden + hidden * classes + classes,
            "One of the two layers still lacks its biases.",
        )
        require(
            value != right + 3 * pixels,
            "Inputs have no bias: only the units of the two layers have one each.",
        )
        require(value == right, f"{setting} I count {right:,}, you {value}.")


@exercise("00.6")
def baseline(answer: Callable[[Tensor, Tensor], float]) -> None:
    """A function of (train_labels, test_labels): the test accuracy of always giving the commonest
    training class.
    """
    require_function("00.6", "baseline", answer)
    for train, test in (
        ([0, 1, 1, 1, 1], [0, 1, 1, 1]),
        ([0, 1, 1, 1], [0, 0, 0, 1, 1]),
        ([0, 0, 1], [0, 0, 1, 1, 1, 1, 1, 1, 1, 1]),
        ([1, 1, 0], [1, 1, 1, 0]),
    ):
        train_labels, test_labels = torch.tensor(train), torch.tensor(test)
        value = answer(train_labels, test_labels)
        require_returned(value)
        commonest = max((0, 1), key=train.count)
        right = test.count(commonest) / len(test)
        setting = f"Trained on {train}, tested on {test}"
        require(
            not isinstance(value, Tensor) or value.ndim == 0,
            "Return one number, the share of right answers.",
        )
        value = float(value)
        require(
            value <= 1 or value != test.count(commonest),
            f"{setting}: {value:g} are right, but of how many? Return the share.",
        )
        require(value <= 1, f"{setting}: a share is at most 1; you return {value:g}. 60 % is 0.6.")
        require(
            abs(value - train.count(commonest) / len(train)) > 1e-6 or abs(value - right) < 1e-6,
            f"{setting}: you measured on the training labels.",
        )
        require(
            abs(value - max(test.count(0), test.count(1)) / len(test)) > 1e-6
            or abs(value - right) < 1e-6,
            f"{setting}: you chose the class by looking at the test labels. That is the one thing "
            "nobody may do.",
        )
        require(
            abs(value - right) < 1e-6,
            f"{setting}: the commonest training class is {commonest}, which is right for "
            f"{right:.2f} of the test pictures; you return {value:g}.",
        )
