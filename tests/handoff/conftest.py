"""An untrained network as a model's folder, and its hand-off: made once for all tests, never changed by them."""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
import safetensors.torch
import torch

from shared import contracts, paths
from shared.models.dual_head import DualHeadSmileDetector
from tools.exporter import graph as graphs
from tools.handoff.config import HandoffConfig
from tools.handoff.write import Written, write_handoff

EXAMPLE = Path(__file__).parents[1] / "schemas" / "positive" / "model" / "ours.json"
TEMPERATURE = 1.7
CopyModel = Callable[..., Path]


def write_card(folder: Path, changes: dict[str, Any]) -> None:
    """Write model.json for the ONNX and the weights that lie in a folder."""
    card = {**copy.deepcopy(json.loads(EXAMPLE.read_text(encoding="utf-8"))), "temperature": TEMPERATURE}
    file, weights = folder / paths.MODEL_FILE, folder / paths.WEIGHTS_FILE
    if weights.is_file():
        card["run"]["checkpoint_sha256"] = contracts.sha256_file(weights)
    described = graphs.describe_graph(onnx.load(str(file)))
    card["onnx"] = {
        "file": file.name,
        "sha256": contracts.sha256_file(file),
        "bytes": file.stat().st_size,
        **described,
    }
    contracts.write_document(folder / paths.MODEL_CARD, {**card, **changes}, "model")


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a model's folder from a network with random weights; do not change it."""
    folder = tmp_path_factory.mktemp("models") / "people-epoch10"
    folder.mkdir()
    torch.manual_seed(0)
    network = DualHeadSmileDetector(5)
    with torch.no_grad():  # untrained heads answer the same to everything: louder ones show a mistake
        network.smile_head.weight.mul_(40)
    safetensors.torch.save_file(network.state_dict(), folder / paths.WEIGHTS_FILE)
    graph = graphs.build_graph(network.eval(), 5, 224, TEMPERATURE)
    graphs.set_metadata(graph, {"model_id": "people-epoch10", "threshold": 0.4375})
    (folder / paths.MODEL_FILE).write_bytes(graph.SerializeToString())
    write_card(folder, {})
    return folder


@pytest.fixture
def copy_model(untrained: Path, tmp_path: Path) -> CopyModel:
    """Return a maker of copies of the model's folder: ``copy_model(card={...}, without=[file])`` gives the ONNX."""

    def make(card: dict[str, Any] | None = None, without: tuple[str, ...] = ()) -> Path:
        folder = tmp_path / "people-epoch10"
        shutil.copytree(untrained, folder, ignore=shutil.ignore_patterns(*without))
        if card:
            write_card(folder, card)
        return folder / paths.MODEL_FILE

    return make


@pytest.fixture(scope="session")
def written(untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Write the hand-off of the untrained model; do not change it."""
    return write_handoff(
        HandoffConfig(untrained / paths.MODEL_FILE, tmp_path_factory.mktemp("handoff") / "people-epoch10")
    )
