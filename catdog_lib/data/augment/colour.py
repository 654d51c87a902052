"""Change the colours of a whole batch: each image by a factor of its own.

Four of the transforms mix the image with something duller, by one formula::

    new = factor · image + (1 − factor) · dull

At factor 1 nothing changes, at 0 only the dull one is left; above 1 the image moves away from
it. What is dull is black (brightness), a single grey (contrast), the image in greys
(saturation) or out of focus (sharpness).

All take float images in [0, 1], N×3×H×W, and N numbers, and return such images. They do to
each what the function of ``torchvision.transforms.v2.functional`` that they name does to one.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.device import copy_to


def _per_image(factor: Tensor, images: Tensor) -> Tensor:
    """Return N numbers as N×1×1×1, to be combined with N×3×H×W."""
    return copy_to(factor, images.device, dtype=images.dtype).view(-1, 1, 1, 1)


def _mix(dull: Tensor, images: Tensor, factor: Tensor) -> Tensor:
    """Mix images, N×3×H×W, with duller ones by N factors."""
    return torch.lerp(dull, images, _per_image(factor, images)).clamp_(0, 1)


def greyscale(images: Tensor) -> Tensor:
    """Return how light each pixel looks, N×1×H×W.

    The eye sees green best, blue least (ITU-R BT.601).
    """
    red, green, blue = images.split(1, dim=1)
    return (red * 0.2989).add_(green, alpha=0.587).add_(blue, alpha=0.114)


def brightness(images: Tensor, factor: Tensor) -> Tensor:
    """Mix with black (``adjust_brightness``)."""
    return (images * _per_image(factor, images)).clamp_(0, 1)


def contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Mix with one grey, the image's mean (``adjust_contrast``)."""
    share, mean = _per_image(factor, images), greyscale(images).mean((1, 2, 3), keepdim=True)
    return (images * share).add_(mean * (1 - share)).clamp_(0, 1)


def saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Mix with the same image in greys (``adjust_saturation``)."""
    return _mix(greyscale(images), images, factor)


def sharpness(images: Tensor, factor: Tensor) -> Tensor:
    """Mix with the image out of focus, except for the outermost pixels (``adjust_sharpness``).

    Out of focus, a pixel is the mean of itself, taken five times, and its eight neighbours.
    """
    rows = images[:, :, :-2] + images[:, :, 1:-1] + images[:, :, 2:]
    nine = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]
    inner = images[:, :, 1:-1, 1:-1]
    blurred = images.clone()
    blurred[:, :, 1:-1, 1:-1] = (nine + 4 * inner) / 13
    return _mix(blurred, images, factor)


def hue(images: Tensor, turn: Tensor) -> Tensor:
    """Turn the wheel of colours, from red to green to blue to red (``adjust_hue``).

    Of a pixel, the value v is its largest channel, the chroma c how far that lies above the
    smallest, and the hue h the place on the wheel: 0 red, 2 green, 4 blue, 6 red again. (The colour
    space HSV: A. R. Smith 1978, doi 10.1145/800248.807361.) And back, n = 5, 3, 1 for red, green,
    blue::

        channel = v − c · clamp(2 − |k − 2|, 0, 1),    k = (h + n) mod 6

    Args:
        images: float in [0, 1], N×3×H×W.
        turn: N, as a fraction of a full turn, −½ to ½; with ⅓ red becomes green.
    """
    red, green, blue = images.unbind(1)
    value = torch.maximum(red, green).maximum(blue)
    chroma = value - torch.minimum(red, green).minimum(blue)
    spread = chroma.clamp(min=1e-9)  # a grey pixel has no hue, and needs none
    # The largest channel decides where on the wheel. (With 0 and 1 as numbers, lerp chooses as
    # torch.where does, but several times faster.)
    is_red, is_green = value.clone().eq_(red), value.clone().eq_(green)
    wheel = torch.lerp((red - green) / spread + 4, (blue - red) / spread + 2, is_green)
    wheel = torch.lerp(wheel, (green - blue) / spread, is_red)
    n = _per_image(torch.tensor([5.0, 3, 1]), images).view(1, 3, 1, 1)
    # mod 6 is what is left of a turn when whole turns are taken off; + 6 keeps it positive.
    k = (wheel[:, None] + (6 * _per_image(turn, images) + n + 6)).mul_(1 / 6).frac_().mul_(6)
    share = k.sub_(2).abs_().neg_().add_(2).clamp_(0, 1)
    return torch.addcmul(value[:, None], share, chroma[:, None], value=-1)


def posterize(images: Tensor, bits: Tensor) -> Tensor:
    """Keep only the first ``bits`` of the 8 bits of each value (``posterize`` of uint8 images)."""
    step = _per_image(2 ** (8 - bits), images)
    return (images * 255).round_().div_(step).floor_().mul_(step / 255)


def solarize(images: Tensor, threshold: Tensor) -> Tensor:
    """Turn values into their negatives, from ``threshold``, 0 to 1, upwards (``solarize``)."""
    return torch.where(images >= _per_image(threshold, images), 1 - images, images)


def autocontrast(images: Tensor) -> Tensor:
    """Stretch each channel: its darkest value becomes 0, its lightest 1 (``autocontrast``)."""
    low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
    flat = low == high  # a channel of one value stays as it is
    low, span = low.masked_fill(flat, 0), (high - low).masked_fill(flat, 1)
    return ((images - low) / span).clamp_(0, 1)


def equalize(images: Tensor) -> Tensor:
    """Make all values of a channel about as frequent (``equalize`` of uint8 images).

    A value becomes the share of the channel's pixels that are darker, in 256 steps.
    """
    count, channels, height, width = images.shape
    planes = (images * 255).round().long().reshape(count * channels, height * width)
    histogram = torch.zeros(len(planes), 256, dtype=torch.int64, device=images.device)
    histogram.scatter_add_(1, planes, torch.ones_like(planes))
    darker = histogram.cumsum(1)
    lightest = histogram.gather(1, darker.argmax(1, keepdim=True))
    step = (height * width - lightest) // 255  # pixels for each step of the result
    curve = (F.pad(darker[:, :-1], (1, 0)) + step // 2) // step.clamp(min=1)
    curve = torch.where(step > 0, curve.clamp(max=255), torch.arange(256, device=step.device))
    return (curve.gather(1, planes).to(images.dtype) / 255).view(images.shape)


def jitter(images: Tensor, factors: Tensor, order: Tensor) -> Tensor:
    """Change float32 images, N×3×H×W, by four factors each, in this order.

    See :func:`catdog_lib.data.augment.random_params.sample_jitter`.
    """
    transforms = (brightness, contrast, saturation, hue)
    images = images.contiguous()  # one channel after the other: several times faster here
    for number in order.tolist():
        images = transforms[number](images, factors[:, number])
    return images
