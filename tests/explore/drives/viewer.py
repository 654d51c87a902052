"""What a reader does with the receptive-field viewer."""

from __future__ import annotations

import re

import torch
from torch import nn

from tests.explore.explorable_pages import center, said, until, widget


def drive_viewer(page) -> None:
    """Click, add, edit, remove; end with the unit in row 5, column 8 of layer 3."""
    viewer = widget(page, "Receptive-field viewer")
    viewer.scroll_into_view_if_needed()
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(2))
    layer2 = viewer.locator("svg.catdog-map").nth(2)
    layer2.click(position=center(layer2, 7, 20, 32, 32))
    until(
        page,
        viewer,
        f"Layer 2, unit in row 7, column 20: it sees {extent(net, 7, 20)} of the photo",
    )
    page.keyboard.press("Tab")
    viewer.get_by_role("button", name="+ convolution").click()
    viewer.get_by_label("kernel of layer 3").fill("5")
    viewer.get_by_label("stride of layer 3").fill("2")
    viewer.get_by_role("button", name="+ pooling").click()
    viewer.get_by_label("remove layer 4").click()
    viewer.get_by_label("remove layer 4").wait_for(state="detached")
    net.append(nn.Conv2d(8, 8, 5, stride=2, padding=1))
    viewer.get_by_text("map 15 · sees 12 · jump 4 · first centre 2.5").wait_for()
    layer3 = viewer.locator("svg.catdog-map").nth(3)
    layer3.click(position=center(layer3, 4, 8, 15, 15))
    viewer.locator(".catdog-stack").focus()
    page.keyboard.press("ArrowDown")
    until(
        page, viewer, f"Layer 3, unit in row 5, column 8: it sees {extent(net, 5, 8)} of the photo"
    )
    box = viewer.locator(".catdog-photo .catdog-window")
    first, last = re.search(r"columns (\d+) to (\d+)", said(viewer)).groups()
    assert float(box.get_attribute("x")) == int(first)
    assert float(box.get_attribute("width")) == int(last) - int(first) + 1


def extent(net: nn.Sequential, row: int, column: int) -> str:
    """Return which pixels change a unit, by gradient, as the viewer says it.

    A max-pooling counts as a mean, since it looks at all its inputs.
    """
    layers = [nn.AvgPool2d(m.kernel_size) if isinstance(m, nn.MaxPool2d) else m for m in net]
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.ones_(layer.weight)
    photo = torch.zeros(1, 3, 64, 64, requires_grad=True)
    nn.Sequential(*layers)(photo)[0, :, row, column].sum().backward()
    seen = photo.grad[0].abs().sum(0)
    rows, columns = (seen.sum(side).nonzero().flatten() for side in (1, 0))
    return f"rows {rows[0]} to {rows[-1]} and columns {columns[0]} to {columns[-1]}"
