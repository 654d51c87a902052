"""Use an explorable with the Tab key alone, and with a finger alone."""

from __future__ import annotations

STOPS = 'a[href], button, input, select, textarea, summary, [tabindex="0"]'
# Two links around the explorable: where the walk begins, and where it has to arrive.
_FENCE = """root => {
    for (const where of ["before", "after"]) {
        const link = document.createElement("a");
        link.href = "#";
        link.textContent = link.id = `fence-${where}`;
        root[where](link);
    }
    document.getElementById("fence-before").focus();
}"""
_UNFENCE = "() => ['before', 'after'].forEach(w => document.getElementById(`fence-${w}`).remove())"
# A group of radio buttons is one stop: the chosen one, or the first.
_EXPECTED = """(root, stops) => {
    const all = [root, ...root.querySelectorAll(stops)].filter(one =>
        one.matches(stops) && one.checkVisibility() && !one.disabled && one.tabIndex >= 0);
    const groups = new Set();
    window.expected = all.filter(one => {
        if (one.type !== "radio") return true;
        const chosen = all.find(o => o.name === one.name && o.checked);
        const stop = chosen ?? all.find(o => o.name === one.name);
        return one === stop && !groups.has(one.name) && groups.add(one.name);
    });
    return expected.map(one => one.ariaLabel || one.innerText || one.outerHTML.slice(0, 80));
}"""
_HERE = """() => {
    const at = document.activeElement, style = getComputedStyle(at);
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    return { id: at.id, stop: expected.indexOf(at), ring, moves: !!at.matches(
        'input[type="range"], [tabindex="0"]:not(button, summary, .catdog)') };
}"""


def walk(page, root) -> list[str]:
    """Return what goes wrong when the Tab key walks through an explorable and out of it.

    Each control has to be a stop with a ring around it, each slider and map has to answer to an
    arrow key, and the walk has to end behind the explorable and lead back into it.
    """
    names, wrong, reached = root.evaluate(_EXPECTED, STOPS), [], set()
    root.evaluate(_FENCE)
    for _ in range(len(names) + 2):
        page.keyboard.press("Tab")
        here = page.evaluate(_HERE)
        if here["id"] == "fence-after":
            break
        name = names[here["stop"]] if here["stop"] >= 0 else "something unexpected"
        reached.add(here["stop"])
        if not here["ring"]:
            wrong.append(f"no ring: {name}")
        if here["moves"] and not _answers(page, root):
            wrong.append(f"no answer to the arrow keys: {name}")
        if here["moves"] and _scrolls(page):
            wrong.append(f"the End key scrolls the page away: {name}")
    else:
        wrong.append("the Tab key does not leave it")
    wrong += [f"not reached: {name}" for i, name in enumerate(names) if i not in reached]
    page.keyboard.press("Shift+Tab")
    if not root.evaluate("one => one.contains(document.activeElement)"):
        wrong.append("Shift and Tab do not lead back into it")
    page.evaluate(_UNFENCE)
    return wrong


def _answers(page, root) -> bool:
    """Tell whether an arrow key changes anything that the explorable shows."""
    shown = "one => one.innerHTML + [...one.querySelectorAll('input')].map(i => i.value)"
    before = root.evaluate(shown)
    for key in ("ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"):  # one of them is not at an end
        page.keyboard.press(key)
        page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        if root.evaluate(shown) != before:
            return True
    return False


def _scrolls(page) -> bool:
    """Tell whether the End key, which moves within a map, moves the page instead."""
    before = page.evaluate("scrollY")
    page.keyboard.press("End")
    page.wait_for_timeout(100)
    return page.evaluate("scrollY") != before


def too_small(root, side: int = 44) -> list[str]:
    """Return the controls of an explorable that are less high than a fingertip, in CSS pixels."""
    return root.evaluate(
        """(root, side) => [...root.querySelectorAll("button, select, summary, input")]
            .map(one => [one, one.matches('[type="radio"], [type="checkbox"]')
                ? one.closest("label") ?? one : one])
            .filter(([, box]) => box.checkVisibility())
            .map(([one, box]) => [one, box.getBoundingClientRect().height])
            .filter(([, height]) => height < side - 0.5)
            .map(([one, height]) => `${height}: ${one.ariaLabel || one.textContent}`)""",
        side,
    )
