"""Takes a person out of a dataset, and finds everything that was made with them.

consent.json (a withdrawal) → takes to trash/ → tombstones.json (names no person)
releases.json, splits → runs → models, by their hashes → the list of what contains the person
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import cli, contracts, paths, stale_models
from shared.dataset import consent, reader
from shared.dataset.consent import Agreement
from shared.dataset.reader import Dataset
from shared.dataset.writer import DatasetWriter
from shared.errors import InvalidInput
from tools.kaggle_publisher.config import WithdrawConfig
from tools.kaggle_publisher.releases import ReleaseBook, read_releases
from tools.kaggle_publisher.tombstones import leave_tombstone

REMINDER = (
    "Kaggle keeps old versions of a dataset, and who downloaded one has it: publish a new release now, delete the "
    "old versions on the dataset's Kaggle page (Versions), and ask Kaggle's support where that is not enough"
)


@dataclass(frozen=True)
class Traces:
    """What contains a person.

    Attributes:
        releases: (number, address, Kaggle's version) of published releases.
        splits: Split files.
        models: Cards (model.json) of models that were trained on, or whose threshold was chosen on, the person.
        measured: Cards of models that were only tested on the person; they need no new training.
    """

    releases: tuple[tuple[int, str, int | None], ...]
    splits: tuple[Path, ...]
    models: tuple[Path, ...]
    measured: tuple[Path, ...]


@dataclass(frozen=True)
class Withdrawn:
    """A withdrawal, done or only shown."""

    dataset: str
    subject: str
    n_takes: int
    n_sequences: int
    traces: Traces
    stale: tuple[Path, ...]
    dry_run: bool
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise for people."""
        traces = self.traces
        head = "DRY RUN: nothing was changed" if self.dry_run else "withdrawn; the next release is without this person"
        lines = [f"{self.subject} of {self.dataset}: {head}"]
        lines.append(
            f"  takes       {self.n_takes} with {self.n_sequences} sequences, to trash/ (delete them to erase)"
        )
        shown = [f"release {number} of {address}, version {version}" for number, address, version in traces.releases]
        lines += _block("releases", shown)
        lines += _block("splits", [paths.shown(path) for path in traces.splits])
        lines += _block("models", [paths.shown(path.parent) for path in traces.models])
        lines += _block("tested on", [paths.shown(path.parent) for path in traces.measured])
        if traces.models:
            if self.stale:
                lines.append(f"  stale       {len(self.stale)} models are marked, and reports note it. Train again.")
            else:
                lines.append("  next        --retrain marks these models as stale, so that reports note it")
        if traces.releases:
            lines.append(f"  remember    {REMINDER}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        traces = self.traces
        return {
            "dataset": self.dataset,
            "subject": self.subject,
            "dry_run": self.dry_run,
            "n_takes": self.n_takes,
            "n_sequences": self.n_sequences,
            "releases": [
                {"number": number, "id": address, "remote_version": version}
                for number, address, version in traces.releases
            ],
            "splits": [str(path) for path in traces.splits],
            "models": [str(path) for path in traces.models],
            "tested_on": [str(path) for path in traces.measured],
            "stale": [str(path) for path in self.stale],
            "reminder": REMINDER if traces.releases else None,
        }


def _block(name: str, items: list[str]) -> list[str]:
    first = [f"  {name:<11} {items[0] if items else 'none'}"]
    return first + [f"  {'':<11} {item}" for item in items[1:]]


def withdraw(config: WithdrawConfig) -> Withdrawn:
    """Take a person out; doing it twice changes nothing more.

    Raises:
        InvalidInput: No such dataset or person.
    """
    dataset = reader.open_dataset(config.dataset)
    book, releases = consent.read_consent(config.dataset), read_releases(config.dataset)
    rows = [row for row in dataset.rows if row.subject_id == config.subject]
    agreement = book.of(config.subject)
    published = any(config.subject in release.subjects for release in releases.releases)
    if not rows and agreement is None and not published:
        raise InvalidInput(
            f"--subject {config.subject}",
            found="no person of that pseudonym",
            expected="one of " + (", ".join(dataset.subjects()) or "none"),
        )
    takes = sorted({row.take_id for row in rows})
    traces = _find_traces(dataset, config.subject, releases)
    marked: tuple[Path, ...] = ()
    if not config.dry_run:
        if agreement is None or not agreement.withdrawn:
            _record(config, agreement)
        with DatasetWriter(config.dataset, dataset.protocol, dataset.manifest["kind"]) as writer:
            for take_id in cli.progress(takes, what="take out"):
                writer.withdraw_take(take_id, "consent_withdrawn")
        if takes:
            numbers = [number for number, _, _ in traces.releases]
            leave_tombstone(config.dataset, n_takes=len(takes), n_sequences=len(rows), releases=numbers)
        if config.retrain:
            marked = tuple(
                stale_models.mark(card, stale_models.StaleReason.CONSENT_WITHDRAWN) for card in traces.models
            )
    return Withdrawn(dataset.name, config.subject, len(takes), len(rows), traces, marked, config.dry_run)


def _record(config: WithdrawConfig, agreement: Agreement | None) -> None:
    """Write the withdrawal; also for a person without a consent row."""
    if agreement is not None:
        consent.withdraw(config.dataset, config.subject)
        return
    now = paths.utc_text()
    consent.record(config.dataset, Agreement(config.subject, (), now, withdrawn=True, method="import"))


def _find_traces(dataset: Dataset, subject: str, releases: ReleaseBook) -> Traces:
    """Follow the hashes: splits of this dataset that list the person, then runs and models of these splits."""
    published = tuple(
        (release.number, release.id, release.remote_version)
        for release in releases.releases
        if subject in release.subjects
    )
    splits: dict[str, Path] = {}
    learned: set[str] = set()
    for path in sorted(paths.artifacts("splits").rglob("*.json")):
        document = _read(path, "split")
        if document is None or document["dataset"]["name"] != dataset.name:
            continue
        sides = {side: people_of(document, side) for side in ("train", "validation", "test")}
        if any(subject in people for people in sides.values()):
            sha256 = contracts.sha256_file(path)
            splits[sha256] = path
            if subject in sides["train"] | sides["validation"]:
                learned.add(sha256)
    models: list[Path] = []
    measured: list[Path] = []
    for path in sorted(paths.artifacts("models").glob(f"*/{paths.MODEL_CARD}")):
        card = _read(path, "model")
        if card is None or card["split"] is None or card["split"]["sha256"] not in splits:
            continue
        (models if card["split"]["sha256"] in learned else measured).append(path)
    return Traces(published, tuple(splits.values()), tuple(models), tuple(measured))


def people_of(split: dict[str, Any], side: str) -> set[str]:
    """Return the people in a part of a split."""
    return set(split["sides"][side]["subjects"])


def _read(path: Path, noun: str) -> dict[str, Any] | None:
    """Read a document; None for any other file."""
    try:
        return contracts.read_document(path, noun)
    except InvalidInput:
        return None
