"""Consent before the first recording: the question, and the row that stores the answer.

The statement is a text file a language; its version and hash go into the row, so that it can be said later what was
read. Reads the statement and a dataset's consent.json, writes the latter through `shared.dataset.consent`. The question
on the screen is `tools.recorder.window.consent_screen`'s job.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared import cli, paths
from shared.dataset import consent
from shared.errors import CheckFailed, WrongUsage
from shared.text.catalogue import Lang
from tools.recorder.config import RecordingConfig

YEARS = 3  # as the statement says


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


Ask = Callable[[Statement], Sequence[str] | None]


def settle_consent(settings: RecordingConfig, kind: str, ask: Ask | None) -> None:
    """See to it that a person has agreed before anything is recorded.

    Drawn actors need no consent. A valid row is enough: nobody is asked twice. Else ``--consent`` counts as given on
    paper (camera) or with the material (film, stream). Without it a camera asks on the screen; films and streams are
    recorded all the same, with a note, as the person is not there to be asked.

    Args:
        settings: The session's settings.
        kind: Of the source: ``camera``, ``film``, ``stream`` or ``synthetic``.
        ask: Asks on the screen, and returns the scopes, or None for a no; None where there is no window.

    Raises:
        CheckFailed: The person said no; nothing is written.
        WrongUsage: A camera without a window and without --consent.
    """
    if kind == "synthetic":
        return
    who = settings.subject_id
    missing = consent.read_consent(settings.dataset).why_not(who, "train")
    if settings.consent:
        if missing is not None or not _covers(settings):
            _write(settings, settings.consent, "paper" if kind == "camera" else "import")
        return
    if missing is None:
        return
    if kind != "camera":
        cli.note(
            f"recorder: note: {who}: {missing}; cannot be published, and should not be trained on, until there is "
            "one: --consent train,publish"
        )
        return
    if ask is None:
        raise WrongUsage(
            "--consent",
            found=f"none, and for {who}: {missing}",
            expected="what the person has agreed to on paper, such as --consent train,publish",
            todo="or record with the window, which asks",
        )
    scopes = ask(read_statement(settings.lang))
    if not scopes or "train" not in scopes:
        raise CheckFailed(
            f"consent of {who}", found="a no", expected="a yes to the first question", todo="nothing was recorded"
        )
    _write(settings, scopes, "screen")


def _covers(settings: RecordingConfig) -> bool:
    """Tell whether the person's valid row has all that the flag says already."""
    book = consent.read_consent(settings.dataset)
    return all(book.why_not(settings.subject_id, scope) is None for scope in settings.consent)


def _write(settings: RecordingConfig, scopes: Sequence[str], method: str) -> None:
    statement = read_statement(settings.lang)
    now = paths.utc_text()
    consent.record(
        settings.dataset,
        consent.Agreement(
            subject_id=settings.subject_id,
            scopes=tuple(scopes),
            given_utc=now,
            expires_utc=consent.expiry(now, YEARS),
            statement=statement.version,
            statement_sha256=statement.sha256,
            lang=settings.lang,
            given_by=settings.given_by,
            method=method,
        ),
    )
