"""Why a page's request is not done, as a code that the page has words for, and as text."""

import contextlib
import errno
from collections.abc import Iterator
from enum import StrEnum


class Code(StrEnum):
    """Reasons. They never change; texts may."""

    NOT_ALLOWED = "not_allowed"
    NO_CONSENT = "no_consent"
    BAD_REQUEST = "bad_request"
    BAD_FILM = "bad_film"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    TOO_MANY = "too_many"
    OTHER_TAKE = "other_take"
    UNKNOWN_TAKE = "unknown_take"
    OTHER_SPELLING = "other_spelling"
    TAKEN_NAME = "taken_name"
    BAD_DATASET = "bad_dataset"
    NO_ROOM = "no_room"


STATUS = {
    Code.NOT_ALLOWED: 403,
    Code.NO_CONSENT: 403,
    Code.BAD_REQUEST: 400,
    Code.BAD_FILM: 422,
    Code.TOO_LARGE: 413,
    Code.TOO_SLOW: 408,
    Code.TOO_MANY: 429,
    Code.OTHER_TAKE: 409,
    Code.UNKNOWN_TAKE: 404,
    Code.OTHER_SPELLING: 409,
    Code.TAKEN_NAME: 403,
    Code.BAD_DATASET: 409,
    Code.NO_ROOM: 507,
}


class Refused(Exception):
    """A request that is not done.

    Args:
        code: The reason, for programs.
        text: The reason, for people; shown where the page has no words for the code.
    """

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text = code, text


@contextlib.contextmanager
def refuse_if_full() -> Iterator[None]:
    """Refuse with a reason where the disk is full; what was being written is not there.

    Raises:
        Refused: It is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise Refused(Code.NO_ROOM, "no space left on the disk; nothing of this film was stored") from None
