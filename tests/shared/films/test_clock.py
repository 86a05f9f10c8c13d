"""Stamps become seconds on the player's clock; what is no clean seam is refused with the place."""

import pytest

from shared.errors import InvalidInput
from shared.films.clock import FilmClock


def test_times_count_from_the_containers_beginning() -> None:
    clock = FilmClock("film", 1.4, may_jump=False)
    assert [clock.read(1.4 + 2.5, 0.04, is_key=True), clock.read(1.4 + 2.54, 0.04, is_key=False)] == pytest.approx(
        [2.5, 2.54]
    )
    assert clock.notes("the beginning") == [
        "its picture starts 2.50 s after its beginning; times count from the beginning"
    ]


def test_a_step_back_in_the_middle_of_a_scene_is_refused_with_its_place() -> None:
    clock = FilmClock("film.mp4", 0.0, may_jump=True)
    clock.read(3.0, 0.04, is_key=True)
    with pytest.raises(InvalidInput, match=r"film\.mp4: found a clock that jumps from 3\.00 to 1\.00 s"):
        clock.read(1.0, 0.04, is_key=False)


def test_a_frame_with_the_same_stamp_is_left_out_and_counted() -> None:
    clock = FilmClock("film", 0.0, may_jump=False)
    times = [clock.read(stamp, 0.0, is_key=False) for stamp in (0.0, 0.1, 0.1, 0.2)]
    assert times == [0.0, 0.1, None, pytest.approx(0.2)]
    assert clock.notes("") == ["1 frames with the same time as the one before were left out"]


def test_after_a_seam_the_pace_is_that_of_the_frames_before() -> None:
    clock = FilmClock("film", 10.0, may_jump=True)
    times = [clock.read(stamp, 0.0, is_key=stamp == 10.0) for stamp in (10.0, 10.5, 11.0, 10.0, 10.5)]
    assert times == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0])
    assert clock.jumps_s == [1.0]
