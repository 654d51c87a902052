"""Several processes, one training: what ``torchrun`` starts, and how they share the work.

Every process holds the whole network and draws the same batches. It takes its share of each batch,
and the gradients are averaged over the processes before each step; so all make the same step, the
one that a single process would make.
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
_TIMEOUT = timedelta(hours=2)  # the others wait while the first process decodes photos


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
    def leads(self) -> bool:
        """Whether this is the process that alone prints and saves."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """Which of ``count`` pictures this process takes; none, if there are fewer pictures than
        processes.
        """
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def share_sizes(self, count: int, parts: int) -> list[int]:
        """How many pictures of each part this process takes, when a batch of ``count`` is cut into
        parts.
        """
        shares = (self.share(len(part)) for part in torch.arange(count).tensor_split(parts))
        return [share.stop - share.start for share in shares]

    def take(self, rows: Tensor, parts: int) -> Tensor:
        """This process's share of each part of a batch, one after the other."""
        if self.size == 1:
            return rows
        return torch.cat([part[self.share(len(part))] for part in rows.tensor_split(parts)])

    def prepare(self, model: nn.Module, device: torch.device) -> nn.Module:
        """The model, with every BatchNorm synchronised
        (:func:`catdog_lib.training.sync_batchnorm.synchronise`).

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
        """The model, averaging its gradients over the team in every backward pass; all start with
        the first's weights.

        Source: S. Li and others 2020, arXiv 2006.15704.
        """
        return model if self.size == 1 else DistributedDataParallel(model)

    def seed_rank(self, seed: int, epoch: int) -> None:
        """Give each process other random numbers for Dropout; the first keeps those that it would
        draw alone.

        They follow from seed and epoch, so a training that is taken up again draws the same ones.
        """
        if not self.leads:
            torch.manual_seed((seed * 1_000_003 + epoch) * 1_009 + self.rank)

    def total(self, numbers: Tensor) -> Tensor:
        """The sum of this tensor over all processes."""
        if self.size == 1:
            return numbers
        numbers = numbers.clone()
        dist.all_reduce(numbers)
        return numbers

    def gather(self, rows: Tensor, count: int) -> Tensor:
        """All ``count`` rows, in order, from each process's :meth:`share` of them; on the CPU."""
        if self.size == 1:
            return rows
        most = -(-count // self.size)  # a collective operation needs parts of equal size
        padded = rows.new_zeros(most, *rows.shape[1:])
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in range(self.size)]
        dist.all_gather(parts, padded)
        shares = (DistributedContext(rank, self.size).share(count) for rank in range(self.size))
        return torch.cat(
            [part[: own.stop - own.start] for part, own in zip(parts, shares, strict=True)]
        )

    def broadcast_object(self, make: Callable[[], Value]) -> Value:
        """What ``make`` returns in the first process, for all: a measurement they must agree on, or
        a file it reads.
        """
        made = [make() if self.leads else None]
        if self.size > 1:
            dist.broadcast_object_list(made)
        return made[0]

    @contextmanager
    def main_process_first(self) -> Iterator[None]:
        """On each machine the first process runs the block, then the others: they find in the cache
        what it made.
        """
        if self.local_rank > 0:
            self.total(torch.zeros(1))  # waits until all have come so far
        yield
        if self.local_rank == 0:
            self.total(torch.zeros(1))

    def is_first_failure(self) -> bool:
        """Whether no other process has asked this before: the one to say what went wrong.

        The others fail of it too, or lose the connection to the one that did; nobody wants to read
        that.
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
def team() -> DistributedContext:
    """The team that this process belongs to: alone, unless ``torchrun`` started it.

    The first call connects the processes: by gloo between CPUs, by NCCL between GPUs, of which each
    has its own.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return DistributedContext()
    rank, local_rank = int(os.environ["RANK"]), int(os.environ["LOCAL_RANK"])
    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(local_rank % torch.cuda.device_count())
        backend = "cpu:gloo,cuda:nccl"
    # Said of 1×1 convolutions, whose weights lie in the usual and in channels-last order alike.
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
    if rank > 0:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process stops; then the others do
    if not dist.is_initialized():
        dist.init_process_group(backend, timeout=_TIMEOUT)
    return DistributedContext(rank, size, local_rank)


@contextmanager
def main_process_output() -> Iterator[None]:
    """Around a program that prints: in a team the first process alone is heard, and an error is
    told once.

    Raises:
        SystemExit: in the processes that fail because another one did.
    """
    together = team()
    with ExitStack() as quiet:
        if not together.leads:
            nowhere = quiet.enter_context(open(os.devnull, "w"))
            quiet.enter_context(redirect_stdout(nowhere))
            quiet.enter_context(redirect_stderr(nowhere))
        try:
            yield
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            usage = isinstance(error, SystemExit)  # argparse has said it already, in every process
            if together.leads if usage else together.is_first_failure():
                raise
            # torchrun ends all as soon as one ends; so wait for the one that speaks.
            with suppress(RuntimeError):
                together.total(torch.zeros(1))
            raise SystemExit(1) from None
        if together.size > 1:
            dist.destroy_process_group()
