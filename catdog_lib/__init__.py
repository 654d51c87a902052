"""catdog: a course on convolutional neural networks, and the small library that its lessons use.

The names that almost every lesson needs can be imported from here, and are loaded when first used::

    from catdog_lib import Recipe, check, choose, fit, show_source

Everything else has one address, a room by subject: ``from catdog_lib.inspect import shape_table``.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "CatdogError": "errors",
    "Recipe": "training.recipe",
    "check": "exercises",
    "choose": "budget",
    "fit": "training.fit",
    "show_source": "notebook",
}
__all__ = ["__version__", *_HOME]


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
