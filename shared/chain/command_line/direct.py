"""Commands that need no invoke: a task that is one tool and nothing else becomes that tool at once.

Importing invoke and every chain takes longer than most tools that only look something up. Which tasks are plain is read
from the text of tasks.py; whatever the tool's own parser does not take as it stands (several tasks in a row, --help, a
mistake) is left to invoke, which explains it.
"""

import argparse
import ast
import contextlib
import io
import shlex
from collections.abc import Sequence
from pathlib import Path

from shared.chain.flags import parser_of


def plain_tools(tasks: Path) -> dict[str, str]:
    """Read which tasks are a tool as it is: by the name that is typed, the tool and its sub-command.

    Args:
        tasks: The file tasks.py.
    """
    found = {}
    for node in ast.parse(tasks.read_text(encoding="utf-8")).body:
        call = node.value if isinstance(node, ast.Assign) else None
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id != "tool_task":
            continue
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        tool, example = call.args[0], given.get("example")
        if set(given) == {"example"} and isinstance(tool, ast.Constant) and isinstance(example, ast.Constant):
            found[shlex.split(str(example.value))[0]] = str(tool.value)
    return found


def takes(tool: str, words: Sequence[str]) -> bool:
    """Tell whether the parser of a tool takes these words; a call for help is not for it."""
    if {"-h", "--help"} & set(words):
        return False
    with contextlib.redirect_stderr(io.StringIO()):
        try:
            parser_of(tool).parse_args(words)
        except (SystemExit, argparse.ArgumentError):
            return False
    return True
