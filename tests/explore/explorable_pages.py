"""A notebook with the explorables, and what the drives of a page share."""

from __future__ import annotations

import torch
from nbformat.v4 import new_code_cell, new_markdown_cell

CELLS = [
    new_markdown_cell("# Explorables"),
    new_code_cell(
        "import torch\n"
        "from torch import nn\n"
        "from catdog_lib.explore import ConvolutionStepper, FeatureMapBrowser, LambdaSlider\n"
        "from catdog_lib.explore import LiveTraining\n"
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
    new_code_cell("live = LiveTraining()\nlive", id="live"),
    new_code_cell(
        "from catdog_lib.explore import Prediction, Question, Quiz\n\n"
        "guess = Prediction('Which is faster?', ['loops', 'unfold'])\nguess",
        id="guess",
    ),
    new_code_cell("guess.reveal('unfold', '3 ms against 800.')", id="reveal"),
    new_code_cell(
        "quiz = Quiz(\n"
        "    Question('How large is the map?', ['5', '6', '7'], '6'),\n"
        "    Question('Which sign?', ['+', '−'], 1),\n"
        ")\nquiz",
        id="quiz",
    ),
    new_code_cell(
        "from catdog_lib.data import ImageSet\n"
        "from catdog_lib.explore import TenImages\n\n"
        "pixels = (torch.arange(72) * 37 % 256).to(torch.uint8).view(24, 3, 1, 1)\n"
        "order = torch.arange(24)\n"
        "board = ImageSet(pixels.expand(-1, -1, 8, 8), order, order % 2, ('',) * 24)\n"
        "features = torch.arange(24 * 6).view(24, 6) * 71 % 103 + 20.0 * (order % 2)[:, None]\n"
        "ten = TenImages(board, features)\nten",
        id="ten",
    ),
    new_code_cell(
        "from catdog_lib.explore import AnimalStudio\n\n"
        "torch.manual_seed(0)\n"
        "plain, other = (\n"
        "    nn.Sequential(nn.Conv2d(3, 4, 5, 4), nn.ReLU(), nn.Flatten(), nn.Linear(196, 2))\n"
        "    for _ in range(2)\n"
        ")\n"
        "studio = AnimalStudio({'plain': plain, 'other': other}, size=32, seed=2)\nstudio",
        id="studio",
    ),
    new_code_cell(
        "from catdog_lib.explore import Roofline\n\n\n"
        "def small(size):\n"
        "    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))\n\n\n"
        "def deep(size):\n"
        "    return nn.Sequential(nn.Conv2d(3, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3))\n\n\n"
        "roofline = Roofline(\n"
        "    {'small': small, 'deep': deep},\n"
        "    {'a CPU': (1e11, 2e10, 4), 'a GPU': (1e15, 3e12, 2)},\n"
        "    measured={'Conv2d 1': 2e10},\n"
        ")\nroofline",
        id="roofline",
    ),
    new_code_cell(
        "print(stepper.row, stepper.column, stepper.stride, stepper.kernel)\n"
        "print(calculator.output_size(), calculator.operation, calculator.padding)\n"
        "print(viewer.layer, viewer.row, viewer.column, [one['kernel'] for one in viewer.layers])\n"
        "print(race.surface, race.optimizers, race.lr, race.x, race.y, race.step)\n"
        "print(slider.penalty, slider.lam, slider.x, slider.y, round(slider.share_of_zeros(), 3))\n"
        "print(browser.layer, browser.channel, browser.place(), browser.step, browser.source)\n"
        "print(browser.target, browser.heat_layer, browser.opacity)\n"
        "print(guess.picks, quiz.picks)\n"
        "print(live.lr, live.used, live.image, live.stage, live.channel, live.row, live.column)\n"
        "print(ten.chosen)\n"
        "print(roofline.network, roofline.machine, roofline.batch, roofline.size, roofline.layer)\n"
        "print(*studio.chosen().values(), studio.network, studio.shows_heat, studio.opacity)\n"
        "if stepper.stride == 2:  # the reader has been here\n"
        "    stepper.stride, stepper.kernel, stepper.row = 1, 'identity', 6",
        id="traits",
    ),
]


LAYER = (torch.arange(108) * 37 % 101 - 50).double()  # −50 … 50


BOARD = torch.arange(24) % 2  # the labels of its images
FEATURES = torch.arange(24 * 6).view(24, 6) * 71 % 103 + 20.0 * BOARD[:, None]


IMAGE = (torch.arange(81) ** 2 % 97).view(9, 9).double()


TRAITS = """1 2 2 [[[0.0, -1.0, -2.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]]]
(31, 40) transposed 1
3 5 8 [3, 2, 5]
saddle ['SGD', 'RMSprop', 'Adam', 'AdamW'] 0.25 -1.6 0.201 299
L1 0.51 1.0 0.6 0.5
1 4 (1, 2) 1 1
1 0 0.45
[0] [1, 0]
7.0 48 9 4 -1 14 8
[1, 0, 2]
deep a GPU 64 256 2
pricked long slit pupils slim grey garden other False 0.35"""


def widget(page, name: str):
    return page.locator(f'.catdog[aria-label="{name}"]')


def said(root) -> str:
    return root.locator(".catdog-said").inner_text()


def until(page, root, text: str) -> None:
    root.locator(".catdog-said", has_text=text).wait_for()


def settle(page) -> None:
    """Wait until all changes are drawn: an explorable draws in the frame after its last change."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def center(locator, row: int, column: int, rows: int, columns: int) -> dict:
    """Return where to put the pointer for a cell of a grid."""
    box = locator.bounding_box()
    return {"x": box["width"] * (column + 0.5) / columns, "y": box["height"] * (row + 0.5) / rows}
