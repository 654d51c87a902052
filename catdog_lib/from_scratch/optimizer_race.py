"""A race: several optimizers on one surface, from the same start, step by step.

Lesson 04, section 6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch import optimizers as by_hand
from catdog_lib.from_scratch.loss_surfaces import SURFACES, Surface, descend

RACERS: dict[str, Callable[..., by_hand.Rule]] = {
    "SGD": lambda lr, decay, **_: by_hand.SGD(lr, decay),
    "momentum": lambda lr, decay, momentum, **_: by_hand.Momentum(lr, momentum, decay),
    "Nesterov": lambda lr, decay, momentum, **_: by_hand.Nesterov(lr, momentum, decay),
    "RMSprop": lambda adaptive_lr, decay, beta2, **_: by_hand.RMSprop(
        adaptive_lr, beta2, weight_decay=decay
    ),
    "Adam": lambda adaptive_lr, decay, beta1, beta2, **_: by_hand.Adam(
        adaptive_lr, (beta1, beta2), weight_decay=decay
    ),
    "AdamW": lambda adaptive_lr, decay, beta1, beta2, **_: by_hand.AdamW(
        adaptive_lr, (beta1, beta2), weight_decay=decay
    ),
}


def race(
    surface: str,
    optimizers: Sequence[str] = tuple(RACERS),
    *,
    lr: float | None = None,
    adaptive_lr: float | None = None,
    momentum: float = 0.9,
    beta1: float = 0.9,
    beta2: float = 0.99,
    weight_decay: float = 0.0,
    start: tuple[float, float] | None = None,
    steps: int = 100,
) -> dict[str, Tensor]:
    """Return the path of each optimizer, as :func:`.loss_surfaces.descend` does for one.

    Args:
        surface: a name in :data:`catdog_lib.from_scratch.loss_surfaces.SURFACES`.
        optimizers: names in :data:`RACERS`.
        lr: learning rate of SGD, momentum and Nesterov: a factor on the gradient. None takes the
            surface's.
        adaptive_lr: that of RMSprop, Adam and AdamW: about the length of a step. None takes the
            surface's.
        momentum: of momentum and Nesterov.
        beta1, beta2: of Adam and AdamW; ``beta2`` is RMSprop's ``alpha`` too. The default of
            ``beta2``, 0.99, is below Adam's own 0.999, which remembers for longer than a race
            lasts.
        weight_decay: of all.
        start: None takes the surface's.
        steps: how many.

    Raises:
        CatdogError: a name is unknown.
    """
    found = surface_named(surface)
    settings = {
        "lr": found.lr if lr is None else lr,
        "adaptive_lr": found.adaptive_lr if adaptive_lr is None else adaptive_lr,
        "momentum": momentum,
        "beta1": beta1,
        "beta2": beta2,
        "decay": weight_decay,
    }
    return {
        name: descend(found, RACERS[name](**settings), steps, start)
        for name in check_optimizers(optimizers)
    }


def surface_named(name: str) -> Surface:
    """Return the surface of this name.

    Raises:
        CatdogError: there is none.
    """
    if name not in SURFACES:
        raise CatdogError(f"surface is {name!r}; use one of {', '.join(SURFACES)}.")
    return SURFACES[name]


def check_optimizers(names: Sequence[str]) -> list[str]:
    """Return these names in the order of :data:`RACERS`.

    Raises:
        CatdogError: one is unknown.
    """
    for name in names:
        if name not in RACERS:
            raise CatdogError(f"optimizers names {name!r}; use some of {', '.join(RACERS)}.")
    return [name for name in RACERS if name in names]
