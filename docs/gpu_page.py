"""Write what was measured on a GPU into docs/measurements.md: python -m docs.gpu_page

``make test-gpu`` on a machine with a GPU writes figures.json; copied to catdog_lib/bench/gpu.json,
it is what the page, the library and lesson 10 read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catdog_lib.bench.recorded import recorded_gpu

PAGE = Path(__file__).resolve().parent / "measurements.md"
BEGIN, END = "<!-- GPU: written by docs/gpu_page.py -->", "<!-- end of GPU -->"
NONE = (
    "There was no GPU: the tests marked `cuda`, the GPU's rows of `catdog bench` and the larger "
    "champions have never run on one. `make test-gpu` runs them all."
)
TITLES = {
    "champion": "the champion as it is",
    "wide": "three times as wide, up to 160 px",
    "wide_augmented": "the same with TrivialAugment",
    "six_block": "six blocks as their makers trained them",
}


def section(gpu: Mapping[str, Any]) -> str:
    """Return the text about a recorded GPU, in Markdown."""
    if not gpu:
        return NONE
    parts = [
        f"{gpu['device']}, machine C, PyTorch {gpu['torch']}, {gpu['date']}; {gpu['data']}.\n",
        "```\npython -m tests.gpu --data PHOTOS\n```",
    ]
    if tests := gpu["tests"]:
        failed = ", ".join(f"`{name}`" for name in tests["failed"])
        rest = f"{len(tests['failed'])} failed: {failed}" if failed else "none failed"
        parts.append(f"{tests['passed']} of the tests marked `cuda` passed, {rest}.")
    if gpu["bench"]:
        parts.append(_bench(gpu["bench"]))
    if gpu["training"]:
        parts.append(_training(gpu["training"]))
    return "\n\n".join(part.strip() for part in parts)


def _bench(bench: Mapping[str, Any]) -> str:
    """Return the speeds, and the machine's limits."""
    lines = [
        f"Its fastest convolution did {bench['peak'] / 1e9:.0f} G multiply-adds a second in "
        f"{bench['dtype']}; a copy moved {bench['bandwidth'] / 1e9:.0f} GB a second.",
        "",
        "| | plain loop, photos a second | ours | ratio | ours, multiply-adds a second "
        "| share of the measured peak |",
        "|---|---|---|---|---|---|",
    ]
    for row in bench["rows"]:
        lines.append(
            f"| `{row['name']}`, {row['size']} px | {round(row['plain_best'], 1):,} | "
            f"{round(row['ours_best'], 1):,} | {row['ratio']:.1f} | "
            f"{row['multiply_adds_per_second'] / 1e9:,.0f} G | {100 * row['share_of_peak']:.0f}% |"
        )
    return "\n".join(lines)


def _training(trained: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what was trained, one seed each."""
    lines = [
        "| `catdog train`, one seed each | options | test accuracy | training | images a second |",
        "|---|---|---|---|---|",
    ]
    for name, run in trained.items():
        lines.append(
            f"| {TITLES[name]} | `{run['options']}` | {100 * run['test_accuracy']:.2f}% of "
            f"{run['test_images']:,} | {run['train_seconds']:.0f} s, {run['epochs']} epochs | "
            f"{run['images_per_second']:,.0f} |"
        )
    return "\n".join(lines)


def page(text: str, gpu: Mapping[str, Any]) -> str:
    """Return docs/measurements.md with the section about the GPU written again."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{section(gpu)}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    written = page(PAGE.read_text(encoding="utf-8"), recorded_gpu())
    PAGE.write_text(written, encoding="utf-8")
