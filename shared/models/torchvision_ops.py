"""Lets torchvision be imported where its compiled operators do not load beside a CPU build of torch.

Its models and transforms use none of these operators, but its import wants their declarations. Call
`declare_missing_operators` before importing torchvision; where the compiled operators load, it does nothing.
"""

import importlib.machinery
import importlib.util
from pathlib import Path

import torch

_libraries: list[torch.library.Library] = []  # a declaration lives as long as its Library object


def _operators_load() -> bool:
    """Tell whether torchvision's compiled operators can be loaded into this torch."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return True  # not installed: its import will say so
    folder = Path(spec.origin).parent
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        library = folder / f"_C{suffix}"
        if library.exists():
            break
    else:
        library = folder / "_C.so"
    if not library.exists():
        return False
    try:
        torch.ops.load_library(str(library))
    except OSError:
        return False
    return True


def declare_missing_operators() -> None:
    """Declare the schemas of the operators that torchvision's import asks for, if they are missing."""
    if _libraries or hasattr(torch.ops.torchvision, "nms") or _operators_load():
        return
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _libraries.append(library)
