"""Quality of sequences: numbers by hand on drawn pictures, and a real face blurred, darkened, tilted and doubled."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from shared import paths, preprocess
from shared.arrays import U8
from shared.dataset.protocol import read_protocol
from shared.dataset.quality import Limits, faults_of, jitter_ms, measure_picture, measure_sequence
from shared.errors import InvalidInput
from shared.faces.detector import MODEL_NAME, FaceFinder, find_model, open_finder
from shared.video import Film

LIMITS = Limits()
ASSETS = paths.assets()


def test_the_default_protocol_holds_the_default_limits() -> None:
    assert Limits.of(read_protocol().document) == Limits()


def test_what_a_protocol_does_not_say_is_the_default() -> None:
    assert Limits.of({"quality": {"min_sharpness": 30}}) == Limits(min_sharpness=30)
    assert Limits.of({}) == Limits()


def test_a_chequered_picture_by_hand() -> None:
    # Grey 0 and 255 by turns: mean 127.5, standard deviation 127.5. The Laplacian is 4 neighbours minus 4 times the
    # middle, all four of the other colour: +1020 or -1020 by turns, of variance 1020 squared.
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    found = measure_picture(np.repeat(board[..., None], 3, axis=2), None)
    assert found.brightness == pytest.approx(0.5)
    assert found.contrast == pytest.approx(0.5)
    assert found.sharpness == pytest.approx(1020**2, rel=1e-6)
    assert (found.n_faces, found.face, found.face_share) == (None, None, None)
    assert faults_of(found, LIMITS) == []


@pytest.mark.parametrize("color", [(0, 0, 0), (0, 135, 0), (255, 255, 255), (120, 120, 120)])
def test_a_covered_lens_a_broken_stream_and_a_wall_are_blank(color: tuple[int, int, int]) -> None:
    noise = np.random.default_rng(0).normal(0, 1.5, (64, 64, 1))
    picture = np.clip(np.full((64, 64, 3), color) + noise, 0, 255).astype(np.uint8)
    assert faults_of(measure_picture(picture, None), LIMITS) == ["blank"]


def test_a_black_room_with_a_lamp_is_dark() -> None:
    room = np.full((224, 224, 3), 4, np.uint8)
    room[10:20, 10:20] = 255
    assert faults_of(measure_picture(room, None), LIMITS) == ["dark"]


@pytest.mark.parametrize(
    ("times_ms", "expected"),
    [([0, 100, 200, 300, 400], 0), ([7, 107, 207, 307, 407], 0), ([0, 110, 200, 290, 400], 10), ([0, 100, 240], 20)],
)
def test_jitter_by_hand(times_ms: list[float], expected: float) -> None:
    assert jitter_ms(times_ms, 100) == pytest.approx(expected)


def test_a_sequence_has_the_faults_of_most_of_its_pictures() -> None:
    rng = np.random.default_rng(1)
    good, black = rng.integers(60, 200, (48, 48, 3), dtype=np.uint8), np.zeros((48, 48, 3), np.uint8)
    times = [0.0, 100.0, 200.0, 300.0, 400.0]
    one, three = np.stack([good] * 4 + [black]), np.stack([good] * 2 + [black] * 3)
    assert measure_sequence(one, times, 100, None, LIMITS).faults == ()
    assert measure_sequence(three, times, 100, None, LIMITS).faults == ("blank",)
    late = [0.0, 100.0, 320.0, 300.0, 400.0]
    assert measure_sequence(one, late, 100, None, LIMITS).faults == ("uneven",)


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    model = ASSETS / "models" / MODEL_NAME
    if not model.is_file():
        pytest.skip("no YuNet in SMILEBENCH_ASSETS")
    return FaceFinder(model)


@pytest.fixture(scope="module")
def portrait() -> U8:
    film = ASSETS / "videos" / "protocol" / "s03_take1.mp4"
    if not film.is_file():
        pytest.skip("no films in SMILEBENCH_ASSETS")
    return next(iter(Film(str(film)))).rgb_hwc_u8


def turned(picture: U8, angle_deg: float) -> U8:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 0.8)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def far_away(picture: U8) -> U8:
    height, width = (2 * size for size in picture.shape[:2])
    return np.asarray(cv2.copyMakeBorder(picture, height, height, width, width, cv2.BORDER_REPLICATE), np.uint8)


def two_of_them(picture: U8) -> U8:
    small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    both = np.concatenate([small, small[:, ::-1]], axis=1)
    return np.asarray(cv2.copyMakeBorder(both, 60, 60, 0, 0, cv2.BORDER_REPLICATE), np.uint8)


def test_a_real_face_is_good_and_what_spoils_it_is_named(finder: FaceFinder, portrait: U8) -> None:
    spoilt = {
        "": portrait,
        "blurred": cv2.GaussianBlur(portrait, (0, 0), 8),
        "dark": (portrait * 0.15).astype(np.uint8),
        "bright": np.clip(portrait.astype(np.int16) + 190, 0, 255).astype(np.uint8),
        "tilted": turned(portrait, 40),
        "many_faces": two_of_them(portrait),
        "no_face": np.ascontiguousarray(portrait[: portrait.shape[0] // 5]),
    }
    for fault, picture in spoilt.items():
        found = measure_picture(preprocess.crop_and_resize(np.asarray(picture, np.uint8)), finder)
        assert ([fault] if fault else []) == faults_of(found, LIMITS)[:1], (fault, found)
    far = measure_picture(preprocess.crop_and_resize(far_away(portrait)), finder)
    assert far.face_share == pytest.approx(0.13, abs=0.03)  # 0.65 of the height, made five times smaller
    assert faults_of(far, LIMITS) == ["small_face"]


def test_the_tilt_is_measured_with_its_sign(finder: FaceFinder, portrait: U8) -> None:
    rolls = [finder.find(preprocess.crop_and_resize(turned(portrait, angle)))[0].roll_deg for angle in (-20, 0, 20)]
    # OpenCV turns counter-clockwise, so that the line between the eyes rises to the picture's right. Once
    # YuNet saw small faces only, and drew their points upright: 20 degrees were 3.
    assert rolls[0] - rolls[1] == pytest.approx(18, abs=6)
    assert rolls[2] - rolls[1] == pytest.approx(-18, abs=6)


def test_a_model_is_looked_for_and_a_wrong_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(tmp_path / "assets"))
    assert find_model() is None
    assert open_finder() is None
    assert find_model("none") is None
    with pytest.raises(InvalidInput, match=r"no such file.*fetch-models"):
        find_model(str(tmp_path / "yunet.onnx"))
    fetched = tmp_path / "home" / "artifacts" / "fetched" / MODEL_NAME
    fetched.parent.mkdir(parents=True)
    fetched.write_bytes(b"no model")
    assert find_model() == fetched
    with pytest.raises(InvalidInput, match=r"no face detector.*fetch-models"):
        open_finder()


@pytest.mark.parametrize("angle_deg", [-40, -20, 0, 20, 40])
def test_a_tilt_is_read_as_it_is(finder: FaceFinder, portrait: U8, angle_deg: float) -> None:
    """YuNet alone reads 40 degrees as 14 to 35, by the picture: the face is turned upright until it is."""
    (face, *_) = finder.find(preprocess.crop_and_resize(turned(portrait, angle_deg)))
    assert face.roll_deg == pytest.approx(-angle_deg, abs=6)


def beside(picture: U8, share: float) -> U8:
    """Put the same face, small, into the upper left corner of a picture's middle square."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture[:, (width - height) // 2 : (width + height) // 2], None, fx=share, fy=share)
    shown = picture.copy()
    x0 = max(0, (width - height) // 2)
    shown[: small.shape[0], x0 : x0 + small.shape[1]] = small
    return shown


@pytest.mark.parametrize(
    ("share", "n_with", "faults"), [(0.3, 5, ("many_faces",)), (0.3, 2, ("many_faces",)), (0.3, 0, ())]
)
def test_somebody_small_behind_is_a_second_face(
    share: float, n_with: int, faults: tuple[str, ...], finder: FaceFinder, portrait: U8
) -> None:
    """Faces of less than half the first one's height were not counted: a bystander was stored as "one face"."""
    alone, both = (preprocess.crop_and_resize(each, 224) for each in (portrait, beside(portrait, share)))
    if n_with:
        found = finder.find(both)
        assert [20 < face.height_px < 0.5 * found[0].height_px for face in found[1:]] == [True]
    pictures = np.stack([both] * n_with + [alone] * (5 - n_with))
    times = [0.0, 100.0, 200.0, 300.0, 400.0]
    assert measure_sequence(pictures, times, 100, finder, LIMITS).faults == faults
