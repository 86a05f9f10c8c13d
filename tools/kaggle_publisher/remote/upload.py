"""Sends a staged release: one version, whatever happens, and done only when what Kaggle has equals the staging.

images.zip and the loose files → Kaggle's store → consent and Kaggle's state once more → a version → read back
→ releases.json

Whatever makes a version is sent once. Where its answer is lost, and where an earlier run was cut off, Kaggle's state
decides whether it was made; only when no version holds the release is it sent again, by the next run.
"""

import os
import shutil
import time
import zipfile
from dataclasses import replace
from pathlib import Path

from shared import cli, contracts, paths
from shared.dataset import consent
from shared.dataset.reader import LABELS
from shared.errors import CheckFailed, MissingOutside, SmilebenchError
from shared.system import portable
from tools.kaggle_publisher.config import PublishConfig
from tools.kaggle_publisher.published import Outcome, Published
from tools.kaggle_publisher.release.staging import CARD, KAGGLE_METADATA
from tools.kaggle_publisher.releases import Release, drop_release, read_releases, record_release
from tools.kaggle_publisher.remote import remote as connection
from tools.kaggle_publisher.remote.client import Lost
from tools.kaggle_publisher.remote.messages import RemoteDataset
from tools.kaggle_publisher.remote.readback import ARCHIVE, Ours, compare, find_ours

READY_TIMEOUT_S = 900.0
LOOKS = 5  # at Kaggle's state, after an answer was lost


def upload(staged: Published, release: Release, config: PublishConfig) -> Outcome:
    """Send a staging, make a version of it and read it back; go on where an earlier run was cut off.

    Raises:
        CheckFailed: Kaggle refuses, has something else than what was staged, or a person has withdrawn.
        MissingOutside: No credentials, or Kaggle does not answer.
    """
    try:
        return _Upload(staged, config).run(release)
    except FileNotFoundError as error:
        if staged.out not in Path(str(error.filename)).parents:
            raise
        raise CheckFailed(
            paths.shown(staged.out),
            found="no staging any more (an erasure deletes it)",
            expected="the staged files",
            todo="run the same command again: it stages anew",
        ) from None


def confirm(release: Release, config: PublishConfig) -> Outcome | None:
    """Look whether a release that was finished before is still at Kaggle; None where it is gone."""
    there = connection.Remote().find(release.id)
    _must_not_become_public(there, config, release.id)
    if there is None or there.status == "deleted" or (there.version or 0) < (release.remote_version or 0):
        return None
    return Outcome(release, _address(release.id), there.is_private, was_there=True)


def _address(dataset_id: str) -> str:
    return f"https://www.kaggle.com/datasets/{dataset_id}"


class _Upload:
    """Sends one staging, or reads back what an earlier run sent."""

    def __init__(self, staged: Published, config: PublishConfig) -> None:
        self._staged, self._config = staged, config
        self._folder = config.dataset
        self._listing = staged.listing
        self._timeout_s = config.ready_timeout_s or READY_TIMEOUT_S
        self._url = _address(staged.listing.id)
        self._remote = connection.Remote()

    def run(self, release: Release) -> Outcome:
        """Do what is still to do."""
        there = self._remote.find(self._listing.id)
        _must_not_become_public(there, self._config, self._listing.id)
        self._say_that_it_stays_private(there)
        earlier = read_releases(self._folder).unfinished
        ours = Ours()
        is_begun = earlier is not None and earlier.is_same(release)
        if is_begun:
            ours = self._look(release, there)
        elif earlier is not None and earlier.id == self._listing.id:
            found = find_ours(self._remote, earlier, there, None)
            record_release(self._folder, replace(earlier, remote_versions=found.numbers))
        if ours.versions:
            cli.note("the version that an earlier run submitted is there; it is read back now")
        else:
            tokens = self._remote.upload(_pack(self._staged.out))
            release, ours = self._submit(release, tokens, is_begun=is_begun)
        return self._finish(release, ours)

    def _submit(self, release: Release, tokens: list[str], *, is_begun: bool) -> tuple[Release, Ours]:
        """Make the version, after a last look at consent and at Kaggle's state."""
        listing = self._listing
        there = self._remote.find(listing.id)
        if there is not None and there.is_at_work:
            there = self._remote.wait_until_ready(listing.id, self._timeout_s, None)
        _must_not_become_public(there, self._config, listing.id)
        card = (self._staged.out / CARD).read_text(encoding="utf-8")
        if gone := self._find_withdrawn():
            raise CheckFailed(
                listing.id,
                found=f"people whose consent ended during the upload ({'; '.join(gone)})",
                expected="the consent of everybody in the release",
                todo="no version was made; run the same command again: it publishes without them",
            )
        before = None if there is None else there.version
        release = record_release(self._folder, replace(release, remote_version_before=before, remote_versions=()))
        try:
            if there is None:
                self._url = self._remote.create(listing, card, tokens, public=self._config.public)
            else:
                notes = f"Release {release.number} of {release.created_utc[:10]}"
                self._url = self._remote.add_version(listing, card, tokens, notes)
        except Lost as lost:
            cli.note(f"the answer was lost ({lost.found}); Kaggle's state is read instead")
            return release, self._look_again(release, lost)
        except SmilebenchError:
            if not is_begun:  # refused for sure: there is nothing to finish
                drop_release(self._folder, release)
            raise
        ready = self._remote.wait_until_ready(listing.id, self._timeout_s, None if before is None else before + 1)
        if ready.version is not None and ready.version == (before or 0) + 1:
            return release, Ours((ready.version,))
        return release, self._look_again(release, None)

    def _look(self, release: Release, there: RemoteDataset | None) -> Ours:
        """Find the versions that hold a release; waits while Kaggle is at work on one.

        Raises:
            CheckFailed: There is a version of which that cannot be decided.
        """
        if there is None:
            return Ours()
        before = release.remote_version_before or 0
        if there.is_at_work or (there.status == "failed" and (there.version or before + 1) > before):
            there = self._remote.wait_until_ready(self._listing.id, self._timeout_s, None)
        ours = find_ours(self._remote, release, there, self._staged.out / LABELS)
        if not ours.versions and ours.undecided:
            raise CheckFailed(
                self._listing.id,
                found="a version that may be this release, and cannot be read",
                expected="one that can",
                todo="nothing more was sent; run the same command again later, or give the release up with --abandon",
            )
        return ours

    def _look_again(self, release: Release, lost: Lost | None) -> Ours:
        """Look some times whether the version that was submitted is there.

        Raises:
            MissingOutside: It does not show up; nothing is sent twice.
        """
        for _ in range(LOOKS):
            ours = self._look(release, self._remote.find(self._listing.id))
            if ours.versions:
                return ours
            time.sleep(connection.POLL_S)
        raise MissingOutside(
            self._listing.id,
            found="no version of this release at Kaggle" + (f" after {lost.found}" if lost else ""),
            expected="the version that was submitted",
            todo="run the same command again in a minute: it reads Kaggle's state before anything is sent once more",
        )

    def _finish(self, release: Release, ours: Ours) -> Outcome:
        """Read the version back and write that it is complete; names it where a person has withdrawn meanwhile."""
        version = ours.versions[0]
        release = record_release(self._folder, replace(release, remote_versions=ours.numbers))
        compare(
            self._remote,
            self._listing.id,
            version,
            self._staged.out,
            self._staged.files,
            verify=not self._config.no_verify,
        )
        there = self._remote.find(self._listing.id)
        is_private = None if there is None else there.is_private
        finished = replace(release, state="complete", remote_version=version, public=is_private is False)
        finished = record_release(self._folder, finished)
        shutil.rmtree(_packed_folder(self._staged.out), ignore_errors=True)
        where = "the new version" if version is None else f"version {version}"
        if gone := self._find_withdrawn():
            raise CheckFailed(
                self._listing.id,
                found=f"{where} with people whose consent ended while it was made ({'; '.join(gone)})",
                expected="the consent of everybody in it",
                todo=f"delete {where} at {self._url}/versions, then run the same command again: without them",
            )
        if is_private is False and not self._config.public:
            raise CheckFailed(
                self._listing.id,
                found=f"{where}, which Kaggle calls public",
                expected="a private one, as asked for",
                todo=f"make it private now: {self._url}/settings",
            )
        return Outcome(finished, self._url, is_private)

    def _find_withdrawn(self) -> list[str]:
        """Name the people of a release who may not be published at this moment, and why."""
        if self._staged.dataset.is_synthetic:
            return []
        book = consent.read_consent(self._folder)
        reasons = {subject: book.why_not(subject, "publish") for subject in self._staged.selection.subjects}
        return [f"{subject}: {reason}" for subject, reason in reasons.items() if reason is not None]

    def _say_that_it_stays_private(self, there: RemoteDataset | None) -> None:
        if self._config.public and there is not None and there.is_private:
            cli.note(f"note: {self._listing.id} is private on Kaggle, and stays so; {self._url}/settings changes that")


def _must_not_become_public(there: RemoteDataset | None, config: PublishConfig, dataset_id: str) -> None:
    """Refuse to go on with a dataset that is public, or may be, where that was not asked for."""
    if there is None or there.is_private or config.public:
        return
    public = "that is public on Kaggle"
    raise CheckFailed(
        dataset_id,
        found=f"a dataset {public if there.is_private is False else 'of which Kaggle does not say that it is private'}",
        expected="a private one",
        todo=f"nothing was uploaded; a version of a public dataset is public at once: --public --confirm "
        f"{dataset_id.split('/')[1]} says that you want that",
    )


def abandon(config: PublishConfig, release: Release) -> Release:
    """Give a half-done release up; notes which versions Kaggle has of it, where that can be read."""
    versions = release.remote_versions
    try:
        remote = connection.Remote()
        versions = find_ours(remote, release, remote.find(release.id), None).numbers or versions
    except SmilebenchError as error:
        cli.note(f"note: what Kaggle has of it could not be read ({error.found})")
    return record_release(config.dataset, replace(release, state="abandoned", remote_versions=versions))


def _pack(out: Path) -> list[Path]:
    """Return the files to send: loose ones as they are, pictures as one images.zip, which Kaggle unpacks to images/.

    The ZIP is the same bytes with the same date each time, so that an upload that was cut off goes on.
    """
    files = [path for path in sorted(out.iterdir()) if path.is_file() and path.name != KAGGLE_METADATA]
    if not (out / "images").is_dir():
        return files
    packed = _packed_folder(out) / ARCHIVE
    contracts.make_private(packed.parent)
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
