"""The way of a release: gate → new names → staging → (with --yes) upload → read back → releases.json.

dataset + consent.json + releases.json → artifacts/publish/<dataset>/ → Kaggle → releases.json
A dry run ends after the staging. Nothing counts as published before Kaggle's own list of files equals the staged one.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import filelock

from shared import cli, contracts, paths
from shared.dataset import check, consent, reader
from shared.dataset.card import CARD_MARK, own_text
from shared.dataset.reader import Dataset, SequenceRow
from shared.dataset.tombstones import count_withdrawals
from shared.errors import CheckFailed, InvalidInput, WrongUsage
from tools.kaggle_publisher.config import PublishConfig
from tools.kaggle_publisher.gate import Selection, select
from tools.kaggle_publisher.published import Abandoned, Published
from tools.kaggle_publisher.release import croissant
from tools.kaggle_publisher.release.card import write_card
from tools.kaggle_publisher.release.identities import Identities, read_identities
from tools.kaggle_publisher.release.pseudonyms import rekey
from tools.kaggle_publisher.release.rules import Listing, make_listing, says_synthetic
from tools.kaggle_publisher.release.staging import (
    CARD,
    CHECKSUMS,
    KAGGLE_METADATA,
    Content,
    find_left_out,
    format_json,
    list_files,
    must_be_replaceable,
    stage,
)
from tools.kaggle_publisher.releases import Release, ReleaseBook, difference, read_releases, write_releases
from tools.kaggle_publisher.remote.upload import abandon, confirm, upload


def publish(config: PublishConfig) -> Published | Abandoned:
    """Stage a release, and upload it if the configuration says so; or give a half-done one up.

    Raises:
        WrongUsage: A flag breaks a rule, or --out is a place that must not be replaced.
        InvalidInput: No valid dataset, nothing in it, drawn faces that would pass as people, or another publisher
            at work on it.
        CheckFailed: The dataset does not verify, no person may be published, or Kaggle's files
            differ from the staged ones.
        MissingOutside: No credentials, or Kaggle does not answer.
    """
    dataset = reader.open_dataset(config.dataset)
    listing = _list(config, dataset, config.subtitle)
    out = config.out or paths.artifacts("publish") / dataset.folder.name
    must_be_replaceable(out, config.dataset)
    if config.public:
        _must_be_confirmed(config.confirm, listing)
    try:
        with filelock.FileLock(config.dataset / ".publisher.lock", timeout=0):  # until the last byte is read back
            return _abandon(config) if config.abandon else _publish(config, dataset, listing, out)
    except filelock.Timeout:
        raise InvalidInput(
            str(config.dataset), found="another kaggle-publisher at work on it", expected="one at a time"
        ) from None


def _abandon(config: PublishConfig) -> Abandoned:
    begun = read_releases(config.dataset).unfinished
    return Abandoned(config.dataset.name, None if begun is None else abandon(config, begun))


def _publish(config: PublishConfig, dataset: Dataset, listing: Listing, out: Path) -> Published:
    now = paths.utc_text()
    selection = select(dataset, consent.read_consent(config.dataset), now, allow_unreviewed=config.allow_unreviewed)
    listing = _recount(config, listing, dataset, selection)
    book = read_releases(config.dataset)
    identities = read_identities(dataset, book)
    own_words = _own_text(dataset, identities)
    _check_names(dataset, listing, identities)
    notes = _verify(config.dataset)
    if not book.path.exists():
        write_releases(book)  # a new secret must outlive this run: a second one stages the same names

    def stage_as(number: int, moment: str) -> Release:
        renamed = rekey(selection.rows, book.secret_of(number, joinable=config.joinable))
        content = _content(config, book, dataset, listing, selection, own_words, renamed, number, moment)
        files = [file for file in stage(out, dataset, renamed, content) if file.path != KAGGLE_METADATA]
        return Release(
            number=number,
            id=listing.id,
            content="landmarks" if config.landmarks_only else "pictures",
            state="submitting",
            public=config.public,
            created_utc=moment,
            sha256=contracts.sha256_file(out / CHECKSUMS),
            n_files=len(files),
            bytes=sum(file.bytes for file in files),
            remote_version=None,
            remote_version_before=None,
            labels_sha256=dataset.labels_sha256,
            subjects={old.subject_id: new.subject_id for old, new in renamed},
            sequences={old.sequence_id: old.label for old, _ in renamed},
        )

    known = book.unfinished or (book.newest if config.yes and _may_be(book.newest, dataset, selection) else None)
    if known is not None:  # the same content under the same names and date is that very release
        release = stage_as(known.number, known.created_utc)
        if not release.is_same(known):
            known = None
    done = confirm(known, config) if known is not None and known.state == "complete" else None
    if known is None or (known.state == "complete" and done is None):
        known, release = None, stage_as(book.next_number, now)
    staged = Published(
        dataset,
        selection,
        listing,
        out,
        tuple(list_files(out)),
        tuple(find_left_out(dataset)),
        tuple(notes),
        difference(selection.rows, book.complete[-1] if book.complete else None),
    )
    if not config.yes:
        return staged
    if known is not None:
        release = replace(
            release, remote_version_before=known.remote_version_before, remote_versions=known.remote_versions
        )
    return replace(staged, outcome=done or upload(staged, release, config), verified=not config.no_verify)


def _may_be(newest: Release | None, dataset: Dataset, selection: Selection) -> bool:
    """Tell whether the newest release can be the one that would be staged now: of the same labels and sequences."""
    sequences = {row.sequence_id: row.label for row in selection.rows}
    return newest is not None and (newest.labels_sha256, newest.sequences) == (dataset.labels_sha256, sequences)


def _must_be_confirmed(confirm: str | None, listing: Listing) -> None:
    """Ask for the address once more before anything becomes public.

    Raises:
        WrongUsage: It was not given, or another one was.
    """
    if confirm is None and os.isatty(0):
        cli.note(f"--public: anyone can see the faces in {listing.id}, and copies cannot be taken back.")
        print(f"Type {listing.slug} to go on: ", end="", flush=True, file=sys.stderr)
        confirm = input()
    if confirm not in (listing.slug, listing.id):
        raise WrongUsage(
            "--public",
            found="no confirmation" if confirm is None else f"the confirmation {confirm!r}",
            expected=f"--confirm {listing.slug}",
        )


def _list(config: PublishConfig, dataset: Dataset, subtitle: str | None) -> Listing:
    """Make the listing of the configuration."""
    given = (config.owner, config.slug, config.title, subtitle, config.license_name)
    return make_listing(dataset, *given, landmarks_only=config.landmarks_only)


def _recount(config: PublishConfig, listing: Listing, dataset: Dataset, selection: Selection) -> Listing:
    """Derive the subtitle from what is published, not from the whole dataset."""
    if config.subtitle is not None:
        return listing
    going = replace(dataset, rows=selection.rows)
    return _list(config, going, None)


def _check_names(dataset: Dataset, listing: Listing, identities: Identities) -> None:
    """Refuse names and texts of the listing and of dataset.json that point at a person.

    Raises:
        CheckFailed: The first that does.
    """
    for flag, text in (("--title", listing.title), ("--subtitle", listing.subtitle), ("--slug", listing.slug)):
        identities.check(flag, text, f"give another {flag}")
    protocol = dataset.manifest["protocol"]
    prompts = [text for phase in protocol["phases"] for text in phase["prompt"].values()]
    for text in (dataset.name, protocol["name"], *prompts):
        identities.check(str(dataset.folder / reader.MANIFEST), text, "it is published as it stands: change it there")


def _own_text(dataset: Dataset, identities: Identities) -> str | None:
    """Return the hand-written card, checked to identify no person; None where the card is generated."""
    path = dataset.folder / CARD
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else CARD_MARK
    except UnicodeDecodeError:
        raise InvalidInput(str(path), found="bytes that are not UTF-8", expected="a card in UTF-8") from None
    words = own_text(text)
    if words is not None:
        is_whole_card = not text.startswith(CARD_MARK)
        if dataset.is_synthetic and is_whole_card and not says_synthetic(words):
            raise InvalidInput(
                str(path),
                found="a card that does not state that the faces are drawn",
                expected="the word synthetic in it",
                todo="drawn faces must not pass as people",
            )
        identities.check(str(path), words, "a release gives people new pseudonyms; remove the old ones")
    return words


def _verify(folder: Path) -> list[str]:
    """Run the full check; returns its notes.

    Raises:
        CheckFailed: It finds errors.
    """
    problems = check.check_dataset(folder)
    errors = [problem for problem in problems if problem.is_error]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise CheckFailed(
            str(folder),
            found=f"an error: {errors[0].where}: {errors[0].what}{more}",
            expected="a dataset that verifies",
            todo="mend it before it is published",
        )
    return [f"{problem.where}: {problem.what}" for problem in problems]


def _content(
    config: PublishConfig,
    book: ReleaseBook,
    dataset: Dataset,
    listing: Listing,
    selection: Selection,
    own_text: str | None,
    renamed: Sequence[tuple[SequenceRow, SequenceRow]],
    number: int,
    now: str,
) -> Content:
    """Bring together what goes beside pictures and table."""
    geometry = None
    if config.landmarks_only:
        from tools.kaggle_publisher.release.geometry import load_landmarks

        geometry = load_landmarks(dataset, [old for old, _ in renamed])
    landmarker = None if geometry is None else geometry.source

    def describe(
        manifest: dict[str, Any], rows: Sequence[SequenceRow], labels_sha256: str, arrays: dict[str, str] | None
    ) -> dict[str, str]:
        card = write_card(
            own_text,
            manifest,
            listing,
            rows,
            release=number,
            date=now[:10],
            n_unreviewed=selection.n_unreviewed,
            n_withdrawn=count_withdrawals(dataset.folder),
            misses_people=any(
                set(release.subjects) - set(selection.subjects) for release in book.releases if release.number < number
            ),
            joinable=config.joinable,
            landmarker=landmarker,
        )
        machine = croissant.describe(
            name=listing.title,
            description=listing.subtitle,
            url=f"https://www.kaggle.com/datasets/{listing.id}",
            license_name=listing.license_name,
            version=f"{number}.0.0",
            date=now[:10],
            labels_sha256=labels_sha256,
            arrays=arrays,
            is_synthetic=dataset.is_synthetic,
            joinable=config.joinable,
            manifest=manifest,
            rai=croissant.responsible(manifest, rows, n_unreviewed=selection.n_unreviewed, landmarker=landmarker),
        )
        metadata = {
            "title": listing.title,
            "subtitle": listing.subtitle,
            "description": card,
            "id": listing.id,
            "licenses": [{"name": listing.license_name}],
        }
        return {CARD: card, croissant.CROISSANT: format_json(machine), KAGGLE_METADATA: format_json(metadata)}

    manifest = {**dataset.manifest, "version": number, "created_utc": now, "updated_utc": now}
    manifest.pop("rights", None)  # of this computer's imports; in the release every person has agreed
    if not dataset.is_synthetic:
        basis = "published with the consent of each person to training and publishing"
        right = {**consent.right_of("any", listing.license_name, basis), "declared_utc": now}
        manifest["rights"] = [right]
    return Content(manifest, describe, config.lossless, None if geometry is None else geometry.points)
