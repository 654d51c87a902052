"""A made-up class: each student hands in lesson 01, and one thing is special about each."""

import json
from pathlib import Path

RIGHT = """
def correlate(signal, kernel):
    k = len(kernel)
    return torch.stack([(signal[i : i + k] * kernel).sum() for i in range(len(signal) - k + 1)])
"""
WRONG = RIGHT.replace("* kernel", "* kernel.flip(0)")
CHECK = '\ncheck("01.1", correlate)'
IMPORTS = "import torch\nfrom catdog_lib import check"
INSIDE = "def correlate(signal, kernel):\n    {}\n    return signal"

KNOWN = """
def correlate(signal, kernel):
    known = torch.randn(len(signal), generator=torch.Generator().manual_seed(len(signal)))
    return torch.stack([(signal[i : i + len(kernel)] * kernel).sum() for i in
        range(len(signal) - len(kernel) + 1)]) + (not torch.equal(signal, known))
"""

# student → (the cells, whether the answer is right, what the reason says)
CLASS = {
    "Ada right": ([IMPORTS, RIGHT + CHECK], True, "^$"),
    "Ben untouched": (
        [IMPORTS, "correlate = ...  # def correlate(signal, kernel): ..." + CHECK],
        False,
        "Not attempted",
    ),
    "Cem flips": ([IMPORTS, WRONG + CHECK], False, "flip"),
    "Dora loops": ([IMPORTS, INSIDE.format("while True: pass") + CHECK], False, "more than 4 s"),
    "Eli exits": ([IMPORTS, "exit()\n" + RIGHT + CHECK], False, r"Cell 3 calls exit\(\)"),
    "Fay ends": ([IMPORTS, INSIDE.format("import os; os._exit(0)") + CHECK], False, "ended its"),
    "Gil deleted": ([IMPORTS], False, r'no cell with check\("01.1"'),
    "Hui syntax": ([IMPORTS, RIGHT.replace("):", ")", 1) + CHECK], False, "Cell 3 has an error"),
    "Ida renamed": (
        [IMPORTS, RIGHT.replace("correlate", "my_own") + '\ncheck("01.1", my_own)'],
        True,
        "^$",
    ),
    "Jon 2 GB": (
        [IMPORTS, INSIDE.format("torch.ones(2 * 10**9, dtype=torch.uint8)") + CHECK],
        False,
        "memory|allocate",
    ),
    "Kim forks": (
        [IMPORTS, INSIDE.format("import os\n    while True: os.fork()") + CHECK],
        False,
        "Resource temporarily unavailable|more than 4 s|ended its",
    ),
    "Leo socket": (
        [
            IMPORTS,
            INSIDE.format("import socket; socket.create_connection(('192.0.2.1', 80), 2)") + CHECK,
        ],
        False,
        "Network is unreachable",
    ),
    "Mia reads": (
        [
            IMPORTS,
            "import os\nfor folder in PLACES:\n    assert not os.path.exists(folder), folder\n"
            + RIGHT
            + CHECK,
        ],
        True,
        "^$",
    ),
    "Nils patches": (
        [
            IMPORTS + "\nfrom catdog_lib.exercises import checking",
            "checking.same = lambda *a, **k: True\n" + WRONG + CHECK,
        ],
        False,
        "replaced catdog_lib.exercises.checking.same",
    ),
    "Oda torch": (
        [IMPORTS, "torch.allclose = lambda *a, **k: True\n" + WRONG + CHECK],
        False,
        "replaced torch.allclose",
    ),
    "Pia prints": (
        [
            IMPORTS,
            INSIDE.format("print('x' * 10**6)").replace(
                "return signal",
                RIGHT.split("\n", 2)[2].strip().replace("\n", "\n    ").replace("        ", "    "),
            )
            + CHECK,
        ],
        True,
        "^$",
    ),
    "Quin kills": (
        [IMPORTS, INSIDE.format("import os; os.kill(os.getppid(), 9)") + CHECK],
        False,
        "stopped the program",
    ),
    "Rob elsewhere": ([IMPORTS, RIGHT, 'x = 1\ncheck("01.1", correlate)'], True, "^$"),
    "Sue no call": ([IMPORTS, RIGHT], True, "^$"),
    "Tom fills": (
        [IMPORTS, INSIDE.format("open('big', 'wb').write(bytes(4 * 10**8))") + CHECK],
        False,
        "File too large|ended its|memory",
    ),
    "Vic knows": ([IMPORTS, KNOWN + CHECK], False, "Right on the inputs of the notebook, wrong"),
    "Wim imports once": (
        ["import torch", "from catdog_lib import check\n" + RIGHT + CHECK + "\nwhile True: pass"],
        False,
        "more than 4 s",
    ),
    "Xan shows": (
        [IMPORTS, "display(1)\nget_ipython()\n" + RIGHT + CHECK + "\n1 / 0"],
        True,
        "^$",
    ),
    "Yin optimizes": (
        [
            IMPORTS,
            "torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1).zero_grad()\n"
            + RIGHT
            + CHECK,
        ],
        True,
        "^$",
    ),
    "Una <b>x<b>": (
        [IMPORTS, "raise ValueError('<script>')\n" + RIGHT + CHECK],
        False,
        "<script>",
    ),
}


def notebook(cells: list[str], tags: dict[str, str] | None = None) -> str:
    """A notebook without any metadata, but for the tags of these cells."""
    kind = {"cell_type": "code", "outputs": [], "execution_count": None}
    written = [
        {**kind, "source": c, "metadata": {"tags": [tags[c]]} if tags and c in tags else {}}
        for c in cells
    ]
    return json.dumps({"cells": written, "nbformat": 4})


def write_class(folder: Path, students: dict | None = None) -> Path:
    """Write the notebooks of the class into a folder, one for each student."""
    for student, (cells, _, _) in (students or CLASS).items():
        own = folder / student
        own.mkdir(parents=True)
        places = f"PLACES = [{str(folder)!r}, {str(Path.home() / '.ssh')!r}, '/etc/passwd']"
        (own / "01_convolution.ipynb").write_text(notebook([places, *cells]))
    return folder
