"""Taking a person out: the dataset, the trace through releases, splits and models, and the way back."""

import json
from pathlib import Path

import pytest

from shared import contracts, paths, stale_models
from shared.dataset import consent, splits
from shared.dataset.check import check_dataset
from shared.dataset.consent import Agreement
from shared.dataset.protocol import read_protocol
from shared.dataset.reader import open_dataset
from shared.dataset.writer import DatasetWriter
from tools.kaggle_publisher.cli import main
from tools.kaggle_publisher.remote import remote

GIVEN = "2026-01-22T11:25:34Z"
CARD = paths.MODEL_CARD


@pytest.fixture
def people(make_dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    dataset = make_dataset(tmp_path / "people", subjects=6, kind="real")
    for subject in dataset.subjects():
        consent.record(dataset.folder, Agreement(subject, ("train", "publish"), GIVEN))
    return dataset


def withdraw(dataset, subject, capsys, *flags):
    capsys.readouterr()
    code = main(["withdraw", "--dataset", str(dataset.folder), "--subject", subject, "--json", "--quiet", *flags])
    out = capsys.readouterr().out
    return code, json.loads(out) if out else None


@pytest.fixture
def made(people):
    """The sides of a frozen split of the people, and a model on it."""
    split = splits.freeze_split(people, seed=0)
    example = Path(__file__).parents[1] / "schemas" / "positive" / "model" / "ours.json"
    card = json.loads(example.read_text(encoding="utf-8"))
    card["split"] = {"file": split.name, "sha256": contracts.sha256_file(split)}
    contracts.write_document(paths.artifacts("models") / "people-e10" / CARD, card, "model")
    return contracts.read_document(split, "split")["sides"]


def test_the_person_is_gone_from_the_dataset_which_verifies_and_from_nothing_else(people, capsys):
    code, told = withdraw(people, "s03", capsys)
    assert (code, told["n_takes"], told["n_sequences"]) == (0, 1, 4)
    left = open_dataset(people.folder)
    assert left.subjects() == ["s01", "s02", "s04", "s05", "s06"]
    assert not [problem for problem in check_dataset(people.folder) if problem.is_error]
    assert consent.read_consent(people.folder).why_not("s03", "train").startswith("withdrawn")
    assert [row.sequence_id for row in left.rows][8] == "seq_0013"  # ids are never shifted


def test_the_tombstone_names_nobody(people, capsys):
    withdraw(people, "s03", capsys)
    text = (people.folder / "tombstones.json").read_text(encoding="utf-8")
    assert "s03" not in text
    (stone,) = json.loads(text)["withdrawals"]
    assert (stone["n_takes"], stone["n_sequences"], stone["releases"]) == (1, 4, [])


def test_models_and_splits_are_found_by_their_hashes_and_marked_on_request(people, made, capsys):
    learner = made["train"]["subjects"][0]
    _, told = withdraw(people, learner, capsys, "--dry-run")
    assert len(told["splits"]) == 1
    assert len(told["models"]) == 1
    assert told["stale"] == []
    assert learner in open_dataset(people.folder).subjects()  # a dry run changes nothing
    _, told = withdraw(people, learner, capsys, "--retrain")
    assert len(told["stale"]) == 1
    sha256 = contracts.read_document(paths.artifacts("models") / "people-e10" / CARD, "model")["onnx"]["sha256"]
    assert "withdrawn consent" in stale_models.why_stale(sha256)
    marker = paths.artifacts("models") / "people-e10" / stale_models.STALE
    old = json.loads(marker.read_text(encoding="utf-8")) | {"schema_version": 1, "reason": "a person has withdrawn"}
    marker.write_text(json.dumps(old), encoding="utf-8")  # of an earlier version: it must not be overlooked
    assert "withdrawn consent" in stale_models.why_stale(sha256)
    assert learner not in (paths.artifacts("models") / "people-e10" / stale_models.STALE).read_text(encoding="utf-8")


def test_a_model_that_was_only_tested_on_the_person_learned_nothing(people, made, capsys):
    _, told = withdraw(people, made["test"]["subjects"][0], capsys, "--retrain")
    assert told["models"] == told["stale"] == []
    assert len(told["tested_on"]) == 1


def test_releases_that_hold_the_person_are_named_and_the_next_is_without(kaggle, people, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(remote, "POLL_S", 0.01)
    publish = ["--dataset", str(people.folder), "--owner", "team", "--yes", "--allow-unreviewed", "--quiet"]
    publish += ["--out", str(tmp_path / "out")]
    gone = {(people.folder / name).read_bytes() for row in people.rows[8:12] for name in row.frame_names()}
    assert main(publish) == 0
    (versions,) = kaggle.datasets.values()
    assert gone < set(versions[0].values())
    _, told = withdraw(people, "s03", capsys)
    assert told["releases"] == [{"number": 1, "id": "team/people-face-sequences", "remote_version": 1}]
    assert "Kaggle keeps old versions" in told["reminder"]
    assert main(publish) == 0
    assert not gone & set(versions[1].values())
    assert len({line.split(",")[1] for line in versions[1]["labels.csv"].decode().splitlines()[1:]}) == 5
    assert "1 withdrawal" in versions[1]["README.md"].decode()


def test_somebody_who_was_never_asked_can_withdraw_too(make_dataset, tmp_path, capsys):
    dataset = make_dataset(tmp_path / "people", subjects=2, kind="real")
    code, _ = withdraw(dataset, "s02", capsys)
    assert code == 0
    assert open_dataset(dataset.folder).subjects() == ["s01"]
    assert consent.read_consent(dataset.folder).of("s02").withdrawn


def test_twice_is_the_same_as_once(people, capsys):
    withdraw(people, "s03", capsys)
    before = (people.folder / "consent.json").read_bytes()
    code, told = withdraw(people, "s03", capsys)
    assert (code, told["n_takes"]) == (0, 0)
    assert (people.folder / "consent.json").read_bytes() == before


def test_the_takes_can_be_put_back_after_a_new_consent(people, capsys):
    withdraw(people, "s03", capsys)
    consent.record(people.folder, Agreement("s03", ("train",), paths.utc_text()))
    with DatasetWriter(people.folder, read_protocol(), "real") as writer:
        writer.restore_take("take_0003")
    assert open_dataset(people.folder).rows == people.rows


def test_an_unknown_pseudonym_is_named_with_those_that_are_known(people, capsys):
    assert main(["withdraw", "--dataset", str(people.folder), "--subject", "s99", "--quiet"]) == 1
    assert "--subject s99: found no person of that pseudonym, expected one of s01, s02" in capsys.readouterr().err
