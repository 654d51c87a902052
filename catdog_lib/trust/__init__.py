"""How far to trust an answer: is the probability true, is it a pet at all, and what spoils it?"""

from catdog_lib.trust.calibration import (
    ReliabilityBins,
    expected_calibration_error,
    reliability_bins,
    simulated_errors,
)
from catdog_lib.trust.damage import DAMAGES, damage, hits_by_strength
from catdog_lib.trust.neighbours import nearest
from catdog_lib.trust.rejection import (
    auroc,
    energy,
    max_probability,
    neighbour_similarity,
    pet_share,
    pets_rejected,
    roc_curve,
    threshold_for,
)
from catdog_lib.trust.strangers import stranger_sets
from catdog_lib.trust.temperature import fit_temperature

__all__ = [
    "DAMAGES",
    "ReliabilityBins",
    "auroc",
    "damage",
    "energy",
    "expected_calibration_error",
    "fit_temperature",
    "hits_by_strength",
    "max_probability",
    "nearest",
    "neighbour_similarity",
    "pet_share",
    "pets_rejected",
    "reliability_bins",
    "roc_curve",
    "simulated_errors",
    "stranger_sets",
    "threshold_for",
]
