"""Lesson 10 counts what the backward pass would read, and lets go of it."""

import gc
import weakref

import nbformat
import torch
from torch import nn

from catdog_lib.course.lesson_files import find_lessons


def test_counting_what_is_saved_keeps_no_graph():
    lesson = nbformat.read(find_lessons()[10].path, as_version=4)
    (source,) = (cell.source for cell in lesson.cells if cell.id == "10-memory-functions")
    names = {"torch": torch}
    exec(source, names)
    outputs = []
    relu = nn.ReLU()  # saves what it returns
    relu.register_forward_hook(lambda *seen: outputs.append(weakref.ref(seen[-1])))
    layer = nn.Linear(4, 4)
    assert names["saved_bytes"](nn.Sequential(layer, relu), torch.ones(3, 4)) == 2 * 3 * 4 * 4
    gc.collect()
    assert outputs[0]() is None
