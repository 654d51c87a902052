"""Look up what a student reads: in the language of ``CATDOG_LANGUAGE``, else in English."""

from __future__ import annotations

import os
from functools import cache

from catdog_lib.language.catalogue import FOLDER, Catalogue, read


@cache
def languages() -> list[str]:
    """Return the languages that have catalogues, such as "de"."""
    return sorted({path.parent.name for path in FOLDER.glob("*/*.po")})


def current() -> str:
    """Return the language of this process; "" for English, and for one without catalogues.

    ``CATDOG_LANGUAGE`` may name a country as well, as in de_AT.
    """
    wanted = os.environ.get("CATDOG_LANGUAGE", "").replace("-", "_").partition(".")[0]
    names = (wanted, wanted.partition("_")[0].lower())
    return next((name for name in names if name in languages()), "")


def use(language: str) -> None:
    """Make this the language of this process and of those that it starts."""
    os.environ["CATDOG_LANGUAGE"] = language


def translate(sentence: str) -> str:
    """Return a sentence in the student's language, or as it is where that has none for it."""
    language = current()
    if not language:
        return sentence
    return _catalogue(language).translate(sentence)


def translation_of(message: str) -> str:
    """Return a message whose fields are not filled in yet, in the student's language."""
    language = current()
    return _catalogue(language).messages.get(message, message) if language else message


def say(sentence: str) -> None:
    """Print a sentence in the student's language."""
    print(translate(sentence))


@cache
def _catalogue(language: str) -> Catalogue:
    """Return a language's catalogue, read once."""
    return read(language)
