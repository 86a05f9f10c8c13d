"""Results of several approaches fused into one: what is read, refused and written."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import special

from shared import contracts
from shared.approaches import APPROACHES
from shared.arrays import F32
from shared.dataset import splits
from shared.dataset.reader import Dataset, SequenceRow
from shared.onnx.model import Scores
from tools.evaluator import cli
from tools.evaluator import fuse as fuse_module
from tools.evaluator.evaluate import write_arm
from tools.evaluator.predictors import Arm
from tools.evaluator.test_people import People

OWN = {"value": 0.5, "chosen_on": "validation", "objective": "youden", "n_sequences": 12, "n_subjects": 3}


class Members:
    """Writes results of approaches on both parts of a split, and fuses them."""

    def __init__(self, home: Path, dataset: Dataset) -> None:
        self.home, self.dataset = home, dataset
        self.split = splits.freeze_split(dataset, 0)
        self.document = splits.read_split(self.split, dataset)

    def rows(self, side: str) -> list[SequenceRow]:
        return splits.rows_of(self.dataset, self.document, side)

    def write(self, name: str, side: str, sha: str = "a", **changes: Any) -> Path:
        """Results of an approach: smiles score higher, by a draw that is another one for each approach and part."""
        rng = np.random.default_rng([len(name), len(side)])
        rows = self.rows(side)
        drawn = [rng.normal(1.2 if row.label == "smile" else -1.2) for row in rows]
        scores: F32 = special.expit(np.array(drawn)).astype(np.float32)
        arm = Arm(APPROACHES[name].arm, f"{name}-{sha}", f"{name}.onnx", sha * 64, {**OWN, "interval": None},
                  Scores(scores, None))  # fmt: skip
        people = People(changes.get("split", self.split), side)
        out = self.home / "members"
        return write_arm(self.dataset, rows, arm, people, (0.5, "model"), 0.1, out, "one-session").file

    def fuse(self, *names: str, **replaced: Path) -> int:
        """Fuse members by the command; `replaced` names another file of one, such as dual_head_test."""
        words = ["fuse", "--dataset", "people", "--split", str(self.split), "--session", "one-session", "--quiet"]
        for name in names:
            for side in ("validation", "test"):
                words += [f"--{side}", f"{name}={replaced.get(f'{name}_{side}') or self.write(name, side)}"]
        return cli.main(words)

    def results(self) -> tuple[dict[str, Any], dict[str, float], Path]:
        """The fusion's document, its scores by sequence, and its file."""
        (file,) = (self.home / "artifacts" / "results").glob("*_results_*.json")
        document = contracts.read_document(file, "results")
        return document, scores_of(file, document), file


def scores_of(file: Path, document: dict[str, Any]) -> dict[str, float]:
    with file.with_name(document["predictions"]["file"]).open(encoding="utf-8") as lines:
        return {row["sequence_id"]: float(row["score"]) for row in csv.DictReader(lines)}


@pytest.fixture
def members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: Callable[..., Dataset]) -> Members:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    return Members(tmp_path, make_dataset(tmp_path / "datasets" / "people", subjects=20))


@pytest.fixture
def faceless(members: Members, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Sequences in which no face is found: two of the test people's; the others have one."""
    hidden = {row.sequence_id for row in members.rows("test")[:2]}

    class Store:
        def n_faces(self, rows: list[SequenceRow]) -> Any:
            return np.array([[0 if row.sequence_id in hidden else 1] * row.frame_count for row in rows], np.uint8)

    monkeypatch.setattr(fuse_module, "open_features", lambda dataset, kind: Store())
    return hidden


def logits(members: Members, name: str) -> dict[str, float]:
    """The logits of what a member said of the test people."""
    files = (members.home / "members").glob(f"{name}-a_results_*.json")
    file = next(one for one in files if json.loads(one.read_text())["side"] == "test")
    found = scores_of(file, json.loads(file.read_text()))
    return {key: float(special.logit(value)) for key, value in found.items()}


def test_test_people_are_scored_by_the_weights_that_the_document_names(members: Members, faceless: set[str]) -> None:
    assert members.fuse("dual_head", "landmark_mlp") == 0
    document, scores, _ = members.results()
    (run,) = document["fusion"]["runs"]
    assert (document["arm"], document["side"]) == ("fusion", "test")
    assert document["fusion"]["members"] == ["dual_head", "landmark_mlp"]
    assert document["model"]["name"] == "dual_head-and-landmark_mlp"
    assert document["model"]["threshold"]["chosen_on"] == "validation"
    assert (run["n_validation_subjects"], run["n_validation_sequences"]) == (3, 12)
    each = {name: logits(members, name) for name in document["fusion"]["members"]}
    assert run["with_face"]["is_learned"]
    assert set(run["without_face"]["weights"]) == {"dual_head"}
    for sequence_id, score in scores.items():
        rule = run["without_face" if sequence_id in faceless else "with_face"]
        total = sum(weight * each[name][sequence_id] for name, weight in rule["weights"].items())
        assert score == pytest.approx(special.expit(rule["offset"] + total), abs=1e-5)
    assert run["n_without_face"] == 2


def test_a_face_that_nobody_found_changes_nothing_for_pictures_alone(members: Members) -> None:
    assert members.fuse("dual_head", "one_frame") == 0  # no store of features is there, and none is needed
    (run,) = members.results()[0]["fusion"]["runs"]
    assert (run["without_face"], run["n_without_face"]) == (None, 0)


def test_where_every_member_needs_a_face_a_sequence_without_one_is_no_smile(
    members: Members, faceless: set[str]
) -> None:
    assert members.fuse("landmark_mlp", "blendshapes") == 0
    document, scores, _ = members.results()
    assert {scores[sequence_id] for sequence_id in faceless} == {0.0}
    assert document["fusion"]["runs"][0]["without_face"] is None


def test_test_labels_are_never_learned_from(members: Members, faceless: set[str]) -> None:
    """The same weights and threshold whatever the test people's scores are."""
    turned = members.write("dual_head", "test")
    assert members.fuse("dual_head", "landmark_mlp") == 0
    first, _, file = members.results()
    file.unlink()
    document = json.loads(turned.read_text())
    path = turned.with_name(document["predictions"]["file"])
    rows = list(csv.reader(path.read_text().splitlines()))
    fit = {"smile": ("0.1", "non_smile", "false"), "non_smile": ("0.9", "smile", "false")}
    for row in rows[1:]:
        row[3], row[4], row[5] = fit[row[2]]
    path.write_text("\n".join(map(",".join, rows)) + "\n")
    document["predictions"]["sha256"] = contracts.sha256_file(path)
    n = document["by_label"]
    document["metrics"]["confusion"] = {"tp": 0, "fn": n["smile"], "tn": 0, "fp": n["non_smile"]}
    turned.write_text(json.dumps(document))
    assert members.fuse("dual_head", "landmark_mlp", dual_head_test=turned) == 0
    second, _, _ = members.results()
    assert second["metrics"]["accuracy"] < first["metrics"]["accuracy"]
    for key in ("with_face", "without_face"):
        assert first["fusion"]["runs"][0][key] == second["fusion"]["runs"][0][key]
    assert first["model"]["threshold"] == second["model"]["threshold"]


def test_a_fusion_is_a_part_of_its_members_test_set_evaluation(members: Members, faceless: set[str]) -> None:
    assert members.fuse("dual_head", "landmark_mlp") == 0
    document, _, _ = members.results()
    assert document["test_openings"] == 1


@pytest.mark.parametrize(
    ("replaced", "message"),
    [
        ("dual_head_validation", "found test, expected validation"),
        ("dual_head_test", "found the model bbbbbbbbbbbb, expected aaaaaaaaaaaa"),
        ("landmark_mlp_test", "arm: found blendshapes, expected model"),
    ],
)
def test_results_that_do_not_belong_together_are_refused_and_nothing_is_written(
    replaced: str, message: str, members: Members, faceless: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "dual_head_validation": lambda: members.write("dual_head", "test"),
        "dual_head_test": lambda: members.write("dual_head", "test", sha="b"),
        "landmark_mlp_test": lambda: members.write("blendshapes", "test"),
    }
    assert members.fuse("dual_head", "landmark_mlp", **{replaced: files[replaced]()}) == 1
    assert message in capsys.readouterr().err
    assert not (members.home / "artifacts" / "results").exists()


def test_another_split_is_refused(members: Members, faceless: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    other = members.write("dual_head", "test")
    members.split = splits.freeze_split(members.dataset, 1)
    members.document = splits.read_split(members.split, members.dataset)
    assert members.fuse("dual_head", "landmark_mlp", dual_head_test=other) == 1
    assert "split: found" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["dual_head"], "two or more approaches"),
        (["dual_head", "majority"], "two or more approaches"),
        (["dual_head", "their_own"], "two or more approaches"),
    ],
)
def test_what_cannot_be_fused_is_wrong_usage(
    names: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word for name in names for side in ("validation", "test") for word in (f"--{side}", f"{name}=r.json")]
    assert cli.main(["fuse", "--dataset", "people", "--split", "s.json", *words]) == 2
    assert message in capsys.readouterr().err
    uneven = ["--validation", "dual_head=r.json", "--validation", "one_frame=r.json", "--test", "dual_head=r.json"]
    assert cli.main(["fuse", "--dataset", "people", "--split", "s.json", *uneven]) == 2


def test_pooled_fusions_keep_how_each_fold_was_learned(members: Members, faceless: set[str]) -> None:
    assert members.fuse("dual_head", "landmark_mlp") == 0
    document, _, file = members.results()
    document["model"]["sha256"] = "b" * 64  # of another seed
    other = file.with_name(f"other_{file.name}")
    contracts.write_document(other, document, "results")
    out = members.home / "pooled"
    assert cli.main(["pool", str(file), str(other), "--name", "both", "--out", str(out), "--quiet"]) == 0
    (pooled,) = out.glob("*_results_*.json")
    document = contracts.read_document(pooled, "results")
    assert document["arm"] == "fusion"
    assert len(document["fusion"]["runs"]) == 2
