"""One slider for λ: what a penalty does to two weights, to any weight, and to a real layer.

Lesson 05, section 1.
"""

from __future__ import annotations

import torch
import traitlets
from torch import Tensor

from catdog_lib.errors import CatdogError
from catdog_lib.explore.base import Explorable, FloatTrait
from catdog_lib.explore.convert import shape_text, to_tensor
from catdog_lib.sparsity.quadratic import check_penalty, minimisers, shrink

MOST_WEIGHTS = 10_000  # they travel to the page as text


class LambdaSlider(Explorable):
    """Three views that one λ moves; the layer's largest weight counts as 1 in all of them.

    1. Two weights: contour lines of a loss, the penalty's diamond (L1) or circle (L2), and the path
       of the minimizer as λ grows. Click into the map, or use the arrow keys on it, to move the
       minimum of the loss.
    2. What becomes of a weight: soft-thresholding beside L2's w / (1 + λ).
    3. The layer's weights, each of them shrunk in this way, their histogram, and how many are
       exactly 0.

    The penalty is "L1", "L2" or "L1 subgradient", as in :mod:`catdog_lib.sparsity.quadratic`.

    What you set in the figure can be read here, and the other way round: ``lam``, ``penalty``,
    ``x`` and ``y`` of the minimum.
    """

    code = "lambda_slider"
    layer = traitlets.Dict(help="weights relative to the largest, shape, largest").tag(sync=True)
    penalty = traitlets.Unicode().tag(sync=True)
    lam = FloatTrait(0.2, 0, 10)
    x = FloatTrait(0.8, -1, 1)
    y = FloatTrait(0.6, -1, 1)

    def __init__(
        self,
        weights: Tensor,
        penalty: str = "L1",
        *,
        lam: float = 0.2,
        minimum: tuple[float, float] = (0.8, 0.6),
    ):
        """Show what a penalty does to the weights of a layer.

        Args:
            weights: of a layer, such as ``model[0].weight``: O×I×k×k of a convolution or O×I of a
                fully connected layer, at most 10,000. They are kept to six digits.
            penalty: "L1", "L2" or "L1 subgradient".
            lam: λ, from 0 to 10.
            minimum: where the loss of the two weights is lowest without a penalty; each from −1 to
                1.

        Raises:
            CatdogError: the weights are not such a tensor or all 0, or something else is out of its
                limits.
        """
        numbers = to_tensor(weights, "weights")
        if numbers.ndim not in (2, 4) or numbers.numel() > MOST_WEIGHTS:
            raise CatdogError(
                f"weights has the shape {shape_text(numbers)}; pass those of a "
                "convolution (O×I×k×k) or of a fully connected layer (O×I), at most "
                f"{MOST_WEIGHTS:,} of them, such as weight[:8]."
            )
        largest = numbers.abs().max().item()
        if largest == 0:
            raise CatdogError("weights are all 0; pass those of a layer that can still shrink.")
        relative = [float(f"{one:.6g}") for one in (numbers / largest).flatten().tolist()]
        layer = {"weights": relative, "shape": list(numbers.shape), "largest": largest}
        x, y = minimum
        super().__init__(layer=layer, penalty=penalty, lam=lam, x=x, y=y)

    @traitlets.validate("penalty")
    def _check_penalty(self, proposal) -> str:
        return check_penalty(proposal["value"])

    def settings(self) -> dict:
        """Return what is shown as arguments of :func:`catdog_lib.plots.lambda_slider`."""
        shown = {"penalty": self.penalty, "lam": self.lam, "minimum": (self.x, self.y)}
        return {"weights": self._relative() * self.layer["largest"]} | shown

    def shrunk(self) -> Tensor:
        """Return what is left of the layer's weights, float64, in their own shape and units."""
        return shrink(self._relative(), self.lam, self.penalty) * self.layer["largest"]

    def share_of_zeros(self) -> float:
        """Return how much of the layer is exactly 0, from 0 to 1."""
        return (self.shrunk() == 0).double().mean().item()

    def minimiser(self) -> tuple[float, float]:
        """Return where the two weights are at this λ."""
        x, y = minimisers((self.x, self.y), self.lam, self.penalty)[-1].tolist()
        return x, y

    def _relative(self) -> Tensor:
        weights = torch.tensor(self.layer["weights"], dtype=torch.float64)
        return weights.view(self.layer["shape"])
