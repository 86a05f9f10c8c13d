"""Consent before the first recording: the question, and the row that stores the answer.

Reads the statement (`shared.dataset.statement`) and a dataset's consent.json, writes the latter through
`shared.dataset.consent`. The question on the screen is `tools.recorder.window.consent_screen`'s job.
"""

from collections.abc import Callable, Sequence

from shared import cli, paths
from shared.dataset import consent, tombstones
from shared.dataset.statement import Statement, agree, read_statement
from shared.errors import CheckFailed, WrongUsage
from tools.recorder.config import RecordingConfig

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
    since = tombstones.read_barred(settings.dataset).since(who)
    if settings.consent:
        if since is not None:
            cli.note(f"recorder: note: {who} withdrew on {since[:10]}; --consent is recorded as a new consent")
        if missing is not None or not _covers(settings):
            _write(settings, settings.consent, "paper" if kind == "camera" else "import")
        return
    if missing is None:
        return
    if kind == "browser":
        raise CheckFailed(
            f"consent of {who}",
            found=missing,
            expected="the person's yes on the page before the take",
            todo="nothing was recorded",
        )
    if kind != "camera" and since is not None:
        raise CheckFailed(
            f"consent of {who}",
            found=f"a withdrawal on {since[:10]}",
            expected="a new consent by the person",
            todo="nothing was recorded; with the person's new agreement: --consent train",
        )
    if kind != "camera":
        cli.note(
            f"recorder: note: {who}: {missing}; is neither trained on, measured with nor published until there is one: "
            f"--consent train,publish, or ./inv consent --dataset {paths.dataset_flag(settings.dataset)} "
            f"--subject {who} --scope train"
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
    agree(
        settings.dataset, settings.subject_id, scopes, lang=settings.lang, given_by=settings.given_by, method=method
    )  # fmt: skip
