from pathlib import Path

import numpy as np
import pytest

from shared.dataset.protocol import Window, read_protocol
from shared.video import Frame
from tools.recorder.take import Measured, TakeRecorder, TakeRefused, gap_at, measure

PICTURE = np.zeros((48, 64, 3), np.uint8)


def test_regularity_by_hand() -> None:
    # Three intervals of 0.1, 0.1, 0.3 s: the usual one is 0.1, so two frames are missing and the last ends at 0.6 s.
    assert measure([0.0, 0.1, 0.2, 0.5], 1) == Measured(0.6, 4, 6.0, 2, 1, 300.0)


@pytest.mark.parametrize("times_s", [[], [0.0]])
def test_a_take_without_intervals_has_no_duration_and_no_rate(times_s: list[float]) -> None:
    assert measure(times_s, 0) == Measured(0.0, len(times_s), 0.0, 0, 0, 0.0)


@pytest.mark.parametrize(
    ("times_s", "gap"),
    [
        ([0.0, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0], None),
        ([0.0, 0.95, 1.2, 1.35, 1.5, 1.65, 1.8, 1.95, 2.1], (0.95, 1.2)),
        ([0.0, 0.1, 1.1, 1.25, 1.4, 1.55, 1.7, 1.85, 2.0], (0.1, 1.1)),
        ([0.9, 1.05, 1.2, 1.35, 1.5, 1.65, 1.8], (1.8, 3.0)),
        ([], (0.0, 3.0)),
    ],
)
def test_a_gap_counts_where_it_touches_the_window(times_s: list[float], gap: tuple[float, float] | None) -> None:
    assert gap_at(Window(1, 2, "smile", None), times_s, 3.0, 150) == gap


def test_memory_holds_pictures_of_the_windows_only(tmp_path: Path) -> None:
    recorder = TakeRecorder(read_protocol(), tmp_path)
    most = 0
    for index in range(270):
        recorder.add(Frame(index / 30, PICTURE))
        most = max(most, len(recorder._kept))
    assert 30 <= most <= 31
    assert len(recorder._kept) == 0
    recorder.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_picture_of_another_size_refuses_the_take(tmp_path: Path) -> None:
    recorder = TakeRecorder(read_protocol(), tmp_path)
    recorder.add(Frame(0.0, PICTURE))
    with pytest.raises(TakeRefused, match="32x48 pixels") as caught:
        recorder.add(Frame(0.03, PICTURE[:, :32]))
    assert caught.value.cause == "size"
    recorder.discard()


def test_a_take_without_any_frame_is_too_short(tmp_path: Path) -> None:
    recorder = TakeRecorder(read_protocol(), tmp_path)
    with pytest.raises(TakeRefused, match=r"only 0\.00 s \(0 frames\): the camera stopped"):
        recorder.finish("the camera stopped")
    recorder.discard()
