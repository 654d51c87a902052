"""A page of HTML that loads nothing and runs no script: one file, readable in light and dark."""

from __future__ import annotations

import html

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: {width}rem; margin: 2rem auto;
  padding: 0 1rem; overflow-wrap: anywhere;
  color: light-dark(#222, #ddd); background: light-dark(#fff, #181818); }}
{style}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""
# Nothing from elsewhere; images only if they are in the page itself.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def html_page(title: str, body: str, style: str, width: int = 52) -> str:
    """Return a whole page.

    Args:
        title: as text, which is escaped.
        body: as HTML, below the title.
        style: rules of CSS, besides those that every such page has.
        width: of the text at most, in rem.
    """
    return _PAGE.format(
        policy=_POLICY, title=html.escape(title), style=style, width=width, body=body
    )
