"""From decoded frames to the pictures that a player shows: RGB, upright, square pixels, whole pictures, for a screen.

Colours are a browser's (`shared.films.yuv`) where its rule is known: pictures of eight bits in BT.601 or BT.709. The
arithmetic of all else is FFmpeg's, through its filters; what it has to do stands in a `Look`.
"""

import tempfile
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from shared.arrays import U8
from shared.films import bright, yuv
from shared.films.looks import NOT_KNOWN, Colours, Look, read_look

# Of what `shared.films.yuv` does not cover: exact arithmetic, and the nearest colour sample for each pixel.
_CONVERT = "neighbor+accurate_rnd+full_chroma_int"
# Layouts of eight bits whose planes `shared.films.yuv` takes: brightness, then the differences, in NV12 in pairs.
_PLANES = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12")


class Projector:
    """Shows the frames of one film. Each gives one picture, in order; an interlaced film's come one frame later.

    Args:
        source: The film, for errors.
        pixel_ratio: Width of a pixel, in heights.
        codec_tag: The container's name of the codec.
        unsaid: What counts where the stream says nothing about its colours.
    """

    def __init__(self, source: str, pixel_ratio: float, codec_tag: str, unsaid: Colours = NOT_KNOWN) -> None:
        self._unsaid = unsaid
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
        look = read_look(frame, self._pixel_ratio, self._codec_tag, self._source, self._unsaid)
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
    """A chain of FFmpeg's filters for frames of one look, and the browsers' colours where they are known."""

    def __init__(self, look: Look, time_base: Any) -> None:
        import av.filter

        self._look = look
        self._has_browser_colours = look.pix_fmt in _PLANES and look.transfer is None and yuv.is_known(look.matrix)
        self._times_s: deque[float] = deque()
        self._start: Any = None
        self._end: Any = None
        if self._has_browser_colours and not look.is_interlaced:
            return  # nothing is left to filter
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
        if self._has_browser_colours:
            yield "buffersink", {}
            return
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
        yield "buffersink", {}

    def push(self, frame: Any, time_s: float) -> Iterator[tuple[float, U8]]:
        """Take in a frame, or None for the end; yield the pictures that come out."""
        import av

        if self._start is None:
            if frame is not None:
                yield time_s, self._finish(frame)
            return
        if frame is not None:
            self._times_s.append(time_s)
        self._start.push(frame)
        while True:
            try:
                shown = self._end.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            yield self._times_s.popleft(), self._finish(shown)

    def _finish(self, frame: Any) -> U8:
        """Turn a whole picture into RGB, with square pixels, upright."""
        look = self._look
        rgb: U8
        if self._has_browser_colours:
            rgb = yuv.to_rgb(*_read_planes(frame), look.matrix or "", is_full_range=look.is_full_range)
        else:
            rgb = frame.to_ndarray()
        rgb = _stretch(rgb, 0, look.shown_height_px)
        rgb = _stretch(rgb, 1, look.shown_width_px)
        return _turn_upright(rgb, look.turn)


def _read_planes(frame: Any) -> tuple[U8, U8, U8]:
    """Give a frame's brightness and its two colour differences, as they lie in its memory."""
    is_paired = frame.format.name == "nv12"
    planes = []
    for number, plane in enumerate(frame.planes):
        rows: U8 = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        planes.append(rows[:, : plane.width * (1 + (is_paired and number > 0))])
    if is_paired:
        return planes[0], planes[1][:, 0::2], planes[1][:, 1::2]
    return planes[0], planes[1], planes[2]


def _stretch(rgb_hwc_u8: U8, axis: int, length_px: int) -> U8:
    """Enlarge a picture along one axis, as browsers draw pixels that are not square.

    Source: Skia mixes two neighbours by sixteenths and cuts fractions off (SkBitmapProcState); seen in Chromium.
    """
    stored_px = rgb_hwc_u8.shape[axis]
    if length_px == stored_px:
        return rgb_hwc_u8
    place = (np.arange(length_px) + 0.5) * (stored_px / length_px) - 0.5
    before = np.floor(place).astype(int)
    shape = [1, 1, 1]
    shape[axis] = length_px
    share = np.floor((place - before) * 16).astype(np.uint16).reshape(shape)
    first, second = (
        rgb_hwc_u8.take(np.clip(k, 0, stored_px - 1), axis).astype(np.uint16) for k in (before, before + 1)
    )
    return np.asarray((first * (16 - share) + second * share) >> 4, dtype=np.uint8)


def _turn_upright(rgb_hwc_u8: U8, turn: tuple[bool, bool, bool]) -> U8:
    """Apply one of the eight orientations."""
    is_transposed, is_mirrored, is_flipped = turn
    rgb = rgb_hwc_u8.transpose(1, 0, 2) if is_transposed else rgb_hwc_u8
    rgb = rgb[:, ::-1] if is_mirrored else rgb
    return np.ascontiguousarray(rgb[::-1] if is_flipped else rgb)
