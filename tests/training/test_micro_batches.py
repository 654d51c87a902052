"""What a step adds up: the loss of each shard and micro-batch, and what the weights have to pay."""

import pytest
import torch
import torch.nn.functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.sparsity import group_l1_penalty, l1_penalty
from catdog_lib.training.distributed import DistributedContext
from catdog_lib.training.micro_batches import backward, backward_with_oom_retry, weight_penalty
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.trainer import Trainer
from tests.tiny import batch, copies, plain


def trainer(**recipe) -> Trainer:
    return Trainer(plain(), Recipe(precision="float32", **recipe), None, torch.device("cpu"), 3)


def gradients_of_the_mean(count: int) -> list[torch.Tensor]:
    model = plain()
    images, targets = batch(count)
    F.cross_entropy(model(images), targets).backward()
    return copies(p.grad for p in model.parameters())


def assert_gradients(run: Trainer, expected: list[torch.Tensor]) -> None:
    for parameter, gradient in zip(run.model.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_a_shard_counts_once_more_for_each_other_process_since_their_mean_is_taken():
    one_of_two = trainer()
    one_of_two.dist, one_of_two.batch_size = DistributedContext(0, 2), 8
    backward(one_of_two, one_of_two.model, *batch(4))
    assert_gradients(one_of_two, gradients_of_the_mean(4))


def test_several_processes_do_not_try_again_with_smaller_micro_batches():
    sizes, one_of_two = [], trainer()
    one_of_two.dist, one_of_two.batch_size = DistributedContext(0, 2), 8

    def run_out(module, inputs):
        sizes.append(len(inputs[0]))
        raise torch.OutOfMemoryError

    one_of_two.model.register_forward_pre_hook(run_out)
    with pytest.raises(CatdogError, match="too small for 4 images at once"):
        backward_with_oom_retry(one_of_two, one_of_two.model, *batch(4))
    assert sizes == [4]


def test_proximal_steps_pay_for_the_weights_themselves():
    run = trainer(penalty="proximal", l1=0.1)
    backward(run, run.model, *batch(4))
    assert_gradients(run, gradients_of_the_mean(4))


def test_the_weights_pay_what_the_recipe_says():
    model = plain()
    assert weight_penalty(model, Recipe()) == 0
    both = weight_penalty(model, Recipe(l1=0.1, group_l1=0.2))
    torch.testing.assert_close(both, 0.1 * l1_penalty(model) + 0.2 * group_l1_penalty(model))
