"""Structured pruning: remove dead filters, and a smaller network with the same outputs is left.

A filter of zeros makes a map that is the same everywhere: its bias, which BatchNorm then scales and
shifts. To zero a dead channel is to set these to 0 too, so that its map is exactly 0, whether ReLU
or BatchNorm comes first. Then no layer that reads the map depends on it, and it can go: the filter,
its bias, its entries in BatchNorm, and the input channel of each layer that reads it. In a fully
connected layer after ``Flatten`` that is the H×W columns of the channel.

A channel may be written by several layers: by both branches of a residual block, which are added,
or, where a block is applied several times, by the block before it and by itself. Such a channel
goes only if it is dead in all of them.

Lesson 05, section 7.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.models import FiveConvCNN, ResidualCNN, SixBlockCNN


@dataclass(frozen=True)
class ChannelGroup:
    """Channels that go or stay together, in all layers that write or read them.

    Attributes:
        writers: convolutions, each with the BatchNorm that follows it.
        readers: convolutions and fully connected layers.
    """

    writers: list[tuple[nn.Conv2d, nn.BatchNorm2d]]
    readers: list[nn.Conv2d | nn.Linear]

    def dead(self) -> Tensor:
        """Return which channels have only filters of zeros, C booleans."""
        dead = [(conv.weight == 0).flatten(1).all(1) for conv, _ in self.writers]
        return torch.stack(dead).all(0)


def dead_channels(model: nn.Module) -> dict[str, Tensor]:
    """Return which channels could be removed, C each, by their first convolution's name.

    Raises:
        CatdogError: it is none of the course's networks.
    """
    names = {module: name for name, module in model.named_modules()}
    return {names[group.writers[0][0]]: group.dead() for group in _channel_groups(model)}


def zero_dead_channels(model: nn.Module) -> nn.Module:
    """Return a copy whose dead channels are exactly 0: also bias, and BatchNorm's scale and shift.

    Raises:
        CatdogError: it is none of the course's networks.
    """
    model = deepcopy(model)
    with torch.no_grad():
        for group in _channel_groups(model):
            dead = group.dead()
            for conv, norm in group.writers:
                for parameter in (conv.bias, norm.weight, norm.bias):
                    if parameter is not None:
                        parameter[dead] = 0
    return model


@torch.no_grad()
def zero_smallest_channels(model: nn.Module, like: nn.Module) -> nn.Module:
    """Return a copy of a network with as many dead channels as another, the smallest in magnitude.

    Within each group of channels those go whose filters are shortest; where several layers write a
    channel, their squared lengths add up. This is pruning by magnitude (Li and others 2017, arXiv
    1608.08710, with lengths in place of sums).

    Args:
        model: trained without a penalty on filters.
        like: a network of the same architecture; its dead channels are counted, group by group.

    Raises:
        CatdogError: it is none of the course's networks.
    """
    model = deepcopy(model)
    for group, other in zip(_channel_groups(model), _channel_groups(like), strict=True):
        lengths = sum(conv.weight.flatten(1).square().sum(1) for conv, _ in group.writers)
        smallest = lengths.argsort()[: int(other.dead().sum())]
        for conv, _ in group.writers:
            conv.weight[smallest] = 0
    return model


def prune(model: nn.Module) -> nn.Module:
    """Return a smaller network of the same class, without its dead channels.

    It has the outputs of :func:`zero_dead_channels`. Where all channels are dead one of them stays,
    since a layer needs one. The layers no longer have the sizes that ``settings`` would build, so
    the copy has no ``settings`` and cannot be saved as a run folder: keep the network that it was
    made from, and prune it again.

    Raises:
        CatdogError: it is none of the course's networks.
    """
    model = zero_dead_channels(model)
    with torch.no_grad():
        for group in _channel_groups(model):
            kept = ~group.dead()
            if not kept.any():
                kept[0] = True
            for conv, norm in group.writers:
                conv.out_channels = norm.num_features = int(kept.sum())
                _keep(conv, ("weight", "bias"), kept)
                _keep(norm, ("weight", "bias", "running_mean", "running_var"), kept)
            for reader in group.readers:
                _keep_inputs(reader, kept)
    if hasattr(model, "settings"):
        del model.settings
    return model


def _keep(module: nn.Module, names: tuple[str, ...], kept: Tensor) -> None:
    """Keep these entries of the first dimension."""
    for name in names:
        tensor = getattr(module, name)
        if isinstance(tensor, nn.Parameter):
            setattr(module, name, nn.Parameter(tensor[kept], tensor.requires_grad))
        elif tensor is not None:
            setattr(module, name, tensor[kept])


def _keep_inputs(reader: nn.Conv2d | nn.Linear, kept: Tensor) -> None:
    """Keep these input channels; a fully connected layer has H×W columns for each."""
    if isinstance(reader, nn.Linear):
        kept = kept.repeat_interleave(reader.in_features // len(kept))
        reader.in_features = int(kept.sum())
    else:
        reader.in_channels = int(kept.sum())
    reader.weight = nn.Parameter(reader.weight[:, kept], reader.weight.requires_grad)


def _channel_groups(model: nn.Module) -> list[ChannelGroup]:
    """Return the groups of a network, or raise a CatdogError if it is not one of the course's."""
    if type(model) not in _NETWORKS:
        raise CatdogError(
            "Pruning needs to know which layers read what a filter writes, and does not know "
            f"{type(model).__name__}; use {', '.join(kind.__name__ for kind in _NETWORKS)}."
        )
    return _NETWORKS[type(model)](model)


def _six_block(model: SixBlockCNN) -> list[ChannelGroup]:
    first, second, *deep = [(b[0], b[2]) for b in (model.block1, model.block2, *model.deep)]
    if len(deep) == 1:  # it reads what it has written itself
        (tied,) = deep
        return [
            ChannelGroup([first], [second[0]]),
            ChannelGroup([second, tied], [tied[0], model.classifier]),
        ]
    return _chain([first, second, *deep], model.classifier)


def _five_conv(model: FiveConvCNN) -> list[ChannelGroup]:
    layers = list(model.features)
    pairs = [(one, next_one) for one, next_one in pairwise(layers) if isinstance(one, nn.Conv2d)]
    return _chain(pairs, model.classifier[0])


def _chain(pairs: list[tuple[nn.Conv2d, nn.BatchNorm2d]], last: nn.Linear) -> list[ChannelGroup]:
    """Return the groups of a chain, where each convolution reads what the one before it writes."""
    readers = [conv for conv, _ in pairs[1:]] + [last]
    return [ChannelGroup([pair], [reader]) for pair, reader in zip(pairs, readers, strict=True)]


def _residual(model: ResidualCNN) -> list[ChannelGroup]:
    groups, writers = [], [(model.stem[0], model.stem[1])]
    for block in model.stages:
        inner, shortcut = block.convolutions, block.shortcut
        groups.append(ChannelGroup(writers, [inner[0], shortcut[0]]))
        groups.append(ChannelGroup([(inner[0], inner[1])], [inner[3]]))
        writers = [(inner[3], inner[4]), (shortcut[0], shortcut[1])]
    return [*groups, ChannelGroup(writers, [model.classifier])]


_NETWORKS: dict[type[nn.Module], Callable[..., list[ChannelGroup]]] = {
    SixBlockCNN: _six_block,
    FiveConvCNN: _five_conv,
    ResidualCNN: _residual,
}
