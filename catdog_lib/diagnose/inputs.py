"""What the network is shown: the same in training as later.

Lesson 08, section 5.
"""

from __future__ import annotations

from itertools import permutations

import torch
from scipy.special import stdtr
from torch import Tensor

from catdog_lib.diagnose.finding import CERTAIN, LIKELY, Finding, certainty_of

_SHIFT = 1.0  # standard deviations from image to image that a channel's mean may differ by
_RATIO, _RANGE = 1.5, 20.0  # between the contrasts of images; between ranges of pixels
_FITS = 0.999  # share of the pixels' variance that a change of scale explains


def changed_preprocessing(train_images: Tensor, test_images: Tensor) -> list[Finding]:
    """Compare what the network was shown in training with what it is shown in prediction.

    Looks for another scale (0 to 255 against 0 to 1), another normalization, and exchanged channels
    (BGR against RGB). If both show the same images, the change is computed exactly. Otherwise the
    statistics of each channel are compared by Welch's t test. Only differences above a limit count,
    about as large as those from image to image, since augmentation moves the statistics, too.

    Args:
        train_images: N×3×H×W, as the first layer gets them in training; 16 or more.
        test_images: M×3×H×W, as the first layer gets them in prediction. What is no image with
            three channels, such as features, is not judged.
    """
    if not all(each.ndim == 4 and each.shape[1] == 3 for each in (train_images, test_images)):
        return []
    shown = train_images.cpu(), test_images.cpu()
    if train_images.shape == test_images.shape and (change := _exact_change(*shown)):
        return change
    return [*_changed_scale(*shown), *_swapped_channels(*shown)][:1]


def _exact_change(train: Tensor, test: Tensor) -> list[Finding]:
    """Return a finding if both are the same images in another form; [] if they are others."""
    means, covariances = _moments(train, test)
    y_mean, y_variance = means[3:], covariances.diagonal()[3:]
    for order in sorted(permutations(range(3))):  # the identity comes first
        x_mean, x_variance = means[list(order)], covariances.diagonal()[list(order)]
        together = covariances[list(order), [3, 4, 5]]
        slope = together / x_variance.clamp(min=1e-12)
        left = y_variance - slope * together  # of the least-squares line
        if not (left <= (1 - _FITS) * y_variance).all() or (slope <= 0).any():
            continue
        offset = y_mean - slope * x_mean
        of_all = (y_variance + y_mean.square()).mean() - y_mean.mean() ** 2  # channels together
        shift = offset.abs().max() / of_all.sqrt()
        same_scale = (slope - 1).abs().max() < 0.01 and shift < 0.01
        if order == (0, 1, 2) and same_scale:
            return []
        factors = ", ".join(f"{value:.3g}" for value in slope)
        offsets = ", ".join(f"{value:.2f}" for value in offset)
        changes = [
            f"channels times {factors}, plus {offsets}" * (not same_scale),
            f"the channels in the order {', '.join(map(str, order))}" * (order != (0, 1, 2)),
        ]
        saw = (
            "In prediction the network gets the same images in another form than in training: "
            f"{' and '.join(filter(None, changes))}."
        )
        numbers = {"slope": slope.tolist(), "offset": offset.tolist(), "order": list(order)}
        return [_preprocessing(saw, CERTAIN, numbers)]
    return []


def _moments(train: Tensor, test: Tensor) -> tuple[Tensor, Tensor]:
    """Return the means and covariances of six values: a pixel of a training image, and of a test's.

    Image by image, since all at once in float64 take hundreds of megabytes.
    """
    pixels = [torch.cat(pair).flatten(1) for pair in zip(train, test, strict=True)]  # 6×values
    means = torch.stack([each.mean(1, dtype=torch.double) for each in pixels]).mean(0)
    covariances = means.new_zeros(6, 6)
    for each in pixels:
        centred = each.double() - means[:, None]
        covariances += centred @ centred.T / (centred.shape[1] * len(pixels))
    return means, covariances


def _changed_scale(train: Tensor, test: Tensor) -> list[Finding]:
    """Compare mean and contrast of each channel, over the images."""
    found = []
    for channel, name in enumerate(("red", "green", "blue")):
        pixels = [each[:, channel].flatten(1).double() for each in (train, test)]
        means = [each.mean(1) for each in pixels]
        contrasts = [each.std(1).clamp(min=1e-12).log() for each in pixels]
        spread = ((means[0].var() + means[1].var()) / 2).sqrt().item() + 1e-12
        shift = (means[1].mean() - means[0].mean()).item() / spread
        ratio = (contrasts[1].mean() - contrasts[0].mean()).exp().item()
        effects = (abs(shift) > _SHIFT, not 1 / _RATIO < ratio < _RATIO)
        p_values = [welch_p_value(*means), welch_p_value(*contrasts)]
        for p_value, effect in zip(p_values, effects, strict=True):
            if effect and certainty_of(p_value):
                found.append((p_value, name, shift, ratio))
    if not found:
        return []
    p_value, name, shift, ratio = min(found)
    # Images of another kind can differ by a lot, too, but not as 0 to 255 from 0 to 1.
    certainty = CERTAIN if max(ratio, 1 / ratio) > _RANGE else LIKELY
    hint = ", as with 0 to 255 instead of 0 to 1" if 100 < max(ratio, 1 / ratio) < 600 else ""
    saw = (
        f"In prediction the contrast of {name} is {ratio:.3g} times that in training{hint}, and "
        f"its mean differs by {shift:+.2f} standard deviations (of the images' means); by chance "
        f"with probability {p_value:.0e}."
    )
    numbers = {"p_value": p_value, "shift": shift, "ratio": ratio}
    return [_preprocessing(saw, certainty, numbers)]


def _swapped_channels(train: Tensor, test: Tensor) -> list[Finding]:
    """Compare red minus blue, whose sign changes if the two are exchanged."""
    red, blue = (
        [each[:, c].mean((1, 2), dtype=torch.double) for each in (train, test)] for c in (0, 2)
    )
    warmth = [r - b for r, b in zip(red, blue, strict=True)]
    as_seen, mirrored = welch_p_value(*warmth), welch_p_value(warmth[0], -warmth[1])
    if not certainty_of(as_seen) or mirrored < 0.01:
        return []
    saw = (
        f"In training red is {warmth[0].mean():+.3f} above blue, on average, and in prediction "
        f"{warmth[1].mean():+.3f}, as if the two were exchanged; by chance with probability "
        f"{as_seen:.0e}."
    )
    return [_preprocessing(saw, LIKELY, {"p_value": as_seen, "order": [2, 1, 0]})]


def _preprocessing(saw: str, certainty: str, numbers: dict) -> Finding:
    advice = (
        "Use one function for both, or put the normalization into the network's first layer; "
        "OpenCV reads blue, green, red, and Pillow reads red, green, blue. If both are prepared "
        "in the same way, the images themselves differ in kind."
    )
    return Finding("changed_preprocessing", saw, certainty, advice, numbers)


def welch_p_value(first: Tensor, second: Tensor) -> float:
    """Return how probable so large a difference of two means is by chance, by Welch's t test.

    Source: B. L. Welch 1947, Biometrika 34, 28–35.
    """
    parts = [(each.var().item() / len(each), len(each) - 1) for each in (first, second)]
    variance = sum(part for part, _ in parts)
    difference = abs(first.mean().item() - second.mean().item())
    if variance == 0:
        return 1.0 if difference == 0 else 0.0
    degrees = variance**2 / sum(part**2 / count for part, count in parts)
    return float(2 * stdtr(degrees, -difference / variance**0.5))
