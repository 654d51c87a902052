"""The weights of exercise 05.2 are trained to where loss and penalty together are lowest."""

import torch

from catdog_lib.exercises.lesson_05_weights import CURVATURE, LAM, LR, _trained
from catdog_lib.sparsity import soft_threshold

BEST = torch.linspace(-1, 1, 101, dtype=torch.float64)
LOWEST = soft_threshold(BEST, LAM / CURVATURE)


def test_proximal_steps_arrive_there():
    assert torch.allclose(_trained(BEST)[1], LOWEST, atol=1e-9)


def test_gradient_steps_jump_to_and_fro_around_it():
    assert (_trained(BEST)[0] - LOWEST).abs().max() < 2 * LR * LAM
