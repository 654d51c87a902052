"""What a reader does with the shape calculator."""

from __future__ import annotations

import torch
from torch import nn

from tests.explore.explorable_pages import said, settle, until, widget


def drive_calculator(page) -> None:
    """Type, drag, choose; end with a transposed convolution with padding 1."""
    calculator = widget(page, "Shape calculator")
    calculator.scroll_into_view_if_needed()

    def agrees() -> None:
        """Check the sentence against the PyTorch line, run with the numbers in the fields."""
        settle(page)
        line = calculator.locator("code").inner_text()
        height, width = (
            int(calculator.get_by_label(n, exact=True).input_value()) for n in ("height", "width")
        )
        rows, columns = eval(line, {"nn": nn})(torch.zeros(1, 3, height, width)).shape[-2:]
        assert said(calculator).startswith(f"{height}×{width} becomes {rows}×{columns}."), line

    until(page, calculator, "10×13 becomes 8×11.")
    agrees()
    calculator.get_by_label("stride s", exact=True).fill("3")
    until(
        page,
        calculator,
        "10×13 becomes 3×4. 1 row and 1 column never read: no further window fits.",
    )
    agrees()
    formula = calculator.locator(".catdog-formula").first.inner_text()
    assert "⌊(10 + 2·0 − 1·(3 − 1) − 1) / 3⌋ + 1" in formula and formula.strip().endswith(
        "2 + 1 = 3"
    )
    assert calculator.locator("svg[role=img] .catdog-lost").count() == 2
    slider = calculator.get_by_label("padding p, slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    until(page, calculator, "10×13 becomes 4×5.")
    agrees()
    calculator.get_by_label("layer").select_option("pool")
    calculator.get_by_label("ceil_mode").check()
    agrees()
    calculator.get_by_label("kernel k", exact=True).fill("1")
    until(page, calculator, "Max-pooling takes at most half of its kernel as padding: here 0.")
    calculator.get_by_label("layer").select_option("transposed")
    calculator.get_by_label("kernel k", exact=True).fill("4")
    calculator.get_by_label("output padding o", exact=True).fill("2")
    until(page, calculator, "10×13 becomes 31×40.")
    agrees()
    grid = calculator.locator(".catdog-moving")
    grid.focus()
    page.keyboard.press("ArrowRight")
    window = calculator.locator("svg[role=img] .catdog-window")
    settle(page)
    assert (window.get_attribute("x"), window.get_attribute("width")) == ("3", "4")
    assert "The window (0, 1) covers rows −1 to 2 and columns 2 to 5." in said(calculator)
