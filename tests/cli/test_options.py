"""The options of the command line: their source, the help, and what a shell completes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import get_type_hints

import click
import pytest

from catdog_lib import bench, models
from catdog_lib.cli import main
from catdog_lib.cli.options import Command, Suggested
from catdog_lib.cli.parser import catdog
from catdog_lib.cli.recipe_options import CommaList, recipe_options
from catdog_lib.data import augment
from catdog_lib.runs import train_run as training_run
from catdog_lib.runs.settings import default_recipe, train_arguments
from catdog_lib.training.presets import RECIPES
from catdog_lib.training.recipe import AUGMENTATIONS, Recipe

LIBRARY = Path(training_run.__file__).parents[1]


@pytest.fixture
def parsed(monkeypatch):
    """Return a function that parses arguments and returns what the command would get."""
    seen = []
    monkeypatch.setattr(Command, "invoke", lambda self, ctx: seen.append(ctx.params) or 0)

    def parse(*arguments) -> dict:
        assert main([*map(str, arguments)]) == 0
        return seen[-1]

    return parse


class TestRecipeOptions:
    def test_every_field_is_an_option_with_its_help_and_choices(self, capsys):
        assert main(["train", "--help"]) == 0
        text = " ".join(capsys.readouterr().out.split())
        for field in fields(Recipe):
            assert f" --{field.name.replace('_', '-')} " in text, field.name
            assert field.metadata["help"][1:] + "." in text, field.name
            if choices := field.metadata.get("choices"):
                assert f"[{'|'.join(choices)}]" in text, field.name
        assert f"[{'|'.join(RECIPES)}]" in text
        assert "Passes over the training images. [default: 2]" in text, "that of the quick budget"

    def test_a_new_field_needs_no_second_entry(self):
        names = [option.name for option in recipe_options()]
        assert names == ["recipe", *(field.name for field in fields(Recipe))]

    @pytest.mark.parametrize("name", [field.name for field in fields(Recipe)])
    def test_a_value_comes_back_as_the_recipe_has_it(self, name, parsed):
        """Every value of every named recipe, written as text, gives that recipe again."""
        field = Recipe.__dataclass_fields__[name]
        assert field.default is not MISSING
        values = {getattr(preset.recipe, name) for preset in RECIPES.values()} | {field.default}
        flag = f"--{name.replace('_', '-')}"
        for value in values - {None}:
            if get_type_hints(Recipe)[name] is bool:
                arguments = [flag if value else flag.replace("--", "--no-")]
            else:
                text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
                arguments = [flag, text]
            options = parsed("train", "--model", "five_conv", "--out", "x", *arguments)
            assert options[name] == value and type(options[name]) is type(value)
            given = {n: v for n, v in options.items() if n in Recipe.__dataclass_fields__}
            assert [n for n, v in given.items() if v is not None] == [name]

    def test_a_named_recipe_is_changed_only_where_asked(self, parsed):
        options = parsed("train", "--recipe", "champion", "--out", "x", "--no-whiten", "--lr", 0.05)
        arguments = train_arguments(options)
        preset = RECIPES["champion"]
        assert arguments["recipe"] == replace(preset.recipe, whiten=False, lr=0.05)
        assert (arguments["model"], arguments["size"]) == (preset.model, preset.size)
        assert arguments["validation"] == preset.validation
        nothing = parsed("train", "--model", "five_conv", "--out", "x")
        assert train_arguments(nothing)["recipe"] == default_recipe()
        head = parsed("train", "--model", "transfer", "--head", "270,90", "--out", "x")
        assert train_arguments(head)["recipe"] == RECIPES["head"].recipe
        assert train_arguments(head)["settings"] == {"head": (270, 90)}
        assert train_arguments(head)["size"] == 256

    def test_a_list_of_integers(self):
        convert = CommaList(int)
        assert convert("48,64", None, None) == (48, 64) and convert("", None, None) == ()
        with pytest.raises(click.BadParameter, match="'x' is not a valid integer"):
            convert("48,x", None, None)


def test_the_recipe_names_all_augmentations():
    assert list(AUGMENTATIONS) == augment.__all__


def test_options_of_many_values(parsed):
    options = parsed("experiment", "l1", "--lambdas", "1e-3", "0.1", "--seeds", 2)
    assert options["lambdas"] == (1e-3, 0.1) and options["seeds"] == 2
    options = parsed("experiment", "transfer", "--json", "--counts", 8, 1000, "--draws", 2)
    assert options["counts"] == (8, 1000)
    assert parsed("bench", "--only", "five_conv", "features")["only"] == ("five_conv", "features")
    assert parsed("bench")["only"] == ()


def test_the_suggested_names_are_those_of_the_library(capsys):
    (model,) = [p for p in catdog.commands["train"].params if p.name == "model"]
    assert isinstance(model.type, Suggested) and set(model.type.choices) == set(models.MODELS)
    assert main(["bench", "--help"]) == 0
    assert f"{', '.join(bench.ROWS)}." in " ".join(capsys.readouterr().out.split())


WRONG = {
    "an unknown command": ("trian", "catdog: No such command 'trian'; did you mean train?"),
    "an unknown option": (
        "train --eposh 3",
        "No such option '--eposh'; did you mean --epochs or --keep?",
    ),
    "not an integer": (
        "train --epochs a",
        "'--epochs': 'a' is not a valid integer; catdog train --",
    ),
    "a missing option": ("train", "Missing option '--out'; catdog train --help shows"),
    "a missing argument": ("predict", "Missing argument 'RUN'; catdog predict --help shows"),
    "a missing value": ("train --lr", "Option '--lr' requires an argument; catdog train --help"),
    "one argument too many": ("doctor now", "extra argument (now); catdog doctor --help shows"),
    "an unknown choice": ("data get cows", "'cows' is not one of 'microsoft', 'pets'; catdog data"),
    "a choice that is missing": (
        "data get",
        "Choose from: microsoft, pets; catdog data get --help",
    ),
    "a wrong value to sweep": (
        "sweep --out x --set lr=a",
        "'--lr': 'a' is not a valid float; catd",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments_are_one_sentence_and_status_2(case, capsys):
    arguments, says = WRONG[case]
    assert main(arguments.split()) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("catdog: ") and printed.err.count("\n") == 1
    assert says in printed.err and not printed.out


@pytest.mark.parametrize("arguments", [[], ["data"], ["experiment"]])
def test_without_a_command_the_commands_are_listed(arguments, capsys):
    assert main(arguments) == 2
    assert "Commands:" in capsys.readouterr().err


def every_command(group: click.Group = catdog, path: tuple[str, ...] = ()) -> list[list[str]]:
    """Return the words of each command and each group."""
    found = [list(path)]
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += every_command(command, (*path, name))
        else:
            found.append([*path, name])
    return found


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", every_command(), ids=" ".join)
def test_the_help_fits_into_80_columns_and_gives_an_example(command, flag, capsys):
    assert main([*command, flag]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80 and lines[-1].startswith("example: catdog ")
    assert not any("..." in line for line in lines if "  " in line.strip() and "-" not in line), (
        "no sentence of the list of commands is cut off"
    )


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["sweep", "--help"]])
def test_the_help_loads_neither_torch_nor_matplotlib_nor_pandas(arguments):
    code = (
        "import sys; from catdog_lib.cli import main; status = main(sys.argv[1:]); "
        "print(sorted({'torch', 'numpy', 'matplotlib', 'pandas'} & set(sys.modules)), status)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[] 0", done.stderr


def complete(*words: str, shell: str = "bash") -> list[str]:
    """Return what a shell is offered after these words, the last of which is incomplete."""
    asked = {"COMP_WORDS": " ".join(("catdog", *words)), "COMP_CWORD": str(len(words))}
    done = subprocess.run(
        [sys.executable, "-m", "catdog_lib"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **asked, "_CATDOG_COMPLETE": f"{shell}_complete"},
    )
    return [line.split(",", 1)[1] for line in done.stdout.splitlines()]


class TestCompletion:
    def test_commands_options_and_values(self):
        assert complete("tr") == ["train"]
        assert complete("data", "") == ["status", "check", "get"]
        assert complete("train", "--batch") == ["--batch-size"]
        assert complete("train", "--recipe", "") == list(RECIPES)
        assert complete("sweep", "--schedule", "one") == ["one_cycle"]
        assert complete("data", "get", "p") == ["pets"]

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_each_shell_gets_its_script(self, shell):
        done = subprocess.run(
            [sys.executable, "-m", "catdog_lib"],
            capture_output=True,
            text=True,
            env={**os.environ, "_CATDOG_COMPLETE": f"{shell}_source"},
        )
        assert done.returncode == 0, done.stderr
        assert f"_CATDOG_COMPLETE={shell}_complete" in done.stdout and "catdog" in done.stdout

    def test_bash_itself_completes_with_the_script(self, tmp_path):
        """The script as the README says, in a real bash, whose ``catdog`` is this library's."""
        command = tmp_path / "catdog"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m catdog_lib "$@"\n')
        command.chmod(0o755)
        script = (
            'eval "$(_CATDOG_COMPLETE=bash_source catdog)"\n'
            "COMP_WORDS=(catdog tr); COMP_CWORD=1\n"
            "_catdog_completion catdog tr catdog\n"
            'echo "${COMPREPLY[@]}"'
        )
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", script],
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(LIBRARY.parent)},
        )
        assert done.stdout.strip() == "train", done.stderr


def test_the_way_from_the_arguments_to_fit_is_short(monkeypatch, tmp_path):
    """Few files of the library see the settings before ``fit`` does."""

    class Arrived(Exception):
        pass

    def arrive(*args, **kwargs):
        raise Arrived

    def settings_among(value, depth: int = 2) -> bool:
        if isinstance(value, Recipe):
            return True
        if isinstance(value, dict) and depth:
            return "batch_size" in value or any(
                settings_among(inner, depth - 1) for inner in value.values()
            )
        return isinstance(value, list) and any(
            isinstance(one, str) and one == "--batch-size" for one in value
        )  # a list of arrays, drawn when the cache is empty, has no truth value

    entered = []

    def trace(frame, event, argument):
        file = Path(frame.f_code.co_filename)
        called = event == "call" and LIBRARY in file.parents
        if called and any(map(settings_among, list(frame.f_locals.values()))):
            entered.append(file.relative_to(LIBRARY).as_posix())

    monkeypatch.setattr(training_run, "fit", arrive)
    arguments = "train --recipe sprint --data sketches --max-train 40 --width 2 --batch-size 8"
    sys.setprofile(trace)
    try:
        with pytest.raises(Arrived):
            main([*arguments.split(), "--out", str(tmp_path / "run"), "--quiet"])
    finally:
        sys.setprofile(None)
    files = list(dict.fromkeys(entered))
    assert "cli/train.py" in files and "runs/train_run.py" in files
    assert len(files) <= 8, files
