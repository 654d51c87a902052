"""What all interactive pictures share: where their JavaScript and CSS lie, and how pictures travel to them."""

from __future__ import annotations

import base64
import io
from importlib.resources import files

import anywidget
import numpy as np
from PIL import Image
from torch import Tensor


class Explorable(anywidget.AnyWidget):
    """An interactive picture; the class attribute ``code`` names its JavaScript file in this folder.

    That file exports ``render({ model, el })`` as anywidget has it. It computes whatever it shows, so that a page
    without a kernel answers as well; what it sends back to Python is a convenience.
    """

    code: str

    def __init_subclass__(cls, **options):
        if "code" in cls.__dict__:  # not the classes that anywidget derives for each instance
            folder = files(__package__)
            cls._esm = (folder / cls.code).read_text(encoding="utf-8")
            cls._css = (folder / "explore.css").read_text(encoding="utf-8")
        super().__init_subclass__(**options)


def data_uri(picture: Tensor) -> str:
    """A picture (3×H×W, uint8) as the text of a PNG file that a web page can show."""
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(picture.permute(1, 2, 0))).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
