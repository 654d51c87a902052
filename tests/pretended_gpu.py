"""A GPU that computes, for machines that have none: what it holds lies in the computer's memory.

It is as strict as a real one: what is not in its memory has to be copied there, and NumPy cannot
read it. Like Apple's it has no float64. (The GPU of :mod:`tests.fake_gpu` holds no values, and says
where a program would wait.) :func:`install` makes it the fastest device of this process, for good.

Source of the way: PyTorch's test/test_privateuseone_python_backend.py.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map

from catdog_lib.device import choice, number_format

NAME = "pretended"
FLOAT64 = (torch.float64, torch.complex128)
# These take positions from the computer's memory on every GPU.
INDEXED = ("aten::index.Tensor", "aten::index_put_", "aten::_index_put_impl_")


class _Backend(backend_registration._DummyBackendModule):
    """What PyTorch asks a kind of device for."""

    def get_rng_state(self, _: object) -> Tensor:
        return torch.get_rng_state()

    def set_rng_state(self, state: Tensor, _: object) -> None:
        torch.set_rng_state(state)


class OnGpu(Tensor):
    """A tensor in the GPU's memory; ``value`` is what it holds."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, value: Tensor) -> OnGpu:
        if value.dtype in FLOAT64:
            raise TypeError("this GPU has no float64")
        return Tensor._make_wrapper_subclass(
            cls,
            value.shape,
            strides=value.stride(),
            storage_offset=value.storage_offset(),
            dtype=value.dtype,
            device=f"{NAME}:0",
        )

    def __init__(self, value: Tensor) -> None:
        self.value = value

    def __repr__(self, **_: Any) -> str:
        return f"OnGpu({self.value!r})"

    def tolist(self) -> list:
        """Return the numbers, which are waited for."""
        return self.value.tolist()

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return compute(function, args, kwargs or {})


class PretendedGpu(TorchDispatchMode):
    """Tensors that are made on the GPU, or copied to it, are there."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        return compute(function, args, kwargs or {})


def compute(function: Any, args: tuple, kwargs: dict) -> Any:
    """Compute a function where its tensors are."""
    name = function.name()
    if torch.is_inference_mode_enabled() and function._can_decompose():
        with PretendedGpu():
            found = function.decompose(*args, **kwargs)
        if found is not NotImplemented:
            return found
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    there = [tensor for tensor in tensors if isinstance(tensor, OnGpu)]
    target = kwargs.get("device")
    target = None if target is None else torch.device(target)
    copies = name in ("aten::_to_copy", "aten::copy_")
    if there and not copies and not name.startswith(INDEXED):
        strangers = [one for one in tensors if not isinstance(one, OnGpu) and one.ndim]
        if strangers:
            raise RuntimeError(f"{name} was given tensors of two devices")
    stays = bool(there) if target is None or (there and not copies) else target.type == NAME
    if name == "aten::copy_":
        stays = isinstance(args[0], OnGpu)
    if target is not None and target.type == NAME:
        kwargs = {**kwargs, "device": "cpu"}
    found = function(*tree_map(_held, args), **tree_map(_held, kwargs))
    if not stays:
        return found
    found = tree_map(lambda one: OnGpu(one) if isinstance(one, Tensor) else one, found)
    if not there or name == "aten::_to_copy":
        return found
    return return_and_correct_aliasing(function, args, kwargs, found)


def install() -> torch.device:
    """Make the pretended GPU the fastest device of this process, and return it."""
    backend_registration._setup_privateuseone_for_python_backend(NAME, _Backend())
    torch.accelerator.synchronize = lambda *_: None  # what it is told is done at once
    device = torch.device(NAME, 0)
    choice.fastest_device = lambda: device
    number_format._WITHOUT_FLOAT64 = {NAME}
    nn.Module._apply = _apply
    for name in ("adam", "sgd", "adagrad"):
        module = import_module(f"torch.optim.{name}")
        module._device_dtype_check_for_fused = lambda *_, **__: None
    PretendedGpu().__enter__()
    return device


def _held(one: Any) -> Any:
    return one.value if isinstance(one, OnGpu) else one


def _apply(module: nn.Module, change: Any, recurse: bool = True) -> nn.Module:
    """Move or convert a module as ``nn.Module._apply`` does, which cannot change such tensors."""
    for child in module.children():
        child._apply(change)
    with torch.no_grad():
        for name, parameter in module._parameters.items():
            if parameter is None or (new := change(parameter)) is parameter:
                continue
            if isinstance(parameter, OnGpu) and isinstance(new, OnGpu):
                parameter.value = new.value
            else:
                new = nn.Parameter(new.detach(), parameter.requires_grad)
                module._parameters[name] = new
    for name, buffer in module._buffers.items():
        if buffer is not None:
            module._buffers[name] = change(buffer)
    return module
