"""The interactive figures of the course.

Their JavaScript computes on its own, so they answer in JupyterLab and on a rendered page without a
kernel.
"""

from catdog_lib.explore.animal_studio.widget import AnimalStudio
from catdog_lib.explore.convolution_stepper import KERNELS, ConvolutionStepper
from catdog_lib.explore.feature_map_browser.widget import FeatureMapBrowser
from catdog_lib.explore.label_game import LabelGame
from catdog_lib.explore.lambda_slider import LambdaSlider
from catdog_lib.explore.live_training import LiveTraining
from catdog_lib.explore.optimizer_race import OptimizerRace
from catdog_lib.explore.questions import Prediction, Question, Quiz
from catdog_lib.explore.receptive_field_viewer import ReceptiveFieldViewer
from catdog_lib.explore.roofline.widget import Roofline
from catdog_lib.explore.shape_calculator import ShapeCalculator
from catdog_lib.explore.ten_images.widget import TenImages

__all__ = [
    "KERNELS",
    "AnimalStudio",
    "ConvolutionStepper",
    "FeatureMapBrowser",
    "LabelGame",
    "LambdaSlider",
    "LiveTraining",
    "OptimizerRace",
    "Prediction",
    "Question",
    "Quiz",
    "ReceptiveFieldViewer",
    "Roofline",
    "ShapeCalculator",
    "TenImages",
]
