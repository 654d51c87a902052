"""The ``catdog`` command: the tree of its commands, and its exit status."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext

import click

from catdog_lib import __version__
from catdog_lib.cli import (
    course,
    data,
    demo,
    deploy,
    diagnose,
    doctor,
    instructor,
    messages,
    progress,
    publish,
    train,
)
from catdog_lib.cli.failures import (
    bars_twice_a_minute_in_files,
    discard_output,
    in_one_sentence,
    print_anything,
    termination_interrupts,
)
from catdog_lib.cli.options import Group
from catdog_lib.errors import CatdogError

_COMPLETE = "_CATDOG_COMPLETE"  # how a shell asks for completions; click's documentation says more


@click.group(
    cls=Group, epilog="catdog doctor", context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def catdog() -> None:
    """Cat or dog? The command line of the course."""


@click.group("data", cls=Group, epilog="catdog data status")
def data_group() -> None:
    """Show, check or download photos."""


@click.group("experiment", cls=Group, epilog="catdog experiment l1 --data ~/photos")
def experiment_group() -> None:
    """Run an experiment that takes longer than a lesson.

    Each repeats its training over several seeds. What is finished is not done again.
    """


_COMMANDS = {
    data_group: (data.status, data.check, data.get),
    experiment_group: (course.l1, course.transfer),
    catdog: (
        doctor.doctor,
        data_group,
        train.train,
        train.sweep,
        train.evaluate,
        train.predict,
        diagnose.diagnose,
        deploy.export,
        deploy.card,
        demo.demo,
        course.bench,
        experiment_group,
        course.course,
        progress.progress,
        publish.slides,
        publish.pdf,
        instructor.handout,
        instructor.kit,
        instructor.grade,
        messages.messages,
    ),
}
for _group, _members in _COMMANDS.items():
    for _command in _members:
        _group.add_command(_command)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status.

    0: done; 1: a lesson failed, or a diagnosis found something; 2: something that the user can put
    right, named in one sentence on the standard error; 130: interrupted; 141: the program
    that read the output has ended.
    """
    print_anything()
    bars_twice_a_minute_in_files()
    try:
        with termination_interrupts(), _main_process_output():
            status = _run(sys.argv[1:] if arguments is None else arguments)
            sys.stdout.flush()  # a full disk is an error of this command, not of Python's end
            return status
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return 2
    except click.UsageError as error:
        print(f"catdog: {_sentence(error)}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        discard_output()
        return 141
    except (CatdogError, OSError, MemoryError, RuntimeError) as error:
        if (sentence := in_one_sentence(error)) is None:
            raise
        discard_output()
        print(f"catdog: {sentence}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interrupt:
        print(f"catdog: {str(interrupt) or 'interrupted'}", file=sys.stderr)
        return 130


def _run(arguments: list[str]) -> int:
    """Answer a shell that completes a command, or run the command."""
    if instruction := os.environ.get(_COMPLETE):
        from click.shell_completion import shell_complete

        return shell_complete(catdog, {}, "catdog", _COMPLETE, instruction)
    try:
        # Not catdog.main(), which takes the sentence away from a KeyboardInterrupt.
        with catdog.make_context("catdog", list(arguments)) as context:
            return catdog.invoke(context)
    except click.exceptions.Exit as done:  # after --help and --version
        return done.exit_code


def _main_process_output() -> AbstractContextManager:
    """Return a context in which only the first of several processes is heard."""
    if "WORLD_SIZE" not in os.environ:
        return nullcontext()  # a single process, as a rule; `catdog --help` need not load PyTorch
    from catdog_lib.training.distributed import main_process_output

    return main_process_output()


def _sentence(error: click.UsageError) -> str:
    """Return what is wrong with the arguments and what to do about it, in one sentence."""
    command = error.ctx.command_path if error.ctx else "catdog"
    if near := getattr(error, "possibilities", None):
        return f"{error.message.rstrip('.')}; did you mean {' or '.join(near)}?"
    message = " ".join(error.format_message().split())  # click lists choices one a line
    return f"{message.rstrip('.')}; {command} --help shows what it takes."


if __name__ == "__main__":
    raise SystemExit(main())
