"""Claims: silent for a student, an error in the tests, collected for several seeds."""

import json

import pytest

from catdog_lib import budget
from catdog_lib.errors import CatdogError
from catdog_lib.evidence import claim, claims
from docs.measure_claims import BEGIN, END, PAGE, page, reseed


@pytest.fixture(autouse=True)
def known(monkeypatch, tmp_path):
    """Register one claim, at quick, on sketches."""
    file = tmp_path / "registered.json"
    values = {"03.accuracy": {"quick": {"sketches": [0.818, 0.82, 0.822]}}}
    file.write_text(json.dumps(values), encoding="utf-8")
    monkeypatch.setattr(claims, "REGISTERED", file)
    monkeypatch.setenv("CATDOG_BUDGET", "quick")
    monkeypatch.setenv("CATDOG_CLAIMS", "check")
    budget.current.cache_clear()
    claims.registered.cache_clear()
    yield
    budget.current.cache_clear()
    claims.registered.cache_clear()


def test_a_value_in_its_band_passes_and_one_outside_does_not():
    low, high = claims.band([0.818, 0.82, 0.822])
    assert (low, high) == pytest.approx((0.82 - 0.073 - 0.041, 0.82 + 0.073 + 0.041), abs=1e-3)
    claim("03.accuracy", high - 0.001, "sketches")
    with pytest.raises(CatdogError, match=r"03.accuracy is 0.95 at quick on sketches"):
        claim("03.accuracy", 0.95, "sketches")
    with pytest.raises(CatdogError, match="lead to expect"):
        claim("03.accuracy", 0.5, "sketches")


def test_a_claim_that_nobody_measured_is_an_error_but_another_kind_of_images_is_not():
    with pytest.raises(CatdogError, match=r"'03\.speed' is not registered"):
        claim("03.speed", 1.0, "sketches")
    claim("03.accuracy", 0.1, "some/folder")


def test_a_student_never_hears_of_it(monkeypatch, capsys):
    monkeypatch.delenv("CATDOG_CLAIMS")
    claim("03.accuracy", 0.1, "sketches")
    claim("never registered", 0.1)
    assert capsys.readouterr() == ("", "")


def test_claims_are_collected(monkeypatch, tmp_path):
    monkeypatch.setenv("CATDOG_CLAIMS", str(tmp_path / "found"))
    claim("03.accuracy", 0.5, "some/folder")
    assert json.loads((tmp_path / "found").read_text()) == {
        "name": "03.accuracy", "budget": "quick", "kind": "photos", "value": 0.5
    }  # as it is written  # fmt: skip


def test_seeds_are_shifted_but_not_in_compared_cells():
    code = "torch.manual_seed(3)\nmixed = train.sample(9, seed=12)\nfor seed in range(3): seed = 4"
    assert reseed(code, 0) == code
    assert "manual_seed(203)" in reseed(code, 2) and "seed=212" in reseed(code, 2)
    assert "range(3): seed = 4" in reseed(code, 2)
    compared = "# NBVAL_CHECK_OUTPUT\n" + code
    assert reseed(compared, 2) == compared


def test_the_page_shows_what_is_registered(monkeypatch):
    monkeypatch.undo()
    text = PAGE.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    assert page(text) == text, "run python docs/measure_claims.py"
