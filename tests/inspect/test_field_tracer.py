"""What the tracer says of each operation is what the gradient measures; else it says nothing."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.inspect import UnitFields
from catdog_lib.inspect.effective_field import receptive_field_by_gradient
from catdog_lib.inspect.field_tracer import FieldSpan, trace_fields
from catdog_lib.inspect.receptive_field import receptive_field

# Neither square nor even, so that no side, start or size can stand for another.
WIDE = torch.zeros(1, 1, 15, 19)
DOUBLE = torch.zeros(1, 1, 28, 35)  # at a stride of 2, maps of the same size as those of WIDE
SQUARE = torch.zeros(1, 1, 12, 12)


class After(nn.Module):
    """A convolution that sees rows and columns differently, and a function of its maps."""

    def __init__(self, function, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, (2, 3), stride, bias=False)
        self.function = function

    def forward(self, images):
        return self.function(self.conv(images))


def shuffle_channels(x):
    """ShuffleNet's: channels of two groups in turn."""
    return x.view(1, 2, 2, *x.shape[2:]).transpose(1, 2).reshape(x.shape)


FOLLOWED = {
    "zeros of the same type": lambda x: torch.cat([x, x.new_zeros(x.shape), torch.ones_like(x)], 1),
    "constant padding, four sides": lambda x: F.pad(x, (1, 2, 3, 0)),
    "constant padding, along the width": lambda x: F.pad(x, (2, 0)),
    "negative padding": lambda x: F.pad(x, (-1, 0, -2, -1)),
    "reflection": lambda x: F.pad(x, (4, 1, 2, 3), mode="reflect"),
    "replication": lambda x: F.pad(x, (1, 4, 3, 2), mode="replicate"),
    "slice from": lambda x: x[:, :, 2:, 3:],
    "slice to": lambda x: x[:, :, :-2, :-3],
    "slice from the end": lambda x: x[..., -9:, -8:],
    "slice with steps": lambda x: x[:, :, ::2, 1::3],
    "slice of columns": lambda x: x[..., 1:7],
    "slice of channels": lambda x: x[:, 1:3],
    "transposed images and channels": lambda x: x.transpose(0, 1),
    "transposed, counted from the end": lambda x: x.transpose(-4, -3),
    "shuffled channels": shuffle_channels,
    "split channels": lambda x: torch.cat(x.split(2, dim=1)[::-1], 1),
    "channels of several sizes": lambda x: torch.cat(x.split([1, 3], dim=1)[::-1], 1),
    "mean of channels": lambda x: x.mean(1, keepdim=True),
    "mean of the map": lambda x: x.mean((-2, -1), keepdim=True),
    "average": lambda x: F.avg_pool2d(x, (2, 3)),
    "average, padded": lambda x: F.avg_pool2d(x, (4, 3), (1, 2), (2, 1), count_include_pad=False),
    "maximum": lambda x: F.max_pool2d(x, (3, 2)),
    "maximum, padded": lambda x: F.max_pool2d(x, (2, 4), (3, 1), (1, 2)),
    "maximum, dilated": lambda x: F.max_pool2d(x, 2, 1, 0, (3, 2)),
    "adaptive average": lambda x: F.adaptive_avg_pool2d(x[..., :12, :15], (4, 3)),
    "adaptive maximum": lambda x: F.adaptive_max_pool2d(x[..., :12, :15], (3, 5)),
    "dilated convolution": lambda x: F.conv2d(x, x.new_ones(1, 4, 3, 2), dilation=(2, 3)),
    "padded convolution": lambda x: F.conv2d(x, x.new_ones(1, 4, 3, 4), None, (2, 3), (1, 2)),
    "double precision": lambda x: x.to(torch.float64, copy=True),
    "detour": lambda x: x + F.avg_pool2d(x, 5, 1, 2),
    "two detours": lambda x: F.pad(x, (3, 0, 0, 3)) + F.pad(x, (0, 3, 3, 0)),
    "pieces joined": lambda x: torch.cat([x, F.pad(x, (2, -2, -1, 1))], 1),
    "hard swish": lambda x: F.hardswish(x + 1),
    "hard swish in place": lambda x: F.hardswish(x + 1, inplace=True),
    "PReLU": lambda x: F.prelu(x + 1, torch.full((4,), 0.5, dtype=x.dtype)),
    "ReLU 6": lambda x: F.relu6(x.clone(), inplace=True),
    "detached, on the way to a sum": lambda x: x.detach() + x,
    "another name for the same": lambda x: torch.ops.aten.alias(x),
    "BatchNorm": lambda x: F.batch_norm(x, x.new_zeros(4), x.new_ones(4)),
    "one window": lambda x: (
        F.conv2d(x, x.new_ones(1, 4, 14, 17))
        + F.max_pool2d(F.conv2d(x, x.new_ones(1, 4, 14, 17)), 1, 2)
    ),
}


@pytest.mark.parametrize("name", FOLLOWED)
@pytest.mark.parametrize("stride", [1, 2])
def test_what_is_followed_is_what_the_gradient_measures(name, stride):
    images = WIDE if stride == 1 else DOUBLE
    model = After(FOLLOWED[name], stride).eval()
    fields = UnitFields.of(model, images, "")
    height, width = model(images).shape[-2:]
    rows = [row for row in range(height) if _inside(fields.vertical, row, images.shape[2])]
    columns = [c for c in range(width) if _inside(fields.horizontal, c, images.shape[3])]
    for row, column in {(rows[0], columns[0]), (rows[-1], columns[-1])}:
        measured = receptive_field_by_gradient(model, images, "", (row, column))
        assert fields.box(row, column, images[0]) == measured
    assert len(rows) == len(columns) == 1 or (rows[-1], columns[-1]) > (rows[0], columns[0])


def _inside(span: FieldSpan, unit: int, size: int) -> bool:
    """Tell whether nothing of the field lies beyond the edge, where padding decides."""
    return span.first + unit * span.jump >= 0 and span.last + unit * span.jump < size


# On four square maps of 4×4 pixels, so that no shape gives them away.
LOST = {
    "transposed rows and columns": (lambda x: x.transpose(2, 3), "transpose"),
    "transposed channels and rows": (lambda x: x.transpose(1, -2), "transpose"),
    "transposed columns and channels": (lambda x: x.transpose(-1, 1), "transpose"),
    "transposed images and columns": (lambda x: x[:4].transpose(3, 0), "transpose"),
    "permuted": (lambda x: x.permute(0, 1, 3, 2), "permute"),
    "flipped": (lambda x: x.flip(3), "flip"),
    "rolled": (lambda x: x.roll(1, 2), "roll"),
    "other rows and columns": (lambda x: x.view(-1, 4, 2, 8), "view"),
    "one row": (lambda x: x.flatten(2)[..., None], "view"),
    "enlarged": (lambda x: F.interpolate(x, scale_factor=2), "upsample_nearest2d"),
    "transposed convolution": (lambda x: F.conv_transpose2d(x, x.new_ones(4, 4, 3, 3)), "convolu"),
    "rows joined": (lambda x: torch.cat([x, x], 2), "cat"),
    "columns joined": (lambda x: torch.cat([x, x], 3), "cat"),
    "rows split": (lambda x: x.split(2, 2)[1], "split"),
    "uneven windows": (lambda x: F.adaptive_avg_pool2d(x, 3), "_adaptive_avg_pool2d"),
    "uneven maxima": (lambda x: F.adaptive_max_pool2d(x, 3), "adaptive_max_pool2d"),
    "softmax": (lambda x: x.softmax(3), "_softmax"),
    "sums of rows": (lambda x: x.cumsum(2), "cumsum"),
    "a convolution of three sides": (
        lambda x: F.conv3d(x[:, None], x.new_ones(1, 1, 1, 3, 3)).view(-1, 4, 2, 2),
        "unsqueeze",
    ),
    "of three sides, without a word": (
        lambda x: F.conv3d(x.view(-1, 2, 2, 4, 4), x.new_ones(2, 2, 1, 1, 1)).view(x.shape),
        "convolution",
    ),
    "a mean without images": (lambda x: x.view(-1, 4, 4).mean(2, keepdim=True)[None], "mean"),
}


@pytest.mark.parametrize("name", LOST)
def test_what_moves_values_elsewhere_is_not_followed(name):
    function, operation = LOST[name]
    images = torch.zeros(4, 1, 5, 6)
    model = nn.Sequential(After(function))
    assert [row.name for row in receptive_field(model, images)][:1] == ["0.conv"]
    says = f"cannot follow '{operation}.*', and convolution in the layer '1' comes after it; give"
    channels = model(images).shape[1]
    model.append(nn.Conv2d(channels, 1, 1))
    for side in ("height", "width"):
        with pytest.raises(CatdogError, match=says):
            receptive_field(model, images, side)
    with pytest.raises(CatdogError, match=r"The units of '0' have no places"):
        UnitFields.of(model[:1], images, "0")


def test_a_mean_that_drops_its_sides_is_a_window_and_one_of_everything_is_not():
    with_window = receptive_field(After(lambda x: x.mean((2, 3))), SQUARE)
    assert [(row.name, row.kind, row.size) for row in with_window][1:] == [("", "mean", 12)]
    assert len(receptive_field(After(lambda x: x.mean()), SQUARE)) == 1
    for mean in (lambda x: x.mean((2, 3)), lambda x: x.mean()):
        with pytest.raises(CatdogError, match=r"The units of '' have no places"):
            UnitFields.of(After(mean), SQUARE, "")


def test_a_column_that_is_added_to_every_column_brings_all_of_it():
    model = After(lambda x: F.pad(x, (0, 0, 1, 0))[..., :-1, :] + 0 * x + x[..., :1])
    height, width = (trace_fields(model, SQUARE, s).outputs[""] for s in ("height", "width"))
    assert height == FieldSpan(1, -1, 1)
    assert width == FieldSpan(1, -math.inf, math.inf)


def test_a_map_of_one_value_times_a_learned_map_sees_everything_everywhere():
    model = After(lambda x: F.avg_pool2d(x, 10) * torch.ones(1, 1, 5, 5))
    assert trace_fields(model, SQUARE, "width").outputs[""] == FieldSpan(10, -math.inf, math.inf)
    with pytest.raises(CatdogError, match=r"jumps of 2 and 1 pixels meet in ''"):
        receptive_field(After(lambda x: F.max_pool2d(x, 1, 2)[..., :3, :3] + x[..., :3, :3]), WIDE)


def test_paths_that_differ_on_two_rows_do_not_meet_either():
    model = After(lambda x: F.max_pool2d(x, 1, 2)[..., :2, :2] + x[..., :2, :2])
    nested = nn.Sequential(nn.Sequential(nn.Conv2d(1, 1, 1), nn.Sequential(model)))
    with pytest.raises(CatdogError, match=r"jumps of 2 and 1 pixels meet in '0\.1\.0'"):
        receptive_field(nested, SQUARE)
    nested[0][1] = After(lambda x: nn.Conv2d(4, 1, 1)(x.flip(2)))
    with pytest.raises(CatdogError, match=r"'flip', and convolution in the layer '0\.1' comes"):
        receptive_field(nested, SQUARE)


def test_a_network_without_weights_is_followed():
    fields = UnitFields.of(nn.Sequential(nn.MaxPool2d(3, 2)), SQUARE, "0")
    assert fields.vertical == fields.horizontal == FieldSpan(2, 0, 2)


def test_every_call_is_noted_under_its_name_and_its_class():
    model = nn.Sequential(nn.Conv2d(1, 1, 3), After(lambda x: F.max_pool2d(x.relu(), 2)))
    tracer = trace_fields(model, torch.zeros(1, 1, 12, 12), "height")
    assert tracer.running == []
    assert tracer.windows == [
        ("0", "Conv2d", FieldSpan(1, 0, 2)),
        ("1.conv", "Conv2d", FieldSpan(1, 0, 3)),
        ("1", "max_pool2d_with_indices", FieldSpan(2, 0, 4)),
    ]
    assert tracer.outputs == {
        "0": FieldSpan(1, 0, 2),
        "1.conv": FieldSpan(1, 0, 3),
        "1": FieldSpan(2, 0, 4),
        "": FieldSpan(2, 0, 4),
    }
