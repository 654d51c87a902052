"""Audit a page in the browser: axe-core's rules of WCAG 2.1 AA, and nothing cut off."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from catdog_lib.data.download.npm import NpmPackage, npm_files

AXE = NpmPackage(
    "axe-core",
    "4.14.1",
    "sha512-"
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
    ("axe.min.js",),
)
WINDOWS = [(width, scheme) for width in (1440, 390, 1024) for scheme in ("light", "dark")]
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")

# axe-core sees only what is shown, so everything folded is opened first.
_UNFOLD = """async () => {
    document.querySelectorAll("details").forEach(one => { one.open = true; });
    const frame = () => new Promise(requestAnimationFrame);
    await frame().then(frame);
    // What fades in has its contrast at the end.
    document.getAnimations().forEach(one => one.finish());
}"""
_RUN = """async tags => {
    const found = await axe.run(document, {
        runOnly: { type: "tag", values: tags },
        resultTypes: ["violations", "incomplete"],
        preload: false,  // no requests for style sheets, which a page on the disk may not make
    });
    const say = rules => rules.flatMap(rule => rule.nodes.map(node =>
        `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary.split("\\n")[1].trim()}`));
    return {
        rules: found.passes.length + found.violations.length,
        violations: say(found.violations),
        undecided: say(found.incomplete),
    };
}"""
# Cut off: text wider than its box where the box does not scroll, or outside of the window in
# something that does not scroll. A pixel is allowed for rounding.
_CUT = """() => {
    const scrolls = one => /auto|scroll/.test(getComputedStyle(one).overflowX);
    const seen = one => one.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    const ownText = one => [...one.childNodes].some(
        child => child.nodeType === Node.TEXT_NODE && child.data.trim());
    const tiny = one => one.clientWidth <= 1 && getComputedStyle(one).display !== "inline";
    // What is there for screen readers alone is clipped on purpose.
    const spoken = one => one && (tiny(one) || one.matches("mjx-assistive-mml")
        || spoken(one.parentElement));
    const found = [];
    for (const one of document.body.querySelectorAll("*")) {
        if (!ownText(one) || !seen(one) || spoken(one)) continue;
        const range = document.createRange();
        range.selectNodeContents(one);
        const text = range.getBoundingClientRect();
        let box = { left: 0, right: innerWidth };
        for (let at = one; at; at = at.parentElement) {
            if (scrolls(at)) break;
            const cuts = /hidden|clip/.test(getComputedStyle(at).overflowX);
            if (cuts && at !== document.body) box = at.getBoundingClientRect();
            if (cuts || at === document.body) {
                if (text.right > box.right + 1 || text.left < box.left - 1)
                    found.push(`${one.tagName.toLowerCase()}.${one.className}: `
                        + one.textContent.trim().slice(0, 40));
                break;
            }
        }
    }
    return found;
}"""

# A column of a table that is narrower than a word breaks it, letter by letter in the end.
_BROKEN = r"""() => {
    const found = [];
    for (const cell of document.querySelectorAll("article :is(td, th)")) {
        const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        for (let text = texts.nextNode(); text; text = texts.nextNode()) {
            if (text.parentElement.closest("code, .catdog, mjx-container")) continue;
            for (const { 0: word, index } of text.data.matchAll(/[\p{L}\d]+/gu)) {
                const range = document.createRange();
                range.setStart(text, index);
                range.setEnd(text, index + word.length);
                const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
                if (lines.size > 1) found.push(`broken in a table: ${word}`);
            }
        }
    }
    return found;
}"""


def pages_of(folder: Path) -> list[str]:
    """Return the pages of a site; below _static lie parts of the theme's."""
    names = [path.relative_to(folder) for path in sorted(folder.rglob("*.html"))]
    return [name.as_posix() for name in names if name.parts[0] != "_static"]


@cache
def _axe() -> str:
    """Return the source of axe-core."""
    return (npm_files(AXE) / "axe.min.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Verdict:
    """What axe-core says of a page.

    Attributes:
        rules: how many rules had something to check.
        violations: rule, element and reason of each violation.
        undecided: the same of what it cannot decide, such as text on a picture.
    """

    rules: int
    violations: list[str]
    undecided: list[str]


def verdict(page) -> Verdict:
    """Run axe-core on an open page.

    A page's own policy may forbid scripts from elsewhere; what the browser evaluates on our behalf
    is not subject to it.
    """
    page.evaluate(_UNFOLD)
    page.evaluate(_axe())
    return Verdict(**page.evaluate(_RUN, list(TAGS)))


def violations(page) -> list[str]:
    """Return the violations that axe-core finds on an open page."""
    return verdict(page).violations


def cut_off(page) -> list[str]:
    """Return the texts of an open page that are cut off, and "the page" if it scrolls sideways.

    Words in a table that are broken count as well.
    """
    found = page.evaluate(_CUT) + page.evaluate(_BROKEN)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("the page")
    return found
