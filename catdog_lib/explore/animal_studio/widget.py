"""Build an animal trait by trait, and see what networks make of it.

Lesson 07, section 5.
"""

from __future__ import annotations

from collections.abc import Mapping

import traitlets
from torch import Tensor, nn

from catdog_lib.classes import CLASSES
from catdog_lib.errors import CatdogError
from catdog_lib.explore.animal_studio.changes import (
    Change,
    mean_effects,
    probability_of,
    single_changes,
)
from catdog_lib.explore.animal_studio.record import (
    COLUMNS,
    HEAT_SIDE,
    METHODS,
    check_network,
    cut_sheet,
    draw_sheet,
    number_of,
    record_network,
)
from catdog_lib.explore.base import Explorable, FloatTrait
from catdog_lib.explore.convert import decode
from catdog_lib.sketches.variants import TRAITS, class_of_traits

MOST_NETWORKS = 4
MOST_TEXT = 2_500_000  # characters: all images and heat maps travel to the page as text
SMALLEST, LARGEST = 32, 128  # images, in pixels


class AnimalStudio(Explorable):
    """One drawn animal whose ears, muzzle, eyes, body, coat and scene you choose.

    You see the probability of a dog that each network gives, the heat map of one of them over the
    animal, and what each single change would do. Find the trait that turns a cat into a dog.

    Every variant was drawn and shown to the networks beforehand (324 images), so the page needs no
    kernel. The images are the very ones that the networks got.

    What you choose there can be read here, and the other way round: ``ears``, ``muzzle``, ``eyes``,
    ``body``, ``coat``, ``scene`` (each one of :data:`catdog_lib.sketches.variants.TRAITS`),
    ``network`` (whose heat and changes are shown), ``shows_heat`` and ``opacity``.
    """

    code = "animal_studio"
    sheet = traitlets.Unicode(help="all variants, one JPEG file").tag(sync=True)
    size = traitlets.Int(help="of one variant, in pixels").tag(sync=True)
    columns = traitlets.Int(COLUMNS, help="variants in a row of the sheet").tag(sync=True)
    grid = traitlets.List(help="each trait with its choices, and the class of each").tag(sync=True)
    networks = traitlets.List(help="of each: name, scores of a dog, heat maps").tag(sync=True)
    heat_side = traitlets.Int(HEAT_SIDE).tag(sync=True)
    method = traitlets.Unicode().tag(sync=True)
    ears = traitlets.Unicode().tag(sync=True)
    muzzle = traitlets.Unicode().tag(sync=True)
    eyes = traitlets.Unicode().tag(sync=True)
    body = traitlets.Unicode().tag(sync=True)
    coat = traitlets.Unicode().tag(sync=True)
    scene = traitlets.Unicode().tag(sync=True)
    network = traitlets.Unicode().tag(sync=True)
    shows_heat = traitlets.Bool(True).tag(sync=True)
    opacity = FloatTrait(0.4, 0, 1)

    def __init__(
        self,
        networks: nn.Module | Mapping[str, nn.Module],
        *,
        size: int = 64,
        seed: int = 0,
        method: str = "Grad-CAM",
    ):
        """Draw all variants of one animal, and record what the networks make of them.

        Args:
            networks: a network, or up to four by name, such as ``{"good": a, "shortcut": b}``. Each
                takes N×3×size×size and returns logits of cat and dog. They stay as they are.
            size: of the images, in pixels, 32 to 128.
            seed: of all that you do not choose: pose, light, noise, the colours of the scene.
            method: of the heat: "Grad-CAM" or, slower, "occlusion".

        Raises:
            CatdogError: the networks are none, too many, no networks, or return something else; the
                size, seed or method is not one of these; or it would be too much for a page.
        """
        by_name = networks if isinstance(networks, Mapping) else {"the network": networks}
        _check(by_name, size, method)
        for name, model in by_name.items():
            check_network(name, model, size)
        sheet = draw_sheet(size, seed)
        images = cut_sheet(sheet, size) / 255
        recorded = [record_network(name, model, images, method) for name, model in by_name.items()]
        length = len(sheet) + sum(len(one["heat"]) for one in recorded)
        if length > MOST_TEXT:
            raise CatdogError(
                f"{len(images)} images of {size} pixels with the heat maps are {length // 1000:,} "
                f"kB, too much for a page ({MOST_TEXT // 1000:,} kB); pass a smaller size."
            )
        grid = [
            {
                "name": trait,
                "choices": list(choices),
                "classes": [-1 if label is None else label for label in choices.values()],
            }
            for trait, choices in TRAITS.items()
        ]
        first = {trait: next(iter(choices)) for trait, choices in TRAITS.items()}
        super().__init__(
            sheet=sheet,
            size=size,
            grid=grid,
            networks=recorded,
            method=method,
            network=next(iter(by_name)),
            **first,
        )

    @traitlets.validate(*TRAITS, "network")
    def _check_choice(self, proposal) -> str:
        name, value = proposal["trait"].name, proposal["value"]
        there = self._names() if name == "network" else list(TRAITS[name])
        if value not in there:
            raise CatdogError(f"{name} is {value!r}; use one of {', '.join(map(repr, there))}.")
        return value

    def chosen(self) -> dict[str, str]:
        """Return the choice for each trait of the animal that is shown."""
        return {trait: getattr(self, trait) for trait in TRAITS}

    def animal(self) -> str:
        """Return what the animal is: "cat", "dog", or "neither" if it has features of both."""
        label = class_of_traits(self.chosen())
        return "neither" if label is None else CLASSES[label]

    def image(self) -> Tensor:
        """Return the image that is shown and that the networks got, 3×size×size uint8."""
        return cut_sheet(self.sheet, self.size)[number_of(self.chosen())]

    def probability(self) -> float:
        """Return the probability of a dog that the chosen network gives to the animal shown."""
        return probability_of(self._recorded()["scores"][number_of(self.chosen())])

    def heat(self) -> Tensor:
        """Return the heat map that is shown, 16×16: shares of its largest value, in 1/255 steps."""
        maps = decode(self._recorded()["heat"], "|u1").view(-1, HEAT_SIDE, HEAT_SIDE)
        return maps[number_of(self.chosen())] / 255

    def settings(self) -> dict:
        """Return what is shown as arguments of :func:`catdog_lib.plots.animal_studio`."""
        return {
            "image": self.image(),
            "heat": self.heat(),
            "probability": self.probability(),
            "changes": [
                (f"{one.trait} → {one.choice}", one.probability) for one in self.single_changes()
            ],
            "opacity": self.opacity if self.shows_heat else 0.0,
            "title": f"{self.animal()}, seen by {self.network}",
        }

    def single_changes(self) -> list[Change]:
        """Return what each single change of the animal shown does, the largest change first."""
        return single_changes(self._recorded()["scores"], self.chosen())

    def mean_effects(self) -> dict[str, float]:
        """Return how much each trait moves the probability, on average over all animals.

        That is the mean size of the change over all pairs of variants that differ in this trait
        alone, from 0 to 1.
        """
        return mean_effects(self._recorded()["scores"])

    def _names(self) -> list[str]:
        """Return the names of the networks."""
        return [one["name"] for one in self.networks]

    def _recorded(self) -> dict:
        """Return what was recorded of the chosen network."""
        return self.networks[self._names().index(self.network)]


def _check(networks: Mapping[str, nn.Module], size: int, method: str) -> None:
    if not 1 <= len(networks) <= MOST_NETWORKS:
        raise CatdogError(f"networks holds {len(networks)}; pass 1 to {MOST_NETWORKS}.")
    if isinstance(size, bool) or not isinstance(size, int) or not SMALLEST <= size <= LARGEST:
        raise CatdogError(f"size is {size!r}; it has to be an integer, {SMALLEST} to {LARGEST}.")
    if method not in METHODS:
        raise CatdogError(f"method is {method!r}; use {' or '.join(map(repr, METHODS))}.")
