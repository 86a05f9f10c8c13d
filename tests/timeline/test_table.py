"""The table: frames by their own time, the same bytes after a kill, tracks, cuts, bad films."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import paths
from shared.errors import InvalidInput, MissingOutside, WrongUsage
from shared.faces.detector import Face
from shared.faces.providers import cut_upright
from shared.video import FilmWriter, Frame
from tools.timeline import cli
from tools.timeline.config import TimelineConfig
from tools.timeline.moments import curves
from tools.timeline.table import build as building
from tools.timeline.table.build import build
from tools.timeline.table.rows import read_timeline
from tools.timeline.table.tracks import Tracker

ROOT = Path(__file__).parents[2]


def config(film: Path, out: Path, model: Path, **rest: Any) -> TimelineConfig:
    return TimelineConfig(film, out, rest.pop("rate", 2), "model", str(model), "none", None, "own")


def test_the_frame_on_screen_at_each_beat_is_looked_at_with_its_own_time(
    film_of: Callable[..., Path], brightness: Path, tmp_path: Path
) -> None:
    # Beats at 0, 0.5, 1, ... of a film of variable rate; the frame of 1.2 s stands until 3.4 s and comes once.
    times = [0.0, 0.3, 0.49, 0.52, 1.0, 1.2, 3.4, 3.6]
    film = film_of(tmp_path / "film.mp4", times, [0.1 * number for number in range(1, 9)])
    timeline = read_timeline(build(config(film, tmp_path / "out", brightness)).folder)
    assert timeline.time_s.tolist() == pytest.approx([0.0, 0.49, 1.0, 1.2, 3.4], abs=1e-4)
    assert timeline.beat.tolist() == [0, 1, 2, 3, 7]
    assert timeline.channels["smile"] == pytest.approx([0.1, 0.3, 0.5, 0.6, 0.7], abs=0.01)


def test_a_table_is_made_once_and_again_where_a_file_is_gone_or_the_plan_is_another(
    bright_film: Path, brightness: Path, tmp_path: Path
) -> None:
    first = build(config(bright_film, tmp_path / "out", brightness))
    rows = (first.folder / "rows.csv").read_bytes()
    assert build(config(bright_film, tmp_path / "out", brightness)).was_there
    (first.folder / "rows.csv").unlink()
    again = build(config(bright_film, tmp_path / "out", brightness))
    assert not again.was_there
    assert (first.folder / "rows.csv").read_bytes() == rows
    faster = build(config(bright_film, tmp_path / "out", brightness, rate=4))
    assert faster.manifest["counts"]["frames"] == 2 * first.manifest["counts"]["frames"]


def test_cut_off_anywhere_it_goes_on_and_gives_the_same_bytes(
    bright_film: Path, brightness: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build(config(bright_film, tmp_path / "whole" / "film", brightness)).folder
    monkeypatch.setattr(building, "_PIECE", 7)
    take, rng = building._take, random.Random(3)
    for _ in range(6):

        def take_or_die(*given: Any) -> bytes:
            if rng.random() < 0.06:
                raise KeyboardInterrupt
            return take(*given)

        monkeypatch.setattr(building, "_take", take_or_die)
        try:
            build(config(bright_film, tmp_path / "cut" / "film", brightness))
            break
        except KeyboardInterrupt:
            assert not (tmp_path / "cut" / "film" / "timeline.json").exists()
    monkeypatch.setattr(building, "_take", take)
    cut = build(config(bright_film, tmp_path / "cut" / "film", brightness)).folder
    for name in ("rows.csv", "timeline.json"):
        assert (cut / name).read_bytes() == (whole / name).read_bytes()
    assert sorted(path.name for path in cut.iterdir() if not path.name.startswith(".")) == ["rows.csv", "timeline.json"]


def test_killed_by_the_system_it_goes_on_and_gives_the_same_bytes(
    film_of: Callable[..., Path], brightness: Path, tmp_path: Path
) -> None:
    times = [number / 10 for number in range(2000)]
    film = film_of(tmp_path / "film.mp4", times, [(number % 100) / 100 for number in range(2000)])
    words = [sys.executable, "-m", "tools.timeline", "--film", str(film), "--provider", "model", "--model"]
    words += [str(brightness), "--face-model", "none", "--rate", "10", "--json", "--out"]
    environment = {**os.environ, "SMILEBENCH_HOME": str(tmp_path)}
    running = subprocess.Popen([*words, str(tmp_path / "killed" / "t")], cwd=ROOT, env=environment)
    until = time.monotonic() + 60
    while not (tmp_path / "killed" / "t" / ".state.json").exists() and time.monotonic() < until:
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    for folder in ("killed", "whole"):
        subprocess.run(
            [*words, str(tmp_path / folder / "t")], cwd=ROOT, env=environment, check=True, capture_output=True
        )
    for name in ("rows.csv", "timeline.json", "moments.json"):
        assert (tmp_path / "killed" / "t" / name).read_bytes() == (tmp_path / "whole" / "t" / name).read_bytes()


def test_of_a_film_whose_picture_starts_late_picture_and_sound_keep_the_players_time(
    film_of: Callable[..., Path], add_sound: Callable[..., Path], brightness: Path, tmp_path: Path
) -> None:
    times = [1.5 + number / 25 for number in range(15 * 25)]
    silent = film_of(tmp_path / "silent.mp4", times, [0.8 if 8 <= time < 12 else 0.1 for time in times])
    samples = 0.001 * np.random.default_rng(1).standard_normal(16 * 16_000)
    samples[8 * 16_000 : 12 * 16_000] *= 200
    film = add_sound(silent, tmp_path / "film.mkv", samples)
    timeline = read_timeline(build(config(film, tmp_path / "out", brightness)).folder)
    assert timeline.time_s[0] == pytest.approx(1.5, abs=0.07)  # the sound's codec begins 64 ms earlier
    fun, loudness = curves.fun(timeline), curves.channel(timeline, "loudness")
    assert np.isnan(fun[:3]).all()
    assert not np.isnan(fun[4])
    assert int(np.argmax(fun > 0.5)) in (16, 17)
    assert abs(int(np.argmax(loudness > 0.5)) - 16) <= 1


def test_a_cut_is_found_at_its_frame(film_of: Callable[..., Path], brightness: Path, tmp_path: Path) -> None:
    times = [number / 25 for number in range(150)]
    film = film_of(tmp_path / "film.mp4", times, [0.1 if time < 2.2 else 0.9 if time < 4.6 else 0.2 for time in times])
    manifest = build(config(film, tmp_path / "out", brightness)).manifest
    assert manifest["cuts_s"] == pytest.approx([2.2, 4.6], abs=0.021)


def test_another_films_timeline_is_not_written_over(
    bright_film: Path, film_of: Callable[..., Path], brightness: Path, tmp_path: Path
) -> None:
    build(config(bright_film, tmp_path / "out", brightness))
    other = film_of(tmp_path / "other.mp4", [0.0, 1.0], [0.2, 0.4])
    with pytest.raises(InvalidInput, match=r"the timeline of bright\.mp4, expected another folder"):
        build(config(other, tmp_path / "out", brightness))


def test_a_film_of_one_frame_and_one_that_is_none(
    film_of: Callable[..., Path], brightness: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    still = film_of(tmp_path / "still.mp4", [0.0], [0.5])
    assert build(config(still, tmp_path / "still", brightness)).manifest["counts"]["frames"] == 1
    (tmp_path / "text.mp4").write_text("no film")
    words = ["--provider", "model", "--model", str(brightness), "--face-model", "none"]
    assert cli.main(["--film", str(tmp_path / "text.mp4"), "--out", str(tmp_path / "o"), *words]) == 1
    assert cli.main(["--film", str(tmp_path / "still.mp4"), "--out", str(tmp_path / "a b"), *words]) == 2
    assert cli.main(["--film", str(tmp_path / "still.mp4"), "--out", str(tmp_path / "s2"), *words, "--quiet"]) == 0
    error = capsys.readouterr().err
    assert error.count("\n") == 2
    assert "nothing that reads as a film" in error


def test_a_film_with_a_broken_part_is_read_before_and_behind_it_and_the_exit_code_says_so(
    brightness: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film, rng = tmp_path / "film.mp4", np.random.default_rng(4)
    writer = FilmWriter(film, 160, 120)
    for number in range(40 * 25):
        writer.add(Frame(number / 25, rng.integers(0, 255, (120, 160, 3), np.uint8)))
    writer.close()
    data = bytearray(film.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 20] = rng.bytes(len(data) // 20)
    film.write_bytes(data)
    words = ["--film", str(film), "--out", str(tmp_path / "t"), "--provider", "model", "--model", str(brightness)]
    assert cli.main([*words, "--face-model", "none"]) == 1
    assert "warning: it cannot be decoded after 0:00:" in capsys.readouterr().out
    timeline = read_timeline(tmp_path / "t")
    (broken_s, *_) = timeline.manifest["breaks_s"]
    assert 10 < broken_s < 25
    assert timeline.time_s[-1] > 35
    assert not ((timeline.time_s > broken_s + 0.01) & (timeline.time_s < broken_s + 0.3)).any()
    fun = curves.fun(timeline)
    assert np.isnan(fun[int(2 * broken_s) + 1])
    assert not np.isnan(fun[-1])


def test_a_provider_without_its_model_says_where_it_must_lie(
    bright_film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(tmp_path / "nowhere"))
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    given = TimelineConfig(bright_film, tmp_path / "out", 2, "enet", None, "none", None, "own")
    with pytest.raises(MissingOutside, match=r"enet_b0_8_va_mtl.onnx.*--model FILE"):
        build(given)
    with pytest.raises(MissingOutside, match="fetch-models"):
        build(TimelineConfig(bright_film, tmp_path / "out", 2, "enet", None, None, None, "own"))


def face(x: float, y: float, side: float, roll: float = 0.0) -> Face:
    return Face((x, y, x + side, y + side), 0.9, roll, 0.0)


def test_two_people_keep_their_tracks_when_they_move_and_lose_them_at_a_cut() -> None:
    tracker = Tracker()
    assert tracker.follow([face(0, 0, 100), face(300, 0, 80)], 0.0) == [1, 2]
    assert tracker.follow([face(310, 10, 85), face(30, 5, 95)], 0.5) == [2, 1]
    assert tracker.follow([face(40, 5, 95)], 1.0) == [1]
    assert tracker.follow([face(305, 5, 80), face(600, 0, 80)], 1.5) == [2, 3]
    assert tracker.follow([face(305, 5, 80)], 5.0) == [4]
    tracker.cut()
    assert tracker.follow([face(305, 5, 80)], 5.5) == [5]


def test_a_face_is_cut_out_upright_in_its_own_colours() -> None:
    picture = np.zeros((200, 300, 3), np.uint8)
    picture[50:100, 100:200] = 200, 10, 30
    square = cut_upright(picture, face(125, 50, 50), 1.0, 20)
    assert square.shape == (20, 20, 3)
    assert np.abs(square.astype(int) - (200, 10, 30)).max() <= 2
    tilted = cut_upright(picture, Face((125.0, 50.0, 175.0, 100.0), 0.9, 90.0, 0.0), 2.0, 40)
    assert tilted[1:-1, 20, 0].min() > 150  # the bar that lay across now stands
    assert tilted[20, 2, 0] == 0


def test_folders_are_named_after_films_whatever_letters_they_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    assert building.out_folder(None, Path("/films/talk_show.mp4")) == tmp_path / "artifacts/timelines/talk_show"
    korean = building.out_folder(None, Path("/films/웃긴 영상.mp4")).name
    assert paths.NAME_PATTERN.fullmatch(korean)
    assert korean != building.out_folder(None, Path("/films/슬픈 영상.mp4")).name
    with pytest.raises(WrongUsage, match="--out"):
        building.out_folder(tmp_path / "a b", Path("f.mp4"))


def test_a_real_film_without_a_face_has_rows_that_say_so_and_one_with_two_halves_has_both(tmp_path: Path) -> None:
    films = (paths.assets() or tmp_path) / "videos" / "raw"
    if not (films / "face_noface.mov").is_file():
        pytest.skip("no films beside the project")
    given = TimelineConfig(films / "face_noface.mov", tmp_path / "both", 2, "emotions", None, None, None, "test")
    both = read_timeline(build(given).folder)
    assert both.track[0] == 1
    assert both.track[-1] == 0
    assert np.isnan(both.channels["happy"][-1])
    assert both.channels["happy"][2] > 0.9
    assert 0 < both.manifest["counts"]["frames_with_face"] < both.manifest["counts"]["frames"]


def test_a_card_that_names_a_channel_as_a_column_is_refused(bright_film: Path, tmp_path: Path) -> None:
    models = (paths.assets() or tmp_path) / "models"
    if not (models / "emotion_mini_xception.onnx").is_file():
        pytest.skip("no models beside the project")
    model = tmp_path / "other.onnx"
    model.write_bytes((models / "emotion_mini_xception.onnx").read_bytes())
    card = json.loads((models / "emotion_mini_xception.json").read_text())
    card["output"]["classes"][0] = "time_s"
    model.with_suffix(".json").write_text(json.dumps(card))
    given = TimelineConfig(bright_film, tmp_path / "out", 2, "emotions", str(model), "none", None, "own")
    with pytest.raises(InvalidInput, match="a channel twice, or named as a column"):
        build(given)
