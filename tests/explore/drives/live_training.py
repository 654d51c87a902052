"""What a reader does with the network that learns in the page."""

from __future__ import annotations

import re
from functools import cache

import torch
import torch.nn.functional as F

from catdog_lib.explore import LiveTraining
from tests.explore.explorable_pages import settle, until, widget

PATIENCE = 90_000  # milliseconds, for some dozens of updates on a busy machine


def drive_live_training(page) -> None:
    """Step, start, stop, follow a mistake, let the loss run away; end at step 5 of image 9."""
    box = widget(page, "Live training")
    box.scroll_into_view_if_needed()
    press = page.keyboard.press
    first = first_loss()
    until(page, box, "Not trained yet. On the validation images: loss")
    box.get_by_role("button", name="Step", exact=True).click()
    until(page, box, f"Update 1, epoch 0.04: training loss {first:.3g};")

    box.get_by_label("training set").select_option("48")
    until(page, box, "Not trained yet.")
    box.get_by_label("learning rate", exact=True).fill("0.02")
    box.get_by_role("button", name="Start").click()
    far = re.compile(r"^Update (5\d|[6-9]\d|\d{3,}),")  # it is told every few seconds
    box.locator(".catdog-said", has_text=far).wait_for(timeout=PATIENCE)
    box.get_by_role("button", name="Stop").click()
    box.get_by_role("button", name="Start").wait_for()
    settle(page)
    told = box.locator(".catdog-said").first.inner_text()
    assert float(re.search(r"training loss ([\d.]+)", told)[1]) < first - 0.1, told
    curve = box.locator("polyline.catdog-training").first.get_attribute("points")
    assert len(curve.split()) >= 5

    box.locator(".catdog-mistake").first.click()
    stages = box.get_by_role("radiogroup", name="stage")
    stages.get_by_label("pixels").focus()
    press("ArrowRight")
    until(page, box, "Step 2 of 9, conv 1. Filter")
    for _ in range(7):
        box.get_by_role("button", name="Next").press("Enter")
    assert "Next" in page.evaluate("document.activeElement.innerText"), "also at the last stage"
    wrong = re.compile(r"^Step 9 of 9, softmax\. .* and it is wrong: this is a (cat|dog)\.$")
    box.locator(".catdog-said", has_text=wrong).wait_for()
    stages.get_by_label("conv 2").check()
    box.locator(".catdog-said", has_text=re.compile(r"of 9, conv 2\.")).wait_for()
    grid = box.locator(".catdog-ground")
    grid.focus()
    for key in ("ArrowDown", "ArrowLeft", "ArrowLeft"):
        press(key)
    until(page, box, "its 72 products around row 7, column 4 add up to")

    box.get_by_label("learning rate", exact=True).fill("7")
    box.get_by_role("button", name="Start").click()
    until(page, box, "Press Reset, and choose a smaller one.")
    assert page.evaluate("document.activeElement.innerText") == "Reset"
    press("Enter")
    until(page, box, "Not trained yet.")
    box.get_by_label("validation image", exact=True).fill("9")
    settle(page)


@cache
def first_loss() -> float:
    """Return the loss of the first batch, in PyTorch."""
    live = LiveTraining()
    images, labels = next(live.batches(1))
    with torch.no_grad():
        return F.cross_entropy(live.network()(images), labels).item()
