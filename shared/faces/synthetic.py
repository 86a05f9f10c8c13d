"""Faces made by arithmetic: 478 points, or 52 blendshapes, as the Face Landmarker would give them. Nobody's face.

For golden vectors and for probing graphs. The contours that MediaPipe numbers (eyes, brows, lips, outline, irises) lie
where they lie in a face; the points between them are spread evenly. Plausible, not anatomical: a face like these need
not look like a smile to a network because it does to us. Knows no model, reads no files.

    points = draw_points(smile=0.8, roll_deg=20)    # (478, 3) float32
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shared.arrays import F32
from shared.faces.landmarker import BLENDSHAPES, N_BLENDSHAPES, N_POINTS

# Contours in their order around the face, by MediaPipe's numbers. Source: the connections of its Face Mesh.
_OUTLINE = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149),
    *(150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
_LIPS_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
_LIPS_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
_RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
_LEFT_EYE = (362, 382, 381, 380, 374, 373, 390, 249, 263, 466, 388, 387, 386, 385, 384, 398)
_RIGHT_IRIS, _LEFT_IRIS = (468, 469, 470, 471, 472), (473, 474, 475, 476, 477)
_RIGHT_BROW, _LEFT_BROW = (46, 53, 52, 65, 55, 70, 63, 105, 66, 107), (276, 283, 282, 295, 285, 300, 293, 334, 296, 336)
_NOSE_TIP = 1

# In units of half a face's height, from the nose's tip: x to the right of the picture, y down.
_HALF_WIDTH, _HALF_HEIGHT = 0.76, 1.0
_EYE_X, _EYE_Y, _MOUTH_Y = 0.32, -0.36, 0.42
_MOUTH_CORNER_X = 0.26


@dataclass(frozen=True)
class Pose:
    """Where a face lies in the square, and how.

    Attributes:
        x: Of the nose's tip, a fraction of the side.
        y: Likewise, from the top.
        size: Half of the face's height, likewise.
        roll_deg: Turned in the picture, clockwise.
        yaw_deg: Turned to its side: the far half becomes narrower.
    """

    x: float = 0.5
    y: float = 0.55
    size: float = 0.3
    roll_deg: float = 0.0
    yaw_deg: float = 0.0


def draw_points(smile: float = 0.0, jaw: float = 0.0, pose: Pose | None = None, seed: int = 0) -> F32:
    """Make a face's points.

    Args:
        smile: How far the mouth's corners go out and up, 0 to 1; below 0 they go down.
        jaw: How far the mouth is open, 0 to 1.
        pose: Where it lies; None is the middle.
        seed: Chooses the proportions: each is another face.

    Returns:
        (478, 3) float32: x and y as fractions of the square, z in the scale of x, smaller is nearer.

    Example:
        >>> [round(float(v), 2) for v in draw_points()[1]]  # the nose's tip
        [0.5, 0.55, -0.16]
    """
    pose = pose or Pose()
    rng = np.random.default_rng(seed)
    points = _neutral() * np.append(1 + 0.06 * rng.standard_normal(2), 1.0)
    points += 0.004 * rng.standard_normal(points.shape) * (np.arange(N_POINTS) != _NOSE_TIP)[:, None]
    x, y = points[:, 0].copy(), points[:, 1].copy()
    for side in (-1, 1):
        near_corner = np.exp(-((x - side * _MOUTH_CORNER_X) ** 2 + (y - _MOUTH_Y) ** 2) / 0.025)
        cheek = np.exp(-((x - 0.42 * side) ** 2 + (y - 0.1) ** 2) / 0.05)
        points[:, 0] += side * smile * 0.09 * near_corner
        points[:, 1] -= smile * (0.08 * near_corner + 0.04 * cheek)
        points[:, 2] += smile * 0.03 * near_corner
    below = np.clip((y - _MOUTH_Y) / 0.1, 0, 1) * np.exp(-(x**2) / 0.3)
    points[:, 1] += 0.22 * jaw * below
    yaw, roll = np.radians([pose.yaw_deg, pose.roll_deg])
    x, y, z = points.T
    x, z = np.cos(yaw) * x + np.sin(yaw) * z, np.cos(yaw) * z - np.sin(yaw) * x
    x, y = np.cos(roll) * x - np.sin(roll) * y, np.sin(roll) * x + np.cos(roll) * y
    placed = np.stack([pose.x + pose.size * x, pose.y + pose.size * y, pose.size * z], axis=1)
    return placed.astype(np.float32)


def draw_scores(smile: float = 0.0, jaw: float = 0.0, seed: int = 0) -> F32:
    """Make a face's blendshapes.

    Returns:
        (52,) float32 from 0 to 1; ``_neutral`` is close to 0, as the landmarker gives it.
    """
    rng = np.random.default_rng(seed)
    scores = 0.12 * rng.random(N_BLENDSHAPES) ** 2
    happy = max(smile, 0.0)
    parts = {
        **dict.fromkeys(("mouthSmileLeft", "mouthSmileRight"), 0.9 * happy),
        **dict.fromkeys(("cheekSquintLeft", "cheekSquintRight", "eyeSquintLeft", "eyeSquintRight"), 0.35 * happy),
        **dict.fromkeys(("mouthFrownLeft", "mouthFrownRight"), 0.6 * max(-smile, 0.0)),
        "jawOpen": 0.8 * jaw,
    }
    for name, part in parts.items():
        scores[BLENDSHAPES.index(name)] += part
    scores[0] *= 1e-4
    return np.clip(scores, 0, 1).astype(np.float32)


def depends_on_z(answer: Callable[[F32], float], n_frames: int) -> bool:
    """Tell whether a model of landmarks looks at z: it is asked about faces that differ in nothing else.

    Args:
        answer: smile_prob for one window, (T, 478, 3).
        n_frames: T.
    """
    for number in range(4):
        face = draw_points(number / 3, pose=Pose(yaw_deg=10.0 * number), seed=number)[None].repeat(n_frames, axis=0)
        other = face.copy()
        other[..., 2] = 0.3 * np.random.default_rng(number).standard_normal(N_POINTS)
        if answer(face) != answer(other):
            return True
    return False


def _neutral() -> F32:
    """Place the points of a face at rest, the nose's tip at the origin of x and y."""
    flat = np.full((N_POINTS, 2), np.nan)
    flat[_NOSE_TIP] = 0
    flat[list(_OUTLINE)] = _ellipse(len(_OUTLINE), 0, 0, _HALF_WIDTH, _HALF_HEIGHT, start_deg=-90)
    for contour, half_width, half_height in ((_LIPS_OUTER, _MOUTH_CORNER_X, 0.09), (_LIPS_INNER, 0.21, 0.02)):
        flat[list(contour)] = _ellipse(len(contour), 0, _MOUTH_Y, half_width, half_height, start_deg=180, turn=-1)
    for side, eye, iris, brow in ((-1, _RIGHT_EYE, _RIGHT_IRIS, _RIGHT_BROW), (1, _LEFT_EYE, _LEFT_IRIS, _LEFT_BROW)):
        flat[list(eye)] = _ellipse(len(eye), side * _EYE_X, _EYE_Y, 0.14, 0.055, start_deg=180, turn=-1)
        flat[iris[0]] = side * _EYE_X, _EYE_Y
        flat[list(iris[1:])] = _ellipse(4, side * _EYE_X, _EYE_Y, 0.055, 0.055)
        across = np.tile(np.linspace(0.5, 0.14, 5), 2) * side
        flat[list(brow)] = np.stack([across, np.repeat([_EYE_Y - 0.17, _EYE_Y - 0.23], 5)], axis=1)
    rest = np.flatnonzero(np.isnan(flat[:, 0]))
    # Vogel's spiral: as even as points on a disc can lie.
    radius = 0.94 * np.sqrt((np.arange(rest.size) + 0.5) / rest.size)
    angle = np.arange(rest.size) * np.pi * (3 - np.sqrt(5))
    flat[rest] = np.stack([_HALF_WIDTH * radius * np.cos(angle), _HALF_HEIGHT * radius * np.sin(angle)], axis=1)
    bulge = 1 - (flat[:, 0] / (1.05 * _HALF_WIDTH)) ** 2 - (flat[:, 1] / (1.05 * _HALF_HEIGHT)) ** 2
    nose = np.exp(-(flat[:, 0] ** 2 / 0.012 + flat[:, 1] ** 2 / 0.05))
    depth = -0.35 * np.sqrt(np.clip(bulge, 0, None)) - 0.18 * nose
    return np.column_stack([flat, depth])


def _ellipse(
    n: int, x: float, y: float, half_width: float, half_height: float, start_deg: float = 0.0, turn: int = 1
) -> F32:
    """Place n points around an ellipse; y grows downwards, so they go clockwise unless `turn` is -1."""
    angle = np.radians(start_deg) + turn * 2 * np.pi * np.arange(n) / n
    return np.stack([x + half_width * np.cos(angle), y + half_height * np.sin(angle)], axis=1)
