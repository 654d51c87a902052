"""Explain a network's answer: on which pixels does it depend, and is the explanation true?"""

from catdog_lib.explain.adversarial import fast_gradient_sign, is_fooled
from catdog_lib.explain.attribution import occlusion, saliency, smooth_grad
from catdog_lib.explain.cam import grad_cam
from catdog_lib.explain.deletion import area_under, deletion_curve, insertion_curve
from catdog_lib.explain.localization import BODY_PARTS, area_by_part, heat_by_part, pointing_game
from catdog_lib.explain.log_odds import LogOdds
from catdog_lib.explain.sanity_check import edge_map, randomize_weights, similarity
from catdog_lib.explain.visualization import optimize_image

__all__ = [
    "BODY_PARTS",
    "LogOdds",
    "area_by_part",
    "area_under",
    "deletion_curve",
    "edge_map",
    "fast_gradient_sign",
    "grad_cam",
    "heat_by_part",
    "insertion_curve",
    "is_fooled",
    "occlusion",
    "optimize_image",
    "pointing_game",
    "randomize_weights",
    "saliency",
    "similarity",
    "smooth_grad",
]
