"""A normalised face is the same wherever it stands, however large it is and (upright) however it is tilted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.arrays import F32
from shared.errors import InvalidInput
from shared.faces import normalise as normalise_module
from shared.faces.normalise import LEFT_EYE, NOSE_TIP, RIGHT_EYE, SCHEMES, normalise

seeds = st.integers(0, 10_000)
shifts = st.floats(-2, 2)
scales = st.floats(0.05, 20)
angles = st.floats(-180, 180)


def draw_face(seed: int) -> F32:
    """Scatter 478 points with the eyes apart, as in any face."""
    rng = np.random.default_rng(seed)
    points = rng.normal(0.5, 0.1, (478, 3))
    points[list(RIGHT_EYE), 0] -= 0.3
    points[list(LEFT_EYE), 0] += 0.3
    return points.astype(np.float32)


def turn(points: F32, degrees: float) -> F32:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = points.astype(np.float64)
    turned[..., :2] = points[..., :2] @ np.array([[cosine, sine], [-sine, cosine]])
    return turned.astype(np.float32)


@pytest.mark.parametrize("with_z", [False, True])
@pytest.mark.parametrize("scheme", SCHEMES)
@settings(max_examples=40, deadline=None)
@given(seed=seeds, x=shifts, y=shifts, scale=scales)
def test_shift_and_scale_change_nothing(scheme: str, with_z: bool, seed: int, x: float, y: float, scale: float) -> None:
    face = draw_face(seed)
    moved = (face.astype(np.float64) * scale + np.array([x, y, 0.0])).astype(np.float32)
    expected = normalise(face, scheme, with_z=with_z)
    assert np.allclose(normalise(moved, scheme, with_z=with_z), expected, atol=2e-3)


@settings(max_examples=60, deadline=None)
@given(seed=seeds, degrees=angles)
def test_roll_changes_nothing_of_an_upright_face(seed: int, degrees: float) -> None:
    face = draw_face(seed)
    assert np.allclose(normalise(turn(face, degrees)), normalise(face), atol=1e-4)


def test_roll_changes_the_other_schemes() -> None:
    face = draw_face(1)
    for scheme in ("farthest", "eyes"):
        assert np.abs(normalise(turn(face, 30), scheme) - normalise(face, scheme)).max() > 0.1


@settings(max_examples=40, deadline=None)
@given(seed=seeds, with_z=st.booleans())
def test_the_farthest_point_has_distance_1_and_the_nose_is_the_origin(seed: int, with_z: bool) -> None:
    points = normalise(draw_face(seed), "farthest", with_z=with_z)
    assert np.linalg.norm(points, axis=-1).max() == pytest.approx(1)
    assert points[NOSE_TIP].tolist() == [0.0] * (2 + with_z)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, degrees=angles)
def test_the_eyes_of_an_upright_face_are_level_and_1_apart(seed: int, degrees: float) -> None:
    points = normalise(turn(draw_face(seed), degrees))
    left, right = points[list(LEFT_EYE)].mean(0), points[list(RIGHT_EYE)].mean(0)
    assert (left - right).tolist() == pytest.approx([1.0, 0.0], abs=1e-5)


def test_numbers_by_hand() -> None:
    # Nose at (5, 5), eye middles at (2, 1) and (8, 9): 10 apart, the line falls by 4 in 3 (cosine 0.6, sine 0.8).
    face = np.full((478, 3), 5.0, np.float32)
    face[list(RIGHT_EYE), :2] = [[1, 1], [3, 1]]
    face[list(LEFT_EYE), :2] = [[8, 8], [8, 10]]
    face[0, :2] = [5, 15]  # ten below the nose
    assert normalise(face, "eyes")[0].tolist() == pytest.approx([0.0, 1.0])
    assert normalise(face, "upright")[0].tolist() == pytest.approx([0.8, 0.6])
    assert normalise(face, "farthest")[0].tolist() == pytest.approx([0.0, 1.0])
    assert normalise(face, "farthest")[33].tolist() == pytest.approx([-0.4, -0.4])


def test_the_aspect_makes_a_face_in_a_wide_picture_that_of_a_square_one() -> None:
    face = draw_face(3)
    wide = face.copy()
    wide[:, [0, 2]] /= 16 / 9  # fractions of a width that is 16/9 of the height
    for scheme in SCHEMES:
        assert np.allclose(
            normalise(wide, scheme, with_z=True, aspect=16 / 9), normalise(face, scheme, with_z=True), atol=1e-5
        )


def test_z_is_left_out_by_default_and_scaled_like_x_if_asked_for() -> None:
    face = draw_face(4)
    flat, deep = normalise(face), normalise(face, with_z=True)
    assert flat.shape == (478, 2)
    assert deep.shape == (478, 3)
    assert np.array_equal(deep[:, :2], flat)
    apart = np.linalg.norm(face[list(LEFT_EYE), :2].mean(0) - face[list(RIGHT_EYE), :2].mean(0))
    assert np.allclose(deep[:, 2], (face[:, 2] - face[NOSE_TIP, 2]) / apart, atol=1e-5)


def test_a_missing_face_stays_missing_and_does_not_touch_its_neighbour() -> None:
    faces = np.stack([np.full((478, 3), np.nan, np.float32), draw_face(5), np.full((478, 3), 0.5, np.float32)])
    for scheme in SCHEMES:
        out = normalise(faces, scheme)
        assert np.isnan(out[0]).all()
        assert np.array_equal(out[1], normalise(faces[1], scheme))
        assert np.isnan(out[2]).all()  # all points in one spot


def test_a_scheme_or_a_shape_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match="found 'mouth', expected farthest or eyes or upright"):
        normalise(draw_face(1), "mouth")
    with pytest.raises(InvalidInput, match=r"\(478, 2\), expected \(\.\.\., 478, 3\)"):
        normalise(draw_face(1)[:, :2])


@pytest.mark.parametrize("with_z", [False, True])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_layer_in_the_graph_says_the_same(scheme: str, with_z: bool) -> None:
    torch = pytest.importorskip("torch", reason="the trainer extra is not installed")
    from shared.models.landmark_input import LandmarkInput

    faces = np.stack([draw_face(seed) for seed in range(6)]).reshape(2, 3, 478, 3)
    layer = LandmarkInput(scheme, with_z=with_z)
    out = layer(torch.from_numpy(faces)).numpy()
    assert out.shape == (2, 3, layer.width)
    assert layer.width == (1434 if with_z else 956)
    assert np.allclose(out.reshape(2, 3, 478, -1), normalise(faces, scheme, with_z=with_z), atol=1e-5)


def test_the_exported_graph_says_the_same() -> None:
    torch = pytest.importorskip("torch", reason="the exporter extra is not installed")
    ort = pytest.importorskip("onnxruntime", reason="the exporter extra is not installed")
    from shared.models.landmark_input import LandmarkInput
    from shared.models.onnx_export import export_module

    face = draw_face(7)[None, None]
    graph = export_module(LandmarkInput(with_z=True), torch.from_numpy(face), "landmarks", ("numbers",))
    session = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    out = session.run(None, {"landmarks": face})[0]
    assert np.allclose(out.reshape(1, 1, 478, 3), normalise(face, with_z=True), atol=1e-5)


def test_the_example_of_the_docstring_holds() -> None:
    import doctest

    assert doctest.testmod(normalise_module).failed == 0
