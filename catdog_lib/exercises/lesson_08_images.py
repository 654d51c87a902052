"""Checkers of lesson 08, The clinic: photos in both sets (08.4), and four curves (08.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import as_float64, show
from catdog_lib.exercises.random_inputs import generator
from catdog_lib.exercises.recorded_patients import CURVES, DEFECTS
from catdog_lib.exercises.registry import exercise, require

SIGNS = {
    "second softmax": "its training loss would level off at 0.31 = ln(1 + e⁻¹), not fall further",
    "dead ReLUs": "its losses would stay at 0.69 = ln 2 from some epoch on, without moving",
    "gradients never cleared": "its training loss would jump up and down, and not settle",
    "leak": "its validation loss would fall together with the training loss, nearly as far",
}


@exercise("08.6")
def diagnoses(answer: Mapping[str, str]) -> str:
    """Check a dict of the scripts A to D: which of four defects each has."""
    require(isinstance(answer, Mapping), 'Give a dict, such as {"A": "leak", ...}.')
    answer = {str(letter).strip().upper(): name for letter, name in answer.items()}
    for letter, curves in CURVES.items():
        require(letter in answer, f"Script {letter} is missing.")
        said = str(answer[letter]).strip()
        known = {name.lower(): name for name in SIGNS}
        listed = ", ".join(map(repr, SIGNS))
        require(said.lower() in known, f"Script {letter}: give one of {listed}.")
        name = known[said.lower()]
        training, validation = curves["training"], curves["validation"]
        require(
            name == DEFECTS[letter],
            f"Script {letter} does not suffer from {name!r}: {SIGNS[name]}. Its training loss goes "
            f"from {training[0]:.2f} to {training[-1]:.2f}, its validation loss from "
            f"{validation[0]:.2f} to {validation[-1]:.2f}.",
        )
    return "All four are named."


@exercise("08.4", "leaked")
def leaked(answer: Callable[[Tensor, Tensor], object]) -> None:
    """Check a function of (train, test): which test images are also in train."""
    for seed, same, mirrored in ((80, {4: 1}, {0: 3, 6: 2}), (81, {}, {1: 5}), (82, {}, {})):
        train, test = _sets(seed, same, mirrored)
        value = ask(answer, train, test, keeps="the images")
        found = as_float64(list(value) if isinstance(value, set | frozenset) else value)
        require(
            found.ndim == 1,
            f"Return a list of positions in test, such as [0, 4]; yours has the shape "
            f"{tuple(found.shape)}.",
        )
        _judge(sorted(found.tolist()), value, same, mirrored, len(test))


def _judge(found: list[float], value: object, same: dict, mirrored: dict, count: int) -> None:
    right = sorted({*same, *mirrored})
    parts = value if isinstance(value, list | tuple) else [value]
    is_mask = any(
        isinstance(one, bool) or str(getattr(one, "dtype", "")).endswith("bool") for one in parts
    )
    require(
        not is_mask,
        "Return positions, not a mask: mask.nonzero().flatten() turns one into the other.",
    )
    hints = {
        "Mirrored photos are the same photos: compare with train.flip(3), too.": sorted(same),
        "Photos that are in both sets without mirroring count, too.": sorted(mirrored),
        "Those are positions in train; give the positions in test.": sorted(
            [*same.values(), *mirrored.values()]
        ),
        "Those are the photos that are not in train.": sorted(set(range(count)) - {*right}),
        "flip(2) turns photos upside down; flip(3) mirrors left and right.": sorted({*same, 7}),
        "An image is the same only if all its pixels are: some are equal by chance.": list(
            range(count)
        ),
    }
    for hint, wrong in hints.items():
        require(found == right or found != wrong, hint)
    repeated = len(found) > len(set(found))
    require(not repeated, "A position occurs twice; each test image counts once.")
    hint = (
        f"The test images that are also in train are at the positions {show(right)}; you return "
        f"{show(value)}. Two are the same only if every pixel is, directly or mirrored."
    )
    require(found == right, hint)


def _sets(seed: int, same: dict[int, int], mirrored: dict[int, int]) -> tuple[Tensor, Tensor]:
    """Return 9 and 8 images: test image → the training image that it repeats.

    The last test image is a training image upside down, which is not the same photo.
    """
    draws = generator(seed)
    train, test = (
        torch.randint(0, 256, (n, 3, 5, 5), dtype=torch.uint8, generator=draws) for n in (9, 8)
    )
    test[7] = train[8].flip(1)
    for position, twin in same.items():
        test[position] = train[twin]
    for position, twin in mirrored.items():
        test[position] = train[twin].flip(2)
    test[5] = train[0].roll(1, 2)  # nearly the same
    test[3] = train[0]
    test[3, 1, 2, 3] ^= 1  # and nearer still: one number differs, by 1
    return train, test
