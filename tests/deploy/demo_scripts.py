"""The scripts of the demo page in node, for the tests."""

from __future__ import annotations

import json
import shutil
from importlib.resources import as_file, files
from pathlib import Path

from tests.explore.javascript import printed_by_node


def run_script(name: str, code: str, cases: list, tmp_path: Path) -> list:
    """Return what a JavaScript function gives for each case, from node.

    Args:
        name: the file within ``js`` whose exports are those of ``js`` in the code.
        code: the function, such as ``([a, b]) => js.add(a, b)``.
        cases: what it is given, one after the other; as JSON can hold.
        tmp_path: a folder to work in.
    """
    with as_file(files("catdog_lib.deploy.demo") / "js") as scripts:
        shutil.copytree(scripts, tmp_path, dirs_exist_ok=True)
    with as_file(files("catdog_lib.explore") / "js") as scripts:
        for shared in ("colour.js", "math.js"):
            shutil.copy(scripts / shared, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    (tmp_path / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    script = tmp_path / "script.js"
    script.write_text(
        f'import * as js from "./{name}";\n'
        'import { readFileSync } from "node:fs";\n'
        'const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url)));\n'
        f"console.log(JSON.stringify(cases.map({code})));",
        encoding="utf-8",
    )
    return printed_by_node(script)
