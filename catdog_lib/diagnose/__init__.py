"""Find what is wrong with a training run: checks for your own loop, network, history or run folder.

Each check is a function of plain tensors, numbers or a plain ``nn.Module``, usable alone, and
returns a list of findings, [] if it found nothing. :func:`diagnose` runs all for which it is given
the inputs.
"""

from catdog_lib.diagnose.accuracies import last_batch_only, unequal_batches
from catdog_lib.diagnose.copies import conflicting_labels, leaked_images
from catdog_lib.diagnose.finding import CERTAIN, LIKELY, POSSIBLE, Diagnosis, Finding
from catdog_lib.diagnose.front import CHECKS, diagnose
from catdog_lib.diagnose.frozen import drifting_weights, moved_statistics
from catdog_lib.diagnose.gradients import accumulated_gradients
from catdog_lib.diagnose.inputs import changed_preprocessing
from catdog_lib.diagnose.labels import labels_off_by_one, unlearned_labels
from catdog_lib.diagnose.layers import dead_units, missing_gradients
from catdog_lib.diagnose.losses import FLOOR, loss_floor, second_softmax, unusual_first_loss
from catdog_lib.diagnose.predictions import augmented_test_images, unstable_predictions
from catdog_lib.diagnose.rates import unusual_learning_rate
from catdog_lib.diagnose.run import diagnose_run
from catdog_lib.diagnose.suspects import label_suspects
from catdog_lib.diagnose.weights import other_weights, untrained_weights

__all__ = [
    "CERTAIN",
    "CHECKS",
    "FLOOR",
    "LIKELY",
    "POSSIBLE",
    "Diagnosis",
    "Finding",
    "accumulated_gradients",
    "augmented_test_images",
    "changed_preprocessing",
    "conflicting_labels",
    "dead_units",
    "diagnose",
    "diagnose_run",
    "drifting_weights",
    "label_suspects",
    "labels_off_by_one",
    "last_batch_only",
    "leaked_images",
    "loss_floor",
    "missing_gradients",
    "moved_statistics",
    "other_weights",
    "second_softmax",
    "unequal_batches",
    "unlearned_labels",
    "unstable_predictions",
    "untrained_weights",
    "unusual_first_loss",
    "unusual_learning_rate",
]
