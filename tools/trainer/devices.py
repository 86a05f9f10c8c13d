"""Chooses where torch computes and how exactly, and keeps a GPU supplied with batches. Trains nothing.

auto takes the first GPU that torch can use (CUDA, then Apple's MPS), else the processor. The same seed gives the same
numbers on the same device, threads and versions; between devices sums are taken in another order, so losses differ in
their last digits and, after some epochs, in the third.

On CUDA training computes in bfloat16 where the GPU has it, else in float16 with a scaled loss (mixed precision:
Micikevicius et al. 2018); a number then has 3 or 2 digits less, while weights, their updates, losses, validation and
checkpoints stay float32 everywhere: a run may go on on another device.
"""

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

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


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """Return the type of numbers in which training computes, for one of `tools.trainer.config.PRECISIONS`.

    Raises:
        MissingOutside: float16 was asked for without CUDA, where small gradients would be lost.
    """
    if name == "auto":
        if device.type != "cuda":
            return torch.float32
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if name == "float16" and device.type != "cuda":
        raise MissingOutside(
            "--precision float16",
            found=f"--device {device.type}",
            expected="cuda, whose loss can be scaled",
            todo="use --precision bfloat16 or float32",
        )
    chosen: torch.dtype = getattr(torch, name)
    return chosen


class MixedPrecision:
    """Computes in a lower precision where that is chosen; weights and their updates stay float32.

    Args:
        dtype: As `choose_precision` gives it.
        device: Where torch computes.
    """

    def __init__(self, dtype: torch.dtype, device: torch.device) -> None:
        self._dtype, self._device = dtype, device
        self._scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """Return the context in which a network is asked."""
        if self._dtype == torch.float32:
            return contextlib.nullcontext()
        context: contextlib.AbstractContextManager[Any] = torch.autocast(self._device.type, self._dtype)
        return context

    def step(self, loss: torch.Tensor, optimizer: torch.optim.Optimizer, longest: float | None = None) -> None:
        """Go a step down the loss's gradient, which is cut to a length at most."""
        self._scaler.scale(loss).backward()
        if longest is not None:
            self._scaler.unscale_(optimizer)
            weights = (each for group in optimizer.param_groups for each in group["params"])
            torch.nn.utils.clip_grad_norm_(weights, longest)
        self._scaler.step(optimizer)
        self._scaler.update()


class Movable(Protocol):
    """A batch."""

    def pinned(self) -> "Movable":
        """Return it in memory from which a GPU can read by itself."""


AnyBatch = TypeVar("AnyBatch", bound=Movable)
_AHEAD = 4


def load_ahead(batches: Iterable[AnyBatch], device: torch.device) -> Iterator[AnyBatch]:
    """Yield batches in order; for CUDA the next ones are made and pinned by a thread meanwhile."""
    if device.type != "cuda":
        yield from batches
        return
    yield from in_background(batches, lambda batch: batch.pinned())


Item = TypeVar("Item")


def in_background(items: Iterable[Item], finish: Any) -> Iterator[Item]:
    """Yield items in order, each made and finished by one thread while the ones before are used."""
    source, nothing = iter(items), object()

    def take() -> Any:
        item = next(source, nothing)
        return item if item is nothing else finish(item)

    with ThreadPoolExecutor(1) as pool:
        waiting: deque[Future[Any]] = deque(pool.submit(take) for _ in range(_AHEAD))
        try:
            while (item := waiting.popleft().result()) is not nothing:
                waiting.append(pool.submit(take))
                yield item
        finally:
            for each in waiting:
                each.cancel()
