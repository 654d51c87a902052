"""What a reader does with the optimizer race."""

from __future__ import annotations

import re

import pytest

from catdog_lib.from_scratch.loss_surfaces import SURFACES
from catdog_lib.from_scratch.optimizer_race import race
from tests.explore.explorable_pages import settle, until, widget


def drive_race(page) -> None:
    """Choose, type, drag, move the start, play; end at step 299 on the saddle."""
    box = widget(page, "Optimizer race")
    box.scroll_into_view_if_needed()

    def agrees(**numbers) -> None:
        """Check the losses in the table against the optimizers by hand."""
        settle(page)
        step = int(box.get_by_label("step", exact=True).input_value())
        surface = box.get_by_label("surface", exact=True).input_value()
        value = SURFACES[surface].value
        for row in box.locator("tbody tr").all():
            name, shown, *_ = row.locator("th, td").all_inner_texts()
            assert row.locator("input").is_checked() == bool(shown), name
            if not shown:
                continue
            path = race(surface, [name.strip()], steps=step, **numbers)[name.strip()]
            if shown == "diverged":
                assert len(path) <= step
            else:
                assert loss_of(shown) == pytest.approx(float(value(*path[-1])), rel=0.05, abs=1e-9)

    until(page, box, "Step 60 of 300 on the surface ravine. Lowest: RMSprop, ")
    agrees()
    box.get_by_label("learning rate η of SGD, momentum, Nesterov", exact=True).fill("0.1")
    until(page, box, "Diverged: SGD at step 34.")  # above 2 / 25; momentum bears it
    agrees(lr=0.1)
    box.get_by_label("surface", exact=True).select_option("saddle")
    until(page, box, "Step 0 of 300 on the surface saddle. All start at 1.62.")
    box.get_by_role("button", name="Step", exact=True).click()
    box.get_by_role("button", name="Step", exact=True).click()
    box.get_by_label("AdamW", exact=True).check()
    box.get_by_label("momentum", exact=True).uncheck()
    until(page, box, "Step 2 of 300")
    agrees()
    box.get_by_label("learning rate η of SGD, momentum, Nesterov", exact=True).fill("0.25")
    slider = box.get_by_label("weight decay λ, slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    agrees(lr=0.25, weight_decay=0.01)
    slider.focus()
    page.keyboard.press("ArrowLeft")
    ground = box.locator(".catdog-ground")
    ground.focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    box.get_by_text("Start at x = −1.6, y = 0.201").wait_for()
    agrees(lr=0.25, start=(-1.6, 0.201))
    page.keyboard.press(" ")
    assert box.locator(".catdog-said").get_attribute("aria-live") == "off"
    box.locator(".catdog-said", has_text=re.compile(r"^Step ([4-9]|\d\d+) of 300")).wait_for()
    page.keyboard.press(" ")
    assert box.locator(".catdog-said").get_attribute("aria-live") == "polite"
    page.keyboard.press("End")
    page.keyboard.press("PageUp")  # the end: nothing comes after it
    page.keyboard.press("PageDown")
    until(page, box, "Step 299 of 300")
    agrees(lr=0.25, start=(-1.6, 0.201))
    mark = ground.locator(".catdog-racer-0 .catdog-runner").get_attribute("transform")
    x, y = race("saddle", ["SGD"], lr=0.25, start=(-1.6, 0.201), steps=299)["SGD"][-1].tolist()
    assert mark == f"translate({100 * (x + 2):.1f},{100 * (1.5 - y):.1f})"


PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def loss_of(text: str) -> float:
    """Return "4.1·10⁻⁴" as a number."""
    digits, _, power = text.replace("−", "-").partition("·10")
    return float(digits) * 10.0 ** int(power.translate(PLAIN) or 0)
