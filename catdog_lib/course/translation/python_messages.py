"""Find the messages in Python code: what a checker may say, and a lesson's questions.

A message that is put together from parts gets a field for each of them, named after the variable:
``f"You gave {len(parts)} numbers."`` becomes ``You gave {parts} numbers.``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_QUESTIONS = {"Prediction": (0, 1), "Question": (0, 1, 3), "reveal": (1,)}  # what a page shows
_SPEAKING = ("translate", "say")


def phrases(code: str) -> list[str]:
    """Return every phrase in a file that is full of messages, as the checkers are, in order.

    A phrase has more than one word. Docstrings are none. A single word is found where it may fill
    the field of a message.
    """
    tree = ast.parse(code)
    docstrings = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and ast.get_docstring(node, clean=False) is not None
    }
    found = []
    for text in _strings(tree):
        if text in docstrings:
            continue
        message = message_of(text)
        if len(re.findall(r"[^\W\d_]{2,}", re.sub(r"\{\w+\}", "", message))) and " " in message:
            found.append(message)
    return list(dict.fromkeys([*found, *_words(tree), *spoken(code)]))


def spoken(code: str) -> list[str]:
    """Return the messages that a file hands to ``translate`` or ``say``, in order."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    said = [call for call in calls if call.args and _name_of(call.func) in _SPEAKING]
    return _readable(text for call in said for text in _alternatives(call.args[0]))


def questions(code: str) -> list[str]:
    """Return the words of the predictions and the quiz of a lesson's cell, in order."""
    found = []
    for call in (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)):
        shown = _QUESTIONS.get(_name_of(call.func), ())
        found += [text for i in shown if i < len(call.args) for text in _strings(call.args[i])]
    return _readable(sorted(found, key=lambda text: (text.lineno, text.col_offset)))


def message_of(text: ast.Constant | ast.JoinedStr) -> str:
    """Return a string as a message: its braces doubled, each part that is put in as a field."""
    if isinstance(text, ast.Constant):
        return _escaped(text.value).strip()
    message, names = "", {}
    for part in text.values:
        if isinstance(part, ast.Constant):
            message += _escaped(part.value)
            continue
        key = ast.dump(part)
        if key not in names:
            wanted = _name_of(part.value).strip("_") or "value"
            taken = sum(re.sub(r"_\d+$", "", name) == wanted for name in names.values())
            names[key] = f"{wanted}_{taken + 1}" if taken else wanted
        message += f"{{{names[key]}}}"
    return message.strip()


def _readable(texts: Iterator[ast.Constant | ast.JoinedStr]) -> list[str]:
    """Return the messages of strings that have a word in them, each once."""
    messages = dict.fromkeys(message_of(text) for text in texts)
    return [one for one in messages if re.search(r"[^\W\d_]{2,}", re.sub(r"\{\w+\}", "", one))]


def _strings(tree: ast.AST) -> Iterator[ast.Constant | ast.JoinedStr]:
    """Yield the strings of a tree in their order, each f-string as a whole."""
    if isinstance(tree, ast.JoinedStr) or (
        isinstance(tree, ast.Constant) and isinstance(tree.value, str)
    ):
        yield tree
        return
    for child in ast.iter_child_nodes(tree):
        yield from _strings(child)


def _alternatives(node: ast.AST) -> list[ast.Constant | ast.JoinedStr]:
    """Return the strings that an expression may be, as in ``"one" if x else "other"``."""
    if isinstance(node, ast.IfExp):
        return _alternatives(node.body) + _alternatives(node.orelse)
    is_string = isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), str)
    return [node] if is_string else []


def _words(tree: ast.Module) -> list[str]:
    """Return the single words that may fill a field: those that its variable gets in the function.

    In ``for name in ("means", "deviations")`` they are the two, if a message has a field ``name``.
    """
    found = []
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        parts = [part for part in ast.walk(function) if isinstance(part, ast.FormattedValue)]
        names = {part.value.id for part in parts if isinstance(part.value, ast.Name)}
        sources = [part.value for part in parts]
        for node in ast.walk(function):
            if isinstance(node, ast.For) and names & _names(node.target):
                sources.append(node.iter)
            elif isinstance(node, ast.Assign) and names & set().union(*map(_names, node.targets)):
                sources.append(node.value)
        found += [
            text.value
            for source in sources
            for text in _strings(source)
            if isinstance(text, ast.Constant) and re.fullmatch(r"[^\W\d_]{2,}", text.value)
        ]
    return found


def _names(target: ast.AST) -> set[str]:
    """Return the variables in the target of an assignment."""
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _name_of(node: ast.AST) -> str:
    """Return a name for a value: of its variable, its attribute, or what a function is given."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return _name_of(node.value)
    inner = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Call):
        of = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        inner = [*node.args, of]
    return next((name for part in inner if (name := _name_of(part))), "")


def _escaped(text: str) -> str:
    """Return a text with its braces doubled."""
    return text.replace("{", "{{").replace("}", "}}")
