"""Writes a part of a film again, as every browser and player plays it: H.264 and AAC, each frame at its own time.

Frames are upright and in an ordinary screen's colours (`shared.video`); the part's first frame gets time 0.
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from shared import cli
from shared.arrays import F32
from shared.video import Film
from tools.timeline.audio import read_audio

_TICK = Fraction(1, 90_000)
_SOUND_HZ = 48_000
_TINY_S = 1e-6


def write_part(film: Path, out: Path, *, start_s: float = 0.0, end_s: float = math.inf, most_rows: int = 0) -> int:
    """Write the frames that are shown from a time on, up to another one, with their sound.

    Args:
        film: The film.
        out: Where to; its folder exists.
        start_s: The first frame is the one that begins at this time, or the first one after it.
        end_s: No frame of this time or later.
        most_rows: Higher pictures are made smaller; 0 for none.

    Returns:
        How many frames were written.
    """
    import av

    zero_s: float | None = None
    n_frames, last_second = 0, -1
    with Film(str(film)) as source, av.open(str(out), "w", format="mp4") as target:
        stream: Any = None
        sounds = _read_sound(film, start_s, end_s)
        sound: Any = None
        ahead: tuple[float, F32] | None = next(sounds, None)
        if ahead is not None:
            sound = target.add_stream("aac", rate=_SOUND_HZ, layout="stereo")
        frames = source.decode(from_s=start_s)
        for frame in cli.progress(frames, what=out.name, total=None):
            if frame.time_s < start_s - _TINY_S:
                continue
            if frame.time_s >= end_s - _TINY_S:
                break
            rgb = frame.to_rgb()
            if stream is None:
                zero_s = frame.time_s
                stream = _add_pictures(target, rgb.shape[1], rgb.shape[0], most_rows)
            if rgb.shape[:2] != (stream.height, stream.width):
                rgb = np.asarray(cv2.resize(rgb, (stream.width, stream.height), interpolation=cv2.INTER_AREA), np.uint8)
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
            picture.time_base, picture.pts = _TICK, round((frame.time_s - (zero_s or 0.0)) / _TICK)
            if int(frame.time_s) > last_second:
                picture.pict_type, last_second = av.video.frame.PictureType.I, int(frame.time_s)
            target.mux(stream.encode(picture))
            n_frames += 1
            while ahead is not None and ahead[0] <= frame.time_s:
                _write_sound(target, sound, *ahead, zero_s or 0.0)
                ahead = next(sounds, None)
        while ahead is not None and zero_s is not None:
            _write_sound(target, sound, *ahead, zero_s)
            ahead = next(sounds, None)
        for each in (stream, sound):
            if each is not None:
                target.mux(each.encode(None))
    return n_frames


def _add_pictures(target: Any, width_px: int, height_px: int, most_rows: int) -> Any:
    """Add the stream of pictures."""
    scale = min(1.0, most_rows / height_px) if most_rows else 1.0
    stream = target.add_stream("libx264", rate=30)
    stream.width, stream.height = (max(2, int(side * scale) // 2 * 2) for side in (width_px, height_px))
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = _TICK
    stream.codec_context.options = {"preset": "veryfast", "crf": "20", "bf": "0"}
    return stream


def _write_sound(target: Any, stream: Any, time_s: float, samples: F32, zero_s: float) -> None:
    """Write a piece of sound; what lies before the first picture is left out."""
    import av

    place = round((time_s - zero_s) * _SOUND_HZ)
    samples = samples[:, max(0, -place) :]
    if samples.shape[1]:
        piece = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout="stereo")
        piece.sample_rate, piece.time_base, piece.pts = _SOUND_HZ, Fraction(1, _SOUND_HZ), max(0, place)
        target.mux(stream.encode(piece))


def _read_sound(film: Path, start_s: float, end_s: float) -> Iterator[tuple[float, F32]]:
    """Yield pieces of a film's sound, (2, n), cut to the part."""
    for time_s, samples in read_audio(film, _SOUND_HZ, "stereo", start_s):
        before = max(0, round((start_s - time_s) * _SOUND_HZ))
        inside = samples.shape[1] if end_s == math.inf else round((end_s - time_s) * _SOUND_HZ)
        if inside <= 0:
            return
        if before < samples.shape[1]:
            yield time_s + before / _SOUND_HZ, samples[:, before:inside]
