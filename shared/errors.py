"""The errors that users see: one line each, with what was found, what was expected and what to do.

Anything else that reaches the top of a tool is a bug and keeps its traceback.
"""


def first_line(error: Exception) -> str:
    """Return the first line of a library's error, at most 160 characters; its class's name where it is empty."""
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__


class SmilebenchError(Exception):
    """An expected failure; its text is the one line that the user reads.

    Args:
        what: The thing that is wrong: a file, a flag, a row.
        found: What was found there.
        expected: What should have been there.
        todo: What the user can do about it.
    """

    exit_code = 1

    def __init__(self, what: str, *, found: str, expected: str = "", todo: str = "") -> None:
        self.what = what
        self.found = found
        self.expected = expected
        self.todo = todo
        line = f"{what}: found {found}"
        if expected:
            line += f", expected {expected}"
        if todo:
            line += f"; {todo}"
        super().__init__(" ".join(line.split()))


class InvalidInput(SmilebenchError):
    """A file or a value is not what it must be: the honest no (exit code 1)."""


class CheckFailed(SmilebenchError):
    """A check was made and failed (exit code 1)."""


class WrongUsage(SmilebenchError):
    """The command line is invalid (exit code 2)."""

    exit_code = 2


class MissingOutside(SmilebenchError):
    """Something outside of the project is missing: a camera, a screen, an extra, a credential (exit code 3)."""

    exit_code = 3
