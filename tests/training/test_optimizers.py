"""Optimizers by name, what they decay, and Muon against its formula written by hand."""

import pytest
import torch
from torch import nn

from catdog_lib.errors import CatdogError
from catdog_lib.training import optimizers as choose
from catdog_lib.training.fit import fit
from catdog_lib.training.history import History
from catdog_lib.training.muon import Muon, newton_schulz
from catdog_lib.training.optimizers import OPTIMIZERS, make_optimizer, parameter_groups
from catdog_lib.training.recipe import Recipe
from tests.tiny import batch, copies, plain, small, splits


def give_gradients(model: nn.Module, seed: int = 0) -> list[torch.Tensor]:
    """A random gradient for every parameter; they are returned too."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    return copies(p.grad for p in model.parameters())


class TestByName:
    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_every_one_trains_a_network(self, name):
        model = plain()
        before = copies(model.parameters())
        recipe = Recipe(epochs=1, optimizer=name, lr=0.01, precision="float32")
        assert len(fit(model, splits(), recipe, progress=False).epochs) == 1
        assert not any(
            torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)
        ), "every parameter moves"

    @pytest.mark.parametrize("name", ["SGD", "adam", "ADAMW", "RMSprop", "NAdam", "Muon"])
    def test_in_any_case_with_the_rate_asked_for(self, name):
        made = make_optimizer(name, small(), 0.01)
        assert type(made).__name__.lower() == name.lower() and made.param_groups[0]["lr"] == 0.01

    def test_muon_is_ours(self):
        assert type(make_optimizer("muon", small(), 0.01)) is Muon

    @pytest.mark.parametrize("name", ["Adom", "LBFGS", "Optimizer", "SparseAdam", ""])
    def test_another_name_is_refused_with_the_names_there_are(self, name):
        with pytest.raises(
            CatdogError, match=rf"no optimizer '{name}'.*Adam, .*Muon, .*SGD"
        ) as refusal:
            make_optimizer(name, small(), 0.01)
        assert "LBFGS" not in str(refusal.value).split("use one of")[1]

    def test_one_that_does_not_take_the_model_says_so(self):
        with pytest.raises(CatdogError, match=r"optimizer Adam does not take this model .*rate"):
            make_optimizer("Adam", small(), -1.0)


class TestDecay:
    def test_weights_are_in_the_decayed_group_and_the_rest_in_the_other(self):
        model = small()
        decayed, spared = parameter_groups(model, 0.1)
        assert decayed["weight_decay"] == 0.1 and spared["weight_decay"] == 0
        names = {id(p): name for name, p in model.named_parameters()}
        assert [names[id(p)] for p in decayed["params"]] == ["1.weight", "5.weight"]
        assert [names[id(p)] for p in spared["params"]] == [
            "1.bias",
            "2.weight",
            "2.bias",
            "5.bias",
        ]

    @pytest.mark.parametrize("name", ["SGD", "AdamW", "Muon"])
    def test_it_shrinks_the_weights_and_leaves_biases_and_norms(self, name):
        """Without a gradient, all that moves a parameter is its decay: × (1 − lr · decay)."""
        model = small()
        with torch.no_grad():
            for p in model.parameters():
                p.fill_(2.0)
        optimizer = make_optimizer(name, model, 0.1, weight_decay=0.5)
        for p in model.parameters():
            p.grad = torch.zeros_like(p)
        optimizer.step()
        for p in model.parameters():
            expected = 2.0 * (1 - 0.1 * 0.5) if p.ndim > 1 else 2.0
            torch.testing.assert_close(p, torch.full_like(p, expected))

    def test_without_decay_asked_for_there_is_none(self):
        """Although AdamW's own is 0.01."""
        optimizer = make_optimizer("AdamW", small(), 0.1)
        assert [group["weight_decay"] for group in optimizer.param_groups] == [0, 0]

    def test_an_optimizer_without_decay_refuses_it(self):
        with pytest.raises(CatdogError, match="Rprop has no weight decay; leave weight_decay"):
            make_optimizer("Rprop", small(), 0.1, weight_decay=0.1)
        make_optimizer("Rprop", small(), 0.1)

    def test_frozen_parameters_are_in_no_group_and_stay(self):
        model = small()
        model[1].weight.requires_grad_(False)
        groups = parameter_groups(model, 0.1)
        assert all(p is not model[1].weight for group in groups for p in group["params"])
        before = model[1].weight.clone()
        recipe = Recipe(
            epochs=1, optimizer="sgd", lr=0.1, weight_decay=0.5, ema_decay=0.5, precision="float32"
        )
        fit(model, splits(), recipe, progress=False)
        assert torch.equal(before, model[1].weight)


class TestMomentum:
    def test_sgds_is_nesterovs(self):
        """Sutskever and others 2013: v ← μ v + g, then w ← w − lr · (g + μ v)."""
        model = small()
        optimizer = make_optimizer("sgd", model, 0.1, momentum=0.8)
        weights = copies(model.parameters())
        speeds = [torch.zeros_like(w) for w in weights]
        for seed in range(4):
            for i, gradient in enumerate(give_gradients(model, seed)):
                speeds[i] = 0.8 * speeds[i] + gradient
                weights[i] -= 0.1 * (gradient + 0.8 * speeds[i])
            optimizer.step()
        for mine, theirs in zip(weights, model.parameters(), strict=True):
            torch.testing.assert_close(mine, theirs.data)

    @pytest.mark.parametrize("momentum", [None, 0.0])
    def test_none_and_nothing_leave_sgd_plain(self, momentum):
        model = small()
        before = copies(model.parameters())
        optimizer = make_optimizer("sgd", model, 0.1, momentum=momentum)
        for seed in range(2):
            gradients = give_gradients(model, seed)
            optimizer.step()
            before = [w - 0.1 * g for w, g in zip(before, gradients, strict=True)]
        for mine, theirs in zip(before, model.parameters(), strict=True):
            torch.testing.assert_close(mine, theirs.data)

    def test_rmsprops_and_muons_are_set_and_default_otherwise(self):
        for name, own in (("RMSprop", 0), ("Muon", 0.9)):
            assert make_optimizer(name, small(), 0.1).param_groups[0]["momentum"] == own
            set_ = make_optimizer(name, small(), 0.1, momentum=0.7)
            assert {group["momentum"] for group in set_.param_groups} == {0.7}

    def test_an_optimizer_without_one_refuses_it(self):
        with pytest.raises(CatdogError, match="Adam has no momentum; leave momentum out"):
            make_optimizer("Adam", small(), 0.1, momentum=0.9)


class TestRates:
    def test_muons_vectors_learn_sixteen_times_as_fast(self):
        rates = [group["lr"] for group in make_optimizer("muon", small(), 0.01).param_groups]
        assert rates == [0.01, pytest.approx(0.16)]
        assert {group["lr"] for group in make_optimizer("sgd", small(), 0.01).param_groups} == {
            0.01
        }

    def test_each_stage_below_the_last_one_learns_more_slowly(self):
        model = small()
        model.stages = [("first", model[1]), ("middle", model[2]), ("last", model[5])]
        rates = {}
        for group in make_optimizer("sgd", model, 0.8, lr_decay=0.5).param_groups:
            rates.update({id(parameter): group["lr"] for parameter in group["params"]})
        expected = {1: 0.2, 2: 0.4, 5: 0.8}
        assert len(rates) == 6
        for layer, rate in expected.items():
            assert {rates[id(parameter)] for parameter in model[layer].parameters()} == {rate}

    def test_a_model_without_stages_has_one_rate_for_all(self):
        with pytest.raises(CatdogError, match=r"^lr_decay is 0\.5, and Sequential is not cut into"):
            make_optimizer("sgd", small(), 0.1, lr_decay=0.5)

    @pytest.mark.parametrize(
        ("asked", "taken"),
        [
            (torch.bfloat16, torch.bfloat16),
            (torch.float32, torch.float32),
            (torch.float16, torch.float32),  # its range is too small for the products
        ],
    )
    def test_muons_products_follow_the_number_format_of_the_convolutions(self, asked, taken):
        groups = make_optimizer("muon", small(), 0.1, dtype=asked).param_groups
        assert {group["dtype"] for group in groups} == {taken}


class TestFused:
    @pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Adagrad"])
    def test_it_is_taken_where_there_is_one(self, name):
        assert all(group["fused"] for group in make_optimizer(name, small(), 0.1).param_groups)

    @pytest.mark.parametrize("error", [RuntimeError, ValueError])
    def test_where_it_does_not_run_the_usual_form_does_the_same(self, monkeypatch, error):
        class Stubborn(torch.optim.SGD):
            def __init__(
                self, params, lr, momentum=0, weight_decay=0, *, nesterov=False, fused=None
            ):
                super().__init__(
                    params, lr, momentum, weight_decay=weight_decay, nesterov=nesterov
                )  # takes hold of the groups, as PyTorch's own do before they refuse
                if fused:
                    raise error("not on this device")

        monkeypatch.setitem(choose.OPTIMIZERS, "stubborn", Stubborn)
        results = []
        for name in ("stubborn", "sgd"):
            model = small()
            optimizer = make_optimizer(name, model, 0.1, 0.9, weight_decay=0.1)
            assert bool(optimizer.param_groups[0]["fused"]) == (name == "sgd")
            for seed in range(3):
                give_gradients(model, seed)
                optimizer.step()
            results.append(copies(model.parameters()))
        for one, other in zip(*results, strict=True):
            torch.testing.assert_close(one, other)


def direction(matrix: torch.Tensor) -> torch.Tensor:
    """U Vᵀ of U S Vᵀ, exactly, and scaled for a layer with many outputs."""
    u, _, v = torch.linalg.svd(matrix.double(), full_matrices=False)
    return u @ v * max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    return torch.cosine_similarity(a.double().flatten(), b.double().flatten(), dim=0).item()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
class TestOrthogonalized:
    def test_singular_values_end_near_1_whatever_the_shape_and_scale(self, dtype):
        """All that are above a fortieth of the matrix's norm."""
        generator = torch.Generator().manual_seed(0)
        shapes = [(1, 40), (40, 1), (8, 8), (100, 30), (30, 100), (150, 8), (8, 150)]
        shapes += torch.randint(1, 120, (60, 2), generator=generator).tolist()
        for number, (rows, columns) in enumerate(shapes):
            scale = 10.0 ** (number % 7 - 3)
            matrix = scale * torch.randn(rows, columns, generator=generator)
            found = newton_schulz(matrix, dtype)
            assert found.shape == matrix.shape and found.dtype == torch.float32
            before = torch.linalg.svdvals(matrix)
            after = torch.linalg.svdvals(found.double()) / max(1, rows / columns) ** 0.5
            strong = int((before > before.norm() / 40).sum())
            assert strong >= 0.7 * min(rows, columns), (rows, columns)
            assert (after > 0.63).sum() >= strong and after.max() < 1.25, (rows, columns)
            assert cosine(found, direction(matrix)) > 0.95, (rows, columns)

    def test_each_direction_keeps_its_sign_and_loses_its_strength(self, dtype):
        """Singular values of 1, ½, 0.1 and 0.03, on directions that are known."""
        generator = torch.Generator().manual_seed(1)
        strengths = torch.tensor([1.0, 0.5, 0.1, 0.03], dtype=torch.float64)
        left, right = (
            torch.linalg.qr(torch.randn(n, 4, generator=generator, dtype=torch.float64))[0]
            for n in (20, 30)
        )
        for matrix in ((left * strengths) @ right.T, ((left * strengths) @ right.T).T):
            u, v = (left, right) if matrix.shape == (20, 30) else (right, left)
            found = newton_schulz(matrix.float(), dtype).double() / max(1, len(u) / len(v)) ** 0.5
            along = (u.T @ found @ v).diagonal()
            assert (along > 0.63).all() and (along < 1.25).all(), along

    @pytest.mark.parametrize("rank", [1, 3])
    def test_a_matrix_with_fewer_directions_than_rows_stays_small_and_finite(self, dtype, rank):
        generator = torch.Generator().manual_seed(2)
        matrix = torch.randn(24, rank, generator=generator) @ torch.randn(
            rank, 40, generator=generator
        )
        found = newton_schulz(matrix, dtype)
        u, _, v = torch.linalg.svd(matrix)
        along = (u.T @ found @ v.T).diagonal()[:rank]
        assert found.isfinite().all() and torch.linalg.svdvals(found).max() < 1.25
        assert (along > 0.6).all()

    @pytest.mark.parametrize("shape", [(3, 5), (5, 3)])
    def test_no_gradient_gives_no_change(self, dtype, shape):
        assert torch.equal(newton_schulz(torch.zeros(shape), dtype), torch.zeros(shape))

    def test_three_steps_of_the_published_polynomial(self, dtype):
        """A matrix of one number has one singular value, 1 after the division by the norm."""
        value = 1.0
        for _ in range(3):
            value = 3.4445 * value - 4.7750 * value**3 + 2.0315 * value**5
        found = newton_schulz(torch.tensor([[-20.0]]), dtype)
        assert found.item() == pytest.approx(-value, rel=1e-5 if dtype == torch.float32 else 2e-2)

    def test_a_layer_with_many_outputs_gets_a_larger_step(self, dtype):
        matrix = torch.eye(4).repeat(9, 1)  # 36×4, singular values 3
        found = torch.linalg.svdvals(newton_schulz(matrix, dtype))
        assert (found / 3 > 0.63).all() and (found / 3 < 1.25).all()


class TestMuon:
    def test_the_step_is_the_formula(self):
        """A matrix's update is made orthogonal; a vector's rate is 16 times as high.

        buffer ← μ·buffer + (1−μ)·g; update = (1−μ)·g + μ·buffer; w ← (1 − lr·decay)·w − lr·update.
        """
        model = small()
        optimizer = make_optimizer("muon", model, 0.02, momentum=0.8, weight_decay=0.5)
        weights = copies(model.parameters())
        averages = [torch.zeros_like(w) for w in weights]
        for seed in range(4):
            for i, gradient in enumerate(give_gradients(model, seed)):
                averages[i] = 0.8 * averages[i] + 0.2 * gradient
                change = 0.2 * gradient + 0.8 * averages[i]
                if gradient.ndim > 1:
                    rows = gradient.shape[0]
                    change = newton_schulz(change.reshape(rows, -1)).reshape(gradient.shape)
                    weights[i] = (1 - 0.02 * 0.5) * weights[i] - 0.02 * change
                else:
                    weights[i] = weights[i] - 16 * 0.02 * change
            optimizer.step()
        for mine, theirs in zip(weights, model.parameters(), strict=True):
            torch.testing.assert_close(mine, theirs.data, atol=1e-5, rtol=0)

    def test_a_convolutions_matrix_has_a_row_for_each_output_channel(self):
        conv = nn.Conv2d(3, 5, 3, bias=False).to(memory_format=torch.channels_last)
        before = conv.weight.detach().clone()
        (gradient,) = give_gradients(conv)
        Muon(conv.parameters(), lr=1.0).step()
        change = (before - conv.weight.detach()).reshape(5, 27)
        assert cosine(change, direction(gradient.reshape(5, 27))) > 0.98
        assert (
            cosine(
                change,
                direction(gradient.movedim(1, 0).reshape(3, 45))
                .reshape(3, 5, 9)
                .movedim(0, 1)
                .reshape(5, 27),
            )
            < 0.98
        )

    def test_a_vector_takes_plain_steps(self):
        layer = nn.Linear(3, 4)
        before = layer.bias.detach().clone()
        gradient = give_gradients(layer)[1]
        Muon([layer.bias], lr=0.5, momentum=0.0).step()
        torch.testing.assert_close(layer.bias.data, before - 0.5 * gradient)

    def test_a_parameter_without_gradient_stays(self):
        layer = nn.Linear(3, 4)
        before = copies(layer.parameters())
        optimizer = Muon(layer.parameters(), lr=0.5, weight_decay=0.5)
        optimizer.step()
        assert all(torch.equal(a, b) for a, b in zip(before, layer.parameters(), strict=True))
        assert not optimizer.state
        layer.bias.grad = torch.ones(4)  # the bias comes after the weight, which has none
        optimizer.step()
        assert torch.equal(before[0], layer.weight) and not torch.equal(before[1], layer.bias)

    def test_a_group_without_gradients_does_not_stop_the_next_one(self):
        layer = nn.Linear(3, 4)
        before = copies(layer.parameters())
        layer.bias.grad = torch.ones(4)
        Muon([{"params": [layer.weight]}, {"params": [layer.bias]}], lr=0.5).step()
        assert torch.equal(before[0], layer.weight) and not torch.equal(before[1], layer.bias)

    def test_saved_and_loaded_it_goes_on_as_if_nothing_had_happened(self):
        runs = []
        for stop in (False, True):
            model = small()
            optimizer = make_optimizer("muon", model, 0.05, weight_decay=0.1)
            for seed in range(6):
                if stop and seed == 3:
                    saved = optimizer.state_dict()
                    optimizer = make_optimizer("muon", model, 9.9)
                    optimizer.load_state_dict(saved)
                give_gradients(model, seed)
                optimizer.step()
            runs.append(copies(model.parameters()))
        assert all(torch.equal(a, b) for a, b in zip(*runs, strict=True))

    def test_it_learns(self):
        model, (images, labels) = small(), batch(40)
        optimizer = make_optimizer("muon", model, 0.03)
        losses = []
        for _ in range(15):
            loss = nn.functional.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[-1] < 0.25 * losses[0]


def test_muons_step_calls_a_function_that_computes_the_gradients():
    weight = nn.Parameter(torch.ones(2, 2))
    optimizer = Muon([weight], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = weight.square().sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 4
    assert (weight < 1).all() and optimizer.step() is None


def test_a_history_without_an_epoch_has_no_best_one():
    with pytest.raises(CatdogError, match="No epoch has been completed"):
        History().best  # noqa: B018
