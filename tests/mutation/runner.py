"""Run a module's tests on each of its mutants, and see which are killed.

Each run is a fork of this process. A mutant then costs 0.1 s and the time of its tests, if what is
slow to import was imported here before. What is under test must not have been: a fork imports it
anew, with its constants, its decorators and all modules that import it.
"""

from __future__ import annotations

import ast
import os
import random
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from math import ceil
from pathlib import Path

import pytest

from tests.mutation.mutants import Mutant, mutants

_MEMORY = 16 * 2**30  # bytes: a mutant may ask for any amount


def trials(
    module: Path, tests: list[str], sample: int | None = None, seed: int = 0
) -> Iterator[tuple[Mutant, bool]]:
    """Yield each mutant of a module, and whether it was killed by the module's tests.

    A mutant is killed if a test fails, if the tests cannot even begin, or if they take more than
    five times the processor time that they take without it.

    Args:
        module: the file.
        tests: pytest's arguments.
        sample: how many mutants to try at most, chosen at random; None for all.
        seed: of that choice.

    Raises:
        SystemExit: the tests fail without any mutant.
    """
    tree = ast.parse(module.read_text("utf-8"))
    tried = mutants(tree)
    if sample is not None and sample < len(tried):
        chosen = random.Random(seed).sample(range(len(tried)), sample)
        tried = [tried[i] for i in sorted(chosen)]
    status, seconds = _run(tests, 600, lambda: None)
    if status:
        raise SystemExit(f"The tests of {module} fail without any mutant; mend them first.")
    limit = ceil(5 * seconds)

    for mutant in tried:

        def put_in_place(mutant: Mutant = mutant) -> None:
            mutant.apply()
            _import_as(module, ast.fix_missing_locations(tree))

        yield mutant, _run(tests, limit, put_in_place)[0] != 0


def _run(tests: list[str], limit: int, prepare: Callable[[], None]) -> tuple[int, float]:
    """Prepare a fork and run tests in it; return its status and its processor time in seconds.

    Args:
        tests: pytest's arguments.
        limit: of the processor time, in seconds, which do not depend on what else runs here; a fork
            that waits for something is ended after ten times as long and a minute.
        prepare: is called in the fork, before anything is imported.
    """
    child = os.fork()
    if not child:
        try:
            os.setsid()
            signal.alarm(60 + 10 * limit)
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
            resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115, the fork's last
            os.dup2(sys.stdout.fileno(), 1)
            os.dup2(sys.stdout.fileno(), 2)
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they would take 0.5 s
            prepare()
            once = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow"]
            os._exit(pytest.main([*once, *tests]))
        finally:
            os._exit(1)
    _, status, used = os.wait4(child, 0)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what the tests started
    return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime


def _import_as(module: Path, tree: ast.Module) -> None:
    """Let a later import of a file run this tree instead of what the file says."""
    get_code = SourceFileLoader.get_code

    def changed(self: SourceFileLoader, name: str):
        if self.path == str(module):
            return compile(tree, self.path, "exec")
        return get_code(self, name)

    SourceFileLoader.get_code = changed
