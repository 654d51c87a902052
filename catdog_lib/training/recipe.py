"""A recipe: everything that decides how a network is trained, but for the network and the
pictures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from catdog_lib.data import augment as augmentations
from catdog_lib.errors import CatdogError
from catdog_lib.training.schedules import SCHEDULES

PRECISIONS = ("auto", "float32")
KEEP = ("best", "last")
PENALTIES = ("gradient", "proximal")


@dataclass(frozen=True)
class Recipe:
    """How to train. The defaults are the plainest choice; a figure beside a field names its source.

    Attributes:
        epochs: passes over the training pictures.
        batch_size: pictures in a step; if several processes train together, of all of them.
        optimizer: name of a class in ``torch.optim``, in any case, or "muon"
            (:mod:`catdog_lib.training.muon`).
        lr: learning rate; the highest one, if the schedule changes it.
        lr_decay: each stage below the head learns at this share of the rate of the stage above it;
            1 lets all learn alike. For networks that are cut into stages, such as "transfer" (arXiv
            1801.06146, section 3.2).
        momentum: of SGD, RMSprop or Muon; None keeps the optimizer's own.
        weight_decay: shrinks the weights of convolutions and fully connected layers; never
            BatchNorm or biases.
        schedule: constant, cosine or one_cycle (:mod:`catdog_lib.training.schedules`).
        label_smoothing: share of the certainty that is spread over all classes (arXiv 1512.00567,
            section 7).
        l1: weight λ of the penalty λ Σ|w| (:func:`catdog_lib.sparsity.l1_penalty`).
        group_l1: weight of the penalty on whole filters
            (:func:`catdog_lib.sparsity.group_l1_penalty`).
        penalty: how these are paid: as a part of the loss, by its "gradient", or by a "proximal"
            step after the optimizer's, which makes exact zeros
            (:mod:`catdog_lib.sparsity.proximal`).
        clip: scale the gradients down to this norm when theirs is larger; None never does (arXiv
            1211.5063).
        average: validate and keep a running average of the weights, of which each step leaves this
            share, such as 0.99; 0 keeps the weights themselves (arXiv 1710.10289 and 1803.05407).
        accumulate: add up the gradients of so many parts of each batch, to need less memory.
        augment: functions of :mod:`catdog_lib.data.augment`, by name, applied in this order.
        crop: side of the smallest part that flip_and_crop may leave, as a share of the picture's.
        sizes: train on pictures of these sizes, one after the other, each for as many epochs (arXiv
            2104.00298); of more sizes than epochs, on the last ones. () takes the pictures as they
            are. The first function of ``augment`` must be flip_and_crop.
        mirror: on validation and test, answer with the mean over a picture and its mirror image.
        test_sizes: there, answer with the mean over the picture at each of these sizes; () takes it
            as it is.
        whiten: set the first convolution to the patterns of the training pictures before the first
            step (:mod:`catdog_lib.training.whitening`).
        patience: stop after so many epochs without a better one on validation; None never stops
            early.
        keep: the weights of the "best" epoch on validation, or of the "last".
        precision: "auto", the fastest number format that costs no accuracy here, or "float32".
        compile: let ``torch.compile`` fuse operations: a long start, then faster steps.
        seed: of the order of the pictures and of their augmentation.
    """

    epochs: int = 5
    batch_size: int = 32
    optimizer: str = "Adam"
    lr: float = 1e-3
    lr_decay: float = 1.0
    momentum: float | None = None
    weight_decay: float = 0.0
    schedule: str = "constant"
    label_smoothing: float = 0.0
    l1: float = 0.0
    group_l1: float = 0.0
    penalty: str = "gradient"
    clip: float | None = None
    average: float = 0.0
    accumulate: int = 1
    augment: tuple[str, ...] = ()
    crop: float = 0.6
    sizes: tuple[int, ...] = ()
    mirror: bool = False
    test_sizes: tuple[int, ...] = ()
    whiten: bool = False
    patience: int | None = None
    keep: str = "best"
    precision: str = "auto"
    compile: bool = False
    seed: int = 0

    def __post_init__(self):
        for name, example in (
            ("augment", ("flip_and_crop",)), ("sizes", (48, 64)), ("test_sizes", (64, 80)),
        ):  # fmt: skip
            value = getattr(self, name)
            if not isinstance(value, tuple | list):
                raise CatdogError(f"{name} is {value!r}; give a tuple, such as {example}.")
            object.__setattr__(self, name, tuple(value))  # JSON knows no tuples
        for name in ("epochs", "batch_size", "accumulate"):
            value = getattr(self, name)
            holds = isinstance(value, int) and value > 0
            self._require(name, holds, "must be a whole number above 0")
        self._require("lr", 0 < self.lr < math.inf, "must be above 0, and finite")
        for name in ("weight_decay", "l1", "group_l1"):
            self._require(name, getattr(self, name) >= 0, "must be 0 or more")
        for name in ("label_smoothing", "average"):
            self._require(name, 0 <= getattr(self, name) < 1, "must be 0 or more, and below 1")
        self._require(
            "momentum",
            self.momentum is None or 0 <= self.momentum < 1,
            "must be 0 or more, and below 1",
        )
        self._require("lr_decay", 0 < self.lr_decay <= 1, "must be above 0, and 1 at most")
        self._require("crop", 0 < self.crop <= 1, "must be above 0, and 1 at most")
        self._require("clip", self.clip is None or self.clip > 0, "must be above 0")
        self._require("patience", self.patience is None or self.patience > 0, "must be above 0")
        for name, known in (
            ("schedule", SCHEDULES), ("precision", PRECISIONS), ("keep", KEEP), ("penalty", PENALTIES),
        ):  # fmt: skip
            self._require(name, getattr(self, name) in known, f"must be one of {', '.join(known)}")
        if self.penalty == "proximal" and self.average:
            raise CatdogError(
                f"average is {self.average!r}, and an average of weights has no exact zeros; set "
                "it to 0, or use penalty='gradient'."
            )
        for name in self.augment:
            if name not in augmentations.__all__:
                raise CatdogError(
                    f"augment names {name!r}; use some of {', '.join(augmentations.__all__)}."
                )
        if self.sizes and self.augment[:1] != ("flip_and_crop",):
            raise CatdogError(
                "sizes needs flip_and_crop, which changes the size, as the first function of "
                "augment."
            )
        for name in ("sizes", "test_sizes"):
            whole = all(isinstance(size, int) and size >= 8 for size in getattr(self, name))
            self._require(name, whole, "must be whole numbers, 8 or more each")

    def _require(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            raise CatdogError(f"{name} is {getattr(self, name)!r}; it {rule}.")

    def size_in(self, epoch: int) -> int | None:
        """Height and width of the training pictures in this epoch, counted from 1; None: as they
        are.
        """
        if not self.sizes:
            return None
        sizes = self.sizes[-self.epochs :]
        return sizes[(epoch - 1) * len(sizes) // self.epochs]
