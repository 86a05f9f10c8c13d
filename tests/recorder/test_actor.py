import cv2
import numpy as np
import pytest

from shared.dataset.protocol import read_protocol
from tools.recorder.actor.actor import Actor
from tools.recorder.actor.portrait import LAYER_PX

PROTOCOL = read_protocol()
SIZE = (480, 640, 3)


@pytest.mark.parametrize("difficulty", ["easy", "normal"])
@pytest.mark.parametrize("person", range(4))
def test_a_smile_changes_nothing_outside_of_the_mouths_box(person: int, difficulty: str) -> None:
    actor = Actor(person, 100 + person, difficulty, PROTOCOL)
    for time_s in (0.4, 1.37, 4.61, 7.9):
        neutral, smiling = actor.render(time_s, 0.0), actor.render(time_s, 1.0)
        x0, y0, x1, y1 = actor.mouth_box_xyxy_px(time_s)
        changed = (neutral != smiling).any(axis=2)
        assert changed[y0:y1, x0:x1].mean() > 0.02
        changed[y0:y1, x0:x1] = False
        assert not changed.any()
        assert (x1 - x0) * (y1 - y0) < 0.12 * SIZE[0] * SIZE[1]


@pytest.mark.parametrize("person", range(12))
def test_the_box_that_a_head_is_moved_in_cuts_nothing_of_it(person: int) -> None:
    actor = Actor(person, 100 + person, "normal", PROTOCOL)
    small = actor.render(1.37)
    half = LAYER_PX / 2
    actor._painter._head_corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    whole = actor.render(1.37)
    assert np.abs(small.astype(int) - whole).max() <= 1  # another origin, another rounding


def test_a_moment_is_a_pure_function_of_its_time() -> None:
    first, second = (Actor(3, 4, "normal", PROTOCOL) for _ in range(2))
    second.render(0.3)
    assert np.array_equal(first.render(2.5), second.render(2.5))
    assert first.render(2.5).shape == SIZE
    assert first.render(2.5).dtype == np.uint8


@pytest.mark.parametrize("difficulty", ["easy", "normal"])
def test_every_actor_smiles_through_the_smile_window_and_at_no_labelled_moment_else(difficulty: str) -> None:
    for take in range(40):
        actor = Actor(1, take, difficulty, PROTOCOL)
        assert min(actor.smile_at(t) for t in np.linspace(4, 5, 21)) == pytest.approx(1)
        assert max(actor.smile_at(t) for t in np.linspace(0, 3.15, 40)) == 0
        assert actor.smile_at(8.5) == 0


def test_reactions_come_late_and_not_all_at_once() -> None:
    actors = [Actor(1, take, "normal", PROTOCOL) for take in range(30)]
    onsets = [next(t for t in np.arange(3, 4, 0.01) if actor.smile_at(t) > 0) for actor in actors]
    assert 3.2 <= min(onsets) < 3.35
    assert 3.5 < max(onsets) <= 3.7


def test_people_look_different_and_the_same_person_alike() -> None:
    def small(identity: int, take: int) -> np.ndarray:
        picture = Actor(identity, take, "easy", PROTOCOL).render(1.5, 0.0)
        return cv2.resize(picture, (32, 24), interpolation=cv2.INTER_AREA).astype(float)

    same = [np.abs(small(person, 1) - small(person, 2)).mean() for person in range(3)]
    other = [np.abs(small(person, 1) - small(person + 3, 2)).mean() for person in range(3)]
    assert max(same) < min(other)


def test_what_is_not_the_mouth_behaves_alike_before_and_during_the_smile() -> None:
    def average(start_s: float, name: str) -> float:
        values = [
            getattr(actor._face(start_s + offset, 0.0), name)
            for actor in actors
            for offset in (0.1, 0.3, 0.5, 0.7, 0.9)
        ]
        return float(np.mean(values))

    actors = [Actor(1, take, "normal", PROTOCOL) for take in range(30)]
    for name in ("mouth_open", "eyes_closed", "squint", "brows_up"):
        before, during = average(1.0, name), average(4.0, name)
        assert before > 0.01
        assert abs(before - during) < 0.12, name


def test_frame_times_are_30_fps_with_jitter_and_repeatable() -> None:
    times = list(Actor(1, 2, "normal", PROTOCOL).frame_times_s())
    steps = np.diff(times) * 1000
    assert len(times) == 270
    assert times[0] == 0
    assert steps.min() > 33.3 - 13
    assert 1 < steps.std() < 5
    assert times == list(Actor(1, 2, "normal", PROTOCOL).frame_times_s())
    assert times != list(Actor(1, 3, "normal", PROTOCOL).frame_times_s())


@pytest.mark.parametrize("fps", [20.0, 400.0])
def test_frames_come_at_the_rate_that_is_asked_for_and_in_their_order(fps: float) -> None:
    times = list(Actor(1, 2, "normal", PROTOCOL).frame_times_s(fps))
    assert len(times) == 9 * fps
    assert np.diff(times).min() > 0
    assert np.diff(times).mean() == pytest.approx(1 / fps, rel=0.01)
