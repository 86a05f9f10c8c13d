"""Room in memory that several threads share: who needs much waits until the others are done."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Room:
    """So many bytes, for all threads together.

    Args:
        size_bytes: How many.
    """

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._used = 0
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, n_bytes: int) -> Iterator[None]:
        """Wait until there is room, and keep it. More than there is in all is kept alone."""
        n_bytes = min(n_bytes, self.size_bytes)
        with self._changed:
            self._changed.wait_for(lambda: self._used + n_bytes <= self.size_bytes)
            self._used += n_bytes
        try:
            yield
        finally:
            with self._changed:
                self._used -= n_bytes
                self._changed.notify_all()
