"""One deck as a page: its slides in HTML, the speaker's notes, and the widgets' state."""

from __future__ import annotations

import html
import json
from importlib.resources import files
from string import Template

from nbconvert import HTMLExporter
from nbformat import NotebookNode, v4
from traitlets.config import Config

from catdog_lib.course.slides.choose import HIDDEN, Slide

_WIDGETS = "application/vnd.jupyter.widget-state+json"
# nbconvert's plainest HTML, without the jQuery that it wants for widgets, and their state only once
_CELLS = """{%- extends 'basic/index.html.j2' -%}
{%- block data_widget_view scoped -%}
{%- set view = 'application/vnd.jupyter.widget-view+json' -%}
<div class="output_subarea"><script type="{{ view }}">
{{ output.data[view] | json_dumps | escape_html_script }}
</script></div>
{%- endblock -%}
{%- block footer -%}{%- endblock -%}
"""


def deck_page(title: str, slides: list[Slide], widgets: dict) -> str:
    """Return the page of a deck.

    Args:
        title: of the lesson.
        slides: at least one.
        widgets: the notebook's ``metadata.widgets``, as it was after the run.
    """
    template = Template((files(__package__) / "deck.html").read_text(encoding="utf-8"))
    # "</script>" in a string of the state would end the element that holds it
    state = json.dumps(widgets.get(_WIDGETS, {})).replace("</", "<\\/").replace("<!", "<\\u0021")
    return template.substitute(
        title=html.escape(title),
        slides="\n".join(_section(slide, widgets) for slide in slides),
        state=f'<script type="{_WIDGETS}">{state}</script>',
    )


def _section(slide: Slide, widgets: dict) -> str:
    """Return the element of one slide: what is shown, and the notes, which the page hides."""
    shown, notes = (_html(cells, widgets) for cells in (slide.shown, slide.notes))
    aside = f'<aside class="notes">{notes}</aside>' if slide.notes else ""
    return f'<section id="{html.escape(slide.id)}">{shown}{aside}</section>'


def _html(cells: list[NotebookNode], widgets: dict) -> str:
    """Return cells in HTML: text, code, outputs; formulas as they are, for MathJax.

    A widget whose state is not there would be rendered as text.
    """
    config = Config()
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_input_tags = {HIDDEN}
    exporter = HTMLExporter(config=config, raw_template=_CELLS, exclude_anchor_links=True)
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    body, _ = exporter.from_notebook_node(
        v4.new_notebook(cells=cells, metadata={"widgets": widgets})
    )
    return body
