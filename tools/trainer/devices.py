"""Chooses where torch computes. Trains nothing.

auto takes the first GPU that torch can use (CUDA, then Apple's MPS), else the processor. The same seed gives the same
numbers on the same device, threads and versions; between devices sums are taken in another order, so losses differ in
their last digits and, after some epochs, in the third.
"""

import torch

from shared.errors import MissingOutside


def choose_device(name: str) -> torch.device:
    """Return torch's device for one of `shared.cli.DEVICES`.

    Raises:
        MissingOutside: A GPU was asked for that torch cannot use here.
    """
    usable = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if usable[kind]))
    if not usable[name]:
        raise MissingOutside(
            f"--device {name}",
            found="no such GPU, or a build of torch without it",
            expected="one that torch can use",
            todo="use --device cpu",
        )
    return torch.device(name)
