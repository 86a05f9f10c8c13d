"""Keeps what C libraries write to stderr by themselves from the user: they have no switch for it."""

import contextlib
import os
import threading
from collections.abc import Iterator

_one_at_a_time = threading.Lock()  # two at once would give back each other's nowhere


@contextlib.contextmanager
def hushed_stderr() -> Iterator[None]:
    """Send the process's stderr nowhere for a moment; for all of its threads, so keep the moment short."""
    with _one_at_a_time:
        kept = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
