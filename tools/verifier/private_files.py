"""Checks a dataset's private files, which are never published: consent, trash, review, origins. Changes nothing."""

from collections.abc import Iterator

from shared import contracts
from shared.dataset import bulk_writer, consent, removed_takes
from shared.dataset.check import Contents, Problem
from shared.errors import SmilebenchError

REVIEW_FILE = "review.json"


def check_home(contents: Contents) -> list[Problem]:
    """List what is wrong with a dataset's private files, and what its owner should know about them.

    Args:
        contents: From `shared.dataset.check.read_contents`.
    """
    found: list[Problem] = []
    for check in (_check_consent, _check_trash, _check_review, _check_origins):
        try:
            found += check(contents)
        except SmilebenchError as error:
            expected = f", expected {error.expected}" if error.expected else ""
            found.append(Problem(error.what, f"found {error.found}{expected}", kind=check.__name__[len("_check_") :]))
    return found


def _check_consent(contents: Contents) -> Iterator[Problem]:
    """Report how many people have not consented; drawn actors need none."""
    if contents.manifest["kind"] == "synthetic":
        return
    people = sorted({row.subject_id for row in contents.rows.values()})
    book = consent.read_consent(contents.folder)
    if book.rows and book.dataset != contents.manifest["name"]:
        what = f"it was given for the dataset {book.dataset}, this one is {contents.manifest['name']}"
        yield Problem(consent.CONSENT_FILE, what, is_error=False, kind="consent")
    for scope in consent.SCOPES:
        without = [(name, reason) for name in people if (reason := book.why_not(name, scope)) is not None]
        if without:
            some = "; ".join(f"{name}: {reason}" for name, reason in without[:3]) + ("; …" if len(without) > 3 else "")
            what = f"{len(without)} of {len(people)} people have not agreed to {scope} ({some})"
            yield Problem(consent.CONSENT_FILE, what, is_error=False, kind="consent")


def _check_trash(contents: Contents) -> Iterator[Problem]:
    """Check that what was removed can be put back, and is not in the dataset as well."""
    stored = {row.sequence_id for row in contents.rows.values()}
    for removal in removed_takes.list_removed(contents.folder):
        where = removal.place.relative_to(contents.folder).as_posix()
        rows = removal.rows(contents.manifest["classes"])
        both = sorted({row.sequence_id for row in rows} & stored)
        if both:
            what = f"{both[0]} is in the dataset as well (a removal that was cut off; the next writer settles it)"
            yield Problem(where, what, is_error=False, kind="trash")
            continue
        gone = [name for row in rows for name in row.frame_names() if not (removal.place / name).is_file()]
        if gone:
            what = f"{len(gone)} of its pictures are gone, such as {gone[0]}: it cannot be put back"
            yield Problem(where, what, is_error=False, kind="trash")


def _check_review(contents: Contents) -> Iterator[Problem]:
    """Check that decisions were made on this dataset."""
    path = contents.folder / REVIEW_FILE
    if not path.exists() or "review" not in contracts.schema_names():
        return
    review = contracts.read_document(path, "review")
    reviewed = review["dataset"]
    current = {key: contents.manifest[key] for key in reviewed}
    if reviewed != current:
        one, other = (f"{dataset['name']} of {dataset['created_utc']}" for dataset in (reviewed, current))
        yield Problem(REVIEW_FILE, f"it belongs to another dataset, {one}; this is {other}", kind="review")
        return
    hashes = {row.sequence_id: row.sha256 for row in contents.rows.values()}
    changed = {
        decision["sequence_id"]
        for decision in review["decisions"]
        if hashes.get(decision["sequence_id"], decision["sha256"]) != decision["sha256"]
    }
    if changed:
        some = sorted(changed)[0]
        what = f"{len(changed)} decisions are on other pictures than those that are there now, such as {some}"
        yield Problem(REVIEW_FILE, what, kind="review")


def _check_origins(contents: Contents) -> Iterator[Problem]:
    """Check that origins.csv can be read, and knows where each photo came from."""
    known = bulk_writer.read_origins(contents.folder)
    if not known:
        return
    photos = [row.sequence_id for row in contents.rows.values() if row.source == "photo"]
    without = [name for name in photos if name not in known]
    if without:
        what = f"{len(without)} photos without an origin, such as {without[0]}: importing them again would double them"
        yield Problem(bulk_writer.ORIGINS, what, is_error=False, kind="origins")
