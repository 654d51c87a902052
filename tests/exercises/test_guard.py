"""A call that changes more than its result is refused, and what it changed is put back."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from catdog_lib.exercises import WrongAnswer, check
from catdog_lib.exercises.calling import call
from catdog_lib.exercises.guard import globals_kept


def network():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2), nn.Sequential(nn.Dropout()))
    model[0].register_forward_hook(lambda *_: None)
    return model.eval()


def replaces_train(model):
    model.train = lambda mode=True: model


def replaces_every_train(model):
    nn.Module.train = lambda self, mode=True: self


def trains_backwards(model):
    model(torch.rand(1, 3, 2, 2)).sum().backward()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda model: model[2].train(), r"another mode than before \(training mode\)"),
        (lambda model: model[0].register_forward_hook(print), "Your hook is still there"),
        (lambda model: model[1].register_forward_pre_hook(print), "Your hook is still there"),
        (lambda model: model[0]._forward_hooks.clear(), "somebody else"),
        (replaces_train, "replaced a method of the model"),
        (lambda model: model[0].requires_grad_(False), "changed requires_grad"),
        (lambda model: nn.init.zeros_(model[1].weight), "changed the model's weights"),
        (lambda model: model[1].running_mean.add_(1), "BatchNorm statistics"),
        (trains_backwards, "changed the gradients"),
        (lambda model: torch.set_grad_enabled(False), "switches gradients off for all"),
        (replaces_every_train, "replaced a method of nn.Module"),
        (lambda model: torch.set_default_dtype(torch.float64), "default type"),
        (lambda model: torch.manual_seed(1), "PyTorch's global random numbers"),
        (lambda model: np.random.rand(), "NumPy's global random numbers"),
        (lambda model: random.random(), "Python's global random numbers"),
        (lambda model: setattr(model[0], "kept", 1), "left something .* its attribute 'kept'"),
    ],
)
def test_a_change_is_named_and_global_ones_are_put_back(change, says):
    before = (torch.get_rng_state().sum(), np.random.get_state()[2], random.getstate())
    with globals_kept():
        model = network()
        with pytest.raises(WrongAnswer, match=says):
            call(change, model)
    assert torch.is_grad_enabled() and torch.get_default_dtype() == torch.float32
    assert before == (torch.get_rng_state().sum(), np.random.get_state()[2], random.getstate())


def test_a_part_that_is_put_into_evaluation_mode_is_named_and_so_is_one_in_a_list():
    with globals_kept():
        model = network().train()
        with pytest.raises(WrongAnswer, match=r"another mode than before \(evaluation mode\)"):
            call(lambda models: models[0][1].eval(), [model])


def test_gradients_that_are_switched_on_are_noticed_too():
    with torch.no_grad(), pytest.raises(WrongAnswer, match="switches gradients on for all"):
        call(lambda: torch.set_grad_enabled(True))


def test_a_seed_is_noticed_although_no_number_is_drawn():
    with globals_kept():
        np.random.seed(1)
        with pytest.raises(WrongAnswer, match="NumPy's global random numbers"):
            call(lambda: np.random.seed(0))


def test_drawing_from_pytorchs_random_numbers_is_allowed_and_put_back():
    """Every new layer draws its first weights."""
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    assert call(lambda channels: nn.Linear(channels, 2).out_features, 3) == 2
    assert torch.equal(torch.rand(2), expected)


def test_statistics_of_a_network_in_training_mode_may_move_with_a_forward_pass():
    with globals_kept():
        model = network().train()
        call(lambda model: model(torch.ones(2, 3, 2, 2)), model, draws=True)
        with pytest.raises(WrongAnswer, match="changed the gradients"):
            call(lambda m: m(torch.ones(2, 3, 2, 2)).sum().backward(), model, draws=True)
        model.eval()[1].train()  # the statistics are those of a part
        call(lambda model: model(torch.ones(2, 3, 2, 2)), model)


def test_an_argument_that_is_changed_spoils_no_later_check():
    labels, rows = torch.zeros(3), [1, 2]
    for _ in range(2):
        with pytest.raises(WrongAnswer, match="changed what it was given"):
            call(lambda labels, rows: (labels.add_(1), rows.clear()), labels, rows)
        assert labels.tolist() == [0, 0, 0] and rows == [1, 2]


def test_a_check_puts_back_what_a_class_switched_off():
    def no_gradients():
        torch.set_grad_enabled(False)
        random.seed(0)
        return nn.Conv2d(3, 2, 64)

    before = random.getstate()
    with pytest.raises(WrongAnswer):
        check("03.6", no_gradients)
    assert torch.is_grad_enabled() and random.getstate() == before
