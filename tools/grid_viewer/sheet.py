"""Draws one sheet: lines of pictures with id, person, take and label. Reads and writes no files.

A sequence of several pictures takes a line of its own; photos (sequences of one picture) share a line.
"""

import functools
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from shared.arrays import U8
from shared.dataset.reader import SequenceRow
from shared.text.catalogue import Lang, Words
from shared.text.label_style import Mark, label_word
from tools.grid_viewer.words import TEXTS

FRAME_PX = 192
ACROSS = 5  # pictures side by side; longer sequences go on below
GAP_PX = 6
TEXT_PX = 250  # the column of words beside a sequence
CAPTION_PX = 78  # the words under a photo
HEAD_PX = 84
MARGIN_PX = 16
WIDTH_PX = MARGIN_PX * 2 + TEXT_PX + ACROSS * (FRAME_PX + GAP_PX)

INK, SOFT, PAPER, RULE, WHITE = (17, 24, 39), (75, 85, 99), (248, 249, 251), (209, 213, 219), (255, 255, 255)
WARNING = (146, 20, 12)
SOFTWARE = b"smilebench grid-viewer"

Line = Sequence[SequenceRow]


@dataclass(frozen=True)
class Heading:
    """What stands on top of a sheet."""

    title: str
    detail: str
    is_synthetic: bool


def arrange_lines(rows: Sequence[SequenceRow]) -> list[list[SequenceRow]]:
    """Put rows into lines, in order: a sequence alone, up to five photos of one person together."""
    lines: list[list[SequenceRow]] = []
    for row in rows:
        last = lines[-1] if lines else []
        if (
            last
            and row.frame_count == last[0].frame_count == 1
            and row.subject_id == last[0].subject_id
            and len(last) < ACROSS
        ):
            last.append(row)
        else:
            lines.append([row])
    return lines


def line_height_px(line: Line) -> int:
    """Return the height of a line, with the gap below it."""
    if line[0].frame_count == 1:
        return FRAME_PX + CAPTION_PX + 2 * GAP_PX
    return -(-line[0].frame_count // ACROSS) * (FRAME_PX + GAP_PX) + 2 * GAP_PX


class Sheet:
    """A sheet that is being drawn, from top to bottom.

    Args:
        lines: The lines that it will hold; only their sizes are used here.
        heading: What stands on top.
        marks: How each class looks.
        lang: ``en`` or ``ko``.
    """

    def __init__(self, lines: Sequence[Line], heading: Heading, marks: dict[str, Mark], lang: Lang) -> None:
        height = HEAD_PX + sum(line_height_px(line) for line in lines) + MARGIN_PX
        self._image: U8 = np.full((height, WIDTH_PX, 3), PAPER, np.uint8)  # (H, W, 3) RGB
        self._marks, self._lang = marks, lang
        self._top = HEAD_PX
        self._x = 0
        self._draw_heading(heading)

    def _draw_heading(self, heading: Heading) -> None:
        write(self._image, heading.title, (MARGIN_PX, 38), 26, weight=700)
        write(self._image, heading.detail, (MARGIN_PX, 68), 17, SOFT)
        if heading.is_synthetic:
            text = Words(TEXTS, self._lang)("synthetic_long")
            left = WIDTH_PX - MARGIN_PX - text_width_px(text, 18, 700) - 24
            cv2.rectangle(self._image, (left, 12), (WIDTH_PX - MARGIN_PX, 48), WARNING, -1)
            write(self._image, text, (left + 12, 37), 18, WHITE, 700)

    def add(self, row: SequenceRow, frames_thwc_u8: U8, *, starts_line: bool, ends_line: bool) -> None:
        """Draw a sequence in its place.

        Args:
            row: The sequence.
            frames_thwc_u8: (T, H, W, 3), RGB.
            starts_line: Whether it is the first one of its line.
            ends_line: Whether it is the last one.
        """
        if starts_line:
            cv2.line(self._image, (MARGIN_PX, self._top), (WIDTH_PX - MARGIN_PX, self._top), RULE, 1)
            self._x = MARGIN_PX
        top = self._top + GAP_PX
        if row.frame_count == 1:
            x = self._x + GAP_PX
            self._paste(frames_thwc_u8[0], x, top)
            self._tag(row, x, top + FRAME_PX + 6, FRAME_PX)
            write(self._image, f"{row.sequence_id} · {row.subject_id}", (x, top + FRAME_PX + 58), 16, max_px=FRAME_PX)
            self._x += FRAME_PX + 5 * GAP_PX
        else:
            self._tag(row, MARGIN_PX, top + 8, TEXT_PX - 20)
            write(self._image, row.sequence_id, (MARGIN_PX, top + 84), 27, weight=700, max_px=TEXT_PX - 20)
            write(self._image, row.subject_id, (MARGIN_PX, top + 118), 22, weight=600, max_px=TEXT_PX - 20)
            write(self._image, f"{row.take_id} · {row.start_ms / 1000:.1f} s", (MARGIN_PX, top + 146), 17, SOFT)
            if row.reviewed:
                write(self._image, Words(TEXTS, self._lang)("reviewed"), (MARGIN_PX, top + 172), 16, SOFT)
            for index, frame in enumerate(frames_thwc_u8):
                down, across = divmod(index, ACROSS)
                left = MARGIN_PX + TEXT_PX + across * (FRAME_PX + GAP_PX)
                self._paste(frame, left, top + down * (FRAME_PX + GAP_PX))
        if ends_line:
            self._top += line_height_px([row])

    def _tag(self, row: SequenceRow, left: int, top: int, width: int) -> None:
        """Draw the label: a filled bar with the class's shape and word in white."""
        mark = self._marks[row.label]
        cv2.rectangle(self._image, (left, top), (left + width, top + 36), mark.colour_rgb, -1)
        draw_shape(self._image, mark.shape, (left + 20, top + 18), 10, WHITE)
        write(self._image, label_word(row.label, self._lang), (left + 40, top + 26), 22, WHITE, 700, width - 44)

    def _paste(self, frame_rgb_hwc_u8: U8, left: int, top: int) -> None:
        """Shrink or grow a picture to fit its square."""
        height, width = frame_rgb_hwc_u8.shape[:2]
        scale = FRAME_PX / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = cv2.resize(frame_rgb_hwc_u8, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        self._image[top : top + size[1], left : left + size[0]] = picture

    def encode(self) -> bytes:
        """Return the sheet as a PNG marked as this tool's, so that later runs may replace it."""
        bgr = cv2.cvtColor(self._image, cv2.COLOR_RGB2BGR)
        data: bytes = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 4])[1].tobytes()
        chunk = b"tEXtSoftware\0" + SOFTWARE
        after_header = 33  # 8 bytes of signature and the 25 of IHDR, which a PNG always begins with
        return (
            data[:after_header]
            + struct.pack(">I", len(chunk) - 4)
            + chunk
            + struct.pack(">I", zlib.crc32(chunk))
            + data[after_header:]
        )


def draw_shape(image: U8, shape: str, centre: tuple[int, int], radius: int, colour: tuple[int, int, int]) -> None:
    """Draw one of `shared.text.label_style.SHAPES`, filled, into an image."""
    x, y = centre
    r = radius
    if shape == "circle":
        cv2.circle(image, centre, r, colour, -1, cv2.LINE_AA)
        return
    third = r // 3
    corners = {
        "square": [(x - r + 1, y - r + 1), (x + r - 1, y - r + 1), (x + r - 1, y + r - 1), (x - r + 1, y + r - 1)],
        "triangle": [(x, y - r), (x + r, y + r - 1), (x - r, y + r - 1)],
        "diamond": [(x, y - r - 1), (x + r + 1, y), (x, y + r + 1), (x - r - 1, y)],
        "cross": [
            (x - third, y - r), (x + third, y - r), (x + third, y - third), (x + r, y - third),
            (x + r, y + third), (x + third, y + third), (x + third, y + r), (x - third, y + r),
            (x - third, y + third), (x - r, y + third), (x - r, y - third), (x - third, y - third),
        ],
    }[shape]  # fmt: skip
    cv2.fillPoly(image, [np.array(corners, np.int32)], colour, cv2.LINE_AA)


@functools.cache
def _font() -> Any:
    return cv2.FontFace("sans")


def text_width_px(text: str, size_px: int, weight: int = 400) -> int:
    """Measure a text's width on a sheet."""
    box = cv2.getTextSize((10_000, 200), text, (0, 100), _font(), size_px, weight)
    return int(box[0] + box[2])


def write(
    image: U8,
    text: str,
    left_base_px: tuple[int, int],
    size_px: int,
    colour: tuple[int, int, int] = INK,
    weight: int = 400,
    max_px: int = WIDTH_PX,
) -> None:
    """Write a text, Hangul too; one that is wider than max_px is cut and ends in three dots."""
    if text_width_px(text, size_px, weight) > max_px:
        while text and text_width_px(text + "…", size_px, weight) > max_px:
            text = text[:-1]
        text += "…"
    cv2.putText(image, text, left_base_px, colour, _font(), size_px, weight)
