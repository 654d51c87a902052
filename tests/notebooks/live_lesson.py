"""A lesson in a live kernel: its cells run in any order, and are interrupted, as students do it."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from time import monotonic, perf_counter, sleep

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode

from catdog_lib.course.executed import VIEW
from tests.notebooks.clean_notebooks import merged

ROOT = Path(__file__).parents[2]
PRESS = "from tests.notebooks.stop_button import press_after"


@dataclass(frozen=True)
class Shown:
    """What one run of a cell showed and claimed.

    Attributes:
        outputs: what it printed, and its figures; without widgets, which begin anew each time.
        claims: name and value of each.
        error: its name and message; empty if there was none.
        seconds: how long it took.
    """

    outputs: tuple[str, ...]
    claims: tuple[tuple[str, float], ...]
    error: str
    seconds: float

    def same_as(self, other: Shown, outputs: bool) -> bool:
        """Return whether both runs ended without an error, with the same claims, and outputs."""
        same = not outputs or self.outputs == other.outputs
        return same and self.claims == other.claims and not self.error


class LiveLesson:
    """A lesson and its kernel.

    Args:
        path: the notebook.
        folder: for what it writes: its claims, and a student's progress.
        settings: environment variables of its kernel.
    """

    def __init__(self, path: Path, folder: Path, **settings: str):
        self.notebook = nbformat.read(path, as_version=4)
        self.cells = [cell for cell in self.notebook.cells if cell.cell_type == "code"]
        self._button = nbformat.v4.new_code_cell()
        self.notebook.cells.append(self._button)
        self._claims = folder / "claims"
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "CATDOG_BUDGET": "quick",
            "CATDOG_DATA": "sketches",
            "CATDOG_CLAIMS": str(self._claims),
            "CATDOG_PROGRESS": str(folder / "progress.jsonl"),
            **settings,
        }
        self._client = NotebookClient(
            self.notebook,
            kernel_name="python3",
            timeout=300,
            allow_errors=True,
            resources={"metadata": {"path": str(path.parent)}},
            extra_arguments=["--log-level=ERROR"],
        )

    @contextmanager
    def kernel(self) -> Iterator[LiveLesson]:
        """Have a kernel, a new one each time, as long as a ``with`` block lasts."""
        self._claims.parent.mkdir(parents=True, exist_ok=True)
        self._claims.write_text("")
        with self._client.setup_kernel(env=self._environment):
            yield self

    def run(self, cell: NotebookNode) -> Shown:
        """Run a cell."""
        before = len(self._claimed())
        start = perf_counter()
        self._client.execute_cell(cell, self.notebook.cells.index(cell))
        seconds = perf_counter() - start
        errors = [one for one in cell.outputs if one.output_type == "error"]
        error = f"{errors[0].ename}: {errors[0].evalue}" if errors else ""
        outputs = tuple(filter(None, map(_text_of, merged(cell.outputs))))
        return Shown(outputs, tuple(self._claimed()[before:]), error, seconds)

    def interrupt(self, cell: NotebookNode, after: float) -> Shown:
        """Run a cell, and press the stop button after some seconds, until the cell ends."""
        self._button.source = f"{PRESS}\npress_after({after})"
        self.run(self._button)
        return self.run(cell)

    def kill(self, cell: NotebookNode, ready: Callable[[], bool]) -> None:
        """Run a cell, and kill the kernel in the middle of it, once ``ready`` says so."""
        kernel = self._client.km.provisioner.pid

        def kill() -> None:
            end = monotonic() + 120
            while not ready() and monotonic() < end:
                sleep(0.01)
            os.kill(kernel, signal.SIGKILL)

        killer = Thread(target=kill)
        killer.start()
        with suppress(DeadKernelError):
            self.run(cell)
        killer.join()

    def sections(self) -> list[list[NotebookNode]]:
        """Return the code cells of each section, without those before the first one."""
        sections: list[list[NotebookNode]] = [[]]
        for cell in self.notebook.cells[:-1]:  # the last one is the stop button
            if cell.cell_type == "code":
                sections[-1].append(cell)
            elif cell.source.startswith("## "):
                sections.append([])
        return [section for section in sections[1:] if section]

    def defined_above(self, cell: NotebookNode) -> set[str]:
        """Return the names that the cells above a cell define."""
        above = self.cells[: self.cells.index(cell)]
        return set().union(*(_defined(one.source) for one in above))

    def _claimed(self) -> list[tuple[str, float]]:
        lines = map(json.loads, self._claims.read_text(encoding="utf-8").splitlines())
        return [(line["name"], line["value"]) for line in lines]


def _text_of(output: NotebookNode) -> str:
    """Return what to compare of an output; nothing of a widget, an error or a warning.

    That a prediction is locked in is said once.
    """
    if output.output_type == "stream":
        lines = output.text.splitlines() if output.name == "stdout" else []
        return "\n".join(line for line in lines if "prediction is locked in" not in line)
    if output.output_type == "error" or VIEW in output.data:
        return ""
    text = re.sub(r"0x[0-9a-f]+", "0x", json.dumps(output.data, sort_keys=True))
    return text if len(text) < 2000 else hashlib.sha256(text.encode()).hexdigest()


def _defined(source: str) -> set[str]:
    """Return the names that a cell's code binds."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
    return names
