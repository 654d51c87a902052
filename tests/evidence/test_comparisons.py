"""Verdicts: Student's t by a table, intervals that hold the truth as often as they say."""

import pytest
import torch

from catdog_lib.errors import CatdogError
from catdog_lib.evidence import compare_crossed, compare_paired, compare_unpaired
from catdog_lib.evidence.comparisons import Comparison, t_quantile


@pytest.mark.parametrize(
    ("degrees", "quantile"), [(1, 12.706), (2, 4.303), (4, 2.776), (7, 2.365), (1e9, 1.960)]
)
def test_t_is_that_of_the_tables(degrees, quantile):
    assert t_quantile(degrees) == pytest.approx(quantile, abs=5e-4)


def test_a_paired_comparison_by_hand():
    found = compare_paired([3.0, 5.0, 7.0], [1.0, 4.0, 4.0], " points")  # differences 2, 1, 3
    assert found.difference == 2
    assert found.margin == pytest.approx(4.3027 / 3**0.5, abs=1e-4)
    assert (
        str(found)
        == "+2.0 points (95% interval −0.5 to +4.5, 3 pairs): no more than chance explains"
    )


@pytest.mark.parametrize(
    ("difference", "margin", "said"),
    [
        (-32.52, 37.6, "−33 points (95% interval −70 to +5, 3 pairs)"),
        (-0.02, 1.2, "+0.0 points (95% interval −1.2 to +1.2, 3 pairs)"),
        (0.01234, 0.0051, "+0.0123 points (95% interval +0.0072 to +0.0174, 3 pairs)"),
        (-19.6, 19.2, "−19.6 points (95% interval −38.8 to −0.4, 3 pairs)"),
        (19.6, 19.59, "+19.60 points (95% interval +0.01 to +39.19, 3 pairs)"),
        (19.6, 19.6, "+20 points (95% interval +0 to +39, 3 pairs)"),
        (0.0, 0.0, "+0 points (no spread, 3 pairs)"),
        (-2.0, float("inf"), "−2 points"),
    ],
)
def test_numbers_have_the_decimals_that_their_margin_allows(difference, margin, said):
    found = Comparison(difference, margin, "3 pairs", " points")
    assert str(found) == f"{said}: {found.verdict}"


def test_pairs_see_what_their_seeds_hide():
    seeds = torch.tensor([70.0, 80.0, 90.0, 75.0])
    better = seeds + torch.tensor([1.0, 1.1, 0.9, 1.0])
    assert compare_paired(better, seeds).verdict == "larger"
    assert compare_paired(seeds, better).verdict == "smaller"
    assert compare_unpaired(better, seeds).verdict == "no more than chance explains"


@pytest.mark.parametrize("compare", [compare_paired, compare_unpaired])
def test_one_run_decides_nothing(compare):
    found = compare([0.9], [0.5])
    assert found.verdict == "one run decides nothing"
    assert str(found) == "+0.4: one run decides nothing"


def test_no_difference_at_all_is_no_verdict():
    assert compare_paired([0.5] * 3, [0.5] * 3).verdict == "no more than chance explains"
    assert compare_unpaired([0.5] * 3, [0.5] * 3).verdict == "no more than chance explains"


@pytest.mark.parametrize(
    ("difference", "count", "verdict"),
    [
        (5.5, 2, "no more than chance explains"),
        (1.5, 3, "no more than chance explains"),
        (-100.0, 3, "smaller"),
        (1.5, 6, "larger"),
    ],
)
def test_equal_differences_have_the_spread_of_a_step(difference, count, verdict):
    """Accuracies on 200 images come in steps of half a point, so equal ones are no rarity."""
    second = torch.arange(count, dtype=torch.float64) / 3 + 60.5
    found = compare_paired(second + difference, second, " points")  # equal but for rounding
    assert found.verdict == verdict and "no spread" not in str(found)


def runs(kind: str, generator: torch.Generator) -> tuple:
    """Two ways that do not differ."""
    if kind == "crossed":
        seeds = torch.randn(2, 5, 1, generator=generator)
        images = torch.randn(2, 1, 40, generator=generator)
        return tuple(seeds + images + torch.randn(2, 5, 40, generator=generator))
    return tuple(torch.randn(2, 4, generator=generator))


@pytest.mark.parametrize(
    ("kind", "compare"),
    [("paired", compare_paired), ("unpaired", compare_unpaired), ("crossed", compare_crossed)],
)
def test_equal_ways_are_told_apart_in_a_twentieth_of_cases_at_most(kind, compare):
    generator = torch.Generator().manual_seed(0)
    verdicts = [compare(*runs(kind, generator)).verdict for _ in range(2000)]
    wrong = sum(verdict in ("larger", "smaller") for verdict in verdicts) / 2000
    assert 0.005 < wrong < 0.065  # with 2 in place of t, four pairs would give 0.14


def test_a_crossed_difference_that_one_image_makes_is_chance():
    second = torch.zeros(6, 30)
    first = second.clone()
    first[:, 0] = 1  # each seed says so, but it is one image of thirty
    assert compare_crossed(first, second).verdict == "no more than chance explains"
    assert compare_paired(first.mean(1), second.mean(1)).verdict == "larger"


@pytest.mark.parametrize(
    ("compare", "values", "says"),
    [
        (compare_paired, ([1.0, 2.0], [1.0]), "2 numbers cannot be paired with 1"),
        (compare_paired, ([], []), "no run to compare"),
        (compare_unpaired, ([], [1.0]), "no run to compare"),
        (compare_paired, ([float("nan"), 1.0], [1.0, 2.0]), "infinite or nan"),
        (compare_crossed, (torch.zeros(2, 3), torch.zeros(3, 2)), r"\(2, 3\) and \(3, 2\)"),
        (compare_crossed, (torch.full((2, 2), torch.nan), torch.zeros(2, 2)), "infinite or nan"),
        (compare_crossed, (torch.zeros(3), torch.zeros(3)), "two tables of seeds × images"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(compare, values, says):
    with pytest.raises(CatdogError, match=says):
        compare(*values)
