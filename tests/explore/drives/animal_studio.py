"""What a reader does in the animal studio: choose, look, try one change, with keys and pointer."""

from __future__ import annotations

import re

import torch
from torch import nn

from catdog_lib.explore import AnimalStudio
from tests.explore.explorable_pages import said, until, widget


def twin() -> AnimalStudio:
    """Return the studio that the page shows."""
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Conv2d(3, 4, 5, 4), nn.ReLU(), nn.Flatten(), nn.Linear(196, 2))
    other = nn.Sequential(nn.Conv2d(3, 4, 5, 4), nn.ReLU(), nn.Flatten(), nn.Linear(196, 2))
    return AnimalStudio({"plain": plain, "other": other}, size=32, seed=2)


def drive_studio(page) -> None:
    """Choose traits and a network; end with a dog's muzzle, the network "other", no heat map."""
    box = widget(page, "Animal studio")
    box.scroll_into_view_if_needed()
    studio = twin()

    def percent(probability: float) -> str:
        """Return it as the page does."""
        share = round(100 * probability)
        return "< 1%" if share < 1 else "> 99%" if share > 99 else f"{share}%"

    def agrees(truth: str, **chosen: str) -> None:
        """Check the sentence, the bars, the image and the table against the recording."""
        for name, value in chosen.items():
            setattr(studio, name, value)
        traits = ", ".join(f"{name} {choice}" for name, choice in studio.chosen().items())
        until(page, box, f" It has: {traits}.")
        assert f". {truth}" in said(box)
        at = studio.network
        for name, bar in zip(("plain", "other"), box.locator(".catdog-network").all(), strict=True):
            studio.network = name
            dog = studio.probability()
            assert f"{name}: {percent(dog)} dog" in said(box)
            assert f"dog {percent(dog)}" in bar.inner_text()
            width = bar.locator(".catdog-cat").evaluate("one => parseFloat(one.style.width)")
            assert abs(width - 100 * (1 - dog)) < 0.01
        studio.network = at
        changes = studio.single_changes()
        buttons = box.locator(".catdog-changes button").all()
        starts = [re.split(r" \(", one.text_content())[0] for one in buttons]
        assert starts == [f"{one.trait} → {one.choice}" for one in changes]

    agrees("This is a cat.")
    first = box.locator(".catdog-animal image").first
    assert first.get_attribute("x") == first.get_attribute("y") == "0"
    box.get_by_label("pointed (cat)").focus()
    page.keyboard.press("ArrowRight")
    agrees("This is neither: muzzle, eyes, body of a cat; ears of a dog.", ears="pricked")
    box.get_by_role("radio", name="garden").check()
    agrees("This is neither", scene="garden")
    box.get_by_role("radio", name="other").check()
    agrees("This is neither", network="other")
    summary = box.get_by_text("What would one change do to the prediction of “other”?")
    summary.focus()
    page.keyboard.press("Enter")
    box.get_by_role("button", name="muzzle → long (dog)").click()
    agrees("This is neither: eyes, body of a cat; ears, muzzle of a dog.", muzzle="long")
    assert box.get_by_role("radio", name="long (dog)").is_checked()
    heat = box.locator(".catdog-animal image").nth(1)
    assert heat.get_attribute("href").startswith("data:image/png") and heat.is_visible()
    box.get_by_label("opacity, slider").focus()
    page.keyboard.press("ArrowLeft")
    box.get_by_role("checkbox", name="heat map").uncheck()
    heat.wait_for(state="hidden")
    assert heat.get_attribute("opacity") == "0.35"
