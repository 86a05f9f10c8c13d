"""What a browser can play of a film: the film itself, or a proxy in H.264 that is made once.

A proxy has the film's frames at the player's times, at most 720 rows high, with a key frame each second. It lies beside
the timeline, named by the film's hash.
"""

from pathlib import Path

from shared import cli
from shared.video import Film
from tools.timeline.media import write_part
from tools.timeline.table.rows import Timeline

PLAYED = {"h264": (".mp4", ".m4v", ".mov"), "vp8": (".webm",), "vp9": (".webm", ".mp4"), "av1": (".webm", ".mp4")}
_PLAYED_PIXELS = ("yuv420p", "yuvj420p")
_PLAYED_SOUNDS = {"aac", "mp3", "mp3float", "opus", "vorbis", "flac"}
_MOST_ROWS = 720


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
        cli.note(f"timeline: browsers may not play this film ({codec}, {film.suffix}); a proxy is made, once")
        part = proxy.with_suffix(".part")
        write_part(film, part, most_rows=_MOST_ROWS)
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
    return is_ordinary and sounds <= _PLAYED_SOUNDS
