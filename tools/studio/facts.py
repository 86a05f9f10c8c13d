"""What is shown of each kind of document, and what it was made from. One function a kind; each reads one document.

Facts are numbers and words of the document itself, under plain names; nothing is computed that a report computes.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths, stale_models
from shared.dataset import consent, reader
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import SmilebenchError
from shared.statistics.confident_learning import flag

Document = dict[str, Any]
_FOLD = re.compile(r"-(fold|person)\d+of\d+$")
_USUAL = re.compile(r"s(\d{1,6})")
RELEASES, REVIEW, CLEARED, UNSURE = "releases.json", "review.json", "cleared", "unsure"


@dataclass(frozen=True)
class Reference:
    """Names another document: its kind, and its name or hash."""

    kind: str
    id: str


@dataclass(frozen=True)
class Facts:
    """What was read of a document.

    Attributes:
        shown: Numbers and words for people and programs.
        uses: What it was made from.
        ids: Hashes by which others refer to it.
    """

    shown: dict[str, Any]
    uses: tuple[Reference, ...] = ()
    ids: tuple[str, ...] = ()


def of_dataset(document: Document, path: Path) -> Facts:
    """Read a dataset: who is in it, how far its labels were checked, who agreed to what, what was published."""
    folder = path.parent
    data = (folder / reader.LABELS).read_bytes()
    rows = reader.parse_labels(data, str(folder / reader.LABELS), document["classes"])
    dataset = reader.Dataset(folder, document, tuple(rows), hashlib.sha256(data).hexdigest())
    last = _decided(folder, rows)
    decided = {name: decision for name, decision in last.items() if decision != UNSURE}
    shown = {
        "dataset_kind": document["kind"],
        "n_sequences": len(rows),
        "n_people": len(dataset.subjects()),
        "by_label": dict(Counter(row.label for row in rows)),
        "n_reviewed": sum(row.reviewed for row in rows),
        "n_look_wrong": _count_wrong(document["name"], rows, decided),
        "n_undecided": sum(not row.reviewed and row.sequence_id not in last for row in rows),
        "n_to_apply": sum(_is_to_apply(row, last.get(row.sequence_id)) for row in rows),
        "people_left_out": _people_left_out(dataset),
        "next_subject": next_subject({*dataset.subjects(), *_people_with_consent(folder)}),
        "n_published": _count_published(folder),
        "labels_sha256": dataset.labels_sha256,
        "is_of_photos": bool(rows) and all(row.frame_count == 1 for row in rows),
    }
    return Facts(shown, (), (document["name"],))


def _decided(folder: Path, rows: Sequence[SequenceRow]) -> dict[str, str]:
    """Return what reviewers last decided on each sequence as it is now: a class, "exclude" or "unsure".

    A review.json that is being written, or is not valid, decides nothing: `reviewer status` says what is wrong with it.
    """
    path = folder / REVIEW
    if not path.is_file():
        return {}
    try:
        document = contracts.read_document(path, "review")
    except SmilebenchError:
        return {}
    sha256_of = {row.sequence_id: row.sha256 for row in rows}
    last: dict[str, str] = {}
    for each in document["decisions"]:
        if sha256_of.get(each["sequence_id"]) != each["sha256"]:
            continue
        if each["decision"] == CLEARED:
            last.pop(each["sequence_id"], None)
        else:
            last[each["sequence_id"]] = each["decision"].removeprefix("label:")
    return last


def _is_to_apply(row: SequenceRow, decision: str | None) -> bool:
    """Tell whether `review-apply` would change a row: another label, a confirmed one, or a sequence taken out."""
    return decision is not None and (decision != row.label or not row.reviewed)


def _people_with_consent(folder: Path) -> set[str]:
    return {row.subject_id for row in consent.read_consent(folder).rows}


def next_subject(names: Iterable[str]) -> str:
    """Suggest a pseudonym that nobody has: s and the next number."""
    known = [match for name in names if (match := _USUAL.fullmatch(name))]
    return f"s{max((int(match[1]) for match in known), default=0) + 1:02d}"


def _count_wrong(dataset: str, rows: Sequence[SequenceRow], decided: Mapping[str, str]) -> int | None:
    """Count the labels that look wrong out of fold and that nobody has decided on; None where nobody looked."""
    path = paths.artifacts("reviews") / dataset / "suspicion.json"
    if not path.is_file():
        return None
    document = contracts.read_document(path, "suspicion")
    classes = document["classes"]
    known = [
        each for each in document["rows"] if each["label"] in classes and len(each["probabilities"]) == len(classes)
    ]
    if not known:
        return 0
    flagged = flag([each["probabilities"] for each in known], [classes.index(each["label"]) for each in known])
    wrong = {
        (each["sequence_id"], each["sha256"], each["label"])
        for each, is_wrong in zip(known, flagged, strict=True)
        if is_wrong
    }
    open_rows = [row for row in rows if not row.reviewed and row.sequence_id not in decided]
    return sum((row.sequence_id, row.sha256, row.label) in wrong for row in open_rows)


def _people_left_out(dataset: Dataset) -> dict[str, list[str]]:
    """Name the people who may not be trained on today, by rule."""
    grouped = consent.group_by_rule(dataset, "train")
    return {str(rule): sorted({row.subject_id for row in rows}) for rule, rows in grouped.items() if rule is not None}


def _count_published(folder: Path) -> int:
    """Count the releases that are out."""
    path = folder / RELEASES
    if not path.is_file():
        return 0
    return sum(each["state"] == "complete" for each in contracts.read_document(path, "releases")["releases"])


def of_split(document: Document, path: Path) -> Facts:
    """Read a split: how many people each part has."""
    people = {part: len(side["subjects"]) for part, side in document["sides"].items()}
    shown = {"dataset": document["dataset"]["name"], "people": people, "of_a_fold": _is_fold(path.name)}
    return Facts(shown, (Reference("dataset", document["dataset"]["name"]),), (path.name, document["split_id"]))


def of_features(document: Document, path: Path) -> Facts:
    """Read a store of features: of what, and in how many pictures no face was found."""
    counts = document["counts"]
    shown = {
        "dataset": document["dataset"]["name"],
        "features": document["kind"],
        "n_pictures": counts["pictures"],
        "n_without_face": counts["without_face"],
        "labels_sha256": document["dataset"]["sha256"],
    }
    return Facts(shown, (Reference("dataset", document["dataset"]["name"]),))


def of_pretrained(document: Document, path: Path) -> Facts:
    """Read a pretraining: how far it is, and its figures on people that it has not learned from."""
    measured = [each for each in document["figures"] if each["roc_auc"] is not None]
    shown = {
        "network": document["network"]["encoder"],
        "status": document["status"],
        "epochs_done": document["epochs_done"],
        "epochs": document["config"].get("epochs"),
        "n_pictures": document["n_pictures"],
        "roc_auc": {each["dataset"]: each["roc_auc"] for each in measured},
    }
    uses = [Reference("dataset", each["name"]) for each in document["datasets"]]
    uses += [Reference("pretrained", each["sha256"]) for each in document["teachers"]]
    weights = document["weights"]
    return Facts(shown, tuple(uses), (weights["sha256"],) if weights else ())


def of_run(document: Document, path: Path) -> Facts:
    """Read a training: how far it is."""
    shown = {
        "network": document["network"],
        "dataset": document["dataset"]["name"],
        "status": document["status"],
        "epochs_done": document["epochs_done"],
        "epochs": document["config"].get("epochs"),
        "best_epoch": document["best_epoch"],
        "updated_utc": document["updated_utc"],
        "of_a_fold": _is_fold(_file_of(document["split"])),
    }
    uses = [Reference("dataset", document["dataset"]["name"]), Reference("split", _file_of(document["split"]))]
    if sha256 := document["weights"]["sha256"]:
        uses += [Reference("pretrained", sha256), Reference("run", sha256)]
    return Facts(shown, tuple(uses), (document["run_id"], *(each["sha256"] for each in document["checkpoints"])))


def of_model(document: Document, path: Path) -> Facts:
    """Read an exported model: its size, its threshold and on what that was chosen, and whether it is stale."""
    threshold = document["threshold"]
    stale = stale_models.find_stale_of(path, document)
    shown = {
        "network": document["network"],
        "encoder": (document.get("encoder") or {}).get("encoder"),
        "dataset": document["dataset"]["name"],
        "dataset_kind": document["dataset"]["kind"],
        "bytes": document["onnx"]["bytes"],
        "threshold": threshold["value"],
        "threshold_chosen_on": threshold["chosen_on"],
        "stale_since": stale["since_utc"][:10] if stale else None,
        "labels_sha256": document["dataset"]["sha256"],
        "of_a_fold": _is_fold(_file_of(document["split"])),
    }
    uses = [Reference("dataset", document["dataset"]["name"]), Reference("split", _file_of(document["split"]))]
    run = document["run"]
    if run:
        uses += [Reference("run", run["run_id"]), Reference("run", run["checkpoint_sha256"])]
    uses += [Reference("model", each["sha256"]) for each in document.get("ensemble", {}).get("members", [])]
    return Facts(shown, tuple(uses), (document["model_id"], document["onnx"]["sha256"]))


def of_results(document: Document, path: Path) -> Facts:
    """Read a measurement: of which model, on whom, and its figures with their 95 % intervals."""
    intervals = {
        name: {key: each[key] for key in ("value", "low", "high")}
        for name, each in document["intervals"].items()
        if name in ("accuracy", "recall", "roc_auc")
    }
    shown = {
        "model": document["model"]["name"],
        "dataset": document["dataset"]["name"],
        "side": document["side"],
        "n_sequences": document["n_sequences"],
        "n_people": document["n_subjects"],
        "intervals": intervals,
        "notes": list(document["notes"]),
        "of_a_fold": _is_fold(_file_of(document["split"])),
    }
    uses = [Reference("dataset", document["dataset"]["name"]), Reference("split", _file_of(document["split"]))]
    if sha256 := document["model"]["sha256"]:
        uses.append(Reference("model", sha256))
    return Facts(shown, tuple(uses), (path.name,))


def of_comparison(document: Document, path: Path) -> Facts:
    """Read a comparison of before and after: its verdict, what it recommends, and the next commands."""
    verdict, advice = document["verdict"], document.get("recommendation")
    shown = {
        "dataset": document["dataset"]["name"],
        "labels_sha256": document["dataset"]["sha256"],
        "n_people": document["n_subjects"],
        "word": verdict["word"],
        "candidate": verdict["candidate"],
        "sentence": verdict["sentence"],
        "recommended": advice["arm"] if advice else None,
        "recommendation": advice["sentence"] if advice else verdict["sentence"],
        "next": list(advice["next"]) if advice else [],
        "model_sha256": {each["name"]: each["model_sha256"] for each in document["arms"]},
        "arms": [each["name"] for each in document["arms"]],
    }
    uses = [Reference("dataset", document["dataset"]["name"])]
    uses += [Reference("results", each["results"]["file"].rsplit("/", 1)[-1]) for each in document["arms"]]
    uses += [Reference("model", each["model_sha256"]) for each in document["arms"] if each["model_sha256"]]
    return Facts(shown, tuple(uses), (document["comparison_id"],))


def of_approaches(document: Document, path: Path) -> Facts:
    """Read a comparison of approaches: its verdict and which one it recommends."""
    verdict = document["verdict"]
    shown = {
        "dataset": document["dataset"]["name"],
        "labels_sha256": document["dataset"]["sha256"],
        "n_people": document["n_subjects"],
        "word": verdict["word"],
        "recommended": verdict["recommended"],
        "sentence": verdict["sentence"],
        "approaches": [each["name"] for each in document["approaches"]],
    }
    uses = [Reference("dataset", document["dataset"]["name"])]
    uses += [Reference("results", each["results"]["file"].rsplit("/", 1)[-1]) for each in document["approaches"]]
    return Facts(shown, tuple(uses), (document["approaches_id"],))


def of_timeline(document: Document, path: Path) -> Facts:
    """Read a film's timeline: how long it is, and in how many pictures a face was found."""
    film, counts = document["film"], document["counts"]
    shown = {"film": film["file"], "duration_s": film["duration_s"], "n_pictures": counts["frames"]}
    return Facts({**shown, "n_with_face": counts["frames_with_face"]})


def of_handoff(document: Document, path: Path) -> Facts:
    """Read a hand-off: whether a browser has proven it as it is."""
    proof_path = path.with_name(paths.PROOF_FILE)
    proof = contracts.read_document(proof_path, "browser_proof") if proof_path.is_file() else None
    is_proven = bool(
        proof and proof["spec_sha256"] == contracts.sha256_file(path) and (proof["tested"] or proof["tested_decisions"])
    )
    shown = {
        "model": path.parent.name,
        "positive_class": document["positive_class"],
        "is_proven": is_proven,
        "threshold": document["decision"]["threshold"],
        "bytes": document["model"]["bytes"],
    }
    uses = (Reference("model", document["model"]["sha256"]), Reference("model", document["spec_id"]))
    return Facts(shown, uses, (document["spec_id"],))


def _file_of(split: Document | None) -> str:
    return str(split["file"]) if split else ""


def _is_fold(file: str) -> bool:
    return _FOLD.search(file.removesuffix(".json")) is not None
