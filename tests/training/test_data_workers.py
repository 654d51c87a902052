"""How many processes decode the photos does not matter to what a network learns from them."""

import os

import joblib
import pytest
import torch

from catdog_lib import data
from catdog_lib.training.fit import Recipe, fit
from tests.data.photo_folders import fill
from tests.tiny import small

RECIPE = Recipe(epochs=2, precision="float32", augment=("flip_and_crop",), seed=3)


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="there is one core, so never two processes")
def test_a_training_run_is_the_same_with_one_data_worker_and_with_two(tmp_path, monkeypatch):
    """Bit for bit: what is decoded, in which order it is trained on, and what is learned."""
    fill(tmp_path / "pets", "{word}s/{i}.png", 130)
    runs = []
    for run, workers in enumerate((1, 2, 2)):
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", str(workers))
        monkeypatch.setenv("CATDOG_CACHE", str(tmp_path / f"cache {run}"))
        assert joblib.cpu_count() == workers
        pets = data.load(tmp_path / "pets", 8, progress=False)
        model = small()
        losses = [epoch.train_loss for epoch in fit(model, pets, RECIPE, progress=False).epochs]
        runs.append((pets.train.names, losses, model.state_dict()))
    names, losses, weights = runs[0]
    for others, same, state in runs[1:]:
        assert (others, same) == (names, losses)
        assert all(torch.equal(state[name], value) for name, value in weights.items())
