"""A notebook with the explorables, and what a reader does with them, on a page and in
JupyterLab.
"""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib import colormaps
from nbformat.v4 import new_code_cell, new_markdown_cell
from PIL import Image
from torch import Tensor, nn

from catdog_lib.explore import FeatureMapBrowser
from catdog_lib.from_scratch.loss_surfaces import SURFACES
from catdog_lib.from_scratch.optimizer_race import race
from catdog_lib.sparsity.quadratic import minimisers, shrink

CELLS = [
    new_markdown_cell("# Explorables"),
    new_code_cell(
        "import torch\n"
        "from torch import nn\n"
        "from catdog_lib.explore import ConvolutionStepper, FeatureMapBrowser, LambdaSlider\n"
        "from catdog_lib.explore import OptimizerRace, ReceptiveFieldViewer, ShapeCalculator\n\n"
        "stepper = ConvolutionStepper((torch.arange(81) ** 2 % 97).view(9, 9), 'blur')\n"
        "stepper",
        id="stepper",
    ),
    new_code_cell("calculator = ShapeCalculator((10, 13), 3)\ncalculator", id="calculator"),
    new_code_cell(
        "viewer = ReceptiveFieldViewer([nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(2)])\nviewer",
        id="viewer",
    ),
    new_code_cell("race = OptimizerRace('ravine')\nrace", id="race"),
    new_code_cell(
        "slider = LambdaSlider((torch.arange(108) * 37 % 101 - 50).view(4, 3, 3, 3))\nslider",
        id="slider",
    ),
    new_code_cell(
        "torch.manual_seed(0)\n"
        "net = nn.Sequential(\n"
        "    nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),\n"
        "    nn.Conv2d(4, 6, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(54, 2),\n"
        ")\n"
        "photo = (torch.arange(768) ** 2 % 251).view(3, 16, 16).to(torch.uint8)\n"
        "browser = FeatureMapBrowser(net, photo)\nbrowser",
        id="browser",
    ),
    new_code_cell(
        "print(stepper.row, stepper.column, stepper.stride, stepper.kernel)\n"
        "print(calculator.output_size(), calculator.operation, calculator.padding)\n"
        "print(viewer.layer, viewer.row, viewer.column, [one['kernel'] for one in viewer.layers])\n"
        "print(race.surface, race.optimizers, race.lr, race.x, race.y, race.step)\n"
        "print(slider.penalty, slider.lam, slider.x, slider.y, round(slider.share_of_zeros(), 3))\n"
        "print(browser.layer, browser.channel, browser.place(), browser.step, browser.source)\n"
        "print(browser.target, browser.heat_layer, browser.opacity)\n"
        "if stepper.stride == 2:  # the reader has been here\n"
        "    stepper.stride, stepper.kernel, stepper.row = 1, 'identity', 6",
        id="traits",
    ),
]
LAYER = (torch.arange(108) * 37 % 101 - 50).double()  # −50 … 50
IMAGE = (torch.arange(81) ** 2 % 97).view(9, 9).double()


def widget(page, name: str):
    return page.locator(f'.catdog[aria-label="{name}"]')


def said(root) -> str:
    return root.locator(".catdog-said").inner_text()


def until(page, root, text: str) -> None:
    root.locator(".catdog-said", has_text=text).wait_for()


def settle(page) -> None:
    """Wait until what was asked for before is drawn: a picture draws in the frame after its last
    change.
    """
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def output_shown(stepper) -> Tensor:
    """The numbers in the output's cells."""
    texts = stepper.locator(".catdog-moving text").all_text_contents()
    return torch.tensor([float(text.replace("−", "-")) for text in texts])


def convolved(kernel: list, **settings) -> Tensor:
    return F.conv2d(IMAGE[None, None], torch.tensor(kernel).double()[None, None], **settings)[0, 0]


def center(locator, row: int, column: int, rows: int, columns: int) -> dict:
    """Where to put the pointer for a cell of a grid."""
    box = locator.bounding_box()
    return {"x": box["width"] * (column + 0.5) / columns, "y": box["height"] * (row + 0.5) / rows}


def drive_stepper(page) -> None:
    """Mouse, arrow keys, a kernel of one's own and a stride; ends at row 1, column 2 with stride
    2.
    """
    stepper = widget(page, "Convolution stepper")
    stepper.scroll_into_view_if_needed()
    grid = stepper.locator(".catdog-moving")
    blur = convolved([[1 / 9] * 3] * 3)
    assert torch.allclose(output_shown(stepper), blur.flatten().float(), atol=0.051)
    grid.hover(position=center(grid, 3, 4, 7, 7))
    until(page, stepper, "Output row 3, column 4:")
    assert value(said(stepper)) == round(blur[3, 4].item(), 2)
    grid.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    until(page, stepper, "Output row 4, column 6:")
    assert value(said(stepper)) == round(blur[4, 6].item(), 2)
    page.keyboard.press("ArrowRight")  # the end: the window stays
    page.keyboard.press("Home")
    until(page, stepper, "Output row 4, column 0:")

    stepper.get_by_label("kernel", exact=True).select_option("sharpen")
    stepper.get_by_label("kernel row 0, column 2").fill("-2")
    stepper.get_by_label("stride", exact=True).fill("2")
    kernel = [[0, -1, -2], [-1, 5, -1], [0, -1, 0]]
    strided = convolved(kernel, stride=2)
    until(page, stepper, "Output row 3, column 0:")  # there was no row 4 any more
    assert torch.equal(output_shown(stepper), strided.flatten().float())
    assert stepper.get_by_label("kernel", exact=True).input_value() == "", "a kernel of one's own"
    grid.focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    until(page, stepper, "Output row 1, column 2:")
    assert value(said(stepper)) == strided[1, 2].item()
    patch = IMAGE[2:5, 4:7]
    assert [
        int(t)
        for t in stepper.locator(".catdog-named").nth(0).locator(".catdog-value").all_inner_texts()
    ] == patch.int().flatten().tolist()
    products = stepper.locator(".catdog-named").nth(2).locator(".catdog-value").all_inner_texts()
    assert sum(float(text.replace("−", "-")) for text in products) == strided[1, 2].item()


def value(sentence: str) -> float:
    return float(sentence.rsplit("= ", 1)[1].replace("−", "-"))


def drive_calculator(page) -> None:
    """Type, drag, choose; ends as a transposed convolution with padding 1."""
    calculator = widget(page, "Shape calculator")
    calculator.scroll_into_view_if_needed()

    def agrees() -> None:
        """The sentence says what the PyTorch line, copied and run, gives for the numbers in the
        fields.
        """
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


def drive_viewer(page) -> None:
    """Click, add, edit, remove; ends with the unit in row 5, column 8 of layer 3."""
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
    """Which pixels change a unit, by gradient; a max-pooling counts as a mean, since it looks at
    all its inputs.
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


def drive_race(page) -> None:
    """Surface, optimizers, a rate typed and one dragged, the start moved, play; ends at step 299 on
    the saddle.
    """
    box = widget(page, "Optimizer race")
    box.scroll_into_view_if_needed()

    def agrees(**numbers) -> None:
        """The losses in the table are those of the optimizers by hand."""
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


def drive_lambda(page) -> None:
    """The slider, a λ typed, every penalty, the minimum moved; ends with L1 at λ = 0.51."""
    box = widget(page, "Lambda slider")
    box.scroll_into_view_if_needed()

    def agrees(penalty: str, lam: float, minimum: tuple[float, float]) -> None:
        """The sentence is that of the library, and so is every square of the layer's picture."""
        left = shrink(LAYER / 50, lam, penalty).flatten()
        x, y = minimisers(minimum, lam, penalty)[-1].tolist()
        zeros = int((left == 0).sum())
        until(
            page,
            box,
            f"{penalty}, λ = {lam:g}: {zeros} of 108 weights ({zeros / 1.08:.1f} %) are exactly 0, "
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


def drive_browser(page) -> None:
    """Layers, channels, pixels, steps, input channels and the heat; ends at layer 1, channel 4, row
    1, column 2.
    """
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
        """The sentence, the tables, the frames and the map's colours are those of the network."""
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


def loss_of(text: str) -> float:
    """ "4.1·10⁻⁴" as a number."""
    digits, _, power = text.replace("−", "-").partition("·10")
    return float(digits) * 10.0 ** int(power.translate(PLAIN) or 0)


PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
TRAITS = """1 2 2 [[[0.0, -1.0, -2.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]]]
(31, 40) transposed 1
3 5 8 [3, 2, 5]
saddle ['SGD', 'RMSprop', 'Adam', 'AdamW'] 0.25 -1.6 0.201 299
L1 0.51 1.0 0.6 0.5
1 4 (1, 2) 1 1
1 0 0.45"""
