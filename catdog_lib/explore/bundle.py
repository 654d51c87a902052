"""The JavaScript and the CSS of an explorable, each put together into one text.

``js`` has what explorables share, and a folder for each of them, where ``index.js`` exports
``render({ model, el })`` as anywidget expects it. ``css`` has one file for each, too.
"""

from __future__ import annotations

import posixpath
import re
from functools import cache
from importlib.resources import files

_IMPORT = re.compile(r'^import \{[^}]*\} from "(\.{1,2}/[\w/]+\.js)";\n', re.MULTILINE)
_SHARED_STYLES, _LAST_STYLE = ("base", "fields", "figures"), "touch"


def bundle(name: str) -> str:
    """Return a JavaScript file of the folder ``js`` and all that it imports, as one module.

    Each file stands once, after the files that it imports. All of them share one scope, so their
    top-level names have to differ.

    Args:
        name: the file within ``js``, such as "convolution_stepper/index.js".
    """
    parts: dict[str, str] = {}

    def add(file: str) -> None:
        text = (files("catdog_lib.explore") / "js" / file).read_text(encoding="utf-8")
        for path in _IMPORT.findall(text):
            imported = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
            if imported not in parts:
                add(imported)
        parts[file] = _IMPORT.sub("", text).strip("\n")

    add(name)
    return "\n\n".join(parts.values()) + "\n"


@cache
def stylesheet() -> str:
    """Return the CSS of all explorables, the same text for each of them.

    A page adds one copy for each explorable on it. Were the copies different, the shared rules of
    a later one would come after the special rules of an earlier one, and win.
    """
    folder = files("catdog_lib.explore") / "css"
    texts = {
        file.name.removesuffix(".css"): file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".css")
    }
    own = sorted(set(texts) - {*_SHARED_STYLES, _LAST_STYLE})
    names = [*_SHARED_STYLES, *own, _LAST_STYLE]
    return "\n".join(texts[name] for name in names)
