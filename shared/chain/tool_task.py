"""Tasks whose flags are those of a command line's own parser: name, default and help are written there, once.

``tool_task`` makes the task of a tool; ``chain_task`` makes a function of several tools a task, with a parser of
`shared.chain.commands`; ``text_task`` one that only prints what such a function returns.
"""

import argparse
import inspect
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from invoke.context import Context
from invoke.tasks import Task

from shared import cli
from shared.chain.flags import default_of, help_of, is_list, parser_of, write_words
from shared.chain.running import exit_codes, run_tool


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
    flags = [flag for flag in parser_of(tool).flags() if flag.dest not in leaves_out]

    def body(c: Context, **given: Any) -> None:
        run_tool(c, *tool.split(), *write_words(flags, given), *adds(c, given), task=name)
        then(c, given)

    made: Any = _make_task(body, name, f"{summary}\n\nExample: ./inv {example}", flags)
    # What takes any number of files, or what comes in on stdin, invoke cannot parse or pass on.
    made.runs_as = tool if any(flag.nargs == "+" and not flag.option_strings for flag in flags) else None
    return cast(Task[Any], made)


def text_task(
    parser: cli.Parser, summary: str, *, example: str, work: Callable[[Context, argparse.Namespace], object]
) -> Task[Any]:
    """Make the task of a chain's function that returns what to print.

    Args:
        parser: Of its flags.
        summary: What the task does, in a sentence.
        example: A command line to copy, without the ./inv before it; its first word is the task's name.
        work: The function.
    """

    def body(c: Context, **given: Any) -> None:
        with exit_codes():
            print(work(c, parser.parse_args(write_words(parser.flags(), given))))

    return _make_task(body, shlex.split(example)[0], f"{summary}\n\nExample: ./inv {example}", parser.flags())


def chain_task(parser: cli.Parser) -> Callable[[Callable[[Context, argparse.Namespace], None]], Task[Any]]:
    """Make a function of parsed flags a task that takes the flags of a parser."""

    def decorate(function: Callable[[Context, argparse.Namespace], None]) -> Task[Any]:
        def body(c: Context, **given: Any) -> None:
            function(c, parser.parse_args(write_words(parser.flags(), given)))

        return _make_task(body, function.__name__, function.__doc__ or "", parser.flags())

    return decorate


def _make_task(body: Callable[..., None], name: str, doc: str, flags: Sequence[argparse.Action]) -> Task[Any]:
    """Dress a function as one whose parameters are flags, as invoke reads them."""
    context = inspect.Parameter("c", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = [
        inspect.Parameter(
            flag.dest, inspect.Parameter.KEYWORD_ONLY, default=None if is_list(flag) else default_of(flag)
        )
        for flag in flags
    ]
    signature = inspect.Signature([context, *parameters])

    def checked(*args: Any, **given: Any) -> None:
        signature.bind(*args, **given)
        body(*args, **given)

    checked.__name__, checked.__doc__ = name.replace("-", "_"), doc
    checked.__signature__ = signature  # type: ignore[attr-defined]
    task: Any = Task(
        checked,
        name=name.replace("_", "-"),
        help={flag.dest: help_of(flag) for flag in flags},
        iterable=[flag.dest for flag in flags if is_list(flag)],
        auto_shortflags=False,
    )
    task.flags = list(flags)  # for `shared.chain.describe`
    return cast(Task[Any], task)
