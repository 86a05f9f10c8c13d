"""Sends a staged release, and calls it done only when Kaggle's own list of files equals the staged one.

images.zip and the loose files → Kaggle's store → a version → its file list, compared → releases.json
"""

import os
import shutil
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from shared import cli, contracts
from shared.errors import CheckFailed
from shared.system import portable
from tools.kaggle_publisher.config import PublishConfig
from tools.kaggle_publisher.published import Published
from tools.kaggle_publisher.release.staging import CARD, CHECKSUMS, KAGGLE_METADATA
from tools.kaggle_publisher.releases import Release, ReleaseBook, write_releases

READY_TIMEOUT_S = 900.0


def upload(staged: Published, book: ReleaseBook, release: Release, config: PublishConfig) -> tuple[Release, str]:
    """Send a staging, make a version of it and read it back; goes on where an earlier run was cut off.

    Returns:
        The finished release, as it stands in releases.json, and its address.

    Raises:
        CheckFailed: Kaggle refuses, or has something else than what was staged.
        MissingOutside: No credentials, or Kaggle does not answer.
    """
    from tools.kaggle_publisher.remote.remote import Remote

    remote = Remote()
    listing = staged.listing
    there = remote.find(listing.id)
    if there is not None and there.is_private is False and not config.public:
        raise CheckFailed(
            listing.id,
            found="a dataset that is public on Kaggle",
            expected=f"--public --confirm {listing.slug}: a new version of it is public at once",
        )
    earlier = book.unfinished
    url = f"https://www.kaggle.com/datasets/{listing.id}"
    is_same = earlier is not None and earlier.number == release.number
    if earlier is not None and there is not None and is_same and _was_made(earlier, there):
        cli.note("the version that an earlier run submitted is there; it is read back now")
    else:
        tokens = remote.upload(_pack(staged.out))
        release = replace(release, remote_version_before=None if there is None else there.version)
        write_releases(book.with_release(release))
        card = (staged.out / CARD).read_text(encoding="utf-8")
        if there is None:
            url = remote.create(listing, card, tokens, public=config.public)
        else:
            url = remote.add_version(listing, card, tokens, f"Release {release.number} of {release.created_utc[:10]}")
    expected = None if release.remote_version_before is None else release.remote_version_before + 1
    ready = remote.wait_until_ready(listing.id, config.ready_timeout_s or READY_TIMEOUT_S, expected)
    _compare(remote, staged)
    finished = replace(release, state="complete", remote_version=ready.version)
    write_releases(book.with_release(finished))
    shutil.rmtree(_packed_folder(staged.out), ignore_errors=True)
    return finished, url


def _was_made(earlier: Release, there: Any) -> bool:
    """Tell whether the version that an earlier run submitted came to be."""
    if there.version is None:
        return True  # Kaggle does not count for us; reading the files back decides
    return bool(there.version > (earlier.remote_version_before or 0))


def _pack(out: Path) -> list[Path]:
    """Return the files to send: loose ones as they are, pictures as one images.zip, which Kaggle unpacks to images/.

    The ZIP is the same bytes with the same date each time, so that an upload that was cut off goes on.
    """
    files = [path for path in sorted(out.iterdir()) if path.is_file() and path.name != KAGGLE_METADATA]
    if not (out / "images").is_dir():
        return files
    packed = _packed_folder(out) / "images.zip"
    packed.parent.mkdir(exist_ok=True)
    temporary = packed.with_suffix(".part")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted((out / "images").iterdir()):
            entry = zipfile.ZipInfo(path.name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    os.utime(temporary, (315_532_800, 315_532_800))
    portable.replace(temporary, packed)
    return [*files, packed]


def _packed_folder(out: Path) -> Path:
    """Return where images.zip waits until its release is done; the client remembers an upload by its path."""
    return out.parent / f".{out.name}.upload"


def _compare(remote: Any, staged: Published) -> None:
    """Hold Kaggle's file list, and the small files themselves, against the staging.

    Raises:
        CheckFailed: Something is missing, more, or other.
    """
    expected = {file.path: file.bytes for file in staged.files if file.path != KAGGLE_METADATA}
    found = remote.list_files(staged.listing.id)
    missing, more = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    other = sorted(name for name in expected.keys() & found.keys() if found[name] != expected[name])
    problems = [
        f"{len(names)} {what} ({', '.join(names[:3])})"
        for what, names in (("missing", missing), ("that were not sent", more), ("of another size", other))
        if names
    ]
    if not problems:
        problems = _compare_hashes(remote, staged)
    if problems:
        raise CheckFailed(
            staged.listing.id,
            found=f"a release at Kaggle with files {'; '.join(problems)}",
            expected=f"exactly the {len(expected)} staged files",
            todo="it is not called done; run the same command again, and look at it on Kaggle",
        )


def _compare_hashes(remote: Any, staged: Published) -> list[str]:
    """Fetch the list of checksums back and compare it; a server that does not hand out single files is noted."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = remote.download(staged.listing.id, Path(folder), CHECKSUMS)
        except Exception as error:
            cli.note(f"note: the files' hashes could not be read back ({type(error).__name__}); names and sizes agree")
            return []
        same = contracts.sha256_file(path) == contracts.sha256_file(staged.out / CHECKSUMS)
    return [] if same else [f"of other content ({CHECKSUMS})"]
