"""BatchNorm over the images of several processes, as if one process had them all."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def synchronise(model: nn.Module, device: torch.device) -> nn.Module:
    """Return ``model``, with every BatchNorm computing its mean and variance over all processes.

    A plain BatchNorm sees the shard of its own process alone. Its mean and variance would be those
    of fewer images, each process would normalize differently, and their running statistics would
    drift apart: another network than the one that a single process trains.

    The layers are exchanged, their tensors stay: optimizers still fit, and the state dict keeps its
    names, so that a network without synchronization can load it. A frozen layer
    (:mod:`catdog_lib.models.freezing`) has no use for the batch, and is left as it is.
    """
    new = nn.SyncBatchNorm.convert_sync_batchnorm if device.type == "cuda" else SyncBatchNorm.like
    for module in list(model.modules()):
        for name, child in module.named_children():
            synchronised = isinstance(child, SyncBatchNorm | nn.SyncBatchNorm)
            frozen = getattr(child, "frozen", False)
            if isinstance(child, _BatchNorm) and not synchronised and not frozen:
                setattr(module, name, new(child))
    return model


class SyncBatchNorm(_BatchNorm):
    """BatchNorm with statistics over all processes, for the CPU; PyTorch's own runs on GPUs only.

    With n_r values of a channel in process r, their sum s_r and their sum of squares q_r, and n = Σ
    n_r: mean = Σ s_r / n and variance = Σ q_r / n − mean². The shards may differ in size, or be
    empty.

    Source: S. Ioffe and C. Szegedy 2015, arXiv 1502.03167, algorithm 1.

    Shape: N×C or N×C×…  →  the same.

    Raises:
        ValueError: all processes together have one value per channel, so that there is no variance.
    """

    @classmethod
    def like(cls, layer: _BatchNorm) -> SyncBatchNorm:
        """Return a layer with the settings of ``layer``, and with its very tensors."""
        new = cls(
            layer.num_features,
            layer.eps,
            layer.momentum,
            layer.affine,
            layer.track_running_stats,
            device="meta",
        )
        new._parameters.update(layer._parameters)
        new._buffers.update(layer._buffers)
        return new.train(layer.training)

    def _check_input_dim(self, input: Tensor) -> None:
        """Accept any number of dimensions."""

    def forward(self, input: Tensor) -> Tensor:
        """Normalize each channel over all processes, or in evaluation as BatchNorm does."""
        if not (self.training or self.running_mean is None):
            return super().forward(input)
        x = input.float()
        over = [dim for dim in range(x.ndim) if dim != 1]
        shape = [-1 if dim == 1 else 1 for dim in range(x.ndim)]  # to spread C numbers over x
        own = x.numel() // x.shape[1]
        # The difference of two large sums would lose digits. So the squares are taken of deviations
        # from this process's own mean, and what was taken off is added again in double precision.
        sums = x.sum(over)
        centre = sums / max(own, 1)
        squares = (x - centre.view(shape)).square().sum(over).double()
        squares = squares + sums.double() * centre.double()
        n, mean, square = _Sum.apply(
            torch.stack([torch.full_like(squares, own), sums.double(), squares])
        )
        if n[0] < 2:
            raise ValueError(f"Expected more than 1 value per channel when training, got {own}.")
        mean = mean / n
        variance = (square / n - mean * mean).clamp(min=0)
        self._keep(mean.detach(), (variance * n / (n - 1)).detach())
        scale = (variance + self.eps).rsqrt().float()
        if self.weight is not None:
            scale = scale * self.weight
        normal = (x - mean.float().view(shape)) * scale.view(shape)
        if self.bias is not None:
            normal = normal + self.bias.view(shape)
        return normal.to(input.dtype)

    def _keep(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics, as BatchNorm does."""
        if self.running_mean is None:
            return
        self.num_batches_tracked += 1
        factor = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean), factor)
        self.running_var.lerp_(variance.to(self.running_var), factor)


class _Sum(torch.autograd.Function):
    """The sum of a tensor over all processes.

    All their losses depend on it, so the gradient is summed, too.
    """

    @staticmethod
    def forward(ctx, own: Tensor) -> Tensor:
        """Return the sum of ``own`` over all processes."""
        total = own.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        """Return the sum of the gradients of all processes."""
        total = gradient.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total
