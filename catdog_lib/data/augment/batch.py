"""Let a transform take whole batches: of any type, and with the images in groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps

import torch
from torch import Tensor

from catdog_lib.device import copy_to
from catdog_lib.errors import CatdogError


def batch_transform(transform: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Let a transform of float32 images take and return what :mod:`transforms` promises."""

    @wraps(transform)
    def transformed(images: Tensor, *arguments, **strengths) -> Tensor:
        if images.ndim != 4 or images.shape[1] != 3 or not len(images):
            raise CatdogError(
                f"images has the shape {tuple(images.shape)}; give a batch N×3×H×W "
                "(a single image as image[None])."
            )
        if images.dtype != torch.uint8 and not images.is_floating_point():
            raise CatdogError(f"images is {images.dtype}; give uint8, or float in [0, 1].")
        floats = images.float()  # half precision is too coarse to say where a pixel lies
        if images.dtype == torch.uint8:
            floats.div_(255)
        out = transform(floats, *arguments, **strengths)
        if images.is_floating_point():
            out = out.to(images.dtype)
        last = torch.channels_last
        if images.is_contiguous(memory_format=last) and not out.is_contiguous(memory_format=last):
            out = torch.stack(out.unbind(1), -1).permute(0, 3, 1, 2)
        return out

    return transformed


def apply_by_group(
    images: Tensor, group: Tensor, transforms: Sequence[Callable[..., Tensor]], *strengths: Tensor
) -> Tensor:
    """Apply to each image the transform of its group.

    The images are sorted by group, so that every transform gets a batch of its own, and put back in
    their places.

    Args:
        images: N×3×H×W.
        group: N, int64, on the CPU.
        transforms: of group 0, 1, …; each takes n×3×H×W and n of each of the strengths.
        strengths: N numbers or matrices each, on the CPU.
    """
    to_device = partial(copy_to, device=images.device)
    order = group.argsort()
    sizes = group.bincount(minlength=len(transforms)).tolist()
    columns = [images.index_select(0, to_device(order)), *(s[order] for s in strengths)]
    groups = zip(transforms, *(column.split(sizes) for column in columns), strict=True)
    out = torch.cat([f(some, *numbers) for f, some, *numbers in groups if len(some)])
    return out.index_select(0, to_device(order.argsort()))
