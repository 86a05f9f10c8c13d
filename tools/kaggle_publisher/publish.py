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

from shared import cli, contracts, paths
from shared.dataset import check, consent, reader
from shared.dataset.card import CARD_MARK, own_text
from shared.dataset.reader import Dataset, SequenceRow
from shared.dataset.tombstones import count_withdrawals
from shared.errors import CheckFailed, InvalidInput, WrongUsage
from tools.kaggle_publisher.config import PublishConfig
from tools.kaggle_publisher.gate import Selection, select
from tools.kaggle_publisher.published import Published
from tools.kaggle_publisher.release import croissant
from tools.kaggle_publisher.release.card import check_own_text, write_card
from tools.kaggle_publisher.release.pseudonyms import rekey
from tools.kaggle_publisher.release.rules import Listing, make_listing
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
from tools.kaggle_publisher.releases import Release, difference, read_releases, write_releases
from tools.kaggle_publisher.remote.upload import upload


def publish(config: PublishConfig) -> Published:
    """Stage a release, and upload it if the configuration says so.

    Raises:
        WrongUsage: A flag breaks a rule, or --out is a place that must not be replaced.
        InvalidInput: No valid dataset, nothing in it, or drawn faces that would pass as people.
        CheckFailed: The dataset does not verify, no person may be published, or Kaggle's files
            differ from the staged ones.
        MissingOutside: No credentials, or Kaggle does not answer.
    """
    dataset = reader.open_dataset(config.dataset)
    listing = _list(config, dataset, config.subtitle)
    out = config.out or paths.artifacts("publish") / dataset.name
    must_be_replaceable(out, config.dataset)
    if config.public:
        _must_be_confirmed(config.confirm, listing)
    now = paths.utc_text()
    selection = select(dataset, consent.read_consent(config.dataset), now, allow_unreviewed=config.allow_unreviewed)
    listing = _recount(config, listing, dataset, selection)
    own_words = _own_text(dataset)
    book = read_releases(config.dataset)
    notes = _verify(config.dataset)
    write_releases(book)  # a new secret must outlive this run: a second one stages the same names

    def stage_as(number: int, moment: str) -> Release:
        renamed = rekey(selection.rows, book.secret_of(number, joinable=config.joinable))
        content = _content(config, dataset, listing, selection, own_words, renamed, number, moment)
        files = stage(out, dataset, renamed, content)
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

    earlier = book.unfinished
    if earlier is not None:  # the same content under the same names and date is that very release
        release = stage_as(earlier.number, earlier.created_utc)
        if (release.sha256, release.id) == (earlier.sha256, earlier.id):
            release = replace(release, remote_version_before=earlier.remote_version_before)
        else:
            release = stage_as(earlier.number + 1, now)
    else:
        release = stage_as(len(book.releases) + 1, now)
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
    finished, url = upload(staged, book, release, config)
    return replace(staged, release=finished, url=url)


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


def _own_text(dataset: Dataset) -> str | None:
    """Return the hand-written card, checked to identify no person; None where the card is generated."""
    path = dataset.folder / CARD
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else CARD_MARK
    except UnicodeDecodeError:
        raise InvalidInput(str(path), found="bytes that are not UTF-8", expected="a card in UTF-8") from None
    words = own_text(text)
    if words is not None:
        is_whole_card = not text.startswith(CARD_MARK)
        must_say_synthetic = dataset.is_synthetic and is_whole_card
        check_own_text(words, dataset.subjects(), str(path), is_synthetic=must_say_synthetic)
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
            rai=croissant.responsible(
                manifest, n_unreviewed=selection.n_unreviewed, n_rows=len(rows), landmarker=landmarker
            ),
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
    return Content(manifest, describe, None if geometry is None else geometry.points)
