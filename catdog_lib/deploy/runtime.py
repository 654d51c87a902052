"""Run an exported network: an ``.onnx`` file with onnxruntime, a ``.pt2`` file with PyTorch.

Neither needs the code of the network, which is all in the file.
"""

from __future__ import annotations

import os
import warnings
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import torch
from torch import Tensor

from catdog_lib.deploy.quiet import quiet_logger
from catdog_lib.errors import CatdogError

ExportedNetwork = Callable[[Tensor], dict[str, Tensor]]


def load_exported(path: str | os.PathLike) -> ExportedNetwork:
    """Load a file that :func:`catdog_lib.deploy.export.export` has written.

    Returns:
        a function that takes images, N×3×H×W, uint8 or float in [0, 1], of the size that the
        network was exported for, and returns its outputs by name.

    Raises:
        CatdogError: the file is missing or damaged, or its name ends in neither .onnx nor .pt2.
    """
    path = Path(path)
    load = runtime_for(path)
    try:
        return load(path.read_bytes())
    except Exception as error:  # each runtime has its own errors for a file that it cannot read
        reason = str(error).splitlines()[0].partition(" Please check the warnings")[0].rstrip(".")
        raise CatdogError(
            f"{str(path)!r} cannot be loaded as an exported network ({type(error).__name__}: "
            f"{reason}); write it again with catdog export."
        ) from None


def onnx_network(contents: bytes) -> ExportedNetwork:
    """Return the network of an ONNX file's contents, to be run on the CPU by onnxruntime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()  # as many as PyTorch uses
    session = onnxruntime.InferenceSession(contents, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def run(images: Tensor) -> dict[str, Tensor]:
        values = session.run(names, {"images": as_fractions(images).numpy()})
        return {name: torch.from_numpy(value) for name, value in zip(names, values, strict=True)}

    return run


def torch_network(contents: bytes) -> ExportedNetwork:
    """Return the network of a ``.pt2`` file's contents, to be run on the CPU by PyTorch."""
    if not zipfile.is_zipfile(BytesIO(contents)):
        raise zipfile.BadZipFile("File is not a zip file")
    with warnings.catch_warnings(), quiet_logger("torch.export"):  # its error says it in a line
        # PyTorch 2.10 warns that the bytes it was given cannot be written to, which it never does.
        warnings.filterwarnings("ignore", "The given buffer is not writable", UserWarning)
        network = torch.export.load(BytesIO(contents)).module()

    @torch.no_grad()
    def run(images: Tensor) -> dict[str, Tensor]:
        return network(as_fractions(images))

    return run


_RUNTIMES: dict[str, Callable[[bytes], ExportedNetwork]] = {
    ".onnx": onnx_network,
    ".pt2": torch_network,
}


def runtime_for(path: Path) -> Callable[[bytes], ExportedNetwork]:
    """Return the function that loads the contents of files with this name.

    Raises:
        CatdogError: its name ends in neither .onnx nor .pt2.
    """
    if path.suffix not in _RUNTIMES:
        raise CatdogError(
            f"{str(path)!r} has to end in {' or '.join(_RUNTIMES)}, which name the formats."
        )
    return _RUNTIMES[path.suffix]


def as_fractions(images: Tensor) -> Tensor:
    """Return images as exported networks take them: float32 in [0, 1], rows one after the other."""
    images = images.float() / 255 if images.dtype == torch.uint8 else images.float()
    return images.contiguous()
