"""Which films are played, and where in them somebody laughs.

By default the takes of a dataset whose films were kept: a person is asked to smile in a phase of the protocol, which is
the mark then, and a delay counts the person's own reaction. Better are marks of what the film shows: a table with the
columns of the importer (file, start, end, label, subject), in which a file is a take's id or a film's name. Rows of
other classes mark no laugh, but name a film that is played to its end without one. Everything outside of laughs counts
as play without a laugh, so that every laugh of a film must be marked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared import contracts
from shared.dataset.reader import Dataset
from shared.errors import CheckFailed, InvalidInput
from shared.films import window_table
from tools.evaluator.streams.events import Laugh, overlaps

COLUMNS = ("file", "start", "end", "label", "subject")
_LISTED = 5


@dataclass(frozen=True)
class MarkedFilm:
    """A film to play.

    Attributes:
        name: A take's id, or the file's name.
        path: Where it lies.
        sha256: Of the file.
        subject_id: Who is seen.
        laughs: What is marked, in order of time.
        is_prompted: Whether the person was asked to smile by the protocol; kept moments of the game are not.
    """

    name: str
    path: Path
    sha256: str
    subject_id: str
    laughs: tuple[Laugh, ...]
    is_prompted: bool = False


def films_by_protocol(dataset: Dataset, subjects: set[str]) -> list[MarkedFilm]:
    """Return the takes' films of some people, marked by the protocol's phase of the positive class.

    Raises:
        InvalidInput: No film was kept, or the protocol asks for no phase of the positive class.
    """
    laughs = prompted_laughs(dataset)
    films = [film for film in take_films(dataset).values() if film.subject_id in subjects and film.is_prompted]
    if not films:
        raise InvalidInput(
            str(dataset.folder / "takes"),
            found="no film of these people who were asked to smile",
            expected="takes of the protocol whose films were kept, as the recorder keeps them",
            todo="name films and their laughs: --marks CSV",
        )
    return [MarkedFilm(film.name, film.path, film.sha256, film.subject_id, laughs) for film in films]


def prompted_laughs(dataset: Dataset) -> tuple[Laugh, ...]:
    """Return the phases of the protocol in which the positive class is asked for.

    Raises:
        InvalidInput: There is none, or the protocol is one of photos or clips.
    """
    protocol, positive = dataset.protocol, dataset.positive_class
    asked = [
        phase
        for phase in protocol.phases
        if any(w.label == positive and phase.start_s <= w.start_s < phase.end_s for w in protocol.windows)
    ]
    if not asked or protocol.frame_count < 2 or protocol.whole_windows:
        raise InvalidInput(
            f"{dataset.folder}: the protocol {protocol.document['name']}",
            found=f"no phase of sequences in which {positive} is asked for",
            expected="one, or films and their laughs in a table: --marks CSV",
        )
    return tuple(Laugh(phase.start_s * 1000, phase.end_s * 1000) for phase in asked)


def take_films(dataset: Dataset) -> dict[str, MarkedFilm]:
    """Return the kept films of a dataset's takes by take, without marks, each of the take's one person."""
    subjects = {row.take_id: row.subject_id for row in dataset.rows}
    found = {}
    for take_id in sorted(subjects):
        record = dataset.folder / "takes" / f"{take_id}.json"
        take = contracts.read_document(record, "take") if record.is_file() else None
        film = take and take["film"]
        if take is not None and film is not None:
            path = dataset.folder / film["file"]
            path = path if path.is_file() else record.with_name(film["file"])
            is_prompted = take["source"] != "game"
            found[take_id] = MarkedFilm(take_id, path, film["sha256"], subjects[take_id], (), is_prompted)
    return found


def read_marks(path: Path, dataset: Dataset, films: Path | None) -> list[MarkedFilm]:
    """Read a table of marks; all wrong rows are named at once.

    Args:
        path: The table.
        dataset: Whose takes and people it may name.
        films: The folder of films that are no takes; None is the table's own.

    Raises:
        CheckFailed: Rows that cannot be read, or laughs of one film that overlap.
        InvalidInput: No table, or no film in it.
    """
    takes, people = take_films(dataset), set(dataset.subjects())
    wrong: list[str] = []
    found: dict[str, MarkedFilm] = {}
    for line in window_table.read_table(path, COLUMNS):
        film = _read_film(line, takes, people, films or path.parent, wrong)
        span = _read_span(line, wrong)
        if film is None or span is None:
            continue
        known = found.setdefault(film.name, film)
        if known.subject_id != film.subject_id:
            wrong.append(f"row {line.number}: {film.name} is of {known.subject_id} in an earlier row")
        elif line.cells["label"] == dataset.positive_class:
            laughs = tuple(sorted((*known.laughs, span), key=lambda one: one.start_ms))
            if overlaps(laughs):
                wrong.append(f"row {line.number}: it overlaps another laugh of {film.name}")
            else:
                found[film.name] = MarkedFilm(known.name, known.path, known.sha256, known.subject_id, laughs)
    if wrong:
        more = f" (and {len(wrong) - _LISTED} more)" if len(wrong) > _LISTED else ""
        raise CheckFailed(str(path), found="; ".join(wrong[:_LISTED]) + more, expected="rows that can be read")
    if not found:
        raise InvalidInput(str(path), found="no rows", expected="a film and its laughs")
    return list(found.values())


def _read_film(
    line: window_table.TableRow, takes: dict[str, MarkedFilm], people: set[str], folder: Path, wrong: list[str]
) -> MarkedFilm | None:
    """Return the film that a row names, hashed; None where there is none or its person is not of the dataset."""
    name, subject = line.cells["file"], line.cells["subject"]
    if take := takes.get(name):
        if subject not in ("", take.subject_id):
            wrong.append(f"row {line.number}: {name} is of {take.subject_id}, not of {subject}")
            return None
        return take
    path = window_table.find_file(folder, name) if name else None
    if path is None:
        wrong.append(f"row {line.number}: {name or 'nothing'} is no take of the dataset and no film in {folder}")
        return None
    if subject not in people:
        wrong.append(f"row {line.number}: the subject {subject or '(none)'} is not in the dataset, or may not be used")
        return None
    return MarkedFilm(path.name, path, contracts.sha256_file(path), subject, ())


def _read_span(line: window_table.TableRow, wrong: list[str]) -> Laugh | None:
    moments = [window_table.parse_moment(line.cells[name]) for name in ("start", "end")]
    seconds = [None if moment is None else moment.time_s for moment in moments]
    start_s, end_s = seconds
    if start_s is None or end_s is None or end_s <= start_s:
        wrong.append(
            f"row {line.number}: {line.cells['start']} to {line.cells['end']} is no span of seconds (62.5) or m:ss"
        )
        return None
    return Laugh(start_s * 1000, end_s * 1000)


def laughs_of(films: Sequence[MarkedFilm]) -> int:
    """Count the marked laughs."""
    return sum(len(film.laughs) for film in films)
