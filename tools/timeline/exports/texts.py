"""Moments as text: csv, WebVTT, SRT, YouTube chapters, EDL. Each gives the text of a file; none reads or writes one."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared import contracts
from shared.errors import InvalidInput
from shared.text.catalogue import Words
from tools.timeline.exports.timebase import Timebase

Moment = Mapping[str, Any]
COLUMNS = ("start_s", "end_s", "onset_s", "peak_s", "score", "track", "why")
CHAPTER_S = 10.0  # Source: YouTube Help, Video Chapters: from 0:00, three or more, in order, ten seconds or more each
FEWEST_CHAPTERS = 3


def write_csv(moments: Sequence[Moment]) -> str:
    """Write a row for each moment."""
    rows = []
    for moment in moments:
        why = "; ".join(f"{one['channel']} {one['mean']:.3f}" for one in moment["why"])
        rows.append({**moment, "why": why})
    return contracts.format_rows(COLUMNS, [{key: row[key] for key in COLUMNS} for row in rows]).decode()


def write_vtt(moments: Sequence[Moment], words: Words) -> str:
    """Write WebVTT: a cue for each moment."""
    return "\n".join(["WEBVTT\n", *_cues(moments, words, ".")])


def write_srt(moments: Sequence[Moment], words: Words) -> str:
    """Write SubRip: a subtitle for each moment."""
    return "\n".join(_cues(moments, words, ","))


def _cues(moments: Sequence[Moment], words: Words, point: str) -> list[str]:
    """Write a number, two times and a title for each moment."""
    cues = []
    for number, moment in enumerate(moments, 1):
        times = " --> ".join(_clock(moment[key], point) for key in ("start_s", "end_s"))
        cues.append(f"{number}\n{times}\n{_title(number, moment, words)}\n")
    return cues


def write_chapters(moments: Sequence[Moment], duration_s: float, words: Words) -> str:
    """Write YouTube chapters: the film's start, then each moment that leaves ten seconds to its neighbours.

    Raises:
        InvalidInput: Fewer than three chapters, of which YouTube shows none.
    """
    chapters = [(0, words("start"))]
    for number, moment in enumerate(moments, 1):
        second = int(moment["start_s"])
        if second - chapters[-1][0] >= CHAPTER_S and duration_s - second >= CHAPTER_S:
            chapters.append((second, _title(number, moment, words)))
    if len(chapters) < FEWEST_CHAPTERS:
        raise InvalidInput(
            "YouTube chapters",
            found=f"{len(chapters)} of ten seconds or more",
            expected=f"at least {FEWEST_CHAPTERS}",
            todo="find more moments (./inv timeline-moments with a lower --high), or choose another --format",
        )
    hours = duration_s >= 3600
    return "".join(f"{_chapter_clock(second, hours)} {title}\n" for second, title in chapters)


def write_edl(moments: Sequence[Moment], timebase: Timebase, name: str, file: str) -> str:
    """Write an edit decision list (CMX 3600): the moments one after the other."""
    lines = [f"TITLE: {name}", f"FCM: {'' if timebase.is_drop else 'NON-'}DROP FRAME", ""]
    place = 0
    for number, moment in enumerate(moments, 1):
        begin, end = frames(moment, timebase)
        cells = [timebase.timecode(frame) for frame in (begin, end, place, place + end - begin)]
        lines += [f"{number:03d}  AX       V     C        {' '.join(cells)}", f"* FROM CLIP NAME: {file}", ""]
        place += end - begin
    return "\n".join(lines)


def frames(moment: Moment, timebase: Timebase) -> tuple[int, int]:
    """Return a moment's first frame and the one after its last, at least one apart."""
    begin = timebase.frame(moment["start_s"])
    return begin, max(timebase.frame(moment["end_s"]), begin + 1)


def _title(number: int, moment: Moment, words: Words) -> str:
    return words("moment", n=number, score=f"{moment['score']:.2f}")


def _clock(time_s: float, point: str) -> str:
    ms = round(time_s * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}{point}{ms % 1000:03d}"


def _chapter_clock(second: int, hours: bool) -> str:
    minutes = f"{second // 60 % 60}:{second % 60:02d}"
    return f"{second // 3600}:{second // 60 % 60:02d}:{second % 60:02d}" if hours else minutes
