"""A GPU that fails while a network learns: the weights kept so far are saved, in one sentence.

No GPU has to fail for it: PyTorch's errors are raised where a step computes, and from then on
whatever lies where the network is cannot be read.
"""

from contextlib import contextmanager

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from catdog_lib.errors import CatdogError
from catdog_lib.training.failed_device import has_failed
from catdog_lib.training.fit import fit
from catdog_lib.training.recipe import Recipe
from tests.tiny import copies, small, splits

LOST = torch.AcceleratorError(
    "CUDA error: unspecified launch failure\nCUDA kernel errors might be asynchronously reported."
)
OTHERS = [
    torch.AcceleratorError("CUDA error: device-side assert triggered"),
    RuntimeError("CUDA error: the launch timed out and was terminated"),
    RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(...)`"),
]


class Device(TorchDispatchMode):
    """The device where a network's weights lie: once it has failed, nothing can read them."""

    def __init__(self, model: nn.Module, error: Exception):
        super().__init__()
        self.error, self.failed = error, False
        # Held, so that nothing new is put in their place.
        self.held = [tensor.detach() for tensor in (*model.parameters(), *model.buffers())]
        self.places = {tensor.untyped_storage().data_ptr() for tensor in self.held}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        shapes_alone = function in (
            torch.ops.aten.empty_like.default,
            torch.ops.aten.detach.default,
        )
        if self.failed and not shapes_alone:
            for one in tree_iter((args, kwargs)):
                if isinstance(one, torch.Tensor) and self.holds(one):
                    raise self.error
        return function(*args, **(kwargs or {}))

    def holds(self, tensor: torch.Tensor) -> bool:
        return tensor.untyped_storage().data_ptr() in self.places


@contextmanager
def failing(model: nn.Module, after: int, error: Exception = LOST):
    """Let the device of a network fail in a forward pass, after so many others."""
    model.to(memory_format=torch.channels_last)  # as the trainer does, which moves the weights
    device, calls = Device(model, error), []

    def fail(module, inputs):
        calls.append(len(inputs[0]))
        if len(calls) > after:
            device.failed = True
            raise error

    with device, model.register_forward_pre_hook(fail):
        yield


FAST = Recipe(epochs=3, precision="float32", keep="last")


def test_the_weights_of_the_completed_epochs_are_kept_and_one_sentence_says_so():
    model, one_epoch = small(), small()
    fit(one_epoch, splits(), Recipe(epochs=1, precision="float32"), progress=False)
    said = (
        r"^The device cpu failed in epoch 2 \(CUDA error: unspecified launch failure\); the "
        r"network is now on the CPU, with the weights of epoch 1: save it, then restart Python or "
        r"the notebook's kernel, since only a new process can use that device again\.$"
    )
    with pytest.raises(CatdogError, match=said), failing(model, after=5):
        fit(model, splits(), FAST, progress=False)
    assert not model.training
    for mine, theirs in zip(
        model.state_dict().values(), one_epoch.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, theirs)


def test_before_the_first_epoch_ends_the_network_is_as_it_was():
    model = small()
    before = copies(model.parameters())
    with pytest.raises(CatdogError, match="as it was before training"), failing(model, after=1):
        fit(model, splits(), FAST, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert all(parameter.grad is None for parameter in model.parameters())


def test_what_no_state_dict_has_is_kept_too():
    model = small()
    model.register_buffer("scale", torch.tensor([1.5, 2.5]), persistent=False)
    with pytest.raises(CatdogError), failing(model, after=5):
        fit(model, splits(), FAST, progress=False)
    assert model.scale.tolist() == [1.5, 2.5]


def test_a_run_with_a_checkpoint_goes_on_where_it_was(tmp_path):
    model, whole = small(), small()
    with pytest.raises(CatdogError), failing(model, after=5):
        fit(model, splits(), FAST, progress=False, checkpoint=tmp_path / "run.pt")
    again = small()
    fit(again, splits(), FAST, progress=False, checkpoint=tmp_path / "run.pt")
    fit(whole, splits(), FAST, progress=False)
    assert all(
        torch.equal(a, b) for a, b in zip(again.parameters(), whole.parameters(), strict=True)
    )


@pytest.mark.parametrize("error", OTHERS, ids=str)
def test_each_way_to_say_it_is_known(error):
    assert has_failed(error)
    model = small()
    with pytest.raises(CatdogError, match="failed in epoch 1"), failing(model, 1, error):
        fit(model, splits(), FAST, progress=False)


def test_other_errors_are_not_taken_for_it():
    assert not has_failed(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))
    for said in (
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling",
        "CUDA error: out of memory",
    ):
        assert not has_failed(RuntimeError(said))
    assert not has_failed(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    model = small()
    mine = RuntimeError("my own")
    with pytest.raises(RuntimeError, match="my own") as caught, failing(model, 1, mine):
        fit(model, splits(), FAST, progress=False)
    assert not isinstance(caught.value, CatdogError)
