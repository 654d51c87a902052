"""A recipe in words: the settings that differ from the plainest training, each with its meaning."""

from __future__ import annotations

from dataclasses import fields

from catdog_lib.deploy.markdown import escape, table
from catdog_lib.training.recipe import Recipe

_ALWAYS = ("epochs", "batch_size", "optimizer", "lr", "keep", "seed")


def recipe_table(recipe: Recipe) -> str:
    """Return a Markdown table of the recipe: what every run has, and what differs from a default.

    The meaning is the help text of the field, so a new field needs no words here.
    """
    rows = []
    for field in fields(Recipe):
        value = getattr(recipe, field.name)
        if field.name in _ALWAYS or value != field.default:
            said = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
            rows.append([f"`{field.name}`", escape(said), escape(field.metadata["help"])])
    return table(["setting", "value", "meaning"], rows)
