"""Flags: those of a tool's own parser, which writes each once, and how they are written as words.

``parser_of`` is the one place where a tool is imported outside of itself, and its parser is all that is taken.
"""

import argparse
import functools
import importlib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from shared import cli

_NO_DEFAULT = inspect.Parameter.empty


def flags_of(**values: object) -> list[object]:
    """Write keyword arguments as flags: None, False and '' are left out, True is a bare flag, lists repeat it."""
    words: list[object] = []
    for name, value in values.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            words.append(flag)
        elif isinstance(value, list | tuple):
            for item in value:
                words += [flag, item]
        elif value is not None and value is not False and value != "":
            words += [flag, value]
    return words


def parser_of(tool: str) -> cli.Parser:
    """Return the parser of a tool, or of one of its sub-commands, such as ``splitter duplicates``."""
    name, *command = tool.split()
    parser = _load_parser(name)
    return parser.commands()[command[0]] if command else parser


@functools.cache
def _load_parser(name: str) -> cli.Parser:
    """Build a tool's parser, once for all of its tasks: ./inv --list must stay fast."""
    parser: cli.Parser = importlib.import_module(f"tools.{name}.cli").parser()
    return parser


def write_words(flags: Sequence[argparse.Action], given: Mapping[str, Any]) -> list[str]:
    """Write what a task was given as the words of a command line; what is as without a word is left out."""
    options: list[str] = []
    arguments: list[str] = []
    for flag in flags:
        value = given.get(flag.dest)
        if value is None or value is False or str(value) == default_of(flag):
            continue
        values = [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)]
        if not flag.option_strings:
            arguments += values
        elif is_switch(flag):
            options.append(flag.option_strings[0])
        else:
            options += [word for item in values for word in (flag.option_strings[0], item)]
    return arguments + options


def default_of(flag: argparse.Action) -> Any:
    """Return what a task's flag is where it is not given: text as it would be typed, False for a switch, or None."""
    if flag.required:
        return _NO_DEFAULT
    if is_switch(flag):
        return False
    return None if flag.default is None or isinstance(flag.default, list | tuple) else str(flag.default)


def help_of(flag: argparse.Action) -> str:
    """Return what a flag means, and what it can be."""
    choices = f"; one of {', '.join(map(str, flag.choices))}" if flag.choices else ""
    return f"{flag.help}{choices}"


def is_switch(flag: argparse.Action) -> bool:
    """Tell whether a flag takes no value."""
    return flag.nargs == 0


def is_list(flag: argparse.Action) -> bool:
    """Tell whether a flag can be given several times."""
    return isinstance(flag.default, list) or (flag.required and isinstance(flag, argparse._AppendAction))
