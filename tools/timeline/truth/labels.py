"""What raters marked in a film: one document a rater, in the timeline's folder; or a csv of several films.

An invalid mark is refused with its place: outside the film, ending before it starts, overlapping the one
before, or of another film.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts
from shared.errors import InvalidInput
from tools.timeline.table.rows import Timeline

FOLDER = "labels"
CSV_COLUMNS = ("film", "start_s", "end_s")
DEFAULT_RATING = 3
_AFTER_S = 1.0  # a mark may end so long after the film: players differ in what they call its end


@dataclass(frozen=True)
class Event:
    """A funny moment as a rater marked it; rating from 1 (a little) to 5 (very)."""

    start_s: float
    end_s: float
    rating: int = DEFAULT_RATING


def check_events(events: Sequence[Event], duration_s: float, what: str) -> list[Event]:
    """Return events in the order of time, those at the film's end cut to it.

    Raises:
        InvalidInput: One lies outside of the film, is empty, or overlaps another.
    """
    found = sorted(events, key=lambda event: (event.start_s, event.end_s))
    for number, event in enumerate(found):
        where = f"{what}: {event.start_s:g} to {event.end_s:g} s"
        if not 0 <= event.start_s < event.end_s:
            raise InvalidInput(where, found="a mark without length", expected="an end after its start, from 0 on")
        if event.start_s >= duration_s or event.end_s > duration_s + _AFTER_S:
            raise InvalidInput(where, found="a mark outside of the film", expected=f"at most {duration_s:.1f} s")
        if number and event.start_s < found[number - 1].end_s:
            other = f"{found[number - 1].start_s:g} to {found[number - 1].end_s:g} s"
            raise InvalidInput(where, found=f"a mark that overlaps {other}", expected="marks apart")
    return [Event(event.start_s, min(event.end_s, duration_s), event.rating) for event in found]


def labels_file(timeline: Timeline, rater: str) -> Path:
    """Return where a rater's marks of a timeline lie."""
    return timeline.folder / FOLDER / f"{rater}.json"


def write_labels(timeline: Timeline, rater: str, events: Sequence[Event]) -> dict[str, Any]:
    """Write a rater's marks; returns the document.

    Raises:
        InvalidInput: A mark is invalid.
    """
    path = labels_file(timeline, rater)
    events = check_events(events, timeline.duration_s, rater)
    document = {
        "schema_version": 1,
        "film": {key: timeline.manifest["film"][key] for key in ("file", "sha256", "duration_s")},
        "rater": rater,
        "events": [vars(event) for event in events],
    }
    contracts.write_document(path, document, "timeline_labels")
    return document


def read_labels(path: Path, timeline: Timeline) -> tuple[str, list[Event]]:
    """Read a rater's marks; returns the rater and the events.

    Raises:
        InvalidInput: Not valid, or of another film.
    """
    document = contracts.read_document(path, "timeline_labels")
    film = timeline.manifest["film"]
    if document["film"]["sha256"] != film["sha256"]:
        found = f"marks of another film, {document['film']['file']}"
        raise InvalidInput(str(path), found=found, expected=f"those of {film['file']}")
    events = [Event(**event) for event in document["events"]]
    return document["rater"], check_events(events, timeline.duration_s, str(path))


def read_all(timeline: Timeline) -> dict[str, list[Event]]:
    """Read every rater's marks of a timeline, by rater."""
    files = sorted((timeline.folder / FOLDER).glob("*.json"))
    return dict(read_labels(path, timeline) for path in files)


def read_csv(path: Path, timelines: Sequence[Timeline]) -> dict[str, list[Event]]:
    """Read a csv of films' events (film, start_s, end_s), by timeline; film is a timeline's name or its film's file.

    Raises:
        InvalidInput: A row is invalid, or of a film that is not among the timelines.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(str(path), found=error.strerror or str(error), expected="a csv of events") from None
    rows = contracts.parse_rows(data, str(path), CSV_COLUMNS, more=True)
    names: Mapping[str, Timeline] = {
        name: timeline for timeline in timelines for name in (timeline.manifest["film"]["file"], timeline.name)
    }
    found: dict[str, list[Event]] = {timeline.name: [] for timeline in timelines}
    for number, row in enumerate(rows, 2):
        where = f"{path}: row {number}"
        if row["film"] not in names:
            expected = ", ".join(sorted(names))[:200]
            raise InvalidInput(where, found=f"the film {row['film']!r}", expected=f"one of {expected}")
        try:
            event = Event(float(row["start_s"]), float(row["end_s"]))
        except ValueError:
            raise InvalidInput(where, found=f"{row['start_s']!r}, {row['end_s']!r}", expected="seconds") from None
        found[names[row["film"]].name].append(event)
    return {t.name: check_events(found[t.name], t.duration_s, f"{path}: {t.name}") for t in timelines}
