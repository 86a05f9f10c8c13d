"""Varies a training sequence, the same way for all its frames.

A face changes neither its light nor its camera between two frames; only sensor noise is drawn anew for each. One
geometric and one colour matrix a sequence, applied by OpenCV to the stored bytes: an eighth of the time of the same
steps on float tensors.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from shared.arrays import F32, F64, U8
from shared.preprocess import LUMA, SIZE_PX

MAX_ROTATION_DEG = 10.0
MAX_SHIFT = 0.06  # of the picture's side
MAX_ZOOM = 0.12
MAX_BRIGHTNESS = 0.3
MAX_CONTRAST = 0.3
MAX_SATURATION = 0.3
MAX_NOISE = 8.0  # standard deviation, of 255
_MARGIN = 64


@dataclass(frozen=True)
class Augmentation:
    """Seeded variation of sequences; the same seed, epoch and index always give the same pictures.

    Attributes:
        seed: Decides everything that is drawn.
        side_px: Side of what comes out; pictures may be larger, and are then moved before they are cut.
        strength: Factor of all limits; 0 leaves only the mirroring.
    """

    seed: int
    side_px: int = SIZE_PX
    strength: float = 1.0
    _noise: F32 = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        side = self.side_px + _MARGIN
        noise = np.random.default_rng(self.seed).standard_normal((side, side, 3), dtype=np.float32)
        object.__setattr__(self, "_noise", noise)

    def vary(self, frames_thwc_u8: U8, epoch: int, index: int) -> U8:
        """Vary a sequence.

        Args:
            frames_thwc_u8: (T, P, P, 3) uint8, RGB; P is side_px, or more.
            epoch: Counted from 1.
            index: The sequence's place in its part of the split.

        Returns:
            (T, side_px, side_px, 3) uint8; flipped or not, rotated by up to 10 degrees, shifted, zoomed, with other
            brightness, contrast and saturation, and with noise. What comes in from outside repeats the border.
        """
        rng = np.random.default_rng([self.seed, epoch, index])
        side = self.side_px
        geometry = _draw_geometry(rng, frames_thwc_u8.shape[1], side, self.strength)
        colour = _draw_colour(rng, float(frames_thwc_u8.mean()), self.strength)
        amount = rng.uniform(0, MAX_NOISE) * self.strength
        varied = np.empty((len(frames_thwc_u8), side, side, 3), np.uint8)
        for number, frame in enumerate(frames_thwc_u8):
            moved = cv2.warpAffine(frame, geometry, (side, side), borderMode=cv2.BORDER_REPLICATE)
            tinted = cv2.transform(moved, colour)
            x, y = rng.integers(0, _MARGIN, 2)
            grain = self._noise[y : y + side, x : x + side]
            varied[number] = cv2.addWeighted(tinted, 1.0, grain, amount, 0.0, dtype=cv2.CV_8U)
        return varied


def _draw_geometry(rng: np.random.Generator, side: int, out_side: int, strength: float) -> F64:
    """Return a 2x3 matrix: flip, rotation, zoom and shift about the centre, of which a square of out_side is kept."""
    flip = rng.random() < 0.5
    angle = rng.uniform(-MAX_ROTATION_DEG, MAX_ROTATION_DEG) * strength
    zoom = 1 + rng.uniform(-MAX_ZOOM, MAX_ZOOM) * strength
    matrix = np.asarray(cv2.getRotationMatrix2D((side / 2, side / 2), angle, zoom), dtype=np.float64)
    matrix[:, 2] += rng.uniform(-MAX_SHIFT, MAX_SHIFT, 2) * strength * out_side - (side - out_side) / 2
    if flip:
        matrix = matrix @ np.array([[-1, 0, side - 1], [0, 1, 0], [0, 0, 1]])
    return matrix


def _draw_colour(rng: np.random.Generator, mean: float, strength: float) -> F64:
    """Return a 3x4 matrix: saturation, then contrast about the mean, then brightness."""
    brightness, contrast, saturation = (
        1 + rng.uniform(-limit, limit) * strength for limit in (MAX_BRIGHTNESS, MAX_CONTRAST, MAX_SATURATION)
    )
    mix = saturation * np.eye(3) + (1 - saturation) * np.tile(np.array(LUMA), (3, 1))
    offset = np.full((3, 1), (1 - contrast) * mean * brightness)
    return np.hstack([brightness * contrast * mix, offset])
