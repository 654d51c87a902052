"""The network as the page runs it: logits, features, and what each place adds to the log odds."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.deploy.outputs import NamedOutputs
from catdog_lib.inspect.hooks import evaluating


class DemoNetwork(nn.Module):
    """A network with its test-time augmentation, and a map of the evidence where one is exact.

    A network that ends with an average over the h·w places of its last maps A and one linear layer
    with weights W has the log odds ``s_1 − s_0 = b + Σ_ij Σ_k (W_1k − W_0k) · A_k(i, j) / (h·w)``.
    The map has the term of each place (i, j), without the constant b. That is the class activation
    map (B. Zhou and others 2016, arXiv 1512.04150) of the log odds.

    Args:
        model: any network of the course; its weights are shared.
        images: N×3×H×W of the size that it will be given, to find its layers by running it.
        flip, sizes: test-time augmentation, as in :func:`catdog_lib.training.evaluate.predict_tta`.

    Attributes:
        names: of the outputs: "logits", "features" and, if the map is exact, "heat".

    Shape: float in [0, 1], N×3×H×W  →  {"logits": N×2, "features": N×D, "heat": N×h×w}; the means
    over all views of an image.
    """

    def __init__(
        self, model: nn.Module, images: Tensor, *, flip: bool = False, sizes: Sequence[int] = ()
    ):
        super().__init__()
        self.network = NamedOutputs(model, images, ("feature_maps", "features"))
        self.flip = flip
        size = images.shape[-1]
        # Antialiased interpolation is linear: a matrix does it, which every runtime can multiply.
        self.resizes = [_interpolation(size, other) for other in sizes] or [None]
        self.direction = _exact_direction(self.network, images)
        self.names = ("logits", "features", *(["heat"] if self.direction is not None else []))

    @property
    def views(self) -> int:
        """How often the network looks at an image."""
        return len(self.resizes) * (1 + self.flip)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        views = []
        for resize in self.resizes:
            view = images if resize is None else resize @ images @ resize.T
            views.append(self._look(view, mirrored=False))
            if self.flip:
                views.append(self._look(view.flip(3), mirrored=True))
        if "heat" in self.names:  # of several sizes: all as fine as the first
            places = views[0]["heat"].shape[2:]
            for view in views[1:]:
                view["heat"] = F.interpolate(
                    view["heat"], places, mode="bilinear", align_corners=False
                )
        means = {name: torch.stack([view[name] for view in views]).mean(0) for name in self.names}
        return {name: mean[:, 0] if name == "heat" else mean for name, mean in means.items()}

    def _look(self, images: Tensor, mirrored: bool) -> dict[str, Tensor]:
        """Return the outputs for one view; its map, N×1×h×w, is turned back."""
        outputs = self.network(images)
        if self.direction is not None:
            maps = outputs["feature_maps"]
            weights = self.direction / (maps.shape[2] * maps.shape[3])
            heat = (maps * weights[:, None, None]).sum(1, keepdim=True)
            outputs["heat"] = heat.flip(3) if mirrored else heat
        return outputs


def _interpolation(size: int, other: int) -> Tensor:
    """Return the matrix, other×size, that resizes the rows of an image with antialiasing."""
    identity = torch.eye(size)[None, None]
    return F.interpolate(identity, (other, size), mode="bilinear", antialias=True)[0, 0]


@torch.no_grad()
def _exact_direction(network: NamedOutputs, images: Tensor) -> Tensor | None:
    """Return W_1 − W_0 of the last layer, or None unless the network ends as the map needs it."""
    with evaluating(network):
        outputs = network(images)
    last = [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1]
    maps, features = outputs["feature_maps"], outputs["features"]
    if maps.shape[1] != features.shape[1] or features.shape[1] != last.in_features:
        return None
    same = [
        torch.allclose(maps.mean((2, 3)), features, rtol=1e-4, atol=1e-5),
        torch.allclose(last(features), outputs["logits"], rtol=1e-4, atol=1e-5),
    ]
    return (last.weight[1] - last.weight[0]).detach().clone() if all(same) else None
