"""The recording window: what it shows at a moment (a pure function), and the window itself with its keys.

The person stands before a mirror: the view is flipped, the square that is kept is marked, the prompt stands at the top,
near the camera, so that the eyes stay there. Stored pictures are never flipped.
"""

import contextlib
import functools
import math
import os
import re
import socket
import sys
from dataclasses import dataclass

import cv2
import numpy as np

from shared.errors import MissingOutside
from shared.preprocess import U8, square_box
from shared.protocol import Protocol

WIDTH_PX, HEIGHT_PX = 1280, 720
_WHITE, _GREEN, _RED, _YELLOW, _BLUE = (
    (250, 250, 250),
    (110, 220, 120),
    (90, 100, 250),
    (70, 205, 255),
    (250, 200, 120),
)  # BGR
_TEXTS = {
    "en": {
        "ready": "Press space to start",
        "ready_why": "Keep your face inside the square",
        "saving": "Saving",
        "saved": "Saved",
        "refused": "Not stored",
        "done": "All done, thank you!",
        "takes": "takes",
        "keys_ready": "space: start     q: end",
        "keys_take": "r: start over     q: end",
        "keys_after": "space: next     r: repeat this one     q: end",
        "keys_done": "r: repeat the last one     q: end",
        "short": "The picture ended too early",
        "slow": "The camera is too slow; try more light",
        "gap": "Frames were missing where they count",
        "sequence": "Too few frames where they count",
        "size": "The picture changed its size",
        "source": "The camera gives no picture",
        "n_sequences": "{n} sequences",
    },
    "ko": {
        "ready": "스페이스 바를 누르면 시작합니다",
        "ready_why": "얼굴을 네모 안에 맞춰 주세요",
        "saving": "저장하는 중",
        "saved": "저장했습니다",
        "refused": "저장하지 않았습니다",
        "done": "모두 끝났습니다. 고맙습니다!",
        "takes": "촬영",
        "keys_ready": "스페이스: 시작     q: 끝내기",
        "keys_take": "r: 처음부터     q: 끝내기",
        "keys_after": "스페이스: 다음     r: 다시 찍기     q: 끝내기",
        "keys_done": "r: 마지막 것 다시 찍기     q: 끝내기",
        "short": "영상이 너무 일찍 끝났습니다",
        "slow": "카메라가 너무 느립니다. 더 밝게 해 주세요",
        "gap": "중요한 순간의 화면이 빠졌습니다",
        "sequence": "중요한 순간의 화면이 모자랍니다",
        "size": "화면 크기가 바뀌었습니다",
        "source": "카메라 화면이 없습니다",
        "n_sequences": "시퀀스 {n}개",
    },
}


@dataclass(frozen=True)
class View:
    """What the window has to tell.

    Attributes:
        stage: ``ready``, ``take``, ``saving``, ``saved``, ``refused`` or ``done``.
        time_s: From the start of the take, in stage ``take``.
        n_takes: Takes of this person so far.
        target: How many there shall be, or None.
        subject_id: The person's pseudonym.
        cause: Why a take was refused (see `tools.recorder.take.TakeRefused`), or ``source``; else empty.
        n_sequences: Of the take just saved.
    """

    stage: str
    time_s: float = 0.0
    n_takes: int = 0
    target: int | None = None
    subject_id: str = ""
    cause: str = ""
    n_sequences: int = 0


def draw(frame_rgb_hwc_u8: U8 | None, view: View, protocol: Protocol, lang: str) -> U8:
    """Draw the window's content.

    Args:
        frame_rgb_hwc_u8: The latest picture, any size; None before the first one.
        view: What to tell.
        protocol: Gives prompts and times.
        lang: ``ko`` or ``en``.

    Returns:
        (720, 1280, 3) uint8, BGR.
    """
    canvas = _mirror(frame_rgb_hwc_u8)
    texts = _TEXTS[lang]
    count = f"{view.n_takes} / {view.target}" if view.target else str(view.n_takes)
    _write(canvas, count, 140, 372, 76, _WHITE, max_width=250)
    _write(canvas, texts["takes"], 140, 424, 34, _WHITE, max_width=250)
    _write(canvas, view.subject_id, 140, 292, 34, _YELLOW, max_width=250)
    if view.stage == "take":
        _draw_take(canvas, view, protocol, lang)
        keys = texts["keys_take"]
    else:
        color = {"saved": _GREEN, "done": _GREEN, "refused": _RED}.get(view.stage, _WHITE)
        _shade(canvas, 0, 176)
        _write(canvas, texts[view.stage], WIDTH_PX // 2, 96, 84, color)
        why = {
            "ready": texts["ready_why"],
            "saved": texts["n_sequences"].format(n=view.n_sequences),
        }.get(view.stage, "")
        _write(canvas, texts[view.cause] if view.cause else why, WIDTH_PX // 2, 154, 38, _WHITE)
        keys = {"ready": texts["keys_ready"], "saving": "", "done": texts["keys_done"]}.get(
            view.stage, texts["keys_after"]
        )
    _shade(canvas, HEIGHT_PX - 54, HEIGHT_PX)
    _write(canvas, keys, WIDTH_PX // 2, HEIGHT_PX - 17, 30, _WHITE)
    return canvas


def _mirror(frame_rgb_hwc_u8: U8 | None) -> U8:
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
    _corners(canvas, left + x0, top + y0, left + x1 - 1, top + y1 - 1)
    return canvas


def _corners(canvas: U8, x0: int, y0: int, x1: int, y1: int) -> None:
    """Mark the corners of the square that is kept."""
    long = (x1 - x0) // 8
    for x, way in ((x0, 1), (x1, -1)):
        for y, down in ((y0, 1), (y1, -1)):
            at = (x + 3 * way, y + 3 * down)
            cv2.line(canvas, at, (at[0] + way * long, at[1]), _WHITE, 5, cv2.LINE_AA)
            cv2.line(canvas, at, (at[0], at[1] + down * long), _WHITE, 5, cv2.LINE_AA)


def _draw_take(canvas: U8, view: View, protocol: Protocol, lang: str) -> None:
    """Draw the prompt, the countdown ring and the take's timeline."""
    phase = protocol.phase_at(view.time_s)
    color = _phase_color(protocol, protocol.phases.index(phase))
    _shade(canvas, 0, 176)
    _write(canvas, phase.prompt[lang], WIDTH_PX // 2, 136, 150, color)
    left_s = max(0.0, phase.end_s - view.time_s)
    part = left_s / (phase.end_s - phase.start_s)
    centre = (WIDTH_PX - 140, HEIGHT_PX // 2)
    cv2.circle(canvas, centre, 104, (60, 60, 60), 14, cv2.LINE_AA)
    turn = np.linspace(-math.pi / 2, -math.pi / 2 + 2 * math.pi * part, max(2, round(90 * part)))
    arc = np.stack([centre[0] + 104 * np.cos(turn), centre[1] + 104 * np.sin(turn)], axis=1)
    cv2.polylines(canvas, [np.round(arc * 16).astype(np.int32)], False, color, 14, cv2.LINE_AA, 4)
    _write(canvas, str(max(1, math.ceil(left_s - 1e-6))), centre[0], centre[1] + 46, 130, color, max_width=190)
    y0, y1 = HEIGHT_PX - 76, HEIGHT_PX - 62
    for index, other in enumerate(protocol.phases):
        x0, x1 = (round(WIDTH_PX * t / protocol.duration_s) for t in (other.start_s, other.end_s))
        now = round(WIDTH_PX * min(max(view.time_s, other.start_s), other.end_s) / protocol.duration_s)
        cv2.rectangle(canvas, (x0 + 2, y0), (x1 - 3, y1), (70, 70, 70), -1)
        if now > x0 + 2:
            cv2.rectangle(canvas, (x0 + 2, y0), (min(now, x1 - 3), y1), _phase_color(protocol, index), -1)


def _phase_color(protocol: Protocol, index: int) -> tuple[int, int, int]:
    """Give the phase of the positive class its own colour, and the ones before and after theirs."""
    phase, positive = protocol.phases[index], protocol.document["positive_class"]
    if any(w.label == positive and phase.start_s <= w.start_s < phase.end_s for w in protocol.windows):
        return _YELLOW
    return _WHITE if index == 0 else _BLUE


def _shade(canvas: U8, y0: int, y1: int) -> None:
    """Darken a band, so that text stands out."""
    band = canvas[y0:y1]
    cv2.convertScaleAbs(band, dst=band, alpha=0.42)


def _write(
    canvas: U8, text: str, x: int, baseline: int, size_px: int, color: tuple[int, int, int], max_width: int = 1240
) -> None:
    """Write text centred at x."""
    if not text:
        return
    ink, clear, ascent = _sprite(text, size_px, color, max_width)
    left, top = x - ink.shape[1] // 2, baseline - ascent
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(canvas.shape[1], left + ink.shape[1]), min(canvas.shape[0], top + ink.shape[0])
    region = canvas[y0:y1, x0:x1]
    part = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
    cv2.add(cv2.multiply(region, clear[part], scale=1 / 255), ink[part], dst=region)


@functools.lru_cache(maxsize=128)
def _sprite(text: str, size_px: int, color: tuple[int, int, int], max_width: int) -> tuple[U8, U8, int]:
    """Draw text once, as drawing it for each frame would cost 2 ms a piece.

    Returns:
        Ink (BGR, multiplied by its coverage), what of the background stays (0 to 255), and the baseline's row.
    """
    font = cv2.FontFace("sans")
    x0, y0, width, height = cv2.getTextSize((0, 0), text, (0, 0), font, size_px, 700)
    if width > max_width and size_px > 12:
        return _sprite(text, max(12, min(size_px - 1, size_px * max_width // width)), color, max_width)
    edge = max(3, size_px // 16)
    room = edge + size_px // 3  # glyphs may stand out of the box that getTextSize gives
    mask = np.zeros((height + 2 * room, width + 2 * room, 3), np.uint8)
    cv2.putText(mask, text, (room - x0, room - y0), (255, 255, 255), font, size_px, 700)
    letters = mask[:, :, 0]
    if not text.isascii():  # the font has one weight of Hangul, too light beside the bold Latin letters
        letters = np.asarray(cv2.dilate(letters, _disc(size_px // 60)), dtype=np.uint8)
    outline = cv2.GaussianBlur(cv2.dilate(letters, _disc(edge - 1)), (0, 0), edge / 3)
    solid = np.maximum(outline, letters)
    left, top, wide, high = cv2.boundingRect(solid)
    kept = np.s_[top : top + high, left : left + wide]
    ink = (letters[kept][..., None] / 255 * np.array(color)).astype(np.uint8)
    return ink, np.repeat(255 - solid[kept][..., None], 3, axis=2), room - y0 - top


def _disc(radius_px: int) -> U8:
    """Return a round kernel."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))
    return np.asarray(kernel, dtype=np.uint8)


def require_screen() -> None:
    """Check that a window can open; Qt would end the whole process otherwise.

    Raises:
        MissingOutside: No screen that answers.
    """
    if not sys.platform.startswith("linux"):
        return
    display = os.environ.get("DISPLAY", "")
    if not display or not _answers(display):
        raise MissingOutside(
            "the window",
            found=f"no screen (DISPLAY is {display!r})" if display else "no screen (DISPLAY is not set)",
            expected="a desktop",
            todo="record without a window: --no-preview",
        )


def _answers(display: str) -> bool:
    """Tell whether an X server listens behind a DISPLAY such as ':0' or 'host:10.0'."""
    match = re.fullmatch(r"(?:unix)?(?P<host>[^:/]*):(?P<number>\d+)(?:\.\d+)?", display)
    if match is None:
        return True  # a socket's path, as macOS has it: let the system try
    number = int(match["number"])
    try:
        if match["host"]:
            socket.create_connection((match["host"], 6000 + number), timeout=3).close()
            return True
    except OSError:
        return False
    for address in (f"/tmp/.X11-unix/X{number}", f"\0/tmp/.X11-unix/X{number}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(3)
            try:
                line.connect(address)
            except OSError:
                continue
            return True
    return False


_KEYS = {
    ord(" "): "space",
    ord("r"): "repeat",
    ord("R"): "repeat",
    ord("ㄱ"): "repeat",  # the same keys while the keyboard writes Hangul
    ord("q"): "quit",
    ord("Q"): "quit",
    ord("ㅂ"): "quit",
    27: "quit",
}


class Window:
    """The window on the screen. Use it as a context manager.

    Args:
        title: In its bar.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._is_open = False  # the system takes a moment to open it
        self._is_closed = False
        cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        cv2.resizeWindow(title, WIDTH_PX, HEIGHT_PX)

    def __enter__(self) -> "Window":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(cv2.error):  # the person closed it before
            cv2.destroyWindow(self._title)
            cv2.waitKey(1)

    def show(self, canvas_bgr: U8) -> None:
        """Show a picture; it appears with the next `key`. A window that was closed stays closed."""
        if not self._is_closed:
            cv2.imshow(self._title, canvas_bgr)

    def key(self) -> str | None:
        """Let the window live for a moment.

        Returns:
            ``space``, ``repeat``, ``quit`` (also when the window was closed) or None.
        """
        code = cv2.waitKeyEx(1)
        try:
            is_visible = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1
            self._is_open |= is_visible
            self._is_closed |= self._is_open and not is_visible
        except cv2.error:  # Qt forgets everything when its last window is closed
            self._is_closed = True
        return "quit" if self._is_closed else _KEYS.get(code)
