"""Which code wrote a document (version, commit, packages), and what this computer is, for documents that hold times."""

import functools
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from shared.paths import home


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
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    name = platform.processor() or platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return name
    models = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return " ".join(models[0].split()) if models else name
