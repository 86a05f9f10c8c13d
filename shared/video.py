"""Films: frames with their true timestamps in, a take's film out.

Timestamps come from the container (also for variable frame rate), never from counting. Rotation marks of phones and
non-square pixels are applied. Reading and writing go through PyAV, FFmpeg's libraries.
"""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from shared.arrays import U8
from shared.errors import InvalidInput

_TICK = Fraction(1, 90_000)  # the usual clock of films: fine enough for any frame rate


@dataclass(frozen=True)
class Frame:
    """A picture and when it was taken: seconds from the first frame of its source."""

    time_s: float
    rgb_hwc_u8: U8


class Film(AbstractContextManager["Film"]):
    """A film file or stream, opened for reading once. Use it as a context manager and iterate over it.

    Args:
        source: A path or URL.

    Raises:
        InvalidInput: Missing, unreadable, no film, or without a video stream.
    """

    def __init__(self, source: str) -> None:
        import av

        logging.getLogger("libav").setLevel(logging.CRITICAL)
        self.source = source
        if "://" not in source and not Path(source).is_file():
            raise InvalidInput(source, found="no such file", expected="a film")
        try:
            self._container: Any = av.open(source, timeout=15.0)
        except (av.error.FFmpegError, OSError) as error:
            raise InvalidInput(
                source,
                found=f"nothing that reads as a film ({_reason(error)})",
                expected="a film such as mp4, mov, mkv, webm or avi",
                todo="check that it plays in a video player",
            ) from None
        streams = self._container.streams.video
        # The cover of a music file counts as a video stream, but is a still picture.
        streams = [s for s in streams if not s.disposition & av.stream.Disposition.attached_pic]
        if not streams or not streams[0].codec_context:
            self._container.close()
            raise InvalidInput(source, found="no video stream", expected="a film with pictures")
        self._stream = streams[0]
        self._stream.thread_type = "AUTO"
        self._pixel_ratio = float(self._stream.codec_context.sample_aspect_ratio or 1)
        rate = self._stream.average_rate
        self.nominal_fps: float | None = float(rate) if rate else None
        length = self._container.duration  # microseconds, as the container says
        self.duration_s: float | None = length / 1e6 if length else None
        self.is_live = "://" in source and self._container.duration is None

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; frames can no longer be read."""
        self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames in order of display.

        Raises:
            InvalidInput: The film carries no timestamps, or breaks off in the middle of its data.
        """
        import av

        first_s: float | None = None
        last_s = -1.0
        try:
            for picture in self._container.decode(self._stream):
                if picture.pts is None or picture.time is None:
                    raise InvalidInput(
                        self.source,
                        found="frames without timestamps",
                        expected="a film whose container says when each frame was taken",
                        todo="record it as mp4, mov or mkv",
                    )
                first_s = picture.time if first_s is None else first_s
                time_s = picture.time - first_s
                if time_s <= last_s:
                    continue
                last_s = time_s
                yield Frame(time_s, _upright_rgb(picture, self._pixel_ratio))
        except av.error.FFmpegError as error:
            raise InvalidInput(
                self.source,
                found=f"data that cannot be decoded after {max(last_s, 0.0):.2f} s ({_reason(error)})",
                expected="a whole film",
            ) from None


def _reason(error: Exception) -> str:
    """Shorten a library's error to its cause."""
    return str(getattr(error, "strerror", None) or error).splitlines()[0]


def _upright_rgb(picture: Any, pixel_ratio: float) -> U8:
    """Convert a decoded frame to RGB as a player would show it.

    With rounding and whole chroma, which FFmpeg leaves out by default: its quick way is 1.0 to 1.5 levels darker than
    what browsers, webcams and OpenCV show of the same film.
    """
    from av.video.reformatter import Interpolation

    exact = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
    width = round(picture.width * pixel_ratio)
    rgb: U8 = picture.to_ndarray(format="rgb24", width=width, height=picture.height, interpolation=exact)
    turns = round(picture.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb, turns)) if turns else rgb


class FilmWriter:
    """Writes a take's film as mp4 (H.264) in which each frame keeps its own time.

    Args:
        path: Where to; an existing file is overwritten.
        width_px: Width of the frames; an odd last column is left out, as the codec needs even sides.
        height_px: Height of the frames, likewise.
    """

    def __init__(self, path: Path, width_px: int, height_px: int) -> None:
        import av

        self._av = av
        self._width, self._height = width_px // 2 * 2, height_px // 2 * 2
        self._container: Any = av.open(str(path), "w", format="mp4")
        self._stream: Any = self._container.add_stream("libx264", rate=30)
        self._stream.width, self._stream.height = self._width, self._height
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = _TICK
        # As good as slower presets in larger files, at a third of the time: a laptop must keep up with a camera.
        self._stream.codec_context.options = {"preset": "ultrafast", "crf": "20"}

    def add(self, frame: Frame) -> None:
        """Append a frame; its time must be later than the last one's."""
        picture = self._av.VideoFrame.from_ndarray(frame.rgb_hwc_u8[: self._height, : self._width], format="rgb24")
        picture.time_base = _TICK
        picture.pts = round(frame.time_s / _TICK)
        self._container.mux(self._stream.encode(picture))

    def close(self) -> None:
        """Write what is still in the encoder and finish the file."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
