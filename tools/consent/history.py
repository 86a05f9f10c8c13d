"""Appends rows to a dataset's consent.json and lists them.

Reads the dataset and its consent.json; writes the latter through `shared.dataset.consent`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import paths
from shared.dataset import consent, reader
from shared.dataset.consent import Agreement, ConsentBook
from shared.dataset.reader import Dataset
from shared.dataset.statement import read_statement
from shared.errors import InvalidInput
from tools.consent.config import RecordConfig


@dataclass(frozen=True)
class Listed:
    """What people have agreed to.

    Attributes:
        folder: The dataset's.
        lines: The text output.
        document: The JSON output.
    """

    folder: Path
    lines: Sequence[str]
    document: dict[str, Any]
    exit_code: int = 0

    def as_text(self) -> str:
        """List for people."""
        return "\n".join(self.lines)

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return self.document


def record_consent(config: RecordConfig) -> Listed:
    """Append a row, and show the person's history.

    Raises:
        InvalidInput: No such dataset, or a date that cannot be.
    """
    dataset = reader.open_dataset(config.dataset)
    statement, given = read_statement(config.lang), config.given_utc or paths.utc_text()  # type: ignore[arg-type]
    row = Agreement(
        subject_id=config.subject_id,
        scopes=config.scopes,
        given_utc=given,
        expires_utc=None if not config.scopes else config.until_utc or consent.expiry(given, consent.YEARS),
        withdrawn=not config.scopes,
        statement=statement.version,
        statement_sha256=statement.sha256,
        lang=config.lang,
        given_by=config.given_by,
        method=config.method,
    )
    before = consent.read_consent(config.dataset).of(config.subject_id)
    book = consent.record(config.dataset, row)
    notes = [] if book.of(config.subject_id) == row else [f"a later row counts: {_words(book, config.subject_id)}"]
    if before is not None and before.withdrawn and config.scopes:
        notes.append(f"a new consent after the withdrawal of {before.given_utc[:10]}: the person may be used again")
    if config.subject_id not in dataset.subjects():
        notes.append(f"{config.subject_id} has no sequence in {dataset.name} yet")
    elif not config.scopes:
        flag = paths.dataset_flag(dataset.folder)
        notes.append(
            f"nothing of {config.subject_id} is used from now on; take the sequences out and see what was made with "
            f"them: ./inv withdraw --dataset {flag} --subject {config.subject_id}"
        )
    listed = list_consent(config.dataset, config.subject_id)
    return Listed(listed.folder, [*listed.lines, *notes], {**listed.document, "notes": notes})


def list_consent(folder: Path, subject_id: str | None = None) -> Listed:
    """List what everybody may be used for today, or the history of one person.

    Raises:
        InvalidInput: No such dataset, or no such person.
    """
    dataset, book = reader.open_dataset(folder), consent.read_consent(folder)
    people = sorted({*dataset.subjects(), *(row.subject_id for row in book.rows)})
    if subject_id is not None:
        if subject_id not in people:
            known = ", ".join(people) or "nobody"
            raise InvalidInput(f"--subject {subject_id}", found="no such person", expected=f"one of {known}")
        people = [subject_id]
    entries = [_describe(dataset, book, subject) for subject in people]
    rights = dataset.manifest.get("rights", [])
    lines = [_line(entry) for entry in entries]
    if subject_id is not None:
        lines += [f"  {_row_text(row)}" for row in book.rows if row.subject_id == subject_id]
    elif dataset.is_synthetic:
        lines.append("drawn actors: no consent is needed")
    lines += [f"rights of {right['source']}: {right['licence']} ({right['basis']})" for right in rights]
    document = {"dataset": dataset.reference(), "people": entries, "rights": rights}
    return Listed(folder, lines or [f"{dataset.name}: nobody yet"], document)


def _describe(dataset: Dataset, book: ConsentBook, subject: str) -> dict[str, Any]:
    """Say what a person may be used for today, with all rows."""
    own = [row for row in book.rows if row.subject_id == subject]
    allowed = [scope for scope in consent.SCOPES if book.why_not(subject, scope) is None]
    newest = book.of(subject)
    withdrawals = [row.given_utc for row in own if row.withdrawn]
    again = newest is not None and not newest.withdrawn and any(when <= newest.given_utc for when in withdrawals)
    return {
        "subject_id": subject,
        "n_sequences": sum(row.subject_id == subject for row in dataset.rows),
        "allowed_today": allowed,
        "why_not": {scope: book.why_not(subject, scope) for scope in consent.SCOPES if scope not in allowed},
        "until_utc": newest.ends_utc if newest is not None and allowed else None,
        "consent_again_after_withdrawal": again,
        "history": [{**vars(row), "scopes": list(row.scopes)} for row in own],
    }


def _line(entry: dict[str, Any]) -> str:
    allowed = entry["allowed_today"]
    what = (
        f"{','.join(allowed)} until {entry['until_utc'][:10]}" if allowed else f"nothing: {entry['why_not']['train']}"
    )
    again = " (consent given again after a withdrawal)" if entry["consent_again_after_withdrawal"] else ""
    return f"{entry['subject_id']:<12} {entry['n_sequences']:>5} sequences  {what}{again}"


def _row_text(row: Agreement) -> str:
    what = "withdrawn" if row.withdrawn else f"agreed to {','.join(row.scopes) or 'nothing'} until {row.ends_utc[:10]}"
    return f"{row.given_utc}  {what}, by {row.given_by} ({row.method}, statement {row.statement} in {row.lang})"


def _words(book: ConsentBook, subject: str) -> str:
    newest = book.of(subject)
    return "none" if newest is None else _row_text(newest)
