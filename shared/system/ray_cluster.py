"""Opens a Ray cluster, for work that is spread over its nodes. Ray is an extra, imported only here.

Nothing of a scheduler is written here: Ray decides what runs when and where, and retries what a lost node had in hand.
"""

import logging
import os
import re
import socket
import urllib.parse
from pathlib import Path
from typing import Any

from shared.errors import MissingOutside, first_line

ADDRESSES = "of the cluster: auto, HOST:6379 or ray://HOST:10001 (default: auto)"
_PROJECT = Path(__file__).resolve().parents[2]
_PROBE_S = 5.0
_RAY_EXTRA = "pip install 'smilebench[ray]'"


def connect(address: str) -> Any:
    """Connect to a Ray cluster; returns the package, whose ``shutdown`` ends it.

    Raises:
        MissingOutside: No ray, no cluster at the address, or one of another version.
    """
    try:
        import ray
    except ModuleNotFoundError:
        raise MissingOutside(
            "--engine ray", found="no Python package 'ray'", expected="the ray extra", todo=f"install it: {_RAY_EXTRA}"
        ) from None
    _probe(address)
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves this computer
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, runtime_env=_runtime())
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        text = one_line(error)
        is_other = re.search(r"[Vv]ersion mismatch|different versions", str(error))
        raise MissingOutside(
            f"--address {address}",
            found=text,
            expected="a cluster of this Ray and this Python on every node" if is_other else "a Ray cluster",
            todo="install the same versions on every node" if is_other else "start one: ray start --head",
        ) from None
    return ray


def one_line(error: BaseException) -> str:
    """Return what an error of Ray's says, in one line of at most 200 characters."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def _runtime() -> dict[str, Any]:
    """Say how the project is found on a node: as it is installed there, else in this very folder."""
    return {"env_vars": {"PYTHONPATH": str(_PROJECT)}} if (_PROJECT / "pyproject.toml").is_file() else {}


def _probe(address: str) -> None:
    """Refuse an address at which nobody listens, before Ray tries it for a minute."""
    if address in ("auto", "local"):
        return
    parts = urllib.parse.urlsplit(address if "//" in address else f"//{address}")
    try:
        if not parts.hostname or not parts.port:
            raise OSError("no host and port")
        socket.create_connection((parts.hostname, parts.port), timeout=_PROBE_S).close()
    except (OSError, ValueError) as error:
        raise MissingOutside(
            f"--address {address}",
            found=first_line(error),
            expected="auto, HOST:6379, or ray://HOST:10001",
            todo="start a cluster: ray start --head",
        ) from None
