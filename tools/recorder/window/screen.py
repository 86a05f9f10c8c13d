"""What the recording window shows at a moment: a pure function of the picture and the view.

The person stands before a mirror: the view is flipped, the square that is kept is marked, the prompt stands at the top,
near the camera, so that the eyes stay there. Stored pictures are never flipped.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from shared.arrays import U8
from shared.dataset.protocol import Protocol
from shared.preprocess import square_box
from shared.text.catalogue import Lang, Words
from tools.recorder.quality_monitor import QualityReading
from tools.recorder.window.look_back import Review, draw_review
from tools.recorder.window.text_drawing import BLUE, GREEN, RED, WHITE, YELLOW, Bgr, shade, write
from tools.recorder.window.window import HEIGHT_PX, WIDTH_PX
from tools.recorder.window.words import TEXTS

HEADER_PX = 176
_FOOTER_PX = 54
_HEADINGS = {"saved": GREEN, "done": GREEN, "refused": RED, "aside": YELLOW, "undone": YELLOW, "paused": BLUE}
_OFF: Bgr = (52, 50, 48)


@dataclass(frozen=True)
class View:
    """The state that the window shows.

    Attributes:
        stage: ``ready``, ``take``, ``saving``, ``saved``, ``aside`` (kept apart), ``refused``, ``undone``, ``paused``
            or ``done``.
        time_s: From the start of the take, in stage ``take``.
        n_takes: Takes of this person so far.
        target: How many there shall be, or None.
        subject_id: The person's pseudonym.
        cause: Why a take was refused (see `tools.recorder.take.TakeRefused`), or ``source``; else empty.
        n_sequences: Of the take just saved.
        reading: What the traffic light shows; None before the first reading.
        review: The take just recorded, during its review.
        review_s: For how long it has been shown.
        keep_in_s: When it is kept without a key, or None.
    """

    stage: str
    time_s: float = 0.0
    n_takes: int = 0
    target: int | None = None
    subject_id: str = ""
    cause: str = ""
    n_sequences: int = 0
    reading: QualityReading | None = None
    review: Review | None = None
    review_s: float = 0.0
    keep_in_s: float | None = None


def draw(frame_rgb_hwc_u8: U8 | None, view: View, protocol: Protocol, lang: Lang) -> U8:
    """Draw the window's content.

    Args:
        frame_rgb_hwc_u8: The latest picture, any size; None before the first one.
        view: The state to show.
        protocol: Gives prompts and times.
        lang: ``ko`` or ``en``.

    Returns:
        (720, 1280, 3) uint8, BGR.
    """
    if view.review is not None:
        canvas = draw_review(view.review, view.review_s, lang)
    else:
        canvas = _mirror(frame_rgb_hwc_u8, view)
        _draw_count(canvas, view, lang)
    if view.stage == "take":
        _draw_take(canvas, view, protocol, lang)
    else:
        _draw_heading(canvas, view, lang)
        if view.review is None and view.stage in ("ready", "undone"):
            _draw_light(canvas, view.reading)
    shade(canvas, HEIGHT_PX - _FOOTER_PX, HEIGHT_PX)
    write(canvas, Words(TEXTS, lang)(_keys(view)) if _keys(view) else "", WIDTH_PX // 2, HEIGHT_PX - 17, 28, WHITE)
    return canvas


def _keys(view: View) -> str:
    """Name the text that lists the keys of a stage."""
    return {
        "ready": "keys_ready",
        "undone": "keys_ready",
        "take": "keys_take",
        "saving": "",
        "saved": "keys_review",
        "aside": "keys_aside",
        "paused": "keys_paused",
        "done": "keys_done",
    }.get(view.stage, "keys_after")


def _draw_heading(canvas: U8, view: View, lang: Lang) -> None:
    """Write what has happened, and below it why or what to do."""
    words = Words(TEXTS, lang)
    shade(canvas, 0, HEADER_PX)
    write(canvas, words(view.stage), WIDTH_PX // 2, 96, 84, _HEADINGS.get(view.stage, WHITE))
    why, color = "", WHITE
    if view.cause:
        why = words(view.cause)
    elif view.stage == "aside" and view.review is not None:
        why = " · ".join(words(fault) for fault in view.review.faults[:2])
    elif view.stage in ("ready", "undone"):
        why, color = _advice(view.reading, lang)
    elif view.stage == "paused":
        why = words("paused_why")
    elif view.stage in ("saved", "done"):
        why = words("n_sequences", n=view.n_sequences)
        if view.keep_in_s is not None:
            why += " · " + words("keep_in", n=max(1, math.ceil(view.keep_in_s)))
    write(canvas, why, WIDTH_PX // 2, 154, 38, color)


def _advice(reading: QualityReading | None, lang: Lang) -> tuple[str, Bgr]:
    """Return the advice of the traffic light and its colour."""
    words = Words(TEXTS, lang)
    if reading is None or (reading.fault is None and not reading.knows_faces):
        return words("ready_why"), WHITE
    return (words("good"), GREEN) if reading.fault is None else (words(reading.fault), light_color(reading))


def light_color(reading: QualityReading) -> Bgr:
    """Return the lamp that is lit: red for what spoils a take, yellow for what can be better, green for all is well."""
    if reading.fault is None:
        return GREEN
    return YELLOW if reading.fault in ("small_face", "tilted", "turned", "blurred") else RED


def _draw_light(canvas: U8, reading: QualityReading | None) -> None:
    """Draw a traffic light at the right, one lamp lit."""
    x, top = WIDTH_PX - 140, HEIGHT_PX // 2 - 118
    lit = None if reading is None or (reading.fault is None and not reading.knows_faces) else light_color(reading)
    cv2.rectangle(canvas, (x - 46, top - 2), (x + 46, top + 246), (22, 21, 20), -1, cv2.LINE_AA)
    cv2.rectangle(canvas, (x - 46, top - 2), (x + 46, top + 246), (80, 76, 72), 2, cv2.LINE_AA)
    for number, color in enumerate((RED, YELLOW, GREEN)):
        centre = (x, top + 44 + number * 78)
        cv2.circle(canvas, centre, 30, color if color == lit else _OFF, -1, cv2.LINE_AA)
        if color == lit:
            cv2.circle(canvas, centre, 34, color, 2, cv2.LINE_AA)


def _draw_count(canvas: U8, view: View, lang: Lang) -> None:
    """Write at the left who is recorded, and how many takes there are."""
    count = f"{view.n_takes} / {view.target}" if view.target else str(view.n_takes)
    write(canvas, view.subject_id, 140, 292, 34, YELLOW, max_width=250)
    write(canvas, count, 140, 372, 76, WHITE, max_width=250)
    write(canvas, Words(TEXTS, lang)("takes"), 140, 424, 34, WHITE, max_width=250)


def _mirror(frame_rgb_hwc_u8: U8 | None, view: View) -> U8:
    """Fit the flipped picture into the canvas, darken what is not kept and frame what is."""
    canvas = np.full((HEIGHT_PX, WIDTH_PX, 3), 24, np.uint8)
    if frame_rgb_hwc_u8 is None:
        return canvas
    height, width = frame_rgb_hwc_u8.shape[:2]
    scale = min(WIDTH_PX / width, HEIGHT_PX / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    fitted = frame_rgb_hwc_u8
    if size != (width, height):
        fitted = np.asarray(cv2.resize(frame_rgb_hwc_u8, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    left, top = (WIDTH_PX - size[0]) // 2, (HEIGHT_PX - size[1]) // 2
    region = canvas[top : top + size[1], left : left + size[0]]
    cv2.flip(cv2.cvtColor(fitted, cv2.COLOR_RGB2BGR), 1, dst=region)
    x0, y0, x1, y1 = square_box(*size)
    for outside in (region[:, :x0], region[:, x1:], region[:y0], region[y1:]):
        if outside.size:
            cv2.convertScaleAbs(outside, dst=outside, alpha=0.35)
    _corners(canvas, (left + x0, top + y0, left + x1 - 1, top + y1 - 1), WHITE, part=8, thickness=5)
    if view.reading is not None and view.reading.box is not None and view.stage in ("ready", "undone"):
        box = view.reading.box
        side = x1 - x0
        mirrored = (1 - box[2], box[1], 1 - box[0], box[3])
        x_box = [left + x0 + round(value * side) for value in mirrored[::2]]
        y_box = [top + y0 + round(value * side) for value in mirrored[1::2]]
        _corners(canvas, (x_box[0], y_box[0], x_box[1], y_box[1]), light_color(view.reading), part=4, thickness=3)
    if view.stage == "paused":
        cv2.convertScaleAbs(cv2.GaussianBlur(canvas, (0, 0), 9), dst=canvas, alpha=0.4)
    return canvas


def _corners(canvas: U8, box_xyxy: tuple[int, int, int, int], color: Bgr, part: int, thickness: int) -> None:
    """Mark the corners of a box."""
    x0, y0, x1, y1 = box_xyxy
    long = max(6, (x1 - x0) // part)
    for x, way in ((x0, 1), (x1, -1)):
        for y, down in ((y0, 1), (y1, -1)):
            at = (x + 3 * way, y + 3 * down)
            cv2.line(canvas, at, (at[0] + way * long, at[1]), color, thickness, cv2.LINE_AA)
            cv2.line(canvas, at, (at[0], at[1] + down * long), color, thickness, cv2.LINE_AA)


def _draw_take(canvas: U8, view: View, protocol: Protocol, lang: Lang) -> None:
    """Draw the prompt, the countdown ring, the take's timeline, and what is wrong if anything is."""
    phase = protocol.phase_at(view.time_s)
    color = _phase_color(protocol, protocol.phases.index(phase))
    shade(canvas, 0, HEADER_PX)
    write(canvas, phase.prompt[lang], WIDTH_PX // 2, 136, 150, color)
    left_s = max(0.0, phase.end_s - view.time_s)
    part = left_s / (phase.end_s - phase.start_s)
    centre = (WIDTH_PX - 140, HEIGHT_PX // 2)
    cv2.circle(canvas, centre, 104, (60, 60, 60), 14, cv2.LINE_AA)
    turn = np.linspace(-math.pi / 2, -math.pi / 2 + 2 * math.pi * part, max(2, round(90 * part)))
    arc = np.stack([centre[0] + 104 * np.cos(turn), centre[1] + 104 * np.sin(turn)], axis=1)
    cv2.polylines(canvas, [np.round(arc * 16).astype(np.int32)], False, color, 14, cv2.LINE_AA, 4)
    write(canvas, str(max(1, math.ceil(left_s - 1e-6))), centre[0], centre[1] + 46, 130, color, max_width=190)
    y0, y1 = HEIGHT_PX - 76, HEIGHT_PX - 62
    for index, other in enumerate(protocol.phases):
        x0, x1 = (round(WIDTH_PX * t / protocol.duration_s) for t in (other.start_s, other.end_s))
        now = round(WIDTH_PX * min(max(view.time_s, other.start_s), other.end_s) / protocol.duration_s)
        cv2.rectangle(canvas, (x0 + 2, y0), (x1 - 3, y1), (70, 70, 70), -1)
        if now > x0 + 2:
            cv2.rectangle(canvas, (x0 + 2, y0), (min(now, x1 - 3), y1), _phase_color(protocol, index), -1)
    if view.reading is not None and view.reading.fault is not None:
        write(
            canvas,
            Words(TEXTS, lang)(view.reading.fault),
            WIDTH_PX // 2,
            HEIGHT_PX - 100,
            36,
            light_color(view.reading),
        )


def _phase_color(protocol: Protocol, index: int) -> Bgr:
    """Give the phase of the positive class its own colour, and the ones before and after theirs."""
    phase, positive = protocol.phases[index], protocol.document["positive_class"]
    if any(w.label == positive and phase.start_s <= w.start_s < phase.end_s for w in protocol.windows):
        return YELLOW
    return WHITE if index == 0 else BLUE
