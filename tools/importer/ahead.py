"""Does work ahead on all cores, in order, and never more of it at a time than memory takes."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
_AHEAD = 64


def map_ahead(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield what a function gives for each item, in order; the next few are worked on meanwhile."""
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor() as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()
