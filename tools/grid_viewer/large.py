"""Writes the page of a large dataset: a small HTML file that draws only what is in view, and sprites of thumbnails.

    index.html   thumbs_00001.jpg ...      a hundred thumbnails each, loaded when they are scrolled to

Both are copied together. Memory holds one sprite; the page's rows are written as they come.
"""

import json
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np

from shared.arrays import U8
from shared.dataset.reader import SequenceRow
from tools.grid_viewer.page import JPEG_QUALITY, THUMBS_ACROSS, PageFacts, fill_template
from tools.grid_viewer.sheet import SOFTWARE

LEAST = 3000  # sequences: above, one file with all pictures is too much for a browser
SIDE_PX = 112
A_SPRITE = 100
_PATTERN = "thumbs_{:05d}.jpg"


class LargePage:
    """A page that is being written, in the order of the facts' rows.

    Args:
        stream: Where to; text, UTF-8.
        folder: Where the sprites go.
        facts: What it shows.
    """

    def __init__(self, stream: TextIO, folder: Path, facts: PageFacts) -> None:
        self._stream, self._folder, self._facts = stream, folder, facts
        self._labels = {label: number for number, label in enumerate(facts.marks)}
        self._tiles: list[U8] = []
        self.sprites: list[Path] = []
        head, self._tail = fill_template(facts, is_large=True).split("<!-- rows -->")
        stream.write(head)
        self._separator = "["

    def add(self, row: SequenceRow, frames_thwc_u8: U8) -> None:
        """Write a sequence's row and its thumbnails.

        Args:
            row: The sequence.
            frames_thwc_u8: (T, H, W, 3), RGB.
        """
        if self._tiles and len(self._tiles) + len(frames_thwc_u8) > A_SPRITE:
            self._write_sprite()
        cells = [
            row.sequence_id,
            row.subject_id,
            row.take_id,
            self._labels[row.label],
            row.emotion or "",
            round(row.start_ms / 1000, 1),
            self._facts.row_numbers[row.sequence_id],
            int(row.reviewed),
            len(self.sprites) + 1,
            len(self._tiles),
            len(frames_thwc_u8),
        ]
        # "<" cannot stand in a script element as it is: "</script>" would end it.
        text = json.dumps(cells, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        self._stream.write(f"{self._separator}{text}")
        self._separator = ",\n"
        self._tiles += [_shrink(frame) for frame in frames_thwc_u8]

    def close(self) -> None:
        """Write the last sprite, and what comes after the last row."""
        self._write_sprite()
        self._stream.write("]" + self._tail)

    def _write_sprite(self) -> None:
        sheet = np.full((-(-len(self._tiles) // THUMBS_ACROSS) * SIDE_PX, THUMBS_ACROSS * SIDE_PX, 3), 255, np.uint8)
        for number, tile in enumerate(self._tiles):
            top, left = number // THUMBS_ACROSS * SIDE_PX, number % THUMBS_ACROSS * SIDE_PX
            sheet[top : top + SIDE_PX, left : left + SIDE_PX] = tile
        data = cv2.imencode(".jpg", sheet[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
        comment = b"\xff\xfe" + (len(SOFTWARE) + 2).to_bytes(2, "big") + SOFTWARE  # marks it as ours
        path = self._folder / _PATTERN.format(len(self.sprites) + 1)
        path.write_bytes(data[:2] + comment + data[2:])
        self.sprites.append(path)
        self._tiles = []


def _shrink(frame_rgb_hwc_u8: U8) -> U8:
    """Bring a picture to a thumbnail's square, whole and in the middle."""
    height, width = frame_rgb_hwc_u8.shape[:2]
    scale = SIDE_PX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(frame_rgb_hwc_u8, size, interpolation=cv2.INTER_AREA)
    tile: U8 = np.full((SIDE_PX, SIDE_PX, 3), 255, np.uint8)
    top, left = (SIDE_PX - size[1]) // 2, (SIDE_PX - size[0]) // 2
    tile[top : top + size[1], left : left + size[0]] = small
    return tile
