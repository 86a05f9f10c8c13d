"""Exports are read back, to a frame, at the rates that films have; clips have the frames of their moment."""

import csv
import io
import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import av
import numpy as np
import pytest

from shared.errors import InvalidInput
from shared.text.catalogue import Words
from shared.video import Film
from tools.timeline import cli
from tools.timeline.config import ExportConfig, MomentsConfig
from tools.timeline.exports import editors, texts
from tools.timeline.exports.timebase import Timebase
from tools.timeline.exports.write import TEXTS, export
from tools.timeline.media import write_part
from tools.timeline.moments.write import write_moments

RATES = [23.976, 24000 / 1001, 25, 29.97, 30, 50, 59.94, 60, 12.5, 31.4]
WORDS = Words(TEXTS, "ko")


def moment(start: float, end: float, score: float = 0.5) -> dict[str, Any]:
    times = {"start_s": start, "onset_s": start, "peak_s": start, "end_s": end}
    return {**times, "score": score, "track": None, "why": [{"channel": "fun", "mean": 0.5, "usual": 0.1}]}


MOMENTS = [moment(0.5, 3.25), moment(61.017, 70.0), moment(600.033, 603.9), moment(3723.456, 3731.0, 0.9)]
DURATION = 7200.0
FILM = {
    "file": "웃긴 영상.mp4",
    "path": "/films/웃긴 영상.mp4",
    "duration_s": DURATION,
    "width_px": 640,
    "height_px": 360,
}
FILM |= {"has_sound": True}


def near(found: list[tuple[Any, Any]], timebase: Timebase) -> None:
    wanted = [(one["start_s"], one["end_s"]) for one in MOMENTS]
    assert len(found) == len(wanted)
    for pair, target in zip(found, wanted, strict=True):
        for value, exact in zip(pair, target, strict=True):
            assert abs(float(value) - exact) <= float(0.5 / timebase.rate) + 1e-6


@pytest.mark.parametrize("fps", RATES)
def test_an_edl_says_the_frames_of_the_moments_and_puts_them_in_a_row(fps: float) -> None:
    timebase = Timebase.of(fps)
    text = texts.write_edl(MOMENTS, timebase, "film", "film.mp4")
    lines = [line.split() for line in text.splitlines() if re.match(r"\d{3} ", line)]
    spans = [[timebase.frame_of(cell) for cell in line[4:8]] for line in lines]
    near([(timebase.seconds(span[0]), timebase.seconds(span[1])) for span in spans], timebase)
    assert all(span[1] - span[0] == span[3] - span[2] for span in spans)
    assert [span[2] for span in spans] == [0, *(span[3] for span in spans[:-1])]
    assert ("FCM: DROP FRAME" in text) == (round(fps, 2) in (29.97, 59.94))


@pytest.mark.parametrize(
    ("fps", "frame", "code"),
    [
        (29.97, 1799, "00:00:59;29"),
        (29.97, 1800, "00:01:00;02"),
        (29.97, 17982, "00:10:00;00"),
        (29.97, 107892, "01:00:00;00"),
        (59.94, 3600, "00:01:00;04"),
        (59.94, 215784, "01:00:00;00"),
        (23.976, 86400, "01:00:00:00"),
        (25, 90001, "01:00:00:01"),
    ],
)
def test_timecode_is_the_standards_and_comes_back(fps: float, frame: int, code: str) -> None:
    timebase = Timebase.of(fps)
    assert timebase.timecode(frame) == code
    assert timebase.frame_of(code) == frame


def test_timecode_of_each_frame_of_twenty_minutes_comes_back() -> None:
    for fps in (29.97, 59.94, 23.976):
        timebase = Timebase.of(fps)
        assert all(timebase.frame_of(timebase.timecode(frame)) == frame for frame in range(0, 72_000, 7))


@pytest.mark.parametrize("fps", RATES)
def test_fcpxml_says_the_moments_as_whole_frames(fps: float) -> None:
    timebase = Timebase.of(fps)
    root = ElementTree.fromstring(editors.write_fcpxml(MOMENTS, timebase, "film", FILM))
    step = _seconds(root.find("resources/format").get("frameDuration"))  # type: ignore[union-attr]
    assert step == 1 / timebase.rate
    clips = [
        {key: _seconds(clip.get(key)) for key in ("offset", "start", "duration")} for clip in root.iter("asset-clip")
    ]
    assert all((value / step).denominator == 1 for clip in clips for value in clip.values())
    near([(clip["start"], clip["start"] + clip["duration"]) for clip in clips], timebase)
    assert [clip["offset"] for clip in clips[1:]] == [clip["offset"] + clip["duration"] for clip in clips[:-1]]
    source = root.find("resources/asset/media-rep").get("src")  # type: ignore[union-attr]
    assert source == "file:///films/%EC%9B%83%EA%B8%B4%20%EC%98%81%EC%83%81.mp4"


def _seconds(text: str | None) -> Fraction:
    return Fraction(str(text).removesuffix("s"))


@pytest.mark.parametrize("fps", RATES)
def test_opentimelineio_reads_its_document(fps: float) -> None:
    otio = pytest.importorskip("opentimelineio")
    timebase = Timebase.of(fps)
    text = editors.write_otio(MOMENTS, timebase, "film", FILM)
    timeline = otio.adapters.read_from_string(text, "otio_json")
    clips = list(timeline.find_clips())
    spans = [clip.source_range for clip in clips]
    near([(span.start_time.to_seconds(), span.end_time_exclusive().to_seconds()) for span in spans], timebase)
    assert clips[0].media_reference.available_range.duration.to_seconds() == pytest.approx(DURATION, abs=0.1)
    assert clips[3].metadata["smilebench"]["score"] == 0.9


def test_subtitles_and_the_csv_have_the_times_to_a_millisecond() -> None:
    for text, point in ((texts.write_vtt(MOMENTS, WORDS), "."), (texts.write_srt(MOMENTS, WORDS), ",")):
        pattern = r"(\d\d):(\d\d):(\d\d)\PPP(\d{3}) --> (\d\d):(\d\d):(\d\d)\PPP(\d{3})".replace("PPP", point)
        found = []
        for cells in re.findall(pattern, text):
            times = [int(h) * 3600 + int(m) * 60 + int(s) + int(ms) / 1000 for h, m, s, ms in (cells[:4], cells[4:])]
            found.append(tuple(times))
        assert found == [pytest.approx((one["start_s"], one["end_s"]), abs=0.0006) for one in MOMENTS]
    assert texts.write_vtt(MOMENTS, WORDS).startswith("WEBVTT\n\n1\n")
    rows = list(csv.DictReader(io.StringIO(texts.write_csv(MOMENTS))))
    assert [(float(row["start_s"]), float(row["end_s"])) for row in rows] == [
        (one["start_s"], one["end_s"]) for one in MOMENTS
    ]
    assert rows[0]["why"] == "fun 0.500"


def test_chapters_keep_youtubes_four_rules() -> None:
    close = [moment(4.0, 6.0), moment(12.9, 15), moment(19.0, 20), moment(30.0, 33), moment(113.0, 115.0)]
    text = texts.write_chapters(close, 120.0, Words(TEXTS, "en"))
    assert text == "0:00 Start\n0:12 Funny moment 2 (0.50)\n0:30 Funny moment 4 (0.50)\n"
    assert texts.write_chapters(MOMENTS, DURATION, WORDS).splitlines()[-1].startswith("1:02:03 ")
    with pytest.raises(InvalidInput, match="found 2 of ten seconds or more, expected at least 3"):
        texts.write_chapters(close[:2], 120.0, WORDS)


def test_a_clip_has_the_frames_of_its_moment_and_nothing_else(folder: Path, bright_film: Path, tmp_path: Path) -> None:
    done = export(ExportConfig(folder, (), tmp_path / "clips", tmp_path, "en"))
    found = json.loads((folder / "moments.json").read_text())["moments"]
    assert [path.name for path in done.files] == ["bright_001.mp4", "bright_002.mp4"]
    with Film(str(bright_film)) as film:
        times = [frame.time_s for frame in film]
    for path, one in zip(done.files, found, strict=True):
        wanted = [time for time in times if one["start_s"] - 1e-6 <= time < one["end_s"] - 1e-6]
        with Film(str(path)) as clip:
            frames = list(clip)
        assert [frame.time_s for frame in frames] == pytest.approx([time - wanted[0] for time in wanted], abs=0.001)
        bright = [frame.rgb_hwc_u8.mean() > 128 for frame in frames]
        assert bright.index(True) == pytest.approx(sum(time < one["onset_s"] - 0.001 for time in wanted), abs=1)


def test_a_clip_of_a_film_of_variable_rate_keeps_times_and_sound(
    film_of: Callable[..., Path], add_sound: Callable[..., Path], tmp_path: Path
) -> None:
    times = [0.0, *np.random.default_rng(5).uniform(0.01, 0.12, 299).cumsum().round(3).tolist()]
    silent = film_of(tmp_path / "silent.mp4", times, [0.5] * 300)
    samples = np.zeros(20 * 16_000)
    samples[10 * 16_000 : 11 * 16_000] = 0.5 * np.sin(np.arange(16_000) * 0.3)
    film = add_sound(silent, tmp_path / "film.mkv", samples)
    with Film(str(film)) as opened:
        wanted = [time for frame in opened if 9 <= (time := frame.time_s) < 12]
    assert write_part(film, tmp_path / "clip.mp4", start_s=9, end_s=12) == len(wanted)
    with Film(str(tmp_path / "clip.mp4")) as clip:
        found = [frame.time_s for frame in clip]
    assert np.diff(found) == pytest.approx(np.diff(wanted), abs=0.001)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        zero = (container.start_time or 0) / 1e6
        loud = [frame.time - zero for frame in container.decode(audio=0) if np.abs(frame.to_ndarray()).max() > 0.2]
    assert min(loud) == pytest.approx(10 - wanted[0], abs=0.06)
    assert max(loud) == pytest.approx(11 - wanted[0], abs=0.06)


def test_all_formats_are_written_but_those_that_cannot_hold_the_moments(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", "--timeline", str(folder), "--out", str(tmp_path / "out")]
    assert cli.main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert sorted(Path(file).suffix for file in document["files"]) == [
        ".csv",
        ".edl",
        ".fcpxml",
        ".otio",
        ".srt",
        ".vtt",
    ]
    assert list(document["left_out"]) == ["youtube"]
    assert cli.main([*words, "--format", "youtube"]) == 1
    write_moments(folder, MomentsConfig(high=0.95))
    assert cli.main(words) == 1
    assert "found no moments" in capsys.readouterr().err
    write_moments(folder, MomentsConfig())
