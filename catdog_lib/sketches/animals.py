"""One whole animal: which face it has, and how head and body are put together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from catdog_lib.sketches import cats, dogs
from catdog_lib.sketches.body import draw_body, draw_fur
from catdog_lib.sketches.canvas import Pen
from catdog_lib.sketches.eyes import cat_eyes, dog_eyes
from catdog_lib.sketches.sampling import Rng, pick_weighted, ramp
from catdog_lib.sketches.traits import Coat, Face, Pose

DRAWN_BY = (cats, dogs)  # by label


@dataclass(frozen=True)
class Ambiguity:
    """Whether the class can be recognized at all; as often for cats as for dogs."""

    kind: str  # "none", "mixed" (features of both classes) or "covered" (the whole face is hidden)
    # In a mixed animal: whether ears (else muzzle), eyes, and head with body are the other class's.
    swapped: tuple[bool, bool, bool]

    @classmethod
    def sample(cls, rng: Rng, difficulty: float) -> Ambiguity:
        """Sample an ambiguity: none at difficulty 0, in 2.4% of images at 0.5, in 10% at 1."""
        mixed, covered = ramp(difficulty, 0, 0.012, 0.05), ramp(difficulty, 0, 0.012, 0.05)
        kind = pick_weighted(rng, {"mixed": mixed, "covered": covered, "none": 1 - mixed - covered})
        return cls(kind, tuple((rng.random(3) < 0.5).tolist()))


def sample_face(label: int, ambiguity: Ambiguity, rng: Rng, difficulty: float) -> Face:
    """Sample the face of a cat (0) or dog (1).

    In a mixed animal, ears are of one class and the muzzle of the other. A coin decides which
    way round, and another coin which eyes it has: such an image says nothing about its label.
    """
    if ambiguity.kind != "mixed":
        return DRAWN_BY[label].sample_face(rng, difficulty)
    faces = tuple(species.sample_face(rng, difficulty) for species in DRAWN_BY)
    ears, eyes, head = (faces[label ^ swap] for swap in ambiguity.swapped)
    muzzle = faces[1 - ears.ears_of]
    return replace(
        head,
        breed="mixed",
        ears=ears.ears,
        ears_2=ears.ears_2,
        ear_length=ears.ear_length,
        ear_spread=ears.ear_spread,
        ears_of=ears.ears_of,
        eye=eyes.eye,
        pupil=eyes.pupil,
        slant=eyes.slant,
        iris=eyes.iris,
        eyes_of=eyes.eyes_of,
        muzzle=muzzle.muzzle,
        muzzle_length=muzzle.muzzle_length,
        muzzle_width=muzzle.muzzle_width,
        nose=muzzle.nose,
        tongue=muzzle.tongue,
        whiskers=False,
        muzzle_of=muzzle.muzzle_of,
    )


def draw_animal_body(pen: Pen, coat: Coat, pose: Pose, face: Face, rng: Rng) -> None:
    """Draw a body: slim with a long curled tail, or broad with a short raised one."""
    species = DRAWN_BY[face.head_of]
    broad, thick = (
        (rng.uniform(0.85, 1.05), 0.2) if species is cats else (rng.uniform(0.9, 1.12), 0.26)
    )
    draw_body(pen, coat, pose, rng, broad, species.TAIL, thick)


class HeadRngs(NamedTuple):
    """The random numbers of each part of a head: one stream for all of them, or one for each."""

    ears: Rng
    fur: Rng
    eyes: Rng
    muzzle: Rng


def draw_head(pen: Pen, coat: Coat, pose: Pose, face: Face, rngs: HeadRngs, tucked: bool) -> None:
    """Draw the head; with `tucked`, ears that stand up are hidden under a hat."""
    pen = pen.of("body")
    species, ears_species = DRAWN_BY[face.head_of], DRAWN_BY[face.ears_of]
    ears = pen.at(-0.06 * pose.turn, 0)
    front = pen.at(0.14 * pose.turn, 0.07 * pose.nod)  # features move further than the head turns
    if not tucked:
        ears_species.draw_ears(ears, coat, face, rngs.ears, front=False)
    if species is cats:
        cats.draw_cheeks(pen, coat, face)
    draw_fur(pen, species.head_outline(face), coat, rngs.fur, front, pose.light)
    if species is dogs:
        dogs.draw_crown(pen, coat, face, rngs.fur)
    ears_species.draw_ears(ears, coat, face, rngs.ears, front=True)
    (cat_eyes, dog_eyes)[face.eyes_of](front, coat, pose, face, rngs.eyes)
    snout = front.at(0.08 * pose.turn, 0.03 * pose.nod)
    DRAWN_BY[face.muzzle_of].draw_muzzle(snout, coat, pose, face, rngs.muzzle)
