"""Look inside a network: its maps, what excites them, which pixels its answer depends on, and whether that is true."""

from catdog_lib.explain.attribution import occlusion, saliency, smooth_grad
from catdog_lib.explain.cam import grad_cam
from catdog_lib.explain.curves import area_under, deletion_curve, insertion_curve
from catdog_lib.explain.fields import Fields
from catdog_lib.explain.hooks import Recorder
from catdog_lib.explain.layers import convolutions, last_maps, layers_in_order
from catdog_lib.explain.randomise import randomised, similarity
from catdog_lib.explain.truth import PARTS, area_by_part, heat_by_part, pointing_game
from catdog_lib.explain.units import (
    Excitement,
    LayerActivity,
    activation_statistics,
    most_exciting,
)

__all__ = [
    "PARTS",
    "Excitement",
    "Fields",
    "LayerActivity",
    "Recorder",
    "activation_statistics",
    "area_by_part",
    "area_under",
    "convolutions",
    "deletion_curve",
    "grad_cam",
    "heat_by_part",
    "insertion_curve",
    "last_maps",
    "layers_in_order",
    "most_exciting",
    "occlusion",
    "pointing_game",
    "randomised",
    "saliency",
    "similarity",
    "smooth_grad",
]
