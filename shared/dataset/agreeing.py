"""An answer to the consent statement, as a row of consent.json: the one way in which a yes on a screen is written down.

Asks nobody; where and how the statement is shown is each room's own business.
"""

from collections.abc import Sequence
from pathlib import Path

from shared import paths
from shared.dataset import consent
from shared.dataset.statement import read_statement
from shared.errors import CheckFailed
from shared.text.catalogue import Lang


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
