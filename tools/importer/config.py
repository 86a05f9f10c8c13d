"""Settings of the importer, one class per kind of source. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SourceConfig:
    """What is asked of every source.

    Attributes:
        dataset: The folder of the dataset that takes it in.
    """

    dataset: Path


@dataclass(frozen=True)
class RecordingsConfig(SourceConfig):
    """What is asked of a source that is no dataset yet.

    Attributes:
        kind: ``real`` or ``synthetic``.
        licence: Licence of the pictures, which stands for consent rows; None declares nothing.
        basis: Why they may be used; with the licence.
    """

    kind: str
    licence: str | None
    basis: str | None


@dataclass(frozen=True)
class WindowsConfig(RecordingsConfig):
    """Films with a list of windows.

    Attributes:
        windows: The list.
        films: Folder of the films; None for the list's own.
        labels: Maps labels of the list to classes; empty where it names classes.
        protocol: Frame count, interval and size of a new dataset; None for the default, or what the dataset has.
        per_window: Sequences a row.
        clips: Pictures a second of a new dataset of clips, whose sequences are whole windows; None for short ones, or
            what the dataset has.
        pseudonyms: Whether every subject is renamed.
        confirm: Whether the subjects are right although they look like a slip of the hand.
    """

    windows: Path
    films: Path | None
    labels: dict[str, str]
    protocol: Path | None
    per_window: int
    clips: float | None
    pseudonyms: bool
    confirm: bool


@dataclass(frozen=True)
class PicturesConfig(RecordingsConfig):
    """What is asked of photos, in folders and in archives.

    Attributes:
        min_px: Least side of a photo.
        max_megapixels: Most pixels of one, in millions.
        face_model: The face detector's file, or ``none``; None for the fetched one.
        without_face: ``apart`` or ``keep``: what becomes of photos in which no face is found.
    """

    min_px: int
    max_megapixels: float
    face_model: str | None
    without_face: str


@dataclass(frozen=True)
class PhotosConfig(PicturesConfig):
    """A folder of photos.

    Attributes:
        photos: The photos' folder.
        table: Names photos and labels; None where sub-folders are the labels.
        file_column: The table's column of file names.
        label_column: The table's column of labels.
        subject_column: The table's column of people; None for ``subject`` where it is there.
        labels: Maps labels of folders or table to classes; empty where they name classes.
        positive: The positive class of a new dataset; None for the default protocol's.
        subject_per: ``photo``, ``folder`` or ``unknown``: the person on a photo that no table names.
        pseudonyms: Whether every subject is renamed.
    """

    photos: Path
    table: Path | None
    file_column: str
    label_column: str
    subject_column: str | None
    labels: dict[str, str]
    positive: str | None
    subject_per: str
    pseudonyms: bool


@dataclass(frozen=True)
class ArchivesConfig(PicturesConfig):
    """ZIP archives of photos.

    Attributes:
        archives: A folder of ZIPs, or one ZIP.
        keywords: The file that maps their names to classes.
        max_per_zip: Pictures of one archive at most.
        pick: ``random`` or ``even``: which, where there are more.
        seed: Random seed: which members, and who of the training people become validation people.
    """

    archives: Path
    keywords: Path
    max_per_zip: int
    pick: str
    seed: int


@dataclass(frozen=True)
class MergeConfig(SourceConfig):
    """Another dataset of our layout.

    Attributes:
        other: The other's.
        prefix: Put before each pseudonym.
        same_people: Whether a pseudonym of both is one person.
        still_photos: Whether photos become sequences in which nothing moves, to stand beside those of films.
    """

    other: Path
    prefix: str
    same_people: bool
    still_photos: bool
