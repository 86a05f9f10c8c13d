"""The landmarker on real photos: what it finds, what it says of several faces or none, and how it fails."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from shared import paths
from shared.arrays import U8
from shared.errors import InvalidInput, MissingOutside
from shared.faces.landmarker import BLENDSHAPES, KNOWN_SHA256, MODEL_NAME, FaceLandmarker, find_model, smile_score
from shared.preprocess import crop_and_resize

ROOT = Path(__file__).parents[3]
PHOTOS = paths.assets() / "data/images/genki4k"
NO_FACE = paths.assets() / "videos/raw/no_face.mp4"
MODEL = paths.assets() / "models" / MODEL_NAME

pytest.importorskip("mediapipe", reason="the featurizer extra is not installed")
needs_model = pytest.mark.skipif(not MODEL.is_file(), reason=f"no {MODEL}")
needs_photos = pytest.mark.skipif(not (PHOTOS / "labels.csv").is_file() or not MODEL.is_file(), reason=f"no {PHOTOS}")


@pytest.fixture(scope="module")
def landmarker() -> Iterator[FaceLandmarker]:
    with FaceLandmarker(MODEL) as opened:
        yield opened


def photos(smile: int, count: int) -> list[U8]:
    """Crop the first photos of a label as datasets hold them."""
    lines = (PHOTOS / "labels.csv").read_text(encoding="utf-8").splitlines()[1:]
    names = [line.split(",")[0] for line in lines if line.endswith(f",{smile}")]
    folder = PHOTOS / "images" if (PHOTOS / "images").is_dir() else PHOTOS
    pictures = [cv2.imread(str(folder / name), cv2.IMREAD_COLOR_RGB) for name in names[:count]]
    return [crop_and_resize(np.asarray(picture, np.uint8)) for picture in pictures if picture is not None]


@needs_photos
def test_a_face_gives_478_points_inside_of_the_picture_and_52_named_blendshapes(landmarker: FaceLandmarker) -> None:
    reading = landmarker.read(photos(1, 1)[0])
    assert reading.found
    assert reading.n_faces == 1
    assert reading.points is not None
    assert reading.blendshapes is not None
    assert reading.points.shape == (478, 3)
    assert reading.points.dtype == np.float32
    assert -0.1 < reading.points[:, :2].min() < reading.points[:, :2].max() < 1.1
    assert reading.blendshapes.shape == (52,)
    assert 0 <= reading.blendshapes.min() <= reading.blendshapes.max() <= 1


@needs_photos
def test_the_names_of_the_blendshapes_are_the_models_own(landmarker: FaceLandmarker) -> None:
    import mediapipe

    picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=photos(1, 1)[0])
    mediapipe_result = landmarker._task.detect(picture).face_blendshapes[0]
    assert tuple(category.category_name for category in mediapipe_result) == BLENDSHAPES


@needs_photos
def test_what_is_read_is_what_mediapipes_own_interface_gives(landmarker: FaceLandmarker) -> None:
    import mediapipe

    for photo in photos(1, 4):
        mediapipe_result = landmarker._task.detect(
            mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(photo))
        )
        reading = landmarker.read(photo)
        assert reading.points is not None
        assert reading.points.tolist() == [[p.x, p.y, p.z] for p in mediapipe_result.face_landmarks[0]]
        assert reading.blendshapes is not None
        assert reading.blendshapes.tolist() == [category.score for category in mediapipe_result.face_blendshapes[0]]
        assert np.array_equal(reading.pose, mediapipe_result.facial_transformation_matrixes[0])


@needs_photos
def test_smiles_score_higher_than_serious_faces(landmarker: FaceLandmarker) -> None:
    def median(smile: int) -> float:
        readings = [landmarker.read(photo) for photo in photos(smile, 8)]
        scores = [smile_score(r.blendshapes) for r in readings if r.blendshapes is not None]
        assert len(scores) >= 7
        return float(np.median(scores))

    assert median(1) > 0.5 > 0.2 > median(0)


def test_the_smile_score_is_the_mean_of_both_sides() -> None:
    blendshapes = np.zeros((2, 52), np.float32)
    blendshapes[0, BLENDSHAPES.index("mouthSmileLeft")] = 0.8
    blendshapes[0, BLENDSHAPES.index("mouthSmileRight")] = 0.4
    blendshapes[1] = np.nan
    scores = smile_score(blendshapes)
    assert scores[0] == pytest.approx(0.6)
    assert np.isnan(scores[1])


@needs_photos
def test_a_picture_is_read_the_same_whatever_came_before(landmarker: FaceLandmarker) -> None:
    first, other = photos(1, 2)
    before = landmarker.read(first)
    landmarker.read(other)
    after = landmarker.read(first)
    assert np.array_equal(before.points, after.points)
    assert np.array_equal(before.blendshapes, after.blendshapes)


@needs_photos
def test_of_two_faces_the_larger_is_read_and_both_are_counted(landmarker: FaceLandmarker) -> None:
    large, small = photos(1, 2)
    both = np.zeros((336, 560, 3), np.uint8)
    both[:, :336] = cv2.resize(large, (336, 336))
    both[56:280, 336:] = small
    reading = landmarker.read(both)
    assert reading.n_faces == 2
    assert reading.points is not None
    assert reading.points[:, 0].mean() < 0.6  # the left, larger one
    turned = landmarker.read(np.ascontiguousarray(both[:, ::-1]))
    assert turned.points is not None
    assert turned.points[:, 0].mean() > 0.4


@needs_photos
def test_a_face_that_fills_the_picture_is_found_and_its_points_are_those_of_the_picture(
    landmarker: FaceLandmarker,
) -> None:
    rescued = 0
    for photo in photos(0, 12):
        whole = landmarker.read(photo)
        assert whole.points is not None
        low, high = whole.points[:, :2].min(0) * 224, whole.points[:, :2].max(0) * 224
        x0, y0, x1, y1 = (round(float(v)) for v in (*(low + 0.1 * (high - low)), *(high - 0.1 * (high - low))))
        tight = photo[y0:y1, x0:x1]
        reading = landmarker.read(tight)
        assert reading.points is not None
        rescued += not landmarker._read_once(tight).found
        moved = (reading.points[:, :2] * (x1 - x0, y1 - y0) + (x0, y0)) / 224
        # Cheeks and forehead are cut away; eyes, nose and mouth must lie where they lie in the whole photo.
        inner = np.array([1, 33, 263, 61, 291, 13, 14])
        assert np.median(np.abs(moved - whole.points[:, :2])[inner]) < 0.02
    assert rescued > 0  # else this test says nothing of the border


@pytest.mark.skipif(not NO_FACE.is_file() or not MODEL.is_file(), reason=f"no {NO_FACE}")
def test_a_film_without_a_face_gives_none(landmarker: FaceLandmarker) -> None:
    film = cv2.VideoCapture(str(NO_FACE))
    good, frame = film.read()
    assert good
    reading = landmarker.read(np.ascontiguousarray(frame[:, :, ::-1], dtype=np.uint8))
    assert (reading.found, reading.n_faces, reading.points, reading.yaw_deg) == (False, 0, None, None)


@needs_photos
def test_a_mirrored_head_is_turned_the_other_way(landmarker: FaceLandmarker) -> None:
    for photo in photos(1, 8):
        yaw, mirrored = landmarker.read(photo).yaw_deg, landmarker.read(np.ascontiguousarray(photo[:, ::-1])).yaw_deg
        assert yaw is not None
        assert mirrored is not None
        assert abs(yaw + mirrored) < 8
        assert abs(yaw) < 60


@needs_model
def test_nothing_is_logged() -> None:
    code = (
        "from shared.faces.landmarker import FaceLandmarker; import numpy as np, pathlib, sys\n"
        "with FaceLandmarker(pathlib.Path(sys.argv[1])) as landmarker:\n"
        "    print(landmarker.read(np.zeros((224, 224, 3), np.uint8)).found, landmarker.model_sha256)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(MODEL)], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["False", KNOWN_SHA256]
    assert done.stderr == ""


def test_a_missing_model_is_missing_outside_and_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(tmp_path / "nowhere"))
    with pytest.raises(MissingOutside, match=r"face_landmarker\.task.*\./inv fetch-models") as caught:
        find_model()
    assert caught.value.exit_code == 3
    with pytest.raises(MissingOutside, match=r"other\.task: found no such file.*fetch-models"):
        find_model(tmp_path / "other.task")


def test_models_are_looked_for_among_the_fetched_ones_and_beside_the_checkout_only_where_the_assets_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "checkout"))
    monkeypatch.delenv("SMILEBENCH_ASSETS")
    beside = tmp_path / "shared" / "models" / MODEL_NAME
    beside.parent.mkdir(parents=True)
    beside.write_bytes(b"a model of somebody else's")
    with pytest.raises(MissingOutside, match="fetch-models"):
        find_model()
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(tmp_path / "shared"))
    assert find_model() == beside
    fetched = tmp_path / "checkout" / "artifacts" / "fetched" / MODEL_NAME
    fetched.parent.mkdir(parents=True)
    fetched.write_bytes(b"fetched")
    assert find_model() == fetched


def test_a_file_that_is_no_landmarker_is_refused_in_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "face_landmarker.task"
    broken.write_bytes(b"PK\x03\x04 nothing of a model")
    with pytest.raises(InvalidInput, match=r"cannot load.*fetch-models") as caught:
        FaceLandmarker(broken)
    assert "\n" not in str(caught.value)


@needs_model
def test_half_a_model_file_is_refused_too(tmp_path: Path) -> None:
    half = tmp_path / "face_landmarker.task"
    half.write_bytes(MODEL.read_bytes()[:2_000_000])
    with pytest.raises(InvalidInput, match="cannot load"):
        FaceLandmarker(half)


def test_without_mediapipe_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    model = tmp_path / "face_landmarker.task"
    model.write_bytes(b"x")
    with pytest.raises(MissingOutside, match=r"featurizer extra.*\./inv"):
        FaceLandmarker(model)
