"""Takes in pictures straight out of ZIP archives: each is a sequence of one picture, labelled by its name.

Every archive is checked before anything is written, so that an unsafe one stops the import. Folders called
Training and Validation become the parts of every split: a person of one is never imported from the other.
"""

import hashlib
import unicodedata
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from shared import cli, preprocess
from shared.dataset import splits
from shared.dataset.ahead import map_ahead
from shared.dataset.bulk_writer import Incoming, Intake, Origin
from shared.dataset.protocol import Protocol
from shared.dataset.reader import find_protocol, open_dataset
from shared.errors import InvalidInput
from shared.pictures.kinds import SUFFIXES
from shared.pictures.unusable import Unusable
from tools.importer import faces, labels, rights, subjects
from tools.importer.archives.keywords import CONFLICT, Keywords, read_keywords
from tools.importer.archives.report import ArchiveCount, ArchivesImported, Tally
from tools.importer.archives.zips import Archive, Member
from tools.importer.config import ArchivesConfig
from tools.importer.prepared import Prepared

_TRAIN, _TEST = "train", "test"
_SIDE_FOLDERS = {"training": _TRAIN, "train": _TRAIN, "validation": _TEST, "valid": _TEST, "val": _TEST, "test": _TEST}


@dataclass
class _Zip:
    """An archive that is to be taken in: what it holds, and who."""

    path: Path
    count: ArchiveCount
    people: set[str] = field(default_factory=set)
    n_eligible: int = 0


def import_archives(config: ArchivesConfig) -> ArchivesImported:
    """Take in the pictures of archives.

    Raises:
        InvalidInput: No archive, one that is broken or unsafe, keywords that are not valid, no picture
            with a label, or a dataset of another sort. Nothing is written then.
    """
    keywords = read_keywords(config.keywords)
    zips = _list_zips(config.archives)
    tally = Tally()
    for each in zips:
        _look_through(each, keywords, tally)
    if not any(each.count.labelled for each in zips):
        raise InvalidInput(
            str(config.archives),
            found=f"{sum(each.count.n_members for each in zips)} files, and no picture with a keyword in its name",
            expected="pictures named by " + ", ".join(word for word, owner in keywords.owners if owner),
        )
    protocol = _protocol_for(config, keywords)
    with Intake(config.dataset, protocol, config.kind) as dataset:
        rights.settle_rights(dataset, "photo", config)
        run = _Run(config, keywords, dataset, tally)
        run.keep_sides_apart(zips)
        for each in zips:
            each.n_eligible = run.count_eligible(each)
            each.count.drawn = min(each.n_eligible, config.max_per_zip)
        total = sum(each.count.drawn for each in zips)
        for each, prepared in cli.progress(run.prepare_all(zips), what="pictures", total=total, unit=" pictures"):
            run.take_in(each, prepared)
        run.note_crop()
    return run.report(zips)


def _list_zips(source: Path) -> list[_Zip]:
    """List the archives of a folder, those for training first."""
    if source.is_file():
        return [_Zip(source, ArchiveCount(source.name, None))]
    if not source.is_dir():
        raise InvalidInput(str(source), found="no such folder", expected="a folder of ZIPs")
    found = []
    for path in sorted(source.rglob("*")):
        name = unicodedata.normalize("NFC", path.relative_to(source).as_posix())
        if path.suffix.lower() == ".zip" and path.is_file() and not any(p.startswith(".") for p in name.split("/")):
            on = {_SIDE_FOLDERS[part.lower()] for part in name.split("/")[:-1] if part.lower() in _SIDE_FOLDERS}
            if len(on) > 1:
                raise InvalidInput(str(path), found="Training and Validation folders above it", expected="those of one")
            found.append(_Zip(path, ArchiveCount(name, next(iter(on), None))))
    if not found:
        raise InvalidInput(str(source), found="no ZIP", expected="one or more, in Training and Validation or not")
    given = [each.count.side for each in found]
    if None in given and any(given):
        stray = next(each for each in found if each.count.side is None)
        raise InvalidInput(
            str(stray.path),
            found="an archive outside of both folders",
            expected="all below Training or Validation, or none",
        )
    return sorted(found, key=lambda each: (each.count.side == _TEST, each.count.file))


def _look_through(each: _Zip, keywords: Keywords, tally: Tally) -> None:
    """Check an archive's members, count their labels and note the people."""
    places = array("q")
    with Archive(each.path) as archive:
        for member in cli.progress(archive, what=f"look through {each.path.name}", unit=" members"):
            places.extend((member.offset, member.compressed_bytes))
            if member.is_folder:
                continue
            each.count.n_members += 1
            label = _label_of(member, keywords, each, tally)
            if label is None:
                continue
            each.count.labelled[label] += 1
            if person := keywords.find_person(member.name):
                each.people.add(person)
        archive.check(places)


def _label_of(member: Member, keywords: Keywords, each: _Zip, tally: Tally | None) -> str | None:
    """Return a member's label; None, and counted if there is a tally, where it has none."""
    what = f"{each.count.file}/{member.name}"
    if member.is_folder:
        return None
    if member.is_hidden:
        reason, words = "hidden", ""
    elif not member.name.lower().endswith(SUFFIXES):
        reason, words = "no_picture", ""
    else:
        verdict = keywords.judge(member.name)
        if verdict.label is not None:
            return verdict.label
        reason, words = ("several_labels" if verdict.reason == CONFLICT else "unwanted"), verdict.words
    if tally is not None:
        tally.leave_out(reason, what, words if reason == "several_labels" else "", words if words else "")
    return None


def _protocol_for(config: ArchivesConfig, keywords: Keywords) -> Protocol:
    """Return the dataset's protocol, or that of a new one."""
    protocol = find_protocol(config.dataset)
    if protocol is None:
        return labels.photo_protocol(keywords.classes, keywords.positive_class)
    labels.must_be_photos(protocol, config.dataset)
    classes = list(protocol.document["classes"])
    if strange := sorted(set(keywords.classes) - set(classes)):
        raise InvalidInput(
            f"{config.keywords}: classes", found=strange[0], expected="the dataset's: " + ", ".join(classes)
        )
    return protocol


class _Run:
    """One run over all archives, with the dataset open for writing."""

    def __init__(self, config: ArchivesConfig, keywords: Keywords, dataset: Intake, tally: Tally) -> None:
        self._config, self._keywords, self._dataset, self._tally = config, keywords, dataset, tally
        self._pseudonyms = subjects.Pseudonyms(config.dataset, always=True)
        self._cutter = faces.make_cutter(config, preprocess.SIZE_PX)
        self._banned: dict[str | None, set[str]] = {}
        self._seen: dict[bytes, tuple[str, str]] = {}
        tested = splits.read_test_people(config.dataset)
        present = {row.subject_id for row in dataset.rows}
        self._people = {_TRAIN: present - (tested or set()), _TEST: set(tested or ())}
        self._has_sides = tested is not None
        self._n_known = self._n_nameless = self._n_at_face = self._n_moving = 0

    def keep_sides_apart(self, zips: list[_Zip]) -> None:
        """Find the people of each part whom the other holds, here or in the dataset as it was."""
        self._has_sides |= any(each.count.side for each in zips)
        if not self._has_sides:
            return
        people: dict[str | None, set[str]] = {_TRAIN: set(), _TEST: set(), None: set()}
        for each in zips:
            people[each.count.side] |= each.people
            each.people = set()
        # People in the dataset keep their part; new people go to training first.
        people[_TRAIN] |= people.pop(None)
        kept_for_test, trained_on = self._people[_TEST], self._people[_TRAIN]
        in_test = {person for person in people[_TRAIN] if self._pseudonyms.of(person) in kept_for_test}
        in_train = {person for person in people[_TEST] if self._pseudonyms.of(person) in trained_on}
        in_train |= (people[_TEST] & people[_TRAIN]) - in_test
        self._banned = {_TRAIN: in_test, None: in_test, _TEST: in_train}

    def count_eligible(self, each: _Zip) -> int:
        """Count the members that may be taken in, and those of people who may not be."""
        if not self._banned.get(each.count.side):
            return each.count.labelled.total()
        return sum(1 for _ in self.eligible(each, self._tally))

    def eligible(self, each: _Zip, tally: Tally | None) -> Iterator[tuple[Member, str]]:
        """Yield the members that may be taken in, with their labels."""
        banned = self._banned.get(each.count.side, set())
        with Archive(each.path) as archive:
            for member in archive:
                label = _label_of(member, self._keywords, each, None)
                if label is None:
                    continue
                person = self._keywords.find_person(member.name)
                if person in banned:
                    if tally is not None:
                        tally.leave_out("both_sides", f"{each.count.file}/{member.name}")
                    continue
                yield member, label

    def prepare_all(self, zips: list[_Zip]) -> Iterator[tuple[_Zip, Prepared[Member]]]:
        """Read the chosen members of all archives ahead, in order."""
        for each in zips:
            chosen = self._draw(each)
            if each.n_eligible > len(chosen):
                left = each.n_eligible - len(chosen)
                self._tally.leave_out("not_drawn", f"{each.count.file}: {left} of {each.n_eligible}")
                self._tally.counts["not_drawn"] += left - 1
            self._note_sides(each, chosen)
            with Archive(each.path) as archive:
                for prepared in map_ahead(partial(self._prepare, archive, each), chosen):
                    yield each, prepared

    def _draw(self, each: _Zip) -> list[Member]:
        """Choose members: all, or so many at random or at even distances in the archive's order."""
        n, most = each.n_eligible, self._config.max_per_zip
        members = (member for member, _ in self.eligible(each, None))
        if n <= most:
            return list(members)
        if self._config.pick == "even":
            chosen = [number * n // most for number in range(most)]
        else:
            rng = np.random.default_rng([self._config.seed, zlib.crc32(each.count.file.encode())])
            chosen = sorted(rng.choice(n, most, replace=False).tolist())
        gaps = np.diff([-1, *chosen]) - 1
        return [member for gap in gaps for member in islice(members, int(gap), int(gap) + 1)]

    def _note_sides(self, each: _Zip, chosen: list[Member]) -> None:
        """Write who is in which part before any of them can be in the dataset."""
        people = {self._subject_of(each, member) for member in chosen}
        self._people[each.count.side or _TRAIN] |= people
        if self._has_sides:
            reason = "folders Training and Validation of the archives"
            splits.write_sides(self._config.dataset, reason, self._people[_TRAIN], self._people[_TEST])

    def _subject_of(self, each: _Zip, member: Member) -> str:
        """Return a pseudonym: the person's, or one of the picture's own where its name holds no person."""
        if person := self._keywords.find_person(member.name):
            return self._pseudonyms.of(person)
        return subjects.of_photo(hashlib.sha256(f"{each.count.file}/{member.name}".encode()).hexdigest())

    def _prepare(self, archive: Archive, each: _Zip, member: Member) -> Prepared[Member]:
        sha256 = ""
        try:
            data = archive.read(member)
            sha256 = hashlib.sha256(data).hexdigest()
            if self._dataset.knows(self._origin(each, member, sha256)):
                return Prepared(member, sha256, None)
            stored = self._cutter.cut(data)
            return Prepared(member, sha256, stored.jpg, None, stored.moves, stored.is_at_face)
        except Unusable as problem:
            return Prepared(member, sha256, None, problem)

    @staticmethod
    def _origin(each: _Zip, member: Member, sha256: str) -> Origin:
        return Origin("photo", f"{each.count.file}/{member.name}", sha256)

    def take_in(self, each: _Zip, prepared: Prepared[Member]) -> None:
        """Add a picture to the dataset, or count why not."""
        member, sha256 = prepared.source, prepared.sha256
        what = f"{each.count.file}/{member.name}"
        if prepared.problem:
            self._tally.leave_out(prepared.problem.reason, what, prepared.problem.detail)
            return
        self._n_at_face += prepared.is_at_face
        self._n_moving += prepared.moves
        label = self._keywords.judge(member.name).label
        assert label is not None
        first, first_label = self._seen.setdefault(bytes.fromhex(sha256), (what, label))
        if first != what:
            same = first_label == label
            self._tally.leave_out("duplicate" if same else "conflict", what, first if same else f"{label}; {first}")
            return
        origin = self._origin(each, member, sha256)
        if prepared.stored is None or self._dataset.knows(origin):
            self._n_known += 1
            return
        self._n_nameless += self._keywords.find_person(member.name) is None
        person = self._subject_of(each, member)
        if self._dataset.bars(person, [prepared.stored]):
            self._tally.leave_out("withdrawn", what, "")
            return
        take = self._dataset.take_of(person, "photo")
        emotion = self._keywords.emotions.get(label)
        self._dataset.add(Incoming(person, take, label, emotion, (0.0,), "photo", (prepared.stored,), origin))
        self._dataset.commit_when_due()
        each.count.added[label] += 1

    def note_crop(self) -> None:
        """Write down that pictures were cut around the face, where some were."""
        if self._n_at_face:
            self._dataset.note_photo_crop()

    def report(self, zips: list[_Zip]) -> ArchivesImported:
        """Return the result, and freeze the split where the folders give one."""
        dataset = open_dataset(self._config.dataset)
        by_side: dict[str, dict[str, int]] = {}
        notes = list(self._notes(zips))
        split = None
        if self._has_sides:
            counts = {_TRAIN: Counter[str](), _TEST: Counter[str]()}
            for row in dataset.rows:
                counts[_TEST if row.subject_id in self._people[_TEST] else _TRAIN][row.label] += 1
            by_side = {side: dict(sorted(found.items())) for side, found in counts.items()}
            try:
                split = splits.freeze_split(dataset, self._config.seed)
            except InvalidInput as error:
                notes.append(f"no split was frozen: {error}")
        return ArchivesImported(
            self._config.dataset,
            str(self._config.archives),
            tuple(each.count for each in zips),
            self._n_known,
            self._tally,
            tuple(sorted(self._banned.get(_TRAIN, set()) | self._banned.get(_TEST, set()))),
            self._dataset.manifest["counts"],
            by_side,
            split,
            tuple(notes),
        )

    def _notes(self, zips: list[_Zip]) -> Iterator[str]:
        """Say what follows from empty archives, unknown people and missing consent."""
        for each in zips:
            if not each.count.labelled:
                yield f"{each.count.file} holds no picture with a label ({each.count.n_members} files)"
        if self._n_nameless:
            yield (
                f"the names of {self._n_nameless} pictures name no person; each counts as a person of its own, so the "
                "same person may stand in train and in validation (give the keywords file a person pattern)"
            )
        yield from faces.notes(self._n_at_face, self._n_moving)
        yield from rights.note_on_rights(self._dataset, "photo", self._config)
