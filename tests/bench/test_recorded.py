"""The recorded machines: each figure is on the page of measurements, and a GPU's file is enough."""

import json
import re

import pytest

from catdog_lib.bench import recorded
from catdog_lib.explore import Roofline
from catdog_lib.models import FiveConvCNN
from docs.gpu_page import PAGE, TITLES, page
from tests.gpu.parts import PARTS

TEXT = PAGE.read_text(encoding="utf-8")
ROW = {"name": "five_conv", "size": 256, "plain_best": 412.34, "ours_best": 25678.91}
ROW |= {"ratio": 62.3, "multiply_adds_per_second": 1.9e13, "share_of_peak": 0.055}
RUN = {"options": "--recipe champion", "test_accuracy": 0.9712, "test_images": 2000, "epochs": 80}
RUN |= {"train_seconds": 61.4, "images_per_second": 10234.5}
GPU = {
    "date": "2026-12-01",
    "device": "NVIDIA X1",
    "torch": "2.15.0",
    "data": "photos",
    "tests": {"passed": 61, "failed": ["tests.training.test_cuda::test_a"]},
    "bench": {"device": "NVIDIA X1", "dtype": "bfloat16", "peak": 3.1e14, "bandwidth": 4.3e12},
    "training": {"wide": RUN},
    "settings": [],
}
GPU["bench"]["rows"] = [ROW, {**ROW, "name": "champion", "size": 64}]


def on_page(text, limits, loops):
    """Assert that the page has the figures of these machines."""
    for rate in (rate for pair in loops.values() for rate in pair):
        assert re.search(rf"\b{re.escape(f'{rate:,}')}\b", text), rate
    for peak, bandwidth, _ in limits.values():
        assert f"{peak / 2e9:.0f} G" in text and f"{bandwidth / 1e9:.0f} GB a second" in text


def test_each_recorded_figure_is_on_the_page_of_measurements():
    on_page(TEXT, recorded.MEASURED, recorded.LOOPS)


def test_the_page_says_what_was_recorded_on_a_gpu():
    assert page(TEXT, recorded.recorded_gpu()) == TEXT, "run python -m docs.gpu_page"


def test_a_file_is_all_that_a_gpu_needs(tmp_path):
    file = tmp_path / "gpu.json"
    assert recorded.recorded_gpu(file) == {}
    file.write_text(json.dumps(GPU), encoding="utf-8")
    gpu = recorded.recorded_gpu(file)
    limits, loops = recorded.gpu_limits(gpu), recorded.gpu_loops(gpu)
    assert limits == {"C: NVIDIA X1, bfloat16": (6.2e14, 4.3e12, 2)}
    assert loops == {"machine C, 256 px": (412.3, 25678.9)}
    text = page(TEXT, gpu)
    on_page(text, limits, loops)
    assert page(text, gpu) == text and page(text, {}) == page(TEXT, {})
    for said in ("61 of the tests", "`tests.training.test_cuda::test_a`", "97.12% of 2,000"):
        assert said in text
    machines = {**recorded.MEASURED, **limits}
    widget = Roofline({"five": FiveConvCNN}, machines, specified=recorded.SPECIFIED, size=64)
    assert "C: NVIDIA X1, bfloat16" in [machine["name"] for machine in widget.machines]


@pytest.mark.parametrize("missing", [("tests",), ("bench",), ("tests", "bench", "training")])
def test_what_did_not_run_is_left_out(missing):
    gpu = {**GPU, **dict.fromkeys(missing)}
    text = page(TEXT, gpu)
    assert ("of the tests marked" in text) == ("tests" not in missing)
    assert (
        bool(recorded.gpu_limits(gpu)) == bool(recorded.gpu_loops(gpu)) == ("bench" not in missing)
    )


def test_each_training_part_has_a_line_on_the_page():
    assert TITLES.keys() == {part.name for part in PARTS if part.options}
