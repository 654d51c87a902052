"""Each glossary term is linked where a lesson first uses it, and nowhere that a link would hurt."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from tests.course.small_lessons import save

pytest.importorskip("sphinx", reason='needs the docs packages: pip install -e ".[docs]"')

from catdog_lib.course.executed import prepare
from catdog_lib.course.glossary_links import Entry, TermFinder, plural

GLOSSARY = """# Glossary

```{glossary}
Amdahl's law
  Parts that are not made faster set the limit. More is not to be had.

convolution
  A layer that slides a {term}`kernel`
  over its input. Details follow.

feature map
  One channel.

head
  The last layers of a network.

kernel
filter
  A small array, $k×k$ numbers. Also called a filter.

transposed convolution
  A layer that makes maps larger.
```
"""
LESSON = """# A convolution in a heading

`kernel` in code and $kernel$ in a formula and [a kernel in a link](https://example.org) are
left alone. A transposed
convolution is one term. Then come two Convolutions, a convolution and another transposed
convolution. A cat has a head; this network's *head* has two layers.

A non-kernel is something else, and so is kernelling. Use kernels, or filters.

<details><summary>Hint</summary>

The feature maps in a hint are folded away.

</details>
"""
DEEPER = """### Going further · Feature maps

A feature map is a grid. Amdahl's law."""
CONF = """extensions = ["myst_nb", "catdog_lib.course.glossary_links"]
myst_enable_extensions = ["dollarmath"]
nb_execution_mode = "off"
html_theme = "basic"
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, str]:
    """The HTML of a small lesson, and of the glossary itself."""
    import nbformat

    root = tmp_path_factory.mktemp("linked")
    printed = new_output("display_data", {"text/markdown": "a feature map that a cell shows"})
    cells = [
        new_markdown_cell(LESSON),
        new_code_cell("kernel = 1", outputs=[printed]),
        new_markdown_cell(DEEPER, metadata={"tags": ["deeper"]}),
    ]
    lesson = save(root, "01_terms.ipynb", cells, {})
    notebook = nbformat.read(lesson, 4)
    prepare(notebook)
    source = root / "source"
    (source / "lessons").mkdir(parents=True)
    nbformat.write(notebook, source / "lessons" / lesson.name)
    (source / "glossary.md").write_text(GLOSSARY, encoding="utf-8")
    (source / "index.md").write_text(
        "# Home\n\nA convolution.\n\n```{toctree}\nglossary\nlessons/01_terms\n```\n", "utf-8"
    )
    (source / "conf.py").write_text(CONF, encoding="utf-8")
    html = root / "html"
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", str(source), str(html)],
        check=True,
        timeout=120,
        cwd=Path(__file__).parents[2],
    )
    shutil.rmtree(html / "_static")
    return {path.stem: path.read_text(encoding="utf-8") for path in html.rglob("*.html")}


def links(page: str) -> list[tuple[str, str, str]]:
    """Return each link to a term: what is linked, where to, and what it says about it."""
    found = re.findall(r'<a class="glossary-term[^>]*>.*?</a>', page, re.DOTALL)
    return [
        (
            " ".join(re.sub("<[^>]*>", "", link).split()),
            re.search('href="([^"]*)"', link)[1],
            title[1] if (title := re.search('title="([^"]*)"', link)) else "",
        )
        for link in found
    ]


def test_each_term_is_linked_once_where_it_first_appears(pages):
    assert links(pages["01_terms"]) == [
        (
            "transposed convolution",
            "../glossary.html#term-transposed-convolution",
            "A layer that makes maps larger.",
        ),
        (
            "Convolutions",
            "../glossary.html#term-convolution",
            "A layer that slides a kernel over its input.",
        ),
        ("head", "../glossary.html#term-head", "The last layers of a network."),
        ("kernels", "../glossary.html#term-kernel", ""),
        ("feature map", "../glossary.html#term-feature-map", "One channel."),
        (
            "Amdahl’s law",  # noqa: RUF001
            "../glossary.html#term-Amdahl-s-law",
            "Parts that are not made faster set the limit.",
        ),
    ]


def test_the_links_lead_to_the_terms(pages):
    for _, address, _ in links(pages["01_terms"]):
        assert f'id="{address.split("#")[1]}"' in pages["glossary"]


def test_only_lessons_are_linked(pages):
    assert links(pages["index"]) == [] == links(pages["glossary"])


def test_an_everyday_word_is_linked_in_italics_only(pages):
    assert "A cat has a head;" in pages["01_terms"]
    assert re.search(r"<em><a [^>]*glossary-term[^>]*>.*head</a></em>", pages["01_terms"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("two Batches of losses", ["batch", "loss"]),
        ("max-pooling, pooling", ["max-pooling", "pooling"]),
        ("the feature\nmap", ["feature map"]),
        ("Adam, not adam", ["Adam"]),
        ("non-batch, batchwise", []),
    ],
)
def test_terms_are_found_in_text(text, found):
    names = ("batch", "loss", "max-pooling", "pooling", "feature map", "Adam")
    finder = TermFinder([Entry(name, (name,), "") for name in names])
    assert [name for _, _, name, _ in finder.find(text)] == found


def test_plurals():
    words = {"class": "classes", "batch": "batches", "penalty": "penalties", "layer": "layers"}
    assert {word: plural(word) for word in words} == words
