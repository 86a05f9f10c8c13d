"""What the page gets of a workspace that changes: quickly, and never what was true before."""

import json
import os
import shutil
from pathlib import Path

import pytest

from shared import contracts
from shared.dataset import consent
from shared.dataset.reader import Dataset
from tests.studio import large_workspace
from tests.studio.conftest import Studio
from tools.studio import workspace
from tools.studio.overview import Scanner

POSITIVE = Path(__file__).resolve().parents[1] / "schemas" / "positive"


@pytest.fixture
def filled(home: Path) -> Path:
    large_workspace.fill(home, n_datasets=3, n_runs=20, n_sequences=90)
    return home


def test_a_scan_reads_only_what_has_changed(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    true = contracts.read_document
    monkeypatch.setattr(contracts, "read_document", lambda path, noun: (read.append(path.name), true(path, noun))[1])
    scanner = Scanner()
    first = scanner.scan()
    assert first.items == workspace.scan().items
    read.clear()
    assert scanner.scan().items == first.items
    assert read == []
    (filled / "artifacts/runs/run003/run.json").touch()
    scanner.scan()
    assert read == ["run.json"]


def test_a_change_beside_a_document_is_seen(filled: Path) -> None:
    scanner = Scanner()
    scanner.scan()
    stale = json.loads(next((POSITIVE / "stale").glob("*.json")).read_text(encoding="utf-8"))
    card = json.loads((filled / "artifacts/models/run007/model.json").read_text(encoding="utf-8"))
    contracts.write_document(
        filled / "artifacts/models/run007/stale.json", {**stale, "onnx_sha256": card["onnx"]["sha256"]}, "stale"
    )
    labels = filled / "datasets/people00/labels.csv"
    labels.write_bytes(b"\n".join(labels.read_bytes().splitlines()[:-10]) + b"\n")
    (filled / "artifacts/reviews/people02/suspicion.json").unlink()
    (filled / "artifacts/results/run004_results_20260122_112534.json").unlink()
    found = scanner.scan()
    assert found.items == workspace.scan().items
    assert next(each for each in found.of("model") if each.name == "run007").facts["stale_since"]
    assert [each.facts["n_sequences"] for each in found.of("dataset")] == [20, 30, 30]
    assert len(found.of("results")) == 19


def test_who_withdraws_is_seen_at_once(people: Dataset) -> None:
    scanner = Scanner()
    assert scanner.scan().of("dataset")[0].facts["people_left_out"] == {}
    consent.withdraw(people.folder, "s03")
    assert scanner.scan().of("dataset")[0].facts["people_left_out"] == {"withdrawn": ["s03"]}


def test_the_page_is_told_only_what_has_changed(studio: Studio, filled: Path) -> None:
    first = studio.ask("/api/state")
    again = studio.ask(f"/api/state?have={first.headers['x-revision']}")
    assert (again.status_code, again.content) == (204, b"")
    (filled / "artifacts/runs/run003/run.json").unlink()
    assert studio.ask(f"/api/state?have={first.headers['x-revision']}").status_code == 200


def test_a_chosen_item_has_all_its_facts_and_where_it_comes_from(studio: Studio, filled: Path) -> None:
    item = studio.ask("/api/item?kind=model&name=run010").json()
    assert item["facts"]["threshold_chosen_on"]
    assert item["made_from"] == [["dataset", "people01"], ["run", "run010"]]
    assert item["made_into"] == [["results", "run010_results_20260122_112534"]]
    card = next(each for each in studio.ask("/api/state").json()["items"] if each["name"] == "run010")
    assert "threshold_chosen_on" not in card["facts"]


def test_a_training_has_the_losses_of_its_epochs(studio: Studio, filled: Path) -> None:
    assert studio.ask("/api/item?kind=run&name=run003").json()["curve"] == []
    history = "epoch,train_loss,validation_loss,seconds\n1,1.25,1.5,3\n2,0.75,,3\n3,nan,oops,3\n"
    (filled / "artifacts/runs/run003/history.csv").write_text(history)
    assert studio.ask("/api/item?kind=run&name=run003").json()["curve"] == [
        {"epoch": 1, "train_loss": 1.25, "validation_loss": 1.5},
        {"epoch": 2, "train_loss": 0.75, "validation_loss": None},
    ]


def test_labels_are_told_in_the_words_of_each_language(studio: Studio, people: Dataset) -> None:
    item = studio.ask("/api/item?kind=dataset&name=people").json()
    assert item["facts"]["by_label"] == {"en": "non-smile 8, smile 8", "ko": "웃지 않음 8, 웃음 8"}


def test_what_was_deleted_while_the_page_was_open_is_a_line(studio: Studio, filled: Path) -> None:
    (filled / "artifacts/models/run010/model.json").unlink()
    answer = studio.ask("/api/item?kind=model&name=run010")
    assert (answer.status_code, answer.json()["error"].count("\n")) == (404, 0)


@pytest.mark.skipif(os.name == "nt", reason="names with quotes and brackets are not Windows names")
def test_strange_names_come_as_they_are(studio: Studio, filled: Path) -> None:
    name = '웃음 "<script>alert(1)</script>'.replace("/", "")
    (filled / "artifacts/runs/run003").rename(filled / "artifacts/runs" / name)
    assert name in [each["name"] for each in studio.ask("/api/state").json()["items"]]
    assert studio.ask("/api/item", None).status_code == 404
    answer = studio.ask(f"/api/item?kind=run&name={name.replace(' ', '%20')}")
    assert answer.json()["name"] == name
    assert answer.headers["content-type"].startswith("application/json")


def test_a_document_of_another_schema_version_is_a_card_with_both_versions(studio: Studio, filled: Path) -> None:
    path = filled / "artifacts/runs/run003/run.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "schema_version": 99}))
    state = studio.ask("/api/state").json()
    assert [each["name"] for each in state["items"] if each.get("problem")] == ["run003"]
    problem = studio.ask("/api/item?kind=run&name=run003").json()["problem"]
    assert "99" in problem
    assert "expected 1" in problem


def test_a_dataset_folder_deleted_while_the_page_is_open_is_gone_and_hides_nothing(
    studio: Studio, filled: Path
) -> None:
    studio.ask("/api/state")
    shutil.rmtree(filled / "datasets/people00")
    state = studio.ask("/api/state").json()
    assert [each["name"] for each in state["items"] if each["kind"] == "dataset"] == ["people01", "people02"]
    assert len([each for each in state["items"] if each["kind"] == "run"]) == 20


def test_ten_thousand_sequences_and_three_hundred_runs_are_little_to_send(studio: Studio, home: Path) -> None:
    large_workspace.fill(home)
    answer = studio.ask("/api/state")
    assert len(answer.json()["items"]) == 950
    sent = int(answer.headers["content-length"]) + sum(
        int(studio.ask(path).headers["content-length"])
        for path in (
            "/api/start",
            "/",
            *(f"/page/{name}.js" for name in ("page", "curve", "dom", "form", "map", "words")),
        )
    )
    assert sent < 100_000  # bytes, as they travel
