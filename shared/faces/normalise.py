"""Landmarks made comparable: where a face is, how large and (if wanted) how it is tilted no longer matter.

Every scheme puts the tip of the nose to the origin. Then

- ``farthest``: the point farthest from the nose gets distance 1. Cheap, but one outlying point scales all others.
- ``eyes``: the distance between the eyes' middles becomes 1.
- ``upright``: as ``eyes``, and the line between the eyes is turned to the horizontal. The default.

x and y only, unless z is asked for: z is guessed from one picture, and was not the same in every release of MediaPipe's
Python and JavaScript packages (in the pinned ones it is, to 1e-4). Arithmetic only; the same in torch, for a network's
graph, is `shared.models.landmark_input`, and a test holds the two together.
"""

import numpy as np

from shared.arrays import F32
from shared.errors import InvalidInput

SCHEMES = ("farthest", "eyes", "upright")
DEFAULT_SCHEME = "upright"

NOSE_TIP = 1
RIGHT_EYE = (33, 133)  # outer and inner corner of the person's right eye, which is on the picture's left
LEFT_EYE = (362, 263)


def normalise(points: F32, scheme: str = DEFAULT_SCHEME, *, with_z: bool = False, aspect: float = 1.0) -> F32:
    """Bring landmarks into a face's own coordinates.

    Args:
        points: (..., 478, 3) as MediaPipe gives them: x and y as fractions of the picture's width and height, z in the
            scale of x. nan where there is no face.
        scheme: One of `SCHEMES`.
        with_z: Keep z, scaled like x. In ``farthest`` it then counts for the distance as well.
        aspect: The picture's width over its height; 1 for a dataset's square pictures.

    Returns:
        (..., 478, 2), or 3 with z; x to the right, y down, z away from the camera. nan where the points are, and where
        all points lie in one spot, which no face does.

    Raises:
        InvalidInput: Another scheme or shape.

    Example:
        >>> face = np.zeros((478, 3), np.float32)
        >>> face[:, 0] = 0.5
        >>> face[[33, 133], 0], face[[362, 263], 0] = 0.4, 0.6
        >>> normalise(face, "eyes")[33].round(3).tolist()
        [-0.5, 0.0]
    """
    if scheme not in SCHEMES:
        raise InvalidInput("the normalisation", found=repr(scheme), expected=" or ".join(SCHEMES))
    if points.ndim < 2 or points.shape[-1] != 3 or points.shape[-2] <= max(LEFT_EYE + RIGHT_EYE):
        raise InvalidInput("landmarks", found=f"the shape {points.shape}", expected="(..., 478, 3)")
    stretch = np.array([aspect, 1.0, aspect] if with_z else [aspect, 1.0])
    # Double precision: single loses a digit where a small face lies far from the origin.
    centred = points[..., : len(stretch)].astype(np.float64) * stretch
    centred = centred - centred[..., NOSE_TIP, None, :]
    if scheme == "farthest":
        scale = np.sqrt((centred**2).sum(-1)).max(-1)
    else:
        between = _middle(centred, LEFT_EYE) - _middle(centred, RIGHT_EYE)  # (..., 2 or 3), to the picture's right
        scale = np.hypot(between[..., 0], between[..., 1])
    scale = np.where(scale > 0, scale, np.nan)[..., None, None]
    if scheme != "upright":
        return np.asarray(centred / scale, dtype=np.float32)
    cosine, sine = (between[..., axis, None] / scale[..., 0] for axis in (0, 1))
    turned = centred.copy()
    turned[..., 0] = cosine * centred[..., 0] + sine * centred[..., 1]
    turned[..., 1] = cosine * centred[..., 1] - sine * centred[..., 0]
    return np.asarray(turned / scale, dtype=np.float32)


def _middle(points: F32, corners: tuple[int, int]) -> F32:
    """Return the middle between an eye's corners."""
    return np.asarray((points[..., corners[0], :] + points[..., corners[1], :]) / 2)
