"""Train a small CNN in the page itself.

Lesson 03, section 5.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
import traitlets
from torch import Tensor, nn

from catdog_lib.data.sketch_sets import sketch_set
from catdog_lib.errors import CatdogError
from catdog_lib.explore.base import Explorable, FloatTrait, IntegerTrait
from catdog_lib.explore.bundle import bundle
from catdog_lib.explore.convert import encode

SIZE = 24  # pixels on a side
DRAWN_SIZE = 48  # each pixel is the mean of 2×2, so that thin lines are not lost
TRAINING, VALIDATION = 400, 128  # images
BATCH_SIZE = 16
EPOCHS = 10  # orders of the training images that are sent; then the first comes again
DIFFICULTY = 0.2  # of the sketches


class LiveTraining(Explorable):
    """A small CNN that learns in the page, without a kernel: Start, Stop, Step, Reset.

    It shows the curves, the filters of the first layer, the validation images that are misjudged
    now, and each step of one prediction with the weights of this moment. The images are grey
    sketches, 400 to train on and 128 to validate on. Images, initial weights and the order of the
    batches come from Python, so :meth:`network` and :meth:`batches` let you train the same in
    PyTorch.

    What you set in the figure can be read here, and the other way round: ``lr`` and ``used``, the
    number of training images; ``image``, ``stage``, ``channel`` (−1: the most active one), ``row``
    and ``column`` (in pixels of the image) of the prediction.
    """

    code = "live_training"
    problem = traitlets.Dict(help="what there is to learn from").tag(sync=True)
    worker = traitlets.Unicode(help="the code that trains").tag(sync=True)
    lr = FloatTrait(0.01, 1e-4, 7)
    used = IntegerTrait(TRAINING, BATCH_SIZE, TRAINING)
    image = IntegerTrait(0, 0, VALIDATION - 1)
    stage = IntegerTrait(0, 0, 8)
    channel = IntegerTrait(-1, -1, 15)
    row = IntegerTrait(SIZE // 2, 0, SIZE - 1)
    column = IntegerTrait(SIZE // 2, 0, SIZE - 1)

    def __init__(self, lr: float = 0.01, *, momentum: float = 0.9, seed: int = 0):
        """Prepare a training.

        Args:
            lr: the learning rate at first, 0.0001 to 7.
            momentum: of SGD, 0 to less than 1.
            seed: of the initial weights and of the order of the batches.

        Raises:
            CatdogError: a number is out of its limits.
        """
        number = isinstance(momentum, int | float) and not isinstance(momentum, bool)
        if not (number and 0 <= momentum <= 0.999):
            raise CatdogError(f"momentum is {momentum!r}; it has to be a number from 0 to 0.999.")
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
            raise CatdogError(f"seed is {seed!r}; it has to be an integer, 0 or more.")
        self._pixels, self._labels = grey_sketches()
        self._seed = seed
        generator = torch.Generator().manual_seed(seed)
        orders = [torch.randperm(TRAINING, generator=generator) for _ in range(EPOCHS)]
        self._order = torch.cat(orders)
        scaled = self._pixels[:TRAINING].double() / 255
        self._mean, self._deviation = round(scaled.mean().item(), 4), round(scaled.std().item(), 4)
        weights = [values.detach().flatten() for values in self.network().parameters()]
        problem = {
            "size": SIZE,
            "mean": self._mean,
            "deviation": self._deviation,
            "momentum": momentum,
            "batch_size": BATCH_SIZE,
            "training_images": TRAINING,
            "labels": self._labels.tolist(),
            "pixels": encode(self._pixels),
            "order": encode(self._order.to(torch.uint16)),
            "weights": encode(torch.cat(weights)),
            "sizes": [len(values) for values in weights],
        }
        super().__init__(problem=problem, worker=bundle("live_training/loop.js"), lr=lr)

    def network(self) -> nn.Sequential:
        """Return the network before its first update, in PyTorch: N×1×24×24 → N×2 logits."""
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self._seed)
            return nn.Sequential(
                nn.Conv2d(1, 8, 3, padding=1),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Conv2d(8, 16, 3, padding=1),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Flatten(),
                nn.Linear(16 * (SIZE // 4) ** 2, 2),
            )

    def batches(self, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the batches of the first updates: images 16×1×24×24 as the network takes them, 16.

        Where ``used`` is smaller than 400, the other training images are left out.
        """
        visited = self._order[self._order < self.used]
        for step in range(steps):
            start = step * BATCH_SIZE % len(visited)
            index = visited[start : start + BATCH_SIZE]
            yield self._normalized(index), self._labels[index]

    def validation(self) -> tuple[Tensor, Tensor]:
        """Return the validation images, 128×1×24×24 as the network takes them, and their labels."""
        index = torch.arange(TRAINING, TRAINING + VALIDATION)
        return self._normalized(index), self._labels[index]

    def _normalized(self, index: Tensor) -> Tensor:
        return (self._pixels[index, None].float() / 255 - self._mean) / self._deviation


def grey_sketches() -> tuple[Tensor, Tensor]:
    """Return the images, uint8, 528×24×24, first those to train on, and their labels."""
    drawn = sketch_set(
        TRAINING + VALIDATION, DRAWN_SIZE, seed=7, difficulty=DIFFICULTY, progress=False
    )
    images, labels = drawn.images[:]
    red, green, blue = images.double().unbind(1)
    grey = 0.299 * red + 0.587 * green + 0.114 * blue  # how bright each seems, as in ITU-R BT.601
    smaller = F.avg_pool2d(grey[:, None], DRAWN_SIZE // SIZE)[:, 0]
    return smaller.round().to(torch.uint8), labels
