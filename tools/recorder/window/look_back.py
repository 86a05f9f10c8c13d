"""The review of a take: its sequences, played half a second each, and the smile curve below."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from shared.arrays import U8
from shared.dataset.protocol import Protocol
from shared.text.catalogue import Lang
from tools.recorder.smile_curve import SmileCurve
from tools.recorder.window.curve_drawing import draw_curve
from tools.recorder.window.text_drawing import BLUE, LIGHT, WHITE, YELLOW, rounded, write
from tools.recorder.window.window import HEIGHT_PX, WIDTH_PX
from tools.recorder.window.words import name_of

SEQUENCE_S = 0.5
_TOP, _LEFT = 190, 70
_PLAYER_PX, _CURVE_PX = 340, 112
_STRIP_X, _STRIP_RIGHT = 450, 1210


@dataclass(frozen=True)
class Review:
    """A take to review.

    Attributes:
        labels: One a sequence.
        frames_nthwc_u8: The sequences' pictures, as stored: one (T, H, W, 3) each.
        positive: The class that has its own colour.
        curve_bgr: The smile curve as a picture, or None.
        faults: Why the take is kept apart; empty for a good one.
    """

    labels: tuple[str, ...]
    frames_nthwc_u8: tuple[U8, ...]
    positive: str
    curve_bgr: U8 | None
    faults: tuple[str, ...]

    @property
    def lap_s(self) -> float:
        """How long it takes to play every sequence once."""
        return SEQUENCE_S * len(self.labels)


def make_review(
    labels: Sequence[str],
    frames: Sequence[U8],
    curve: SmileCurve | None,
    faults: Sequence[str],
    protocol: Protocol,
    lang: Lang,
) -> Review:
    """Prepare a take for its review: the curve is drawn once."""
    width_px = WIDTH_PX - 2 * _LEFT
    drawn = None if curve is None else draw_curve(curve, protocol, lang, width_px, _CURVE_PX)
    return Review(tuple(labels), tuple(frames), str(protocol.document["positive_class"]), drawn, tuple(faults))


def draw_review(review: Review, time_s: float, lang: Lang) -> U8:
    """Draw the review at a moment.

    Args:
        review: The take.
        time_s: Since it is shown; sequences follow each other, over and over.
        lang: ``ko`` or ``en``.

    Returns:
        (720, 1280, 3) uint8, BGR; the header and the footer are left empty.
    """
    canvas = np.full((HEIGHT_PX, WIDTH_PX, 3), (30, 27, 25), np.uint8)
    now = int(time_s / SEQUENCE_S) % len(review.labels)
    frames = review.frames_nthwc_u8[now]
    step = min(int(time_s % SEQUENCE_S / SEQUENCE_S * len(frames)), len(frames) - 1)
    has_curve = review.curve_bgr is not None
    player_px = _PLAYER_PX if has_curve else _PLAYER_PX + _CURVE_PX
    _put(canvas, frames[step], _LEFT, _TOP, player_px)
    color = YELLOW if review.labels[now] == review.positive else BLUE
    rounded(canvas, (_LEFT - 4, _TOP - 4, _LEFT + player_px + 3, _TOP + player_px + 3), 6, color, 3)
    strip_x = _STRIP_X if has_curve else _STRIP_X + _CURVE_PX
    row_px = player_px / len(review.labels)
    most = max(len(each) for each in review.frames_nthwc_u8)
    thumb_px = max(16, int(min(row_px - 8, (_STRIP_RIGHT - strip_x - 170) / most - 8)))
    for row, (label, pictures) in enumerate(zip(review.labels, review.frames_nthwc_u8, strict=True)):
        y = _TOP + round(row * row_px + (row_px - thumb_px) / 2)
        is_now = row == now
        color = YELLOW if label == review.positive else BLUE
        for column, picture in enumerate(pictures):
            x = strip_x + column * (thumb_px + 8)
            _put(canvas, picture, x, y, thumb_px)
            if is_now and column == step:
                rounded(canvas, (x - 2, y - 2, x + thumb_px + 1, y + thumb_px + 1), 3, color, 2)
        x = strip_x + most * (thumb_px + 8) + 14
        size_px = min(30, thumb_px)
        write(
            canvas,
            name_of(label, lang),
            x,
            y + thumb_px // 2 + size_px // 3,
            size_px,
            color if is_now else WHITE,
            max_width=WIDTH_PX - x - 20,
            centred=False,
            weight=LIGHT,
        )
    if review.curve_bgr is not None:
        y = HEIGHT_PX - 66 - _CURVE_PX
        canvas[y : y + _CURVE_PX, _LEFT : _LEFT + review.curve_bgr.shape[1]] = review.curve_bgr
    return canvas


def _put(canvas: U8, picture_rgb: U8, x: int, y: int, size_px: int) -> None:
    """Copy a picture into the canvas at a size."""
    shrinks = size_px < picture_rgb.shape[0]
    small = cv2.resize(picture_rgb, (size_px, size_px), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    canvas[y : y + size_px, x : x + size_px] = small[:, :, ::-1]
