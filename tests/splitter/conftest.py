"""Datasets of people who are only rows: for folds nobody needs to see them."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from shared.dataset.reader import Dataset, SequenceRow

MakeRows = Callable[[Mapping[str, tuple[int, int]]], Dataset]


@pytest.fixture
def make_rows() -> MakeRows:
    """Return a factory: ``make_rows({"s01": (2, 1)})`` is a dataset in which s01 has 2 smile and 1 non_smile."""

    def make(people: Mapping[str, tuple[int, int]]) -> Dataset:
        rows: list[SequenceRow] = []
        for take, (subject, counts) in enumerate(people.items(), start=1):
            for label, count in zip(("smile", "non_smile"), counts, strict=True):
                for _ in range(count):
                    number = len(rows) + 1
                    rows.append(
                        SequenceRow(
                            sequence_id=f"seq_{number:04d}",
                            subject_id=subject,
                            take_id=f"take_{take:04d}",
                            label=label,
                            emotion=None,
                            frame_count=1,
                            frame_interval_ms=100.0,
                            start_ms=0.0,
                            frame_times_ms=(0.0,),
                            source="photo",
                            reviewed=False,
                            sha256=f"{number:064x}",
                        )
                    )
        return Dataset(Path("people"), {"name": "people", "kind": "real"}, tuple(rows), "a" * 64)

    return make
