"""catdog: a course on convolutional neural networks, and the small library that its lessons use.

Import what you need from its modules, as the lessons do::

    from catdog_lib import data, models, plots
    from catdog_lib.training.fit import Recipe, fit
"""

__version__ = "0.1.0"
