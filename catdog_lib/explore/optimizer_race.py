"""Let optimizers race each other over a loss surface.

Lesson 04, section 6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import traitlets
from torch import Tensor

from catdog_lib.explore.base import Explorable, FloatTrait, IntegerTrait
from catdog_lib.from_scratch.loss_surfaces import SURFACES
from catdog_lib.from_scratch.optimizer_race import check_optimizers, race, surface_named

STEPS = 300  # the length of a race
_SHOWN = ("SGD", "momentum", "RMSprop", "Adam")  # Nesterov and AdamW often lie under the others


class OptimizerRace(Explorable):
    """Several optimizers on one surface, from one start: their paths on a map, and their losses.

    Press Play, or drag the step. Click into the map, or use the arrow keys on it, to start
    somewhere else. The paths are those of :mod:`catdog_lib.from_scratch.optimizers`.

    What you set in the figure can be read here, and the other way round: ``surface``,
    ``optimizers`` (names), ``lr`` (of SGD, momentum and Nesterov), ``adaptive_lr`` (of RMSprop,
    Adam and AdamW), ``momentum``, ``beta1``, ``beta2`` (RMSprop's α too), ``weight_decay``, ``x``
    and ``y`` of the start, and ``step``.
    """

    code = "optimizer_race"
    surfaces = traitlets.Dict(help="what the page needs to know of each").tag(sync=True)
    surface = traitlets.Unicode().tag(sync=True)
    optimizers = traitlets.Any().tag(sync=True)
    lr = FloatTrait(0.1, 1e-5, 10)
    adaptive_lr = FloatTrait(0.1, 1e-5, 10)
    momentum = FloatTrait(0.9, 0, 0.999)
    beta1 = FloatTrait(0.9, 0, 0.999)
    beta2 = FloatTrait(0.99, 0, 0.9999)
    weight_decay = FloatTrait(0, 0, 1)
    x = FloatTrait(0, -10, 10)
    y = FloatTrait(0, -10, 10)
    step = IntegerTrait(60, 0, STEPS)

    def __init__(
        self,
        surface: str = "ravine",
        optimizers: Sequence[str] = _SHOWN,
        *,
        lr: float | None = None,
        adaptive_lr: float | None = None,
        momentum: float = 0.9,
        beta1: float = 0.9,
        beta2: float = 0.99,
        weight_decay: float = 0.0,
        start: tuple[float, float] | None = None,
        step: int = 60,
    ):
        """Race optimizers on a surface.

        Args:
            surface, optimizers, lr, adaptive_lr, momentum, beta1, beta2, weight_decay, start: as in
                :func:`catdog_lib.from_scratch.optimizer_race.race`.
            step: the one shown at first, 0 to 300.

        Raises:
            CatdogError: a name is unknown, or a number is out of its limits.
        """
        ground = surface_named(surface)
        x, y = start or ground.start
        super().__init__(
            surfaces={name: _surface_data(name) for name in SURFACES},
            surface=surface,
            optimizers=optimizers,
            lr=ground.lr if lr is None else lr,
            adaptive_lr=ground.adaptive_lr if adaptive_lr is None else adaptive_lr,
            momentum=momentum,
            beta1=beta1,
            beta2=beta2,
            weight_decay=weight_decay,
            x=x,
            y=y,
            step=step,
        )

    @traitlets.validate("surface")
    def _check_surface(self, proposal) -> str:
        return surface_named(proposal["value"]).name

    @traitlets.validate("optimizers")
    def _check_optimizers(self, proposal) -> list[str]:
        return check_optimizers(proposal["value"])

    def settings(self) -> dict:
        """Return what is shown as arguments of :func:`catdog_lib.plots.optimizer_race`."""
        names = ("surface", "optimizers", "lr", "adaptive_lr", "momentum", "beta1", "beta2")
        shown = {name: getattr(self, name) for name in (*names, "weight_decay", "step")}
        return shown | {"start": (self.x, self.y)}

    def paths(self) -> dict[str, Tensor]:
        """Return the paths up to the step shown, (step + 1)×2 each; shorter where one diverged."""
        settings = self.settings()
        return race(steps=settings.pop("step"), **settings)

    def losses(self) -> dict[str, float]:
        """Return each optimizer's loss at the step shown; infinite where it diverged."""
        value = SURFACES[self.surface].value
        return {
            name: float(value(*path[-1])) if len(path) > self.step else math.inf
            for name, path in self.paths().items()
        }


def _surface_data(name: str) -> dict:
    """Return what the page needs to know of a surface; its formula is in the JavaScript, too."""
    surface = SURFACES[name]
    return {
        "what": surface.what.split(" (")[0],
        "start": surface.start,
        "window": surface.window,
        "minima": surface.minima,
        "heights": surface.heights(),
        "lr": surface.lr,
        "adaptive_lr": surface.adaptive_lr,
    }
