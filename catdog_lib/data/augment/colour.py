"""Change the colours of a whole batch: each picture by a factor of its own.

Four of the changes mix the picture with something duller, by one formula::

    new = factor · picture + (1 − factor) · dull

At factor 1 nothing changes, at 0 only the dull one is left; above 1 the picture moves away from
it. What is dull is black (brightness), a single grey (contrast), the picture in greys
(saturation) or out of focus (sharpness).

All take float pictures in [0, 1], N×3×H×W, and N numbers, and return such pictures. They do to
each what the function of ``torchvision.transforms.v2.functional`` that they name does to one.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def _each(factor: Tensor, pictures: Tensor) -> Tensor:
    """N numbers as N×1×1×1, to go with N×3×H×W."""
    return factor.to(pictures.device, pictures.dtype, non_blocking=True).view(-1, 1, 1, 1)


def _mix(dull: Tensor, pictures: Tensor, factor: Tensor) -> Tensor:
    return torch.lerp(dull, pictures, _each(factor, pictures)).clamp_(0, 1)


def greys(pictures: Tensor) -> Tensor:
    """How light each pixel looks: the eye sees green best, blue least (ITU-R BT.601). N×1×H×W."""
    red, green, blue = pictures.split(1, dim=1)
    return (red * 0.2989).add_(green, alpha=0.587).add_(blue, alpha=0.114)


def brightness(pictures: Tensor, factor: Tensor) -> Tensor:
    """Mix with black (``adjust_brightness``)."""
    return (pictures * _each(factor, pictures)).clamp_(0, 1)


def contrast(pictures: Tensor, factor: Tensor) -> Tensor:
    """Mix with one grey, the picture's mean (``adjust_contrast``)."""
    share, mean = _each(factor, pictures), greys(pictures).mean((1, 2, 3), keepdim=True)
    return (pictures * share).add_(mean * (1 - share)).clamp_(0, 1)


def saturation(pictures: Tensor, factor: Tensor) -> Tensor:
    """Mix with the same picture in greys (``adjust_saturation``)."""
    return _mix(greys(pictures), pictures, factor)


def sharpness(pictures: Tensor, factor: Tensor) -> Tensor:
    """Mix with the picture out of focus, but for the outermost pixels (``adjust_sharpness``).

    Out of focus, a pixel is the mean of itself, taken five times, and its eight neighbours.
    """
    rows = pictures[:, :, :-2] + pictures[:, :, 1:-1] + pictures[:, :, 2:]
    nine = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]
    inner = pictures[:, :, 1:-1, 1:-1]
    blurred = pictures.clone()
    blurred[:, :, 1:-1, 1:-1] = (nine + 4 * inner) / 13
    return _mix(blurred, pictures, factor)


def hue(pictures: Tensor, turn: Tensor) -> Tensor:
    """Turn the wheel of colours, from red to green to blue to red (``adjust_hue``).

    Of a pixel, the value v is its largest channel, the chroma c how far that lies above the
    smallest, and the hue h the place on the wheel: 0 red, 2 green, 4 blue, 6 red again. (The colour
    space HSV: A. R. Smith 1978, doi 10.1145/800248.807361.) And back, n = 5, 3, 1 for red, green,
    blue::

        channel = v − c · clamp(2 − |k − 2|, 0, 1),    k = (h + n) mod 6

    Args:
        pictures: float in [0, 1], N×3×H×W.
        turn: N, as a part of a full turn, −½ to ½; with ⅓ red becomes green.
    """
    red, green, blue = pictures.unbind(1)
    value = torch.maximum(red, green).maximum(blue)
    chroma = value - torch.minimum(red, green).minimum(blue)
    spread = chroma.clamp(min=1e-9)  # a grey pixel has no hue, and needs none
    # The largest channel decides where on the wheel. (With 0 and 1 as numbers, lerp chooses as
    # torch.where does, but several times faster.)
    is_red, is_green = value.clone().eq_(red), value.clone().eq_(green)
    wheel = torch.lerp((red - green) / spread + 4, (blue - red) / spread + 2, is_green)
    wheel = torch.lerp(wheel, (green - blue) / spread, is_red)
    n = _each(torch.tensor([5.0, 3, 1]), pictures).view(1, 3, 1, 1)
    # mod 6 is what is left of a turn when whole turns are taken off; + 6 keeps it positive.
    k = (wheel[:, None] + (6 * _each(turn, pictures) + n + 6)).mul_(1 / 6).frac_().mul_(6)
    share = k.sub_(2).abs_().neg_().add_(2).clamp_(0, 1)
    return torch.addcmul(value[:, None], share, chroma[:, None], value=-1)


def posterize(pictures: Tensor, bits: Tensor) -> Tensor:
    """Of the 8 bits of each value, keep only the first ``bits`` (``posterize`` of uint8
    pictures).
    """
    step = _each(2 ** (8 - bits), pictures)
    return (pictures * 255).round_().div_(step).floor_().mul_(step / 255)


def solarize(pictures: Tensor, threshold: Tensor) -> Tensor:
    """Turn values into their negatives, from ``threshold``, 0 to 1, upwards (``solarize``)."""
    return torch.where(pictures >= _each(threshold, pictures), 1 - pictures, pictures)


def autocontrast(pictures: Tensor) -> Tensor:
    """Stretch each channel: its darkest value becomes 0, its lightest 1 (``autocontrast``)."""
    low, high = pictures.amin((2, 3), keepdim=True), pictures.amax((2, 3), keepdim=True)
    flat = low == high  # a channel of one value stays as it is
    low, span = low.masked_fill(flat, 0), (high - low).masked_fill(flat, 1)
    return ((pictures - low) / span).clamp_(0, 1)


def equalize(pictures: Tensor) -> Tensor:
    """Make all values of a channel about as frequent (``equalize`` of uint8 pictures).

    A value becomes the share of the channel's pixels that are darker, in 256 steps.
    """
    count, channels, height, width = pictures.shape
    planes = (pictures * 255).round().long().reshape(count * channels, height * width)
    histogram = torch.zeros(len(planes), 256, dtype=torch.int64, device=pictures.device)
    histogram.scatter_add_(1, planes, torch.ones_like(planes))
    darker = histogram.cumsum(1)
    lightest = histogram.gather(1, darker.argmax(1, keepdim=True))
    step = (height * width - lightest) // 255  # pixels for each step of the result
    curve = (F.pad(darker[:, :-1], (1, 0)) + step // 2) // step.clamp(min=1)
    curve = torch.where(step > 0, curve.clamp(max=255), torch.arange(256, device=step.device))
    return (curve.gather(1, planes).to(pictures.dtype) / 255).view(pictures.shape)
