"""The commands for instructors: ``catdog handout``, ``catdog kit`` and ``catdog grade``."""

from __future__ import annotations

from math import isnan
from pathlib import Path

import click

from catdog_lib.cli.options import Command, ManyValues, UserPath


@click.command(cls=Command, epilog="catdog handout --out handouts")
@click.option(
    "--out",
    type=UserPath(path_type=Path),
    default="handouts",
    metavar="DIR",
    show_default=True,
    help="The folder for what is written.",
)
@click.option(
    "--nbgrader",
    is_flag=True,
    help="Write the lessons as assignments for nbgrader instead: DIR is a course folder of its.",
)
def handout(out: Path, nbgrader: bool) -> tuple[int, dict]:
    """Zip the course, for students and for instructors.

    The students' file has no solutions, no tests and no teaching notes.
    """
    from catdog_lib.course.handouts import write_handouts
    from catdog_lib.course.nbgrader_assignments import write_assignments

    if nbgrader:
        assignments = write_assignments(out)
        print(f"{len(assignments)} assignments in {out / 'source'}")
        return 0, {path.stem: str(path) for path in assignments}
    written = write_handouts(out)
    for path in written.values():
        print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0, {edition: str(path) for edition, path in written.items()}


@click.command(cls=Command, epilog="catdog kit --system win32-AMD64 --python 3.13 --out kits")
@click.option(
    "--out",
    type=UserPath(path_type=Path),
    default="kits",
    metavar="DIR",
    show_default=True,
    help="The folder for the kit: new, or a kit that this one is added to.",
)
@click.option(
    "--system",
    metavar="NAME",
    show_default="this one",
    help="linux-x86_64, linux-aarch64, win32-AMD64 or darwin-arm64.",
)
@click.option("--python", metavar="X.Y", show_default="this one", help="The students' Python.")
@click.option("--instructor", is_flag=True, help="The edition with the solutions.")
def kit(out: Path, system: str | None, python: str | None, instructor: bool) -> tuple[int, dict]:
    """Write the course with all that it installs.

    Copy the folder to a USB stick: install.py in it sets the course up without a network.
    """
    from catdog_lib.course.kit import write_kit
    from catdog_lib.deploy.demo.facts import RUNTIME

    edition = "instructor" if instructor else "student"
    systems = write_kit(out, system, python, edition, also=(RUNTIME,))
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1e9
    print(f"{out.resolve()} ({size:.1f} GB) is for {'; '.join(systems)}")
    return 0, {"out": str(out.resolve()), "systems": systems, "gigabytes": round(size, 1)}


def _not_nan(ctx: click.Context, option: click.Parameter, value: float) -> float:
    """Return the number, or refuse nan, which a range lets pass."""
    if isnan(value):
        raise click.BadParameter("nan is not a number of seconds.", ctx, option)
    return value


@click.command(cls=Command, epilog="catdog grade submissions.zip --lesson 02 --out grades")
@click.argument("submissions", type=UserPath(path_type=Path), metavar="SUBMISSIONS")
@click.option(
    "--out",
    type=UserPath(path_type=Path),
    default="grades",
    metavar="DIR",
    show_default=True,
    help="The folder for the grades.",
)
@click.option(
    "--lesson",
    "lessons",
    cls=ManyValues,
    metavar="NN...",
    show_default="those that were handed in",
    help="Grade the exercises of these lessons.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, max=86_400, min_open=True),
    callback=_not_nan,
    default=20.0,
    metavar="S",
    show_default=True,
    help="The time that each answer may take.",
)
@click.option(
    "--without-sandbox",
    is_flag=True,
    help="Run students' code with your own rights, on a machine where that does no harm.",
)
def grade(
    submissions: Path, out: Path, lessons: tuple[str, ...], seconds: float, without_sandbox: bool
) -> tuple[int, dict]:
    """Grade the notebooks that students have handed in.

    SUBMISSIONS is a folder, or the zip file that Moodle or Canvas gives. Answers are found by their
    check("02.1", ...) and judged in a sandbox, on inputs that nobody has seen before.
    """
    from catdog_lib.grading.grade import Limits, grade
    from catdog_lib.grading.report import require_free, write_report
    from catdog_lib.grading.submissions import opened

    require_free(out)
    chosen = sorted({lesson.strip().zfill(2) for lesson in lessons})
    if not all(map(str.strip, lessons)):
        raise click.BadParameter("an empty text is no lesson; write --lesson 02.")
    with opened(submissions) as folder:
        graded = grade(folder, chosen, Limits(seconds), sandboxed=not without_sandbox)
    write_report(graded, out)
    print(f"The class: {(out / 'class.html').resolve().as_uri()}")
    return 0, {
        "submissions": len(graded),
        "exercises": len(graded[0].marks),
        "students": [
            {
                "student": one.submission.student,
                "identifier": one.submission.identifier,
                "points": one.points,
            }
            for one in graded
        ],
        "out": str(out),
    }
