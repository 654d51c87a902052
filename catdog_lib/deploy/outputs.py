"""What an exported network returns: its logits and, if asked for, what its last layers computed."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import LayerCall, forward_hooks
from catdog_lib.inspect.layers import last_feature_maps, layers_in_order

LOGITS = "logits"
OPTIONAL_OUTPUTS = ("feature_maps", "features")


class NamedOutputs(nn.Module):
    """A network that returns a dict: its logits and, on request, the outputs of its last layers.

    Args:
        model: any network of the course; its weights are shared, not copied.
        images: N×3×H×W of the size that it will be given, to find the layers by running it.
        names: some of "feature_maps", the last feature maps (N×C×h×w), where Grad-CAM looks, and
            "features", which the last fully connected layer turns into logits (N×D). Where that
            layer follows an average over all places, the features are the means of the maps.

    Attributes:
        names: of the outputs, in their order; "logits" is the first.

    Shape: N×3×H×W  →  {"logits": N×2, …}.

    Raises:
        CatdogError: there is no such output, or the network has no such layer.
    """

    def __init__(self, model: nn.Module, images: Tensor, names: Iterable[str] = ()):
        super().__init__()
        self.model = model
        self.names = (LOGITS, *dict.fromkeys(name for name in names if name != LOGITS))
        if unknown := sorted(set(self.names[1:]) - set(OPTIONAL_OUTPUTS)):
            raise CatdogError(
                f"There is no output {unknown[0]!r}; besides the logits there are "
                f"{' and '.join(OPTIONAL_OUTPUTS)}."
            )
        self._calls = {name: _call_of(name, model, images) for name in self.names[1:]}

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}

        def keep(call: LayerCall) -> None:
            for name, wanted in self._calls.items():
                if call.name == wanted:
                    found[name] = call.output if name == "feature_maps" else call.inputs[0]

        with forward_hooks(self.model, keep, layers=self._calls.values()):
            logits = self.model(images)
        return {LOGITS: logits, **{name: found[name] for name in self.names[1:]}}


def _call_of(name: str, model: nn.Module, images: Tensor) -> str:
    """Return the name of the call that has this output; of "features", of the call they go into."""
    if name == "feature_maps":
        return last_feature_maps(model, images)
    linear = [call for call in layers_in_order(model, images) if isinstance(call.layer, nn.Linear)]
    if not linear:
        raise CatdogError(
            "This network ends without a fully connected layer, so it has no features to give; "
            "leave them out."
        )
    return linear[-1].name
