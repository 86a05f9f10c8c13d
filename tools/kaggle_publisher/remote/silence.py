"""Says what is waited for while a server is silent."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from shared import cli

SILENCE_S = 15.0


@contextmanager
def say_if_silent(what: Callable[[], str], stream: TextIO) -> Iterator[None]:
    """Tell people every 15 seconds what is waited for, as long as the body runs.

    Args:
        what: Says it, such as ``an answer on trying to log in``.
        stream: Where people read it; the client's own prints go elsewhere meanwhile.
    """
    ended = threading.Event()

    def watch() -> None:
        waited_s = 0.0
        while not ended.wait(SILENCE_S):
            waited_s += SILENCE_S
            cli.note(f"kaggle: waiting for {what()}, {waited_s:g} s so far (Ctrl-C stops)", stream)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
