"""What all interactive pictures share: how their JavaScript is put together, and how pictures
travel to it.
"""

from __future__ import annotations

import base64
import io
import re
from importlib.resources import files

import anywidget
import numpy as np
import torch
import traitlets
from PIL import Image
from torch import Tensor

from catdog_lib.errors import CatdogError

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+\.js)";\n', re.MULTILINE)


class Explorable(anywidget.AnyWidget):
    """An interactive picture; the class attribute ``code`` names its JavaScript file in the folder
    ``js``.

    That file exports ``render({ model, el })`` as anywidget has it. It computes whatever it shows,
    so that a page without a kernel answers as well; what it sends back to Python is a convenience.
    """

    code: str

    def __init_subclass__(cls, **options):
        if "code" in cls.__dict__:  # not the classes that anywidget derives for each instance
            cls._esm = module(cls.code)
            cls._css = (files("catdog_lib.explore") / "explore.css").read_text(encoding="utf-8")
        super().__init_subclass__(**options)


def module(name: str) -> str:
    """A JavaScript file of the folder ``js``, with the files it imports in front of it: a widget
    has to be one module.
    """
    parts: dict[str, str] = {}

    def add(file: str) -> None:
        text = (files("catdog_lib.explore") / "js" / file).read_text(encoding="utf-8")
        for needed in _IMPORT.findall(text):
            if needed not in parts:
                add(needed)
        parts[file] = _IMPORT.sub("", text)

    add(name)
    return "\n".join(parts.values())


class Whole(traitlets.Int):
    """A whole number within limits; anything else is refused in a sentence."""

    def __init__(self, default: int, low: int, high: int):
        super().__init__(default, min=low, max=high)
        self.tag(sync=True)

    def validate(self, widget: Explorable, value: object) -> int:
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or not self.min <= value <= self.max
        ):
            raise CatdogError(
                f"{self.name} is {value!r}; it has to be a whole number from {self.min} to "
                f"{self.max}."
            )
        return value


class Number(traitlets.Float):
    """A number within limits; anything else is refused in a sentence."""

    def __init__(self, default: float, low: float, high: float):
        super().__init__(default, min=low, max=high)
        self.tag(sync=True)

    def validate(self, widget: Explorable, value: object) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not self.min <= value <= self.max
        ):
            raise CatdogError(
                f"{self.name} is {value!r}; it has to be a number from {self.min:g} to "
                f"{self.max:g}."
            )
        return float(value)


def tensor_of(value: object, name: str) -> Tensor:
    """The value as a tensor of finite float64 numbers.

    Raises:
        CatdogError: it holds none, or something else; ``name`` is the argument it was given as.
    """
    try:
        numbers = torch.as_tensor(value, dtype=torch.float64).detach().cpu()
    except (TypeError, ValueError, RuntimeError):
        raise CatdogError(f"{name} is not a tensor, nor rows of numbers of equal length.") from None
    if not numbers.numel() or not numbers.isfinite().all():
        raise CatdogError(f"{name} holds no numbers, or infinite ones or NaN; pass finite numbers.")
    return numbers


def data_uri(picture: Tensor) -> str:
    """A picture (3×H×W, uint8) as the text of a PNG file that a web page can show."""
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(picture.permute(1, 2, 0))).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def picture_of(uri: str) -> Tensor:
    """The picture (3×H×W, uint8) that :func:`data_uri` was given."""
    data = base64.b64decode(uri.partition(",")[2])
    return torch.from_numpy(np.array(Image.open(io.BytesIO(data)))).permute(2, 0, 1)
