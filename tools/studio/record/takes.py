"""Films on their way from a page to the recorder: received in parts, whole or not at all, and made into takes in order.

    parts → film.ivf, browser_film.json → the recorder, one film at a time → outcome.json

Writes `artifacts/studio/takes/<capture>/`, for this user only; a film lies there until the recorder has made a take of
it, or has refused it, and is then deleted. What was answered as received is on disk: a film that is whole when the
studio is killed is recorded when it starts again. A take is made by the recorder's own command, which finds one that it
made before.
"""

import hashlib
import json
import re
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from shared import contracts, paths
from shared.dataset.writer import AT_WORK
from shared.errors import InvalidInput, SmilebenchError
from shared.text.catalogue import Lang
from tools.studio.record import people
from tools.studio.record.ivf import BadFilm, check_film
from tools.studio.record.refusal import Code, Refused, refuse_if_full
from tools.studio.record.run_recorder import Answer, record_film, undo_take

PART_BYTES = 1 << 20
BYTES_A_SECOND = 12 << 20  # of a film; far above what the page's encoder writes, and JPEG of 1280 x 720 fits in
MOST_OPEN, MOST_OPEN_OF_ONE = 24, 3  # films that are being received
ABANDONED_S, REMEMBERED_S = 3600.0, 86400.0
SLACK_S = 2.0  # of a film behind the protocol's end
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_BEGUN, _FILM, _DOCUMENT, _OUTCOME = "begun.json", "film.ivf", "browser_film.json", "outcome.json"
_RETRY_S, _NO_ROOM_RETRY_S, _MOST_CRASHES = 1.0, 15.0, 3


@dataclass(frozen=True)
class Begun:
    """What a page has said before it sends a film.

    Attributes:
        subject_id: Who is in it.
        dataset: Name of the dataset that it goes to.
        owner: Which session of a page it is; nobody else may ask for it.
        lang: Language of the person.
    """

    subject_id: str
    dataset: str
    owner: str
    lang: Lang


def folder() -> Path:
    """Return the folder of films on their way.

    Raises:
        InvalidInput: It is a link: films would lie elsewhere.
    """
    found = paths.artifacts("studio") / "takes"
    if found.is_symlink():
        raise InvalidInput(str(found), found="a link to another folder", expected="a folder", todo="remove the link")
    return found


class TakeBox:
    """Receives films and hands them to the recorder, one after the other. All methods may be called from any thread.

    Args:
        record: Makes a take of a film; tests give another one.
    """

    def __init__(self, record: Callable[[Path, Begun], Answer] | None = None) -> None:
        self._record = record or _record_film
        self._changed = threading.Condition()
        self._recording = threading.Lock()
        self._is_open = True
        self._notes: dict[str, dict[str, Any]] = {}  # what the page is told of a film that waits
        self._not_before_s: dict[str, float] = {}
        self._n_crashes: Counter[str] = Counter()
        contracts.make_private(folder())
        self._sweep()
        self._thread = threading.Thread(target=self._work, name="takes", daemon=True)
        self._thread.start()

    def begin(self, take_id: str, begun: Begun) -> dict[str, Any]:
        """Make room for a film; said twice it changes nothing.

        Raises:
            Refused: No id, another's take, no consent, or too many at once.
        """
        place = _place(take_id)
        people.must_be_agreed(people.find_folder(begun.dataset), begun.subject_id)
        with self._changed, refuse_if_full():
            if place.is_dir() and (place / _BEGUN).is_file():
                if _read_begun(place) != begun:
                    raise Refused(Code.OTHER_TAKE, "another take has this id")
                return self._state(place)
            self._sweep()
            self._make_way(begun.owner)
            contracts.make_folder(place)
            contracts.write_bytes(place / _BEGUN, json.dumps(vars(begun)).encode())
            return self._state(place)

    def _make_way(self, owner: str) -> None:
        """Drop the oldest unfinished film of a page that begins another one: a page sends one at a time.

        Raises:
            Refused: Too many of others are on their way.
        """
        open_ones = [place for place in self._places() if not (place / _DOCUMENT).is_file() and not _is_over(place)]
        own = sorted((place for place in open_ones if _read_begun(place).owner == owner), key=_touched)
        for place in own[: max(0, len(own) + 1 - MOST_OPEN_OF_ONE)]:
            shutil.rmtree(place, ignore_errors=True)
            open_ones.remove(place)
        if len(open_ones) >= MOST_OPEN:
            raise Refused(Code.TOO_MANY, "too many films are on their way: wait until they have arrived")

    def put(self, take_id: str, owner: str, number: int, data: bytes) -> None:
        """Store a part; sent again it is stored again.

        Raises:
            Refused: No such take of this owner, a number that cannot be, too large, or no space left.
        """
        place = self._own(take_id, owner)
        most = most_bytes(people.protocol_of(people.find_folder(_read_begun(place).dataset)).duration_s)
        if not 0 < len(data) <= PART_BYTES or not 0 <= number < most // PART_BYTES:
            raise Refused(Code.TOO_LARGE, f"expected parts of at most {PART_BYTES} bytes, {most} bytes in all")
        with self._changed, refuse_if_full():
            self._own(take_id, owner)  # it may have been dropped meanwhile
            if not (place / _DOCUMENT).is_file() and not _is_over(place):
                contracts.write_bytes(_part(place, number), data)

    def finish(self, take_id: str, owner: str, announced: dict[str, Any]) -> dict[str, Any]:
        """Put a film together, check it, and queue it; when this returns, it is on disk.

        Args:
            take_id: Of the film.
            owner: Who sends it.
            announced: ``n_parts``, ``sha256`` of the whole, and ``capture``, what the page notes of it.

        Raises:
            Refused: Parts are missing, or the film is not the one that the page tells of; it is dropped.
        """
        with self._changed, refuse_if_full():
            place = self._own(take_id, owner)
            if (place / _DOCUMENT).is_file() or _is_over(place):
                return self._state(place)
            begun = _read_begun(place)
            people.must_be_agreed(people.find_folder(begun.dataset), begun.subject_id)
            n_parts, sha256, capture = announced.get("n_parts"), announced.get("sha256"), announced.get("capture")
            if type(n_parts) is not int or not 0 < n_parts < 10_000 or not isinstance(capture, dict):
                raise Refused(Code.BAD_REQUEST, "expected n_parts, sha256 and capture")
            missing = [number for number in range(n_parts) if not _part(place, number).is_file()]
            if missing:
                raise Refused(Code.BAD_REQUEST, f"part {missing[0]} is missing")
            data = b"".join(_part(place, number).read_bytes() for number in range(n_parts))
            try:
                self._accept(place, begun, data, str(sha256), {**capture, "capture_id": take_id})
            except Refused:
                shutil.rmtree(place, ignore_errors=True)
                raise
            for part in place.glob("*.part"):
                part.unlink()
            self._changed.notify_all()
            return self._state(place)

    def _accept(self, place: Path, begun: Begun, data: bytes, sha256: str, capture: dict[str, Any]) -> None:
        """Check a film against what is said of it, and write both; the document last.

        Raises:
            Refused: They do not belong together.
        """
        protocol = people.protocol_of(people.find_folder(begun.dataset))
        if hashlib.sha256(data).hexdigest() != sha256:
            raise Refused(Code.BAD_FILM, "the parts are not the film that was announced")
        try:
            facts = check_film(data, protocol.duration_s + SLACK_S)
        except BadFilm as error:
            raise Refused(Code.BAD_FILM, str(error)) from None
        document = {
            "schema_version": 1,
            "subject_id": begun.subject_id,
            "film_sha256": sha256,
            "capture": capture,
        }
        try:
            contracts.validate(document, "browser_film", "capture")
        except InvalidInput as error:
            raise Refused(Code.BAD_FILM, str(error)) from None
        if (capture["codec"], capture["width_px"], capture["height_px"]) != (
            facts.codec, facts.width_px, facts.height_px,
        ):  # fmt: skip
            raise Refused(Code.BAD_FILM, f"a film of {facts.codec}, {facts.width_px}x{facts.height_px}")
        contracts.write_bytes(place / _FILM, data)
        contracts.write_document(place / _DOCUMENT, document, "browser_film")

    def state(self, take_id: str, owner: str) -> dict[str, Any]:
        """Say how far a take is.

        Raises:
            Refused: There is no such take of this owner.
        """
        with self._changed:
            return self._state(self._own(take_id, owner))

    def drop(self, take_id: str, owner: str) -> dict[str, Any]:
        """Forget a film that is not whole, take a waiting one out, or take a take back: it moves to the trash.

        Raises:
            Refused: There is no such take of this owner, or the recorder did not take it back.
        """
        place = self._own(take_id, owner)
        with self._recording:  # not while the recorder works
            if not _is_over(place):
                with self._changed:
                    shutil.rmtree(place, ignore_errors=True)
                return {"status": "dropped"}
            outcome = _read_outcome(place)
            if outcome["status"] == "stored":
                begun = _read_begun(place)
                answer = undo_take(outcome["take_id"], begun.subject_id, begun.dataset)
                if answer.error is not None:
                    raise Refused(Code.BAD_DATASET, answer.error)
                outcome = {**outcome, "status": "undone"}
                contracts.write_bytes(place / _OUTCOME, json.dumps(outcome).encode())
            return outcome

    def close(self) -> None:
        """Begin no more takes; films that wait are recorded when the studio starts again."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()
        self._thread.join(5)

    def _state(self, place: Path) -> dict[str, Any]:
        if _is_over(place):
            return _read_outcome(place)
        if (place / _DOCUMENT).is_file():
            before = [other for other in self._waiting() if other != place]
            n_before = before.index(place) if place in before else len(before)
            return {"status": "waiting", "n_before": n_before, **self._notes.get(place.name, {})}
        return {"status": "receiving", "parts": sorted(int(part.stem) for part in place.glob("*.part"))}

    def _own(self, take_id: str, owner: str) -> Path:
        place = _place(take_id)
        if not (place / _BEGUN).is_file() or _read_begun(place).owner != owner:
            raise Refused(Code.UNKNOWN_TAKE, "there is no such take: it was never begun, or it was dropped")
        return place

    def _places(self) -> Iterator[Path]:
        contracts.make_private(folder())  # somebody may have emptied artifacts/, which is safe to delete
        return (place for place in sorted(folder().iterdir()) if (place / _BEGUN).is_file() and not place.is_symlink())

    def _waiting(self) -> list[Path]:
        """Return the films that are whole and not recorded yet, the oldest first."""
        found = [place for place in self._places() if (place / _DOCUMENT).is_file() and not _is_over(place)]
        return sorted(found, key=lambda place: (place / _DOCUMENT).stat().st_mtime)

    def _sweep(self) -> None:
        """Remove films that their page has given up, and what became of takes a day ago."""
        now = time.time()
        contracts.make_private(folder())
        for place in folder().iterdir():
            if not place.is_dir() or place.is_symlink() or not _ID.fullmatch(place.name):
                continue
            if _is_over(place):
                _strip(place)
            age_s = now - _touched(place)
            is_whole = (place / _DOCUMENT).is_file()
            is_old = age_s > (REMEMBERED_S if _is_over(place) else ABANDONED_S)
            if (is_old and (_is_over(place) or not is_whole)) or not (place / _BEGUN).is_file():
                shutil.rmtree(place, ignore_errors=True)

    def _work(self) -> None:
        while True:
            place: Path | None = None
            try:
                with self._changed:
                    if not self._is_open:
                        return
                    now_s = time.monotonic()
                    waiting = [each for each in self._waiting() if now_s >= self._not_before_s.get(each.name, 0.0)]
                    if not waiting:
                        self._changed.wait(0.5)
                        continue
                place = waiting[0]
                with self._recording:
                    if (place / _DOCUMENT).is_file():
                        self._record_one(place)
            except (OSError, SmilebenchError) as error:  # such as a full disk: the film is there still
                if place is not None:
                    self._try_again(place, _NO_ROOM_RETRY_S, {"status": "no_room", "reason": str(error)})
                with self._changed:
                    self._changed.wait(_RETRY_S)

    def _record_one(self, place: Path) -> None:
        """Let the recorder make a take of a film, and write what became of it."""
        begun = _read_begun(place)
        if _is_busy(paths.dataset_dir(begun.dataset)):
            self._try_again(place, _RETRY_S)
            return
        answer = self._record(place, begun)
        outcome = answer.outcome()
        if outcome is None:
            self._explain_crash(place, answer)
            return
        if outcome.get("cause") == "disk":
            self._try_again(place, _NO_ROOM_RETRY_S, {"status": "no_room"})
            return
        with self._changed:
            self._close_film(place, outcome)

    def _close_film(self, place: Path, outcome: dict[str, Any]) -> None:
        """Write what became of a film, and delete it."""
        contracts.write_bytes(place / _OUTCOME, json.dumps(outcome).encode())
        _strip(place)
        for by_take in (self._notes, self._not_before_s, self._n_crashes):
            by_take.pop(place.name, None)

    def _explain_crash(self, place: Path, answer: Answer) -> None:
        """Try again after the recorder has not said what became of a film; after some crashes, wait for a new start."""
        if AT_WORK in (answer.error or ""):
            self._try_again(place, _RETRY_S)
            return
        self._n_crashes[place.name] += 1
        if self._n_crashes[place.name] < _MOST_CRASHES:
            self._try_again(place, _RETRY_S)
        else:  # the film stays: what was received is not lost
            note = {"status": "failed", "reason": answer.error or "the recorder ended without a word"}
            self._try_again(place, float("inf"), note)

    def _try_again(self, place: Path, after_s: float, note: dict[str, Any] | None = None) -> None:
        self._notes[place.name] = note or {}
        self._not_before_s[place.name] = time.monotonic() + after_s


def _record_film(place: Path, begun: Begun) -> Answer:
    return record_film(place / _FILM, place / _DOCUMENT, begun.subject_id, begun.dataset, begun.lang)


def most_bytes(duration_s: float) -> int:
    """Return how large a film of a protocol's duration may be."""
    return int((duration_s + SLACK_S) * BYTES_A_SECOND)


def _place(take_id: str) -> Path:
    if not _ID.fullmatch(take_id):
        raise Refused(Code.BAD_REQUEST, "expected a random UUID")
    place = folder() / take_id
    if place.is_symlink():
        raise Refused(Code.BAD_REQUEST, "a link lies where this film would")
    return place


def _part(place: Path, number: int) -> Path:
    return place / f"{number:05d}.part"


def _strip(place: Path) -> None:
    """Leave nothing of a film whose take is decided: no picture, and no half-written part of a kill."""
    for path in place.iterdir():
        if path.name not in (_BEGUN, _OUTCOME):
            path.unlink(missing_ok=True)


def _touched(place: Path) -> float:
    """Return when something was last written there."""
    return max(path.stat().st_mtime for path in (place, *place.iterdir()))


def _is_over(place: Path) -> bool:
    return (place / _OUTCOME).is_file()


def _read_begun(place: Path) -> Begun:
    return Begun(**json.loads((place / _BEGUN).read_bytes()))


def _read_outcome(place: Path) -> dict[str, Any]:
    outcome: dict[str, Any] = json.loads((place / _OUTCOME).read_bytes())
    return outcome


def _is_busy(dataset: Path) -> bool:
    """Tell whether a program is at work in a dataset."""
    if not dataset.is_dir():
        return False
    try:
        with filelock.FileLock(dataset / ".lock").acquire(timeout=0):
            return False
    except filelock.Timeout:
        return True
