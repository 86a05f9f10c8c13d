"""The command ``./inv``: a task's tool at once where the task is nothing else, else invoke with all of tasks.py.

    python -P -m shared.chain.program demo
    python -P -m shared.chain.program reporter tables --help

Without a task it lists them all, by subject; a tool's name runs that tool, with all of its commands. Wrong usage is one
line and exit code 2; an interruption is 130.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from shared import cli
from shared.chain.command_line import direct
from shared.system import console, portable

PROJECT = Path(__file__).resolve().parents[2]


def main(words: list[str]) -> Any:
    """Run a command line; ends the process with its exit code."""
    console.make_safe()
    sys.path.insert(0, str(PROJECT))
    plain = direct.plain_tools(PROJECT / "tasks.py").get(words[0]) if words else None
    if plain and direct.takes(plain, words[1:]):
        _become(plain.split(), words)
    # Only now: invoke and the chains take longer to import than most tools to run.
    from invoke.tasks import Task

    from shared.chain.command_line import describe, invocation

    tasks = importlib.import_module("tasks")
    if words == ["--describe"]:
        print(json.dumps(describe.describe_tasks(tasks), ensure_ascii=False))
        return None
    tool = words[0].replace("-", "_") if words else ""
    task = getattr(tasks, tool, None) if tool else None
    if isinstance(task, Task):
        command = (getattr(task, "runs_as", None) or "").split()
    else:
        command = [tool] if tool and (PROJECT / "tools" / tool / "cli.py").is_file() else []
    if command:
        _become(command, words)
    return invocation.Inv(tasks).run(["./inv", *_help_first(words)])


def _become(tool: list[str], words: list[str]) -> None:
    """Go on as a tool, which says in its errors what was typed."""
    os.environ.setdefault(cli.TASK_VARIABLE, f"./inv {words[0]}")
    sys.exit(portable.become([sys.executable, "-P", "-m", f"tools.{tool[0]}", *tool[1:], *words[1:]]))


def _help_first(words: list[str]) -> list[str]:
    """Put --help before the task: behind it, invoke would take it for the value of the task's first flag."""
    task = next((word for word in words if not word.startswith("-")), "")
    return ["--help", task] if task and {"-h", "--help"} & set(words) else words


if __name__ == "__main__":
    main(sys.argv[1:])
