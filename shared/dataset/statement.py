"""The consent statement: the text that a person agrees to, a file a language, and the row that an answer to it becomes.

Its version and hash go into the row of consent.json, so that it can be said later what was read. Where and how the
statement is shown is each room's own business.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared import paths
from shared.dataset import consent
from shared.errors import CheckFailed
from shared.text.catalogue import Lang


@dataclass(frozen=True)
class Statement:
    """The text that a person agrees to.

    Attributes:
        lang: ``ko`` or ``en``.
        version: Of the text.
        sha256: Of the file's bytes.
        title: Its heading.
        points: What it says, one thing each.
        questions: One a scope.
    """

    lang: Lang
    version: str
    sha256: str
    title: str
    points: tuple[str, ...]
    questions: dict[str, str]


def read_statement(lang: Lang) -> Statement:
    """Read the statement in a language."""
    data = Path(__file__).with_name(f"consent_{lang}.md").read_bytes()
    text = data.decode("utf-8")
    version = re.search(r"version (\S+) -->", text)
    assert version is not None, "a statement has a version"
    return Statement(
        lang=lang,
        version=version[1],
        sha256=hashlib.sha256(data).hexdigest(),
        title=re.findall(r"^# (.+)$", text, re.MULTILINE)[0],
        points=tuple(re.findall(r"^- (.+)$", text, re.MULTILINE)),
        questions=dict(re.findall(r"^\? (\w+): (.+)$", text, re.MULTILINE)),
    )


def agree(
    dataset: Path,
    subject_id: str,
    scopes: Sequence[str],
    *,
    lang: Lang,
    given_by: str = "self",
    method: str = "screen",
    statement_sha256: str | None = None,
) -> None:
    """Write down what a person has agreed to now, for as long as the statement says.

    Args:
        dataset: The dataset's folder; made if need be.
        subject_id: The person's pseudonym.
        scopes: Of `shared.dataset.consent.SCOPES`.
        lang: In which language the statement was read.
        given_by: ``self`` or ``guardian``.
        method: ``screen``, ``paper`` or ``import``.
        statement_sha256: Of the text that was read, where it was shown elsewhere; None takes today's.

    Raises:
        CheckFailed: A no to the first question, or an answer to another text than today's; nothing is written.
    """
    statement = read_statement(lang)
    if "train" not in scopes or not set(scopes) <= set(consent.SCOPES):
        raise CheckFailed(
            f"consent of {subject_id}",
            found="a no" if "train" not in scopes else f"scopes {', '.join(scopes)}",
            expected="a yes to the first question",
            todo="nothing was stored, this answer neither",
        )
    if statement_sha256 not in (None, statement.sha256):
        raise CheckFailed(
            f"consent of {subject_id}",
            found="an answer to a text that has changed since it was read",
            expected="one to today's",
            todo="read it again",
        )
    now = paths.utc_text()
    consent.record(
        dataset,
        consent.Agreement(
            subject_id=subject_id,
            scopes=tuple(scope for scope in consent.SCOPES if scope in scopes),
            given_utc=now,
            expires_utc=consent.expiry(now, consent.YEARS),
            statement=statement.version,
            statement_sha256=statement.sha256,
            lang=lang,
            given_by=given_by,
            method=method,
        ),
    )
