"""The look of every figure: a style file, a colour for cats and one for dogs, and words for those
who cannot see it.
"""

from __future__ import annotations

import base64
import html
import io
from contextlib import AbstractContextManager
from importlib.resources import files

import matplotlib as mpl
from IPython.display import HTML
from matplotlib.axes import Axes
from matplotlib.figure import Figure

CAT, DOG = "#E69F00", "#0072B2"
CLASS_COLOURS = (CAT, DOG)  # by label
WRONG = "#B3261E"
GREY = "#6b6b6b"


def style() -> AbstractContextManager:
    """The course's matplotlib settings, for the length of a ``with`` block; your own figures keep
    yours.
    """
    return mpl.rc_context(fname=str(files(__package__) / "catdog.mplstyle"))


def new_figure(
    rows: int = 1, columns: int = 1, *, width: float = 8, height: float = 3.6, **options
) -> tuple[Figure, list[Axes]]:
    """A figure in no window, and its axes in a flat list; ``options`` go to ``Figure.subplots``.
    Units: inches.
    """
    figure = Figure(figsize=(width, height))
    return figure, list(figure.subplots(rows, columns, squeeze=False, **options).flat)


def counted(number: int, noun: str) -> str:
    """``counted(1, "cat")`` is "1 cat", ``counted(2, "cat")`` is "2 cats"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def describe(figure: Figure, text: str) -> Figure:
    """Attach the words that stand for the figure where it cannot be seen, and return the figure."""
    figure.alt_text = text
    return figure


def show(figure: Figure, alt: str | None = None) -> HTML:
    """Put a figure on the page, with its alternative text.

    A plain ``figure`` at the end of a cell shows the same picture, but JupyterLab and nbconvert
    give it no text.

    Args:
        figure: any matplotlib figure.
        alt: what to see in it; those of this library bring their own.

    Raises:
        ValueError: there is no text.
    """
    text = alt or getattr(figure, "alt_text", None)
    if not text:
        raise ValueError("This figure has no alternative text: pass alt='what there is to see'.")
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format="png")
    data = base64.b64encode(buffer.getvalue()).decode()
    width = round(figure.get_figwidth() * 100)
    return HTML(
        f'<img alt="{html.escape(text)}" src="data:image/png;base64,{data}" '
        f'style="width: {width}px; max-width: 100%; height: auto; background: white">'
    )
