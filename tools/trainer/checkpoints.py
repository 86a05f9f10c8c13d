"""Checkpoints as safetensors: weights to keep, and the one file from which a cut-off run goes on.

``resume.safetensors`` holds weights, optimizer state and the history so far, so a single rename commits an epoch.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from shared import contracts
from shared.errors import InvalidInput

_MODEL, _OPTIMIZER = "model.", "optimizer."
HistoryRow = dict[str, Any]


def save_weights(path: Path, network: nn.Module, epoch: int) -> None:
    """Write a network's weights atomically, with the epoch as metadata."""
    tensors = {key: value.contiguous() for key, value in network.state_dict().items()}
    contracts.write_bytes(path, safetensors.torch.save(tensors, {"epoch": str(epoch)}))


def load_weights(path: Path, network: nn.Module, parts: Sequence[str] = ()) -> None:
    """Read a network's weights from a safetensors file.

    Args:
        path: The file.
        network: Gets them.
        parts: If the file is of another network, what both have: only these parts are read.

    Raises:
        InvalidInput: No safetensors file, or one of another network (the first tensor that differs is named).
    """
    tensors, expected_tensors = _read(path), network.state_dict()
    if parts and tensors.keys() != expected_tensors.keys():
        tensors = {key: value for key, value in tensors.items() if key.split(".")[0] in parts}
        kept = {key: value for key, value in expected_tensors.items() if key.split(".")[0] not in parts}
        tensors |= kept
    for key in sorted({**expected_tensors, **tensors}):
        found = tuple(tensors[key].shape) if key in tensors else "nothing"
        expected = tuple(expected_tensors[key].shape) if key in expected_tensors else "nothing"
        if found != expected:
            raise InvalidInput(f"{path}: {key}", found=str(found), expected=str(expected))
    network.load_state_dict(tensors)


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise InvalidInput(str(path), found="no such file", expected="weights as .safetensors")
    try:
        tensors: dict[str, Tensor] = safetensors.torch.load_file(path)
        return tensors
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise InvalidInput(
            str(path), found=f"no safetensors file ({error})", expected="weights that the trainer wrote"
        ) from None


def save_resume_point(
    path: Path, network: nn.Module, optimizer: torch.optim.Optimizer, history: list[HistoryRow]
) -> None:
    """Commit the epochs so far."""
    tensors = {_MODEL + key: value.contiguous() for key, value in network.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        for key, value in state.items():
            tensors[f"{_OPTIMIZER}{index}.{key}"] = value.contiguous()
    contracts.write_bytes(path, safetensors.torch.save(tensors, {"history": json.dumps(history)}))


def _read_history(path: Path) -> list[HistoryRow]:
    with safetensors.safe_open(path, "pt") as file:
        history: list[HistoryRow] = json.loads(file.metadata()["history"])
    return history


def count_epochs(path: Path) -> int:
    """Say how many epochs a resume point holds."""
    return len(_read_history(path))


def load_resume_point(path: Path, network: nn.Module, optimizer: torch.optim.Optimizer) -> list[HistoryRow]:
    """Put network and optimizer back to where the last finished epoch left them; returns the history so far."""
    tensors = _read(path)
    network.load_state_dict({k.removeprefix(_MODEL): v for k, v in tensors.items() if k.startswith(_MODEL)})
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith(_OPTIMIZER):
            index, name = key.removeprefix(_OPTIMIZER).split(".", 1)
            state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    return _read_history(path)
