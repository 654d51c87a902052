"""The JavaScript and the CSS of the explorables: one module each, in small files and functions."""

from __future__ import annotations

from pathlib import Path

import pytest

import catdog_lib.explore
from catdog_lib.explore import (
    AnimalStudio,
    ConvolutionStepper,
    FeatureMapBrowser,
    LabelGame,
    LambdaSlider,
    LiveTraining,
    OptimizerRace,
    Quiz,
    ReceptiveFieldViewer,
    Roofline,
    ShapeCalculator,
    TenImages,
)
from catdog_lib.explore.bundle import bundle, stylesheet
from tests.explore.function_lengths import Function, blank, functions
from tests.explore.javascript import run_javascript

FOLDER = Path(catdog_lib.explore.__file__).parent
FILES = sorted(path.relative_to(FOLDER / "js").as_posix() for path in FOLDER.glob("js/**/*.js"))
WIDGETS = (
    LabelGame,
    ConvolutionStepper,
    ShapeCalculator,
    ReceptiveFieldViewer,
    OptimizerRace,
    Quiz,
    LambdaSlider,
    FeatureMapBrowser,
    LiveTraining,
    TenImages,
    AnimalStudio,
    Roofline,
)


@pytest.mark.parametrize("widget", WIDGETS)
def test_a_widget_is_one_module_that_a_page_can_hold(widget):
    assert "import " not in widget._esm and widget._esm.count("export default") == 1
    assert widget._esm.count("export function element") == 1, "what is shared is there once"
    assert "<!--" not in widget._esm and "<script" not in widget._esm
    assert "http" not in widget._esm.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("widget", WIDGETS)
def test_the_module_of_a_widget_exports_what_anywidget_calls(widget, tmp_path):
    """Run each module in node, which also refuses it where two files declare the same name."""
    found = run_javascript(f"{widget.code}/index.js", "typeof js.default.render", tmp_path)
    assert found == "function"


def test_a_file_stands_once_and_after_what_it_imports():
    text = bundle("convolution_stepper/sums.js")
    places = [
        text.index(name)
        for name in (
            "const range =",
            "function convolveAt",
            "function inputGrid",
            "function sumTable",
        )
    ]
    assert places == sorted(places)
    assert text.count("function inputGrid") == text.count("const range =") == 1
    assert 'from "' not in text


def test_every_widget_has_the_same_stylesheet_and_it_has_every_file():
    """Check that one text serves all: else rules that a page adds last win over special ones."""
    assert {widget._css for widget in WIDGETS} == {stylesheet()}
    files = list(FOLDER.glob("css/*.css"))
    assert len(files) == 4 + len(WIDGETS)
    assert all(path.read_text(encoding="utf-8") in stylesheet() for path in files)
    assert stylesheet().startswith((FOLDER / "css" / "base.css").read_text(encoding="utf-8"))
    assert stylesheet().endswith((FOLDER / "css" / "touch.css").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", FILES)
def test_javascript_has_short_files_functions_and_lines(name):
    text = (FOLDER / "js" / name).read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) <= 200
    assert [one for one in functions(text) if one.length > 60] == []
    assert [line for line in lines if len(line) > 100] == []
    assert text.startswith("// "), "a file says what it is for"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("css/*.css")), ids=lambda path: path.stem)
def test_css_is_cut_by_explorable(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 200 and text.startswith("/* ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("function f(a) {\n  return a;\n}", [(1, 3)]),
        ("function f({ a, b }) { return a }", [(1, 1)]),
        ("const f = (a) => {\n};", [(1, 2)]),
        ("const f = (a) =>\n  a + [\n 1][0];\nconst g = 1;", [(1, 3)]),
        ("const f = (a) => ({\n a,\n b });", [(1, 3)]),
        ("if (a) {\n b;\n}\nfor (const a of b) {\n}\nwhile (f(a)) {\n}", []),
        ("const object = {\n a: 1,\n};", []),
        ("return {\n  show(a) {\n    b;\n  },\n};", [(2, 3)]),
        ("f(\n  a,\n  (b) => b,\n  1,\n);", [(3, 1)]),
        ("function f() {\n  const g = () => {\n  };\n}", [(2, 2), (1, 4)]),
        ("const f = () => {\n  return \"}\" + '}' + /[}/]}/g.test(a) + `}${b}}`;\n};", [(1, 3)]),
        ("const f = () => {\n  // }\n  /* }\n } */\n};", [(1, 5)]),
        ("const f = () => `a\n${[1].map((b) => {\n return `{${b}`;\n})}\n`;", [(2, 3), (1, 5)]),
        ("const half = a / 2; const third = (b) / 3;", []),
        ("function f(\n  a,\n) {\n}", [(1, 4)]),
    ],
)
def test_the_lengths_of_functions_are_counted(text, expected):
    assert sorted(functions(text)) == sorted(Function(*one) for one in expected)


def test_code_in_a_template_is_not_blanked_and_its_text_is():
    assert blank("`{ ${a + `}`} }` + '{' // {") == "     a +         +         "
