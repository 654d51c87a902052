"""What a reader does with the λ slider."""

from __future__ import annotations

import pytest
import torch

from catdog_lib.sparsity.quadratic import minimisers, shrink
from tests.explore.explorable_pages import LAYER, center, until, widget


def drive_lambda(page) -> None:
    """Drag and type λ, choose every penalty, move the minimum; end with L1 at λ = 0.51."""
    box = widget(page, "Lambda slider")
    box.scroll_into_view_if_needed()

    def agrees(penalty: str, lam: float, minimum: tuple[float, float]) -> None:
        """Check the sentence and every pixel of the layer against the library."""
        left = shrink(LAYER / 50, lam, penalty).flatten()
        x, y = minimisers(minimum, lam, penalty)[-1].tolist()
        zeros = int((left == 0).sum())
        until(
            page,
            box,
            f"{penalty}, λ = {lam:g}: {zeros} of 108 weights ({zeros / 1.08:.1f}%) are exactly 0, "
            f"the largest is {left.abs().max():.3g}. The two weights: ({x:.3g}, {y:.3g}).",
        )
        pixels = box.locator("canvas").evaluate(
            "one => [...one.getContext('2d').getImageData(0, 0, one.width, one.height).data]"
        )
        seen = torch.tensor(pixels).view(3, -1, 4)  # 12 kernels in a row, one square apart
        kernels = [seen[:, 4 * i : 4 * i + 3] for i in range(12)]
        shown = torch.stack(kernels).flatten(0, 2)
        grey = (shown == torch.tensor([128, 128, 128, 255])).all(1)
        assert torch.equal(grey, left == 0)
        violet = shown[:, 2] > shown[:, 0]
        assert violet[left > 0.01].all() and not violet[left < -0.01].any()

    agrees("L1", 0.2, (0.8, 0.6))
    box.get_by_label("λ", exact=True).fill("0.5")
    agrees("L1", 0.5, (0.8, 0.6))
    bars = box.locator(".catdog-after").get_attribute("d")
    box.get_by_label("penalty").select_option("L2")
    agrees("L2", 0.5, (0.8, 0.6))
    assert box.locator(".catdog-after").get_attribute("d") != bars
    ground = box.locator(".catdog-moving")
    ground.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    agrees("L2", 0.5, (0.75, 0.5))
    box.get_by_label("penalty").select_option("L1 subgradient")
    agrees("L1 subgradient", 0.5, (0.75, 0.5))
    ground.click(position=center(ground, 1, 5, 6, 6))  # (1, 0.6): as far as it goes
    box.get_by_label("penalty").select_option("L1")
    slider = box.get_by_label("λ, slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    ground.focus()
    page.keyboard.press("PageUp")
    page.keyboard.press("PageDown")
    agrees("L1", 0.51, (1, 0.6))
    x, y = minimisers((1, 0.6), 0.51, "L1")[-1].tolist()
    here = ground.locator(".catdog-runner")
    place = [float(here.get_attribute(name)) for name in ("cx", "cy")]
    assert place == pytest.approx([125 * (x + 1.2), 125 * (1.2 - y)])
    assert y == 0 and box.locator(".catdog-curve:not([hidden])").count() == 2
