"""What is mutated: groups of modules, and for each module the tests that should notice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Modules below catdog_lib, and their tests below tests.
_GROUPS = {
    "shapes": [
        ("from_scratch/output_sizes", "from_scratch/test_output_sizes.py"),
        ("inspect/shape_table", "inspect/test_shape_table.py"),
    ],
    "convolution": [
        (
            "from_scratch/conv from_scratch/pooling from_scratch/transposed_conv "
            "from_scratch/arguments",
            "from_scratch/test_conv.py",
        ),
    ],
    "gradients": [
        ("from_scratch/autograd", "from_scratch/test_autograd.py"),
        (
            "from_scratch/conv_layers from_scratch/dense_layers from_scratch/network "
            "from_scratch/gradient_check from_scratch/three_ways",
            "from_scratch/test_gradient_check.py from_scratch/test_three_ways.py "
            "from_scratch/test_layers.py from_scratch/test_network.py",
        ),
    ],
    "optimizers": [
        ("from_scratch/optimizers", "from_scratch/test_optimizers.py"),
        (
            "from_scratch/loss_surfaces from_scratch/optimizer_race",
            "explore/test_optimizer_race.py",
        ),
        ("training/optimizers training/muon", "training/test_optimizers.py"),
    ],
    "metrics": [("training/metrics", "training/test_metrics.py")],
    "sparsity": [
        (
            "sparsity/measures sparsity/penalties sparsity/proximal",
            "sparsity/test_sparsity.py",
        ),
        ("sparsity/pruning", "sparsity/test_pruning.py"),
        ("sparsity/quadratic", "explore/test_lambda_slider.py"),
    ],
    "checkpoint": [("training/checkpoint training/resume", "training/test_checkpoint.py")],
    "checking": [
        ("exercises/checking", "exercises/test_checking.py exercises/test_exercises.py"),
        (
            "exercises/calling exercises/copies exercises/own_line",
            "exercises/test_calling.py exercises/test_own_line.py exercises/test_guard.py",
        ),
        ("exercises/guard", "exercises/test_guard.py exercises/test_calling.py"),
        (
            "exercises/registry exercises/progress",
            "exercises/test_progress.py exercises/test_checking.py exercises/test_exercises.py",
        ),
    ],
}


def modules_and_tests(group: str) -> Iterator[tuple[Path, list[str]]]:
    """Yield each module of a group, and the arguments with which pytest runs its tests.

    A group is one of those above, or "lesson_NN" for the checkers of that lesson: theirs are the
    tests of their exercises.
    """
    library = ROOT / "catdog_lib"
    for module in sorted((library / "exercises").glob(f"{group}_*.py")):
        numbers = re.findall(r'^@exercise\("(\d\d\.\d)"', module.read_text("utf-8"), re.MULTILINE)
        yield module, ["tests/exercises/test_exercises.py", "-k", " or ".join(numbers)]
    for modules, tests in _GROUPS.get(group, []):
        for module in modules.split():
            yield library / f"{module}.py", [f"tests/{test}" for test in tests.split()]
