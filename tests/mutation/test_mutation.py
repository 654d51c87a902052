"""The mutants are the small mistakes that they should be, and those that no test sees survive."""

import ast
import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest

if os.name == "nt":
    pytest.skip("mutation testing forks, which Windows cannot", allow_module_level=True)

from tests.mutation.__main__ import import_before
from tests.mutation.groups import ROOT, modules_and_tests
from tests.mutation.mutants import mutants
from tests.mutation.runner import trials


def changes(code: str) -> list[str]:
    return [mutant.name.split(": ", 1)[1] for mutant in mutants(ast.parse(code))]


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("y = a + b", ["y = a - b"]),
        ("y = a - b", ["y = a + b"]),
        ("y = a // b", ["y = a / b"]),
        ("y = a ** b", ["y = a * b"]),
        ("y = a @ b", ["y = a * b"]),
        ("y = -a", ["y = a"]),
        ("y = a < b", ["y = a <= b", "y = a >= b"]),
        ("y = a == b", ["y = a != b"]),
        ("y = a < 2.5", ["y = a >= 2.5", "a < 3.5"]),
        ("y = a < 2", ["y = a <= 2", "y = a >= 2", "a < 3"]),
        ("y = a is not b", ["y = a is b"]),
        ("y = a in b", ["y = a not in b"]),
        ("y = a and b", ["y = a or b"]),
        ("y = not a", ["y = a"]),
        ("y = 3", ["y = 4"]),
        ("y = 0.5", ["y = 1.5"]),
        ("y = True", ["y = False"]),
        ("y = 'max'", ["y = 'max_'"]),
        ("y = f(a, k=b)", ["f(a)"]),
        ("y = a if b else c", ["y = a if not b else c"]),
        ("if a: b = c", ["if not a:"]),
        ("f(a)", ["pass"]),
        ("a += b", ["pass"]),
        ("a[b] = c", ["pass"]),
        ("raise E", ["pass"]),
        ("for a in b: break", ["continue"]),
        ("for a in b: continue", ["break"]),
    ],
)
def test_a_mutant_has_one_small_mistake(code, wrong):
    found = changes(code)
    assert [change.split(" → ")[1] for change in found] == wrong
    assert all(change.split(" → ")[0] in code for change in found)


def test_what_a_function_gives_back_and_takes_by_default_is_mutated():
    code = "def f(a, k=1):\n    return a"
    assert changes(code) == ["a, k=1 → a, k=2", "return a → return None"]
    assert changes("def f():\n    return None") == []


@pytest.mark.parametrize(
    "code",
    [
        '"""What it is about."""',
        "y = 'This is a sentence.'",
        "y = f'words {a}'",
        "y: 'int | None' = a",
        "__all__ = ['f']",
        "y = zip(a, b, strict=True)",
        "@dataclass(frozen=True)\nclass A:\n    a: int",
    ],
)
def test_some_code_is_left_alone(code):
    assert changes(code) == []


TRIED = """
for k in (3, 5):
    x = torch.rand(2, k, generator=rng)
SETTINGS = [(7, -9)]
LIMIT = 4
"""


def test_what_a_checker_tries_is_left_alone_and_only_there():
    elsewhere = [change.split(" → ")[1] for change in changes(TRIED)]
    assert len(elsewhere) == 8 and "LIMIT = 5" in elsewhere
    assert changes(f"{TRIED}\n@exercise('00.1')\ndef check(): pass") == [
        "LIMIT = 4 → LIMIT = 5",
        "exercise('00.1') → exercise('00.1_')",
    ]


def test_to_apply_a_mutant_changes_the_tree_and_nothing_else_does():
    code = "def f(a):\n    if a > 0 and g(a, k=1):\n        return -a\n    return a * 2"
    for i in range(len(mutants(ast.parse(code)))):
        tree = ast.parse(code)
        mutant = mutants(tree)[i]
        assert ast.unparse(tree) == code
        mutant.apply()
        assert ast.unparse(tree) != code
        compile(ast.fix_missing_locations(tree), "code.py", "exec")


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A module of which each mutant can be told, the tests of it, and a helper that imports it."""
    path = tmp_path / "counting_down.py"
    code = """
        LAST = 0

        def countdown(n):
            steps = 1
            while n > LAST:
                n -= 1
                steps += 1
            return steps

        def larger(a, b):
            return a if a > b else b
        """
    path.write_text(dedent(code), encoding="utf-8")
    return path


def test_the_mutants_that_no_test_can_tell_survive_and_an_endless_loop_does_not(module: Path):
    tests = module.with_name("test_counting_down.py")
    code = """
        from counting_down import countdown, larger

        def test_both():
            assert countdown(3) == 4
            assert larger(1, 2) == larger(2, 1) == 2
        """
    tests.write_text(dedent(code), encoding="utf-8")
    killed = {mutant.name: was_killed for mutant, was_killed in trials(module, [str(tests)])}
    alive = [name for name, was_killed in killed.items() if not was_killed]
    assert alive == ["larger: return a if a > b else b → return a if a >= b else b"]
    assert list(killed) == [m.name for m in mutants(ast.parse(module.read_text(encoding="utf-8")))]


def test_tests_that_fail_by_themselves_kill_nothing(module: Path):
    tests = module.with_name("test_failing.py")
    tests.write_text("def test_fails():\n    assert False\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="fail without any mutant"):
        list(trials(module, [str(tests)]))


def test_a_sample_is_the_same_for_the_same_seed(module: Path):
    tests = module.with_name("test_nothing.py")
    tests.write_text("def test_nothing():\n    pass\n", encoding="utf-8")
    first, again = (list(trials(module, [str(tests)], sample=2, seed=1)) for _ in range(2))
    assert len(first) == 2 and [m.name for m, _ in first] == [m.name for m, _ in again]


def test_a_module_that_its_package_imports_is_not_there_before_its_mutants():
    child = os.fork()
    if not child:
        try:
            import_before(ROOT / "catdog_lib" / "sparsity" / "proximal.py")
            os._exit(int("catdog_lib.sparsity.proximal" in sys.modules))
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


GROUPS = [
    "shapes",
    "convolution",
    "gradients",
    "optimizers",
    "training",
    "sparsity",
    "checkpoint",
    "checking",
    "lesson_04",
]


@pytest.mark.parametrize("group", GROUPS)
def test_the_modules_and_tests_of_a_group_exist(group: str):
    chosen = list(modules_and_tests(group))
    assert chosen
    for module, tests in chosen:
        assert module.is_file()
        files = [test.partition("::")[0] for test in tests]
        assert all((ROOT / file).is_file() for file in files if file.endswith(".py"))
