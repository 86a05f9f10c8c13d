"""What every tool's command line has in common: parser, exit codes, one-line errors, --json, progress.

Exit codes: 0 done, 1 an honest no, 2 wrong usage, 3 something outside is missing, 130 interrupted. stdout carries the
result only; everything else goes to stderr. Imports nothing heavy, so that --help answers at once.
"""

import argparse
import errno
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

from shared.errors import SmilebenchError, WrongUsage

T = TypeVar("T")


class Result(Protocol):
    """What a tool's work comes to: two views of one object, and whether the answer is yes."""

    @property
    def exit_code(self) -> int:
        """0 for done, 1 for an honest no."""

    def as_text(self) -> str:
        """Summarise for people."""

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose help keeps its examples as they are written, and whose errors are one line."""

    def __init__(self, tool: str, description: str, examples: str, **rest: Any) -> None:
        super().__init__(
            prog=tool,
            description=description,
            epilog="examples:\n" + "\n".join("  " + line for line in examples.strip().splitlines()),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            **rest,
        )

    def error(self, message: str) -> Any:
        """Print one line and exit with 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add --json and --quiet, which mean the same in every tool."""
    parser.add_argument("--json", action="store_true", help="print the result as one JSON document")
    parser.add_argument("--quiet", action="store_true", help="no progress and no notes on stderr")


def run(tool: str, arguments: argparse.Namespace, work: Callable[[], Result]) -> int:
    """Do a tool's work, print its result and turn what can go wrong into one line and an exit code.

    Args:
        tool: The command's name, which begins each error line.
        arguments: The parsed flags; json and quiet are read.
        work: Does the job. Heavy imports belong inside it.

    Returns:
        The exit code.
    """
    # Before torch is imported: threads that wait shall sleep, not spin; beside another program that is 4 times faster.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        _set_quiet(arguments.quiet)
        result = work()
        if arguments.json:
            print(json.dumps(result.as_json(), ensure_ascii=False, indent=2, allow_nan=False))
        else:
            print(result.as_text())
        sys.stdout.flush()
        return result.exit_code
    except SmilebenchError as error:
        print(f"{tool}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"{tool}: interrupted; what was finished is kept, run the same command to go on", file=sys.stderr)
        return 130
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("shared", "tools", "schemas"):
            raise
        print(
            f"{tool}: found no Python package {error.name!r}, expected the {tool} extra; "
            f"run ./inv, or: pip install 'smilebench[{tool}]'",
            file=sys.stderr,
        )
        return 3
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        reason = _explain_os_error(error)
        if reason is None:
            raise
        print(f"{tool}: {reason}", file=sys.stderr)
        return 1
    finally:
        _set_quiet(False)  # --quiet is this run's: who calls a tool from Python goes on to be told things


def _explain_os_error(error: OSError) -> str | None:
    """Say in one line what the system refused, for the refusals that are the user's to mend."""
    where = error.filename or "writing"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{where}: found no space left on the disk; free some and run the same command again (nothing is lost)"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{where}: found no permission ({error.strerror}), expected a place that this user may write to"
    if error.errno in (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG):
        return f"{where}: found {error.strerror}; choose another path"
    return None


_quiet = False


def _set_quiet(quiet: bool) -> None:
    global _quiet
    _quiet = quiet


def note(text: str) -> None:
    """Tell people something on stderr, unless --quiet."""
    if not _quiet:
        print(text, file=sys.stderr, flush=True)


def progress(items: Iterable[T], *, what: str, total: int | None = None, unit: str = "it") -> Iterator[T]:
    """Pass items through and show a bar with speed and time left: on a terminal only, and not with --quiet."""
    if _quiet or not sys.stderr.isatty():
        yield from items
        return
    from tqdm import tqdm

    yield from tqdm(items, desc=what, total=total, unit=unit, leave=False, file=sys.stderr)


def positive_int(text: str) -> int:
    """Parse a whole number of 1 or more."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number of 1 or more")
    return int(text)


def fraction(text: str) -> float:
    """Parse a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number from 0 to 1")
    return value


def int_list(text: str) -> tuple[int, ...]:
    """Parse whole numbers of 1 or more, separated by commas; sorted, each once."""
    return tuple(sorted({positive_int(part.strip()) for part in text.split(",")}))


def require(condition: bool, flag: str, *, found: str, expected: str) -> None:
    """Refuse a combination of flags that cannot be meant.

    Raises:
        WrongUsage: The condition does not hold.
    """
    if not condition:
        raise WrongUsage(flag, found=found, expected=expected)
