"""Write a network as a file that runs without this library: ONNX, or PyTorch's own ``.pt2``.

An ONNX file runs in onnxruntime on servers and phones, and in a browser; a ``.pt2`` file in
PyTorch, without the Python code of the network. Either holds the operations with their weights, the
normalization among them. It is written only after it has been run and has given what the network
gives.
"""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import torch
from torch import Tensor, nn

from catdog_lib.atomic_write import write
from catdog_lib.classes import CLASSES
from catdog_lib.deploy.comparison import check_same_outputs
from catdog_lib.deploy.outputs import NamedOutputs
from catdog_lib.deploy.quiet import quiet_stdout
from catdog_lib.deploy.runtime import as_fractions, runtime_for
from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import evaluating

# The set of ONNX operators, by its number. Every onnxruntime since 2022 runs 17, in browsers too.
OPSET = 17


@dataclass(frozen=True)
class Exported:
    """An exported network.

    Attributes:
        path: the file.
        outputs: their names, in the order in which the file gives them.
        size: height and width of the images that it takes, in pixels.
        bytes: of the file.
        differences: output → the largest difference from PyTorch's value
            (:func:`catdog_lib.deploy.comparison.check_same_outputs`).
        compared: on how many images.
    """

    path: Path
    outputs: tuple[str, ...]
    size: int
    bytes: int
    differences: dict[str, float]
    compared: int


def export(
    model: nn.Module, path: str | os.PathLike, images: Tensor, outputs: Iterable[str] = ()
) -> Exported:
    """Write a network to a file, unless the file would give other outputs than the network.

    The file takes ``images``: float32 in [0, 1], N×3×H×W, with any N, and H and W as given here.
    Float and not uint8, since a page or a phone resizes its photo to fractions. It returns the
    ``logits``, N×2, and the outputs asked for.

    Args:
        model: any network of the course; it is left as it was.
        path: ends in .onnx or .pt2, which chooses the format.
        images: to compare the outputs on, N×3×H×W, uint8 or float in [0, 1]: real ones, of the size
            that the file will be given.
        outputs: besides the logits (:class:`catdog_lib.deploy.outputs.NamedOutputs`).

    Raises:
        CatdogError: the format cannot express the network, the file gives other outputs, the path
            ends otherwise or cannot be written, or there is no such output.
    """
    images = as_fractions(images)
    network = NamedOutputs(copy.deepcopy(model).cpu().float(), images, outputs)
    return export_named(network, path, images)


def export_named(network: nn.Module, path: str | os.PathLike, images: Tensor) -> Exported:
    """Write a network that returns its outputs by name; see :func:`export`.

    Args:
        network: images → a dict of outputs, whose keys are its ``names``; on the CPU, in float32.
        path, images: as for :func:`export`.

    Raises:
        CatdogError: as :func:`export`.
    """
    path = Path(path)
    load = runtime_for(path)
    images = as_fractions(images)
    height, width = images.shape[2:]
    if height != width:
        raise CatdogError(f"The images are {width}×{height} pixels; the course's are square.")
    with evaluating(network):
        contents = _contents(network, images, path)
        differences = check_same_outputs(network, load(contents), images, path)
    write(contents, path)
    return Exported(path, network.names, height, len(contents), differences, len(images))


def _contents(network: NamedOutputs, images: Tensor, path: Path) -> bytes:
    """Return the contents of the file.

    Raises:
        CatdogError: the format cannot express the network.
    """
    # One image would fix the batch at 1; for two, what is computed is written for any number.
    two = images[:1].repeat(2, 1, 1, 1)
    convert: Callable[[NamedOutputs, Tensor], bytes] = {".onnx": _onnx, ".pt2": _pt2}[path.suffix]
    try:
        with torch.no_grad():
            return convert(network, two)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0].split(". ")[0].rstrip(".")
        raise CatdogError(
            f"The network cannot be written as {path.suffix[1:]} ({reason}); use layers, or images "
            "of a size, that the format can express."
        ) from None


def _onnx(network: NamedOutputs, images: Tensor) -> bytes:
    """Return the network as an ONNX file, with BatchNorm folded into the convolution before it."""
    import onnx
    from onnxscript import optimizer

    buffer = BytesIO()
    with warnings.catch_warnings(), quiet_stdout():  # if it fails, it prints the whole graph
        # It warns of its age and of sizes that become constants, as they should. The newer exporter
        # takes ten times as long; the optimizer, which that one calls, makes the file as fast.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (images,),
            buffer,
            dynamo=False,
            opset_version=OPSET,
            input_names=["images"],
            output_names=list(network.names),
            dynamic_axes={name: {0: "batch"} for name in ("images", *network.names)},
        )
    file = optimizer.optimize(onnx.load_from_string(buffer.getvalue()))
    onnx.helper.set_model_props(
        file, {"classes": ",".join(CLASSES), "images": "float32 in [0, 1], N×3×H×W, RGB"}
    )
    return file.SerializeToString()


def _pt2(network: NamedOutputs, images: Tensor) -> bytes:
    """Return the network as a ``.pt2`` file of ``torch.export``."""
    program = torch.export.export(
        network, (images,), dynamic_shapes={"images": {0: torch.export.Dim("batch")}}, strict=False
    )
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # it names the folders of this machine
    buffer = BytesIO()
    torch.export.save(program, buffer)
    return buffer.getvalue()
