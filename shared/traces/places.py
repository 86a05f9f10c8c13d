"""Lists everything that was made with a person, outside of the dataset: by names, hashes and the chain of models.

dataset → caches, features, sheets, reviews, staged releases; takes → timelines; splits → runs → models → hand-offs;
results → reports. Reads, never writes.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.errors import SmilebenchError
from shared.stale_models import LEARNED_FROM
from shared.traces.person import Person, named_in_table

MADE_OF_A_DATASET = ("features", "grids", "reviews", "leaks", "publish")  # artifacts/<kind>/<dataset>/
HASH_DIGITS = 16  # of a picture in a pretraining's learned.txt


@dataclass(frozen=True)
class Place:
    """A file or folder of artifacts/ that has something of a person.

    Attributes:
        path: Where it is.
        kind: The folder under artifacts/ that it lies in: ``splits``, ``models``, ...
        why: What it has of the person.
    """

    path: Path
    kind: str
    why: str


@dataclass(frozen=True)
class Places:
    """What was made with a person.

    Attributes:
        made: Files and folders that hold something of the person, or can be computed anew without the person.
        learned: Folders of runs, models and pretrainings that learned from the person.
        tested: Cards of models that were only tested on the person; they learned nothing.
        handoffs: Hand-offs copied from models that learned from the person.
        onnx: Hashes of those models' graphs.
    """

    made: tuple[Place, ...]
    learned: tuple[Place, ...]
    tested: tuple[Path, ...]
    handoffs: tuple[Path, ...]
    onnx: frozenset[str]

    def of_kind(self, kind: str) -> tuple[Path, ...]:
        """Return the paths of a kind."""
        return tuple(place.path for place in (*self.made, *self.learned) if place.kind == kind)


def find_places(people: Sequence[Person]) -> Places:
    """List what was made with a person, who may be in several datasets.

    Args:
        people: The person in each dataset.
    """
    made = [*_made_of_datasets(people), *_staged_elsewhere(people)]
    splits = dict(_find_splits(people))
    made += [Place(path, "splits", "lists the person") for path in splits.values()]
    learned_splits = {
        sha256
        for sha256, path in splits.items()
        if any(_is_in(path, person, LEARNED_FROM) for person in people if _is_of(path, person))
    }
    learned, onnx, tested = _find_learned(people, set(splits), learned_splits)
    results = list(_find_results(people, onnx))
    made += [Place(path, "results", "has predictions on the person") for path in results]
    made += [Place(path, "reports", "shows predictions or pictures") for path in _find_reports(people, results)]
    made += [Place(path, "chains", "remembers splits with the person") for path in _find_chains(people)]
    made += [Place(path, "timelines", "was made of a film with the person") for path in _find_timelines(people)]
    handoffs = tuple(
        path.parent
        for path, spec in _read_all("handoff", f"*/{paths.SPEC_FILE}", "frontend_spec")
        if spec["model"]["sha256"] in onnx
    )
    return Places(tuple(dict.fromkeys(made)), tuple(learned), tuple(tested), handoffs, frozenset(onnx))


def _made_of_datasets(people: Sequence[Person]) -> Iterator[Place]:
    for name in sorted({person.name for person in people} | {person.folder.name for person in people}):
        for kind in MADE_OF_A_DATASET:
            folder = paths.artifacts(kind) / name
            if folder.exists():
                yield Place(folder, kind, f"was made of the dataset {name}")
        for path in sorted(paths.artifacts("cache").glob("*")):
            if re.search(rf"(^|-){re.escape(name)}-", path.name):
                yield Place(path, "cache", f"was computed from the dataset {name}")


def _staged_elsewhere(people: Sequence[Person]) -> Iterator[Place]:
    """Find releases that were staged under other names, or fetched, and hold the person's pictures or pseudonyms."""
    released = {name for person in people for name in person.released.values()}
    names = {person.folder.name for person in people} | {person.name for person in people}
    hashes = frozenset[str]().union(*(person.file_hashes | person.picture_hashes for person in people))
    fetched = [path.parent for path in (paths.home() / "datasets").glob("*/landmarks.npy")]  # no dataset of pictures
    for folder in sorted([*paths.artifacts("publish").glob("*"), *fetched]):
        if folder.name in names or not folder.is_dir():
            continue
        pictures = (path for path in folder.rglob("*.jpg"))
        table = folder / "labels.csv"
        named = table.is_file() and named_in_table(table, frozenset(released))
        if named or any(contracts.sha256_file(path) in hashes for path in pictures):
            yield Place(folder, "publish", "is a release with the person")


def _find_timelines(people: Sequence[Person]) -> Iterator[Path]:
    """Find timelines of a take's film, or of the film that a take was recorded from."""
    hashes = set[str]().union(*(person.file_hashes for person in people))
    records = [path for person in people for path in person.files if path.suffix == ".json"]
    hashes |= {str(take["source_sha256"]) for path in records if (take := _read(path, "take")) is not None}
    for path, timeline in _read_all("timelines", "*/timeline.json", "timeline"):
        if timeline["film"]["sha256"] in hashes:
            yield path.parent


def _find_splits(people: Sequence[Person]) -> Iterator[tuple[str, Path]]:
    for path in sorted(paths.artifacts("splits").rglob("*.json")):
        for person in people:
            if _is_of(path, person) and _is_in(path, person, ("train", "validation", "test")):
                yield contracts.sha256_file(path), path
                break


def _is_of(path: Path, person: Person) -> bool:
    document = _read(path, "split")
    return document is not None and document["dataset"]["name"] == person.name


def _is_in(path: Path, person: Person, parts: Sequence[str]) -> bool:
    document = _read(path, "split")
    return document is not None and any(person.subject_id in document["sides"][part]["subjects"] for part in parts)


def _find_learned(
    people: Sequence[Person], splits: set[str], learned_splits: set[str]
) -> tuple[list[Place], set[str], list[Path]]:
    """Follow the hashes from splits to runs, models and whatever started from their weights."""
    found: dict[Path, Place] = {}
    weights: set[str] = set()
    onnx: set[str] = set()

    def add(folder: Path, kind: str, why: str) -> None:
        found[folder] = Place(folder, kind, why)
        weights.update(contracts.sha256_file(path) for path in folder.glob("*.safetensors"))

    digits = {sha256[:HASH_DIGITS] for person in people for sha256 in person.file_hashes}
    for path, card in _read_all("pretrained", "*/card.json", "pretrained"):
        listed = path.parent / card["learned"]["file"] if card["learned"] else None
        if listed is not None and listed.is_file() and digits & set(listed.read_text(encoding="utf-8").split()):
            add(path.parent, "pretrained", "learned from the person's pictures")
    runs = list(_read_all("runs", "*/run.json", "run"))
    models = list(_read_all("models", f"*/{paths.MODEL_CARD}", "model"))
    for _ in range(len(runs) + len(models) + 1):  # what started from what learned from the person, and so on
        before = len(found)
        for path, run in runs:
            if path.parent not in found and _learned(run, learned_splits):
                add(path.parent, "runs", "was trained or chosen on the person")
            elif path.parent not in found and run["weights"]["sha256"] in weights:
                add(path.parent, "runs", "started from weights that were trained on the person")
        run_ids = {folder.name for folder, place in found.items() if place.kind == "runs"}
        for path, card in models:
            from_run = card["run"] is not None and card["run"]["run_id"] in run_ids
            members = card.get("ensemble", {}).get("members", ())
            from_member = any(_learned(member, learned_splits) or member["sha256"] in onnx for member in members)
            if path.parent not in found and (_learned(card, learned_splits) or from_run or from_member):
                add(path.parent, "models", "learned from the person")
                onnx.add(card["onnx"]["sha256"])
        if len(found) == before:
            break
    tested = [
        path
        for path, card in models
        if path.parent not in found and card["split"] is not None and card["split"]["sha256"] in splits
    ]
    return list(found.values()), onnx, tested


def _learned(document: dict[str, Any], learned_splits: set[str]) -> bool:
    return document["split"] is not None and document["split"]["sha256"] in learned_splits


def _find_results(people: Sequence[Person], onnx: set[str]) -> Iterator[Path]:
    """Find results whose predictions name the person; with all files that lie beside them."""
    for path, results in _read_all("results", "*.json", "results"):
        table = path.with_name(results["predictions"]["file"])
        for person in people:
            is_of = results["dataset"]["name"] == person.name
            if is_of and table.is_file() and named_in_table(table, frozenset({person.subject_id})):
                yield path
                yield table
                yield from (path.with_name(name) for name in results["pictures"] if path.with_name(name).is_file())
                break
    for person in people:
        for path, timings in _read_all("timings", "*.json", "timings"):
            if timings["dataset"]["name"] == person.name:
                yield path


def _find_reports(people: Sequence[Person], results: Sequence[Path]) -> Iterator[Path]:
    """Find the folders of reports about these datasets, or of results that name the person."""
    names = {person.name for person in people}
    files = {path.name for path in results}
    for folder in sorted(paths.artifacts("reports").glob("*")):
        documents = [_load(path) for path in folder.glob("*.json")]
        texts = json.dumps(documents, ensure_ascii=False)
        is_of = any(_dataset_of(document) in names for document in documents)
        if folder.is_dir() and (is_of or any(name in texts for name in files)):
            yield folder


def _dataset_of(document: Any) -> str | None:
    dataset = document.get("dataset") if isinstance(document, dict) else None
    return dataset.get("name") if isinstance(dataset, dict) else None


def _find_chains(people: Sequence[Person]) -> Iterator[Path]:
    for path in sorted(paths.artifacts("chains").glob("*.json")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if any(person.name in text and has_word(text, person.subject_id) for person in people):
            yield path


def has_word(text: str, word: str) -> bool:
    """Tell whether a pseudonym stands in a text as a word of its own."""
    return re.search(rf"(?<![A-Za-z0-9_-]){re.escape(word)}(?![A-Za-z0-9_-])", text) is not None


def _read_all(kind: str, pattern: str, noun: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(paths.artifacts(kind).glob(pattern)):
        document = _read(path, noun)
        if document is not None:
            yield path, document


def _read(path: Path, noun: str) -> dict[str, Any] | None:
    """Read a document; None for any other file."""
    try:
        return contracts.read_document(path, noun)
    except (SmilebenchError, OSError):
        return None


def _load(path: Path) -> Any:
    try:
        return contracts.read_json(path)
    except (SmilebenchError, OSError):
        return None
