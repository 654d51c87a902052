"""The front: which checks run for which inputs, and what a diagnosis says."""

import json

import pytest

from catdog_lib.diagnose import CHECKS, Finding, diagnose
from catdog_lib.diagnose.finding import certainty_of, surest_first
from catdog_lib.errors import CatdogError


def test_a_check_runs_when_its_inputs_are_there():
    answer = diagnose(first_loss=22.2, batch_size=32, train_images=None)
    assert answer.checks == ("unusual_first_loss",)
    assert "32 × ln 2" in answer.findings[0].saw, "an optional input goes to the check, too"
    assert answer.left_out["leaked_images"] == "needs train_images, test_images"
    assert set(answer.left_out) == set(CHECKS) - {"unusual_first_loss"}


def test_an_unknown_input_is_named_with_those_that_there_are():
    with pytest.raises(CatdogError, match=r"No check takes 'imagse'.*train_images"):
        diagnose(imagse=1)


def test_what_is_found_is_data_and_text():
    found = diagnose(first_loss=2.3)
    assert json.loads(json.dumps(found.as_dict()))["findings"][0]["numbers"]["first_loss"] == 2.3
    first, second, third, last = str(found).splitlines()
    assert first == "likely: unusual first loss" and "2.300" in second and "→" in third
    assert last == "1 check, 1 finding."
    assert str(diagnose(first_loss=0.7)) == "1 check, nothing found."


def test_the_surest_finding_comes_first():
    named = [Finding(name, "", name, "") for name in ("possible", "certain", "likely")]
    assert [f.check for f in surest_first(named)] == ["certain", "likely", "possible"]


@pytest.mark.parametrize(
    ("p_value", "certainty"), [(0.0, "certain"), (1e-5, "likely"), (0.01, None)]
)
def test_how_sure_a_check_is_follows_from_the_probability(p_value, certainty):
    assert certainty_of(p_value) == certainty
