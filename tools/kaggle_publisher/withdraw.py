"""Takes a person out of a dataset, and finds everything that was made with them; erases all of it on request.

consent.json (a withdrawal, here and in copies) → takes to trash/ → tombstones.json (names no person)
releases.json, splits → runs → models, by their hashes → the list of what contains the person
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import paths, stale_models
from shared.dataset import consent, reader, tombstones
from shared.dataset.consent import Agreement
from shared.errors import InvalidInput
from shared.traces.person import Person, find_copies, find_person
from shared.traces.places import Places, find_places
from shared.web import spec_file
from tools.kaggle_publisher.config import WithdrawConfig
from tools.kaggle_publisher.erasure.erase import Change, erase, take_out
from tools.kaggle_publisher.erasure.proof import remember, search
from tools.kaggle_publisher.releases import read_releases

REMINDER = (
    "Kaggle keeps old versions of a dataset, and who downloaded one has it: publish a new release now, delete the "
    "old versions on the dataset's Kaggle page (Versions), and ask Kaggle's support where that is not enough"
)
_COPIES = (
    "backups of this computer, and copies of datasets, models and hand-offs elsewhere or in web pages: delete them "
    "there, and put a newly trained model into the page"
)
_OTHER_FOLDERS = (
    "folders outside of datasets/ and artifacts/ that a flag named, and films and photos that were imported "
    "from there: delete them by hand"
)
OUT_OF_REACH = (_COPIES, _OTHER_FOLDERS)


@dataclass(frozen=True)
class Withdrawn:
    """A withdrawal, done or only shown.

    Attributes:
        dataset: The dataset's name.
        subject: The person's pseudonym.
        n_takes: Takes that left labels.csv now.
        n_sequences: Their sequences.
        releases: (number, address, Kaggle's version) of published releases that hold the person.
        copies: The person in other datasets.
        places: What was made with the person.
        stale: Markers that were written.
        changes: What an erasure did; None without one.
        left: What the search after an erasure found.
        dry_run: Whether nothing was changed.
        erases: Whether it is an erasure.
    """

    dataset: str
    subject: str
    n_takes: int
    n_sequences: int
    releases: tuple[tuple[int, str, int | None], ...]
    copies: tuple[Person, ...]
    places: Places
    stale: tuple[Path, ...]
    changes: tuple[Change, ...]
    left: tuple[tuple[Path, str], ...]
    dry_run: bool
    erases: bool

    @property
    def exit_code(self) -> int:
        """1 if the search after an erasure found something."""
        return int(bool(self.left))

    def as_text(self) -> str:
        """Summarise for people."""
        head = "DRY RUN: nothing was changed" if self.dry_run else "withdrawn; the next release is without this person"
        lines = [f"{self.subject} of {self.dataset}: {'erased' if self.erases and not self.dry_run else head}"]
        where = "deleted" if self.erases else "to trash/ (withdraw --erase deletes them)"
        lines.append(f"  takes       {self.n_takes} with {self.n_sequences} sequences, {where}")
        shown = [
            f"release {number} of {address}, "
            + ("version not known: look there" if version is None else f"version {version}")
            for number, address, version in self.releases
        ]
        lines += _block("releases", shown)
        lines += _block("copies", [f"{copy.subject_id} of {paths.shown(copy.folder)}" for copy in self.copies])
        places = self.places
        lines += _block("splits", [paths.shown(path) for path in places.of_kind("splits")])
        for kind in ("runs", "models", "pretrained"):
            lines += _block(kind, [paths.shown(path) for path in places.of_kind(kind)])
        lines += _block("tested on", [paths.shown(path.parent) for path in places.tested])
        lines += _block("hand-offs", [paths.shown(path) for path in places.handoffs])
        others = [place for place in places.made if place.kind != "splits"]
        lines += _block("also", [f"{paths.shown(place.path)}: {place.why}" for place in others])
        if self.erases and not self.dry_run:
            lines += [f"  {change.what:<11} {paths.shown(change.path)}" for change in self.changes]
            lines += self._describe_search()
        elif places.of_kind("models"):
            lines.append("  stale       evaluate, game, spec, README and report say so from now on. Train again.")
        if self.releases:
            lines.append(f"  remember    {REMINDER}")
        if self.erases:
            lines += _block("not reached", list(OUT_OF_REACH))
        return "\n".join(lines)

    def _describe_search(self) -> list[str]:
        if not self.left:
            return ["  searched    datasets/ and artifacts/ for bytes, pixels, pseudonym: only the tombstone is left"]
        return _block("STILL HERE", [f"{paths.shown(path)}: {what}" for path, what in self.left])

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        places = self.places
        return {
            "dataset": self.dataset,
            "subject": self.subject,
            "dry_run": self.dry_run,
            "n_takes": self.n_takes,
            "n_sequences": self.n_sequences,
            "releases": [
                {"number": number, "id": address, "remote_version": version}
                for number, address, version in self.releases
            ],
            "copies": [{"dataset": str(copy.folder), "subject_id": copy.subject_id} for copy in self.copies],
            "splits": [str(path) for path in places.of_kind("splits")],
            "runs": [str(path) for path in places.of_kind("runs")],
            "models": [str(path / paths.MODEL_CARD) for path in places.of_kind("models")],
            "pretrained": [str(path) for path in places.of_kind("pretrained")],
            "tested_on": [str(path) for path in places.tested],
            "handoffs": [str(path) for path in places.handoffs],
            "places": [{"path": str(place.path), "kind": place.kind, "why": place.why} for place in places.made],
            "stale": [str(path) for path in self.stale],
            "erased": [{"path": str(change.path), "what": change.what} for change in self.changes],
            "still_here": [{"path": str(path), "what": what} for path, what in self.left],
            "not_reached": list(OUT_OF_REACH) if self.erases else [],
            "reminder": REMINDER if self.releases else None,
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
    person = find_person(config.dataset, config.subject)
    rows = [row for row in dataset.rows if row.subject_id == config.subject]
    is_erased = tombstones.read_barred(config.dataset).is_marked(config.subject)
    if not person.rows and book.of(config.subject) is None and not person.released and not is_erased:
        raise InvalidInput(
            f"--subject {config.subject}",
            found="no person of that pseudonym",
            expected="one of " + (", ".join(dataset.subjects()) or "none"),
        )
    copies = find_copies(person)
    people = [person, *copies]
    places = find_places(people)
    published = tuple(
        (release.number, release.id, version)
        for release in releases.releases
        if config.subject in release.subjects
        for version in release.all_versions
    )
    stale: tuple[Path, ...] = ()
    changes: list[Change] = []
    left: list[tuple[Path, str]] = []
    if not config.dry_run:
        wanted = remember(people) if config.erase else None
        for one in people:
            if one.rows or (one is person and not is_erased):
                _record(one)
        for one in people if config.erase else [person]:
            take_out(one)
        if wanted is not None:
            moved = [find_person(one.folder, one.subject_id) for one in people]
            changes = erase(moved, places, keep_models=config.keep_models)
            kept = frozenset(place.path for place in places.learned) if config.keep_models else frozenset[Path]()
            left = search(wanted, kept)
        elif config.retrain:
            reason = stale_models.StaleReason.CONSENT_WITHDRAWN
            stale = tuple(stale_models.mark(path / paths.MODEL_CARD, reason) for path in places.of_kind("models"))
        if not config.erase:
            _mark_handoffs(places)
    n_takes = len({row.take_id for row in (person.rows if config.erase else rows)})
    n_sequences = len(person.rows if config.erase else rows)
    return Withdrawn(
        dataset.name, config.subject, n_takes, n_sequences, published, tuple(copies), places, stale, tuple(changes),
        tuple(left), config.dry_run, config.erase,
    )  # fmt: skip


def _record(person: Person) -> None:
    """Write the withdrawal, where it is not written yet; also for a person without a consent row."""
    newest = consent.read_consent(person.folder).of(person.subject_id)
    if newest is None:
        now = paths.utc_text()
        consent.record(person.folder, Agreement(person.subject_id, (), now, withdrawn=True, method="import"))
    elif not newest.withdrawn:
        consent.withdraw(person.folder, person.subject_id)


def _mark_handoffs(places: Places) -> None:
    for sha256 in sorted(places.onnx):
        found = stale_models.find_stale(sha256)
        if found is not None:
            spec_file.mark_handoffs(found)
