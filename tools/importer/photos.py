"""Takes in folders of photos: each photo is a sequence of one picture, labelled by its folder or by a table."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared import cli
from shared.dataset import reader
from shared.dataset.ahead import map_ahead
from shared.dataset.bulk_writer import Incoming, Intake, Origin
from shared.dataset.reader import find_protocol
from shared.errors import InvalidInput, MissingOutside
from shared.films import window_table as table
from shared.pictures import kinds
from shared.pictures.cutter import Cutter, read_file
from shared.pictures.unusable import Unusable
from tools.importer import faces, labels, rights, subjects
from tools.importer.config import PhotosConfig
from tools.importer.prepared import Prepared
from tools.importer.report import HEIC_PACKAGE, Imported, LeftOut, count_added, write_report


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo that is to be taken in.

    Attributes:
        file: Where it lies, as text: 100,000 paths would take a hundred megabytes.
        name: How it is called in lists and in origins.csv: below the folder.
        label: Its class.
        person: What the person is called, or None for an unknown person.
    """

    file: str
    name: str
    label: str
    person: str | None

    @property
    def path(self) -> Path:
        """Where it lies."""
        return Path(self.file)


def import_photos(config: PhotosConfig) -> Imported:
    """Take in a folder of photos.

    Raises:
        InvalidInput: No such folder, a table that cannot be read, or a dataset of another sort.
        WrongUsage: Invalid flags.
    """
    folder = config.photos.resolve()
    if not folder.is_dir():
        raise InvalidInput(str(config.photos), found="no such folder", expected="a folder of photos")
    protocol = find_protocol(config.dataset)
    is_known = protocol is not None
    if protocol is None:
        protocol = labels.photo_protocol(*labels.choose_classes(config.labels, config.positive))
    labels.must_be_photos(protocol, config.dataset)
    classes = protocol.document["classes"]
    _check_mapping(config.labels, classes)
    left_out: list[LeftOut] = []
    found = list(
        _list_table(config, folder, classes, left_out)
        if config.table
        else _list_folders(config, folder, classes, left_out)
    )
    if not found and not config.table:
        raise _no_photo(config, classes, left_out)
    _must_be_readable(found)
    known_people = reader.open_dataset(config.dataset).subjects() if is_known else []
    slips = subjects.find_slips(((photo.name, photo.person) for photo in found if photo.person), known_people)
    if slips:
        raise InvalidInput(
            str(config.table or config.photos), found=slips[0], expected="each person written in one way"
        )
    added: list[str] = []
    n_known = 0
    seen: dict[str, Photo] = {}
    remarks: list[LeftOut] = []
    cutter: Cutter | None = None
    with Intake(config.dataset, protocol, config.kind) as dataset:
        rights.settle_rights(dataset, "photo", config)
        pseudonyms = subjects.Pseudonyms(config.dataset, config.pseudonyms)
        cutter = faces.make_cutter(config, int(dataset.manifest["image"]["width_px"]))
        for prepared in cli.progress(_prepare(found, dataset, cutter), what="photos", total=len(found), unit="photo"):
            photo, sha256 = prepared.source, prepared.sha256
            if sha256 in seen:
                left_out.append(_twice(photo, seen[sha256]))
                continue
            if prepared.problem:
                left_out.append(LeftOut(photo.name, prepared.problem.reason, prepared.problem.detail))
                continue
            seen[sha256] = photo
            origin = Origin("photo", photo.name, sha256)
            if prepared.stored is None or dataset.knows(origin):
                n_known += 1
                continue
            person = subjects.of_photo(sha256) if photo.person is None else pseudonyms.of(photo.person)
            if dataset.bars(person, [prepared.stored]):
                left_out.append(LeftOut(photo.name, "withdrawn"))
                continue
            take = dataset.take_of(person, "photo")
            dataset.add(Incoming(person, take, photo.label, None, (0.0,), "photo", (prepared.stored,), origin))
            dataset.commit_when_due()
            added.append(photo.label)
            remarks += [LeftOut(photo.name, "at_face")] if prepared.is_at_face else []
            remarks += [LeftOut(photo.name, "first_of_several")] if prepared.moves else []
        if any(remark.reason == "at_face" for remark in remarks):
            dataset.note_photo_crop()
    n_at_face, n_moving = (sum(one.reason == key for one in remarks) for key in ("at_face", "first_of_several"))
    return Imported(
        config.dataset,
        str(config.photos),
        count_added(added),
        n_known,
        tuple(left_out),
        dataset.manifest["counts"],
        must_be_complete=config.table is not None,
        report=write_report(config.dataset, [*left_out, *remarks]),
        notes=(
            *_notes(config, list(seen.values()), pseudonyms.n_kept),
            *faces.notes(n_at_face, n_moving),
            *labels.note_on_folders(
                [one.detail for one in left_out if one.reason == "unwanted"], config.labels, classes
            ),
            *rights.note_on_rights(dataset, "photo", config),
        ),
    )


def _no_photo(config: PhotosConfig, classes: list[str], left_out: list[LeftOut]) -> InvalidInput:
    """Say why there is nothing to take in, with the user's own folders in the command that would help."""
    folders = list(dict.fromkeys(one.what.split("/")[0] for one in left_out if "/" in one.what))
    hint = labels.suggest_labels(folders, classes)
    return InvalidInput(
        str(config.photos),
        found=f"{len(left_out)} files, and no photo in a class's folder" if left_out else "no photo",
        expected=f"a sub-folder for each class ({', '.join(classes)}), or --table",
        todo=f"say what the folders hold: {hint}" if hint else "",
    )


def _must_be_readable(found: list[Photo]) -> None:
    """Refuse photos of which none can be read for want of a package.

    Raises:
        MissingOutside: All are HEIC, and what reads them is not installed.
    """
    heads = (kinds.read_head(photo.path) for photo in found)
    if not found or any(kinds.sniff(head) != kinds.HEIC for head in heads):
        return
    try:
        kinds.open_heic()
    except Unusable:
        raise MissingOutside(
            str(found[0].path.parent),
            found=f"{len(found)} HEIC photos",
            expected="pillow-heif to read them with",
            todo=f"install it: {HEIC_PACKAGE}",
        ) from None


def _check_mapping(mapping: Mapping[str, str], classes: list[str]) -> None:
    if strange := sorted(set(mapping.values()) - set(classes)):
        raise InvalidInput("--labels", found=f"the class {strange[0]}", expected="the dataset's: " + ", ".join(classes))


def _twice(photo: Photo, first: Photo) -> LeftOut:
    """Say how a photo relates to one with the same bytes."""
    if photo.label != first.label:
        return LeftOut(photo.name, "conflict", f"{photo.label}; {first.name} is {first.label}, and was kept")
    if photo.person != first.person:
        return LeftOut(photo.name, "conflict", f"of another person than {first.name}, which was kept")
    return LeftOut(photo.name, "duplicate", first.name)


def _notes(config: PhotosConfig, found: list[Photo], n_kept: int) -> Iterator[str]:
    """Say what follows from unknown people."""
    n_unknown = sum(photo.person is None for photo in found)
    if n_unknown:
        yield (
            f"the people on {n_unknown} photos are not named; each counts as a new person, so the same person may "
            "be in two parts of a split"
        )
    if n_kept and not config.pseudonyms and config.table:
        yield "subjects were taken as they stand; if they are names, import with --pseudonyms into a new dataset"


def _list_folders(config: PhotosConfig, folder: Path, classes: list[str], left_out: list[LeftOut]) -> Iterator[Photo]:
    """List the photos below sub-folders that are named like classes."""
    for name in _list_files(folder):
        parts = tuple(name.split("/"))
        if any(part.startswith(".") for part in parts):
            continue  # what a Mac or a thumbnailer leaves behind
        if not kinds.is_picture(folder / name):
            left_out.append(LeftOut(name, "no_picture"))
            continue
        label = labels.map_label(parts[0], config.labels, classes) if len(parts) > 1 else None
        if label is None:
            left_out.append(LeftOut(name, "unwanted", "in no class's folder" if len(parts) == 1 else parts[0]))
            continue
        yield Photo(os.path.join(folder, name), name, label, _person_of(config, parts, name))


def _list_files(folder: Path) -> list[str]:
    """Name all files below a folder, folder by folder in order."""
    found: list[str] = []
    for place, _, files in os.walk(folder):
        within = Path(place).relative_to(folder).as_posix()
        names = (f"{within}/{file}" if within != "." else file for file in files)
        found += [name for name in names if (folder / name).is_file()]
    return sorted(found, key=lambda name: name.split("/"))


def _person_of(config: PhotosConfig, parts: tuple[str, ...], name: str) -> str | None:
    """Name the person of a photo by --subject-per."""
    if config.subject_per == "photo":
        return None
    if config.subject_per == "unknown":
        return "unknown"
    if len(parts) < 3:
        raise InvalidInput(
            f"{config.photos}: {name}",
            found="a photo directly in its class's folder",
            expected="a folder for each person below it, such as smile/s01/1.jpg, for --subject-per folder",
        )
    return "/".join(parts[1:-1])


def _list_table(config: PhotosConfig, folder: Path, classes: list[str], left_out: list[LeftOut]) -> Iterator[Photo]:
    """List the photos that a table names."""
    assert config.table is not None
    columns = [config.file_column, config.label_column]
    if config.subject_column:
        columns.append(config.subject_column)
    rows = table.read_table(config.table, columns)
    person_column = table.column(config.subject_column or "subject")
    person_column = person_column if config.subject_column or any(person_column in row.cells for row in rows) else ""
    for row in rows:
        name, label_text = (row.cells[table.column(key)] for key in columns[:2])
        what = f"{config.table.name}: row {row.number}: {name}"
        label = labels.map_label(label_text, config.labels, classes)
        path = table.find_file(folder, name) or table.find_file(folder / "images", name)
        if label is None:
            left_out.append(LeftOut(what, "unwanted", label_text or "no label"))
        elif not name or path is None:
            left_out.append(LeftOut(what, "missing"))
        elif not path.resolve().is_relative_to(folder):
            left_out.append(LeftOut(what, "missing", "it lies outside of the folder"))
        else:
            person = row.cells.get(person_column, "") if person_column else ""
            if not person and config.subject_per == "unknown":
                person = "unknown"
            yield Photo(str(path), name, label, person or None)


def _prepare(found: list[Photo], dataset: Intake, cutter: Cutter) -> Iterator[Prepared[Photo]]:
    """Read photos ahead, in order, on all cores."""

    def prepare(photo: Photo) -> Prepared[Photo]:
        sha256 = photo.name
        try:
            with read_file(photo.path) as data:
                sha256 = hashlib.sha256(data).hexdigest()
                if dataset.knows(Origin("photo", photo.name, sha256)):
                    return Prepared(photo, sha256, None)
                stored = cutter.cut(data)
        except Unusable as error:
            return Prepared(photo, sha256, None, error)
        return Prepared(photo, sha256, stored.jpg, None, stored.moves, stored.is_at_face)

    yield from map_ahead(prepare, found)
