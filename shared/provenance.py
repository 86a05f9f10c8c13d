"""Which code wrote a document: the project's version, its commit and the packages that matter."""

import functools
import importlib.metadata
import subprocess
import sys
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
