"""A GPU for machines that have none: tensors that claim to be in its memory, and hold no values.

PyTorch checks devices, shapes and number formats as it would on a GPU. Where a program would have
to wait for one, because it asks for a value, it gets a :class:`Waits` here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import torch
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
)
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)
# Where there are backward passes: PyTorch's own asks CUDA's driver for the threads of a GPU.
OTHER_GPU = torch.device("meta")
SMALL = 64 * 1024  # bytes: CUDA copies no more than this without waiting, if it is not pinned


class Waits(RuntimeError):
    """The program asked for a value of a tensor in the GPU's memory."""


class _FakeGpu(TorchDispatchMode):
    """Leaves the CPU's tensors to the CPU, and computes only the shapes of all others.

    Attributes:
        waited: for each copy to the GPU on which a program waits, why it does.
    """

    def __init__(self):
        super().__init__()
        self.fake = FakeTensorMode(allow_non_fake_inputs=True)
        self.waited: list[str] = []
        self.pinned: list[torch.Tensor] = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is torch.ops.aten._pin_memory.default:
            self.pinned.append(args[0].clone())
            return self.pinned[-1]
        if function is torch.ops.aten.is_pinned.default:
            return any(args[0] is tensor for tensor in self.pinned)
        if function is torch.ops.aten._fused_sgd_.default:
            return None  # it changes its arguments, and PyTorch has no fake of it
        leaves = tree_leaves((args, kwargs))
        fakes = [leaf for leaf in leaves if isinstance(leaf, FakeTensor)]
        on_gpu = getattr(kwargs.get("device"), "type", "cpu") != "cpu"
        if not fakes and not on_gpu:
            return function(*args, **kwargs)
        if function is torch.ops.aten._to_copy.default and on_gpu and not fakes:
            self._note_copy(args[0], kwargs.get("non_blocking", False))
        if function is torch.ops.aten._to_copy.default and kwargs.get("device") == CPU:
            raise Waits("a copy from the GPU")
        try:
            with self.fake:
                return function(*args, **kwargs)
        except (DataDependentOutputException, DynamicOutputShapeException) as error:
            raise Waits(str(error)) from error

    def _note_copy(self, source: torch.Tensor, non_blocking: bool) -> None:
        """Note a copy to the GPU if the program waits for its end."""
        size = source.numel() * source.element_size()
        if not non_blocking:
            self.waited.append(f"{size} bytes, not non_blocking")
        elif size > SMALL and not any(source is tensor for tensor in self.pinned):
            self.waited.append(f"{size} bytes, not pinned")


@contextmanager
def fake_gpu() -> Iterator[_FakeGpu]:
    """Let this machine have a GPU for a ``with`` block."""
    fused = mock.patch(
        "torch.optim.optimizer._get_fused_kernels_supported_devices",
        lambda: ["cpu", "cuda", OTHER_GPU.type],
    )
    with mock.patch.object(torch.cuda, "_lazy_init"), fused, _FakeGpu() as gpu:
        yield gpu
