"""Who is recorded into which dataset: what the recording page asks before a take. Reads datasets, writes consent."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.dataset import alike, consent, reader, tombstones
from shared.dataset.protocol import Protocol, read_protocol
from shared.dataset.statement import agree
from shared.errors import CheckFailed, SmilebenchError, WrongUsage
from shared.text.catalogue import Lang
from tools.studio.facts import next_subject
from tools.studio.record.refusal import Code, Refused


@dataclass(frozen=True)
class Person:
    """What is known of a person in a dataset.

    Attributes:
        subject_id: The pseudonym.
        needs_consent: Whether the page must ask.
        n_takes: In the dataset.
        size_px: Width and height of the last take, which further takes have too; None without one.
        nominal_fps: Of the last take; None where it is not known.
        is_known: Whether the pseudonym is somebody's here: has a take, a consent row or a withdrawal.
    """

    subject_id: str
    needs_consent: bool
    n_takes: int
    size_px: tuple[int, int] | None
    nominal_fps: float | None
    is_known: bool

    def as_json(self) -> dict[str, Any]:
        """Give it for the page."""
        return {key: value for key, value in vars(self).items() if key != "is_known"}


def list_datasets() -> list[str]:
    """Name the datasets of people, in alphabetical order; what cannot be read is left out."""
    found = []
    for path in sorted((paths.home() / "datasets").glob(f"*/{reader.MANIFEST}")):
        try:
            if contracts.read_document(path, "dataset")["kind"] == "real":
                found.append(path.parent.name)
        except SmilebenchError:
            continue
    return found


def find_folder(name: object) -> Path:
    """Return a dataset's folder by its name; it need not be there.

    Raises:
        Refused: No name, one that differs from another's in capitals only, drawn actors', or one that is not valid.
    """
    if not isinstance(name, str) or not paths.is_name(name):
        raise Refused(Code.BAD_REQUEST, f"dataset: expected {paths.NAME_RULE}")
    try:
        folder = paths.dataset_dir(name)
        if (folder / reader.MANIFEST).is_file() and reader.open_dataset(folder).is_synthetic:
            raise Refused(Code.BAD_DATASET, f"{name} is a dataset of drawn actors: choose another name")
    except (SmilebenchError, WrongUsage) as error:
        raise Refused(Code.BAD_DATASET, str(error)) from None
    return folder


def protocol_of(folder: Path) -> Protocol:
    """Return the dataset's own protocol, or the usual one, as the recorder does."""
    return reader.find_protocol(folder) or read_protocol()


def next_pseudonym(folder: Path) -> str:
    """Suggest a pseudonym that nobody has: s and the next number.

    Raises:
        Refused: The dataset is not valid.
    """
    return next_subject(_known(folder))


def _known(folder: Path) -> set[str]:
    try:
        rows = reader.open_dataset(folder).rows if (folder / reader.MANIFEST).is_file() else ()
        return {row.subject_id for row in rows} | {row.subject_id for row in consent.read_consent(folder).rows}
    except SmilebenchError as error:
        raise Refused(Code.BAD_DATASET, str(error)) from None


def read_person(folder: Path, subject_id: object) -> Person:
    """Say what is known of a person.

    Raises:
        Refused: No pseudonym, or one that differs from another's in capitals only; the dataset is not valid.
    """
    if not isinstance(subject_id, str) or not paths.is_subject(subject_id):
        raise Refused(Code.BAD_REQUEST, f"subject: expected {paths.SUBJECT_RULE}, such as s01")
    known = _known(folder)
    if (other := alike.other_spelling(subject_id, known)) is not None:
        raise Refused(Code.OTHER_SPELLING, other)
    rows = reader.open_dataset(folder).rows if (folder / reader.MANIFEST).is_file() else ()
    takes = list(dict.fromkeys(row.take_id for row in rows if row.subject_id == subject_id))
    record = folder / "takes" / f"{takes[-1]}.json" if takes else None
    last = contracts.read_document(record, "take") if record is not None and record.is_file() else None
    has_left = tombstones.read_barred(folder).since(subject_id) is not None
    return Person(
        subject_id,
        needs_consent=has_left or consent.read_consent(folder).why_not(subject_id, "train") is not None,
        n_takes=len(takes),
        size_px=(last["width_px"], last["height_px"]) if last else None,
        nominal_fps=last["nominal_fps"] if last else None,
        is_known=subject_id in known or has_left,
    )


def record_consent(folder: Path, subject_id: str, answer: dict[str, Any], lang: Lang) -> None:
    """Write down what a person has answered on the page.

    Raises:
        Refused: A no, an answer to another text than today's, or no answer at all; nothing is written.
    """
    scopes, given_by, sha256 = answer.get("scopes"), answer.get("given_by"), answer.get("statement_sha256")
    if not isinstance(scopes, list) or given_by not in ("self", "guardian") or not isinstance(sha256, str):
        raise Refused(Code.BAD_REQUEST, "expected scopes, given_by (self, guardian) and statement_sha256")
    try:
        agree(folder, subject_id, [str(s) for s in scopes], lang=lang, given_by=given_by, statement_sha256=sha256)
    except CheckFailed as refusal:
        raise Refused(Code.NO_CONSENT, str(refusal)) from None


def must_be_agreed(folder: Path, subject_id: str) -> None:
    """Refuse to take in anything of a person who has not agreed.

    Raises:
        Refused: No consent that holds today.
    """
    if read_person(folder, subject_id).needs_consent:
        raise Refused(Code.NO_CONSENT, f"{subject_id} has not agreed in {folder.name}")
