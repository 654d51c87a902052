"""What is to run on any GPU: called on the pretended one, in a process of its own.

Each case is a function of the device. ``python -m tests.device.pretended_cases`` prints, as JSON,
what each of them raised, or null.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from catdog_lib import diagnose, explain, inspect, trust
from catdog_lib.data import augment
from catdog_lib.training.evaluate import evaluate, predict
from catdog_lib.training.fit import fit
from catdog_lib.training.lr_finder import find_learning_rate
from catdog_lib.training.recipe import Recipe
from tests.tiny import image_set, plain, small, splits

Case = Callable[[torch.device], object]
OPTIMIZERS = ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Muon")
RECIPES = {
    "whitened": {"whiten": True},
    "averaged": {"ema_decay": 0.9},
    "in micro-batches": {"accumulation_steps": 2, "max_grad_norm": 1.0},
    "mirrored in the test": {"test_flip": True, "test_sizes": (8,)},
    "augmented": {"augment": ("flip_and_crop", "trivial_augment")},
}
AUGMENTATIONS = (
    *("random_flip", "random_rotation", "random_translation", "random_resized_crop"),
    *("flip_and_crop", "colour_jitter", "trivial_augment", "random_erasing"),
)


def trained(device: torch.device, **settings: object) -> nn.Module:
    """A network that has been trained on the fastest device, which is the pretended one."""
    model = small()
    fit(model, splits(), Recipe(epochs=1, **settings), progress=False)
    assert next(model.parameters()).device == device
    return model


def images(device: torch.device, count: int = 4) -> Tensor:
    return image_set(count, 7)[:][0].to(device)


def labels(device: torch.device, count: int = 4) -> Tensor:
    return (torch.arange(count) % 2).to(device)


def maps(device: torch.device) -> Tensor:
    return torch.rand(4, 8, 8, device=device)


def answers(device: torch.device) -> Tensor:
    return (2 * labels(device, 40)[:, None] - 1) * torch.tensor([-1.0, 1.0]).to(device)


def scores(device: torch.device) -> Tensor:
    return torch.rand(9, device=device)


def judged(device: torch.device) -> list[diagnose.Finding]:
    """Every check of a network, of tensors on the device."""
    model = plain().to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images(device)), labels(device)).backward()
        optimizer.step()

    return diagnose.diagnose(
        model=model,
        predict=model,
        train=lambda: [step() for _ in range(3)],
        fresh=plain,
        before=plain().state_dict(),
        optimizer=optimizer,
        train_images=images(device, 32),
        train_labels=labels(device, 32),
        test_images=images(device, 16),
        test_labels=labels(device, 16),
        test_outputs=model(images(device, 16)),
        first_pass=images(device),
        second_pass=images(device),
        outputs=model(images(device, 16)),
        labels=labels(device, 16),
        losses=[0.7] * 40,
        recorded_accuracy=0.5,
    )


CASES: dict[str, Case] = {
    **{name: partial(trained, optimizer=name) for name in OPTIMIZERS},
    **{
        f"{name}, proximal": partial(
            trained, optimizer=name, l1=0.01, group_l1=0.1, penalty="proximal"
        )
        for name in OPTIMIZERS
    },
    **{name: partial(trained, **settings) for name, settings in RECIPES.items()},
    **{
        name: lambda device, name=name: getattr(augment, name)(images(device))
        for name in AUGMENTATIONS
    },
    "evaluate": lambda device: evaluate(trained(device), splits().test),
    "predict": lambda device: predict(trained(device), splits().test),
    "find_learning_rate": lambda device: find_learning_rate(small(), splits(), Recipe()),
    "occlusion": lambda device: explain.occlusion(
        trained(device), images(device), patch=4, stride=2
    ),
    "saliency": lambda device: explain.saliency(trained(device), images(device)),
    "smooth_grad": lambda device: explain.smooth_grad(trained(device), images(device)),
    "grad_cam": lambda device: explain.grad_cam(trained(device), images(device)),
    "heat_by_part": lambda device: explain.heat_by_part(maps(device), maps(device).round().long()),
    "pointing_game": lambda device: explain.pointing_game(maps(device), maps(device) > 0.5),
    "similarity": lambda device: explain.similarity(maps(device), maps(device)),
    "deletion": lambda device: explain.deletion_curve(
        trained(device), images(device), maps(device)
    ),
    "fast_gradient_sign": lambda device: explain.fast_gradient_sign(
        trained(device), images(device), labels(device)
    ),
    "randomize_weights": lambda device: explain.randomize_weights(trained(device), layers=1),
    "statistics": lambda device: inspect.activation_statistics(trained(device), image_set(9, 0)),
    "top": lambda device: inspect.top_activations(trained(device), image_set(9, 0), "1", 0),
    "diverse": lambda device: inspect.diverse_channels(trained(device), images(device), "1"),
    "field": lambda device: inspect.effective_receptive_field(trained(device), images(device), "1"),
    "signals": lambda device: inspect.layer_signals(
        trained(device), images(device), labels(device)
    ),
    "shape_table": lambda device: inspect.shape_table(trained(device), images(device)),
    "temperature": lambda device: trust.fit_temperature(answers(device), labels(device, 40)),
    "calibration": lambda device: trust.reliability_bins(
        answers(device).softmax(1).amax(1), labels(device, 40) == 1
    ),
    "threshold": lambda device: trust.threshold_for(scores(device)),
    "auroc": lambda device: trust.auroc(scores(device), scores(device)),
    "roc_curve": lambda device: trust.roc_curve(scores(device), scores(device)),
    "nearest": lambda device: trust.nearest(maps(device)[0], maps(device)[1], 3),
    **{
        f"damage: {kind}": lambda device, kind=kind: trust.damage(images(device), kind, 0.9)
        for kind in trust.DAMAGES
    },
    "diagnose": judged,
}


def main() -> None:
    """Call every case on the pretended GPU."""
    from tests.pretended_gpu import install

    warnings.simplefilter("ignore")
    device, errors = install(), {}
    for name, case in CASES.items():
        try:
            case(device)
            errors[name] = None
        except Exception as error:
            errors[name] = f"{type(error).__name__}: {error}"
    print(json.dumps(errors))


if __name__ == "__main__":
    main()
