"""One take: frames with times in, a film and labelled sequences out, or the reason why it is refused.

Windows are cut by the frames' times, never by counting frames. Memory stays flat: pictures are kept only where a
window may still need them, and already cropped and resized; the film goes to disk frame by frame. Knows nothing of
cameras and windows on the screen.
"""

import contextlib
import errno
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import preprocess
from shared.arrays import U8
from shared.dataset.protocol import DURATION_SLACK_S, Protocol, Window, choose_frames
from shared.dataset.writer import NewSequence
from shared.errors import CheckFailed
from shared.films.pace import Measured, measure
from shared.video import FilmWriter, Frame

_ROUNDING_S = 1e-6  # times are sums of floats
_FPS_ROUNDING = 0.01
# Our own choice, measured: frames that a 30 fps film repeats after H.264 differ by up to 0.1 on average and by few
# grey levels anywhere; the noise of a camera, and people who keep still, by more.
_SAME_PICTURE_MEAN = 0.2
_SAME_PICTURE_MOST = 6
_SAMPLE_STEP_PX = 8


class TakeRefused(CheckFailed):
    """A take that must not be stored; the text gives the reason.

    Args:
        cause: ``size``, ``short``, ``slow``, ``gap``, ``sequence``, ``clock`` or ``disk``: the key of the text in the
            person's language.
        found: What was found.
        expected: What should have been there.
        todo: What the user can do about it.
    """

    def __init__(self, cause: str, *, found: str, expected: str, todo: str = "nothing was stored") -> None:
        super().__init__("take refused", found=found, expected=expected, todo=todo)
        self.cause = cause


def gap_at(window: Window, times_s: list[float], end_s: float, max_gap_ms: float) -> tuple[float, float] | None:
    """Find a gap between frames that touches a window.

    Args:
        window: The labelled span.
        times_s: Times of the take's frames in seconds, increasing.
        end_s: When the last frame ends.
        max_gap_ms: What is still allowed.

    Returns:
        (from, to) of the first gap in seconds, or None. The time before the first frame and after the last counts too.
    """
    edges = [0.0, *times_s, max(end_s, times_s[-1])] if times_s else [0.0, end_s]
    for before, after in itertools.pairwise(edges):
        is_gap = after - before > max_gap_ms / 1000 + _ROUNDING_S
        if is_gap and before < window.end_s and after > window.start_s:
            return before, after
    return None


@dataclass(frozen=True)
class Take:
    """A take that may be stored."""

    film: Path
    found: list[NewSequence]
    measured: Measured
    width_px: int
    height_px: int


class TakeRecorder:
    """Collects the frames of a take. Call `discard` when done with it, stored or not.

    Args:
        protocol: What the take follows.
        folder: The dataset's folder; the film grows in a temporary folder inside it, on the same disk.
        also_to: Is shown each frame that the take holds.
    """

    def __init__(self, protocol: Protocol, folder: Path, also_to: Callable[[float, U8], None] | None = None) -> None:
        self._protocol = protocol
        self._also_to = also_to
        self._incoming = Path(tempfile.mkdtemp(dir=folder, prefix=".incoming-"))
        self._film = self._incoming / "take.mp4"
        self._writer: FilmWriter | None = None
        self._shape: tuple[int, ...] = ()
        self._times_s: list[float] = []
        self._kept: dict[int, U8] = {}
        self._open_windows = list(protocol.windows)
        self._found: list[tuple[Window, list[NewSequence]]] = []
        self._last_sample: U8 | None = None
        self._n_doubled = 0

    @property
    def time_s(self) -> float:
        """The last frame's time; 0 before the first one."""
        return self._times_s[-1] if self._times_s else 0.0

    def add(self, frame: Frame) -> bool:
        """Take in a frame.

        Args:
            frame: Its time is in seconds from the start of the take, later than the last one's.

        Returns:
            Whether more frames are needed: False from the protocol's end on.

        Raises:
            TakeRefused: The picture's size changed, time went backwards, or the disk is full.
        """
        if self._times_s and frame.time_s <= self._times_s[-1]:
            raise TakeRefused(
                "clock",
                found=f"a frame of {frame.time_s:.3f} s after one of {self._times_s[-1]:.3f} s",
                expected="later and later ones",
            )
        if frame.time_s >= self._protocol.duration_s - _ROUNDING_S:
            return False
        if self._writer is None:
            self._shape = frame.rgb_hwc_u8.shape
            with _disk():
                self._writer = FilmWriter(self._film, self._shape[1], self._shape[0])
        elif frame.rgb_hwc_u8.shape != self._shape:
            raise TakeRefused(
                "size",
                found=f"pictures of {frame.rgb_hwc_u8.shape[1]}x{frame.rgb_hwc_u8.shape[0]} pixels after "
                f"{frame.time_s:.2f} s",
                expected=f"{self._shape[1]}x{self._shape[0]} as at its start",
            )
        with _disk():
            self._writer.add(frame)
        if self._also_to is not None:
            self._also_to(frame.time_s, frame.rgb_hwc_u8)
        self._times_s.append(frame.time_s)
        self._count_doubled(frame.rgb_hwc_u8)
        if any(window.start_s <= frame.time_s <= window.end_s for window in self._open_windows):
            index = len(self._times_s) - 1
            self._kept[index] = preprocess.crop_and_resize(frame.rgb_hwc_u8, self._protocol.image_size_px)
        for window in [window for window in self._open_windows if frame.time_s > window.end_s]:
            self._cut(window)
        return True

    def _count_doubled(self, rgb_hwc_u8: U8) -> None:
        sample = rgb_hwc_u8[::_SAMPLE_STEP_PX, ::_SAMPLE_STEP_PX, 1].copy()
        if self._last_sample is not None:
            difference = np.abs(sample.astype(np.int16) - self._last_sample)
            self._n_doubled += bool(difference.mean() < _SAME_PICTURE_MEAN and difference.max() <= _SAME_PICTURE_MOST)
        self._last_sample = sample

    def _cut(self, window: Window) -> None:
        """Choose the sequences of a window whose frames are all there, and forget the other pictures."""
        found = [
            NewSequence(
                label=window.label,
                emotion=window.emotion,
                frame_times_ms=tuple(round(self._times_s[index] * 1000, 1) for index in indices),
                frames_thwc_u8=np.stack([self._kept[index] for index in indices]),
            )
            for indices in choose_frames(self._protocol, window, self._times_s)
        ]
        self._found.append((window, found))
        self._open_windows.remove(window)
        self._kept = {
            index: picture
            for index, picture in self._kept.items()
            if any(other.start_s <= self._times_s[index] <= other.end_s for other in self._open_windows)
        }

    def finish(self, ending: str) -> Take:
        """Close the take and judge it.

        Args:
            ending: Why there were no more frames, in case they ended too early: such as "the film ends".

        Raises:
            TakeRefused: Too short, too slow, a gap at a labelled window, or a window without a full sequence.
        """
        for window in list(self._open_windows):
            self._cut(window)
        protocol, measured = self._protocol, measure(self._times_s, self._n_doubled)
        if measured.duration_s < protocol.duration_s - DURATION_SLACK_S - _ROUNDING_S:
            raise TakeRefused(
                "short",
                found=f"only {measured.duration_s:.2f} s ({measured.n_frames} frames): {ending}",
                expected=f"{protocol.duration_s:g} s, the protocol's duration (at most {DURATION_SLACK_S:g} s less)",
            )
        if measured.fps < protocol.min_fps - _FPS_ROUNDING:
            raise TakeRefused(
                "slow",
                found=f"{measured.fps:.4g} frames a second",
                expected=f"at least {protocol.min_fps:g}, the protocol's min_fps",
                todo="nothing was stored; more light, or a smaller picture, makes most cameras faster",
            )
        for window in protocol.windows:
            gap = gap_at(window, self._times_s, measured.duration_s, protocol.max_gap_ms)
            if gap is not None:
                raise TakeRefused(
                    "gap",
                    found=f"no frame for {(gap[1] - gap[0]) * 1000:.0f} ms (from {gap[0]:.2f} to {gap[1]:.2f} s) "
                    f"at the window for {window.label}, {window.start_s:g} to {window.end_s:g} s",
                    expected=f"at most {protocol.max_gap_ms:g} ms, the protocol's max_gap_ms",
                )
        for window, found in self._found:
            if not found:
                raise TakeRefused(
                    "sequence",
                    found=f"no full sequence for {window.label} in {window.start_s:g} to {window.end_s:g} s",
                    expected=f"{protocol.frame_count} frames, {protocol.frame_interval_ms:g} ms apart",
                )
        with _disk():
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            with self._film.open("r+b") as film:
                os.fsync(film.fileno())
        in_order = sorted(self._found, key=lambda pair: pair[0].start_s)
        return Take(
            film=self._film,
            found=[sequence for _, found in in_order for sequence in found],
            measured=measured,
            width_px=self._shape[1],
            height_px=self._shape[0],
        )

    def discard(self) -> None:
        """Let go of the film and remove the temporary folder; a film that was stored has left it."""
        if self._writer is not None:
            # The film is discarded, so an error while closing it (such as a full disk) is ignored.
            with contextlib.suppress(Exception):
                self._writer.close()
            self._writer = None
        self._kept.clear()
        shutil.rmtree(self._incoming, ignore_errors=True)


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    """Turn a full disk into a refusal of the take, after which the session can go on."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise disk_is_full() from None


def disk_is_full() -> TakeRefused:
    """Say that there is no room for a take."""
    return TakeRefused(
        "disk",
        found="no space left on the disk",
        expected="about 20 MB for a take",
        todo="nothing of it was stored, and what was stored before is safe; free some space",
    )


def describe(take: Take) -> dict[str, Any]:
    """Describe a take from its frames, with the fields of the take's record."""
    return {
        "width_px": take.width_px,
        "height_px": take.height_px,
        "duration_s": take.measured.duration_s,
        "n_frames": take.measured.n_frames,
        "measured_fps": take.measured.fps,
        "n_dropped": take.measured.n_dropped,
        "n_doubled": take.measured.n_doubled,
        "largest_gap_ms": take.measured.largest_gap_ms,
    }
