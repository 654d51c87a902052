"""The training images that a page compares a photo with: features in bytes, and thumbnails."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import torch
from PIL import Image
from torch import Tensor

from catdog_lib.data.image_set import ImageSet

COUNT = 800  # with 1,280 features each: 1 MB, and as much for the thumbnails
THUMBNAIL = 64  # pixels a side
COLUMNS = 40


@dataclass(frozen=True)
class Reference:
    """Some training images, as many cats as dogs.

    Attributes:
        images: M of them.
        rows: int8, M×D: the features of each, in units of its own. A cosine does not depend on the
            unit; rounding to 255 steps changes it by 0.001 or so.
    """

    images: ImageSet
    rows: Tensor

    @property
    def features(self) -> Tensor:
        """What the page computes with, M×D, float32."""
        return self.rows.float()


def quantized(features: Tensor) -> Tensor:
    """Return features, M×D, as int8, each row in units of 1/127 of its largest value."""
    largest = features.abs().amax(1, keepdim=True).clamp(min=1e-30)
    return (127 * features / largest).round().to(torch.int8)


def contact_sheet(images: ImageSet) -> bytes:
    """Return a JPEG file with all images side by side, THUMBNAIL pixels a side, in COLUMNS."""
    rows = -(-len(images) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * THUMBNAIL, rows * THUMBNAIL))
    for position in range(len(images)):
        pixels, _ = images[position]
        image = Image.fromarray(pixels.permute(1, 2, 0).numpy())
        row, column = divmod(position, COLUMNS)
        sheet.paste(image.resize((THUMBNAIL, THUMBNAIL)), (column * THUMBNAIL, row * THUMBNAIL))
    file = BytesIO()
    sheet.save(file, "JPEG", quality=80)
    return file.getvalue()
