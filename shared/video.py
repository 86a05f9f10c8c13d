"""Films: frames with their true timestamps in, a take's film out.

Times are those that a player shows, from the container (also for variable frame rate), never from counting; pictures
are those that a player shows, upright and in an ordinary screen's colours. What was assumed stands in a film's notes.
Reading and writing go through PyAV, FFmpeg's libraries; the rules lie in `shared.films`.
"""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from shared.arrays import U8
from shared.errors import InvalidInput
from shared.films.clock import FilmClock
from shared.films.looks import NOT_KNOWN, Colours
from shared.films.projector import Projector

_TICK = Fraction(1, 90_000)  # the usual clock of films: fine enough for any frame rate


@dataclass(frozen=True)
class Frame:
    """A picture and when it is shown: seconds from the beginning of its source."""

    time_s: float
    rgb_hwc_u8: U8


class Film(AbstractContextManager["Film"]):
    """A film file or stream, opened for reading once. Use it as a context manager and iterate over it.

    Args:
        source: A path or URL.
        unsaid: What counts where the stream says nothing about its colours.

    Attributes:
        nominal_fps: Frame rate that the container reports, or None.
        duration_s: Length from the beginning, or None.
        is_live: Whether it is a stream without an end.
        codec: Name of the pictures' codec, such as h264.

    Raises:
        InvalidInput: Missing, unreadable, no film, or without a video stream.
    """

    def __init__(self, source: str, unsaid: Colours = NOT_KNOWN) -> None:
        import av

        logging.getLogger("libav").setLevel(logging.CRITICAL)
        self.source = source
        self._container: Any = _open(source)
        streams = self._container.streams.video
        # The cover of a music file counts as a video stream, but is a still picture.
        streams = [s for s in streams if not s.disposition & av.stream.Disposition.attached_pic and s.codec_context]
        if not streams:
            self._container.close()
            raise InvalidInput(source, found="no video stream", expected="a film with pictures")
        self._stream = _choose(streams)
        self._stream.thread_type = "AUTO"
        size = f"{self._stream.width}x{self._stream.height}"
        chosen = f"it has {len(streams)} video streams: that of {size} pixels was read"
        self._chosen = [chosen] if len(streams) > 1 else []
        rate = self._stream.average_rate
        self.nominal_fps: float | None = float(rate) if rate else None
        start = self._container.start_time  # microseconds
        self._may_jump = bool(self._container.format.flags & av.format.Flags.ts_discont.value)
        self._start_s = None if start is None else start / 1e6
        self._clock = FilmClock(source, self._start_s, may_jump=self._may_jump)
        length = self._container.duration  # microseconds, as the container says
        if length and start and "matroska" in self._container.format.name:
            length -= start  # Matroska writes the last stamp, from 0
        self.duration_s: float | None = length / 1e6 if length else None
        self.is_live = "://" in source and self._container.duration is None
        self.codec: str = self._stream.codec_context.name
        self._shrinker = av.video.reformatter.VideoReformatter()  # one for all: to open one takes a millisecond
        ratio = float(self._stream.sample_aspect_ratio or self._stream.codec_context.sample_aspect_ratio or 1)
        self._projector = Projector(source, ratio, str(self._stream.codec_context.codec_tag), unsaid)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; frames can no longer be read."""
        self._container.close()

    def notes(self, *, counted_from: str = "the beginning") -> list[str]:
        """Say what was assumed about the frames that were read so far, each in a few words about "it", the film.

        Args:
            counted_from: What times count from, where the caller counts from something else.
        """
        return [*self._chosen, *self._clock.notes(counted_from), *self._projector.notes()]

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames in order of display.

        Raises:
            InvalidInput: The film carries no timestamps or broken ones, has colours that cannot be converted, or breaks
                off in the middle of its data.
        """
        for picture, time_s in self._decode():
            for at_s, rgb in self._projector.show(picture, time_s):
                yield Frame(at_s, rgb)
        for at_s, rgb in self._projector.rest():
            yield Frame(at_s, rgb)

    def decode(self, from_s: float = 0.0) -> Iterator["DecodedFrame"]:
        """Yield the frames in order of display, not yet converted: for whoever needs a few of many.

        Args:
            from_s: Start at the last key frame at or before this time, or earlier.

        Raises:
            InvalidInput: The film carries no timestamps or broken ones, or breaks off in the middle of its data.
        """
        if from_s > 0 and self._start_s is not None and not self._may_jump:
            place = round((self._start_s + from_s) / self._stream.time_base)
            self._container.seek(place, stream=self._stream, backward=True)
        for picture, time_s in self._decode():
            yield DecodedFrame(time_s, picture, self._projector, self._shrinker)

    def _decode(self) -> Iterator[tuple[Any, float]]:
        """Yield the frames as the decoder gives them, with their times."""
        import av

        try:
            for picture in self._container.decode(self._stream):
                if picture.pts is None or picture.time is None:
                    raise InvalidInput(
                        self.source,
                        found="frames without timestamps",
                        expected="a film whose container says when each frame was taken",
                        todo="record it as mp4, mov or mkv",
                    )
                shown_s = float((picture.duration or 0) * picture.time_base)
                time_s = self._clock.read(picture.time, shown_s, is_key=bool(picture.key_frame))
                if time_s is not None:
                    yield picture, time_s
        except av.error.FFmpegError as error:
            last_s = self._clock.last_s or 0.0
            raise BrokenFilm(
                self.source,
                found=f"data that cannot be decoded after {last_s:.2f} s ({_reason(error)})",
                expected="a whole film",
            ) from None


class BrokenFilm(InvalidInput):
    """A film whose data cannot be decoded at a place; behind it they may."""


@dataclass(frozen=True)
class DecodedFrame:
    """A frame as the decoder gave it, and when it is shown: seconds from the beginning of its source."""

    time_s: float
    picture: Any
    projector: Projector
    shrinker: Any

    def to_rgb(self) -> U8:
        """Convert it to RGB as a player would show it: (height, width, 3). An interlaced one is made whole alone."""
        shown = [*self.projector.show(self.picture, self.time_s)] or [*self.projector.rest()]
        return shown[0][1]

    def to_small_rgb(self, width_px: int, height_px: int) -> U8:
        """Shrink it quickly and roughly, as it lies in the file: (height_px, width_px, 3), not turned upright."""
        small: U8 = self.shrinker.reformat(self.picture, width_px, height_px, "rgb24").to_ndarray()
        return small


def _open(source: str) -> Any:
    """Open a film with PyAV.

    Raises:
        InvalidInput: Missing, a folder, unreadable, no film, or nothing answers.
    """
    import av

    if "://" not in source and not Path(source).is_file():
        found = "a directory" if Path(source).is_dir() else "no such file"
        raise InvalidInput(source, found=found, expected="a film")
    try:
        return av.open(source, timeout=15.0)
    except (av.error.FFmpegError, OSError) as error:
        if isinstance(error, PermissionError):
            raise InvalidInput(source, found="a file that may not be read", expected="a film") from None
        if "://" in source and not isinstance(error, av.error.InvalidDataError):
            raise InvalidInput(source, found=_reason(error), expected="a film or stream that answers") from None
        raise InvalidInput(
            source,
            found=f"nothing that reads as a film ({_reason(error)})",
            expected="a film such as mp4, mov, mkv, webm or avi",
            todo="check that it plays in a video player",
        ) from None


def _choose(streams: list[Any]) -> Any:
    """Choose the stream that a player shows: one that is marked as default, then the largest, then the first."""
    from av.stream import Disposition

    return max(streams, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height, -s.index))


def _reason(error: Exception) -> str:
    """Shorten a library's error to its cause."""
    return str(getattr(error, "strerror", None) or error).splitlines()[0]


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
