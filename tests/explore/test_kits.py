"""The shared JavaScript: numbers as text, and colours."""

from __future__ import annotations

import numpy as np

from tests.explore.javascript import in_javascript


def test_weights_are_read_as_they_are_written(tmp_path):
    texts = ["1/9", "-1", "−0.5", ",25", " 2 ", "+3", "", "-", "x", "1/0", "1e3", "9" * 7]
    expected = [1 / 9, -1, -0.5, 0.25, 2, 3, *[None] * 6]  # JSON's null for NaN
    assert in_javascript("format.js", "t => js.parseWeight(t)", texts, tmp_path) == expected
    values = [1 / 9, -2 / 9, 0.25, 1 / 16, 0, -1, 2.5, 0.123456, 0.00123]
    words = ["1/9", "−2/9", "0.25", "1/16", "0", "−1", "2.5", "0.12", "0.0012"]
    assert in_javascript("format.js", "v => js.formatWeight(v)", values, tmp_path) == words


def test_numbers_in_small_squares_are_short(tmp_path):
    values = [0.5, -0.25, 25.333, 123.456, -1020, 9.999, 99.96, -0.001]
    words = [".5", "−.25", "25.3", "123", "−1020", "10", "100", "0"]
    assert in_javascript("format.js", "v => js.formatShort(v)", values, tmp_path) == words


def test_decimal_numbers_are_read_and_nothing_else(tmp_path):
    texts = ["0.5", ",5", "−2", " 1e-3 ", "7.", "", " ", "0x1", "1 2", "abc", "Infinity"]
    expected = [0.5, 0.5, -2, 0.001, 7, *[None] * 6]
    assert in_javascript("format.js", "t => js.parseDecimal(t)", texts, tmp_path) == expected


def test_very_large_numbers_have_a_power_of_ten(tmp_path):
    values = [999_999, 35_512_345, -1.6e7, 1.3492475665341843e21]
    words = ["1000000", "3.55·10⁷", "−1.60·10⁷", "1.35·10²¹"]
    assert in_javascript("format.js", "v => js.significant(v, 3)", values, tmp_path) == words


def test_numbers_can_be_read_on_their_colours(tmp_path):
    """Check WCAG's contrast of 4.5 between each colour of a cell and the ink on it."""

    def luminance(colour):
        shares = [c / 255 for c in colour]
        linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    shares = np.linspace(-1, 1, 81).tolist()
    code = "s => [js.grey(s), js.diverging(s)].map(c => [c, js.inkOn(c)])"
    for pairs in in_javascript("colour.js", code, shares, tmp_path):
        for colour, ink in pairs:
            lights = sorted([luminance(colour), 0.0 if ink == "#000" else 1.0])
            assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5, colour
