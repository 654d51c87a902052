"""Transfer learning: a backbone with a new head.

Lesson 06, section 3; Lesson 06, section 4; Lesson 06, section 6.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.models.backbones.backbone import backbone as make_backbone
from catdog_lib.models.backbones.families import OFFLINE
from catdog_lib.models.freezing import freeze, unfreeze


class TransferClassifier(nn.Module):
    """A backbone with a head for cat or dog in place of its last layer.

    Args:
        backbone: a name that :func:`catdog_lib.models.backbone` takes.
        head: units of the head's hidden layers, each followed by ReLU: () is one new layer,
            (270, 90) the head that a public project put on ResNet-50 (2048 → 270 → 90 → 2).
        pretrained: start the backbone from its ImageNet weights; False from random ones.
        frozen: how many of the backbone's stages are frozen (:meth:`freeze_up_to`); None freezes
            all of them, and a number below 0 leaves that many of the last ones trainable.
        size: height and width of the images that it is meant for; None takes the backbone's own.
            Others work too.

    Shape: N×3×H×W, uint8 or float in [0, 1]  →  logits, N×2.

    Raises:
        CatdogError: there is no such backbone, its weights are unavailable, or head or frozen is
            out of range.
    """

    def __init__(
        self,
        backbone: str = OFFLINE,
        head: Sequence[int] = (),
        pretrained: bool = True,
        frozen: int | None = None,
        size: int | None = None,
    ):
        super().__init__()
        self.backbone = make_backbone(backbone, pretrained)
        self.backbone.head = None
        self.head = make_head(self.backbone.feature_size, head)
        size = size or self.backbone.input_size
        count = len(self.backbone.stages)
        frozen = count if frozen is None else frozen
        if frozen < -count:
            raise CatdogError(f"{backbone} has {count} stages; {-frozen} of them cannot learn.")
        frozen += count if frozen < 0 else 0
        self.settings = {
            "backbone": backbone,
            "head": list(head),
            "pretrained": pretrained,
            "frozen": frozen,
            "size": size,
        }
        self.freeze_up_to(frozen)
        self.train()

    @property
    def stages(self) -> list[tuple[str, nn.Module]]:
        """Name and layers of each stage of the backbone, and of the head."""
        return [*self.backbone.stages, ("head", self.head)]

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.backbone(images))

    def freeze_up_to(self, stage: int) -> None:
        """Freeze the first ``stage`` stages of the backbone, and unfreeze the others and the head.

        With 0 everything is trainable, with ``len(backbone.stages)`` the head alone. The first
        stages find edges and colours, which every image has; the last ones find what ImageNet's
        classes have (Yosinski and others 2014, "How transferable are features in deep neural
        networks?", arXiv 1411.1792).

        Raises:
            CatdogError: the backbone has fewer stages.
        """
        count = len(self.backbone.stages)
        if not 0 <= stage <= count:
            names = ", ".join(name for name, _ in self.backbone.stages)
            raise CatdogError(
                f"{self.backbone.name} cannot freeze {stage} stages: it has {count} ({names}); use "
                f"0 to {count}."
            )
        for number, (_, layers) in enumerate(self.stages):
            freeze(layers) if number < stage else unfreeze(layers)


def make_head(features: int, hidden: Sequence[int] = ()) -> nn.Module:
    """Return a layer from features to two logits, after hidden layers with ReLU, if any.

    Raises:
        CatdogError: a hidden layer has no unit.
    """
    if any(not isinstance(units, int) or units < 1 for units in hidden):
        raise CatdogError(
            f"head is {tuple(hidden)}; give the units of each hidden layer, such as (270, 90), or "
            "() for none."
        )
    layers: list[nn.Module] = []
    for units in hidden:
        layers += [nn.Linear(features, units), nn.ReLU()]
        features = units
    last = nn.Linear(features, 2)
    return nn.Sequential(*layers, last) if layers else last
