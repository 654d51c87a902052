"""Where the animal is: the masks of Oxford-IIIT Pet, aligned with the photos a network sees.

A trimap of that collection marks each pixel as animal (1), background (2) or as neither (3): a band
along the outline, a few pixels wide, where its annotators did not decide. Here this band
counts as animal, since ears, tails and whiskers are often no more than band.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from catdog_lib.errors import CatdogError

_BACKGROUND = 2  # in a trimap
_ORIENTATION = 0x0112  # the EXIF entry that says how a photo is to be turned


def animal_masks(
    folder: str | os.PathLike, names: Sequence[str], size: int, resize: str = "squash"
) -> np.ndarray:
    """Return masks for photos that ``catdog data get pets`` has laid out.

    Args:
        folder: the folder that was loaded; ``Splits.source``.
        names: photos in it, such as ``train/cats/Abyssinian_1.jpg``; ``ImageSet.names``.
        size, resize: as given to :func:`catdog_lib.data.load`; the masks then lie on the photos.

    Returns:
        uint8, N×size×size: 1 for the animal, 0 for background and for the bars that ``pad`` adds.

    Raises:
        CatdogError: a photo has no mask, or one of the files cannot be read.
    """
    masks = np.empty((len(names), size, size), np.uint8)
    for row, name in enumerate(names):
        photo = Path(folder, name)
        masks[row] = np.asarray(_to_square(_upright(photo, _mask_of(photo)), size, resize))
    return masks


def _mask_of(photo: Path) -> Path:
    # …/train/cats/NAME.jpg has the mask …/masks/NAME.png
    return photo.parents[2] / "masks" / f"{photo.stem}.png"


def _upright(photo: Path, mask: Path) -> Image.Image:
    try:
        with Image.open(mask) as trimap, Image.open(photo) as stored:
            animal = Image.fromarray((np.asarray(trimap) != _BACKGROUND).astype(np.uint8))
            # A trimap drawn on the photo as it is stored is turned as the photo is turned.
            if stored.size == animal.size:
                animal.getexif()[_ORIENTATION] = stored.getexif().get(_ORIENTATION, 1)
            return ImageOps.exif_transpose(animal)
    except FileNotFoundError as error:
        raise CatdogError(
            f"{error.filename!r} is missing; masks exist only for photos from `catdog data get "
            "pets`."
        ) from None
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError) as error:
        raise CatdogError(
            f"The mask of {str(photo)!r} cannot be read ({error}); delete the collection, and get "
            "it again."
        ) from None


def _to_square(mask: Image.Image, size: int, resize: str) -> Image.Image:
    """Make a mask square as :func:`catdog_lib.data.decode.to_square` does a photo.

    It takes the nearest pixel in place of a mean: a mask has no half.
    """
    if resize == "crop":
        return ImageOps.fit(mask, (size, size), Image.Resampling.NEAREST)
    if resize == "pad":
        return ImageOps.pad(mask, (size, size), Image.Resampling.NEAREST)
    return mask.resize((size, size), Image.Resampling.NEAREST)
