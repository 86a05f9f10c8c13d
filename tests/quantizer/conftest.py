"""A small untrained network of pictures as a model's folder, and the drawn people of its split."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import safetensors.torch
import torch

from shared import contracts, paths
from shared.dataset.reader import Dataset
from shared.dataset.splits import freeze_split, read_split, rows_of
from shared.models.dual_head import DualHeadSmileDetector
from shared.models.encoder_specs import EncoderChoice
from shared.onnx.model import OnnxModel, score_dataset
from tools.exporter import graph as graphs
from tools.quantizer import quantize as flow
from tools.quantizer.source import read_model

EXAMPLE = Path(__file__).parents[1] / "schemas" / "positive" / "model" / "ours.json"
CHOICE = {"encoder": "mobilenet_v3_small_b3", "input_px": 64, "pooling": "grid", "crop": "none", "views": "one"}


@pytest.fixture(scope="session")
def model_home(tmp_path_factory: pytest.TempPathFactory, make_dataset: Callable[..., Dataset]) -> Path:
    """A workspace with the dataset ``people`` and the model ``small``; do not change it."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("quantizer")
        patch.setenv("SMILEBENCH_HOME", str(home))
        dataset = make_dataset(home / "datasets" / "people", subjects=6)
        split = freeze_split(dataset, 0)
        folder = home / "artifacts" / "models" / "small"
        folder.mkdir(parents=True)
        torch.manual_seed(0)
        network = DualHeadSmileDetector(5, EncoderChoice(**CHOICE)).eval()  # type: ignore[arg-type]
        with torch.no_grad():  # what is untrained answers the same to everything
            assert network.shortcut is not None
            network.shortcut.weight.mul_(8)
        safetensors.torch.save_file(network.state_dict(), folder / paths.WEIGHTS_FILE)
        graph = graphs.build_graph(network, 5, 224)
        path = folder / paths.MODEL_FILE
        path.write_bytes(graph.SerializeToString())
        rows = rows_of(dataset, read_split(split, dataset), "train")
        threshold = float(np.median(score_dataset(OnnxModel(path), dataset, rows).smile_prob))
        card = json.loads(EXAMPLE.read_text(encoding="utf-8"))
        card |= {"model_id": "small", "network": "dual_head", "encoder": CHOICE, "temperature": None}
        card["threshold"] = {**card["threshold"], "value": threshold, "interval": None}
        card["dataset"] = {"name": "people", "kind": "synthetic", "sha256": dataset.labels_sha256}
        card["split"] = {"file": split.name, "sha256": contracts.sha256_file(split)}
        card["run"]["checkpoint_sha256"] = contracts.sha256_file(folder / paths.WEIGHTS_FILE)
        facts = {"file": path.name, "sha256": contracts.sha256_file(path), "bytes": path.stat().st_size}
        card["onnx"] = {**facts, **graphs.describe_graph(onnx.load(str(path)))}
        contracts.write_document(folder / paths.MODEL_CARD, card, "model")
        return home


@pytest.fixture(scope="session")
def halves(model_home: Path) -> flow.Halves:
    """Its encoder and head, exported once for all tests."""
    return flow.export_halves(read_model(model_home / "artifacts" / "models" / "small" / paths.MODEL_FILE))
