"""Invoke's own program with this project's list of tasks, its help and its one-line errors.

Only the tasks that are named on the command line get their flags: those of all tools take longer to make than most
tools to run.
"""

import contextlib
import inspect
import re
from collections.abc import Iterator
from types import ModuleType

from invoke.collection import Collection
from invoke.exceptions import Exit, ParseError
from invoke.parser import Parser
from invoke.parser.context import ParserContext
from invoke.program import Program
from invoke.tasks import Task

OPENING = """\
./inv TASK [FLAGS]       runs a task (on Windows: inv TASK [FLAGS])
./inv TASK --help        lists its flags
./inv TOOL --help        describes a tool, with the commands that no task has: evaluator, reporter, splitter, trainer"""
_COLUMN = 58  # where the summaries begin


def list_tasks(tasks: ModuleType) -> str:
    """Write all tasks, a line each: an example to copy, and what it does; by subject, in the order of the chain."""
    subjects = {first.name: subject for subject, first in tasks.SUBJECTS.items()}
    lines = [OPENING]
    for task in (item for item in vars(tasks).values() if isinstance(item, Task)):
        summary, _, example = inspect.cleandoc(task.__doc__ or "").partition("\n\nExample: ")
        if task.name in subjects:
            lines += ["", f"{subjects[task.name]}:"]
        short = re.split(r"[;.](?: |$)|: ", summary)[0]
        lines.append(f"  {example:<{_COLUMN}}  {short}")
    return "\n".join(lines)


class Inv(Program):
    """Invoke's program for the tasks of tasks.py."""

    def __init__(self, tasks: ModuleType) -> None:
        super().__init__(namespace=Collection.from_module(tasks), name="./inv", binary="./inv", binary_names=["inv"])
        self._tasks = tasks

    def _make_parser(self) -> Parser:
        """Make a parser of the tasks that are named: those of all tools take longer to make than most tools to run."""
        named = {*self.core.unparsed, self.args.help.value}
        tasks = [
            (name, aliases)
            for name, aliases in self.collection.task_names.items()
            if name in named or self.args.complete.value
        ]
        contexts = [ParserContext(name, aliases, self.collection[name].get_arguments()) for name, aliases in tasks]
        return Parser(initial=self.initial_context, contexts=contexts)

    def parse_core(self, argv: list[str] | None) -> None:
        """Parse invoke's own flags."""
        with _one_line():
            super().parse_core(argv)

    def parse_tasks(self) -> None:
        """Parse the tasks and their flags."""
        with _one_line():
            super().parse_tasks()

    def parse_cleanup(self) -> None:
        """Print help where it was asked for."""
        with _one_line():
            super().parse_cleanup()

    def execute(self) -> None:
        """Run the tasks."""
        try:
            super().execute()
        except KeyboardInterrupt:
            raise Exit(code=130) from None

    def print_help(self) -> None:
        """Print the list of all tasks."""
        print(list_tasks(self._tasks))

    def list_tasks(self) -> None:
        """Print the list of all tasks."""
        self.print_help()

    def print_task_help(self, name: str) -> None:
        """Print what a task does, an example and its flags."""
        print(f"./inv {name} [FLAGS]\n\n{inspect.getdoc(self.collection[name])}\n")
        self.print_columns(self.parser.contexts[name].help_tuples())


@contextlib.contextmanager
def _one_line() -> Iterator[None]:
    """Turn what invoke cannot parse into one line with what was found and what to do, and exit code 2."""
    try:
        yield
    except ParseError as error:
        task = error.context.name if error.context else None
        command, expected = (f"./inv {task}", "one of its flags") if task else ("./inv", "a task or a flag")
        unknown = re.fullmatch(r"No idea what '(.*)' is!", str(error))
        missing = re.search(r"did not receive required positional arguments: (.*)", str(error))
        reason = f"found {unknown[1]!r}, expected {expected}" if unknown else str(error).rstrip("!")
        if missing:
            named = ", ".join("--" + name.replace("_", "-") for name in re.findall(r"\w+", missing[1]))
            reason = f"found nothing for {named}, expected a value"
        bare = re.search(r"Flag <Argument: (\w+).*> needed value", str(error))
        reason = f"found nothing after --{bare[1].replace('_', '-')}, expected a value" if bare else reason
        todo = f"see {command} --help" if task else "./inv lists the tasks"
        raise Exit(f"{command}: {reason}; {todo}", code=2) from None
