"""Small archives in the publishers' own layouts."""

import io
import tarfile
import zipfile

import numpy as np
from PIL import Image

BREEDS = {"Abyssinian": 1, "beagle": 2, "Maine_Coon": 1, "pug": 2}  # 1 cat, 2 dog, as in the lists


def jpeg(seed: int, size=(60, 40), **options) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG", **options)
    return file.getvalue()


def trimap(size=(60, 40)) -> bytes:
    """Mark the animal in the upper left quarter, with a band of two pixels around it."""
    pixels = np.full((size[1], size[0]), 2, np.uint8)
    pixels[: size[1] // 2 + 2, : size[0] // 2 + 2] = 3
    pixels[: size[1] // 2, : size[0] // 2] = 1
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def tar_gz(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as file:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return out.getvalue()


def pets_archives(count: int = 8) -> dict[str, bytes]:
    """Make `count` photos of each breed, half for the test, and one that no list names.

    The original has such photos, too.
    """
    names = [f"{breed}_{i}" for breed in BREEDS for i in range(count)]
    images = {f"images/{name}.jpg": jpeg(row) for row, name in enumerate(names)}
    images |= {"images/beagle_116.jpg": jpeg(999), "images/Abyssinian_100.mat": b"MATLAB"}
    lines = {}
    for name in names:
        breed = name.rsplit("_", 1)[0]
        lines[name] = f"{name} {1 + list(BREEDS).index(breed)} {BREEDS[breed]} 1\n"
    is_test = {name: int(name.rsplit("_", 1)[1]) % 2 for name in names}
    annotations = {f"annotations/trimaps/{name}.png": trimap() for name in names}
    annotations |= {f"annotations/trimaps/._{name}.png": b"Mac" for name in names}
    for split, wanted in (("trainval", 0), ("test", 1)):
        chosen = "".join(lines[name] for name in names if is_test[name] == wanted)
        annotations[f"annotations/{split}.txt"] = chosen.encode()
    return {"images.tar.gz": tar_gz(images), "annotations.tar.gz": tar_gz(annotations)}


def microsoft_archive(count: int = 12) -> dict[str, bytes]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for row, word in enumerate(("Cat", "Dog")):
            for i in range(count):
                file.writestr(f"PetImages/{word}/{i}.jpg", jpeg(100 * row + i))
            file.writestr(f"PetImages/{word}/Thumbs.db", b"\xd0\xcf\x11\xe0 not a photo")
        file.writestr("PetImages/Cat/666.jpg", b"")
        file.writestr("PetImages/Dog/11702.jpg", jpeg(7)[:700])
        file.writestr("readme[1].txt", b"Read me")
    return {"kagglecatsanddogs_5340.zip": out.getvalue()}
