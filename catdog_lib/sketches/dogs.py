"""Dogs: breeds, ears, head, muzzle. A dog's eyes are in `eyes`.

Coordinates are the head's: its radius is about 1, its centre (0, 0), x to the right, y down.
Longer than 200 lines because every breed has features of its own.
"""

from __future__ import annotations

import numpy as np

from catdog_lib.sketches.canvas import Pen
from catdog_lib.sketches.colours import DARK, LIGHT, Colour, jitter, mix
from catdog_lib.sketches.outlines import fluffy, mirrored, outline, scaled
from catdog_lib.sketches.sampling import Rng, pick, pick_weighted, ramp
from catdog_lib.sketches.traits import PINK, TONGUE, Coat, Face, Pose

IRISES: tuple[Colour, ...] = (
    (112, 70, 42),
    (86, 56, 40),
    (150, 104, 60),
    (200, 150, 72),
    (126, 176, 198),
)
NOSES: tuple[Colour, ...] = (
    (40, 34, 38),
    (40, 34, 38),
    (62, 48, 46),
    (122, 78, 70),
    (186, 124, 120),
)
BREEDS = {
    "mongrel": 4,
    "hound": 1.5,
    "spaniel": 1.5,
    "husky": 1.5,
    "corgi": 1,
    "terrier": 1.2,
    "pug": 1,
    "dachshund": 1,
    "poodle": 1,
}
TAIL = ((0.7, 2.4), (1.2, 2.2), (1.5, 1.75), (1.6, 1.45))
# The right ear of each kind, as the points of its outline.
EARS = {
    "hanging": (
        (0.5, -0.78), (0.85, -0.76), (1.2, -0.35), (1.22, 0.5),
        (1.02, 0.68), (0.86, 0.35), (0.78, -0.2),
    ),
    "curly": (
        (0.55, -0.7), (0.95, -0.66), (1.24, -0.1), (1.34, 0.6),
        (1.1, 0.85), (0.84, 0.62), (0.78, -0.1),
    ),
    "folded": (
        (0.32, -0.8), (0.62, -1.13), (0.95, -1.05), (1.22, -0.62),
        (1.2, -0.36), (0.98, -0.45), (0.7, -0.62),
    ),
    "pricked": (
        (0.2, -0.7), (0.4, -1.12), (0.6, -1.42), (0.76, -1.42),
        (0.96, -1.05), (1, -0.6), (0.9, -0.2), (0.5, -0.4),
    ),
    "bat": (
        (0.3, -0.62), (0.56, -1.2), (0.82, -1.52), (1.02, -1.48),
        (1.14, -1.1), (1.06, -0.6), (0.92, -0.3), (0.6, -0.4),
    ),
}  # four points a row  # fmt: skip
IN_FRONT = ("hanging", "curly", "button")  # drawn over the head; the other ears are drawn before it


def sample_face(rng: Rng, difficulty: float) -> Face:
    """Sample the face of a dog of one of the BREEDS."""
    breed = pick_weighted(rng, BREEDS)
    u = rng.uniform
    ears = pick_weighted(rng, {"hanging": 0.5, "folded": 0.25, "pricked": 0.25})
    traits = {
        "ears": ears, "ears_2": ears, "ear_length": u(0.75, 1.2), "ear_spread": u(0.92, 1.08),
        "wide": u(0.86, 1.02), "jaw": u(0.62, 0.9), "chin": 0.98,
        "pupil": "round", "eye": u(0.145, 0.19), "slant": u(0.02, 0.15),
        "muzzle": "long", "muzzle_length": u(0.95, 1.12), "muzzle_width": u(0.42, 0.56),
    }  # a row for each feature  # fmt: skip
    if breed == "mongrel" and ears != "hanging" and u() < 0.3:
        traits["ears_2"] = pick(rng, ("folded", "pricked"))
    elif breed in ("hound", "dachshund"):
        traits |= {"ears": "hanging", "ear_length": u(1.15, 1.4), "wide": u(0.84, 0.94)}
        if breed == "dachshund":
            traits |= {"muzzle_length": u(1.15, 1.25), "muzzle_width": u(0.38, 0.44)}
            traits |= {"wide": u(0.76, 0.84), "jaw": u(0.5, 0.6)}
    elif breed in ("spaniel", "poodle"):
        traits |= {"ears": "curly", "ear_length": u(0.85, 1.1), "muzzle_width": u(0.4, 0.5)}
    elif breed == "husky":
        traits |= {"ears": "pricked", "ear_length": u(1.0, 1.15), "jaw": u(0.74, 0.86)}
        traits |= {"slant": u(0.1, 0.25)}
    elif breed == "corgi":
        traits |= {"ears": "bat", "ear_length": u(0.95, 1.15), "jaw": u(0.6, 0.72)}
        traits |= {"muzzle_width": u(0.4, 0.46)}
    elif breed == "terrier":
        traits |= {"ears": "folded", "muzzle": "bearded", "muzzle_width": u(0.5, 0.58)}
    elif breed == "pug":
        traits |= {"ears": "button", "muzzle": "flat", "muzzle_width": u(0.54, 0.62)}
        traits |= {"muzzle_length": u(0.84, 0.9), "wide": u(1.0, 1.08), "jaw": u(0.9, 1.0)}
        traits |= {"eye": u(0.2, 0.23), "chin": 0.95}
    if breed != "mongrel":
        traits["ears_2"] = traits["ears"]
    return Face(
        breed=breed,
        **traits,
        iris=jitter(pick(rng, IRISES), rng),
        nose=pick(rng, NOSES),
        whiskers=False,
        tongue=u() < ramp(difficulty, 0.65, 0.45, 0.2),
        ears_of=1,
        eyes_of=1,
        muzzle_of=1,
        head_of=1,
    )


def head_outline(face: Face) -> np.ndarray:
    """Return the outline of the head: narrower than a cat's, with jowls."""
    w, jaw, chin = face.wide, face.jaw, face.chin
    half = [(0, -0.9), (0.48, -0.84), (0.84 * w, -0.4), (0.92 * w, 0.1), (jaw, 0.6)]
    return outline(mirrored([*half, (jaw * 0.6, chin - 0.08), (0, chin)]))


def draw_crown(pen: Pen, coat: Coat, face: Face, rng: Rng) -> None:
    """Draw the curls on top of a poodle's or spaniel's head."""
    if face.breed not in ("poodle", "spaniel"):
        return
    curls, big = (7, 0.2) if face.breed == "poodle" else (4, 0.15)
    spots = [(x, -0.84 + 0.5 * x * x) for x in np.linspace(-0.45, 0.45, curls)]
    for grow, colour in ((0.05, coat.edge), (0.0, coat.base)):
        for x, y in spots:
            pen.oval(x, y, big + grow, big + grow, colour)
    pen.oval(0, -0.62, 0.5, 0.24, coat.base)
    for x, y in spots:
        light = mix(coat.base, LIGHT, 0.14)
        pen.oval(x + rng.normal(0, 0.02), y - 0.03, big * 0.6, big * 0.55, light)


def draw_ears(pen: Pen, coat: Coat, face: Face, rng: Rng, front: bool) -> None:
    """Draw ears, none with a sharp point; `front` asks for those in front of the head."""
    pen, ink = pen.of("ears"), pen.of(None)
    pink = mix(PINK, coat.ears, rng.uniform(0.3, 0.7))
    for s, kind in ((-1, face.ears), (1, face.ears_2)):
        if front != (kind in IN_FRONT):
            continue
        if kind == "button":
            _button_ear(pen, s, coat)
            continue
        hangs = kind in IN_FRONT
        stretch = face.ear_length if hangs else 0.8 + 0.22 * face.ear_length
        # Stretched about the height at which it is fixed to the head.
        points = [(s * face.ear_spread * x, (y + 0.6) * stretch - 0.6) for x, y in EARS[kind]]
        ear = outline(points)
        if kind == "curly":
            ear = fluffy(ear, 0.13, rng)
        pen.shape(scaled(ear, 1.1), coat.edge)
        ink.shape(ear, coat.ears if kind in ("pricked", "bat") else mix(coat.ears, DARK, 0.12))
        if hangs:
            pen.fur(ear, rng.random(2))
        elif kind != "folded":
            ink.shape(scaled(ear, 0.6, down=0.05), pink)


def _button_ear(pen: Pen, s: int, coat: Coat) -> None:
    ear = outline(
        [(s * 0.5, -0.86), (s * 0.86, -0.82), (s * 1.1, -0.4), (s * 0.98, -0.12), (s * 0.72, -0.42)]
    )
    pen.shape(scaled(ear, 1.12), coat.edge)
    pen.of(None).shape(ear, mix(coat.ears, DARK, 0.35))


def draw_muzzle(pen: Pen, coat: Coat, pose: Pose, face: Face, rng: Rng) -> None:
    """Draw a snout with a large nose and a wide mouth, often a tongue.

    Terriers have a beard, pugs have wrinkles.
    """
    pen, ink = pen.of("muzzle"), pen.of(None)
    w, low, b = face.muzzle_width, face.muzzle_length, rng.uniform(0.17, 0.26)
    flat = face.muzzle == "flat"
    fur = mix(coat.muzzle, DARK, 0.55) if flat else coat.muzzle
    line = mix(fur, DARK, 0.7)
    if face.tongue:
        x, end = rng.normal(0, 0.06), low + rng.uniform(0.15, 0.42)
        pen.oval(0, low - 0.02, w * 0.55, 0.24, mix(line, DARK, 0.6))
        tip = [(x + 0.18, end), (x, end + 0.12), (x - 0.18, end)]
        pen.shape(outline([(x - 0.17, low - 0.1), (x + 0.17, low - 0.1), *tip]), TONGUE)
        ink.stroke([(x, low), (x, end - 0.04)], 0.035, mix(TONGUE, DARK, 0.3))
    top = 0.14 if flat else 0.05
    half = [(0, top), (w * 0.55, top + 0.07), (w, 0.55), (w * 0.85, low - 0.1), (0, low)]
    snout = outline(mirrored(half))
    if face.muzzle == "bearded":
        snout = fluffy(snout, 0.16, rng)
    pen.shape(scaled(snout, 1.05), mix(fur, coat.edge, 0.35))
    ink.shape(snout, fur)
    y = low - (0.12 if flat else 0.2)
    ink.stroke([(0, 0.45), (0, y)], 0.04, line)
    lift = 0.12 if face.tongue or pose.lids == "happy" else 0.05
    corner, dip = (w * 0.75, y - lift), (w * 0.4, y + 0.07)
    mouth = [(-corner[0], corner[1]), (-dip[0], dip[1]), (0, y), dip, corner]
    ink.stroke(mouth, 0.05, line)
    if flat:
        for s in (-1, 1):
            fold = [(s * 0.1, 0.02), (s * 0.34, 0.1), (s * 0.62, 0.4)]
            ink.stroke(fold, 0.05, mix(coat.base, DARK, 0.45), tips=2)
    else:
        for s in (-1, 1):
            for i in (0, 1):
                ink.oval(s * (0.22 + 0.1 * i), 0.66 - 0.08 * i, 0.025, 0.025, line)
    bridge = [(-b, 0.27), (-b * 0.5, 0.17), (b * 0.5, 0.17), (b, 0.27)]
    ink.shape(outline([*bridge, (b * 0.6, 0.46), (0, 0.53), (-b * 0.6, 0.46)]), face.nose)
    ink.oval(-b * 0.3, 0.25, b * 0.3, 0.04, mix(face.nose, LIGHT, 0.55))
    for s in (-1, 1):
        ink.oval(s * b * 0.45, 0.38, 0.05, 0.035, mix(face.nose, (0, 0, 0), 0.6))
