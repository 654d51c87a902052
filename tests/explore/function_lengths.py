"""How long the functions of a JavaScript text are, counted without a parser."""

from __future__ import annotations

import re
from typing import NamedTuple

_WORD = re.compile(r"[\w$]+")
_BEFORE_REGEX = set("(,=:[!&|?{};+-*%<>~^\n")
_KEYWORDS_BEFORE_REGEX = {"return", "typeof", "case", "in", "of", "delete", "void", "throw"}
_CONTROL = {"if", "for", "while", "switch", "catch", "with"}
_PAIRS = {")": "(", "]": "[", "}": "{"}


class Function(NamedTuple):
    """A function: its first line, counted from 1, and how many lines it has."""

    line: int
    length: int


def blank(text: str) -> str:
    """Return the text with strings, comments, regular expressions and templates made blank.

    Line breaks stay, and so does the code within ``${…}`` of a template.
    """
    out: list[str] = []
    depths: list[int] = []  # open braces of each ``${`` that is open
    i = 0

    def take(end: int) -> None:
        nonlocal i
        out.append(re.sub(r"[^\n]", " ", text[i:end]))
        i = end

    def template() -> None:
        """Go to the end of a template, or to its next ``${``."""
        end = i
        while end < len(text) and text[end] != "`" and not text.startswith("${", end):
            end += 2 if text[end] == "\\" else 1
        take(min(len(text), end + 1 if text[end : end + 1] == "`" else end + 2))
        if text[i - 1] == "{":
            depths.append(0)

    while i < len(text):
        char = text[i]
        if text.startswith("//", i):
            end = text.find("\n", i)
            take(len(text) if end < 0 else end)
        elif text.startswith("/*", i):
            take(text.index("*/", i) + 2)
        elif char in "\"'":
            take(re.compile(r"(?:\\.|[^\\\n])*?" + char, re.DOTALL).match(text, i + 1).end())
        elif char == "`":
            take(i + 1)
            template()
        elif char == "}" and depths and depths[-1] == 0:
            depths.pop()
            take(i + 1)
            template()
        elif char == "/" and _starts_regex("".join(out[-80:])):
            take(re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\[\n])+/\w*").match(text, i).end())
        else:
            if depths and char in "{}":
                depths[-1] += 1 if char == "{" else -1
            out.append(char)
            i += 1
    return "".join(out)


def _starts_regex(before: str) -> bool:
    """Return whether a slash after this code starts a regular expression."""
    code = before.rstrip(" ")
    word = re.search(r"[\w$]+$", code)
    return word.group() in _KEYWORDS_BEFORE_REGEX if word else not code or code[-1] in _BEFORE_REGEX


def functions(text: str) -> list[Function]:
    """Return every function, method and arrow function of a text, in the order of their ends."""
    code = blank(text)
    found = []
    opened: list[tuple[str, int, int | None]] = []  # bracket, its place, start of its function
    for i, char in enumerate(code):
        if char in "([{":
            opened.append((char, i, _function_start(code, i) if char == "{" else None))
        elif char in ")]}":
            bracket, _, start = opened.pop()
            assert bracket == _PAIRS[char], f"brackets do not match in line {_line(code, i)}"
            if start is not None:
                found.append(_measured(code, start, i))
        elif code.startswith("=>", i) and code[i + 2 :].lstrip()[:1] != "{":
            found.append(_measured(code, _line_start(code, i), _expression_end(code, i + 2)))
    assert not opened, "brackets are left open"
    return found


def _function_start(code: str, brace: int) -> int | None:
    """Return where the function begins whose body opens here; None if it is another block."""
    before = code[:brace].rstrip()
    if before.endswith("=>"):
        return _line_start(code, len(before))
    if not before.endswith(")"):
        return None
    depth, at = 0, len(before) - 1
    while True:
        depth += {")": 1, "(": -1}.get(code[at], 0)
        if not depth:
            break
        at -= 1
    words = _WORD.findall(code[:at].rsplit("\n", 1)[-1])
    if words and words[-1] in _CONTROL:
        return None
    return _line_start(code, at)


def _expression_end(code: str, start: int) -> int:
    """Return where the body of an arrow function without braces ends."""
    depth = 0
    for at in range(start, len(code)):
        if code[at] in "([{":
            depth += 1
        elif code[at] in ")]}":
            depth -= 1
        if depth < 0 or (depth == 0 and code[at] in ",;"):
            return at
    return len(code) - 1


def _line_start(code: str, at: int) -> int:
    return code.rfind("\n", 0, at) + 1


def _line(code: str, at: int) -> int:
    return code.count("\n", 0, at) + 1


def _measured(code: str, start: int, end: int) -> Function:
    first = _line(code, start)
    return Function(first, _line(code, end) - first + 1)
