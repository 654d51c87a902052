"""How numbers and images travel to a page, and back."""

from __future__ import annotations

import base64
import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from catdog_lib.errors import CatdogError


def to_tensor(value: object, name: str) -> Tensor:
    """Return the value as a tensor of finite float64 numbers.

    Args:
        value: a tensor, or rows of numbers.
        name: the argument that it was given as, for the error message.

    Raises:
        CatdogError: it holds no numbers, infinite ones or NaN, or something else.
    """
    try:
        numbers = torch.as_tensor(value, dtype=torch.float64).detach().cpu()
    except (TypeError, ValueError, RuntimeError):
        raise CatdogError(f"{name} is not a tensor, nor rows of numbers of equal length.") from None
    if not numbers.numel() or not numbers.isfinite().all():
        raise CatdogError(f"{name} holds no numbers, or infinite ones or NaN; pass finite numbers.")
    return numbers


def shape_text(tensor: Tensor) -> str:
    """Return the shape as a reader writes it: "3×64×64"."""
    return "×".join(map(str, tensor.shape))


def encode(numbers: Tensor) -> str:
    """Return numbers as text, byte by byte (little-endian, base64)."""
    array = np.ascontiguousarray(numbers.detach().cpu().numpy())
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()


def decode(text: str, dtype: str = "<f4") -> Tensor:
    """Return the numbers that :func:`encode` was given, in one row."""
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), dtype).astype(dtype[1:]))


def heat_bytes(heatmaps: Tensor) -> Tensor:
    """Return heat maps, N×H×W, not negative, in bytes: 255 is the largest value of each."""
    largest = heatmaps.amax((1, 2), keepdim=True).clamp(min=1e-30)
    return (255 * heatmaps / largest).round().to(torch.uint8)


def data_uri(image: Tensor) -> str:
    """Return an image (3×H×W, uint8) as the text of a PNG file that a web page can show."""
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(image.permute(1, 2, 0))).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def thumbnail_uri(image: Tensor, side: int) -> str:
    """Return a small version of an image (3×H×W, uint8), side×side, as the text of a JPEG file."""
    small = Image.fromarray(np.asarray(image.permute(1, 2, 0))).resize((side, side))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=75, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def image_from_uri(uri: str) -> Tensor:
    """Return the image (3×H×W, uint8) that :func:`data_uri` was given."""
    data = base64.b64decode(uri.partition(",")[2])
    return torch.from_numpy(np.array(Image.open(io.BytesIO(data)))).permute(2, 0, 1)
