"""What every tool's command line has in common: parser, sub-commands, shared flags, exit codes, one-line errors.

Exit codes: 0 done, 1 an honest no, 2 wrong usage, 3 something outside is missing, 130 interrupted. stdout carries the
result only; everything else goes to stderr. Imports nothing heavy, so that --help answers at once.
"""

import argparse
import errno
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO, TypeVar

from shared import paths
from shared.errors import SmilebenchError, WrongUsage
from shared.system import console, portable
from shared.text import language
from shared.text.catalogue import LANGS

T = TypeVar("T")
TASK_VARIABLE = "SMILEBENCH_TASK"  # what was typed, where a task runs the tool: ./inv collect
DEVICES = ("auto", "cpu", "cuda", "mps")


class Result(Protocol):
    """What a tool's work comes to: two views of one object, and whether it succeeded."""

    @property
    def exit_code(self) -> int:
        """0 for done, 1 for an honest no."""

    def as_text(self) -> str:
        """Summarise for people."""

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""


Work = Callable[[argparse.Namespace], Result]


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose help keeps its examples as they are written, and whose errors are one line.

    Args:
        prog: The command, as it is typed.
        description: What it does; the first sentence is its line in a list of sub-commands.
        examples: Command lines to copy, one per line.
        work: Runs the command with the parsed flags. Heavy imports belong inside it. None where a sub-command
            must be named.
    """

    def __init__(self, prog: str, description: str, examples: str, work: Work | None = None, **rest: Any) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog="examples:\n" + "\n".join("  " + line for line in examples.strip().splitlines()),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            **rest,
        )
        self._commands: argparse._SubParsersAction[Parser] | None = None
        self.set_defaults(work=work)

    def add_command(self, name: str, description: str, examples: str, work: Work) -> "Parser":
        """Add a sub-command; where one is given, this parser's own required flags are not required."""
        if self._commands is None:
            self._commands = self.add_subparsers(
                title="commands",
                metavar="COMMAND",
                dest="command",
                action=_Commands,
                required=not self.get_default("work"),
            )
        summary = description.split(". ")[0].split(".\n")[0].rstrip(".")
        return self._commands.add_parser(name, help=summary, description=description, examples=examples, work=work)

    def commands(self) -> dict[str, "Parser"]:
        """Return the parsers of the sub-commands by name."""
        return dict(self._commands.choices) if self._commands else {}

    def flags(self) -> list[argparse.Action]:
        """Return what can be typed after the command, in the order of the help, but for --help and sub-commands."""
        return [action for action in self._actions if action.dest not in ("help", "command")]

    def borrow(self, other: "Parser", *dests: str) -> None:
        """Take flags over from another parser as they are: type, default and help."""
        found = {action.dest: action for action in other.flags()}
        for dest in dests:
            self._add_action(found[dest])

    def error(self, message: str) -> Any:
        """Print one line and exit with 2."""
        self.exit(2, f"{self.prog}: {message}; see {os.environ.get(TASK_VARIABLE) or self.prog} --help\n")


class _Commands(argparse._SubParsersAction):  # type: ignore[type-arg]
    """Sub-commands with which the required flags of the plain command are not required."""

    def __call__(self, parser: argparse.ArgumentParser, *rest: Any) -> None:
        for action in parser._actions:
            action.required = False
        super().__call__(parser, *rest)


def add_json(parser: Parser) -> Parser:
    """Add --json and --quiet, which mean the same in every tool; returns the parser."""
    parser.add_argument("--json", action="store_true", help="print the result as one JSON document")
    parser.add_argument("--quiet", action="store_true", help="no progress and no notes on stderr")
    return parser


def add_dataset(parser: argparse.ArgumentParser, default: str = "") -> None:
    """Add --dataset; required, unless a default is described."""
    default_text = f" (default: {default})" if default else ""
    parser.add_argument("--dataset", required=not default, help=f"name under datasets/, or a path{default_text}")


def add_model(parser: Any, kind: str = "models", default: str = "the newest") -> None:
    """Add --model: a name under artifacts/<kind>, or an .onnx file."""
    parser.add_argument("--model", help=f"a name under artifacts/{kind}, or an .onnx file (default: {default})")


def add_out(parser: argparse.ArgumentParser, default: str) -> None:
    """Add --out, which never has to be given."""
    parser.add_argument("--out", type=path, metavar="PATH", help=f"where to write (default: {default})")


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add --seed."""
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="random seed (default: 0)")


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add --device."""
    parser.add_argument(
        "--device", choices=DEVICES, default="auto", help="where torch computes; auto: a GPU if torch can use one"
    )


def add_lang(parser: argparse.ArgumentParser) -> None:
    """Add --lang; `shared.text.language.choose` says what it is where it was not given."""
    parser.add_argument(
        "--lang",
        choices=LANGS,
        help=f"language of what people see (default: {language.VARIABLE}, else the locale's, else {language.DEFAULT})",
    )


def add_dry_run(parser: Any) -> None:
    """Add --dry-run."""
    parser.add_argument("--dry-run", action="store_true", help="only say what would change")


def add_allow_no_consent(parser: argparse.ArgumentParser) -> None:
    """Add --allow-no-consent."""
    parser.add_argument(
        "--allow-no-consent",
        action="store_true",
        help="use people without a consent row too: imported data whose rights are settled elsewhere (never people who "
        "withdrew or whose consent expired)",
    )


def add_landmark_model(parser: argparse.ArgumentParser, also: str = "") -> None:
    """Add --landmark-model."""
    parser.add_argument(
        "--landmark-model", metavar="FILE", help=f"face_landmarker.task{also} (default: the fetched one)"
    )


def add_page(parser: argparse.ArgumentParser, port: int, default: str) -> None:
    """Add --port and --no-open, of a tool that serves a page on this computer."""
    parser.add_argument(
        "--port",
        type=whole(0, 65_535, "a port"),
        default=port,
        metavar="N",
        help=f"port on this computer (default: {default})",
    )
    parser.add_argument("--no-open", action="store_true", help="only print the address, open no browser")


def add_margin(parser: argparse.ArgumentParser) -> None:
    """Add --margin."""
    parser.add_argument(
        "--margin",
        type=margin,
        default=0.05,
        metavar="M",
        help="least difference of practical interest, as a fraction (default: 0.05)",
    )


def add_objective(parser: argparse.ArgumentParser) -> None:
    """Add --objective."""
    parser.add_argument(
        "--objective",
        default="youden",
        help="what the threshold is chosen for: youden, f1, recall:0.9 (the fewest false alarms with that recall), "
        "false_alarms:2 (the highest recall with so many a minute), cost:1,5 (a false alarm, a miss) (default: youden)",
    )


class Main(Protocol):
    """The ``main`` of a tool."""

    def __call__(self, argv: Sequence[str] | None = None) -> int:
        """Parse a command line, None for what was typed, and run the command; returns the exit code."""


def entry(parser: Callable[[], Parser]) -> Main:
    """Return the ``main`` of a tool, which describes its flags with `parser` on each call."""

    def main(argv: Sequence[str] | None = None) -> int:
        console.make_safe()
        described = parser()
        arguments = described.parse_args(argv)
        return run(described.prog, arguments, lambda: arguments.work(arguments))

    return main


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
            print(console.format_json(result.as_json()))
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
        console.drop_output()
        return 1
    except OSError as error:
        reason = explain_os_error(error)
        if reason is None:
            raise
        print(f"{tool}: {reason}", file=sys.stderr)
        return 1
    finally:
        _set_quiet(False)  # --quiet holds for this run only: a Python caller's later runs print notes again


def explain_os_error(error: OSError) -> str | None:
    """Say in one line what the system refused, for the refusals that are the user's to mend."""
    where = error.filename or "writing"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{where}: found no space left on the disk; free some and run the same command again (nothing is lost)"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{where}: found no permission ({error.strerror}), expected a place that this user may write to"
    if portable.is_too_long(error):
        return f"{where}: found a path that is too long for this system; choose a shorter folder or name"
    if error.errno in (errno.ENOTDIR, errno.EISDIR, errno.EEXIST):
        return f"{where}: found {error.strerror}; choose another path"
    return None


_quiet = False


def _set_quiet(quiet: bool) -> None:
    global _quiet
    _quiet = quiet


def note(text: str, stream: TextIO | None = None) -> None:
    """Tell people something on stderr (or a stream that stands for it), unless --quiet."""
    if not _quiet:
        print(text, file=stream or sys.stderr, flush=True)


def progress(items: Iterable[T], *, what: str, total: int | None = None, unit: str = "it") -> Iterator[T]:
    """Pass items through and show a bar with speed and time left: on a terminal only, and not with --quiet."""
    if _quiet or not sys.stderr.isatty():
        yield from items
        return
    from tqdm import tqdm

    yield from tqdm(items, desc=what, total=total, unit=unit, leave=False, file=sys.stderr)


def path(text: str) -> Path:
    """Parse a path; ~ is the home folder."""
    return Path(text).expanduser()


def whole(low: int, high: int | None = None, what: str = "a whole number") -> Callable[[str], int]:
    """Return a parser of whole numbers from low to high, both included."""
    limits = f"{what} of {low} or more" if high is None else f"{what} from {low} to {high}"

    def parse(text: str) -> int:
        is_whole = text.isascii() and text.isdigit()
        if not is_whole or int(text) < low or (high is not None and int(text) > high):
            raise argparse.ArgumentTypeError(f"found {text!r}, expected {limits}")
        return int(text)

    return parse


positive_int = whole(1)
seed = whole(0)


def number(low: float, high: float, what: str = "a number") -> Callable[[str], float]:
    """Return a parser of numbers from low to high, both included."""

    def parse(text: str) -> float:
        value = _to_float(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"found {text!r}, expected {what} from {low:g} to {high:g}")
        return value

    return parse


fraction = number(0, 1)
finite = number(-1e9, 1e9)


def margin(text: str) -> float:
    """Parse a fraction above 0 and below 1."""
    value = _to_float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a fraction above 0 and below 1, such as 0.05")
    return value


def _to_float(text: str) -> float:
    """Return a number, or NaN, which lies in no limits."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def int_list(text: str) -> tuple[int, ...]:
    """Parse whole numbers of 1 or more, separated by commas; sorted, each once."""
    return tuple(sorted({positive_int(part.strip()) for part in text.split(",")}))


def fill(config: Callable[..., T], arguments: argparse.Namespace, **given: Any) -> T:
    """Make a configuration: each field is the flag of its name, as it was parsed, or what `given` says instead.

    Raises:
        AttributeError: A field that is neither a flag nor given, whether it has a default or not.
    """
    fields = inspect.signature(config).parameters
    return config(**{name: getattr(arguments, name) for name in fields if name not in given}, **given)


def require_name(name: str | None, flag: str) -> None:
    """Refuse what cannot name a run, a model or a report; None is a flag that was not typed.

    Raises:
        WrongUsage: Not a name.
    """
    if name is not None and not paths.is_name(name):
        raise WrongUsage(flag, found=repr(name), expected=paths.NAME_RULE)


def require(condition: bool, flag: str, *, found: str, expected: str) -> None:
    """Refuse an invalid combination of flags.

    Raises:
        WrongUsage: The condition does not hold.
    """
    if not condition:
        raise WrongUsage(flag, found=found, expected=expected)
