"""What an animal is made of, before it is drawn: coat, pose, face. Each is sampled by itself.

Lengths in a face or body are in radii of the head. Difficulty runs from 0 to 1; `sampling.ramp`
says what it does.
"""

from __future__ import annotations

from dataclasses import dataclass

from catdog_lib.sketches.colours import DARK, LIGHT, Colour, jitter, lightness, mix
from catdog_lib.sketches.sampling import Rng, pick, pick_weighted, ramp

FURS: tuple[Colour, ...] = (
    (56, 52, 58),
    (88, 86, 94),
    (140, 140, 148),
    (182, 184, 192),
    (242, 238, 230),
    (234, 212, 178),
    (224, 142, 68),
    (216, 172, 106),
    (190, 142, 98),
    (138, 96, 66),
    (98, 68, 54),
    (114, 126, 144),
)
PATTERNS = ("plain", "tabby", "patches", "blaze", "points", "spots", "socks")
PINK: Colour = (226, 150, 148)
TONGUE: Colour = (226, 112, 122)
FEATURES = ("ears", "eyes", "muzzle")  # the body parts that tell the class


@dataclass(frozen=True)
class Coat:
    """The look of the fur. Its distribution is the same for cats and dogs."""

    pattern: str  # one of PATTERNS
    base: Colour
    second: Colour  # of stripes, patches, spots, ...
    ears: Colour
    muzzle: Colour
    fluff: float  # length of the tufts at the edge, as a fraction of the radius

    @classmethod
    def sample(cls, rng: Rng) -> Coat:
        """Sample a coat with colours that stand apart from each other."""
        pattern = pick(rng, PATTERNS)
        base, second = (jitter(pick(rng, FURS), rng, 7) for _ in range(2))
        dark = mix(base, DARK, rng.uniform(0.35, 0.6))
        shade, pale = rng.uniform(0, 0.35), rng.uniform(0.25, 0.75)
        if abs(lightness(second) - lightness(base)) < 0.2:
            second = LIGHT if lightness(base) < 0.6 else dark
        white = mix(LIGHT, base, 0.08)
        fixed = {"tabby": dark, "points": mix(dark, DARK, 0.3), "blaze": white, "socks": white}
        second = fixed.get(pattern, second)
        return cls(
            pattern,
            base,
            second,
            ears=second if pattern in ("points", "patches") else mix(base, DARK, shade),
            muzzle=second if pattern in ("points", "blaze") else mix(base, LIGHT, pale),
            fluff=pick(rng, (0.0, 0.0, 0.03, 0.06, 0.1)),
        )

    @property
    def edge(self) -> Colour:
        """The colour of outlines."""
        return mix(self.base, DARK, 0.62)

    @property
    def ink(self) -> Colour:
        """A colour for fine lines that can be seen on the base colour."""
        pale = lightness(self.base) > 0.35
        return mix(self.base, DARK, 0.75) if pale else mix(self.base, LIGHT, 0.5)


@dataclass(frozen=True)
class Pose:
    """Where the animal is, how it looks out, from where it is lit. The same for cats and dogs."""

    x: float  # centre of the head, as a fraction of the image
    y: float
    unit: float  # radius of the head, as a fraction of the image
    posture: str  # "sitting" or "lying"
    tilt: float  # of the head, radians
    turn: float  # to the side, -1 to 1
    nod: float  # down, -1 to 1
    flip: bool  # the whole animal is mirrored
    tail: bool  # drawn or not
    lids: str  # "open", "half", "happy" (both closed) or "wink"
    gaze: float  # of the pupils to the side, -1 to 1
    light: float  # from the side, -1 (left) to 1 (right), before the animal is mirrored

    @classmethod
    def sample(cls, rng: Rng, difficulty: float) -> Pose:
        """Sample a pose: whole, central, upright at difficulty 0; small, tilted, cut off at 1."""
        d = difficulty
        unit = rng.uniform(ramp(d, 0.21, 0.165, 0.1), ramp(d, 0.27, 0.3, 0.26))
        x = rng.normal(0.5, ramp(d, 0.02, 0.09, 0.16))
        sides = ramp(d, 0.04, 0.25, 0.36)
        y = rng.uniform(ramp(d, 1.85, 1.35, 0.8), ramp(d, 1.95, 1.8, 1.8)) * unit
        y += rng.uniform(0, ramp(d, 0.04, 0.1, 0.2))
        posture = pick_weighted(rng, {"sitting": 3, "lying": 1})
        # Feet are on the ground, which all scenes show at the lower edge.
        feet = 2.75 if posture == "sitting" else 1.75
        y = max(y, rng.uniform(0.84, 0.98) - feet * unit)
        tilt, most = rng.normal(0, ramp(d, 0.05, 0.17, 0.34)), ramp(d, 0.1, 0.45, 0.8)
        closed = ramp(d, 0, 0.08, 0.4)
        return cls(
            x=max(0.5 - sides, min(0.5 + sides, x)),
            y=y,
            unit=unit,
            posture=posture,
            tilt=max(-most, min(most, tilt)),
            turn=rng.uniform(-1, 1) * ramp(d, 0.4, 1, 1),
            nod=rng.uniform(-1, 1),
            flip=rng.random() < 0.5,
            tail=rng.random() < ramp(d, 1, 0.7, 0.5),
            lids=pick_weighted(
                rng,
                {
                    "open": 0.9 - closed,
                    "half": ramp(d, 0, 0.1, 0.15),
                    "happy": closed,
                    "wink": 0.05 * min(1, 2 * d),
                },
            ),
            gaze=rng.uniform(-1, 1),
            light=rng.uniform(-1, 1) * ramp(d, 0.4, 0.8, 1),
        )


@dataclass(frozen=True)
class Face:
    """What distinguishes a cat from a dog. Sampled by `cats.sample_face` and `dogs.sample_face`."""

    breed: str
    # Cats: pointed, rounded, tufted, folded; dogs: hanging, curly, folded, pricked, bat, button.
    ears: str
    ears_2: str  # the other ear: some dogs have one up and one down
    ear_length: float  # 1 is usual for the kind
    ear_spread: float  # how far apart, 1 is usual
    wide: float  # half the width of the head
    jaw: float  # half its width at the mouth
    chin: float  # from the centre down to it
    pupil: str  # "slit" or "round"
    eye: float  # its radius
    slant: float  # of the eyes, radians
    iris: Colour
    muzzle: str  # cats: short, flat, boxy; dogs: long, flat, bearded
    muzzle_length: float  # from the centre of the head down to its end
    muzzle_width: float  # half its width
    nose: Colour
    whiskers: bool
    tongue: bool
    ears_of: int  # label of the class each feature is of: the animal's own unless it is mixed
    eyes_of: int
    muzzle_of: int
    head_of: int
