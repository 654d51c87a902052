"""The interactive pictures of the course.

Their JavaScript computes on its own, so they answer in JupyterLab and on a rendered page with no kernel behind it.
"""

from catdog_lib.explore.label_game import LabelGame

__all__ = ["LabelGame"]
