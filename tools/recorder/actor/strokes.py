"""Fills and lines with smooth edges at sub-pixel places, and outlines to give them. Points are (N, 2), x and y."""

import functools
import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from shared.arrays import U8

Points = npt.NDArray[np.float64]
Rgb = tuple[float, float, float]
_SHIFT = 4  # fractional bits of OpenCV's drawing


def fill(image: U8, points: Points, color: Rgb) -> None:
    """Fill the area inside an outline."""
    cv2.fillPoly(image, [np.round(points * (1 << _SHIFT)).astype(np.int32)], color, cv2.LINE_AA, _SHIFT)


def stroke(image: U8, points: Points, color: Rgb, thickness_px: float, *, closed: bool = False) -> None:
    """Draw a line through points."""
    fixed = [np.round(points * (1 << _SHIFT)).astype(np.int32)]
    cv2.polylines(image, fixed, closed, color, max(1, round(thickness_px)), cv2.LINE_AA, _SHIFT)


def oval(x: float, y: float, half_width: float, half_height: float, power: float = 2.0, n: int = 48) -> Points:
    """Return the outline of an ellipse (power 2) or a rounder box (power above 2)."""
    return _unit_oval(power, n) * (half_width, half_height) + (x, y)


@functools.lru_cache(maxsize=256)
def _unit_oval(power: float, n: int) -> Points:
    """Return the outline around the origin with half axes of 1; frames draw the same few again and again."""
    turn = np.linspace(0, 2 * math.pi, n, endpoint=False)
    c, s = np.cos(turn), np.sin(turn)
    return np.stack([np.sign(c) * np.abs(c) ** (2 / power), np.sign(s) * np.abs(s) ** (2 / power)], axis=1)


def mix(color: Rgb, other: Rgb, part: float) -> Rgb:
    """Blend two colours; part 1 is the other one."""
    return tuple(a + (b - a) * part for a, b in zip(color, other, strict=True))  # type: ignore[return-value]


def dark(color: Rgb, by: float) -> Rgb:
    """Darken a colour; by 1 it is black."""
    return mix(color, (0, 0, 0), by)


def band(xs: npt.NDArray[Any], top: npt.NDArray[Any], low: npt.NDArray[Any]) -> Points:
    """Return the outline of the area between two curves."""
    return np.concatenate([np.stack([xs, top], axis=1), np.stack([xs, low], axis=1)[::-1]])
