"""The page of mistakes: what is on it, the worst first, in both languages, and where a network looked."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from shared import contracts, paths
from shared.dataset import consent
from shared.dataset.reader import Dataset
from shared.models import build_network
from shared.models.network import Network, NetworkOutput
from shared.traces.person import find_person
from shared.traces.places import find_places
from tests import axe
from tools.evaluator.cli import main as evaluate
from tools.mistakes import gradcam
from tools.mistakes.cli import main

MakeModel = Callable[..., Path]
ENCODER = {"encoder": "mobilenet_v3_small_b8", "input_px": 96, "pooling": "grid", "crop": "none", "views": "one"}


class _Tiny(Network):
    """A network whose grid is its picture in four cells, of which each has its own weight."""

    input_kind = "frames"

    def __init__(self) -> None:
        super().__init__()
        self.grid = nn.AvgPool2d(2)
        self.weights = nn.Parameter(torch.tensor([[4.0, -1.0], [0.0, 2.0]]), requires_grad=False)

    def encoder_blocks(self) -> list[nn.Module]:
        return [self.grid]

    def forward(self, values: Tensor) -> NetworkOutput:
        grids = self.grid(values.flatten(0, 1)).unflatten(0, values.shape[:2])  # (N, T, 3, 2, 2)
        return NetworkOutput((grids.sum(2) * self.weights).sum((1, 2, 3)))

    def contract_module(self, temperature: float) -> nn.Module:
        raise NotImplementedError


def test_heat_is_what_each_cell_says_for_the_decision() -> None:
    frames = np.full((1, 4, 4, 3), 51, np.uint8)  # 0.2 in each channel: cells of 0.6 x weight
    network = _Tiny()
    found = gradcam.look(network, frames, for_positive=True)
    assert found.heat.shape == (4, 4)
    # Bilinear between the cells' 4, 0, 0, 2 (what speaks against counts as nothing), the corners being the cells'.
    assert found.heat[[0, 0, -1, -1], [0, -1, 0, -1]] == pytest.approx([1, 0, 0, 0.5], abs=1e-6)
    against = gradcam.look(network, frames, for_positive=False)
    assert against.heat[[0, 0, -1, -1], [0, -1, 0, -1]] == pytest.approx([0, 1, 0, 0], abs=1e-6)


def test_the_frame_that_says_most_is_shown() -> None:
    frames = np.zeros((3, 4, 4, 3), np.uint8)
    frames[1] = 200
    assert gradcam.look(_Tiny(), frames, for_positive=True).frame == 1


@pytest.mark.parametrize("pooling", ["grid", "average"])
@pytest.mark.parametrize("views", ["one", "mirrored"])
def test_frozen_layers_are_no_hindrance(pooling: str, views: str) -> None:
    torch.manual_seed(0)
    network = build_network("dual_head", 2, {**ENCODER, "pooling": pooling, "views": views})
    network.eval().requires_grad_(False)
    frames = np.random.default_rng(0).integers(0, 255, (2, 224, 224, 3), np.uint8)
    for_, against = (gradcam.look(network, frames, for_positive=side) for side in (True, False))
    assert for_.seen_rgb_hwc_u8.shape == (96, 96, 3)
    assert (for_.heat.shape, float(for_.heat.min()), float(for_.heat.max())) == ((96, 96), 0.0, 1.0)
    assert np.abs(for_.heat - against.heat).max() > 0.1
    assert not network.encoder_blocks()[-1]._forward_hooks


@pytest.fixture(scope="module")
def home(
    tmp_path_factory: pytest.TempPathFactory, make_dataset: Callable[..., Dataset], make_picture_model: MakeModel
) -> Any:
    """A home with results of a model, whose weights lie beside it."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMILEBENCH_HOME", str(folder))
        dataset = make_dataset(folder / "datasets" / "people", subjects=4, kind="real")
        for subject in dataset.subjects():
            consent.record(dataset.folder, consent.Agreement(subject, ("train",), "2026-01-01T00:00:00Z"))
        threshold = {"value": 0.5, "chosen_on": "given", "objective": "fixed", "n_sequences": 0, "n_subjects": 0}
        card = {"encoder": ENCODER, "threshold": {**threshold, "interval": None}, "dataset": {**dataset.reference()}}
        card["dataset"] = {**card["dataset"], "name": "others"}
        model = make_picture_model(folder / "artifacts/models/m", frames=5, steep=4, **card)
        torch.manual_seed(0)
        network = build_network("dual_head", 5, ENCODER)
        safetensors.torch.save_file(network.state_dict(), model.with_name(paths.WEIGHTS_FILE))
        assert evaluate(["--model", str(model), "--dataset", "people", "--side", "all", "--quiet"]) == 0
        yield folder


def shown(folder: Path, name: str = "page") -> str:
    return (folder / name / "mistakes.html").read_text(encoding="utf-8")


def test_the_page_shows_mistakes_first_and_the_worst_of_them(home: Path) -> None:
    assert main(["--out", str(home / "page"), "--most-near", "2", "--quiet"]) == 0
    (results,) = (home / "artifacts" / "results").glob("*_results_*.json")
    found = contracts.read_document(results, "results")
    page, document = shown(home), contracts.read_document(home / "page" / "mistakes.json", "mistakes")
    c = found["metrics"]["confusion"]
    assert document["n_mistakes"] == c["fn"] + c["fp"] > 0
    cards = re.findall(r"(?:score|점수) ([0-9.]+) · (seq_\d+)", page)[::2]  # each stands in both languages
    assert len(cards) == document["n_shown"] == document["n_mistakes"] + 2
    distances = [abs(float(score) - 0.5) for score, _ in cards]
    wrong, near = distances[:-2], distances[-2:]
    assert wrong == sorted(wrong, reverse=True)
    assert near == sorted(near)
    assert page.count('Grad-CAM"') == len(cards)
    assert (document["has_faces"], document["has_heat"]) == (True, True)
    assert re.findall(r"<strong>(\d+)</strong>", page) == [str(c[key]) for key in ("tp", "fn", "fp", "tn")]
    for text in ("이 컴퓨터에만 저장", "on this computer only", "혼동 행렬", "Confusion"):
        assert text in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_intervals_of_both_classes_are_those_of_their_own_share(home: Path) -> None:
    assert main(["--out", str(home / "page"), "--quiet"]) == 0
    (results,) = (home / "artifacts" / "results").glob("*_results_*.json")
    found = contracts.read_document(results, "results")
    recall, c = found["intervals"]["recall"], found["metrics"]["confusion"]
    shares = re.findall(r'<span lang="en">([0-9.]+)% \[([0-9.–]+)%? to', shown(home))
    assert shares[0][0] == f"{100 * recall['value']:.1f}"
    assert shares[1][0] == f"{100 * c['tn'] / (c['tn'] + c['fp']):.1f}"


def test_without_faces_there_is_no_picture(home: Path) -> None:
    assert main(["--out", str(home / "bare"), "--no-faces", "--quiet"]) == 0
    page = shown(home, "bare")
    assert "<img" not in page
    assert "data:image" not in page
    assert "The pictures were left out" in page
    assert not contracts.read_document(home / "bare" / "mistakes.json", "mistakes")["has_faces"]


def test_a_model_without_weights_has_a_page_without_heat(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = home / "artifacts" / "models" / "m" / paths.WEIGHTS_FILE
    data = weights.read_bytes()
    weights.unlink()
    try:
        assert main(["--out", str(home / "cold"), "--json"]) == 0
    finally:
        weights.write_bytes(data)
    assert json.loads(capsys.readouterr().out)["mistakes"]["has_heat"] is False
    assert "cannot be shown" in shown(home, "cold")


def test_a_dataset_that_has_changed_is_refused(home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (results,) = (home / "artifacts" / "results").glob("*_results_*.json")
    copy = tmp_path / results.name
    document = json.loads(results.read_text(encoding="utf-8"))
    document["dataset"]["sha256"] = "0" * 64
    copy.write_text(json.dumps(document), encoding="utf-8")
    table = results.with_name(document["predictions"]["file"])
    (tmp_path / table.name).write_bytes(table.read_bytes())
    assert main(["--results", str(copy)]) == 1
    assert "evaluate again" in capsys.readouterr().err
    assert main(["--results", str(tmp_path / "none.json")]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_withdrawal_finds_the_page_and_a_person_who_withdrew_is_not_shown(home: Path) -> None:
    assert main(["--quiet"]) == 0
    places = find_places([find_person(home / "datasets" / "people", "s01")])
    made = {place.path.name for place in places.made}
    assert any(name.startswith("mistakes-m_results") for name in made)
    consent.withdraw(home / "datasets" / "people", "s01")
    try:
        assert main(["--out", str(home / "less"), "--quiet"]) == 0
        assert "s01" not in shown(home, "less")
        assert "4 sequences are not shown" in shown(home, "less")
    finally:
        consent.record(home / "datasets" / "people", consent.Agreement("s01", ("train",), paths.utc_text()))


def test_the_page_works_in_a_browser_in_both_languages(home: Path, launch: Callable[..., Any]) -> None:
    assert main(["--out", str(home / "page"), "--quiet", "--lang", "en"]) == 0
    page = launch().new_page(viewport={"width": 390, "height": 800})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((home / "page" / "mistakes.html").as_uri())
    assert page.locator("h2").first.inner_text() == "Confusion"
    page.click("button[data-lang=ko]")
    assert page.locator("h2").first.inner_text() == "혼동 행렬"
    assert page.title() == "m: 무엇을 틀렸나"
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("[...document.images].every((one) => one.naturalWidth > 0)")
    assert said == []


@pytest.mark.slow
def test_the_page_is_for_everybody(home: Path, launch: Callable[..., Any]) -> None:
    assert main(["--out", str(home / "page"), "--quiet", "--lang", "ko"]) == 0
    page = launch().new_page()
    page.goto((home / "page" / "mistakes.html").as_uri())
    axe.assert_accessible(page, "tools/mistakes/page.html")
