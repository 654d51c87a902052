"""Cells as HTML that needs no server, and what such a page loads: for slides and the book."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from nbconvert import HTMLExporter
from nbformat import NotebookNode, v4
from traitlets.config import Config

from catdog_lib.course.outputs import HIDDEN
from catdog_lib.course.site import checkout, copy_anywidget, web_assets

STATE = "application/vnd.jupyter.widget-state+json"  # in a notebook's ``metadata.widgets``
# nbconvert's plainest HTML, without the jQuery that it wants for widgets, and their state only once
_TEMPLATE = """{%- extends 'basic/index.html.j2' -%}
{%- block data_widget_view scoped -%}
{%- set view = 'application/vnd.jupyter.widget-view+json' -%}
<div class="output_subarea output_widget_view"><script type="{{ view }}">
{{ output.data[view] | json_dumps | escape_html_script }}
</script></div>
{%- endblock -%}
{%- block footer -%}{%- endblock -%}
"""


def cells_html(cells: list[NotebookNode], widgets: dict) -> str:
    """Return cells in HTML: text, code, outputs; formulas as they are, for MathJax.

    Args:
        cells: from top to bottom.
        widgets: ``metadata.widgets`` of the executed notebook; a widget whose state is not there
            is rendered as text.
    """
    config = Config()
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_input_tags = {HIDDEN}
    exporter = HTMLExporter(config=config, raw_template=_TEMPLATE, exclude_anchor_links=True)
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    body, _ = exporter.from_notebook_node(
        v4.new_notebook(cells=cells, metadata={"widgets": widgets})
    )
    return body


def state_html(widgets: dict) -> str:
    """Return the element that hands the widgets' state to the widget manager."""
    # "</script>" in a string of the state would end the element that holds it
    state = json.dumps(widgets.get(STATE, {})).replace("</", "<\\/").replace("<!", "<\\u0021")
    return f'<script type="{STATE}">{state}</script>'


def copy_scripts(folder: Path) -> None:
    """Copy into ``folder``, which is made, MathJax and the widget manager with its parts.

    Raises:
        CatdogError: they are not installed, or cannot be fetched.
    """
    shutil.copytree(web_assets(), folder, dirs_exist_ok=True)
    shutil.copy(checkout() / "docs" / "_static" / "widgets.js", folder)
    copy_anywidget(folder / "widgets")
