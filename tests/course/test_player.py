"""What a page is given to play its explorables by itself; the browser tests see it play."""

from __future__ import annotations

import json
import re

from nbformat.v4 import new_code_cell, new_notebook, new_output

from catdog_lib.course.executed import VIEW
from catdog_lib.course.player import embed, held_by, merge


def model(kind: str = "AnyModel", buffers: tuple = (), **state) -> dict:
    kept = {
        "_esm": "export default {}",
        "_css": "a {}",
        "_model_name": kind,
        "layout": "IPY_MODEL_x",
    }
    return {"model_name": kind, "state": kept | state, "buffers": list(buffers)}


def executed(models: dict[str, dict], shown: list[str]):
    """A notebook as it is after its run: each shown model is the output of a cell."""
    cells = [
        new_code_cell("x", outputs=[new_output("display_data", {VIEW: {"model_id": name}})])
        for name in shown
    ]
    notebook = new_notebook(cells=cells)
    notebook.metadata["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {"state": models, "version_major": 2}
    }
    return notebook


def held(notebook) -> dict:
    """What the last cell holds for the page."""
    start, text, end = re.split(r"(?<=\">)|(?=</script>)", notebook.cells[-1].source)
    assert (start, end) == ('<script type="application/json" id="explorables">', "</script>")
    return json.loads(text)


def test_each_model_is_held_once_and_each_script_once():
    models = {"a": model(n=1), "b": model(n=2, _esm="other"), "c": model(n=3), "unseen": model(n=4)}
    notebook = executed(models, ["a", "b", "c", "a"])
    embed(notebook)
    page = held(notebook)
    assert page["scripts"] == ["export default {}", "other"] and page["styles"] == ["a {}"]
    assert page["models"] == {
        "a": {"script": 0, "state": {"n": 1}},
        "b": {"script": 1, "state": {"n": 2}},
        "c": {"script": 0, "state": {"n": 3}},
    }
    places = [cell.outputs[0].data["text/html"] for cell in notebook.cells[:-1]]
    assert re.findall('data-explorable="(.)"', "".join(places)) == ["a", "b", "c", "a"]
    assert "widgets" not in notebook.metadata  # so MyST-NB adds no widget manager


def test_no_text_in_a_state_can_end_the_element_that_holds_it():
    notebook = executed({"a": model(said="</script><script>alert(1)</script><!--")}, ["a"])
    embed(notebook)
    assert notebook.cells[-1].source.count("<") == 2
    assert held(notebook)["models"]["a"]["state"]["said"].startswith("</script>")


def test_a_page_with_another_widget_keeps_the_manager():
    for other in (model("IntSliderModel"), model(buffers=({"path": ["x"]},))):
        notebook = executed({"a": model(), "b": other}, ["a", "b"])
        before = json.dumps(notebook)
        embed(notebook)
        assert json.dumps(notebook) == before


def test_a_page_without_widgets_is_left_alone():
    notebook = new_notebook(cells=[new_code_cell("1")])
    embed(notebook)
    assert len(notebook.cells) == 1


def test_the_explorables_of_several_lessons_share_their_scripts():
    first, second = executed({"a": model(n=1)}, ["a"]), executed({"b": model(n=2)}, ["b"])
    third = executed({"c": model(n=3, _esm="other", _css="b {}")}, ["c"])
    for notebook in (first, second, third):
        embed(notebook)
    page = merge([held_by(second), held_by(third), held_by(first)])
    assert page["scripts"] == ["export default {}", "other"]
    assert page["styles"] == ["a {}", "b {}"]
    scripts = {name: (one["script"], one["state"]["n"]) for name, one in page["models"].items()}
    assert scripts == {"b": (0, 2), "c": (1, 3), "a": (0, 1)}
    assert held_by(new_notebook(cells=[new_code_cell("x")])) is None
