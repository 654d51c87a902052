"""Say what the machine has: python -m tests.gpu.environment cuda

The last line is a JSON object. Its "unusable" says why nothing can be run; it is empty if all can.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import sys
import tomllib
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGES = ("torch", "torchvision", "triton", "numpy", "pillow", "pytest")
# What the parts import, each with the part that cannot do without it; "" stands for all.
NEEDED = {
    "torch": "",
    "torchvision": "",
    "numpy": "",
    "PIL": "",
    "click": "",
    "tqdm": "",
    "filelock": "",
    "joblib": "",
    "platformdirs": "",
    "requests": "",
    "urllib3": "",
    "pytest": "tests",
    "pandas": "tests",
    "matplotlib": "champion, wide, wide_augmented, six_block",
}


def examine(device: str) -> dict[str, Any]:
    """Return versions, hardware, what is missing, and why a device is unusable."""
    facts: dict[str, Any] = {
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := version_of(name))},
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "c_compiler": any(map(shutil.which, ("cc", "gcc", "clang"))),  # torch.compile needs one
        "missing": {name: part for name in NEEDED if (part := without(name)) is not None},
    }
    facts["older_than_allowed"] = older_than_allowed()
    if any(part == "all parts" for part in facts["missing"].values()):
        return {**facts, "unusable": f"not installed: {', '.join(facts['missing'])}"}
    import torch

    facts |= {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
    if device == "cpu":
        return {**facts, "device": "cpu", "unusable": ""}
    if not torch.cuda.is_available():
        return {**facts, "unusable": f"PyTorch {torch.__version__} finds no NVIDIA GPU here"}
    try:
        facts |= of_gpu(torch)
    except RuntimeError as error:  # such as "no kernel image is available for execution"
        return {**facts, "unusable": f"the GPU does not compute: {str(error).splitlines()[0]}"}
    return {**facts, "unusable": ""}


def of_gpu(torch: Any) -> dict[str, Any]:
    """Return what the GPU is, and whether it computes what the CPU computes."""
    from catdog_lib.device.agreement import difference_from_cpu

    properties = torch.cuda.get_device_properties(0)
    free, _ = torch.cuda.mem_get_info(0)
    torch.ones(2, device="cuda").sum().item()
    return {
        "device": properties.name,
        "capability": f"{properties.major}.{properties.minor}",
        "memory_gb": round(properties.total_memory / 1e9, 1),
        "free_gb": round(free / 1e9, 1),
        "architectures": torch.cuda.get_arch_list(),
        "difference_from_cpu": difference_from_cpu(torch.device("cuda")),
    }


def version_of(package: str) -> str | None:
    """Return the version of an installed package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def older_than_allowed() -> dict[str, str]:
    """Return the packages that are older than pyproject.toml allows: those may still do."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tests = project["optional-dependencies"]["test"]
    found = {}
    for requirement in [*project["dependencies"], *tests]:
        name, oldest = requirement.split(">=")
        installed = version_of(name)
        if installed and _numbers(installed) < _numbers(oldest):
            found[name] = f"{installed}, not {oldest}"
    return found


def _numbers(text: str) -> list[int]:
    """Return the numbers of a version such as 2.11.0+cu130, without what follows the release."""
    return [int(number) for number in re.findall(r"\d+", text.split("+")[0])]


def without(name: str) -> str | None:
    """Return the parts that a missing module keeps from running; None if it is there."""
    try:
        import_module(name)
    except ImportError:
        return NEEDED[name] or "all parts"
    return None


if __name__ == "__main__":
    found = examine(sys.argv[1])
    for fact, value in found.items():
        print(f"{fact:<20} {value}")
    print(json.dumps(found))
