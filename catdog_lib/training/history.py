"""What happened in training: a plain record for each epoch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from functools import reduce
from typing import TYPE_CHECKING

from catdog_lib.errors import CatdogError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images, and the validation that followed it.

    ``train_loss`` and ``train_accuracy`` are those of the batches as they were trained on, so the
    weights moved and the images were augmented meanwhile. ``seconds`` is the time of the training
    pass alone.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    seconds: float

    def better_than(self, other: Epoch) -> bool:
        """Return whether the validation accuracy is higher, or equal with a lower loss."""
        return (self.validation_accuracy, -self.validation_loss) > (
            other.validation_accuracy,
            -other.validation_loss,
        )


@dataclass
class History:
    """The epochs of one training run, in order.

    Attributes:
        epochs: one record each.
        train_images: images in the training set.
        device, dtype: where the convolutions were computed, and in which number format.
        interrupted: somebody stopped the run.
    """

    epochs: list[Epoch] = field(default_factory=list)
    train_images: int = 0
    device: str = ""
    dtype: str = ""
    interrupted: bool = False

    @property
    def best(self) -> Epoch:
        """The epoch that no other is :meth:`Epoch.better_than`; the first of equals.

        Raises:
            CatdogError: there is none yet.
        """
        if not self.epochs:
            raise CatdogError("No epoch has been completed yet, so there is no best one.")
        return reduce(
            lambda best, record: record if record.better_than(best) else best, self.epochs
        )

    def kept(self, keep: str) -> Epoch:
        """Return the epoch whose weights a recipe with this ``keep`` keeps: "best" or "last"."""
        return self.epochs[-1] if keep == "last" else self.best

    @property
    def epochs_since_best(self) -> int:
        """How many epochs ago the best one was; 0 before the first."""
        return self.epochs[-1].epoch - self.best.epoch if self.epochs else 0

    @property
    def seconds(self) -> float:
        """Time spent training, without validation."""
        return sum(record.seconds for record in self.epochs)

    @property
    def images_per_second(self) -> float:
        """Images trained on, per second of training."""
        return len(self.epochs) * self.train_images / self.seconds if self.epochs else 0.0

    def to_json(self) -> str:
        """Return the whole history as JSON; :meth:`from_json` reads it back equal."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> History:
        """Read a history that :meth:`to_json` wrote."""
        facts = json.loads(text)
        return cls(**{**facts, "epochs": [Epoch(**record) for record in facts["epochs"]]})

    def to_pandas(self) -> pd.DataFrame:
        """Return the epochs as a table, a row each."""
        import pandas as pd

        return pd.DataFrame(
            [asdict(record) for record in self.epochs], columns=[f.name for f in fields(Epoch)]
        )
