"""Frames are chosen by their times; the expected indices were worked out by hand."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.dataset.protocol import Window, choose_frames, nearest, parse_protocol, read_protocol
from shared.errors import InvalidInput

DEFAULT = read_protocol()
NEUTRAL, SMILE = DEFAULT.windows


def protocol_with(**changes: Any) -> Any:
    return parse_protocol({**copy.deepcopy(DEFAULT.document), **changes}, "test")


def at_rate(fps: float, duration_s: float = 9.0) -> list[float]:
    return [number / fps for number in range(round(duration_s * fps))]


def test_the_default_is_the_protocol_of_0_3_6_9_seconds() -> None:
    assert [(phase.start_s, phase.end_s) for phase in DEFAULT.phases] == [(0, 3), (3, 6), (6, 9)]
    assert [phase.prompt["ko"] for phase in DEFAULT.phases] == ["준비하세요", "웃으세요!", "멈추세요"]
    assert [(window.start_s, window.end_s, window.label) for window in DEFAULT.windows] == [
        (1, 2, "non_smile"),
        (4, 5, "smile"),
    ]
    assert (DEFAULT.frame_count, DEFAULT.frame_interval_ms, DEFAULT.image_size_px) == (5, 100, 224)


@pytest.mark.parametrize(
    ("time_s", "prompt"),
    [
        (0, "Get ready"),
        (2.999, "Get ready"),
        (3, "Smile!"),
        (5.999, "Smile!"),
        (6, "Stop"),
        (9, "Stop"),
        (100, "Stop"),
    ],
)
def test_a_phase_lasts_until_the_next_one_begins(time_s: float, prompt: str) -> None:
    assert DEFAULT.phase_at(time_s).prompt["en"] == prompt


def test_at_30_fps_each_third_frame_is_taken() -> None:
    # Slots of 0.5 s for sequences of 0.4 s: they begin at 1.05 and 1.55 s, frame 32 (1.0667) and frame 47 (1.5667).
    assert choose_frames(DEFAULT, NEUTRAL, at_rate(30)) == [[32, 35, 38, 41, 44], [47, 50, 53, 56, 59]]
    assert choose_frames(DEFAULT, SMILE, at_rate(30)) == [[122, 125, 128, 131, 134], [137, 140, 143, 146, 149]]


def test_at_25_fps_the_nearest_frames_are_taken_and_ties_go_to_the_earlier_one() -> None:
    # Frames lie 40 ms apart. From 1.08 (27): 1.18 is halfway between 1.16 (29) and 1.20 (30).
    assert choose_frames(DEFAULT, NEUTRAL, at_rate(25))[0] in ([27, 29, 32, 34, 37], [27, 30, 32, 35, 37])
    assert choose_frames(DEFAULT, NEUTRAL, [number * 0.0625 for number in range(144)])[0] == [17, 19, 20, 22, 23]


def test_jitter_moves_the_choice_to_the_nearest_frame() -> None:
    times = [0.0, 1.06, 1.10, 1.155, 1.25, 1.27, 1.36, 1.50, 1.60, 2.5]
    # From 1.06: wanted 1.16, 1.26, 1.36, 1.46; 1.26 is as near to 1.25 as to 1.27, but for rounding.
    first = choose_frames(DEFAULT, NEUTRAL, times)[0]
    assert [first[0], first[1], first[3], first[4]] == [1, 3, 6, 7]
    assert first[2] in (4, 5)


def test_a_sequence_with_a_hole_in_it_is_left_out_and_the_other_one_kept() -> None:
    times = [time for time in at_rate(30) if not 1.2 < time < 1.4]  # the hole swallows the third frame's place
    chosen = choose_frames(DEFAULT, NEUTRAL, times)
    assert len(chosen) == 1
    assert [times[index] for index in chosen[0]] == pytest.approx([47 / 30, 50 / 30, 53 / 30, 56 / 30, 59 / 30])


def test_a_film_that_ends_in_the_window_gives_what_was_whole() -> None:
    assert choose_frames(DEFAULT, NEUTRAL, at_rate(30, 1.5)) == [[32, 35, 38, 41, 44]]
    assert choose_frames(DEFAULT, NEUTRAL, at_rate(30, 1.2)) == []


@pytest.mark.parametrize("times", [[], [0.5], [1.5], at_rate(3)])
def test_too_few_frames_give_no_sequence_and_no_error(times: list[float]) -> None:
    assert choose_frames(DEFAULT, NEUTRAL, times) == []


def test_photos_are_sequences_of_one() -> None:
    photo = protocol_with(frame_count=1, frame_interval_ms=0, sequences_per_window=1)
    # One frame in a window of 1 s: the middle, 1.5 s, which is frame 45.
    assert choose_frames(photo, photo.windows[0], at_rate(30)) == [[45]]


def test_a_window_as_long_as_its_sequence_takes_frames_on_both_edges() -> None:
    tight = protocol_with(sequences_per_window=1)
    assert choose_frames(tight, Window(1.0, 1.4, "smile", None), [number / 10 for number in range(20)]) in (
        [[10, 11, 12, 13, 14]],
        [],  # 1.4 may round above the edge; what lies outside is never taken
    )


@pytest.mark.parametrize(
    ("moment", "index"), [(-5, 0), (0, 0), (0.49, 0), (0.5, 0), (0.51, 1), (1, 1), (2.4, 2), (99, 3)]
)
def test_nearest_takes_the_earlier_of_two_that_are_equally_near(moment: float, index: int) -> None:
    assert nearest([0.0, 1.0, 2.0, 3.0], moment) == index


@settings(max_examples=300, deadline=None)
@given(
    gaps_ms=st.lists(st.integers(5, 140), min_size=1, max_size=150),
    interval_ms=st.sampled_from([20, 33.3, 50, 100]),
    per_window=st.integers(1, 4),
    count=st.integers(1, 6),
)
def test_chosen_frames_lie_in_the_window_differ_and_keep_the_spacing_within_half_of_it(
    gaps_ms: list[int], interval_ms: float, per_window: int, count: int
) -> None:
    protocol = protocol_with(frame_count=count, frame_interval_ms=interval_ms, sequences_per_window=per_window)
    times, now = [], 0.0
    for gap in gaps_ms:
        now += gap / 1000
        times.append(now)
    for window in protocol.windows:
        chosen = choose_frames(protocol, window, times)
        assert len(chosen) <= per_window
        assert len({tuple(indices) for indices in chosen}) == len(chosen)
        for indices in chosen:
            assert len(indices) == count
            assert sorted(set(indices)) == indices
            assert all(window.start_s <= times[index] <= window.end_s for index in indices)
            for step, index in enumerate(indices):
                off_ms = 1000 * (times[index] - times[indices[0]]) - step * interval_ms
                assert abs(off_ms) <= interval_ms / 2 + 1e-6


def test_a_sequence_whose_last_frame_would_fall_just_outside_begins_a_frame_earlier() -> None:
    # 24 fps, first frame at 7.8 ms: from 1.591 the fifth frame would be the one at 2.008, so 1.549 (37) is the anchor.
    times = [0.0078125 + number / 24 for number in range(9 * 24)]
    assert choose_frames(DEFAULT, NEUTRAL, times) == [[26, 28, 31, 33, 36], [37, 39, 42, 44, 47]]


@settings(max_examples=200, deadline=None)
@given(fps=st.floats(15, 240), shift_s=st.floats(0, 0.03))
def test_any_even_rate_that_the_protocol_allows_fills_every_window(fps: float, shift_s: float) -> None:
    times = [shift_s + time for time in at_rate(fps)]
    for window in DEFAULT.windows:
        assert len(choose_frames(DEFAULT, window, times)) == DEFAULT.sequences_per_window


def spoil(path: str, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(DEFAULT.document)
    node: Any = document
    *above, last = path.split("/")
    for key in above:
        node = node[int(key)] if isinstance(node, list) else node[key]
    node[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("phases/1/start_s", 3.5, "begins where the one before ends"),
        ("phases/1/end_s", 2, "begins where the one before ends"),
        ("duration_s", 10, "duration_s, 10 s"),
        ("windows/1/end_s", 9.5, "within 0 to 9 s"),
        ("windows/0/start_s", 2, "within 0 to 9 s"),
        ("windows/0/label", "grin", "non_smile, smile"),
        ("windows/0/end_s", 1.3, "at least 0.4 s"),
        ("positive_class", "grin", "non_smile, smile"),
        ("frame_interval_ms", 0, "more than 0"),
    ],
)
def test_a_protocol_that_contradicts_itself_is_refused(path: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        parse_protocol(spoil(path, value), "mine.json")
