"""Images of cats and dogs, photos or sketches, as tensors that a network can train on.

``load()`` is what the lessons call. The names below are loaded when first used: the processes that
decode photos import only :mod:`catdog_lib.data.decode` and need not wait for PyTorch.
"""

from importlib import import_module

from catdog_lib.classes import CLASSES

_HOME = {
    "ImageSet": "image_set",
    "Splits": "image_set",
    "animal_masks": "download.pet_masks",
    "batch_sizes": "image_set",
    "batches": "image_set",
    "example_pair": "loading",
    "load": "loading",
    "load_image": "loading",
    "open_photo": "decode",
    "scan": "folders",
    "sketch_set": "sketch_sets",
}
__all__ = ["CLASSES", *sorted(_HOME)]


def __getattr__(name: str):
    """Import a name of this package when it is first used."""
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the names, so that Tab offers them before their first use."""
    return sorted({*globals(), *__all__})
