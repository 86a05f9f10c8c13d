"""What the studio says is there, what came from what, and what is next."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from shared.dataset import consent
from shared.dataset.reader import Dataset
from shared.text.catalogue import read_catalogue
from tools.studio import cli, suggestions, workspace
from tools.studio.status import WORDS
from tools.studio.workspace import Item, Workspace

POSITIVE = Path(__file__).resolve().parents[1] / "schemas" / "positive"
ONNX_SHA256 = "7" * 64  # of the model in the examples


def _example(schema: str, name: str, place: Path, **changes: Any) -> dict[str, Any]:
    """Put an example of a schema into the workspace."""
    document = {**json.loads((POSITIVE / schema / f"{name}.json").read_text(encoding="utf-8")), **changes}
    place.parent.mkdir(parents=True, exist_ok=True)
    contracts.write_document(place, document, schema)
    return document


def _model(home: Path, **changes: Any) -> dict[str, Any]:
    return _example("model", "ours", home / "artifacts/models/ours/model.json", **changes)


def _results(home: Path, dataset: str = "people", **changes: Any) -> None:
    _example("results", "two_classes", home / "artifacts/results/baseline_results_20260122_112534.json", **changes)


def _comparison(home: Path, **changes: Any) -> dict[str, Any]:
    place = home / "artifacts/reports/people_20260122_112534/comparison.json"
    return _example("comparison", "two_arms", place, **changes)


def _labels_sha256(dataset: Dataset) -> str:
    return hashlib.sha256((dataset.folder / "labels.csv").read_bytes()).hexdigest()


def _reasons(about: str, name: str = "people") -> list[str]:
    found = suggestions.suggest(workspace.scan())
    return [each.reason for each in found if (each.about, each.name) == (about, name)]


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.main(["status", "--lang", "en", *words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_an_empty_workspace_says_how_to_begin(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys)
    assert code == 0
    assert "./inv demo" in out


def test_a_dataset_is_told_with_its_people_and_labels(people: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = _run(capsys)
    assert "people  16 sequences (non-smile 8, smile 8), 8 people" in out
    answer = json.loads(_run(capsys, "--json")[1])
    (dataset,) = answer["documents"]
    assert (dataset["kind"], dataset["name"], dataset["facts"]["n_people"]) == ("dataset", "people", 8)
    assert [each["reason"] for each in answer["suggestions"]] == ["never_suspected", "never_compared"]


def test_too_few_people_come_before_any_comparison(record: Callable[[int], Dataset]) -> None:
    record(2)
    (only,) = suggestions.suggest(workspace.scan())
    assert (only.reason, only.values, only.command) == (
        "few_people", {"n": 2}, "./inv collect --dataset people --subject s03",
    )  # fmt: skip


def test_few_people_can_go_on_and_are_told_that_they_are_few(record: Callable[[int], Dataset]) -> None:
    record(5)
    assert _reasons("dataset") == ["never_suspected", "more_people", "never_compared"]


def test_who_is_to_be_recorded_next_has_a_pseudonym_that_nobody_has(record: Callable[[int], Dataset]) -> None:
    folder = record(2).folder
    consent.record(folder, consent.Agreement("s07", ("train",), "2026-01-01T00:00:00Z"))
    (only,) = suggestions.suggest(workspace.scan())
    assert only.command == "./inv collect --dataset people --subject s08"


def test_what_a_reviewer_has_confirmed_is_to_be_applied_too(people: Dataset) -> None:
    decision = json.loads((POSITIVE / "review/decided_and_taken_back.json").read_text())["decisions"][0]
    decisions = [
        {**decision, "sequence_id": row.sequence_id, "sha256": row.sha256, "shown_label": row.label,
         "decision": f"label:{row.label}"}
        for row in people.rows
    ]  # fmt: skip
    identity = {"name": "people", "created_utc": people.manifest["created_utc"]}
    review = {"schema_version": 1, "dataset": identity, "decisions": decisions}
    contracts.write_document(people.folder / "review.json", review, "review")
    found = suggestions.suggest(workspace.scan())
    (to_apply,) = [each for each in found if each.reason == "to_apply"]
    assert (to_apply.command, to_apply.values) == ("./inv review-apply --dataset people", {"n": 16})
    assert "not_reviewed" not in [each.reason for each in found]


def test_a_training_that_is_done_is_to_become_a_model(home: Path, people: Dataset) -> None:
    example = json.loads((POSITIVE / "run/done.json").read_text(encoding="utf-8"))
    dataset = {**example["dataset"], "name": "people"}
    for status, is_suggested in (("running", False), ("done", True)):
        document = {**example, "dataset": dataset, "status": status, "run_id": "people-1a2b3c4d"}
        place = home / "artifacts/runs/people-1a2b3c4d/run.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        contracts.write_document(place, document, "run")
        assert ("not_exported" in _reasons("dataset")) == is_suggested


def test_who_withdrew_and_is_still_there_comes_first(people: Dataset) -> None:
    consent.withdraw(people.folder, "s03")
    (first, *_) = suggestions.suggest(workspace.scan())
    assert (first.reason, first.command) == ("withdrawn", "./inv withdraw --dataset people --subject s03")


def test_people_without_a_consent_row_are_counted(home: Path, people: Dataset) -> None:
    (people.folder / "consent.json").unlink()
    assert _reasons("dataset")[0] == "no_consent_row"
    facts = workspace.scan().of("dataset")[0].facts
    assert facts["people_left_out"] == {"no_consent_row": people.subjects()}


def test_labels_that_look_wrong_are_suggested_until_somebody_has_decided(home: Path, people: Dataset) -> None:
    rows = [
        {
            "sequence_id": row.sequence_id,
            "sha256": row.sha256,
            "label": row.label,
            "probabilities": [0.9, 0.1] if (row.label == "non_smile") != (row is people.rows[0]) else [0.1, 0.9],
            "face_found": True,
        }
        for row in people.rows
    ]
    _example("suspicion", "two_sequences", home / "artifacts/reviews/people/suspicion.json", rows=rows)
    (first, *_) = suggestions.suggest(workspace.scan())
    assert (first.reason, first.values) == ("look_wrong", {"n": 1})
    row = people.rows[0]
    decision = {
        **json.loads((POSITIVE / "review/decided_and_taken_back.json").read_text())["decisions"][0],
        "sequence_id": row.sequence_id, "sha256": row.sha256, "shown_label": row.label,
        "decision": f"label:{row.label}",
    }  # fmt: skip
    identity = {"name": "people", "created_utc": people.manifest["created_utc"]}
    review = {"schema_version": 1, "dataset": identity, "decisions": [decision]}
    contracts.write_document(people.folder / "review.json", review, "review")
    assert "look_wrong" not in _reasons("dataset")
    other = "smile" if row.label == "non_smile" else "non_smile"
    review["decisions"] = [{**decision, "decision": f"label:{other}"}]
    contracts.write_document(people.folder / "review.json", review, "review")
    assert _reasons("dataset")[0] == "to_apply"


def test_a_report_of_older_labels_is_named(home: Path, people: Dataset) -> None:
    assert "never_compared" in _reasons("dataset")
    document = _comparison(home)
    assert "changed_since" in _reasons("dataset")
    _comparison(home, dataset={**document["dataset"], "sha256": _labels_sha256(people)})
    assert "cannot_tell" in _reasons("dataset")


def test_documents_are_linked_by_hash(home: Path, people: Dataset) -> None:
    _model(home)
    _results(home)
    _comparison(home)
    found = workspace.scan()
    (model,) = found.of("model")
    assert {(item.kind, item.name) for item in found.made_from(model)} == {("dataset", "people")}
    assert {item.kind for item in found.made_into(model)} == {"results", "comparison"}
    (results,) = found.of("results")
    assert [item.kind for item in found.made_into(results)] == ["comparison"]


def test_a_model_goes_from_measured_to_handed_off_to_proven(home: Path, people: Dataset) -> None:
    document = _model(home)
    name = "ours"
    assert document["onnx"]["sha256"] == ONNX_SHA256
    assert _reasons("model", name) == ["not_measured"]
    _results(home)
    assert _reasons("model", name) == []
    comparison = _comparison(home)
    arms = [
        {**arm, "model_sha256": ONNX_SHA256 if arm["role"] == "candidate" else "8" * 64} for arm in comparison["arms"]
    ]
    _comparison(home, arms=arms, verdict={**comparison["verdict"], "word": "better", "because": "shown"})
    assert _reasons("model", name) == ["better"]
    folder = home / "artifacts/handoff/ours"
    spec = json.loads(next((POSITIVE / "frontend_spec").glob("*.json")).read_text(encoding="utf-8"))
    spec["model"]["sha256"] = ONNX_SHA256
    contracts.write_document(folder / "frontend_spec.json", spec, "frontend_spec")
    assert _reasons("model", name) == ["not_proven"]
    proof = folder / "browser_proof.json"
    _example(
        "browser_proof", "whole_decisions", proof, spec_sha256=contracts.sha256_file(folder / "frontend_spec.json")
    )
    assert _reasons("model", name) == ["proven"]
    spec["created_utc"] = "2026-02-01T00:00:00Z"
    contracts.write_document(folder / "frontend_spec.json", spec, "frontend_spec")
    assert _reasons("model", name) == ["not_proven"]  # the proof speaks of another spec


def test_a_model_at_chance_and_a_stale_one_are_not_advertised(home: Path, people: Dataset) -> None:
    _model(home)
    example = json.loads((POSITIVE / "results/two_classes.json").read_text(encoding="utf-8"))
    weak = {**example["intervals"]["roc_auc"], "value": 0.55, "low": 0.4, "high": 0.7}
    _results(home, intervals={**example["intervals"], "roc_auc": weak})
    assert _reasons("model", "ours") == ["chance"]
    mark = {
        "schema_version": 2, "model_id": "ours", "onnx_sha256": ONNX_SHA256,
        "since_utc": "2026-02-01T00:00:00Z", "reason": "consent_withdrawn",
    }  # fmt: skip
    contracts.write_document(home / "artifacts/models/ours/stale.json", mark, "stale")
    assert _reasons("model", "ours") == ["stale"]


def test_models_of_folds_are_counted_and_not_listed(home: Path, people: Dataset) -> None:
    example = json.loads((POSITIVE / "model/ours.json").read_text(encoding="utf-8"))
    _model(home, split={**example["split"], "file": "people-aaaaaaaa-seed0-fold1of5.json"})
    assert len(workspace.scan().of("model")) == 1
    assert _reasons("model", "ours") == []


@pytest.mark.parametrize(
    ("content", "found"),
    [("{", "JSON"), ('{"schema_version": 99}', "99"), ("[]", "model.json")],
)
def test_a_document_that_cannot_be_read_hides_nothing_else(
    home: Path, people: Dataset, content: str, found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = home / "artifacts/models/broken/model.json"
    broken.parent.mkdir(parents=True)
    broken.write_text(content)
    code, out, _ = _run(capsys)
    assert code == 0
    assert "people  16 sequences" in out
    (line,) = out.split("Cannot be read\n")[1].splitlines()
    assert "model.json" in line
    assert found in line


def test_a_dataset_whose_folder_loses_its_labels_is_a_line(people: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    (people.folder / "labels.csv").unlink()
    code, out, _ = _run(capsys)
    assert code == 0
    assert "labels.csv" in out.split("Cannot be read\n")[1]


def test_one_dataset_is_asked_for_by_name(people: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = _run(capsys, "--dataset", "peeple")
    assert code == 1
    assert err.count("\n") == 1
    assert "people" in err
    assert _run(capsys, "--dataset", "people")[0] == 0


def test_no_dataset_or_model_gets_more_than_three_suggestions(home: Path, people: Dataset) -> None:
    for person in people.subjects():
        consent.withdraw(people.folder, person)
    assert _reasons("dataset") == ["withdrawn"] * suggestions.MOST


def test_every_reason_has_its_words(people: Dataset, home: Path) -> None:
    source = Path(suggestions.__file__).read_text(encoding="utf-8")
    catalogue = read_catalogue(WORDS)
    named = set(re.findall(r'suggest\("(\w+)"', source)) | {"nothing_yet", "expired", "no_consent_row"}
    assert len(named) > 10
    assert named <= set(catalogue)


def test_status_changes_nothing(people: Dataset, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _model(home)
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    _run(capsys)
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == before


def test_a_workspace_finds_what_a_document_was_made_from_by_hash_not_by_place() -> None:
    dataset = Item("dataset", "people", Path("a"), ids=frozenset({"people"}))
    model = Item("model", "m", Path("b"), uses=(workspace.Reference("dataset", "people"),), ids=frozenset({"m", "ff"}))
    orphan = Item("results", "r", Path("c"), uses=(workspace.Reference("model", "ee"),))
    found = Workspace(Path(), (dataset, model, orphan))
    assert list(found.links()) == [(dataset, model)]
    assert found.made_from(orphan) == []
