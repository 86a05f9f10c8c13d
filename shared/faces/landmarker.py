"""MediaPipe's Face Landmarker, one picture at a time: 478 points, 52 blendshapes and the head's pose of the chief face.

The model file is not part of the project: it is looked up (`find_model`) and known by its hash. Every picture stands
alone (image mode), so what comes out for it does not depend on the pictures before. Single-threaded: a process that
wants two cores runs two of these in two processes.

    ./inv fetch-models                      # once
    with FaceLandmarker() as landmarker:
        reading = landmarker.read(picture)  # reading.found, .points, .blendshapes, .n_faces
"""

import dataclasses
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts, paths
from shared.arrays import F32, U8
from shared.errors import InvalidInput, MissingOutside, first_line
from shared.faces.silence import hushed_stderr, send_no_usage_figures

MODEL_NAME = "face_landmarker.task"
KNOWN_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"  # float16 bundle, version 1

N_POINTS = 478
BORDER = 0.25  # of the picture's size, on each side; see FaceLandmarker.read
MAX_FACES = 3  # enough to say "more than one"; a further face costs a further run of the mesh
BLENDSHAPES = (
    "_neutral",
    *("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    *("cheekPuff", "cheekSquintLeft", "cheekSquintRight"),
    *("eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight"),
    *("eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight"),
    *("eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight"),
    *("jawForward", "jawLeft", "jawOpen", "jawRight"),
    *("mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel"),
    *("mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker"),
    *("mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper"),
    *("mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight"),
    *("mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight"),
)
N_BLENDSHAPES = len(BLENDSHAPES)
SMILE_LEFT, SMILE_RIGHT = BLENDSHAPES.index("mouthSmileLeft"), BLENDSHAPES.index("mouthSmileRight")


@dataclass(frozen=True)
class FaceReading:
    """What the landmarker reads in one picture.

    Attributes:
        n_faces: Faces found, 0 to `MAX_FACES`. With several, the rest is of the largest.
        points: (478, 3) float32 as MediaPipe gives them: x and y as fractions of the picture's width and height (a
            point may lie outside of 0 to 1), z in the scale of x, smaller is nearer. None where there is no face.
        blendshapes: (52,) float32 from 0 to 1, named by `BLENDSHAPES`; or None.
        pose: (4, 4) float32, from the canonical face (in centimetres) to the camera; or None.
    """

    n_faces: int
    points: F32 | None
    blendshapes: F32 | None
    pose: F32 | None

    @property
    def found(self) -> bool:
        """Whether there is a face."""
        return self.n_faces > 0

    @property
    def yaw_deg(self) -> float | None:
        """How far the head is turned to its left (positive) or right, in degrees; 0 is frontal, 90 a profile."""
        return None if self.pose is None else float(np.degrees(np.arctan2(self.pose[0, 2], self.pose[2, 2])))


NO_FACE = FaceReading(0, None, None, None)


def smile_score(blendshapes: F32) -> F32:
    """Score smiles without any training: the mean of mouthSmileLeft and mouthSmileRight.

    Args:
        blendshapes: (..., 52).

    Returns:
        (...) float32 from 0 to 1; nan where the blendshapes are nan, as for a picture without a face.
    """
    return np.asarray((blendshapes[..., SMILE_LEFT] + blendshapes[..., SMILE_RIGHT]) / 2, dtype=np.float32)


def find_model(chosen: str | Path | None = None) -> Path:
    """Return the landmarker's model file.

    Args:
        chosen: What --landmark-model was given; None searches the fetched models, then the assets.

    Raises:
        MissingOutside: It is nowhere; says how to get it.
    """
    todo = "get it once: ./inv fetch-models (or name one with --landmark-model)"
    if chosen is not None:
        path = Path(chosen).expanduser().resolve()
        if not path.is_file():
            raise MissingOutside(str(path), found="no such file", expected=f"MediaPipe's {MODEL_NAME}", todo=todo)
        return path
    for folder in model_folders():
        if (folder / MODEL_NAME).is_file():
            return folder / MODEL_NAME
    raise MissingOutside(MODEL_NAME, found="no such model", expected="MediaPipe's Face Landmarker", todo=todo)


def model_folders() -> list[Path]:
    """List where fetched models may lie, the first choice first: where ./inv fetch-models puts them, and the assets."""
    assets = paths.assets()
    return [paths.artifacts("fetched"), *([assets / "models"] if assets else [])]


class FaceLandmarker(AbstractContextManager["FaceLandmarker"]):
    """A loaded Face Landmarker. Use it as a context manager, or close it.

    Args:
        model: The .task file; None finds it.

    Raises:
        MissingOutside: No model file, or no mediapipe.
        InvalidInput: The file is no Face Landmarker.

    Attributes:
        model: The file.
        model_sha256: Its hash; features of different models never mix.
    """

    def __init__(self, model: Path | None = None) -> None:
        self.model = model or find_model()
        data = _read_model(self.model)
        self.model_sha256 = contracts.sha256_file(self.model)
        vision, base_options, self._image = _import_mediapipe()
        options = vision.FaceLandmarkerOptions(
            base_options=base_options(model_asset_buffer=data),
            num_faces=MAX_FACES,
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
        )
        self._is_open = True
        with hushed_stderr():
            try:
                self._task: Any = vision.FaceLandmarker.create_from_options(options)
            except (RuntimeError, ValueError) as error:
                raise InvalidInput(
                    str(self.model),
                    found=f"a file that mediapipe cannot load ({first_line(error)})",
                    expected="MediaPipe's Face Landmarker",
                    todo="get it again: ./inv fetch-models",
                ) from None
            self.read(np.zeros((64, 64, 3), np.uint8))  # what MediaPipe logs with its first picture is hushed as well

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the model; a second call does nothing."""
        self._is_open = False
        self._task.close()

    def read(self, picture_rgb_hwc_u8: U8) -> FaceReading:
        """Find the faces of a picture and read the largest.

        Where none is found, the picture is tried once more with a black border: the detector knows faces with something
        around them, and misses a third of those that fill the picture (of 300 tight 64 px crops it finds 191 without
        and 298 with the border; of 2,000 whole photos 1,987 either way). A page must do the same.

        Args:
            picture_rgb_hwc_u8: (H, W, 3), RGB, 0 to 255, any size.

        Raises:
            InvalidInput: The model gives another number of points or blendshapes than this program knows.
            ValueError: It is closed. MediaPipe itself would find no face in any picture then.
        """
        if not self._is_open:
            raise ValueError("this landmarker is closed")
        reading = self._read_once(picture_rgb_hwc_u8)
        if reading.points is not None:
            return reading
        height, width = (round(BORDER * size) for size in picture_rgb_hwc_u8.shape[:2])
        framed = np.pad(picture_rgb_hwc_u8, ((height, height), (width, width), (0, 0)))
        reading = self._read_once(framed)
        return reading if reading.points is None else _without_border(reading, framed.shape[1::-1], (width, height))

    def _read_once(self, picture_rgb_hwc_u8: U8) -> FaceReading:
        picture = self._image.Image(
            image_format=self._image.ImageFormat.SRGB, data=np.ascontiguousarray(picture_rgb_hwc_u8)
        )
        found = self._task.detect(picture)
        faces = [np.array([(point.x, point.y, point.z) for point in face], np.float32) for face in found.face_landmarks]
        if not faces:
            return NO_FACE
        chief = max(range(len(faces)), key=lambda index: _area(faces[index]))
        blendshapes = np.array([category.score for category in found.face_blendshapes[chief]], np.float32)
        if faces[chief].shape != (N_POINTS, 3) or blendshapes.shape != (N_BLENDSHAPES,):
            raise InvalidInput(
                str(self.model),
                found=f"a model of {len(faces[chief])} points and {len(blendshapes)} blendshapes",
                expected=f"{N_POINTS} and {N_BLENDSHAPES}",
                todo="get the right one: ./inv fetch-models",
            )
        pose = np.asarray(found.facial_transformation_matrixes[chief], np.float32)
        return FaceReading(len(faces), faces[chief], blendshapes, pose)


def _without_border(reading: FaceReading, framed_wh_px: tuple[int, int], border_wh_px: tuple[int, int]) -> FaceReading:
    """Give points as fractions of the picture inside of a border; z keeps the scale of x."""
    assert reading.points is not None
    framed, border = np.array(framed_wh_px), np.array(border_wh_px)
    inner = framed - 2 * border
    points = reading.points.astype(np.float64)
    points[:, :2] = (points[:, :2] * framed - border) / inner
    points[:, 2] *= framed[0] / inner[0]
    return dataclasses.replace(reading, points=points.astype(np.float32))


def _area(points: F32) -> float:
    """Measure the box around a face, as a fraction of the picture."""
    width, height = np.ptp(points[:, 0]), np.ptp(points[:, 1])
    return float(width * height)


def _read_model(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingOutside(
            str(path),
            found=error.strerror or str(error),
            expected=f"MediaPipe's {MODEL_NAME}",
            todo="get it once: ./inv fetch-models",
        ) from None


def _import_mediapipe() -> tuple[Any, Any, Any]:
    """Import what is needed of mediapipe: the vision tasks, BaseOptions, the package itself."""
    send_no_usage_figures()
    try:
        import mediapipe
        from mediapipe.tasks.python import vision
        from mediapipe.tasks.python.core.base_options import BaseOptions
    except ModuleNotFoundError as error:
        raise MissingOutside(
            "face landmarks",
            found=f"no Python package {error.name!r}",
            expected="the featurizer extra",
            todo="run ./inv, or: pip install 'smilebench[featurizer]'",
        ) from None
    except OSError as error:  # a system library that mediapipe is linked with, such as libGLESv2
        raise MissingOutside(
            "mediapipe", found=str(error), expected="its system libraries", todo="install the one that it names"
        ) from None
    return vision, BaseOptions, mediapipe
