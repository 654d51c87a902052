"""Several processes train as one does: real processes, against this one."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from catdog_lib import models
from catdog_lib.data.loading import load
from catdog_lib.errors import CatdogError
from catdog_lib.runs.run_folder import load_run
from catdog_lib.sketches import draw_image
from catdog_lib.training import distributed
from catdog_lib.training.distributed import DistributedContext
from catdog_lib.training.evaluate import evaluate as measure
from catdog_lib.training.sync_batchnorm import SyncBatchNorm, synchronise
from tests.training.distributed_cases import CASES, outcome

ROOT = Path(__file__).parents[2]


def start(*command, **environment) -> subprocess.Popen:
    if os.name == "nt":
        pytest.skip("torchrun does not run on Windows")
    return subprocess.Popen(
        [sys.executable, "-m", *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", **environment},
        # A background shell, such as CI's, lets its children ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def torchrun(*command, **environment) -> subprocess.Popen:
    """``torchrun --nproc-per-node=2 -m …``, at a free port."""
    return start(
        "torch.distributed.run",
        "--nproc-per-node=2",
        "--rdzv-backend=c10d",
        "--rdzv-endpoint=localhost:0",
        "-m",
        *command,
        **environment,
    )


def end(process: subprocess.Popen) -> tuple[str, str]:
    try:
        return process.communicate(timeout=300)
    finally:
        process.kill()


@pytest.fixture(scope="module")
def by_two(tmp_path_factory) -> Path:
    """Return what two processes wrote, started as torchrun does, without its start-up time."""
    folder = tmp_path_factory.mktemp("processes")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    processes = [
        start(
            "tests.training.distributed_cases",
            folder,
            WORLD_SIZE="2",
            RANK=rank,
            LOCAL_RANK=rank,
            MASTER_ADDR="localhost",
            MASTER_PORT=port,
        )
        for rank in "01"
    ]
    errors = [end(process)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "".join(errors)
    return folder


@pytest.mark.parametrize("case", CASES)
def test_two_processes_do_what_one_does(by_two, case):
    alone = outcome(case)
    first, second = (
        torch.load(by_two / f"{case}.{rank}.pt", weights_only=True) for rank in range(2)
    )
    for name in ("losses", "hits"):
        torch.testing.assert_close(
            torch.tensor(first[name]), torch.tensor(alone[name]), rtol=1e-4, atol=1e-5
        )
        assert first[name] == second[name]
    assert list(first["weights"]) == list(alone["weights"]), "it loads into a plain network"
    for name, value in alone["weights"].items():
        assert torch.equal(first["weights"][name], second["weights"][name]), name
        torch.testing.assert_close(first["weights"][name], value, rtol=1e-4, atol=2e-5)
    for name in ("logits", "one"):  # seven images, and one, for two processes
        assert first[name].shape == alone[name].shape
        assert torch.equal(first[name], second[name])
        torch.testing.assert_close(first[name], alone[name], rtol=1e-3, atol=1e-4)


def test_resumed_equals_uninterrupted_with_two_processes_too(by_two):
    first, second = (
        torch.load(by_two / f"resumed.{rank}.pt", weights_only=True) for rank in range(2)
    )
    for name, value in first["uninterrupted"].items():
        assert torch.equal(first["resumed"][name], value), name
        assert torch.equal(second["resumed"][name], value), name
    assert not torch.equal(first["interrupted"]["1.weight"], first["resumed"]["1.weight"])


def test_the_first_decodes_and_decides_for_all(by_two):
    first, second = (torch.load(by_two / f"manners.{rank}.pt") for rank in range(2))
    assert not first["found"] and second["found"]
    assert first["agreed"] == second["agreed"] == "said by 0"


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("micro_batches", [1, 2, 3])
def test_the_shards_are_the_batch_each_image_once(size, micro_batches):
    for count in range(micro_batches, 12):
        rows = torch.arange(count)
        contexts = [DistributedContext(rank, size) for rank in range(size)]
        taken = [context.shard_batch(rows, micro_batches) for context in contexts]
        assert sorted(torch.cat(taken).tolist()) == rows.tolist()
        for context, shard in zip(contexts, taken, strict=True):
            cut = shard.split(context.shard_sizes(count, micro_batches))
            for whole, part in zip(rows.tensor_split(micro_batches), cut, strict=True):
                assert set(part.tolist()) <= set(whole.tolist())
                assert len(whole) // size <= len(part) <= -(-len(whole) // size)


class TestSyncBatchNorm:
    @pytest.fixture(autouse=True)
    def one_process(self, tmp_path):
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1
        )
        yield
        torch.distributed.destroy_process_group()

    def pair(self, layer: nn.Module) -> tuple[nn.Module, nn.Module]:
        torch.manual_seed(0)
        if layer.affine:
            nn.init.normal_(layer.weight)
            nn.init.normal_(layer.bias)
        plain = nn.Sequential(layer)
        again = nn.Sequential(
            type(layer)(
                layer.num_features,
                layer.eps,
                layer.momentum,
                layer.affine,
                layer.track_running_stats,
            )
        )
        again.load_state_dict(plain.state_dict())
        return plain, synchronise(again, torch.device("cpu"))

    @pytest.mark.parametrize(
        "layer",
        [
            nn.BatchNorm2d(3),
            nn.BatchNorm2d(3, momentum=None),
            nn.BatchNorm2d(3, affine=False),
            nn.BatchNorm2d(3, track_running_stats=False),
            nn.BatchNorm2d(3, eps=0.5, momentum=0.7),
        ],
        ids=["usual", "cumulative", "no parameters", "no running statistics", "other settings"],
    )
    def test_it_is_batch_norm(self, layer):
        plain, synced = self.pair(layer)
        assert isinstance(synced[0], SyncBatchNorm)
        for mode in (True, True, False):
            x = torch.randn(5, 3, 4, 4) * 3 + 2
            one, other = x.clone().requires_grad_(), x.clone().requires_grad_()
            for model, at in ((plain, one), (synced, other)):
                model.train(mode)
                (model(at).tanh() * torch.arange(5.0).view(5, 1, 1, 1)).sum().backward()
            torch.testing.assert_close(synced(x), plain(x))
            torch.testing.assert_close(other.grad, one.grad, rtol=1e-4, atol=1e-5)
            for mine, theirs in zip(synced.parameters(), plain.parameters(), strict=True):
                torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(dict(synced.state_dict()), dict(plain.state_dict()))

    def test_a_large_mean_costs_no_accuracy(self):
        plain, synced = self.pair(nn.BatchNorm2d(3))
        x = torch.randn(64, 3, 8, 8) + 1000
        exact = plain.double()
        torch.testing.assert_close(synced(x).double(), exact(x.double()), atol=2e-3, rtol=0)
        torch.testing.assert_close(
            synced[0].running_var.double(), exact[0].running_var, rtol=1e-5, atol=0
        )

    def test_the_tensors_stay_and_so_do_hooks_on_the_network(self):
        model = models.build("five_conv", size=64, width=2)
        before = {name: id(p) for name, p in model.named_parameters()}
        names = list(model.state_dict())
        synchronise(model, torch.device("cpu"))
        assert {name: id(p) for name, p in model.named_parameters()} == before
        assert list(model.state_dict()) == names
        assert not any(type(module) is nn.BatchNorm2d for module in model.modules())

    def test_one_value_for_a_channel_has_no_variance(self):
        _, synced = self.pair(nn.BatchNorm2d(3))
        with pytest.raises(ValueError, match="more than 1 value per channel"):
            synced.train()(torch.zeros(1, 3, 1, 1))

    def test_bfloat16_goes_in_and_out(self):
        _, synced = self.pair(nn.BatchNorm2d(3))
        assert synced(torch.randn(4, 3, 2, 2).bfloat16()).dtype == torch.bfloat16


def test_each_process_drops_out_different_activations_and_the_same_ones_again():
    draws = {}
    for rank in range(3):
        for epoch in (1, 2, 1):
            torch.manual_seed(5)
            DistributedContext(rank, 3).seed_rank(0, epoch)
            drawn = torch.rand(4).tolist()
            assert draws.setdefault((rank, epoch), drawn) == drawn
    torch.manual_seed(5)
    assert draws.pop((0, 1)) == draws.pop((0, 2)) == torch.rand(4).tolist(), "as if it were alone"
    assert len({tuple(drawn) for drawn in draws.values()}) == 4


def test_the_largest_seed_that_a_recipe_takes_is_one_for_all_processes():
    DistributedContext(1, 2).seed_rank(2**63 - 1, 3)


def test_more_processes_than_gpus_is_one_sentence(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(CatdogError, match=r"has 1 GPU, .* --nproc-per-node=1"):
        DistributedContext(1, 2, 1).prepare(nn.Linear(1, 1), torch.device("cuda"))


def test_several_processes_on_an_apple_gpu_is_one_sentence():
    with pytest.raises(CatdogError, match="cannot share mps; use --device cpu"):
        DistributedContext(1, 2, 1).prepare(nn.Linear(1, 1), torch.device("mps"))


def test_alone_there_is_nothing_to_shard():
    model, numbers = nn.Sequential(nn.BatchNorm2d(3)), torch.arange(4)
    alone = distributed.dist_context()
    assert alone == DistributedContext() and alone.is_main and alone.is_first_failure()
    assert alone.prepare(model, torch.device("cpu")) is model and alone.wrap(model) is model
    assert type(model[0]) is nn.BatchNorm2d
    assert alone.shard_batch(numbers, 3) is numbers and alone.all_reduce_sum(numbers) is numbers


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for label, word in enumerate(("Cat", "Dog")):
        (folder / word).mkdir()
        for i in range(20):
            draw_image(i, label, 80).save(folder / word / f"{i}.jpg")
    return folder


@pytest.mark.slow
class TestCommandLine:
    """``torchrun --nproc-per-node=2 -m catdog_lib …``."""

    def train(self, folder, photos, *more) -> list:
        return [
            "catdog_lib",
            "train",
            "--model",
            "five_conv",
            "--width",
            2,
            "--data",
            photos,
            "--batch-size",
            5,
            "--device",
            "cpu",
            "--precision",
            "float32",
            "--out",
            folder,
            "--json",
            *more,
        ]

    def test_interrupted_and_typed_again(self, photos, tmp_path):
        out, cache = tmp_path / "run", str(tmp_path / "cache")
        command = self.train(out, photos, "--epochs", 12)
        process = torchrun(*command, CATDOG_CACHE=cache)
        try:
            seen, deadline = "", time.monotonic() + 250
            while "Epoch 4/12" not in seen and time.monotonic() < deadline:
                seen += os.read(process.stderr.fileno(), 4096).decode()
            process.send_signal(signal.SIGINT)
            printed, errors = end(process)
        finally:
            process.kill()
        said = [line for line in errors.splitlines() if line.startswith("catdog: ")]
        assert len(said) == 1 and "of 12; the same command goes on from there" in said[0], errors
        assert "catdog_lib/" not in errors, "no traceback of ours"
        done = len(load_run(out).history.epochs)
        assert 3 <= done < 12

        process = torchrun(*command, "--quiet", CATDOG_CACHE=cache)
        printed, errors = end(process)
        assert process.returncode == 0, errors
        lines = printed.splitlines()
        assert sum(line.startswith("{") for line in lines) == 1 and lines[-1].startswith("{")
        assert sum(line.startswith("train ") for line in lines) == 1, "one process alone prints"
        assert f"going on after epoch {done} " in printed
        assert "%|" not in errors, "no bar of any process"
        facts, run = json.loads(lines[-1]), load_run(out)
        assert facts["processes"] == 2 and len(run.history.epochs) == 12 and run.finished
        names = {"weights.pt", "run.json", "history.json", "history.png"}
        assert {file.name for file in out.iterdir()} == names

        # One process finds what two found.
        data = load(**run.config["data"], progress=False)
        assert facts["test_images"] == len(data.test)
        alone = measure(run.model, data.test, torch.float32)
        assert alone.accuracy == facts["test_accuracy"]
        assert alone.loss == pytest.approx(facts["test_loss"], rel=1e-4)

    def test_an_error_is_told_once(self, photos, tmp_path):
        command = self.train(tmp_path / "run", photos, "--optimizer", "sgd", "--lr", 1e30)
        process = torchrun(*command, CATDOG_CACHE=str(tmp_path / "cache"))
        _, errors = end(process)
        said = [line for line in errors.splitlines() if "catdog: " in line]
        assert process.returncode != 0 and len(said) == 1, errors
        assert "The loss became" in said[0] and "catdog_lib/" not in errors, errors


@pytest.mark.parametrize("size", ["2", "two"])
def test_half_of_torchruns_settings_are_one_sentence(size, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", size)
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(CatdogError, match="unset it, or start the command with torchrun"):
        distributed.dist_context.__wrapped__()
