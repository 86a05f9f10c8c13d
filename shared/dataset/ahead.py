"""Works ahead on all cores while the results are used: in order, and never more at a time than memory takes."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def map_ahead(
    work: Callable[[T], R], items: Iterable[T], *, ahead: int = 64, threads: int | None = None
) -> Iterator[R]:
    """Yield what a function gives for each item, in order; the next few are worked on meanwhile.

    Args:
        work: Called in a thread for each item; what it raises is raised where its result would be yielded.
        items: Taken one by one, at most `ahead` before they are needed.
        ahead: How many results may wait or be in work, at least 1.
        threads: That work side by side; None for as many as Python thinks fit for the cores.
    """
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()
