"""The look of every figure: a style file, class colours, and words for those who cannot see it."""

from __future__ import annotations

import base64
import html
import io
from contextlib import AbstractContextManager
from importlib.resources import files
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from IPython.display import HTML

CAT, DOG = "#E69F00", "#0072B2"
CLASS_COLOURS = (CAT, DOG)  # by label
WRONG = "#B3261E"
GREY = "#6b6b6b"


def style() -> AbstractContextManager:
    """Apply the course's matplotlib settings within a ``with`` block, and only there."""
    return mpl.rc_context(fname=str(files(__package__) / "catdog.mplstyle"))


def new_figure(
    rows: int = 1, columns: int = 1, *, width: float = 8, height: float = 3.6, **options
) -> tuple[Figure, list[Axes]]:
    """Return a figure in no window, and its axes in a flat list.

    Args:
        rows, columns: of axes.
        width, height: of the figure, in inches.
        options: of ``Figure.subplots``.
    """
    figure = Figure(figsize=(width, height))
    return figure, list(figure.subplots(rows, columns, squeeze=False, **options).flat)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``counted(1, "cat")`` is "1 cat", of 2 it is "2 cats"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def describe(figure: Figure, text: str) -> Figure:
    """Attach the words that stand for the figure where it cannot be seen, and return the figure."""
    figure.alt_text = text
    return figure


def show(figure: Figure, alt: str | None = None) -> HTML:
    """Show a figure on the page, with its alternative text.

    A plain ``figure`` at the end of a cell looks the same, but JupyterLab and nbconvert give it no
    text.

    Args:
        figure: any matplotlib figure.
        alt: what to see in it; the figures of this library bring their own.

    Raises:
        ValueError: there is no text.
    """
    text = alt or getattr(figure, "alt_text", None)
    if not text:
        raise ValueError("This figure has no alternative text: pass alt='what there is to see'.")
    buffer = io.BytesIO()
    with style():  # the page is the paper: white, and a calmer one where the page is dark
        figure.savefig(buffer, format="png", facecolor="none")
    data = base64.b64encode(buffer.getvalue()).decode()
    width = round(figure.get_figwidth() * 100)
    from IPython.display import HTML  # a run saves its figure without a notebook

    return HTML(
        f'<img alt="{html.escape(text)}" src="data:image/png;base64,{data}" '
        f'style="width: {width}px; max-width: 100%; height: auto; background: white">'
    )
