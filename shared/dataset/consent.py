"""Consent: what each recorded person has agreed to, kept in a dataset's consent.json and nowhere else.

One row per person and agreement, appended and never changed. A later row of a person replaces the earlier ones; a
withdrawal is a row too. Holds pseudonyms, never names. The file stays at home: nothing publishes it.
"""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock

from shared import contracts, paths
from shared.errors import InvalidInput

CONSENT_FILE = "consent.json"
SCOPES = ("train", "publish")


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

    def why_not(self, scope: str, now_utc: str) -> str | None:
        """Say why this does not cover a scope at a moment; None where it does."""
        if self.withdrawn:
            return f"withdrawn {self.given_utc}"
        if self.expires_utc is not None and self.expires_utc <= now_utc:
            return f"expired {self.expires_utc}"
        return None if scope in self.scopes else f"agreed to {', '.join(self.scopes) or 'nothing'} only"


@dataclass(frozen=True)
class ConsentBook:
    """The rows of a dataset's consent.json, oldest first."""

    dataset: str
    rows: tuple[Agreement, ...] = field(default=())

    def of(self, subject_id: str) -> Agreement | None:
        """Return a person's newest row, which is the one that counts."""
        return next((row for row in reversed(self.rows) if row.subject_id == subject_id), None)

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
        InvalidInput: The file is there and is not valid.
    """
    path = dataset / CONSENT_FILE
    if not path.exists():
        return ConsentBook(dataset.name)
    document = contracts.read_document(path, "consent")
    rows = tuple(Agreement(**{**row, "scopes": tuple(row["scopes"])}) for row in document["rows"])
    return ConsentBook(document["dataset"], rows)


def record(dataset: Path, agreement: Agreement) -> ConsentBook:
    """Append a row to consent.json and return the book; whole or not at all.

    Raises:
        InvalidInput: The row does not fit the schema.
    """
    with _locked(dataset):
        book = read_consent(dataset)
        book = ConsentBook(book.dataset, (*book.rows, agreement))
        contracts.write_document(dataset / CONSENT_FILE, _as_document(book), "consent")
    return book


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
    """Return the moment so many years later, as text."""
    return paths.utc_text(paths.parse_utc(given_utc) + datetime.timedelta(days=365 * years))


def _as_document(book: ConsentBook) -> dict[str, Any]:
    rows = [{**vars(row), "scopes": list(row.scopes)} for row in book.rows]
    return {"schema_version": 1, "dataset": book.dataset, "rows": rows}


@contextmanager
def _locked(dataset: Path) -> Iterator[None]:
    dataset.mkdir(parents=True, exist_ok=True)
    with FileLock(dataset / f".{CONSENT_FILE}.lock", timeout=10):
        yield
