"""Losses of four recorded scripts with a defect each, for exercise 08.6.

The broken scripts of the clinic on sketches of 32 pixels, 12 epochs each, in November 2026: A with
64 training images, the others with 204. Validation images are new ones; those of B are held out by
its script.

Lesson 08, section 4.
"""

# script → its defect
DEFECTS = {
    "A": "gradients never cleared",
    "B": "leak",
    "C": "dead ReLUs",
    "D": "second softmax",
}
# script → "training" and "validation" → the mean loss of each epoch
# fmt: off (an epoch a column)
CURVES = {
    "A": {
        "training": [0.87, 0.52, 0.54, 0.38, 0.74, 0.93, 0.66, 1.16, 1.38, 1.22, 1.31, 0.87],
        "validation": [0.70, 0.76, 0.94, 1.03, 2.63, 2.94, 2.74, 2.06, 2.04, 5.18, 7.71, 7.35],
    },
    "B": {
        "training": [0.64, 0.29, 0.23, 0.18, 0.10, 0.11, 0.09, 0.17, 0.09, 0.06, 0.11, 0.11],
        "validation": [0.50, 0.28, 0.27, 0.23, 0.25, 0.21, 0.19, 0.23, 0.24, 0.16, 0.17, 0.28],
    },
    "C": {
        "training": [2.90, 0.71, 0.72, 0.70, 0.71, 0.70, 0.69, 0.70, 0.70, 0.70, 0.70, 0.70],
        "validation": [0.71, 0.77, 0.69, 0.70, 0.70, 0.69, 0.69, 0.69, 0.69, 0.69, 0.69, 0.69],
    },
    "D": {
        "training": [0.74, 0.58, 0.49, 0.43, 0.39, 0.37, 0.35, 0.37, 0.35, 0.34, 0.34, 0.32],
        "validation": [0.69, 0.70, 0.68, 0.67, 0.67, 0.67, 0.63, 0.64, 0.64, 0.68, 0.65, 0.64],
    },
}
# fmt: on
