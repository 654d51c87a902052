"""Move the pixels of a whole batch: each image by a matrix of its own.

There is one convention. Points are measured in pixels from the middle of the image, x to the
right and y down. The matrix of an image says **where to look**: which point of the old image
to copy to the point (x, y) of the new one::

    ⎛ x_old ⎞   ⎛ a  b  c ⎞ ⎛ x ⎞
    ⎜       ⎟ = ⎜         ⎟ ⎜ y ⎟
    ⎝ y_old ⎠   ⎝ d  e  f ⎠ ⎝ 1 ⎠

So it is the inverse of what the eye sees. To move an animal 5 pixels to the right, look 5 pixels
to the left: c = −5. To make it twice as large, look half as far from the middle: a = e = ½.

In torchvision this is ``torchvision.transforms.v2.functional.affine``, with one matrix for all
the images of a batch.
"""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.device import copy_to
from catdog_lib.errors import CatdogError

PADDINGS = ("zeros", "border", "reflection")


def _matrices(a: Tensor, b: Tensor, c: Tensor, d: Tensor, e: Tensor, f: Tensor) -> Tensor:
    return torch.stack((a, b, c, d, e, f), -1).unflatten(-1, (2, 3))


def crops(boxes: Tensor, height: int, width: int) -> Tensor:
    """Return the matrices that enlarge a box to the whole image.

    Args:
        boxes: N×4: top, left, height and width, in pixels.
        height: of the images, in pixels; width likewise.

    Returns:
        Matrices, N×2×3.
    """
    top, left, tall, wide = boxes.unbind(1)
    none = torch.zeros_like(top)
    right = left + wide / 2 - width / 2  # from the middle of the image to that of the box
    down = top + tall / 2 - height / 2
    return _matrices(wide / width, none, right, none, tall / height, down)


def rotations(degrees: Tensor) -> Tensor:
    """Return matrices, N×2×3, that turn images anticlockwise about the centre, by N degrees."""
    angle = degrees.deg2rad()
    cos, sin, none = angle.cos(), angle.sin(), torch.zeros_like(angle)
    return _matrices(cos, -sin, none, sin, cos, none)


def translations(right: Tensor, down: Tensor) -> Tensor:
    """Return matrices, N×2×3, that move images by N pixels to the right, and N down."""
    one, none = torch.ones_like(right), torch.zeros_like(right)
    return _matrices(one, none, -right, none, one, -down)


def shears(slope_x: Tensor, slope_y: Tensor, height: int, width: int) -> Tensor:
    """Return matrices that slant images; the top left corner stays in place.

    Args:
        slope_x: N; how far a row moves to the left, for each pixel that it lies below the top.
        slope_y: N; how far a column moves up, for each pixel that it lies right of the left edge.
        height: of the images, in pixels; width likewise.

    Returns:
        Matrices, N×2×3.
    """
    one = torch.ones_like(slope_x)
    return _matrices(one, slope_x, slope_x * height / 2, slope_y, one, slope_y * width / 2)


def warp(
    images: Tensor,
    matrix: Tensor,
    *,
    mode: str = "bilinear",
    padding: str = "zeros",
    boxes: Tensor | None = None,
    size: int | None = None,
) -> Tensor:
    """Look up each pixel of the new images in the old ones, where the matrix says.

    Good for moving, turning and enlarging. To make an image much smaller it would have to be
    blurred first (antialiasing), which is not done here.

    Args:
        images: float32, N×3×H×W.
        matrix: N×2×3; see the head of this file.
        mode: bilinear (mix the four pixels around the place) or nearest.
        padding: what lies outside: zeros (black), border (the last pixel inside) or reflection.
        boxes: N×4 (top, left, height, width, in pixels): look at nothing outside of these, as if
            they had been cut out before.
        size: scale the new images to this height and width.

    Returns:
        Float32, N×3×H×W, or N×3×size×size.

    Raises:
        CatdogError: for another padding.
    """
    if padding not in PADDINGS:
        raise CatdogError(f"padding is {padding!r}; use one of {', '.join(PADDINGS)}.")
    height, width = images.shape[2:]
    middle = torch.tensor([(width - 1) / 2, (height - 1) / 2])[:, None]
    tall, wide = (height, width) if size is None else (size, size)
    x = (torch.arange(wide) + 0.5) * (width / wide) - width / 2  # from the middle, in old pixels
    y = (torch.arange(tall) + 0.5) * (height / tall) - height / 2
    unit = torch.tensor([2 / width, 2 / height])[:, None]  # grid_sample's edges are at −1 and 1
    # A GPU gets the few numbers of the matrices: a copy of more than 64 KB would wait for all that
    # it still has to do.
    to_device = partial(copy_to, device=images.device)
    moved, scale, x, y = map(to_device, (matrix, unit, x, y))
    # a·x + c and d·x + f depend on the column only (N×2×W), b·y and e·y on the row only (N×2×H).
    columns = scale * (moved[:, :, 0, None] * x + moved[:, :, 2, None])
    rows = scale * (moved[:, :, 1, None] * y)
    # Their sum takes a thirtieth of the time of F.affine_grid, which multiplies every point.
    places = columns[:, :, None, :] + rows[:, :, :, None]  # N×2×H×W
    if boxes is not None:
        first = boxes[:, [1, 0], None]  # x and y of the first pixel, then of the last
        last = first + boxes[:, [3, 2], None] - 1
        low, high = (to_device(unit * (edge - middle))[..., None] for edge in (first, last))
        places = torch.minimum(torch.maximum(places, low), high)  # five times faster than clamp
    return F.grid_sample(
        images, places.movedim(1, -1), mode=mode, padding_mode=padding, align_corners=False
    )
