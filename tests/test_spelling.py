"""Words are spelt right, and as the Oxford dictionaries spell them: British, with -ize.

So prose and code agree on normalize, optimizer and initialization. Names in code follow PyTorch.
"""

import re
import subprocess
import sys

import pytest

from tests.prose import FILES, GENERATED, PAGES, ROOT, name_of, prose

CHECKED = (
    *("notebooks", "catdog_lib", "tests", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *("data/README.md", "run.py", "catdog_setup", "Makefile", *(name_of(page) for page in PAGES)),
)
IZE = """
    characteri emphasi equali familiari finali generali initiali locali materiali maximi memori
    minimi normali optimi organi orthogonali paralleli penali quanti randomi reali recogni regulari
    seriali speciali stabili standardi summari symboli synchroni tokeni utili vectori visuali
"""
AMERICAN = {
    r"colors?(?! ?[-:=])|colored|coloring|colorful": "colour",
    r"grays?|grayscale": "grey",
    r"(?<!upper )(?<!lower )(?<!left )(?<!right )(?<!… )(?<!items: )"  # places on a figure or page
    r"(?:re)?center(?:s|ed|ing)?(?! left| top| bottom)": "centre",
    r"neighbor(?:s|ing|hood)?": "neighbour",
    r"behaviors?": "behaviour",
    r"favor(?:s|ed|ite|ites|able)?": "favour",
    r"artifacts?": "artefact",
    r"analyz(?:e|ed|es|ing|er)": "analyse",
    r"(?:un|re)?label(?:ed|ing)": "labelled",
    r"model(?:ed|ing)|travel(?:ed|ing)|cancel(?:ed|ing)|signal(?:ed|ing)": "double the l",
    r"catalogs?|dialogs?": "catalogue, dialogue",
    r"meters|liters|fibers?": "metre, litre, fibre",
    r"defense|offense": "defence",
    r"judgment": "judgement",
    r"(?:a|the|its|their|your|no|of|this|which|free) license(?! file)": "licence (the noun)",
}
BRITISH = {
    rf"(?:un|re|de)?(?:{'|'.join(IZE.split())})s(?:e|ed|es|er|ers|ing|ation|ations)": "-ize",
    **AMERICAN,
}


def misspelt(text: str) -> list[str]:
    """Return each word that is not spelt as the course spells it."""
    return [
        f"{match[0]}: {advice}"
        for pattern, advice in BRITISH.items()
        for match in re.finditer(rf"(?<![\w.(=])(?:{pattern})(?![\w(=])", text, re.IGNORECASE)
    ]


def test_no_word_is_misspelt():
    done = subprocess.run(
        [sys.executable, "-m", "codespell_lib", "--toml", "pyproject.toml", *CHECKED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix != ".js"], ids=name_of)
def test_spelling_is_that_of_the_oxford_dictionaries(path):
    found = misspelt(prose(path))
    assert not found, "\n".join(found)


def test_both_kinds_of_spelling_are_told_apart():
    said = "A gray color, normalised at its center; licensed under a license."
    assert misspelt(said) == [
        "normalised: -ize",
        "color: colour",
        "gray: grey",
        "center: centre",
        "a license: licence (the noun)",
    ]
    assert not misspelt("A grey colour, normalized at its centre by an optimizer; criticism.")
    assert GENERATED not in FILES
