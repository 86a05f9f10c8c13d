"""An erasure removes a person from everything here, and a search of our own finds nothing but the tombstone."""

import base64
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from shared import contracts, paths, stale_models
from shared.dataset import consent, reader, splits, test_log
from shared.dataset.check import check_dataset
from shared.dataset.consent import Agreement
from shared.dataset.protocol import parse_protocol, read_protocol
from shared.dataset.reader import Dataset
from shared.dataset.writer import DatasetWriter
from shared.web import spec_file
from tools.consent import cli as consent_cli
from tools.evaluator import cli as evaluator
from tools.grid_viewer import cli as grid_viewer
from tools.importer import cli as importer
from tools.kaggle_publisher import cli as publisher
from tools.reviewer import cli as reviewer
from tools.reviewer.decisions import Decision, ReviewFile
from tools.trainer.data import decode_dataset

GIVEN = "2026-01-22T11:25:34Z"
PROTOCOL = parse_protocol({**read_protocol().document, "image_size_px": 64}, "test")
POSITIVE = Path(__file__).parents[1] / "schemas" / "positive"
WHO = "s03"


@pytest.fixture
def people(make_dataset: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Six people who agreed to everything; each film is the person's own."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    dataset = make_dataset(tmp_path / "datasets" / "people", subjects=6, takes=2, kind="real", protocol=PROTOCOL)
    for subject in dataset.subjects():
        consent.record(dataset.folder, Agreement(subject, ("train", "publish"), GIVEN))
    for film in (dataset.folder / "takes").glob("*.mp4"):
        film.write_bytes(film.read_bytes() + film.stem.encode())
        record = film.with_suffix(".json")
        document = json.loads(record.read_text())
        document["film"]["sha256"] = contracts.sha256_file(film)
        record.write_text(json.dumps(document))
    return dataset


@pytest.fixture
def used(people: Dataset) -> dict[str, Any]:
    """The person is everywhere: removed takes, reviews, caches, sheets, a staged release, a merge, results, a model."""
    folder = people.folder
    row = next(row for row in people.rows if row.subject_id == WHO)
    decision = Decision("0" * 32, "r1", row.sequence_id, row.sha256, row.label, "exclude", None, False, None, GIVEN)
    ReviewFile(people).append([decision])
    assert reviewer.main(["apply", "--dataset", "people", "--quiet"]) == 0
    with DatasetWriter(folder, people.protocol, "real") as writer:
        writer.withdraw_take("take_0006", "undone")
    now = reader.open_dataset(folder)
    assert importer.main(["--dataset", "everyone", "--merge", "people", "--prefix", "m_", "--quiet"]) == 0
    assert grid_viewer.main(["--dataset", "people", "--quiet"]) == 0
    assert reviewer.main(["suspect", "--dataset", "people", "--kind", "pixels", "--quiet"]) == 0
    decode_dataset(now)
    publish = ["--dataset", "people", "--owner", "team", "--allow-unreviewed", "--quiet"]
    assert publisher.main(publish) == 0
    split = splits.freeze_split(now, seed=0)
    sides = contracts.read_document(split, "split")["sides"]
    part = next(name for name, side in sides.items() if WHO in side["subjects"])
    if part == "test":  # let the person be learned from, whatever the seed drew
        document = contracts.read_document(split, "split")
        document["sides"]["train"], document["sides"]["test"] = document["sides"]["test"], document["sides"]["train"]
        split.unlink()
        splits.freeze(split, document)
    words = ["--arm", "majority", "--dataset", "people", "--split", str(split), "--side", "train", "--quiet"]
    assert evaluator.main(words) == 0
    onnx = paths.artifacts("models") / "m" / paths.MODEL_FILE
    contracts.write_bytes(onnx, b"a graph")
    card = json.loads((POSITIVE / "model" / "ours.json").read_text(encoding="utf-8"))
    card |= {"split": {"file": split.name, "sha256": contracts.sha256_file(split)}, "dataset": now.reference()}
    card["onnx"]["sha256"] = contracts.sha256_file(onnx)
    contracts.write_document(onnx.with_name(paths.MODEL_CARD), card, "model")
    spec = json.loads((POSITIVE / "frontend_spec" / "frames.json").read_text(encoding="utf-8"))
    spec["model"]["sha256"] = card["onnx"]["sha256"]
    handoff = paths.artifacts("handoff") / "m"
    spec_file.write_spec(handoff / paths.SPEC_FILE, spec)
    (handoff / "README.md").write_text("# m\n\nText.\n", encoding="utf-8")
    report = paths.artifacts("reports") / "r1"
    report.mkdir(parents=True)
    picture = (folder / now.rows[8].frame_names()[0]).read_bytes()
    (report / "report.html").write_text(f"<img src='data:image/jpeg;base64,{base64.b64encode(picture).decode()}'>")
    (report / "comparison.json").write_text(json.dumps({"dataset": now.reference()}))
    look = json.loads((POSITIVE / "verdict_look" / "a_second_look.json").read_text(encoding="utf-8"))
    look["people"] = [[row.sha256[:16]] for row in now.rows[::4]]
    for log in (folder, folder.parent):
        (log / test_log.VERDICT_LOOKS).write_text(f"{json.dumps(look)}\n{{broken {now.rows[8].sha256}\n")
    pixels, files = set(), set()
    for path in [*folder.rglob("*.jpg"), *folder.rglob("*.mp4")]:
        if _is_whose(path, people):
            files.add(hashlib.sha256(path.read_bytes()).hexdigest())
            if path.suffix == ".jpg":
                pixels.add(_pixels(path))
    assert len(pixels) == 8 * 5
    return {
        "files": files,
        "marks": {row.sha256[:16] for row in people.rows if row.subject_id == WHO},
        "pixels": pixels,
        "sha256": card["onnx"]["sha256"],
        "handoff": handoff,
        "model": onnx.parent,
    }


def _is_whose(path: Path, people: Dataset) -> bool:
    own = {row.sequence_id for row in people.rows if row.subject_id == WHO}
    takes = {row.take_id for row in people.rows if row.subject_id == WHO}
    return path.name.split("_frame_")[0] in own or path.stem in takes


def _pixels(path: Path) -> str:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    return "" if picture is None else hashlib.sha256(picture.tobytes()).hexdigest()


def _everything(home: Path) -> Iterator[Path]:
    for kind in ("datasets", "artifacts"):
        yield from (path for path in (home / kind).rglob("*") if path.is_file())


def find(home: Path, used: dict[str, Any]) -> list[str]:
    """Search by bytes, pixels and pseudonym; independent of the tool's own search."""
    found = []
    for path in _everything(home):
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() in used["files"]:
            found.append(f"{path}: bytes")
        if path.suffix in (".jpg", ".png") and _pixels(path) in used["pixels"]:
            found.append(f"{path}: pixels")
        if any(mark.encode() in data for mark in used["marks"]):
            found.append(f"{path}: hash of a sequence")
        if WHO.encode() in data and path.suffix not in (".jpg", ".png", ".mp4", ".npy"):
            found.append(f"{path}: pseudonym")
    return found


def erase(*more: str) -> int:
    return publisher.main(["withdraw", "--dataset", "people", "--subject", WHO, "--erase", *more])


def test_nothing_but_the_tombstone_is_left_and_every_path_is_printed(
    people: Dataset, used: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = find(tmp_path, used)
    kinds = {Path(line.partition(":")[0]).relative_to(tmp_path).parts[0] for line in before}
    assert (len(before) > 100, kinds) == (True, {"datasets", "artifacts"})
    capsys.readouterr()
    assert erase("--json", "--quiet") == 0, capsys.readouterr().err
    told = json.loads(capsys.readouterr().out)
    assert find(tmp_path, used) == []
    assert told["still_here"] == []
    erased = {Path(one["path"]).relative_to(tmp_path).parts[:2] for one in told["erased"]}
    kinds = {"splits", "grids", "reviews", "cache", "publish", "results", "reports", "models"}
    assert {("artifacts", kind) for kind in kinds} | {("datasets", "people"), ("datasets", "everyone")} <= erased
    assert told["copies"] == [{"dataset": str(tmp_path / "datasets" / "everyone"), "subject_id": "m_s03"}]
    assert "Kaggle" in json.dumps(told["not_reached"]) or told["not_reached"]
    for name in ("people", "everyone"):
        folder = tmp_path / "datasets" / name
        assert (folder / "tombstones.json").is_file()
        assert not [problem for problem in check_dataset(folder) if problem.is_error]
        assert len(reader.open_dataset(folder).subjects()) == 5


def test_models_are_deleted_or_kept_as_stale_and_their_handoffs_are_marked(
    people: Dataset, used: dict[str, Any]
) -> None:
    assert erase("--keep-models", "--quiet") == 0
    assert "withdrawn consent" in str(stale_models.why_stale(used["sha256"]))
    assert contracts.read_document(used["handoff"] / paths.SPEC_FILE, "frontend_spec")["stale"]
    assert "Stale since" in (used["handoff"] / "README.md").read_text(encoding="utf-8")
    assert used["model"].is_dir()


def test_a_withdrawal_and_a_dry_run_name_the_same_places_and_delete_nothing(
    people: Dataset, used: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = sorted(_everything(tmp_path))
    capsys.readouterr()
    assert erase("--dry-run", "--json", "--quiet") == 0
    dry = json.loads(capsys.readouterr().out)
    assert sorted(_everything(tmp_path)) == files
    assert publisher.main(["withdraw", "--dataset", "people", "--subject", WHO, "--json", "--quiet"]) == 0
    plain = json.loads(capsys.readouterr().out)
    for key in ("splits", "models", "runs", "copies", "handoffs", "places"):
        assert dry[key] == plain[key], key
    assert plain["erased"] == []
    assert len(plain["places"]) >= 8
    assert erase("--quiet") == 0, "an erasure after a plain withdrawal finds what lies in trash/"
    assert find(tmp_path, used) == []


def test_an_erasure_that_was_cut_off_is_finished_by_the_same_command(
    people: Dataset, used: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    real = shutil.rmtree

    def breaks(path: Any, *args: Any, **more: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        real(path, *args, **more)

    monkeypatch.setattr(shutil, "rmtree", breaks)
    assert erase("--quiet") == 130
    monkeypatch.undo()
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    assert erase("--quiet") == 0
    assert find(tmp_path, used) == []
    assert erase("--quiet") == 0, "once more changes nothing"


def test_a_search_that_finds_something_is_no_success(
    people: Dataset, used: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = next(row for row in reader.open_dataset(people.folder).rows if row.subject_id == WHO)
    hidden = tmp_path / "artifacts" / "notes" / "picture.bin"
    hidden.parent.mkdir(parents=True)
    hidden.write_bytes((people.folder / row.frame_names()[0]).read_bytes())
    array = hidden.with_name("array.npy")
    np.save(array, people.load_frames(row))
    film = hidden.with_suffix(".mp4")
    film.write_bytes(b"people \0\0 s03 \0")  # three letters that are in every film by chance
    text = hidden.with_suffix(".txt")
    text.write_text("people: s03 blinked")
    assert erase("--json", "--quiet") == 1
    left = json.loads(capsys.readouterr().out)["still_here"]
    assert {Path(one["path"]).name: one["what"] for one in left} == {
        "picture.bin": "the same bytes",
        "array.npy": "the same pixels in an array",
        "picture.txt": "the pseudonym s03",
    }


def test_a_person_gets_everything_that_is_stored_about_them(
    people: Dataset, used: dict[str, Any], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert consent_cli.main(["--dataset", "people", "--subject", WHO, "--export", str(out), "--quiet"]) == 0
    pixels = {_pixels(path) for path in out.rglob("*.jpg")}
    assert pixels == used["pixels"]
    about = json.loads((out / "about_me.json").read_text(encoding="utf-8"))
    assert [row["scopes"] for row in about["consent"]] == [["train", "publish"]]
    assert len(about["sequences"]) == 8
    assert {place["kind"] for place in about["places"]} >= {"splits", "models", "grids", "results"}
    assert "s04" not in (out / "about_me.json").read_text(encoding="utf-8")
    assert consent_cli.main(["--dataset", "people", "--subject", WHO, "--export", str(out), "--quiet"]) == 1
