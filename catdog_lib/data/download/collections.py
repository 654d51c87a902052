"""The two published collections of ``catdog data get``: where, how large, whose, how laid out.

Sizes are what the publishers' servers announce. The checksums of Oxford-IIIT Pet belong to the
files with the MD5 sums in torchvision's ``OxfordIIITPet``; that of Microsoft's archive is the one
other downloaders of it check.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from catdog_lib.errors import CatdogError


@dataclass(frozen=True)
class Archive:
    """One file to download.

    It has a name, the address of the folder it lies in, its size in bytes, and its SHA-256.
    """

    name: str
    base: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Collection:
    """Photos that somebody has published.

    Attributes:
        title, about, page, licence, citation: for people.
        archives: what to download.
        unpack_into: folder that the archives are unpacked into, below a temporary one; "" for that
            one itself.
        arrange: takes the temporary folder and returns the folder in it that then holds the photos
            as :mod:`catdog_lib.data.folders` understands them.
    """

    title: str
    about: str
    page: str
    licence: str
    citation: str
    archives: tuple[Archive, ...]
    unpack_into: str
    arrange: Callable[[Path], Path]

    @property
    def bytes(self) -> int:
        """Size of all archives."""
        return sum(archive.bytes for archive in self.archives)


def arrange_pets(root: Path) -> Path:
    """Sort the photos of Oxford-IIIT Pet by its own splits, and by class.

    The splits are ``train`` (there: trainval) and ``test``.

    The trimaps, which mark the animal, become ``masks/NAME.png``; ``pet_masks`` reads them. Photos
    that neither of its lists names are left out, as are breeds and head boxes.
    """
    from torchvision.datasets import OxfordIIITPet

    laid_out = root / "laid_out"
    masks = laid_out / "masks"
    masks.mkdir(parents=True)
    for their_split, split in (("trainval", "train"), ("test", "test")):
        try:
            pets = OxfordIIITPet(
                root, their_split, ("binary-category", "segmentation"), download=False
            )
            folders = [laid_out / split / f"{word.lower()}s" for word in pets.bin_classes]
            for folder in folders:
                folder.mkdir(parents=True)
            # Its public access decodes each photo and forgets the name; these lists hold the paths.
            for photo, label, trimap in zip(
                pets._images, pets._bin_labels, pets._segs, strict=True
            ):
                photo.rename(folders[label] / photo.name)
                trimap.rename(masks / trimap.name)
        except (OSError, RuntimeError, ValueError, IndexError) as error:
            raise CatdogError(
                f"The archives of Oxford-IIIT Pet do not contain what they should ({error}); "
                "delete them, and download them again."
            ) from None
    return laid_out


def _as_it_is(root: Path) -> Path:
    return root


_OXFORD = "https://www.robots.ox.ac.uk/~vgg/data/pets/"
_MICROSOFT = "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/"

COLLECTIONS = {
    "pets": Collection(
        title="Oxford-IIIT Pet",
        about="7,349 photos of 37 breeds, 12 of cats and 25 of dogs; "
        "each with a mask that marks the animal",
        page=_OXFORD,
        licence="Creative Commons BY-SA 4.0; the photographers keep their rights",
        citation="O. M. Parkhi, A. Vedaldi, A. Zisserman, C. V. Jawahar: Cats and dogs. CVPR, 2012",
        archives=(
            Archive(
                "images.tar.gz",
                f"{_OXFORD}data/",
                791_918_971,
                "67195c5e1c01f1ab5f9b6a5d22b8c27a580d896ece458917e61d459337fa318d",
            ),
            Archive(
                "annotations.tar.gz",
                f"{_OXFORD}data/",
                19_173_078,
                "52425fb6de5c424942b7626b428656fcbd798db970a937df61750c0f1d358e91",
            ),
        ),
        unpack_into="oxford-iiit-pet",  # where torchvision looks
        arrange=arrange_pets,
    ),
    "microsoft": Collection(
        title="Kaggle Cats and Dogs (Asirra), published by Microsoft",
        about="25,000 photos from animal shelters, half of them cats; some files in it are damaged",
        page="https://www.microsoft.com/en-us/download/details.aspx?id=54765",
        licence="the text that comes in the archive, CDLA-Permissive-2.0.pdf; "
        "see also the page above",
        citation="J. Elson, J. Douceur, J. Howell, J. Saul: Asirra: a CAPTCHA that exploits "
        "interest-aligned manual image categorization. ACM CCS, 2007",
        archives=(
            Archive(
                "kagglecatsanddogs_5340.zip",
                _MICROSOFT,
                824_887_076,
                "b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9",
            ),
        ),
        unpack_into="",
        arrange=_as_it_is,
    ),
}
