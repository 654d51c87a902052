"""Ten images: what the page is given, and the widget."""

from catdog_lib.explore.ten_images.widget import TenImages

__all__ = ["TenImages"]
