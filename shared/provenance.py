"""Which code wrote a document (version, commit, packages), and what this computer is, for documents that hold times."""

import functools
import importlib.metadata
import os
import subprocess
import sys
from typing import Any

from shared.paths import home
from shared.system import portable


def code_info(*packages: str) -> dict[str, Any]:
    """Describe the running code, as documents hold it under ``code``.

    Args:
        packages: Names of installed distributions whose versions bear on the result.

    Returns:
        version, commit (with ``+changes`` where tracked files differ from it; None outside of a checkout) and
        packages with python first.
    """
    versions = {"python": ".".join(map(str, sys.version_info[:3]))}
    versions.update({package: importlib.metadata.version(package) for package in packages})
    return {"version": importlib.metadata.version("smilebench"), "commit": _commit(), "packages": versions}


@functools.cache
def _commit() -> str | None:
    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(home()), *arguments], capture_output=True, text=True, timeout=10, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    commit = git("rev-parse", "HEAD")
    if commit is None:
        return None
    return commit + ("+changes" if git("status", "--porcelain", "--untracked-files=no") else "")


def describe_machine() -> dict[str, Any]:
    """Name the processor, its cores and the load of the last minute (None where the system does not say)."""
    load = portable.load_average()
    return {
        "processor": portable.processor_name(),
        "cores": os.cpu_count() or 1,
        "load": None if load is None else round(load, 2),
    }
