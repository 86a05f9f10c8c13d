"""A kept moment as it arrives: its document and pictures, checked against each other. Reads and writes nothing.

What is wrong with a moment is told by a code that a page can act on; see the endpoint's contract in the README.
"""

import datetime
import hashlib
import itertools
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from shared import contracts, paths
from shared.arrays import U8
from shared.errors import InvalidInput

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_CLOCK_SLACK = datetime.timedelta(days=1)  # a phone's clock may be wrong; a date of next year is no date
MOST_SECONDS = 60.0


class Code(StrEnum):
    """Why a request is refused. They never change; texts may."""

    NOT_ALLOWED = "not-allowed"
    NO_CONSENT = "no-consent"
    BAD_REQUEST = "bad-request"
    BAD_MOMENT = "bad-moment"
    TOO_LARGE = "too-large"
    OTHER_MOMENT = "other-moment"
    OTHER_MODEL = "other-model"
    UNKNOWN_MOMENT = "unknown-moment"
    BUSY = "busy"
    NO_ROOM = "no-room"


STATUS = {
    Code.NOT_ALLOWED: 401,
    Code.NO_CONSENT: 403,
    Code.BAD_REQUEST: 400,
    Code.BAD_MOMENT: 422,
    Code.TOO_LARGE: 413,
    Code.OTHER_MOMENT: 409,
    Code.OTHER_MODEL: 409,
    Code.UNKNOWN_MOMENT: 404,
    Code.BUSY: 503,
    Code.NO_ROOM: 507,
}


class Refused(Exception):
    """A request that is not done.

    Args:
        code: The reason, for programs.
        text: The reason, for people.
    """

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text = code, text


@dataclass(frozen=True)
class Moment:
    """A moment whose document and pictures belong together.

    Attributes:
        subject_id: Whose it is.
        play: What the page says of it; see schemas/definitions.schema.json.
        sha256: Of document and pictures: the same moment sent again has the same.
        frames_thwc_u8: Its pictures, (T, S, S, 3), RGB.
    """

    subject_id: str
    play: dict[str, Any]
    sha256: str
    frames_thwc_u8: U8

    @property
    def times_s(self) -> list[float]:
        """The frames' times in seconds, from the first."""
        return [time_ms / 1000 for time_ms in self.play["times_ms"]]


def read_moment(document_json: bytes, pictures: bytes) -> Moment:
    """Read a moment and check all of it.

    Raises:
        Refused: It does not fit its schema, contradicts itself, or its pictures are not those that it names.
    """
    import cv2

    try:
        document = json.loads(document_json)
        contracts.validate(document, "kept_moment", "moment")
    except (ValueError, RecursionError) as error:
        raise Refused(Code.BAD_MOMENT, f"no valid JSON ({error})") from None
    except InvalidInput as error:
        raise Refused(Code.BAD_MOMENT, str(error)) from None
    play, named = document["play"], document["pictures"]
    _must_fit(play, named["sizes_bytes"])
    if named["width_px"] != named["height_px"]:
        raise Refused(Code.BAD_MOMENT, "pictures: expected the square that the model sees")
    if sum(named["sizes_bytes"]) != len(pictures) or hashlib.sha256(pictures).hexdigest() != named["sha256"]:
        raise Refused(Code.BAD_MOMENT, f"pictures: {len(pictures)} bytes that are not those that the moment names")
    begins = _JPEG if named["format"] == "jpeg" else _PNG
    ends = list(itertools.accumulate(named["sizes_bytes"]))
    frames = []
    for number, (start, end) in enumerate(itertools.pairwise([0, *ends])):
        data = pictures[start:end]
        picture = None
        if data.startswith(begins):
            picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
        if picture is None or picture.shape != (named["height_px"], named["width_px"], 3):
            raise Refused(
                Code.BAD_MOMENT, f"pictures: number {number} is no {named['format']} of the size that it says"
            )
        frames.append(picture)
    return Moment(
        document["subject_id"],
        play,
        hashlib.sha256(contracts.sha256_json(document).encode() + pictures).hexdigest(),
        np.stack(frames).astype(np.uint8, copy=False),
    )


def _must_fit(play: dict[str, Any], sizes_bytes: list[int]) -> None:
    """Refuse what a schema cannot see.

    Raises:
        Refused: Lists of different lengths, times that do not grow, marks outside, labels of other classes.
    """
    times_ms = play["times_ms"]
    counts = {len(play[key]) for key in ("times_ms", "scores", "is_positive")} | {len(sizes_bytes)}
    if len(counts) > 1:
        raise Refused(
            Code.BAD_MOMENT, f"times, scores, decisions and pictures: {sorted(counts)} of them, not as many each"
        )
    if times_ms[0] != 0 or any(after <= before for before, after in itertools.pairwise(times_ms)):
        raise Refused(Code.BAD_MOMENT, "times_ms: expected times that begin at 0 and grow")
    if times_ms[-1] > MOST_SECONDS * 1000:
        raise Refused(Code.BAD_MOMENT, f"times_ms: {times_ms[-1] / 1000:.0f} s; at most {MOST_SECONDS:g}")
    classes = play["model"]["classes"]
    labels = {mark["label"] for mark in play["marks"]} | {play["model"]["positive_class"]}
    if wrong := sorted((labels | ({play["player_label"]} - {None})) - set(classes)):
        raise Refused(Code.BAD_MOMENT, f"label {wrong[0]}: expected one of {', '.join(classes)}")
    for mark in play["marks"]:
        if not mark["start_ms"] < mark["end_ms"] <= times_ms[-1]:
            raise Refused(Code.BAD_MOMENT, f"marks: {mark['start_ms']} to {mark['end_ms']} ms is not in the moment")
    try:
        captured = paths.parse_utc(play["captured_utc"])
    except ValueError:
        raise Refused(Code.BAD_MOMENT, f"captured_utc: {play['captured_utc']} is no date") from None
    if captured > paths.utc_now() + _CLOCK_SLACK:
        raise Refused(Code.BAD_MOMENT, f"captured_utc: {play['captured_utc']} is in the future")
