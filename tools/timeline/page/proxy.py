"""What a browser can play of a film: the film itself, or a proxy in H.264 that is made once.

A proxy has the film's frames at the player's times, upright, in an ordinary screen's colours, at most 720 rows high,
with a key frame each second, and its sound as AAC. It lies beside the timeline and is made again for another film.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from shared import cli
from shared.video import Film
from tools.timeline.table.rows import Timeline

PLAYED = {"h264": (".mp4", ".m4v", ".mov"), "vp8": (".webm",), "vp9": (".webm", ".mp4"), "av1": (".webm", ".mp4")}
_PLAYED_PIXELS = ("yuv420p", "yuvj420p")
_MOST_ROWS = 720
_TICK = Fraction(1, 90_000)


def playable(timeline: Timeline) -> Path:
    """Return what a browser plays of a timeline's film; makes a proxy where it must, which takes a while.

    Raises:
        InvalidInput: The film is gone or another one.
    """
    film = timeline.film()
    if plays(film):
        return film
    proxy = timeline.folder / f"proxy-{timeline.manifest['film']['sha256'][:12]}.mp4"
    if not proxy.is_file():
        codec = timeline.manifest["film"]["codec"]
        cli.note(f"timeline: browsers do not play this film ({codec}, {film.suffix}); a proxy is made, once")
        part = proxy.with_suffix(".part")
        write_proxy(film, part)
        part.replace(proxy)
    return proxy


def plays(film: Path) -> bool:
    """Tell whether browsers play a film as it is: codec, container, eight bits, ordinary colours."""
    import av

    with Film(str(film)) as opened:
        first = next(iter(opened.decode()), None)
        if first is None or film.suffix.lower() not in PLAYED.get(opened.codec, ()):
            return False
        first.to_rgb()
        is_ordinary = not any("bright screens" in note or "interlaced" in note for note in opened.notes())
        is_ordinary = is_ordinary and first.picture.format.name in _PLAYED_PIXELS
    with av.open(str(film)) as container:
        sounds = {stream.codec_context.name for stream in container.streams.audio if stream.codec_context}
    return is_ordinary and sounds <= {"aac", "mp3", "opus", "vorbis", "flac", "mp3float"}


def write_proxy(film: Path, out: Path) -> None:
    """Write a film again as browsers play it."""
    import av
    import cv2

    with Film(str(film)) as source, av.open(str(out), "w", format="mp4") as target:
        stream: Any = None
        sound, pieces = _open_sound(film, target)
        last_s = -1.0
        for frame in cli.progress(source, what="proxy", total=None):
            rgb = frame.rgb_hwc_u8
            scale = min(1.0, _MOST_ROWS / rgb.shape[0])
            width, height = (max(2, int(side * scale) // 2 * 2) for side in (rgb.shape[1], rgb.shape[0]))
            if stream is None:
                stream = target.add_stream("libx264", rate=30)
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                stream.codec_context.time_base = _TICK
                stream.codec_context.options = {"preset": "veryfast", "crf": "23", "bf": "0"}
            small = cv2.resize(rgb, (stream.width, stream.height), interpolation=cv2.INTER_AREA)
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(small), format="rgb24")
            picture.time_base, picture.pts = _TICK, round(frame.time_s / _TICK)
            if int(frame.time_s) > last_s:
                picture.pict_type, last_s = av.video.frame.PictureType.I, int(frame.time_s)
            target.mux(stream.encode(picture))
            while sound is not None and (piece := next(pieces, None)) is not None:
                target.mux(sound.encode(piece))
                if piece.time is not None and piece.time > frame.time_s:
                    break
        for piece in pieces:
            target.mux(sound.encode(piece))
        for each in (stream, sound):
            if each is not None:
                target.mux(each.encode(None))


def _open_sound(film: Path, target: Any) -> tuple[Any, Any]:
    """Return a stream of sound to write and the pieces to write into it; None and nothing for a silent film."""
    import av

    source = av.open(str(film))
    if not source.streams.audio:
        source.close()
        return None, iter(())
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=48_000)
    zero_s = (source.start_time or 0) / 1e6

    def pieces() -> Any:
        with source:
            for frame in source.decode(source.streams.audio[0]):
                for piece in resampler.resample(frame):
                    if piece.pts is not None:
                        piece.pts = max(0, piece.pts - round(zero_s / piece.time_base))
                    yield piece

    return target.add_stream("aac", rate=48_000, layout="stereo"), pieces()
