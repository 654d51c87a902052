"""Cells as HTML, without JupyterLab's frame around them: for slides and the book."""

from __future__ import annotations

from nbconvert import HTMLExporter
from nbformat import NotebookNode, v4
from traitlets.config import Config

from catdog_lib.course.outputs import HIDDEN

# nbconvert's plainest HTML, without the jQuery that it wants for widgets, and without their state
_TEMPLATE = """{%- extends 'basic/index.html.j2' -%}
{%- block data_widget_view scoped -%}
{%- set view = 'application/vnd.jupyter.widget-view+json' -%}
<div class="output_subarea output_widget_view"><script type="{{ view }}">
{{ output.data[view] | json_dumps | escape_html_script }}
</script></div>
{%- endblock -%}
{%- block footer -%}{%- endblock -%}
"""


def cells_html(cells: list[NotebookNode], executed: NotebookNode | None = None) -> str:
    """Return cells in HTML: text, code, outputs; formulas as they are, for MathJax.

    Args:
        cells: from top to bottom.
        executed: the lesson after its run; a widget whose state it does not hold is rendered as
            text.
    """
    config = Config()
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_input_tags = {HIDDEN}
    exporter = HTMLExporter(config=config, raw_template=_TEMPLATE, exclude_anchor_links=True)
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    held = (executed.metadata if executed else {}).get("widgets")
    metadata = {"widgets": held} if held else {}
    body, _ = exporter.from_notebook_node(v4.new_notebook(cells=cells, metadata=metadata))
    return body
