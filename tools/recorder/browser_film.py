"""Films that a page has recorded with a browser's camera: a source of one take, with what the page noted of it.

Reads the film and its document (schema `browser_film`, written by the studio); writes nothing. A take that was made of
such a film before is found by the id that the page drew, so that a command that was cut off can simply be run again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts
from shared.dataset import reader, removed_takes
from shared.errors import InvalidInput
from shared.films.looks import Colours
from shared.video import Film, Frame
from tools.recorder.config import RecordingConfig
from tools.recorder.sources import FilmSource

KIND = "browser"


@dataclass(frozen=True)
class KnownTake:
    """A take that was made of a film before.

    Attributes:
        record: As it was stored.
        faults: Why it is kept apart; empty where it is in the dataset, or was.
    """

    record: dict[str, Any]
    faults: tuple[str, ...]


def read_browser_film(settings: RecordingConfig) -> dict[str, Any]:
    """Read what a page noted of the film that --source names.

    Raises:
        InvalidInput: The document is another film's or another person's, or does not fit its schema.
    """
    assert settings.capture is not None
    document = contracts.read_document(settings.capture, "browser_film")
    film = Path(settings.source)
    if not film.is_file() or contracts.sha256_file(film) != document["film_sha256"]:
        raise InvalidInput(str(settings.capture), found="another film's", expected="that of --source")
    if document["subject_id"] != settings.subject_id:
        raise InvalidInput(
            str(settings.capture), found=f"a film of {document['subject_id']}", expected=f"one of {settings.subject_id}"
        )
    return document


def find_take(dataset: Path, capture_id: str) -> KnownTake | None:
    """Find the take that was made of a film before, in the dataset, kept apart or taken back; None where there is none.

    Args:
        dataset: The dataset's folder; need not be there.
        capture_id: Of the film.
    """
    if not (dataset / reader.MANIFEST).is_file():
        return None
    for take_id in {row.take_id for row in reader.open_dataset(dataset).rows}:
        if (record := _read(dataset, take_id, capture_id)) is not None:
            return KnownTake(record, ())
    for removal in removed_takes.list_removed(dataset):
        if (record := _read(removal.place, removal.take_id, capture_id)) is not None:
            return KnownTake(record, tuple(removal.record["faults"]))
    return None


def _read(place: Path, take_id: str, capture_id: str) -> dict[str, Any] | None:
    """Read a take's record where it is of this film."""
    path = place / "takes" / f"{take_id}.json"
    record = contracts.read_document(path, "take") if path.is_file() else {}
    return record if record.get("capture", {}).get("capture_id") == capture_id else None


class BrowserFilm(FilmSource):
    """A film that a page has recorded; its frames carry the times of the clock that showed the prompts.

    Args:
        path: The film.
        capture: What the page noted of it.

    Raises:
        InvalidInput: No film, or one of another size than the page says.
    """

    kind = KIND
    clock = "monotonic"
    ending = "the page stopped"

    def __init__(self, path: Path, capture: dict[str, Any]) -> None:
        self.capture = capture
        super().__init__(path)
        self.nominal_fps = capture["nominal_fps"]
        self.duration_s = None  # the page stops when the protocol ends
        self.note = f"{capture['browser']}, a {capture['device']}, {capture['codec']}"
        said_px = capture["width_px"], capture["height_px"]
        if self.size_px != said_px:
            raise InvalidInput(
                "the browser's film",
                found=f"pictures of {self.size_px[0]}x{self.size_px[1]}",
                expected=f"{said_px[0]}x{said_px[1]}, as the page says",
            )

    def _open(self) -> Film:
        return Film(str(self._path), Colours(self.capture["matrix"], self.capture["is_full_range"]))

    def idle(self) -> Iterator[Frame]:
        """Yield nothing: nobody looks at it before the take."""
        return iter(())
