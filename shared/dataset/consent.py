"""Consent: what each recorded person has agreed to, kept in a dataset's consent.json and nowhere else.

One row per person and agreement, appended and never changed. The row of the latest date counts, whatever the order in
the file; a withdrawal is a row too. Holds pseudonyms, never names. The file stays at home: nothing publishes it.

`permitted` is the one rule of who may be used for what today; every tool that learns from people, or measures with
them, opens its dataset through it.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from shared import cli, contracts, paths
from shared.dataset import reader
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import CheckFailed, InvalidInput, WrongUsage

CONSENT_FILE = "consent.json"
SCOPES = ("train", "publish")
YEARS = 3  # for which an agreement holds at most, as the statement says
_CLOCK_SLACK = datetime.timedelta(minutes=10)  # between the clocks of two computers
_NAMED = 8


class Rule(StrEnum):
    """Why a person may not be used."""

    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    NOT_AGREED = "not_agreed"
    NO_ROW = "no_consent_row"


@dataclass(frozen=True)
class Agreement:
    """What one person has agreed to at one moment.

    Attributes:
        subject_id: The person's pseudonym.
        scopes: Of `SCOPES`; empty after a withdrawal.
        given_utc: When.
        expires_utc: Until when, or None for without end.
        withdrawn: Whether this row takes everything back.
        statement: Version of the text that was shown.
        statement_sha256: Hash of that text, in the language in which it was read.
        lang: Its language: ko or en.
        given_by: "self", or "guardian" for a person who cannot consent alone.
        method: "screen" (answered in the recorder), "paper" or "import".
    """

    subject_id: str
    scopes: tuple[str, ...]
    given_utc: str
    expires_utc: str | None = None
    withdrawn: bool = False
    statement: str = "1"
    statement_sha256: str = "0" * 64
    lang: str = "ko"
    given_by: str = "self"
    method: str = "screen"

    def carried_to(self, subject_id: str, scopes: set[str]) -> "Agreement":
        """Return this row for the person's pseudonym in another dataset, with no more than these scopes."""
        return replace(self, subject_id=subject_id, scopes=tuple(scope for scope in self.scopes if scope in scopes))

    @property
    def ends_utc(self) -> str:
        """When it ends: at its own date, after three years at the latest."""
        latest = expiry(self.given_utc, YEARS)
        return latest if self.expires_utc is None else min(self.expires_utc, latest)

    def rule(self, scope: str, now_utc: str) -> Rule | None:
        """Name the rule by which this does not cover a scope at a moment; None where it does."""
        if self.withdrawn:
            return Rule.WITHDRAWN
        if self.ends_utc <= now_utc:
            return Rule.EXPIRED
        return None if scope in self.scopes else Rule.NOT_AGREED

    def why_not(self, scope: str, now_utc: str) -> str | None:
        """Say why this does not cover a scope at a moment; None where it does."""
        rule = self.rule(scope, now_utc)
        if rule is None:
            return None
        return {
            Rule.WITHDRAWN: f"withdrawn {self.given_utc}",
            Rule.EXPIRED: f"expired {self.ends_utc}",
        }.get(rule, f"agreed to {', '.join(self.scopes) or 'nothing'} only")


@dataclass(frozen=True)
class ConsentBook:
    """The rows of a dataset's consent.json, in the order in which they were appended."""

    dataset: str
    rows: tuple[Agreement, ...] = field(default=())

    def of(self, subject_id: str) -> Agreement | None:
        """Return a person's row of the latest date, which is the one that counts; of two of one date the later one."""
        own = [row for row in self.rows if row.subject_id == subject_id]
        return max(enumerate(own), key=lambda item: (item[1].given_utc, item[0]))[1] if own else None

    def rule(self, subject_id: str, scope: str, now_utc: str | None = None) -> Rule | None:
        """Name the rule by which a person's pictures may not be used for a scope; None where they may."""
        newest = self.of(subject_id)
        return Rule.NO_ROW if newest is None else newest.rule(scope, now_utc or paths.utc_text())

    def why_not(self, subject_id: str, scope: str, now_utc: str | None = None) -> str | None:
        """Say why a person's pictures may not be used for a scope; None where they may.

        Args:
            subject_id: The pseudonym.
            scope: "train" or "publish".
            now_utc: The moment, such as 2026-01-22T11:25:34Z; None is now.
        """
        newest = self.of(subject_id)
        return "no consent row" if newest is None else newest.why_not(scope, now_utc or paths.utc_text())


def read_consent(dataset: Path) -> ConsentBook:
    """Read a dataset's consent.json; empty where there is none.

    Raises:
        InvalidInput: The file is there and is not valid, is another dataset's, or has a date that cannot be.
    """
    path, name = dataset / CONSENT_FILE, _name_of(dataset)
    if not path.exists():
        return ConsentBook(name)
    document = contracts.read_document(path, "consent")
    if document["dataset"] != name:
        raise InvalidInput(
            str(path),
            found=f"the consent of the dataset {document['dataset']}",
            expected=f"that of {name}",
            todo="consent is not copied; record it: ./inv consent",
        )
    rows = tuple(Agreement(**{**row, "scopes": tuple(row["scopes"])}) for row in document["rows"])
    for number, row in enumerate(rows, start=1):
        _check_dates(row, f"{path}: row {number} ({row.subject_id})")
    return ConsentBook(name, rows)


def _name_of(dataset: Path) -> str:
    """Return a dataset's name: as its manifest says, or its folder's before there is one."""
    path = dataset / reader.MANIFEST
    if not path.is_file():
        return dataset.name
    document = contracts.read_json(path)
    return str(document.get("name", dataset.name)) if isinstance(document, dict) else dataset.name


def _check_dates(row: Agreement, what: str) -> None:
    """Refuse dates that would make an agreement count when it does not.

    Raises:
        InvalidInput: A day that there is none of, a date in the future, or an end that is no end.
    """
    try:
        given = paths.parse_utc(row.given_utc)
        expires = None if row.expires_utc is None else paths.parse_utc(row.expires_utc)
    except ValueError:
        raise InvalidInput(what, found=f"{row.given_utc} to {row.expires_utc}", expected="dates") from None
    if given > paths.utc_now() + _CLOCK_SLACK:
        raise InvalidInput(what, found=f"given {row.given_utc}, in the future", expected="a date that has been")
    if expires is not None and not row.withdrawn and expires > paths.parse_utc(expiry(row.given_utc, YEARS)):
        expected = f"at the latest {expiry(row.given_utc, YEARS)}, {YEARS} years after it was given"
        raise InvalidInput(what, found=f"expires {row.expires_utc}", expected=expected)


def record(dataset: Path, agreement: Agreement) -> ConsentBook:
    """Append a row to consent.json and return the book; whole or not at all.

    Raises:
        InvalidInput: The row does not fit the schema, or has a date that cannot be.
    """
    with _locked(dataset):
        book = read_consent(dataset)
        _check_dates(agreement, f"{dataset / CONSENT_FILE}: {agreement.subject_id}")
        book = ConsentBook(book.dataset, (*book.rows, agreement))
        contracts.write_document(dataset / CONSENT_FILE, _as_document(book), "consent")
    return book


def record_all(dataset: Path, agreements: Iterable[Agreement]) -> int:
    """Append the rows that are not in consent.json yet; returns their number."""
    known = set(read_consent(dataset).rows)
    new = [row for row in dict.fromkeys(agreements) if row not in known]
    for row in new:
        record(dataset, row)
    return len(new)


def withdraw(dataset: Path, subject_id: str, now_utc: str | None = None) -> ConsentBook:
    """Append a withdrawal.

    Raises:
        InvalidInput: The person has no row.
    """
    newest = read_consent(dataset).of(subject_id)
    if newest is None:
        known = ", ".join(sorted({row.subject_id for row in read_consent(dataset).rows})) or "nobody"
        raise InvalidInput(
            f"{dataset / CONSENT_FILE}: {subject_id}", found="no such person", expected=f"one of {known}"
        )
    return record(
        dataset,
        Agreement(
            subject_id=subject_id,
            scopes=(),
            given_utc=now_utc or paths.utc_text(),
            withdrawn=True,
            statement=newest.statement,
            statement_sha256=newest.statement_sha256,
            lang=newest.lang,
            given_by=newest.given_by,
            method=newest.method,
        ),
    )


def expiry(given_utc: str, years: int) -> str:
    """Return the same day and time so many years later, as text; the last of February where there is no 29th.

    Example:
        >>> expiry("2026-01-22T11:25:34Z", 3)
        '2029-01-22T11:25:34Z'
    """
    given = paths.parse_utc(given_utc)
    try:
        return paths.utc_text(given.replace(year=given.year + years))
    except ValueError:
        return paths.utc_text(given.replace(year=min(given.year + years, 9999), day=28))


def permitted(
    dataset: Dataset, scope: str = "train", *, allow_no_consent: bool = False, now_utc: str | None = None
) -> Dataset:
    """Return a dataset without the people who may not be used for a scope today: the one rule, for every tool.

    Drawn actors need no consent. A person's newest row decides. Without a row, sequences are used where dataset.json
    declares licence and basis of their source (imported photos and films, published releases), or where that is allowed
    for once: that flag is for imported data whose rights are settled elsewhere, and never overrules a row.

    Args:
        dataset: The dataset as it is on disk.
        scope: "train", which covers tests as well, or "publish".
        allow_no_consent: Use people without a row too.
        now_utc: The moment; None is now.

    Returns:
        The dataset with the rows that may be used; `Dataset.consent` holds rule and counts of what is left out.

    Raises:
        InvalidInput: consent.json is not valid or another dataset's.
        CheckFailed: Nobody is left.
    """
    left_out = group_by_rule(dataset, scope, now_utc)
    kept = {id(row) for row in left_out.pop(None, [])}
    without_row: set[str] = set()
    if allow_no_consent:
        allowed = left_out.pop(Rule.NO_ROW, [])
        kept |= {id(row) for row in allowed}
        without_row = {row.subject_id for row in allowed}
    if not left_out and not without_row:
        return dataset
    if not kept:
        raise _nobody_left(dataset, read_consent(dataset.folder), scope, now_utc or paths.utc_text())
    facts = {
        "scope": scope,
        "left_out": [
            {"rule": str(rule), "n_subjects": len({row.subject_id for row in rows}), "n_sequences": len(rows)}
            for rule, rows in sorted(left_out.items(), key=lambda item: str(item[0]))
        ],
        "n_allowed_without_row": len(without_row),
    }
    cli.note(f"consent of {dataset.name}: {describe(facts)}")
    withheld = frozenset(row.sequence_id for rows in left_out.values() for row in rows)
    rows = tuple(row for row in dataset.rows if id(row) in kept)
    return replace(dataset, rows=rows, withheld=withheld, consent=facts)


def group_by_rule(dataset: Dataset, scope: str, now_utc: str | None = None) -> dict[Rule | None, list[SequenceRow]]:
    """Sort a dataset's sequences by the rule that leaves them out of a scope; under None those that may be used.

    Raises:
        InvalidInput: consent.json is not valid or another dataset's.
    """
    book, now = read_consent(dataset.folder), now_utc or paths.utc_text()
    declared = {right["source"] for right in dataset.manifest.get("rights", ())}
    reasons = {subject: book.rule(subject, scope, now) for subject in dataset.subjects()}
    grouped: dict[Rule | None, list[SequenceRow]] = defaultdict(list)
    for row in dataset.rows:
        rule = reasons[row.subject_id]
        is_drawn = dataset.is_synthetic and row.source not in ("camera", "stream", "game", "browser")
        is_declared = scope == "train" and ("any" in declared or row.source in declared)
        grouped[None if is_drawn or (rule is Rule.NO_ROW and is_declared) else rule].append(row)
    return dict(grouped)


def describe(facts: dict[str, Any]) -> str:
    """Say in a line what the rule has left out, from the facts that documents hold."""
    parts = [f"{one['rule']} {one['n_subjects']} ({one['n_sequences']} sequences)" for one in facts["left_out"]]
    lines = [f"left out of {facts['scope']}: {', '.join(parts)}"] if parts else []
    if allowed := facts["n_allowed_without_row"]:
        lines.append(f"{allowed} without a consent row are used, as --allow-no-consent says")
    return "; ".join(lines)


def _nobody_left(dataset: Dataset, book: ConsentBook, scope: str, now: str) -> CheckFailed:
    people = dataset.subjects()
    named = [f"{subject}: {book.why_not(subject, scope, now)}" for subject in people[:_NAMED]]
    more = f", and {len(people) - _NAMED} more" if len(people) > _NAMED else ""
    name = paths.dataset_flag(dataset.folder)
    return CheckFailed(
        str(dataset.folder),
        found=f"nobody who may be used ({', '.join(named)}{more})",
        expected=f"a consent to {scope} that holds today",
        todo=f"record what people agreed to: ./inv consent --dataset {name} --subject {people[0]} --scope {scope} "
        f"--given-by self; imported data: declare its rights once (./inv consent --dataset {name} --licence NAME "
        "--basis WHY), or --allow-no-consent",
    )


def _as_document(book: ConsentBook) -> dict[str, Any]:
    rows = [{**vars(row), "scopes": list(row.scopes)} for row in book.rows]
    return {"schema_version": 1, "dataset": book.dataset, "rows": rows}


@contextmanager
def _locked(dataset: Path) -> Iterator[None]:
    contracts.make_private(dataset)
    from filelock import FileLock  # which whoever only reads need not wait for

    with FileLock(dataset / f".{CONSENT_FILE}.lock", timeout=10):
        yield


def right_of(source: str, licence: str, basis: str) -> dict[str, str]:
    """Write a declaration of rights, made now, as dataset.json holds it: what covers people without a row.

    Args:
        source: Which sequences it covers: ``photo``, ``film`` or ``any``.
        licence: Its name.
        basis: Why they may be used.

    Raises:
        WrongUsage: Licence or basis is too short or too long to say anything.
    """
    for flag, text, least, most in (("--licence", licence, 2, 200), ("--basis", basis, 8, 500)):
        if not least <= len(text) <= most:
            raise WrongUsage(flag, found=f"{text[:40]!r}", expected=f"{least} to {most} letters, in words for others")
    return {"source": source, "licence": licence, "basis": basis, "declared_utc": paths.utc_text()}


def forget(dataset: Path, subject_id: str) -> int:
    """Remove all rows of a person who is erased, the withdrawal too; returns their number.

    The only change that is no appended row; the tombstone keeps the person out from then on.
    """
    with _locked(dataset):
        book = read_consent(dataset)
        kept = tuple(row for row in book.rows if row.subject_id != subject_id)
        if len(kept) < len(book.rows):
            contracts.write_document(dataset / CONSENT_FILE, _as_document(ConsentBook(book.dataset, kept)), "consent")
        return len(book.rows) - len(kept)
