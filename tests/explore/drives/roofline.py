"""What a reader does with the roofline: choose, drag, go from layer to layer."""

from __future__ import annotations

import pytest
from torch import nn

from catdog_lib.explore import Roofline
from tests.explore.explorable_pages import said, until, widget


def twin() -> Roofline:
    """Return the roofline that the page shows."""

    def small(size):
        return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))

    def deep(size):
        return nn.Sequential(nn.Conv2d(3, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3))

    return Roofline(
        {"small": small, "deep": deep},
        {"a CPU": (1e11, 2e10, 4), "a GPU": (1e15, 3e12, 2)},
        measured={"Conv2d 1": 2e10},
    )


def drive_roofline(page) -> None:
    """Go through the layers, change all that can be changed; end with "deep" on the GPU."""
    box = widget(page, "Roofline")
    box.scroll_into_view_if_needed()
    same = twin()

    def agrees(**chosen) -> None:
        """Check both sentences, the bars, and the table against the library."""
        for name, value in chosen.items():
            setattr(same, name, value)
        summary = same.summary()
        until(page, box, summary[summary.index(f"{list(same.bounds())[same.layer]}: ") :])
        assert summary == f"{box.locator('.catdog-line').first.inner_text()} {said(box)}"
        times = [one.seconds for one in same.bounds().values()]
        bars = box.locator("rect.catdog-layer:not(.catdog-real)").all()
        heights = [float(one.get_attribute("height")) for one in bars]
        assert [height / max(heights) for height in heights] == pytest.approx(
            [time / max(times) for time in times]
        )
        assert box.get_by_role("radio", name=same.machine, exact=True).is_checked()

    agrees()
    assert "; measured: " in said(box)
    assert box.locator(".catdog-real").count() == 3, "a point, a bar, and their key"
    charts = box.locator(".catdog-moving")
    charts.nth(1).focus()
    page.keyboard.press("End")
    agrees(layer=2)
    page.keyboard.press("ArrowRight")  # there is no further one
    agrees(layer=2)
    charts.nth(0).focus()
    page.keyboard.press("ArrowUp")
    agrees(layer=1)
    page.keyboard.press("Home")
    agrees(layer=0)
    slider = box.get_by_label("images at once")
    slider.focus()
    page.keyboard.press("ArrowRight")
    agrees(batch=64)
    assert "measured" not in said(box), "that was with 32 images"
    assert slider.get_attribute("aria-valuetext") == "64"
    box.get_by_label("image size").focus()
    page.keyboard.press("End")
    agrees(size=256)
    box.get_by_role("radio", name="a GPU", exact=True).check()
    agrees(machine="a GPU")
    box.get_by_label("network").select_option("deep")
    agrees(network="deep", layer=0)
    size = charts.nth(1).bounding_box()
    x = 50 + 342 * 2.5 / 3  # the middle of the third of three bars
    charts.nth(1).click(position={"x": x * size["width"] / 400, "y": size["height"] / 2})
    agrees(layer=2)
