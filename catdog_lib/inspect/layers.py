"""Which layers a network has, in the order in which they run; and where it last has maps."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import evaluating, use_name


class LayerRun(NamedTuple):
    """A module at work: the name of its use (:class:`Recorder`), itself, and what it put out for
    one picture.
    """

    name: str
    module: nn.Module
    output: object


def layers_in_order(model: nn.Module, pictures: Tensor | None = None) -> list[LayerRun]:
    """All modules in the order in which they finish: a layer comes before the block that it ends.

    The model runs once as for prediction, on the first of the ``pictures`` (N×3×H×W), or on a black
    one of the size that the model is made for, and is left as it was.
    """
    device = next(model.parameters()).device
    if pictures is None:
        pictures = torch.zeros(1, 3, *2 * [_size(model)])
    uses: Counter[str] = Counter()
    runs: list[LayerRun] = []

    def note(module: nn.Module, _, output: object) -> None:
        name = names[module]
        uses[name] += 1
        runs.append(LayerRun(use_name(name, uses[name]), module, output))

    names = {module: name for name, module in model.named_modules() if name}
    handles = [module.register_forward_hook(note) for module in names]
    try:
        with evaluating(model), torch.no_grad():
            model(pictures[:1].to(device))
    finally:
        for handle in handles:
            handle.remove()
    return runs


def convolutions(model: nn.Module, pictures: Tensor | None = None) -> dict[str, nn.Conv2d]:
    """The convolutions by name, in the order in which they run.

    One that is used several times stands there for each use, as "deep.0.0", "deep.0.0#2" and so on:
    under the names that :class:`Recorder` gives to its outputs.

    Args:
        pictures: N×3×H×W, of which the first is used; None takes the size that the model is made
            for.
    """
    runs = layers_in_order(model, pictures)
    return {run.name: run.module for run in runs if isinstance(run.module, nn.Conv2d)}


def last_maps(model: nn.Module, pictures: Tensor | None = None) -> str:
    """The layer whose maps are the last before places are lost: where :func:`grad_cam` looks.

    It is the last convolution's map with all that follows at the same size, such as BatchNorm, ReLU
    and the sum at the end of a residual block, whose last convolution alone would be only one of
    two branches.

    Raises:
        CatdogError: no convolution gives maps of more than one place.
    """
    runs = layers_in_order(model, pictures)
    mapped = [i for i, run in enumerate(runs) if isinstance(run.module, nn.Conv2d) and _places(run)]
    if not mapped:
        raise CatdogError(
            "This model has no convolution that gives maps of more than one place; pass larger "
            "pictures, or a model with convolutions."
        )
    size = _places(runs[mapped[-1]])
    last = max(i for i, run in enumerate(runs) if i >= mapped[-1] and _places(run) == size)
    # A container that ends with this very layer only passes on its output.
    while runs[last].output is runs[last - 1].output and _inside(runs[last - 1], runs[last]):
        last -= 1
    return runs[last].name


def _places(run: LayerRun) -> tuple[int, int] | None:
    """Height and width of the maps, if they are maps and have more than one place."""
    output = run.output
    if not isinstance(output, Tensor) or output.ndim != 4 or output.shape[2:].numel() == 1:
        return None
    return tuple(output.shape[2:])


def _inside(inner: LayerRun, outer: LayerRun) -> bool:
    return inner.module in set(outer.module.modules())


def _size(model: nn.Module) -> int:
    """Height and width of the pictures that the model is made for; 224 if it does not say."""
    if size := getattr(model, "settings", {}).get("size"):
        return size
    return next((m.input_size for m in model.modules() if hasattr(m, "input_size")), 224)
