"""What all explorables share: the widget itself, and traits that refuse what it cannot show."""

from __future__ import annotations

from collections.abc import Sequence

import anywidget
import traitlets

from catdog_lib.errors import CatdogError
from catdog_lib.explore.bundle import bundle, stylesheet
from catdog_lib.language import translation_of
from catdog_lib.language.javascript import messages_in


class Explorable(anywidget.AnyWidget):
    """An interactive figure; the class attribute ``code`` names its folder of JavaScript in ``js``.

    The JavaScript computes whatever it shows, so that a page without a kernel answers as well; what
    it sends back to Python is a convenience.
    """

    code: str
    _messages: Sequence[str] = ()
    # what the JavaScript says in English → in the reader's language; empty if that is English
    words = traitlets.Dict().tag(sync=True)

    def __init__(self, **traits: object):
        said = {message: translation_of(message) for message in self._messages}
        words = {message: other for message, other in said.items() if other != message}
        super().__init__(**traits, words=words)

    def __init_subclass__(cls, **options):
        """Give the class its JavaScript and CSS."""
        if "code" in cls.__dict__:  # not the classes that anywidget derives for each instance
            cls._esm = bundle(f"{cls.code}/index.js")
            cls._messages = messages_in(cls._esm)
            cls._css = stylesheet()
        super().__init_subclass__(**options)


class IntegerTrait(traitlets.Int):
    """An integer within limits; anything else raises a CatdogError."""

    def __init__(self, default: int, low: int, high: int):
        super().__init__(default, min=low, max=high)
        self.tag(sync=True)

    def validate(self, widget: Explorable, value: object) -> int:
        """Return the value.

        Raises:
            CatdogError: it is not an integer, or out of its limits.
        """
        is_integer = isinstance(value, int) and not isinstance(value, bool)
        if not is_integer or not self.min <= value <= self.max:
            raise CatdogError(
                f"{self.name} is {value!r}; it has to be an integer from {self.min} to {self.max}."
            )
        return value


class FloatTrait(traitlets.Float):
    """A number within limits; anything else raises a CatdogError."""

    def __init__(self, default: float, low: float, high: float):
        super().__init__(default, min=low, max=high)
        self.tag(sync=True)

    def validate(self, widget: Explorable, value: object) -> float:
        """Return the value as a float.

        Raises:
            CatdogError: it is not a number, or out of its limits.
        """
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not self.min <= value <= self.max:
            raise CatdogError(
                f"{self.name} is {value!r}; it has to be a number from {self.min:g} to "
                f"{self.max:g}."
            )
        return float(value)
