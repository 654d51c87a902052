"""What a reader does with the feature-map browser."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
import torch
from matplotlib import colormaps
from PIL import Image
from torch import nn

from catdog_lib.explore import FeatureMapBrowser
from tests.explore.explorable_pages import center, said, until, widget


def drive_browser(page) -> None:
    """Choose layers, channels, units, steps, heat; end at layer 1, channel 4, row 1, column 2."""
    box = widget(page, "Feature-map browser")
    box.scroll_into_view_if_needed()
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(54, 2),
    )
    twin = FeatureMapBrowser(net, (torch.arange(768) ** 2 % 251).view(3, 16, 16).to(torch.uint8))

    def agrees(**chosen) -> None:
        """Check the sentence, the tables, the frames and the map's colours against the network."""
        for name, number in chosen.items():
            setattr(twin, name, number)
        found, (row, column), seen = twin.arithmetic(), twin.place(), twin.seen()
        channel = twin.settings()["title"]
        until(page, box, f"{channel}, row {row}, column {column}: the convolution gives ")
        text = said(box).replace("−", "-")
        numbers = [float(one) for one in re.findall(r"(?:gives|makes it) (\S+?)[,.]? ", text)]
        true = [found.total, *(number for _, number in found.after)]
        assert numbers == pytest.approx(true, rel=1e-3, abs=1e-12)
        assert text.endswith("rows {} to {}, columns {} to {} of the photo.".format(*seen))
        lines = box.locator(".catdog-exactly:not([hidden])").all()
        few = len(found.sums) <= 3
        shown = range(len(found.sums)) if few else [twin.settings()["source"]]
        for line, at in zip(lines, shown, strict=True):
            three = (found.patch[at], found.weights[at], found.patch[at] * found.weights[at])
            for table, numbers in zip(line.locator(".catdog-table").all(), three, strict=True):
                texts = table.locator("span").all_inner_texts()
                cells = [float(one.replace("−", "-")) for one in texts]
                assert cells == pytest.approx(numbers.flatten().tolist(), rel=6e-3, abs=1e-12)
        frames = [
            [int(one.get_attribute(side)) for side in ("x", "y", "width", "height")]
            for one in box.locator(".catdog-window").all()[:2]
        ]
        top, bottom, left, right = seen
        assert frames[0] == [left, top, right - left + 1, bottom - top + 1]
        assert frames[1] == [column, row, 1, 1]
        part = box.locator(".catdog-lower svg").first.get_attribute("viewBox")
        assert part == " ".join(map(str, frames[0]))
        image = box.locator(".catdog-moving image").get_attribute("href")
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(image.partition(",")[2]))))
        shown_map = twin.shown_map().numpy()
        if shown_map.min() >= 0:
            np.testing.assert_allclose(
                pixels[..., 0], 255 * shown_map / max(shown_map.max(), 1e-9), atol=0.51
            )
        else:  # brown and violet
            violet = pixels[..., 2] > pixels[..., 0]
            assert (violet == (shown_map > 0))[abs(shown_map) > 0.02 * abs(shown_map).max()].all()
        heat = box.locator("svg[role=img] image").nth(1)
        assert float(heat.get_attribute("opacity")) == twin.opacity
        image = heat.get_attribute("href")
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(image.partition(",")[2]))))
        expected = 255 * colormaps["inferno"](twin.heat().numpy())[..., :3]
        np.testing.assert_allclose(pixels[..., :3], expected, atol=40)  # five of its colours, mixed

    agrees()
    box.locator(".catdog-tile").nth(1).click()
    agrees(layer=1)
    box.get_by_role("radio", name="channel 3").check()
    agrees(channel=3)
    page.keyboard.press("ArrowRight")
    agrees(channel=4)
    grid = box.locator(".catdog-moving")
    grid.click(position=center(grid, 2, 1, 3, 3))
    agrees(row=2, column=1)
    page.keyboard.press("PageDown")
    agrees(layer=0, channel=-1, row=-1, column=-1)
    box.get_by_label("map after", exact=True).select_option("convolution")
    agrees(step=0)
    box.get_by_label("input channel", exact=True).select_option("green")
    for key in ("ArrowUp", "ArrowRight", "ArrowRight"):
        grid.press(key)
    row, column = twin.place()
    agrees(source=1, row=max(0, row - 1), column=min(15, column + 2))
    grid.press("Home")
    agrees(row=-1, column=-1)
    grid.press("PageUp")
    grid.press("PageUp")  # the last: it stays
    box.get_by_label("map after", exact=True).select_option("ReLU")
    box.get_by_role("radio", name="channel 4").check()
    grid.click(position=center(grid, 2, 2, 3, 3))
    grid.press("ArrowUp")
    grid.press("ArrowRight")  # the edge
    agrees(layer=1, channel=4, step=-1, source=-1, row=1, column=2)
    bars = box.get_by_role("img", name="The sums of all 4 input channels")
    bars.click(position=center(bars, 0, 1, 1, 4))
    agrees(source=1)
    box.get_by_label("heat for", exact=True).select_option(
        index=1 - box.get_by_label("heat for", exact=True).evaluate("one => one.selectedIndex")
    )
    agrees(target=1 - max(range(2), key=twin.probabilities.__getitem__))
    box.get_by_label("heat for", exact=True).select_option(index=1)
    box.get_by_label("heat at", exact=True).select_option("0")
    slider = box.get_by_label("opacity, slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    agrees(target=1, heat_layer=0, opacity=0.45)
