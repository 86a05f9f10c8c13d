"""The command ``./inv``: a task's tool at once where the task is nothing else, else invoke with all of tasks.py.

    python -P -m shared.chain.program demo
    python -P -m shared.chain.program reporter tables --help

Without a task it lists them all, by subject; a tool's name runs that tool, with all of its commands. Wrong usage is one
line and exit code 2; an interruption is 130.
"""

import importlib
import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

from shared import cli
from shared.chain.command_line import direct
from shared.system import console

PROJECT = Path(__file__).resolve().parents[2]


def main(words: list[str]) -> Any:
    """Run a command line; ends the process with its exit code."""
    console.make_safe()
    plain = direct.plain_tools(PROJECT / "tasks.py").get(words[0]) if words else None
    if plain and direct.takes(plain, words[1:]):
        _become(plain.split(), words)
    # Only now: invoke and the chains take longer to import than most tools to run.
    from invoke.tasks import Task

    from shared.chain.command_line import describe, invocation

    sys.path.insert(0, str(PROJECT))
    tasks = importlib.import_module("tasks")
    sys.path.remove(str(PROJECT))  # a tool that goes on here finds packages where it would alone
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
    """Go on as a tool, in this process, which says in its errors what was typed; ends with the tool's exit code."""
    os.environ.setdefault(cli.TASK_VARIABLE, f"./inv {words[0]}")
    sys.argv[1:] = [*tool[1:], *words[1:]]
    runpy.run_module(f"tools.{tool[0]}", run_name="__main__", alter_sys=True)
    sys.exit(0)


def _help_first(words: list[str]) -> list[str]:
    """Put --help before the task: behind it, invoke would take it for the value of the task's first flag."""
    task = next((word for word in words if not word.startswith("-")), "")
    return ["--help", task] if task and {"-h", "--help"} & set(words) else words


if __name__ == "__main__":
    try:
        try:
            main(sys.argv[1:])
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        console.drop_output()
        sys.exit(1)
