"""What should have stayed as it was during training: frozen weights, and BatchNorm's statistics.

Both checks compare a network with a copy of its state dict from before the training:
``before = copy.deepcopy(model.state_dict())``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from catdog_lib.diagnose.finding import CERTAIN, Finding
from catdog_lib.errors import CatdogError

_SHOWN = 3  # names of layers in a sentence


def moved_statistics(
    model: nn.Module, before: Mapping[str, Tensor], frozen: Sequence[str] | None = None
) -> list[Finding]:
    """Find frozen BatchNorm layers whose running statistics have moved.

    ``requires_grad = False`` keeps the optimizer off their scale and shift. In training mode their
    running mean and variance move all the same, and with them all that the frozen network outputs.

    Args:
        model: after training, or a few steps of it.
        before: its state dict from before, a copy.
        frozen: names of the modules that should not change, such as ("backbone",); None takes every
            BatchNorm layer whose parameters do not require gradients.

    Raises:
        CatdogError: ``before`` belongs to another network, or the network has no such module.
    """
    require_same_names(model, before)
    _require_modules(model, frozen)
    moved, largest = [], 0.0
    for name, layer in model.named_modules():
        if not isinstance(layer, _BatchNorm) or layer.running_mean is None:
            continue
        learns = any(parameter.requires_grad for parameter in layer.parameters())
        if _is_inside(name, frozen) if frozen else layer.affine and not learns:
            shift = layer.running_mean - before[_join(name, "running_mean")].to(layer.running_mean)
            spread = before[_join(name, "running_var")].to(layer.running_var)
            spread_moved = not torch.equal(layer.running_var, spread)
            if shift.any() or spread_moved:
                moved.append(name)
                unit = spread.clamp(min=1e-12).sqrt()
                largest = max(largest, (shift.abs() / unit).max().item())
    if not moved:
        return []
    saw = (
        f"The running statistics of {len(moved)} frozen BatchNorm layer{'s' * (len(moved) > 1)} "
        f"have moved, a mean by up to {largest:.2g} standard deviations: {_listed(moved)}."
    )
    advice = (
        "Keep the frozen part in evaluation mode during training, too: call its eval() after each "
        "model.train(), or freeze it with catdog_lib.models.freeze."
    )
    return [
        Finding(
            "moved_statistics", saw, CERTAIN, advice, {"layers": len(moved), "largest": largest}
        )
    ]


def drifting_weights(
    model: nn.Module, before: Mapping[str, Tensor], frozen: Sequence[str] | None = None
) -> list[Finding]:
    """Find frozen weights that have changed.

    Args:
        model: after training, or a few steps of it.
        before: its state dict from before, a copy.
        frozen: names of the modules that should not change; so this also finds one that somebody
            forgot to freeze. None takes the parameters that do not require gradients.

    Raises:
        CatdogError: as for :func:`moved_statistics`.
    """
    require_same_names(model, before)
    _require_modules(model, frozen)
    drifted, largest, forgotten = [], 0.0, 0
    for name, parameter in _frozen_parameters(model, frozen):
        start = before[name].to(parameter)
        if not torch.equal(start, parameter):
            drifted.append(name)
            change = (parameter - start).norm() / start.norm().clamp(min=1e-12)
            largest = max(largest, change.item())
            forgotten += parameter.requires_grad
    if not drifted:
        return []
    saw = (
        f"{len(drifted)} frozen weight tensor{'s' * (len(drifted) > 1)} changed, by up to "
        f"{largest:.2%} of their length: {_listed(drifted)}."
    )
    advice = (
        f"{forgotten} of them still require gradients: set requires_grad to False before the "
        "optimizer is made, and give the optimizer the other parameters only."
        if forgotten
        else "They require no gradients, so something else writes to them: gradients that are left "
        "over from before the freezing, or weights that are loaded again."
    )
    numbers = {"weights": len(drifted), "largest": largest, "require_gradients": forgotten}
    return [Finding("drifting_weights", saw, CERTAIN, advice, numbers)]


def _frozen_parameters(
    model: nn.Module, frozen: Sequence[str] | None
) -> Iterator[tuple[str, nn.Parameter]]:
    for name, parameter in model.named_parameters():
        if _is_inside(name, frozen) if frozen else not parameter.requires_grad:
            yield name, parameter


def _is_inside(name: str, modules: Sequence[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def _require_modules(model: nn.Module, frozen: Sequence[str] | None) -> None:
    for name in frozen or ():
        if name not in dict(model.named_modules()):
            raise CatdogError(
                f"The network has no module {name!r}; model.named_modules() lists the names."
            )


def require_same_names(model: nn.Module, before: Mapping[str, Tensor]) -> None:
    """Raise an error unless ``before`` has all that the network's state dict has."""
    missing = [name for name in model.state_dict() if name not in before]
    if missing:
        raise CatdogError(
            f"before has no {missing[0]!r}; give a copy of this network's state dict from before "
            "the training."
        )


def _join(module: str, name: str) -> str:
    return f"{module}.{name}" if module else name


def _listed(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
