"""Draws the smile curve of a take: the prompts and the smile score."""

from collections.abc import Callable

import cv2
import numpy as np

from shared.arrays import U8
from shared.dataset.protocol import Protocol
from shared.text.catalogue import Lang, Words
from tools.recorder.smile_curve import SmileCurve
from tools.recorder.window.text_drawing import BLUE, GREEN, GREY, LIGHT, RED, WHITE, YELLOW, Bgr, rounded, write
from tools.recorder.window.words import TEXTS, name_of

_BACK: Bgr = (38, 34, 32)
_PAD_X, _PAD_TOP, _PAD_BOTTOM = 14, 8, 22


def draw_curve(curve: SmileCurve, protocol: Protocol, lang: Lang, width_px: int, height_px: int) -> U8:
    """Draw a take's smile curve.

    Args:
        curve: Judged.
        protocol: Gives phases and windows.
        lang: ``ko`` or ``en``.
        width_px: Of the picture.
        height_px: Of the picture; from about 100 on.

    Returns:
        (height_px, width_px, 3) uint8, BGR.
    """
    canvas = np.full((height_px, width_px, 3), 24, np.uint8)
    rounded(canvas, (0, 0, width_px - 1, height_px - 1), 10, _BACK)
    top, bottom = _PAD_TOP, height_px - _PAD_BOTTOM

    def x_at(time_s: float) -> int:
        return round(_PAD_X + (width_px - 2 * _PAD_X) * time_s / protocol.duration_s)

    def y_at(score: float) -> int:
        return round(bottom - 4 - (bottom - top - 8) * score)

    positive = protocol.document["positive_class"]
    wrong = {"smile_in_neutral": False, "smile_outside": True, "no_rise": True}
    spoilt = {wrong[fault] for fault in curve.faults if fault in wrong}
    for window in protocol.windows:
        is_smile = window.label == positive
        color = RED if is_smile in spoilt else GREEN if curve.level is not None else GREY
        box = canvas[top:bottom, x_at(window.start_s) : x_at(window.end_s)]
        cv2.addWeighted(box, 0.72, np.full_like(box, color), 0.28, 0, dst=box)
        middle = (x_at(window.start_s) + x_at(window.end_s)) // 2
        write(canvas, name_of(window.label, lang), middle, height_px - 6, 15, color, max_width=180, weight=LIGHT)
    for phase in protocol.phases:
        if phase.start_s > 0:
            cv2.line(canvas, (x_at(phase.start_s), top), (x_at(phase.start_s), bottom), (96, 90, 86), 1)
    if curve.level is not None:
        for x in range(_PAD_X, width_px - _PAD_X, 12):
            cv2.line(canvas, (x, y_at(curve.level)), (x + 5, y_at(curve.level)), BLUE, 1, cv2.LINE_AA)
    _draw_line(canvas, [(x_at(i * curve.interval_ms / 1000), s) for i, s in enumerate(curve.scores)], y_at)
    write(canvas, Words(TEXTS, lang)("curve"), _PAD_X, height_px - 6, 15, WHITE, centred=False, weight=LIGHT)
    return canvas


def _draw_line(canvas: U8, samples: list[tuple[int, float | None]], y_at: Callable[[float], int]) -> None:
    """Draw the scores, broken where no face was found."""
    piece: list[tuple[int, int]] = []
    for x, score in [*samples, (0, None)]:
        if score is not None:
            piece.append((x, y_at(score)))
        elif piece:
            cv2.polylines(canvas, [np.array(piece, np.int32)], False, YELLOW, 2, cv2.LINE_AA)
            piece = []
