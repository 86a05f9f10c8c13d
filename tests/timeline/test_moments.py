"""Moments: hysteresis, gaps, look-back, snapping; tension; what sound means against the film's own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import contracts, paths
from shared.errors import InvalidInput, WrongUsage
from shared.sound.laughter import STEP_S
from tools.timeline import cli
from tools.timeline.config import MomentsConfig, TimelineConfig
from tools.timeline.moments import curves
from tools.timeline.moments.find import Rules, find_moments, find_quiet, find_spans
from tools.timeline.moments.write import clock, read_moments, write_moments
from tools.timeline.table.build import build
from tools.timeline.table.rows import read_timeline
from tools.timeline.table.sound import read_sound

RULES = Rules(high=0.5, low=0.3, min_gap_s=1.5, min_length_s=1.0, look_back_s=1.0, snap_s=0.4)
NAN = float("nan")


def spans(values: list[float]) -> list[tuple[int, int]]:
    return find_spans(np.array(values), 0.5, RULES)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([], []),
        ([0.1] * 6, []),
        ([0.4] * 6, []),  # never above high
        ([0.5, 0.5, 0.5], []),  # at high is not above it
        ([0.6] * 4, [(0, 4)]),  # to the film's end
        ([0.0, 0.4, 0.6, 0.4, 0.3, 0.0], [(1, 4)]),
        ([0.6, 0.0], []),  # too short
        ([0.6, 0.6, 0.0, 0.0, 0.6, 0.6], [(0, 6)]),  # a gap of 1 s: one moment
        ([0.6, 0.6, 0.0, 0.0, 0.0, 0.6, 0.6], [(0, 2), (5, 7)]),  # a gap of 1.5 s: two
        ([0.6, NAN, NAN, 0.6], [(0, 4)]),  # the face is lost for a second
        ([0.6, 0.6, NAN, NAN, NAN, NAN, NAN, 0.6, 0.6], [(0, 2), (7, 9)]),
        ([NAN] * 5, []),
    ],
)
def test_a_moment_lasts_from_low_to_low_if_it_is_ever_high(values: list[float], found: list[tuple[int, int]]) -> None:
    assert spans(values) == found


def test_a_start_looks_back_and_moves_to_a_cut_or_a_quiet_place_but_not_into_the_moment_before() -> None:
    score = np.zeros(40)
    score[[10, 11, 12, 18, 19, 20, 21]] = 0.9
    first, second = find_moments(score, 0.5, RULES, duration_s=20.0, cuts_s=[3.7, 11.3], quiet_s=[6.7, 8.2, 3.9])
    assert (first.start_s, first.onset_s, first.end_s) == (3.7, 5.0, 6.7)  # 4.0 and 6.5, moved
    assert first.snapped == ("cut", "quiet")
    assert (second.start_s, second.onset_s, second.end_s) == (8.2, 9.0, 11.3)
    assert second.peak_s == 9.0
    assert second.score == pytest.approx(0.9)
    assert first.end_s <= second.start_s


def test_quiet_places_are_dips_far_below_the_film() -> None:
    loud = np.array([-20.0, -21, -35, -20, -24, -20, -50, -50, -20])
    assert find_quiet(np.arange(9.0), loud, 1.0) == [2.5, 6.5]


@pytest.fixture(scope="module")
def folder(bright_film: Path, brightness: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("timelines") / "bright"
    build(TimelineConfig(bright_film, out, 2, "model", str(brightness), "none", None, "own"))
    return out


def test_the_bright_spans_of_a_film_are_its_moments_and_the_document_says_why(folder: Path) -> None:
    document = write_moments(folder, MomentsConfig()).document
    found = [(one["onset_s"], one["end_s"]) for one in document["moments"]]
    assert found == [(8.0, 12.0), (20.0, 23.0)]
    (why,) = document["moments"][0]["why"]
    assert (why["channel"], round(why["mean"], 1), round(why["usual"], 1)) == ("fun", 0.8, 0.1)
    assert document["moments"][0]["snapped"] == {"start": None, "end": "cut"}
    assert len(document["score"]) == len(document["tension"]["values"]) == 60
    assert read_moments(folder) == document


def test_moments_of_an_older_table_are_not_read(folder: Path, tmp_path: Path) -> None:
    for name in ("rows.csv", "timeline.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    write_moments(tmp_path, MomentsConfig())
    manifest = json.loads((tmp_path / "timeline.json").read_text())
    manifest["rate_per_s"] = 3
    contracts.write_bytes(tmp_path / "timeline.json", json.dumps(manifest).encode())
    with pytest.raises(InvalidInput, match="moments of an older table"):
        read_moments(tmp_path)


def test_other_rules_are_flags_and_bad_ones_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["moments", "--timeline", str(folder)]
    assert cli.main([*words, "--high", "0.9", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["moments"]["moments"] == []
    assert cli.main([*words, "--low", "0.6"]) == 2
    assert cli.main([*words, "--track", "3"]) == 2
    assert cli.main([*words, "--channel", "joy"]) == 1
    assert cli.main([*words, "--channel", "loudness"]) == 1
    assert cli.main(["moments", "--timeline", "nowhere"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 5
    assert "'joy', expected one of smile" in error
    assert "./inv timeline --film" in error


def test_the_largest_face_counts_or_the_chosen_one(folder: Path, tmp_path: Path) -> None:
    # Two people: the first is the larger at beats 0 and 1, then gone; the other stays.
    manifest = json.loads((folder / "timeline.json").read_text())
    rows = [(0, 1, 0.9), (0, 2, 0.1), (1, 1, 0.9), (1, 2, 0.2), (2, 2, 0.3), (3, None, NAN)]
    lines = [
        f"{beat},{beat / 2},{track or ''},0,0,9,9,0.9,0,0,{'' if value != value else value}"
        for beat, track, value in rows
    ]
    header = (folder / "rows.csv").read_text().splitlines()[0]
    (tmp_path / "rows.csv").write_text("\n".join([header, *lines, ""]))
    manifest["table"]["sha256"] = contracts.sha256_file(tmp_path / "rows.csv")
    manifest["film"]["duration_s"] = 2.5
    contracts.write_document(tmp_path / "timeline.json", manifest, "timeline")
    timeline = read_timeline(tmp_path)
    assert curves.fun(timeline).tolist() == pytest.approx([0.9, 0.9, 0.3, NAN, NAN], nan_ok=True)
    assert curves.fun(timeline, 2).tolist() == pytest.approx([0.1, 0.2, 0.3, NAN, NAN], nan_ok=True)
    with pytest.raises(WrongUsage, match="--track: found 3"):
        curves.fun(timeline, 3)


def test_a_mouth_that_is_drawn_up_at_rest_is_no_laugh_and_what_is_above_it_is_stretched(
    folder: Path, tmp_path: Path
) -> None:
    manifest = json.loads((folder / "timeline.json").read_text())
    (tmp_path / "rows.csv").write_bytes((folder / "rows.csv").read_bytes())
    manifest["provider"]["resting"] = 0.3
    contracts.write_document(tmp_path / "timeline.json", manifest, "timeline")
    raw, above = curves.fun(read_timeline(folder)), curves.fun(read_timeline(tmp_path))
    low = np.quantile(raw, 0.2)  # 0.1: most of the film is dark
    assert above == pytest.approx(np.maximum((raw - low) / (1 - low), 0))
    manifest["provider"]["resting"] = 0.05
    contracts.write_document(tmp_path / "timeline.json", manifest, "timeline")
    assert curves.fun(read_timeline(tmp_path)) == pytest.approx(np.maximum((raw - 0.05) / 0.95, 0))


def test_a_beat_that_is_high_alone_is_smoothed_away() -> None:
    values = np.array([0.1, 0.1, 0.9, 0.1, NAN, 0.8, 0.8, 0.8])
    assert curves.smooth_median(values, 2).tolist() == pytest.approx(
        [0.1, 0.1, 0.1, 0.5, NAN, 0.8, 0.8, 0.8], nan_ok=True
    )


def test_loudness_is_measured_in_steps_from_the_first_frame_on(
    bright_film: Path, add_sound: Callable[..., Path], tmp_path: Path
) -> None:
    rng = np.random.default_rng(1)
    samples = 0.001 * rng.standard_normal(30 * 16_000)
    samples[10 * 16_000 : 12 * 16_000] *= 300
    film = add_sound(bright_film, tmp_path / "film.mkv", samples, start_s=1.0)
    steps = list(read_sound(film, None))
    loud = [step.time_s for step in steps if step.loudness_db > -20]
    assert min(loud) == pytest.approx(11.0, abs=STEP_S)
    assert max(loud) == pytest.approx(13.0 - STEP_S, abs=STEP_S)
    assert {step.laughter for step in steps} == {None}
    assert len(steps) * STEP_S == pytest.approx(30, abs=1)


def test_a_film_without_sound_has_none(folder: Path) -> None:
    timeline = read_timeline(folder)
    assert timeline.manifest["sound"] is None
    assert timeline.sound == {}
    assert not (folder / "sound.csv").exists()


def test_laughs_are_heard_and_applause_cheering_and_booing_are_not(
    bright_film: Path, brightness: Path, tmp_path: Path, add_sound: Callable[..., Path]
) -> None:
    pytest.importorskip("ai_edge_litert")
    sounds = (paths.assets() or tmp_path) / "data" / "sounds"
    if not sounds.is_dir():
        pytest.skip("no sounds beside the project")
    samples = 0.0005 * np.random.default_rng(2).standard_normal(30 * 16_000)
    for place_s, name in ((3, "applause"), (8, "solid_laugh"), (14, "cheering"), (20, "boo"), (25, "solid_laugh")):
        sound = _decode(sounds / f"{name}.mp3")
        samples[place_s * 16_000 : place_s * 16_000 + len(sound)] += sound
    film = add_sound(bright_film, tmp_path / "film.mkv", samples)
    build(TimelineConfig(film, tmp_path / "t", 2, "model", str(brightness), "none", None, "test"))
    found = write_moments(tmp_path / "t", MomentsConfig(channels=("laughter",))).document["moments"]
    assert [round(one["onset_s"]) for one in found] == pytest.approx([8, 25], abs=1)


def _decode(path: Path) -> Any:
    import av

    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
        pieces = [p.to_ndarray() for frame in container.decode(audio=0) for p in resampler.resample(frame)]
    return np.concatenate([piece.reshape(-1) for piece in pieces])


def test_tension_is_smoothed_over_the_stated_window(folder: Path) -> None:
    timeline = read_timeline(folder)
    sharp, made_of = curves.tension(timeline, None, 1.0)
    smooth, _ = curves.tension(timeline, None, 10.0)
    assert made_of == ["change"]
    assert np.nanmax(smooth) < np.nanmax(sharp)
    assert np.nanstd(np.diff(smooth)) < np.nanstd(np.diff(sharp))


@pytest.mark.parametrize(("time_s", "text"), [(0, "0:00:00.0"), (59.96, "0:01:00.0"), (3723.46, "1:02:03.5")])
def test_a_clock_never_shows_sixty_seconds(time_s: float, text: str) -> None:
    assert clock(time_s) == text
