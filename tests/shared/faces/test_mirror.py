"""Mirror images of points and blendshapes: the partner of each, and what a mirrored photo really shows."""

import csv

import cv2
import numpy as np
import pytest

from shared import paths
from shared.errors import MissingOutside
from shared.faces.landmarker import BLENDSHAPES, SMILE_LEFT, SMILE_RIGHT, FaceLandmarker, find_model
from shared.faces.mirror import BLENDSHAPE_TWINS, POINT_TWINS
from shared.faces.normalise import LEFT_EYE, NOSE_TIP, RIGHT_EYE, normalise


@pytest.mark.parametrize("partners", [POINT_TWINS, BLENDSHAPE_TWINS])
def test_the_partner_of_a_partner_is_the_point_itself(partners: tuple[int, ...]) -> None:
    assert sorted(partners) == list(range(len(partners)))
    assert [partners[partner] for partner in partners] == list(range(len(partners)))


def test_eyes_and_cheeks_change_sides_and_the_nose_stays() -> None:
    assert [POINT_TWINS[corner] for corner in RIGHT_EYE] == [LEFT_EYE[1], LEFT_EYE[0]]
    assert POINT_TWINS[NOSE_TIP] == NOSE_TIP
    assert BLENDSHAPE_TWINS[SMILE_LEFT] == SMILE_RIGHT
    assert BLENDSHAPE_TWINS[BLENDSHAPES.index("mouthFunnel")] == BLENDSHAPES.index("mouthFunnel")


def test_a_mirrored_photo_shows_the_twins() -> None:
    folder = paths.assets() / "data/images/genki4k"
    try:
        model = find_model()
    except MissingOutside as missing:
        pytest.skip(str(missing))
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    pytest.importorskip("mediapipe")
    distances, random = [], []
    with FaceLandmarker(model) as landmarker, (folder / "labels.csv").open(encoding="utf-8") as file:
        for row in list(csv.DictReader(file))[:40]:
            photo = np.asarray(cv2.imread(str(folder / "images" / row["file"]), cv2.IMREAD_COLOR_RGB), np.uint8)
            seen, mirrored = landmarker.read(photo), landmarker.read(np.ascontiguousarray(photo[:, ::-1]))
            if seen.points is None or mirrored.points is None:
                continue
            height, width = photo.shape[:2]
            faces = [normalise(one.points, aspect=width / height) for one in (seen, mirrored)]
            distances.append(np.abs(faces[0] - faces[1][list(POINT_TWINS)] * [-1, 1]).mean())
            random.append(np.abs(faces[0] - faces[1] * [-1, 1]).mean())
    assert len(distances) > 30
    assert np.median(distances) < 0.03  # of the distance between the eyes
    assert np.median(random) > 0.3  # points that keep their number are elsewhere
