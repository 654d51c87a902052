"""A network whose explanation is known, and all methods that explain."""

import torch
from torch import nn

from catdog_lib import explain, models

METHODS = (explain.saliency, explain.smooth_grad, explain.occlusion, explain.grad_cam)


class Colours(nn.Module):
    """Its logits are how red and how blue a picture is at its brightest pixels: a detector of each,
    and a mean.
    """

    def __init__(self):
        super().__init__()
        self.normalize = models.Normalize((0, 0, 0), (1, 1, 1))
        self.detect = nn.Conv2d(3, 2, 1, bias=False)
        self.detect.weight.data = torch.tensor([[1.0, -1, -1], [-1, -1, 1]]).view(2, 3, 1, 1)

    def forward(self, x):
        return self.detect(self.normalize(x)).relu().mean((2, 3))


def red_and_blue():
    """A picture with a red and a blue square, and the two masks."""
    x = torch.zeros(1, 3, 16, 16, dtype=torch.uint8)
    red, blue = torch.zeros(2, 1, 16, 16, dtype=torch.bool)
    red[:, 2:6, 1:5] = True
    blue[:, 9:13, 10:14] = True
    x[:, 0][red] = 200
    x[:, 2][blue] = 100
    return x, red, blue


def relative(ours, theirs):
    assert ours.shape == theirs.shape and theirs.abs().max() > 0
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()
