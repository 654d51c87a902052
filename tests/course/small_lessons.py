"""Small notebooks with one of everything that a lesson may hold, to be run and rendered."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

FIGURE = """import base64, io, os
from IPython.display import HTML, display
from matplotlib.figure import Figure

figure = Figure(figsize=(9, 4))
figure.add_subplot().plot([1, 4, 9])
buffer = io.BytesIO()
figure.savefig(buffer, format="png")
source = base64.b64encode(buffer.getvalue()).decode()
image = f'<img alt="A rising curve" style="max-width:100%" src="data:image/png;base64,{source}">'
display(HTML(image))"""

FORMULAS = r"""## A formula

The output has side $o = \lfloor (n + 2p - k) / s \rfloor + 1$, and the logits become shares by

$$\operatorname{softmax}(z)_i = \frac{e^{z_i}}{\sum_j e^{z_j}}, \qquad
a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s + t + u + v + w + x + y +
z = 0.$$

| layer | output | parameters | multiply-adds | receptive field | what it does to the picture |
|---|---|---:|---:|---:|---|
| convolution | 64×112×112 | 1,792 | 86,704,128 | 3 | finds edges and spots of colour |
"""

GAME = """import torch
from catdog_lib.data import ImageSet
from catdog_lib.explore import LabelGame

labels = torch.tensor([0, 1, 1])
colours = torch.tensor([[230, 160, 0], [0, 110, 180], [0, 110, 180]], dtype=torch.uint8)
pictures = colours.view(3, 3, 1, 1).expand(3, 3, 8, 8).contiguous()
LabelGame(ImageSet(pictures, torch.arange(3), labels, ("a", "b", "c")))"""

HINT = """<details>
<summary>A hint</summary>

Count the windows along **one** side: $n - k + 1$.

</details>
"""


def write_lessons(root: Path) -> Path:
    """Write two lessons below ``root``, as a checkout has them, and return ``root``."""
    whole = [
        new_markdown_cell("# A small lesson\n\nA zebrafinch is neither."),
        new_code_cell(FIGURE),
        new_markdown_cell(FORMULAS),
        new_code_cell(
            "import ipywidgets\nipywidgets.IntSlider(value=3, min=1, max=9, description='kernel')",
            id="slider",
        ),
        new_code_cell("# NBVAL_CHECK_OUTPUT\nprint(6 * 7, flush=True)\nprint('seven sixes')"),
        new_code_cell(
            "from tqdm.auto import tqdm\n\nfor _ in tqdm(range(3), desc='a bar'):\n    pass"
        ),
        new_markdown_cell("## Exercise 1"),
        new_code_cell("answer = None\nprint('not attempted yet')", metadata={"tags": ["exercise"]}),
        new_markdown_cell(HINT, metadata={"tags": ["hint"]}),
        new_code_cell(
            "print('the answer is', 'forty-two')",
            metadata={"tags": ["solution"], "jupyter": {"source_hidden": True}},
        ),
        new_code_cell(
            "import os\n\nprint('budget', os.environ['CATDOG_BUDGET'], 'in', "
            "os.path.basename(os.getcwd()))"
        ),
    ]
    short = [
        new_markdown_cell(
            "# Another lesson\n\nIt follows [the first](01_small.ipynb); see {term}`logit`."
        ),
        new_code_cell("1 + 1"),
        new_code_cell(GAME),
    ]
    save(root, "01_small.ipynb", whole, {"quick": 60, "standard": 200})
    save(root, "02_another.ipynb", short, {})
    return root


def save(
    root: Path,
    name: str,
    cells: list,
    seconds: dict[str, int],
    memory: dict[str, float] | None = None,
) -> Path:
    """Write one notebook below ``root/notebooks``, with what it promises."""
    notebook = new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    if seconds:
        notebook.metadata["catdog"] = {"seconds": seconds, "memory": memory or {}}
    path = root / "notebooks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path
