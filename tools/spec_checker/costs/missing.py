"""Why something was not measured: a reason, whose text the page has in both languages, and what a program said."""

from typing import TypedDict


class Note(TypedDict):
    """A reason of the costs schema, and a detail, empty where the reason says all."""

    reason: str
    detail: str


def missing(reason: str, detail: str = "") -> Note:
    """Return a note.

    Example:
        >>> missing("only_software", "swiftshader")
        {'reason': 'only_software', 'detail': 'swiftshader'}
    """
    return {"reason": reason, "detail": detail}
