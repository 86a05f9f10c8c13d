"""The hand-off of a model of another class than smiles: every name in it is the class's, and the checker follows."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import contracts, paths
from shared.errors import InvalidInput
from shared.faces import landmarker
from shared.onnx.model import OnnxModel
from shared.web.spec_file import READMES
from tools.handoff.config import HandoffConfig
from tools.handoff.readme import PAGE
from tools.handoff.write import write_handoff
from tools.spec_checker.static.check import check_file

MakeModel = Callable[..., Path]


@pytest.fixture
def model(tmp_path: Path, make_feature_model: MakeModel, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of blendshapes whose positive class is not_teasing, in a home with its landmarker."""
    fetched = tmp_path / "home" / "artifacts" / "fetched"
    fetched.mkdir(parents=True)
    (fetched / landmarker.MODEL_NAME).write_bytes(b"a landmarker")
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    return make_feature_model(tmp_path / "models" / "calm", "blendshapes", positive_class="not_teasing")


@pytest.fixture
def folder(model: Path, tmp_path: Path) -> Path:
    """Its hand-off."""
    return write_handoff(HandoffConfig(model, tmp_path / "handoff" / "calm")).folder


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def failures(folder: Path) -> dict[str, str]:
    """What the checker finds wrong but the missing npm packages and proof."""
    report = check_file(folder / paths.SPEC_FILE, None)
    return {finding.field: finding.found for finding in report.findings if finding.status == "fail"}


def test_spec_and_golden_vectors_name_the_class(folder: Path) -> None:
    spec = contracts.read_document(folder / paths.SPEC_FILE, "frontend_spec")
    assert (spec["positive_class"], spec["decision"]["output"]) == ("not_teasing", "not_teasing_prob")
    assert [output["name"] for output in spec["outputs"]] == ["not_teasing_prob"]
    assert {"not_teasing_prob", "not_teasing_prob_javascript"} < set(spec["tolerance"])
    golden = contracts.read_document(folder / "golden" / "golden.json", "golden")
    threshold = spec["decision"]["threshold"]
    for case in golden["cases"]:
        assert case["is_not_teasing"] == (case["not_teasing_prob"] > threshold)
    for document in (spec, golden):
        assert "smile_prob" not in json.dumps(document)
        assert "is_smile" not in json.dumps(document)


def test_the_checker_passes_it(folder: Path) -> None:
    assert failures(folder) == {}


def test_readmes_and_page_name_the_class_and_no_smile_but_in_file_names(folder: Path) -> None:
    for name in READMES:
        text = (folder / name).read_text(encoding="utf-8")
        for own in ("notTeasingProb", "isNotTeasing", "notteasingstart", "notteasingend", "`not_teasing`", "Detector"):
            assert own in text
        without_files = text.replace("smile-detector", "").replace("smile_detector.onnx", "")
        assert "smile" not in without_files.lower()
        assert "미소" not in without_files
    page = (folder / PAGE).read_text(encoding="utf-8")
    assert "const CLASS = 'not_teasing';" in page
    assert "<title>not_teasing</title>" in page


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda spec: spec["decision"].update(output="smile_prob"), "decision.output"),
        (lambda spec: spec.update(positive_class="neutral"), "positive_class"),
        (lambda spec: spec["tolerance"].update(smile_prob=spec["tolerance"].pop("not_teasing_prob")), "tolerance"),
        (lambda spec: spec["outputs"][0].update(name="smile_prob"), "outputs.not_teasing_prob"),
    ],
)
def test_a_spec_that_names_another_class_than_the_graph_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], None], field: str
) -> None:
    spec = read(folder / paths.SPEC_FILE)
    change(spec)
    (folder / paths.SPEC_FILE).write_text(json.dumps(spec), encoding="utf-8")
    assert field in failures(folder)


def test_golden_vectors_of_another_class_are_refused(folder: Path) -> None:
    path = folder / "golden" / "golden.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("not_teasing_prob", "smile_prob").replace("is_not_teasing", "is_smile"), encoding="utf-8"
    )
    spec = read(folder / paths.SPEC_FILE)
    spec["golden"]["sha256"] = contracts.sha256_file(path)
    (folder / paths.SPEC_FILE).write_text(json.dumps(spec), encoding="utf-8")
    found = failures(folder)
    assert [name for name in found if not name.startswith("manifest.")] == ["golden.answers"]
    assert "smile_prob" in found["golden.answers"]


def test_a_model_from_before_that_calls_its_output_smile_prob_goes_on_as_it_was(
    tmp_path: Path, make_feature_model: MakeModel, monkeypatch: pytest.MonkeyPatch, model: Path
) -> None:
    old = make_feature_model(tmp_path / "models" / "old", "blendshapes")
    card = read(old.with_name(paths.MODEL_CARD)) | {"classes": ["neutral", "happy"], "positive_class": "happy"}
    import onnx

    graph = onnx.load(str(old))
    for entry in graph.metadata_props:
        if entry.key in ("smilebench.classes", "smilebench.positive_class"):
            value = card[entry.key.removeprefix("smilebench.")]
            entry.value = value if isinstance(value, str) else json.dumps(value)
    onnx.save(graph, str(old))
    card["onnx"] |= {"sha256": contracts.sha256_file(old), "bytes": old.stat().st_size}
    contracts.write_document(old.with_name(paths.MODEL_CARD), card, "model")
    assert OnnxModel(old, threads=1).prob_name == "smile_prob"
    folder = write_handoff(HandoffConfig(old, tmp_path / "handoff" / "old")).folder
    assert read(folder / paths.SPEC_FILE)["decision"]["output"] == "smile_prob"
    assert failures(folder) == {}


def test_a_card_of_another_class_than_its_graph_is_refused(model: Path) -> None:
    card = read(model.with_name(paths.MODEL_CARD))
    card["outputs"][0]["name"] = "smile_probability"
    model.with_name(paths.MODEL_CARD).write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(InvalidInput, match="not_teasing_prob"):
        write_handoff(HandoffConfig(model))
