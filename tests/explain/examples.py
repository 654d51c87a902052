"""A network whose explanation is known, and all methods that explain."""

import torch
from torch import nn

from catdog_lib import explain, models

METHODS = (explain.saliency, explain.smooth_grad, explain.occlusion, explain.grad_cam)


class Colours(nn.Module):
    """Its two logits are how red and how blue an image is: a detector of each, and a mean."""

    def __init__(self):
        super().__init__()
        self.normalize = models.Normalize((0, 0, 0), (1, 1, 1))
        self.detect = nn.Conv2d(3, 2, 1, bias=False)
        self.detect.weight.data = torch.tensor([[1.0, -1, -1], [-1, -1, 1]]).view(2, 3, 1, 1)

    def forward(self, x):
        return self.detect(self.normalize(x)).relu().mean((2, 3))


def red_and_blue():
    """Return an image with a red and a blue square, and the two masks."""
    x = torch.zeros(1, 3, 16, 16, dtype=torch.uint8)
    red, blue = torch.zeros(2, 1, 16, 16, dtype=torch.bool)
    red[:, 2:6, 1:5] = True
    blue[:, 9:13, 10:14] = True
    x[:, 0][red] = 200
    x[:, 2][blue] = 100
    return x, red, blue


def relative(ours, theirs):
    """Return the largest difference relative to the largest value."""
    assert ours.shape == theirs.shape and theirs.abs().max() > 0
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()
