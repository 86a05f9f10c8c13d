"""All tasks and their flags as data, for pages that build forms of them: ``./inv --describe`` prints it.

Each flag is the tool's own: name, kind, default and help are read from its parser, so a form never says anything else
than ``./inv TASK --help``.
"""

import inspect
from types import ModuleType
from typing import Any

from invoke.tasks import Task

from shared.chain.flags import default_of, help_of, is_list, is_switch


def describe_tasks(tasks: ModuleType) -> list[dict[str, Any]]:
    """Describe every task whose flags a parser describes, in the order of tasks.py.

    Returns:
        A dict each: ``task``, ``summary``, ``example`` and ``flags``: ``name`` as it is typed, ``help``, ``kind``
        (``switch``, ``choice``, ``list`` or ``text``), ``choices``, ``default`` (None for none) and ``required``.
    """
    return [_describe(item) for item in vars(tasks).values() if isinstance(item, Task) and hasattr(item, "flags")]


def _describe(task: Any) -> dict[str, Any]:
    summary, _, example = inspect.cleandoc(task.__doc__ or "").partition("\n\nExample: ")
    flags = [
        {
            "name": flag.option_strings[0] if flag.option_strings else flag.dest,
            "help": help_of(flag),
            "kind": "switch" if is_switch(flag) else "choice" if flag.choices else "list" if is_list(flag) else "text",
            "choices": [str(choice) for choice in flag.choices or ()],
            "default": None if flag.required or is_switch(flag) else default_of(flag),
            "required": bool(flag.required),
        }
        for flag in task.flags
    ]
    return {"task": task.name, "summary": summary, "example": example, "flags": flags}
