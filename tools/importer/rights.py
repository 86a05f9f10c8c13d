"""Licence and basis of what is imported, in place of consent rows: written into dataset.json when it comes in."""

from collections.abc import Iterator
from pathlib import Path

from shared import paths
from shared.dataset import consent
from shared.dataset.bulk_writer import Intake
from shared.dataset.reader import Dataset
from shared.errors import InvalidInput
from tools.importer.config import RecordingsConfig


def settle_rights(dataset: Intake, source: str, config: RecordingsConfig) -> None:
    """Declare the rights that the flags name, before anything is taken in.

    Args:
        dataset: Open for taking in.
        source: ``photo`` or ``film``.
        config: The flags.

    Raises:
        InvalidInput: The dataset has sequences of that source whose rights nobody has declared; these flags would
            speak for them.
    """
    if not config.licence or config.kind == "synthetic":
        return
    rights = list(dataset.manifest.get("rights", []))
    if any((one["source"], one["licence"], one["basis"]) == (source, config.licence, config.basis) for one in rights):
        return
    if not _covers(rights, source) and any(row.source == source for row in dataset.rows):
        raise InvalidInput(
            str(dataset.folder),
            found=f"{source}s whose rights are not declared",
            expected="a new dataset, or one whose rights are",
            todo=f"declare them: {_command(dataset.folder, source)}",
        )
    dataset.declare_rights([*rights, consent.right_of(source, config.licence, str(config.basis))])


def note_on_rights(dataset: Intake, source: str, config: RecordingsConfig) -> Iterator[str]:
    """Say what the people that were taken in may be used for."""
    if config.kind == "synthetic":
        return
    if _covers(dataset.manifest.get("rights", []), source):
        yield "the declared licence covers training and testing; publishing needs each person's consent"
        return
    yield (
        "no consent row and no declared rights: nothing is trained on these people or measured with them until you "
        f"declare where they are from ({_command(dataset.folder, source)}), or give those tools --allow-no-consent"
    )


def carry_over(dataset: Intake, other: Dataset, prefix: str) -> Iterator[str]:
    """Take over from another dataset what its people agreed to: training, with every later change; not publishing.

    Yields:
        What a user must know.

    Raises:
        InvalidInput: The dataset's declared rights would cover people of the other one whose rights nobody declared.
    """
    subjects, here = set(other.subjects()), consent.read_consent(dataset.folder)
    carried = []
    for row in consent.read_consent(other.folder).rows:
        if row.subject_id in subjects:
            current = here.of(prefix + row.subject_id)
            keeps = {"train", *(current.scopes if current else ())}
            carried.append(row.carried_to(prefix + row.subject_id, keeps))
    if consent.record_all(dataset.folder, carried):
        yield (
            f"consent to training was taken over from {other.name}, as it stands today; to publish these people here, "
            "record their consent anew (./inv consent)"
        )
    mine, others = dataset.manifest.get("rights", []), other.manifest.get("rights", [])
    for source in sorted({row.source for row in other.rows}):
        are_there = any(row.source == source for row in dataset.rows[: dataset.n_before])
        if _covers(others, source) and (not are_there or _covers(mine, source)):
            new = [one for one in others if one["source"] in (source, "any") and one not in mine]
            mine = [*mine, *({**one, "source": source} if source in ("photo", "film") else one for one in new)]
        elif _covers(others, source):
            yield f"the rights of {other.name} stay behind: they would cover {source}s that were here before"
    if mine != dataset.manifest.get("rights", []):
        dataset.declare_rights(mine)


def must_not_be_covered_by_others(dataset: Intake, other: Dataset) -> None:
    """Refuse to merge people whose rights nobody declared into a dataset whose declaration would cover them.

    Raises:
        InvalidInput: It would.
    """
    book = consent.read_consent(other.folder)
    for row in other.rows:
        is_bare = book.of(row.subject_id) is None and not _covers(other.manifest.get("rights", []), row.source)
        if is_bare and not other.is_synthetic and _covers(dataset.manifest.get("rights", []), row.source):
            raise InvalidInput(
                str(other.folder),
                found=f"{row.source}s whose rights are not declared",
                expected=f"declared ones, as in {dataset.folder.name}",
                todo=f"declare them: {_command(other.folder, row.source)}",
            )


def _covers(rights: list[dict[str, str]], source: str) -> bool:
    return any(right["source"] in (source, "any") for right in rights)


def _command(folder: Path, source: str) -> str:
    flag = "" if source == "photo" else f"--source {source} "
    return f"./inv consent --dataset {paths.dataset_flag(folder)} {flag}--licence NAME --basis WHY"
