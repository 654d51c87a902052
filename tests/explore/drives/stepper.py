"""What a reader does with the convolution stepper."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.explore.explorable_pages import IMAGE, center, said, until, widget


def drive_stepper(page) -> None:
    """Use mouse, arrow keys, a kernel of one's own, a stride; end at row 1, column 2, stride 2."""
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
    patch_shown, _, products = (
        stepper.locator(".catdog-named").nth(i).locator(".catdog-value").all_inner_texts()
        for i in range(3)
    )
    assert [int(text) for text in patch_shown] == patch.int().flatten().tolist()
    assert sum(float(text.replace("−", "-")) for text in products) == strided[1, 2].item()


def output_shown(stepper) -> Tensor:
    """Return the numbers in the output's cells."""
    texts = stepper.locator(".catdog-moving text").all_text_contents()
    return torch.tensor([float(text.replace("−", "-")) for text in texts])


def convolved(kernel: list, **settings) -> Tensor:
    return F.conv2d(IMAGE[None, None], torch.tensor(kernel).double()[None, None], **settings)[0, 0]


def value(sentence: str) -> float:
    return float(sentence.rsplit("= ", 1)[1].replace("−", "-"))
