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
        (
            "inspect/receptive_field inspect/field_tracer",
            "inspect/test_receptive_field.py inspect/test_field_tracer.py",
        ),
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
        ("from_scratch/conv_layers from_scratch/dense_layers", "from_scratch/test_layers.py"),
        ("from_scratch/network", "from_scratch/test_network.py"),
        ("from_scratch/gradient_check", "from_scratch/test_gradient_check.py"),
        ("from_scratch/three_ways", "from_scratch/test_three_ways.py"),
        ("inspect/gradient_flow", "inspect/test_gradient_flow.py"),
    ],
    "optimizers": [
        ("from_scratch/optimizers", "from_scratch/test_optimizers.py"),
        (
            "from_scratch/loss_surfaces",
            "from_scratch/test_loss_surfaces.py from_scratch/test_optimizer_race.py",
        ),
        ("from_scratch/optimizer_race", "from_scratch/test_optimizer_race.py"),
        ("training/optimizers training/muon", "training/test_optimizers.py"),
    ],
    "training": [
        ("training/loop", "training/test_loop.py training/test_trainer.py"),
        (
            "training/micro_batches",
            "training/test_micro_batches.py training/test_trainer.py "
            "training/test_memory.py::TestOutOfMemory",
        ),
        ("training/ema", "training/test_ema.py"),
        ("training/schedules", "training/test_schedules.py"),
        ("training/lr_finder", "training/test_lr_finder.py"),
        ("training/whitening", "training/test_whitening.py"),
    ],
    "metrics": [("training/metrics", "training/test_metrics.py")],
    "sparsity": [
        ("sparsity/measures", "sparsity/test_sparsity.py::TestMeasures"),
        ("sparsity/penalties", "sparsity/test_sparsity.py::TestPenalties"),
        (
            "sparsity/proximal",
            "sparsity/test_sparsity.py::TestThresholds sparsity/test_sparsity.py::TestProximalStep "
            "sparsity/test_sparsity.py::test_the_order_of_both_thresholds_solves_for_both",
        ),
        ("sparsity/pruning", "sparsity/test_pruning.py"),
        (
            "sparsity/quadratic",
            "sparsity/test_quadratic.py "
            "explore/test_lambda_slider.py::test_the_same_numbers_in_javascript_and_in_python",
        ),
    ],
    "checkpoint": [
        (
            "training/checkpoint",
            "training/test_checkpoint.py::TestFile training/test_checkpoint.py::TestRefused",
        ),
        ("training/resume", "training/test_resume.py training/test_checkpoint.py::TestRefused"),
    ],
    "checking": [
        ("exercises/checking", "exercises/test_checking.py"),
        ("exercises/calling", "exercises/test_calling.py"),
        ("exercises/copies", "exercises/test_copies.py"),
        ("exercises/guard", "exercises/test_guard.py"),
        ("exercises/own_line", "exercises/test_own_line.py"),
        ("exercises/random_inputs", "exercises/test_random_inputs.py"),
        ("exercises/registry", "exercises/test_registry.py"),
        ("exercises/progress", "exercises/test_progress.py"),
        ("exercises/lesson_end", "exercises/test_lesson_end.py"),
    ],
}


def modules_and_tests(group: str) -> Iterator[tuple[Path, list[str]]]:
    """Yield each module of a group, and the arguments with which pytest runs its tests.

    A group is one of those above, or "lesson_NN" for the checkers of that lesson: theirs are the
    tests of their exercises, and those of the module's own, if there are any.
    """
    library = ROOT / "catdog_lib"
    for module in sorted((library / "exercises").glob(f"{group}_*.py")):
        numbers = re.findall(r'^@exercise\("(\d\d\.\d)"', module.read_text("utf-8"), re.MULTILINE)
        files = [f"tests/exercises/{name}.py" for name in ("test_exercises", f"test_{module.stem}")]
        own = [file for file in files if (ROOT / file).is_file()]
        yield module, [*own, "-k", " or ".join([*numbers, module.stem])]
    for modules, tests in _GROUPS.get(group, []):
        for module in modules.split():
            yield library / f"{module}.py", [f"tests/{test}" for test in tests.split()]
