"""A small language for the tests: catalogues of a few messages, in a folder of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from catdog_lib.language import catalogue, lookup

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def po(messages: dict[str, str]) -> str:
    """Return a PO file with these messages: English → translation."""
    entries = [f'msgid "{english}"\nmsgstr "{said}"\n' for english, said in messages.items()]
    return HEADER + "\n".join(entries)


@pytest.fixture
def speak(tmp_path, monkeypatch):
    """Write the catalogue of a language, and make it that of the process."""

    def write(content: str, language: str = "de", name: str = "messages.po") -> Path:
        path = tmp_path / language / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        _forget()
        monkeypatch.setenv("CATDOG_LANGUAGE", language)
        return path

    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    monkeypatch.setattr(lookup, "FOLDER", tmp_path)
    yield write
    _forget()


def _forget() -> None:
    lookup.languages.cache_clear()
    lookup._catalogue.cache_clear()
