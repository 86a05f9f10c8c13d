"""Facts of the dataset that was measured, where it lies on this machine.

Reads dataset.json, labels.csv and the test log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared import paths
from shared.contracts import Document
from shared.dataset import reader, test_log
from shared.dataset.protocol import read_protocol
from shared.errors import SmilebenchError
from shared.statistics.predictions import sequence_of
from tools.reporter.sources.arms import Arm

MARKS_A_PERSON = 3
Targets = Mapping[str, float]
"""A fraction for each metric that has a target."""


@dataclass(frozen=True)
class DatasetFacts:
    """What a dataset card and a duration need.

    Attributes:
        manifest: dataset.json.
        n_rows: Labels in it.
        n_reviewed: Of these, how many a person looked at.
        negative_s: How long the measured negative clips last together, in seconds; 0 for photos.
        openings: The log of its test-set evaluations, oldest first.
        folder: Where it lies.
        people: Whoever was measured, by the hashes of their first sequences: the same in a renamed copy.
        takes: The take of each sequence that was measured.
    """

    manifest: Document
    n_rows: int
    n_reviewed: int
    negative_s: float
    openings: tuple[Document, ...] = ()
    folder: Path = Path()
    people: tuple[tuple[str, ...], ...] = ()
    takes: Mapping[str, str] = field(default_factory=dict)


def find_dataset(folder: Path | None, baseline: Arm) -> DatasetFacts | None:
    """Find the dataset that was measured: the one that was named, or the one of that name under datasets/.

    Returns:
        Its facts; None if it isn't there or its sequences are not those that were measured.
    """
    try:
        dataset = reader.open_dataset(folder or paths.dataset_dir(baseline.results["dataset"]["name"]))
        rows = measured_rows(dataset, baseline)
    except (SmilebenchError, OSError):
        return None
    if not rows:
        return None
    negatives = [row for row in rows if row.label != baseline.results["positive_class"]]
    return DatasetFacts(
        manifest=dataset.manifest,
        n_rows=len(dataset.rows),
        n_reviewed=sum(row.reviewed for row in dataset.rows),
        negative_s=sum(row.frame_count * row.frame_interval_ms for row in negatives) / 1000,
        openings=tuple(test_log.read_evaluations(dataset.folder, baseline.results["sequences_sha256"])),
        folder=dataset.folder,
        people=_mark_people(dataset, {row.subject_id for row in rows}),
        takes={row.sequence_id: row.take_id for row in rows},
    )


def _mark_people(dataset: reader.Dataset, subjects: set[str]) -> tuple[tuple[str, ...], ...]:
    """Mark each person by the pictures of the first sequences that the dataset has of them."""
    marks: dict[str, list[str]] = {subject: [] for subject in sorted(subjects)}
    for row in sorted(dataset.rows, key=lambda row: row.sequence_id):
        if row.subject_id in marks and len(marks[row.subject_id]) < MARKS_A_PERSON:
            marks[row.subject_id].append(row.sha256[:16])
    return tuple(map(tuple, marks.values()))


def targets_of(facts: DatasetFacts | None) -> Targets:
    """Return what the team wants to reach: the targets of the dataset's protocol, else of the default one."""
    usual: Targets = read_protocol().document["targets"]
    return usual if facts is None else facts.manifest["protocol"].get("targets", usual)


def measured_rows(dataset: reader.Dataset, arm: Arm) -> list[reader.SequenceRow]:
    """Select the sequences that an arm was measured on; none at all if they are not the same as they were then.

    Raises:
        InvalidInput: A sequence is missing.
    """
    rows = dataset.select({sequence_of(prediction_id) for prediction_id in arm.rows})
    if "pooled" in arm.results:
        # Pooled results name the whole table of labels, and each answer its label and person.
        measured = {sequence_of(prediction_id): p for prediction_id, p in arm.rows.items()}
        is_same = all(
            (row.label, row.subject_id) == (measured[row.sequence_id].label, measured[row.sequence_id].subject_id)
            for row in rows
        )
        return rows if is_same and dataset.labels_sha256 == arm.results["dataset"]["sha256"] else []
    return rows if reader.hash_sequences(rows) == arm.results["sequences_sha256"] else []


def clip_seconds(facts: DatasetFacts | None, arms: Sequence[Arm]) -> float | None:
    """Return how long a negative clip lasts on average: from the dataset, else from a model card; None if unknown."""
    n_negative = sum(p.label != arms[0].results["positive_class"] for p in arms[0].rows.values())
    if facts is not None and n_negative:
        return facts.negative_s / n_negative or None
    for arm in arms:
        if arm.card is not None:
            return float(arm.card["input"]["shape"][1] * arm.card["frame_interval_ms"] / 1000) or None
    return None
