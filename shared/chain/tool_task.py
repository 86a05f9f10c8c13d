"""Tasks whose flags are those of a command line's own parser: name, default and help are written there, once.

The parser is made when a task is run or its flags are asked for, not before: a command waits for its own parser only.

``tool_task`` makes the task of a tool; ``chain_task`` makes a function of several tools a task, with a parser of
`shared.chain.commands`; ``text_task`` one that only prints what such a function returns.
"""

import argparse
import functools
import inspect
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from invoke.context import Context
from invoke.parser.argument import Argument
from invoke.tasks import Task

from shared import cli
from shared.chain.flags import default_of, help_of, is_list, parser_of, write_words
from shared.chain.running import exit_codes, run_tool


class FlagTask(Task[Any]):
    """A task whose parameters are flags, as invoke reads them.

    Args:
        work: Gets the context, and what was given by the names of flags.
        name: As it is typed.
        doc: What it does, and an example.
        read: Makes the flags, once.
        tool: What runs the task where invoke cannot parse or pass on a flag; empty for a task of several tools.
    """

    def __init__(
        self, work: Callable[..., None], name: str, doc: str, read: Callable[[], Sequence[argparse.Action]], tool: str
    ) -> None:
        def checked(*args: Any, **given: Any) -> None:
            self._signature.bind(*args, **given)
            work(*args, **given)

        checked.__name__, checked.__doc__ = name.replace("-", "_"), doc
        super().__init__(checked, name=name.replace("_", "-"), positional=(), auto_shortflags=False)
        self._read, self._tool = read, tool

    @functools.cached_property
    def flags(self) -> list[argparse.Action]:
        """The flags."""
        return list(self._read())

    @property
    def runs_as(self) -> str:
        """The tool to run at once where a flag takes any number of files, or stdin; else empty."""
        return self._tool if any(flag.nargs == "+" and not flag.option_strings for flag in self.flags) else ""

    @functools.cached_property
    def _signature(self) -> inspect.Signature:
        context = inspect.Parameter("c", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        parameters = [
            inspect.Parameter(
                flag.dest, inspect.Parameter.KEYWORD_ONLY, default=None if is_list(flag) else default_of(flag)
            )
            for flag in self.flags
        ]
        return inspect.Signature([context, *parameters])

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return the flags as invoke's own objects."""
        body: Any = self.body
        body.__signature__ = self._signature
        self.positional = self.fill_implicit_positionals(None)
        self.iterable = [flag.dest for flag in self.flags if is_list(flag)]
        self.help = {flag.dest: help_of(flag) for flag in self.flags}  # invoke takes it apart
        return super().get_arguments(ignore_unknown_help)


def tool_task(
    tool: str,
    summary: str,
    *,
    example: str,
    leaves_out: Sequence[str] = (),
    adds: Callable[[Context, Mapping[str, Any]], Sequence[object]] = lambda c, given: (),
    then: Callable[[Context, Mapping[str, Any]], None] = lambda c, given: None,
) -> Task[Any]:
    """Make the task that runs a tool.

    Args:
        tool: The tool's folder, and its sub-command where it has one.
        summary: What the task does, in a sentence.
        example: A command line to copy, without the ./inv before it; its first word is the task's name.
        leaves_out: Flags of the tool that it does not take, as another task is for them.
        adds: Gives further words for the tool, from the flags that were given.
        then: Goes on after the tool, where it succeeded.
    """
    name = shlex.split(example)[0]

    def read() -> list[argparse.Action]:
        return [flag for flag in parser_of(tool).flags() if flag.dest not in leaves_out]

    def body(c: Context, **given: Any) -> None:
        run_tool(c, *tool.split(), *write_words(made.flags, given), *adds(c, given), task=name)
        then(c, given)

    made = FlagTask(body, name, f"{summary}\n\nExample: ./inv {example}", read, tool)
    return made


def text_task(
    parser: Callable[[], cli.Parser],
    summary: str,
    *,
    example: str,
    work: Callable[[Context, argparse.Namespace], object],
) -> Task[Any]:
    """Make the task of a chain's function that returns what to print.

    Args:
        parser: Makes the parser of its flags.
        summary: What the task does, in a sentence.
        example: A command line to copy, without the ./inv before it; its first word is the task's name.
        work: The function.
    """
    name = shlex.split(example)[0]

    def run(c: Context, given: argparse.Namespace) -> None:
        with exit_codes():
            print(work(c, given))

    return _parsed_task(run, name, f"{summary}\n\nExample: ./inv {example}", parser)


def chain_task(
    parser: Callable[[], cli.Parser],
) -> Callable[[Callable[[Context, argparse.Namespace], None]], Task[Any]]:
    """Make a function of parsed flags a task that takes the flags of a parser."""

    def decorate(function: Callable[[Context, argparse.Namespace], None]) -> Task[Any]:
        return _parsed_task(function, function.__name__, function.__doc__ or "", parser)

    return decorate


def _parsed_task(
    function: Callable[[Context, argparse.Namespace], None], name: str, doc: str, make: Callable[[], cli.Parser]
) -> Task[Any]:
    """Make the task of a function that gets its flags as they were parsed."""
    parser = functools.cache(make)

    def body(c: Context, **given: Any) -> None:
        function(c, parser().parse_args(write_words(parser().flags(), given)))

    return FlagTask(body, name, doc, lambda: parser().flags(), "")
