"""Faces made by arithmetic: where their points lie, what moves with a smile, and how a graph is asked about z."""

import numpy as np
import pytest

from shared.faces.landmarker import BLENDSHAPES, SMILE_LEFT, smile_score
from shared.faces.normalise import LEFT_EYE, NOSE_TIP, RIGHT_EYE, normalise
from shared.faces.synthetic import Pose, depends_on_z, draw_points, draw_scores

MOUTH_CORNERS = (61, 291)


def test_the_nose_lies_where_the_pose_says_and_the_eyes_above_it_on_their_sides() -> None:
    points = draw_points(pose=Pose(x=0.4, y=0.7, size=0.2))
    assert points.shape == (478, 3)
    assert points.dtype == np.float32
    assert points[NOSE_TIP, :2] == pytest.approx([0.4, 0.7], abs=1e-6)
    assert points[list(RIGHT_EYE), 0].max() < 0.4 < points[list(LEFT_EYE), 0].min()
    assert points[[*RIGHT_EYE, *LEFT_EYE], 1].max() < 0.7
    assert points[NOSE_TIP, 2] == points[:, 2].min()  # nothing is nearer


def test_a_smile_pulls_the_corners_of_the_mouth_out_and_up() -> None:
    calm, smiling = draw_points(0), draw_points(1)
    right, left = MOUTH_CORNERS
    assert smiling[right, 0] < calm[right, 0] < calm[left, 0] < smiling[left, 0]
    assert (smiling[[right, left], 1] < calm[[right, left], 1]).all()
    assert draw_scores(1)[SMILE_LEFT] > 0.8 > 0.2 > draw_scores(0)[SMILE_LEFT]
    assert smile_score(draw_scores(-1)) < 0.2


def test_a_turned_and_moved_face_is_the_same_face_once_it_is_normalised() -> None:
    here = normalise(draw_points(0.5, seed=3))
    there = normalise(draw_points(0.5, pose=Pose(0.2, 0.3, 0.05, roll_deg=40), seed=3))
    assert np.abs(here - there).max() < 1e-4
    assert np.abs(here - normalise(draw_points(0.5, seed=4))).max() > 0.01  # another seed is another face


def test_the_same_call_gives_the_same_numbers_and_scores_stay_scores() -> None:
    assert np.array_equal(draw_points(0.3, 0.2, seed=5), draw_points(0.3, 0.2, seed=5))
    for wild in (-3.0, 3.0):
        scores = draw_scores(wild, wild)
        assert scores.shape == (len(BLENDSHAPES),)
        assert scores.min() >= 0
        assert scores.max() <= 1


def test_a_graph_is_asked_about_z_with_windows_of_its_length() -> None:
    seen = []

    def flat(points: np.ndarray) -> float:
        seen.append(points.shape)
        return float(points[..., :2].sum())

    assert not depends_on_z(flat, 5)
    assert set(seen) == {(5, 478, 3)}
    assert depends_on_z(lambda points: float(points[..., 2].sum()), 1)
