"""Draws the pictures of the golden vectors: simple faces and harsh patterns, never a person. Writes no files.

The same call gives the same bytes on every computer: whole-pixel shapes without smoothing, and NumPy's own generator.
"""

from typing import Any

import numpy as np

from shared.arrays import U8


def draw_face(width_px: int, height_px: int, smile: float, seed: int, shift: float = 0.0) -> U8:
    """Draw a face before a gradient.

    Args:
        width_px: Of the picture.
        height_px: Of the picture.
        smile: How far the mouth smiles, 0 to 1.
        seed: Chooses the colours.
        shift: Moves the face sideways, in parts of its size.

    Returns:
        (height, width, 3) RGB.
    """
    import cv2

    rng = np.random.default_rng(seed)
    skin, wall, lips, hair = (_color(rng, low, high) for low, high in [(150, 240), (0, 120), (70, 170), (10, 90)])
    y, x = np.arange(height_px)[:, None], np.arange(width_px)[None]
    slope = (x * 40 // width_px + y * 50 // height_px).astype(np.uint8)  # 0 to 88
    picture = np.add(slope[..., None], np.array(wall, np.uint8), dtype=np.uint8)
    unit = min(width_px, height_px) / 100
    cx, cy = width_px / 2 + shift * 20 * unit, height_px / 2

    def at(dx: float, dy: float) -> tuple[int, int]:
        return round(cx + dx * unit), round(cy + dy * unit)

    def size(a: float, b: float) -> tuple[int, int]:
        return max(1, round(a * unit)), max(1, round(b * unit))

    cv2.ellipse(picture, at(0, 50), size(42, 20), 0, 0, 360, _color(rng, 30, 200), -1)
    cv2.ellipse(picture, at(0, -6), size(31, 40), 0, 0, 360, hair, -1)
    cv2.ellipse(picture, at(0, 0), size(27, 36), 0, 0, 360, skin, -1)
    for side in (-1, 1):
        cv2.ellipse(picture, at(side * 11, -9), size(5, 3), 0, 0, 360, (245, 245, 240), -1)
        cv2.circle(picture, at(side * 11, -9), size(2, 2)[0], (25, 20, 20), -1)
        cv2.ellipse(picture, at(side * 11, -16 - 2 * smile), size(6, 2), 0, 180, 360, hair, size(1.4, 1)[0])
    cv2.ellipse(picture, at(0, 4), size(3, 5), 0, 20, 160, tuple(int(c * 0.75) for c in skin), size(1.2, 1)[0])
    half = 9 + 6 * smile
    if smile < 0.3:
        cv2.line(picture, at(-half, 19), at(half, 19), lips, size(2.4, 1)[0])
    else:
        cv2.ellipse(picture, at(0, 15), size(half, 4 + 9 * smile), 0, 0, 180, lips, -1)
        cv2.ellipse(picture, at(0, 15), size(half * 0.8, 3 + 3 * smile), 0, 0, 180, (245, 240, 230), -1)
    return picture


def draw_harsh(width_px: int, height_px: int, number: int) -> U8:
    """Draw patterns that are hard to resize: stripes and checkers one pixel wide, rings, and hard colours.

    Returns:
        (height, width, 3) RGB.
    """
    y, x = np.arange(height_px)[:, None], np.arange(width_px)[None]
    stripes = (x + number) % 2 * 255 + 0 * y
    checkers = (x // 3 + y // 2 + number) % 2 * 255
    rings = ((x - width_px // 2) ** 2 + (y - height_px // 2) ** 2) // 97 % 2 * 255
    channels = [stripes, checkers, rings]
    picture = np.stack(channels[number % 3 :] + channels[: number % 3], axis=2).astype(np.uint8)
    picture[height_px // 3 : height_px // 2] = (255, 0, 0)
    return picture


def draw_windows(count: int, frame_count: int, size_px: int) -> U8:
    """Draw short movements of faces, ready for the network: still, beginning to smile, smiling, or stopping.

    Returns:
        (count, frame_count, size, size, 3) RGB, with a little camera noise.
    """
    rng = np.random.default_rng(4)
    windows = np.empty((count, frame_count, size_px, size_px, 3), np.uint8)
    for number in range(count):
        begin, end = [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0)][number % 4]
        drift = float(rng.uniform(-0.4, 0.4))
        for k, smile in enumerate(np.linspace(begin, end, frame_count)):
            face = draw_face(size_px, size_px, float(smile), 100 + number, drift * k / frame_count)
            noise = rng.integers(-8, 9, face.shape, dtype=np.int16)
            windows[number, k] = np.clip(face.astype(np.int16) + noise, 0, 255)
    return windows


def _color(rng: np.random.Generator, low: int, high: int) -> Any:
    """Draw a random colour."""
    return tuple(int(value) for value in rng.integers(low, high, 3))
