"""The site in German: the first page and its frame; what is not translated is in English."""

import pytest

from catdog_lib.course import lessons as course
from tests.course.small_lessons import write_lessons

pytest.importorskip("sphinx", reason='needs the docs packages: pip install -e ".[docs]"')


@pytest.mark.slow
def test_the_site_is_built_in_german(tmp_path, monkeypatch):
    monkeypatch.setenv("CATDOG_LANGUAGE", "de")
    root = write_lessons(tmp_path)
    lines: list[str] = []
    course.run(log=lines.append, root=root)
    html = tmp_path / "site" / "html"
    home = (html / "index.html").read_text(encoding="utf-8")
    assert '<html lang="de"' in home
    assert "Wo du anfängst" in home and "Where to begin" not in home
    assert "Erstellt am " in home and "200 s Rechenzeit" in home
    assert "Noch einmal spielen" in home  # the words of the game
    lesson = (html / "lessons" / "01_small.html").read_text(encoding="utf-8")
    assert "A zebrafinch is neither." in lesson and "Lösung zeigen" in lesson
    assert "Lesson 01 is not translated to 'de'." in lines
    assert not [line for line in lines if "WARNING" in line]
    compiled = (tmp_path / "site").rglob("*.mo")
    assert not [path for path in compiled if "_static" not in path.parts]  # the theme's own
