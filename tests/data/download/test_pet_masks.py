"""The masks of Oxford-IIIT Pet lie on the photos that a network sees."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catdog_lib import data
from catdog_lib.data.download.pet_masks import animal_masks
from catdog_lib.errors import CatdogError
from tests.data.download.published_archives import jpeg


def photos(folder: Path) -> None:
    for word in ("cats", "dogs"):
        (folder / word).mkdir(parents=True)
        (folder / word / "1.jpg").write_bytes(jpeg(1))


@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 5, 6, 7, 8])
@pytest.mark.parametrize("resize", ["squash", "crop", "pad"])
def test_a_mask_lies_on_its_photo(tmp_path, orientation, resize):
    """Store a photo, white where its trimap says animal, in each of the eight ways."""
    folder = tmp_path / "pets"
    (folder / "train" / "cats").mkdir(parents=True)
    (folder / "masks").mkdir()
    pixels = np.full((60, 96), 2, np.uint8)
    pixels[8:36, 10:50] = 3
    pixels[12:32, 14:46] = 1
    Image.fromarray(pixels).save(folder / "masks" / "a_1.png")
    exif = Image.Exif()
    exif[0x0112] = orientation
    white = Image.fromarray(np.where(pixels == 2, 0, 255).astype(np.uint8)).convert("RGB")
    white.save(folder / "train" / "cats" / "a_1.jpg", exif=exif, quality=95)
    name = "train/cats/a_1.jpg"
    photo = data.load_image(folder / name, 48, resize).numpy()[0]
    (mask,) = animal_masks(folder, [name], 48, resize)
    assert set(np.unique(mask)) == {0, 1}
    assert ((photo > 127) != mask).mean() < 0.03


def test_a_photo_without_a_mask_is_named(tmp_path):
    photos(tmp_path / "train")
    with pytest.raises(CatdogError, match=r"masks/1\.png' is missing"):
        animal_masks(tmp_path, ["train/cats/1.jpg"], 16)
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "1.png").write_bytes(b"no image")
    with pytest.raises(CatdogError, match="cannot be read"):
        animal_masks(tmp_path, ["train/cats/1.jpg"], 16)
