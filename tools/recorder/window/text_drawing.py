"""Letters on a picture, Hangul too: drawn once with a soft dark edge and then copied, 30 times a second.

Pure functions of text, size and colour; colours are BGR.
"""

import functools

import cv2
import numpy as np

from shared.arrays import U8

Bgr = tuple[int, int, int]
WHITE: Bgr = (250, 250, 250)
GREY: Bgr = (178, 172, 166)
GREEN: Bgr = (110, 220, 120)
RED: Bgr = (90, 100, 250)
YELLOW: Bgr = (70, 205, 255)
BLUE: Bgr = (250, 200, 120)
BOLD, LIGHT = 700, 400
_LEAST_PX = 12


def write(
    canvas: U8,
    text: str,
    x: int,
    baseline: int,
    size_px: int,
    color: Bgr,
    *,
    max_width: int = 1240,
    centred: bool = True,
    weight: int = BOLD,
) -> None:
    """Write a line of text into a picture.

    Args:
        canvas: (H, W, 3), BGR; changed.
        text: One line.
        x: Its middle, or its left edge where it is not centred.
        baseline: The row that letters stand on.
        size_px: Of the font; smaller where the line would be wider than `max_width`.
        color: BGR.
        max_width: In pixels.
        centred: Whether x is the middle.
        weight: `BOLD` or `LIGHT`.
    """
    if not text:
        return
    ink, clear, ascent, edge = sprite(text, size_px, color, max_width, weight)
    left, top = x - ink.shape[1] // 2 if centred else x - edge, baseline - ascent
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(canvas.shape[1], left + ink.shape[1]), min(canvas.shape[0], top + ink.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    region = canvas[y0:y1, x0:x1]
    part = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
    cv2.add(cv2.multiply(region, clear[part], scale=1 / 255), ink[part], dst=region)


@functools.lru_cache(maxsize=256)
def sprite(text: str, size_px: int, color: Bgr, max_width: int, weight: int = BOLD) -> tuple[U8, U8, int, int]:
    """Draw text once, as drawing it for each frame would cost 2 ms a piece.

    Returns:
        Ink (BGR, multiplied by its coverage), what of the background stays (0 to 255), the baseline's row, and how far
        the edge stands out to the left.
    """
    font = cv2.FontFace("sans")
    x0, y0, width, height = cv2.getTextSize((0, 0), text, (0, 0), font, size_px, weight)
    if width > max_width and size_px > _LEAST_PX:
        return sprite(text, max(_LEAST_PX, min(size_px - 1, size_px * max_width // width)), color, max_width, weight)
    edge = max(3, size_px // 16)
    room = edge + size_px // 3  # glyphs may stand out of the box that getTextSize gives
    mask = np.zeros((height + 2 * room, width + 2 * room, 3), np.uint8)
    cv2.putText(mask, text, (room - x0, room - y0), (255, 255, 255), font, size_px, weight)
    letters = mask[:, :, 0]
    if not text.isascii() and weight == BOLD:  # the font has one weight of Hangul, too light beside bold Latin letters
        letters = np.asarray(cv2.dilate(letters, _disc(size_px // 60)), dtype=np.uint8)
    outline = cv2.GaussianBlur(cv2.dilate(letters, _disc(edge - 1)), (0, 0), edge / 3)
    solid = np.maximum(outline, letters)
    left, top, wide, high = cv2.boundingRect(solid)
    kept = np.s_[top : top + high, left : left + wide]
    ink = (letters[kept][..., None] / 255 * np.array(color)).astype(np.uint8)
    return ink, np.repeat(255 - solid[kept][..., None], 3, axis=2), room - y0 - top, edge


def _disc(radius_px: int) -> U8:
    """Return a round kernel."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))
    return np.asarray(kernel, dtype=np.uint8)


def wrap(text: str, size_px: int, max_width: int, weight: int = LIGHT) -> list[str]:
    """Break text between words into lines that fit."""
    font = cv2.FontFace("sans")
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and cv2.getTextSize((0, 0), longer, (0, 0), font, size_px, weight)[2] <= max_width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def shade(canvas: U8, y0: int, y1: int, *, keep: float = 0.42) -> None:
    """Darken a band of rows, so that text stands out."""
    band = canvas[y0:y1]
    cv2.convertScaleAbs(band, dst=band, alpha=keep)


def rounded(canvas: U8, box_xyxy: tuple[int, int, int, int], radius: int, color: Bgr, thickness: int = -1) -> None:
    """Draw a box with round corners; thickness -1 fills it."""
    x0, y0, x1, y1 = box_xyxy
    corners = []
    for cx, cy, start in (
        (x1 - radius, y0 + radius, -90),
        (x1 - radius, y1 - radius, 0),
        (x0 + radius, y1 - radius, 90),
        (x0 + radius, y0 + radius, 180),
    ):
        turn = np.radians(np.linspace(start, start + 90, 9))
        corners.append(np.stack([cx + radius * np.cos(turn), cy + radius * np.sin(turn)], axis=1))
    outline = [np.round(np.concatenate(corners) * 16).astype(np.int32)]
    if thickness < 0:
        cv2.fillPoly(canvas, outline, color, cv2.LINE_AA, 4)
    else:
        cv2.polylines(canvas, outline, True, color, thickness, cv2.LINE_AA, 4)
