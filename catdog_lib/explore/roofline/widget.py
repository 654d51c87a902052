"""Put every layer of a network under the roof of a machine, and see what limits it.

Lesson 10, section 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import traitlets
from torch import nn

from catdog_lib.errors import CatdogError
from catdog_lib.explore.base import Explorable, IntegerTrait
from catdog_lib.explore.roofline.bound import Bound, bound
from catdog_lib.explore.roofline.text import layer_text, whole_text
from catdog_lib.explore.roofline.work import LayerWork, network_work

SIZES = (64, 96, 128, 160, 192, 224, 256)  # of the images, in pixels
MOST_MACHINES = 6  # as many colours


class Roofline(Explorable):
    """The layers of a network under the roof of a machine, and the shortest time of each.

    You choose network, machine, batch and image size. Each layer is a point on the roof, at its
    arithmetic intensity, and a bar, as high as the time that it takes at least. In the table stand
    the limits of all machines, and what they make of the whole network.

    What you choose there can be read here, and the other way round: ``network``, ``machine`` (their
    names), ``batch``, ``size`` (one of :data:`SIZES`) and ``layer``, its position.
    """

    code = "roofline"
    networks = traitlets.List(help="of each: name, layers, their work at each size").tag(sync=True)
    machines = traitlets.List(help="of each: its limits, and whether specified").tag(sync=True)
    sizes = traitlets.List(traitlets.Int(), default_value=list(SIZES)).tag(sync=True)
    measured = traitlets.Dict(help="network, machine, batch, size, seconds").tag(sync=True)
    network = traitlets.Unicode().tag(sync=True)
    machine = traitlets.Unicode().tag(sync=True)
    batch = IntegerTrait(32, 1, 1024)
    size = traitlets.Int(64).tag(sync=True)
    layer = IntegerTrait(0, 0, 9999)

    def __init__(
        self,
        networks: Mapping[str, Callable[[int], nn.Module]],
        machines: Mapping[str, tuple[float, float, int]],
        *,
        specified: Mapping[str, tuple[float, float, int]] | None = None,
        batch: int = 32,
        size: int = 64,
        measured: Mapping[str, float] | None = None,
    ):
        """Count the work of each layer, for each size of the images.

        Args:
            networks: name → a function that makes the network for images of a size.
            machines: name → operations a second, bytes a second, bytes of each number, as they were
                measured; yours first.
            specified: the same from data sheets, which measure nothing: their roofs are dashed.
                Machines are at most six in all.
            batch: images that are computed at once.
            size: of the images, in pixels, one of :data:`SIZES`.
            measured: layer of the first network → operations a second that it reached, on the first
                machine, with this batch and size.

        Raises:
            CatdogError: there is no network or machine, or too many; a limit is not above 0; the
                size is none of these; or a measured layer is not in the network.
        """
        promised = specified or {}
        _check(networks, machines | promised)
        recorded = [
            {"name": name, "work": [network_work(build, side) for side in SIZES]}
            for name, build in networks.items()
        ]
        super().__init__(
            networks=[_to_page(one["name"], one["work"]) for one in recorded],
            machines=[
                {
                    "name": name,
                    "peak": peak,
                    "bandwidth": bandwidth,
                    "bytes": width,
                    "specified": name in promised,
                }
                for name, (peak, bandwidth, width) in (machines | promised).items()
            ],
            network=next(iter(networks)),
            machine=next(iter(machines)),
            batch=batch,
            size=size,
        )
        times = [one.seconds for one in self.bounds().values()]
        self.layer = times.index(max(times))  # the first to look at
        if measured:
            self.measured = self._as_times(measured)

    @traitlets.validate("network", "machine", "size")
    def _check_choice(self, proposal) -> str | int:
        name, value = proposal["trait"].name, proposal["value"]
        lists = {"network": self.networks, "machine": self.machines}
        there = [one["name"] for one in lists[name]] if name in lists else list(self.sizes)
        if value not in there:
            raise CatdogError(f"{name} is {value!r}; use one of {', '.join(map(repr, there))}.")
        return value

    def bounds(self) -> dict[str, Bound]:
        """Return what bounds each layer of the chosen network, in order."""
        machine, network = self._chosen(self.machines, self.machine), self._network()
        work = network["work"][list(self.sizes).index(self.size)]
        return {
            layer["name"]: bound(one, machine, self.batch)
            for layer, one in zip(network["layers"], work, strict=True)
        }

    def summary(self) -> str:
        """Return what the page says of the network and of the chosen layer."""
        bounds = self.bounds()
        name = list(bounds)[min(self.layer, len(bounds) - 1)]
        machine = self._chosen(self.machines, self.machine)
        whole = whole_text(self.network, self.machine, self.batch, self.size, list(bounds.values()))
        seconds = self._measured_here().get(name)
        return f"{whole} {layer_text(name, machine, bounds[name], seconds)}"

    def _measured_here(self) -> Mapping[str, float]:
        """Return the seconds that were measured of what is chosen."""
        names = ("network", "machine", "batch", "size")
        if all(self.measured.get(name) == getattr(self, name) for name in names):
            return self.measured["seconds"]
        return {}

    def _as_times(self, rates: Mapping[str, float]) -> dict:
        """Return what was measured, for what is chosen now, as seconds of each layer."""
        bounds = self.bounds()
        for name, rate in rates.items():
            if name not in bounds or not rate > 0:
                raise CatdogError(
                    f"measured has {name!r}: {rate}; give operations a second, above 0, of layers "
                    f"of {self.network}: {', '.join(list(bounds)[:4])}, …"
                )
        names = ("network", "machine", "batch", "size")
        seconds = {name: bounds[name].operations / rate for name, rate in rates.items()}
        return {name: getattr(self, name) for name in names} | {"seconds": seconds}

    def _network(self) -> dict:
        return self._chosen(self.networks, self.network)

    @staticmethod
    def _chosen(there: list[dict], name: str) -> dict:
        return next(one for one in there if one["name"] == name)


def _to_page(name: str, work: list[list[LayerWork]]) -> dict:
    """Return a network as the page has it: its layers, and the numbers of each at each size."""
    return {
        "name": name,
        "layers": [{"name": layer.name, "family": layer.family} for layer in work[0]],
        "work": [[(one.operations, one.numbers, one.weights) for one in at] for at in work],
    }


def _check(networks: Mapping[str, Callable], machines: Mapping[str, tuple]) -> None:
    if not networks:
        raise CatdogError("networks is empty; pass at least one, such as models.FiveConvCNN.")
    if not 1 <= len(machines) <= MOST_MACHINES:
        raise CatdogError(f"machines holds {len(machines)}; pass 1 to {MOST_MACHINES}.")
    for name, limits in machines.items():
        if len(limits) != 3 or not all(math.isfinite(one) and one > 0 for one in limits):
            raise CatdogError(
                f"The machine {name!r} has the limits {limits}; pass operations a second, bytes a "
                "second and bytes of each number, all above 0."
            )
