"""Mutation testing: python -m tests.mutation GROUP… [--sample N] [--seed S]

Each mutant stands in for its module while the module's tests run; one that survives shows what they
do not test. docs/development/mutation.md says which survivors cannot be killed, and why; the others
are printed.
"""

from __future__ import annotations

import argparse
import ast
import gc
import os
import sys
from importlib import import_module
from pathlib import Path

from tests.mutation.groups import ROOT, modules_and_tests
from tests.mutation.runner import trials

_SLOW_IMPORTS = """torch torch._dynamo torchvision scipy.stats pandas matplotlib.pyplot IPython
    nbformat nbclient ipywidgets PIL.Image requests torchinfo joblib""".split()  # noqa: SIM905


def main() -> None:
    """Try the mutants of some groups; print the survivors without a reason, and the scores."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("groups", nargs="+", metavar="GROUP", help="as in groups.py, or lesson_NN")
    parser.add_argument("--sample", type=int, help="mutants of a module, at most; without it, all")
    parser.add_argument("--seed", type=int, default=17, help="of the sample")
    options = parser.parse_args()
    for name in _SLOW_IMPORTS:
        import_module(name)
    for group in options.groups:
        chosen = list(modules_and_tests(group))
        if not chosen:
            parser.error(f"there is no group {group!r}; see tests/mutation/groups.py")
        for module, tests in chosen:
            process = os.fork()  # of its own: what is imported for one module is tested in another
            if not process:
                _report(module, tests, options.sample, options.seed)
                sys.stdout.flush()
                os._exit(0)
            if os.waitpid(process, 0)[1]:
                raise SystemExit(1)


def _report(module: Path, tests: list[str], sample: int | None, seed: int) -> None:
    """Try the mutants of a module; print the survivors without a reason, and the score."""
    explained = (ROOT / "docs" / "development" / "mutation.md").read_text("utf-8")
    import_before(module)
    gc.freeze()  # or the collector of each fork would copy all of it
    killed = []
    for mutant, was_killed in trials(module, tests, sample, seed):
        killed.append(was_killed)
        if not was_killed and f"`{mutant.name}`" not in explained:
            print(f"{module.relative_to(ROOT)}:{mutant.line}: {mutant.name}", flush=True)
    score = f"{sum(killed)} of {len(killed)} killed, {sum(killed) / len(killed):.0%}"
    print(f"{module.stem}: {score}", flush=True)


def import_before(module: Path) -> None:
    """Import what a module imports; if its package imports the module too, forget all of it.

    Else the forks would have the module already, and none of its mutants would be seen.
    """
    for name in _imported_by(module):
        import_module(name)
    if ".".join(module.relative_to(ROOT).with_suffix("").parts) in sys.modules:
        for name in [name for name in sys.modules if name.partition(".")[0] == "catdog_lib"]:
            del sys.modules[name]


def _imported_by(module: Path) -> list[str]:
    """Return what a module imports: it may be imported before, since none of it imports it back.

    The tests of a checker import all checkers.
    """
    of_lessons = module.name.startswith("lesson_")
    files = module.parent.glob("lesson_??_*.py") if of_lessons else [module]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    names = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return sorted(name for name in names if name.startswith("catdog_lib"))


if __name__ == "__main__":
    main()
