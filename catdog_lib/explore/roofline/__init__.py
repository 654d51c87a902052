"""The roofline: what layers have to do, how fast machines can do it, and the widget."""

from catdog_lib.explore.roofline.widget import Roofline

__all__ = ["Roofline"]
