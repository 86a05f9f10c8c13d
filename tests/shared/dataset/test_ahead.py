"""Work ahead: in order, bounded, and its errors come where the result would have come."""

import threading
from collections.abc import Iterator

import pytest

from shared.dataset.ahead import map_ahead


def test_results_come_in_order_however_long_each_takes() -> None:
    late = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert late.wait(10)  # the first is done last
        if number == 3:
            late.set()
        return number * number

    assert list(map_ahead(work, range(4), threads=4)) == [0, 1, 4, 9]


def test_no_more_items_are_taken_than_may_wait() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = map_ahead(lambda number: number, items(), ahead=3)
    assert next(results) == 0
    assert taken == [0, 1, 2]
    assert next(results) == 1
    assert taken == [0, 1, 2, 3]


def test_an_error_comes_in_its_place_and_ends_the_work() -> None:
    def work(number: int) -> float:
        return 1 / (2 - number)

    results = map_ahead(work, range(100), ahead=4)
    assert [next(results), next(results)] == [0.5, 1.0]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert list(results) == []


def test_nothing_gives_nothing() -> None:
    assert list(map_ahead(str, [])) == []
