"""Reads a film's first sound track on the player's clock, in any rate and layout; knows nothing of what it means."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from shared.arrays import F32

_BEFORE_S = 1.0  # a seek lands at or before its place; codecs need a little more


def read_audio(film: Path, rate_hz: int, layout: str, from_s: float = 0.0) -> Iterator[tuple[float, F32]]:
    """Yield pieces of sound with their times; nothing for a silent film. What cannot be decoded ends it.

    Args:
        film: The film.
        rate_hz: Samples a second of what comes.
        layout: ``mono`` or ``stereo``.
        from_s: Start at this time, or a little earlier.

    Yields:
        The time of the first sample, and (channels, n) float32 from -1 to 1.
    """
    import av

    logging.getLogger("libav").setLevel(logging.CRITICAL)
    with av.open(str(film)) as container:
        if not container.streams.audio:
            return
        stream, zero_s = container.streams.audio[0], (container.start_time or 0) / 1e6
        if from_s > 0:
            place = round((zero_s + max(0.0, from_s - _BEFORE_S)) / stream.time_base)
            container.seek(place, stream=stream, backward=True)
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate_hz)
        try:
            for frame in container.decode(stream):
                for piece in resampler.resample(frame):
                    if piece.pts is not None:
                        yield float(piece.pts * piece.time_base) - zero_s, np.asarray(piece.to_ndarray(), np.float32)
        except av.error.FFmpegError:
            return
