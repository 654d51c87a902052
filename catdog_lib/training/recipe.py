"""A recipe: everything that decides how a network is trained, except the network and the images.

Importing this file loads no PyTorch, so that the command line can list its options at once.

Lesson 03, section 5.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field
from numbers import Real
from operator import index
from typing import Any

from catdog_lib.errors import CatdogError
from catdog_lib.training.schedules import SCHEDULES

PRECISIONS = ("auto", "float32")
KEEP = ("best", "last")
PENALTIES = ("gradient", "proximal", "gradient_all")
# The functions of catdog_lib.data.augment; named here, since importing them loads PyTorch.
AUGMENTATIONS = (
    "colour_jitter",
    "flip_and_crop",
    "random_erasing",
    "random_flip",
    "random_resized_crop",
    "random_rotation",
    "random_translation",
    "trivial_augment",
)


def _setting(default: Any, help: str, choices: tuple[str, ...] | None = None) -> Any:
    """Return a field with a default, a line of help for the command line, and its only values."""
    return field(
        default=default, metadata={"help": help, **({"choices": choices} if choices else {})}
    )


@dataclass(frozen=True)
class Recipe:
    """How to train. The defaults are the plainest choice; a number beside a field names its source.

    Each field's ``metadata`` holds its "help", one line, and where its values are limited its
    "choices", all of them; ``catdog train`` makes its options from these.

    Attributes:
        epochs: passes over the training images.
        batch_size: images in a step; if several processes train together, of all of them.
        optimizer: name of a class in ``torch.optim``, in any case, or "muon"
            (:mod:`catdog_lib.training.muon`).
        lr: learning rate; the highest one, if the schedule changes it.
        lr_decay: each stage below the head learns at this fraction of the rate of the stage above
            it; 1 gives all the same rate. For networks that are cut into stages, such as "transfer"
            (arXiv 1801.06146, section 3.2).
        momentum: of SGD, RMSprop or Muon; None keeps the optimizer's own.
        weight_decay: shrinks the weights of convolutions and fully connected layers; never
            BatchNorm or biases.
        schedule: constant, cosine or one_cycle (:mod:`catdog_lib.training.schedules`).
        label_smoothing: fraction of the certainty that is spread over all classes (arXiv
            1512.00567, section 7).
        l1: weight λ of the penalty λ Σ|w| (:func:`catdog_lib.sparsity.l1_penalty`).
        group_l1: weight of the penalty on whole filters
            (:func:`catdog_lib.sparsity.group_l1_penalty`).
        penalty: how these are applied: as a part of the loss, by its "gradient", or by a "proximal"
            step after the optimizer's, which makes exact zeros
            (:mod:`catdog_lib.sparsity.proximal`). "gradient_all" makes every parameter pay for l1,
            biases and BatchNorm's too: a common mistake, here to be tried (lesson 05).
        max_grad_norm: scale the gradients down to this norm when theirs is larger; None never does
            (arXiv 1211.5063).
        ema_decay: validate and keep an exponential moving average of the weights, of which each
            step leaves this fraction, such as 0.99; 0 keeps the weights themselves (arXiv
            1710.10289 and 1803.05407).
        accumulation_steps: cut each batch into this many micro-batches and add up their gradients,
            to need less memory.
        augment: functions of :mod:`catdog_lib.data.augment`, by name, applied in this order.
        min_crop: side of the smallest crop that flip_and_crop may take, as a fraction of the
            image's.
        train_sizes: train on images of these sizes, one after the other, each for as many epochs
            (arXiv 2104.00298); if there are more sizes than epochs, on the last ones. () takes the
            images as they are. The first function of ``augment`` must be flip_and_crop.
        test_flip: on validation and test, average the logits of an image and its mirror image.
        test_sizes: there, average the logits of the image at each of these sizes; () takes it as it
            is.
        whiten: set the first convolution to the patterns of the training images before the first
            step (:mod:`catdog_lib.training.whitening`).
        patience: stop after this many epochs without a better one on validation; None never stops
            early.
        keep: the weights of the "best" epoch on validation, or of the "last".
        precision: "auto", the fastest number format that costs no accuracy here, or "float32".
        compile: let ``torch.compile`` fuse operations: a long start, then faster steps.
        seed: of the order of the images and of their augmentation.
    """

    epochs: int = _setting(5, "passes over the training images")
    batch_size: int = _setting(32, "images in a step")
    optimizer: str = _setting("Adam", 'a name from torch.optim, or "muon"')
    lr: float = _setting(1e-3, "learning rate; the highest one, if the schedule changes it")
    lr_decay: float = _setting(1.0, "learning rate of each stage, relative to the stage above it")
    momentum: float | None = _setting(None, "of SGD, RMSprop or Muon")
    weight_decay: float = _setting(0.0, "shrinks the weights, never BatchNorm or biases")
    schedule: str = _setting("constant", "how the learning rate changes", tuple(SCHEDULES))
    label_smoothing: float = _setting(0.0, "fraction of the certainty spread over all classes")
    l1: float = _setting(0.0, "weight of the L1 penalty")
    group_l1: float = _setting(0.0, "weight of the penalty on whole filters")
    penalty: str = _setting("gradient", "how the penalties are applied", PENALTIES)
    max_grad_norm: float | None = _setting(None, "scale longer gradients down to this norm")
    ema_decay: float = _setting(0.0, "decay of a moving average of the weights; 0 for none")
    accumulation_steps: int = _setting(1, "micro-batches that each batch is cut into")
    augment: tuple[str, ...] = _setting((), "functions that change the training images, in order")
    min_crop: float = _setting(0.6, "smallest crop's side, as a fraction of the image's")
    train_sizes: tuple[int, ...] = _setting((), "sizes to train on, one after the other, in pixels")
    test_flip: bool = _setting(False, "average the logits of an image and its mirror image")
    test_sizes: tuple[int, ...] = _setting((), "average the logits over these sizes, in pixels")
    whiten: bool = _setting(False, "start the first convolution from the images' patterns")
    patience: int | None = _setting(None, "stop after this many epochs without a better one")
    keep: str = _setting("best", "the weights of the best epoch, or of the last", KEEP)
    precision: str = _setting("auto", "number format of the convolutions", PRECISIONS)
    compile: bool = _setting(False, "use torch.compile: a long start, then faster steps")
    seed: int = _setting(0, "of the order of the images and their augmentation")

    def __post_init__(self):
        for name, example in {
            "augment": ("flip_and_crop",),
            "train_sizes": (48, 64),
            "test_sizes": (64, 80),
        }.items():
            value = getattr(self, name)
            if not isinstance(value, tuple | list):
                raise CatdogError(f"{name} is {value!r}; give a tuple, such as {example}.")
            object.__setattr__(self, name, tuple(value))  # JSON knows no tuples
        for name in ("epochs", "batch_size", "accumulation_steps", "seed"):
            with suppress(TypeError):  # NumPy's integers, too; JSON knows Python's alone
                object.__setattr__(self, name, index(getattr(self, name)))
        for name, setting in self.__dataclass_fields__.items():
            value, default = getattr(self, name), setting.default
            if isinstance(default, float) or (default is None and value is not None):
                self._require(name, isinstance(value, Real), "must be a number")
            if choices := setting.metadata.get("choices"):
                self._require(name, value in choices, f"must be one of {', '.join(choices)}")
        self._require("optimizer", isinstance(self.optimizer, str), "must be a name, as 'Adam' is")
        for name in ("epochs", "batch_size", "accumulation_steps"):
            value = getattr(self, name)
            holds = isinstance(value, int) and value > 0
            self._require(name, holds, "must be an integer above 0")
        holds = isinstance(self.seed, int) and 0 <= self.seed < 2**63
        self._require("seed", holds, "must be an integer, 0 or more, below 2⁶³")
        self._require("lr", 0 < self.lr < math.inf, "must be above 0, and finite")
        for name in ("weight_decay", "l1", "group_l1"):
            self._require(name, getattr(self, name) >= 0, "must be 0 or more")
        for name in ("label_smoothing", "ema_decay"):
            self._require(name, 0 <= getattr(self, name) < 1, "must be 0 or more, and below 1")
        momentum = self.momentum
        holds = momentum is None or 0 <= momentum < 1
        self._require("momentum", holds, "must be 0 or more, and below 1")
        for name in ("lr_decay", "min_crop"):
            self._require(name, 0 < getattr(self, name) <= 1, "must be above 0, and 1 at most")
        for name in ("max_grad_norm", "patience"):
            value = getattr(self, name)
            self._require(name, value is None or value > 0, "must be above 0")
        if self.penalty == "proximal" and self.ema_decay:
            raise CatdogError(
                f"ema_decay is {self.ema_decay!r}, and an average of weights has no exact zeros; "
                "set it to 0, or use penalty='gradient'."
            )
        self._require_augmentations()
        if self.train_sizes and self.augment[:1] != ("flip_and_crop",):
            raise CatdogError(
                "train_sizes needs flip_and_crop, which changes the size, as the first function of "
                "augment."
            )
        for name in ("train_sizes", "test_sizes"):
            holds = all(isinstance(size, int) and size >= 8 for size in getattr(self, name))
            self._require(name, holds, "must be integers, 8 or more each")

    def _require(self, name: str, holds: bool, rule: str) -> None:
        """Raise an error that names the field and its rule, unless the rule holds."""
        if not holds:
            raise CatdogError(f"{name} is {getattr(self, name)!r}; it {rule}.")

    def _require_augmentations(self) -> None:
        """Raise an error if ``augment`` names a function that does not exist."""
        for name in self.augment:
            if name not in AUGMENTATIONS:
                raise CatdogError(
                    f"augment names {name!r}; use some of {', '.join(AUGMENTATIONS)}."
                )

    def size_in(self, epoch: int) -> int | None:
        """Return the height and width of the training images in this epoch, counted from 1.

        None: as they are.
        """
        if not self.train_sizes:
            return None
        sizes = self.train_sizes[-self.epochs :]
        return sizes[(epoch - 1) * len(sizes) // self.epochs]
