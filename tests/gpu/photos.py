"""Make a small copy of a folder of photos: python -m tests.gpu.photos PHOTOS COPY

It is for a machine without a network to which only so many megabytes can be sent. Each photo
becomes a WebP file, squashed to 224 pixels; names and folders, and so the splits, stay.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from catdog_lib.data.decode import to_square
from catdog_lib.data.folders import scan
from catdog_lib.data.photo_file import DecodeError, open_photo


def copy_photo(name: str, source: Path, copy: Path, size: int, quality: int) -> int:
    """Write a photo's small copy, and return its bytes; 0 if it cannot be read."""
    try:
        photo = to_square(open_photo(source / name, at_least=size), size)
    except DecodeError:
        return 0
    path = (copy / name).with_suffix(".webp")
    path.parent.mkdir(parents=True, exist_ok=True)
    photo.save(path, quality=quality, method=4)
    return path.stat().st_size


def main() -> None:
    """Copy all photos of a folder, and say how large the copy is."""
    parser = argparse.ArgumentParser(prog="python -m tests.gpu.photos", description=__doc__)
    parser.add_argument("source", type=Path, metavar="PHOTOS")
    parser.add_argument("copy", type=Path, metavar="COPY", help="an ignored folder, build/photos")
    parser.add_argument("--size", type=int, default=224, help="height and width, in pixels")
    parser.add_argument("--quality", type=int, default=50, help="of WebP, 1 to 100")
    options = parser.parse_args()
    names = [photo.name for photo in scan(options.source).photos]
    work = partial(
        copy_photo,
        source=options.source,
        copy=options.copy,
        size=options.size,
        quality=options.quality,
    )
    with ProcessPoolExecutor() as pool:
        sizes = list(pool.map(work, names, chunksize=50))
    kept = sum(size > 0 for size in sizes)
    print(f"{kept:,} of {len(names):,} photos, {sum(sizes) / 2**20:.1f} MiB in {options.copy}")


if __name__ == "__main__":
    main()
