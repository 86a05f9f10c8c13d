"""From decoded frames to the pictures that a player shows: RGB, upright, square pixels, whole pictures, for a screen.

The arithmetic is FFmpeg's, through its filters; what it has to do stands in a `Look`.
"""

import tempfile
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from shared.arrays import U8
from shared.films import bright
from shared.films.looks import Look, read_look

# The one rule of conversion: exact arithmetic, and the nearest colour sample for each pixel. It is what Chromium draws
# (largest difference 1 on films of people) and what FFmpeg's own quick way gives without its loss of 1.3 levels.
_CONVERT = "neighbor+accurate_rnd+full_chroma_int"
_RESIZE = "bilinear+accurate_rnd"


class Projector:
    """Shows the frames of one film. Each gives one picture, in order; an interlaced film's come one frame later.

    Args:
        source: The film, for errors.
        pixel_ratio: Width of a pixel, in heights.
        codec_tag: The container's name of the codec.
    """

    def __init__(self, source: str, pixel_ratio: float, codec_tag: str) -> None:
        self._source, self._pixel_ratio, self._codec_tag = source, pixel_ratio, codec_tag
        self._look: Look | None = None
        self._filters: _Filters | None = None
        self._transfers: set[str] = set()
        self._is_interlaced = False

    def show(self, frame: Any, time_s: float) -> Iterator[tuple[float, U8]]:
        """Take in a frame; yield what can be shown by now: times, and (H, W, 3) uint8, RGB.

        Raises:
            InvalidInput: Its colours cannot be converted truly.
        """
        look = read_look(frame, self._pixel_ratio, self._codec_tag, self._source)
        self._is_interlaced |= look.is_interlaced
        look = replace(look, is_interlaced=self._is_interlaced)
        if look != self._look or self._filters is None:
            yield from self.rest()
            self._look, self._filters = look, _Filters(look, frame.time_base)
            if look.transfer:
                self._transfers.add(look.transfer)
        yield from self._filters.push(frame, time_s)

    def rest(self) -> Iterator[tuple[float, U8]]:
        """Yield the pictures that are still held back."""
        if self._filters is not None:
            yield from self._filters.push(None, 0.0)
            self._filters = None

    def notes(self) -> list[str]:
        """Say what was done to the pictures so far."""
        found = [
            f"it is made for bright screens ({transfer}): its colours were mapped to an ordinary one (ITU-R BT.2390)"
            for transfer in sorted(self._transfers)
        ]
        if self._is_interlaced:
            found.append("it is interlaced: its pictures were made whole (bwdif)")
        return found


class _Filters:
    """A chain of FFmpeg's filters for frames of one look."""

    def __init__(self, look: Look, time_base: Any) -> None:
        import av.filter

        self._look = look
        self._times_s: deque[float] = deque()
        self._graph = av.filter.Graph()
        size = f"{look.width_px}x{look.height_px}"
        last = self._graph.add(
            "buffer", video_size=size, pix_fmt=look.pix_fmt, time_base=str(time_base), pixel_aspect="1/1"
        )
        self._start = last
        with tempfile.TemporaryDirectory(prefix="smilebench-") as folder:
            for name, settings in self._chain(Path(folder)):
                following = self._graph.add(name, **settings)
                last.link_to(following)
                last = following
            self._graph.configure()  # reads the table of colours
        self._end = last

    def _chain(self, folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the filters with their settings."""
        look = self._look
        if look.is_interlaced:
            yield "bwdif", {"mode": "send_frame", "parity": "auto", "deint": "interlaced"}
        colours = {"flags": _CONVERT, "out_range": "full"}
        if look.matrix:
            colours |= {"in_color_matrix": look.matrix, "in_range": "full" if look.is_full_range else "limited"}
        yield "scale", colours
        if look.transfer:
            table = folder / "colours.cube"
            table.write_text(bright.table_of(look.transfer, look.primaries), encoding="ascii")
            yield "format", {"pix_fmts": "gbrp16le"}
            yield "lut3d", {"file": str(table), "interp": "tetrahedral"}
            yield "scale", {"flags": _CONVERT}
        yield "format", {"pix_fmts": "rgb24"}
        if look.shown_width_px != look.width_px:
            yield "scale", {"w": str(look.shown_width_px), "h": str(look.height_px), "flags": _RESIZE}
        yield "buffersink", {}

    def push(self, frame: Any, time_s: float) -> Iterator[tuple[float, U8]]:
        """Take in a frame, or None for the end; yield the pictures that come out."""
        import av

        if frame is not None:
            self._times_s.append(time_s)
        self._start.push(frame)
        while True:
            try:
                shown = self._end.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            yield self._times_s.popleft(), _turn_upright(shown.to_ndarray(), self._look.turn)


def _turn_upright(rgb_hwc_u8: U8, turn: tuple[bool, bool, bool]) -> U8:
    """Apply one of the eight orientations."""
    is_transposed, is_mirrored, is_flipped = turn
    rgb = rgb_hwc_u8.transpose(1, 0, 2) if is_transposed else rgb_hwc_u8
    rgb = rgb[:, ::-1] if is_mirrored else rgb
    return np.ascontiguousarray(rgb[::-1] if is_flipped else rgb)
