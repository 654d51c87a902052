"""Several processes, one training run: what ``torchrun`` starts, and how they share the work.

Every process holds the whole network and draws the same batches. It takes its shard of each batch,
and the gradients are averaged over the processes before each step; so all make the same step, the
one that a single process would make.

Longer than 200 lines because every collective operation of the course stands here.

Lesson 10, section 7.
"""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from catdog_lib.errors import CatdogError
from catdog_lib.training.sync_batchnorm import synchronise

Value = TypeVar("Value")
TIMEOUT = timedelta(hours=2)  # all other processes wait while the first one decodes photos


@dataclass(frozen=True)
class DistributedContext:
    """The processes that train together. A method that one calls, all must call.

    Attributes:
        rank: counts the processes from 0 to ``size`` − 1.
        size: how many there are.
        local_rank: counts those on this machine, from 0.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def is_main(self) -> bool:
        """Whether this is the main process, which alone prints and saves."""
        return self.rank == 0

    def shard(self, count: int) -> slice:
        """Return which of ``count`` images this process takes; none if there are too few."""
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def shard_sizes(self, count: int, micro_batches: int) -> list[int]:
        """Return how many images this process takes of each micro-batch, of ``count`` in all."""
        micro = torch.arange(count).tensor_split(micro_batches)
        shards = (self.shard(len(rows)) for rows in micro)
        return [shard.stop - shard.start for shard in shards]

    def shard_batch(self, rows: Tensor, micro_batches: int) -> Tensor:
        """Return this process's shard of each micro-batch of a batch, one after the other."""
        if self.size == 1:
            return rows
        micro = rows.tensor_split(micro_batches)
        return torch.cat([some[self.shard(len(some))] for some in micro])

    def prepare(self, model: nn.Module, device: torch.device) -> nn.Module:
        """Return the model, with every BatchNorm synchronized if there are several processes.

        See :func:`catdog_lib.training.sync_batchnorm.synchronise`.

        Raises:
            CatdogError: there are more processes on this machine than GPUs, or it has a GPU of
                another kind.
        """
        if self.size == 1:
            return model
        if device.type not in ("cpu", "cuda"):
            raise CatdogError(
                f"Several processes cannot share {device}; use --device cpu, or start one process."
            )
        count = torch.cuda.device_count()
        if device.type == "cuda" and self.local_rank >= count:
            raise CatdogError(
                f"This machine has {count} GPU{'' if count == 1 else 's'}, too few for so many "
                f"processes; start with --nproc-per-node={count}, or use --device cpu."
            )
        return synchronise(model, device)

    def wrap(self, model: nn.Module) -> nn.Module:
        """Return the model, averaging its gradients over the processes in every backward pass.

        All start with the first process's weights.

        Source: S. Li and others 2020, arXiv 2006.15704.
        """
        return model if self.size == 1 else DistributedDataParallel(model)

    def seed_rank(self, seed: int, epoch: int) -> None:
        """Give each process different random numbers for Dropout.

        The main process keeps those that it would draw alone. The numbers follow from seed and
        epoch, so a training run that is resumed draws the same ones.
        """
        if not self.is_main:
            torch.manual_seed(((seed * 1_000_003 + epoch) * 1_009 + self.rank) % 2**63)

    def all_reduce_sum(self, numbers: Tensor) -> Tensor:
        """Return the sum of this tensor over all processes."""
        if self.size == 1:
            return numbers
        numbers = numbers.clone()
        dist.all_reduce(numbers)
        return numbers

    def gather(self, rows: Tensor, count: int) -> Tensor:
        """Return all ``count`` rows, in order, from each process's :meth:`shard`; on the CPU."""
        if self.size == 1:
            return rows
        most = -(-count // self.size)  # a collective operation needs tensors of equal size
        padded = rows.new_zeros(most, *rows.shape[1:])
        padded[: len(rows)] = rows
        gathered = [torch.empty_like(padded) for _ in range(self.size)]
        dist.all_gather(gathered, padded)
        shards = (DistributedContext(rank, self.size).shard(count) for rank in range(self.size))
        return torch.cat(
            [some[: own.stop - own.start] for some, own in zip(gathered, shards, strict=True)]
        )

    def broadcast_object(self, make: Callable[[], Value]) -> Value:
        """Return to all what ``make`` returns in the main process, where alone it is called.

        For a measurement that they must agree on, or a file that the main process reads.
        """
        made = [make() if self.is_main else None]
        if self.size > 1:
            dist.broadcast_object_list(made)
        return made[0]

    @contextmanager
    def main_process_first(self) -> Iterator[None]:
        """Run the block in each machine's first process, and only then in its other ones.

        They find in the cache what the first one made.
        """
        if self.local_rank > 0:
            self.all_reduce_sum(torch.zeros(1))  # waits until all have come so far
        yield
        if self.local_rank == 0:
            self.all_reduce_sum(torch.zeros(1))

    def is_first_failure(self) -> bool:
        """Return whether no other process has asked this: this one is to say what went wrong.

        The other ones fail of it too, or lose the connection to the one that did; nobody wants to
        read that.
        """
        if self.size == 1:
            return True
        try:
            store = dist.TCPStore(
                os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), is_master=False
            )
            return store.add(f"failures/{os.environ.get('TORCHELASTIC_RESTART_COUNT')}", 1) == 1
        except RuntimeError:  # the process that keeps the store has ended: it failed before
            return False


@cache
def dist_context() -> DistributedContext:
    """Return the context of this process: alone, unless ``torchrun`` started it.

    The first call connects the processes: by gloo between CPUs, by NCCL between GPUs, of which each
    has its own.
    """
    try:
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return DistributedContext()
        rank, local_rank = int(os.environ["RANK"]), int(os.environ["LOCAL_RANK"])
    except (KeyError, ValueError):
        raise CatdogError(
            "WORLD_SIZE is set, but not all of what torchrun sets with it (RANK and LOCAL_RANK are "
            "numbers, too); unset it, or start the command with torchrun."
        ) from None
    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(local_rank % torch.cuda.device_count())
        backend = "cpu:gloo,cuda:nccl"
    # Said of 1×1 convolutions, whose weights lie in the usual and in channels-last order alike.
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
    if rank > 0:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process stops; then all do
    if not dist.is_initialized():
        dist.init_process_group(backend, timeout=TIMEOUT)
    return DistributedContext(rank, size, local_rank)


@contextmanager
def main_process_output() -> Iterator[None]:
    """Let only the main process print, and only one process report an error.

    Raises:
        SystemExit: in the processes that fail because another one did.
    """
    context = dist_context()
    with ExitStack() as quiet:
        if not context.is_main:
            nowhere = quiet.enter_context(open(os.devnull, "w"))
            quiet.enter_context(redirect_stdout(nowhere))
            quiet.enter_context(redirect_stderr(nowhere))
        try:
            yield
        except (Exception, KeyboardInterrupt):
            if context.is_first_failure():
                raise
            # torchrun ends all as soon as one ends; so wait for the one that speaks.
            with suppress(RuntimeError):
                context.all_reduce_sum(torch.zeros(1))
            raise SystemExit(1) from None
        if context.size > 1:
            dist.destroy_process_group()
