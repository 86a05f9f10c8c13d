"""Events of whole films: delay, false alarms and misses as they are counted by hand on drawn films."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import contracts
from shared.dataset.reader import Dataset
from shared.errors import WrongUsage
from shared.onnx.stream import Rule
from shared.statistics.thresholds import Objective, parse_objective
from tools.evaluator import cli
from tools.evaluator.streams.choice import candidate_thresholds, check_objective, choose_threshold
from tools.evaluator.streams.events import Laugh, Stream, decide, find_events, play, play_time_ms, with_threshold
from tools.splitter import cli as splitter

RULE = Rule(5, 100, 50, threshold=0.5, release_threshold=0.4, min_duration_ms=100)
HEADER = "file,start,end,label,subject\n"
# What the films show, and what is marked in them; see `test_delay_and_false_alarms_are_those_counted_by_hand`.
MARKS = HEADER + (
    "a.mp4,3,6,smile,s01\nb.mp4,2,4,smile,s02\nb.mp4,7,8,smile,s02\nc.mp4,2,4,smile,s03\nc.mp4,6,6.5,smile,s03\n"
)


def stream_of(probs: list[float], *laughs: tuple[float, float], person: str = "s01") -> Stream:
    """A film with a frame each 100 ms; laughs in ms."""
    return Stream("f", person, np.arange(len(probs)) * 100.0, np.array(probs), tuple(Laugh(*one) for one in laughs))


@pytest.fixture
def home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: Callable[..., Dataset], write_standin: Any
) -> Path:
    """A workspace with a dataset of six people, and the hand-off whose answers can be counted."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    make_dataset(tmp_path / "datasets" / "people", subjects=6)
    handoff = tmp_path / "artifacts" / "handoff" / "standin"
    write_standin(handoff, threshold=0.5, release_threshold=0.45, min_duration_ms=100)
    return tmp_path


@pytest.fixture
def films(home: Path, draw_film: Callable[..., Path]) -> Path:
    """Three films and the table of their laughs."""
    draw_film(home / "a.mp4", 120, (30, 60), (80, 83), (100, 102))
    draw_film(home / "b.mp4", 100, (25, 40))
    draw_film(home / "c.mp4", 90, (17, 70))
    table = home / "marks.csv"
    table.write_text(MARKS, encoding="utf-8")
    return table


def evaluate(home: Path, *words: object) -> tuple[int, dict[str, Any]]:
    code = cli.main(["--stream", "--model", "standin", "--dataset", "people", "--quiet", *map(str, words)])
    results = (home / "artifacts" / "results").glob("standin_stream_2*.json")
    files = sorted(results, key=lambda path: path.stat().st_mtime_ns)
    return code, contracts.read_document(files[-1], "stream_results") if files else {}


def test_delay_and_false_alarms_are_those_counted_by_hand(home: Path, films: Path) -> None:
    """White frames answer 5, 9, 12, 14, 15 fifteenths one after another, dark ones after them 10 and 6.

    Above 0.5 from the second white frame on, and 100 ms later it counts: 200 ms after the first. Three white frames
    are enough for that (a at 8.0 s), two are not (a at 10.0 s). It ends 100 ms after the first dark frame.
    """
    code, found = evaluate(home, "--marks", films)
    assert code == 0
    by_film = {film["film"]: film for film in found["films"]}
    assert by_film["a.mp4"]["laughs"] == [{"start_s": 3, "end_s": 6, "outcome": "found", "delay_ms": 200}]
    assert by_film["a.mp4"]["false_alarms_s"] == [8.2]
    # The smile of b comes half a second after its mark, and its second mark shows none.
    outcomes = [(one["outcome"], one["delay_ms"]) for one in by_film["b.mp4"]["laughs"]]
    assert outcomes == [("found", 700), ("missed", None)]
    # The one of c begins before its mark and lasts into the next one.
    outcomes = [(one["outcome"], one["delay_ms"]) for one in by_film["c.mp4"]["laughs"]]
    assert outcomes == [("found", -100), ("already_positive", None)]
    # From the first whole window at 0.4 s to the last frame, less the laughs and half a second around them.
    play_s = [by_film[name]["play_s"] for name in ("a.mp4", "b.mp4", "c.mp4")]
    assert play_s == [11.9 - 0.4 - 4, 9.9 - 0.4 - 3 - 2, 8.9 - 0.4 - 3 - 1.5]
    figures = found["figures"]
    assert figures["minutes"] == pytest.approx(16 / 60)
    assert figures["false_alarms_a_minute"]["value"] == pytest.approx(60 / 16)
    assert (figures["delay_ms"]["median"]["value"], figures["delay_ms"]["p95"]["value"]) == (200, 700)
    assert figures["missed_share"]["value"] == 0.25
    assert (figures["n_found"], figures["n_missed"], figures["n_already_positive"]) == (3, 1, 1)
    assert figures["n_undecided"] == 3 * 4  # the first frames of each film
    assert (found["onsets"], found["rule"]["threshold_source"], found["side"]) == ("marks", "model", "all")


def test_every_frames_decision_is_written_down(home: Path, films: Path) -> None:
    _, found = evaluate(home, "--marks", films)
    path = home / "artifacts" / "results" / found["decisions"]["file"]
    assert contracts.sha256_file(path) == found["decisions"]["sha256"]
    with path.open(encoding="utf-8", newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["film"] == "a.mp4"]
    assert [row["prob"] for row in rows[:4]] == [""] * 4
    positive = [float(row["time_ms"]) for row in rows if row["is_positive"] == "true"]
    assert (positive[0], len([at for at in positive if at < 7000])) == (3200, 29)  # to 6.0 s; at 6.1 s it is over


def test_a_threshold_is_chosen_on_the_validation_peoples_films(home: Path, draw_film: Callable[..., Path]) -> None:
    assert splitter.main(["--dataset", "people", "--quiet"]) == 0
    (split,) = (home / "artifacts" / "splits").glob("*.json")
    sides = contracts.read_document(split, "split")["sides"]
    rows = []
    for person in [*sides["validation"]["subjects"], *sides["test"]["subjects"]]:
        # A flash of two frames reaches 0.6; a smile of thirty 1: a threshold above 0.6 tells them apart.
        draw_film(home / f"{person}.mp4", 120, (30, 60), (80, 83))
        rows.append(f"{person}.mp4,3,6,smile,{person}\n")
    (home / "marks.csv").write_text(HEADER + "".join(rows), encoding="utf-8")
    where = ("--marks", home / "marks.csv", "--split", split)
    code, found = evaluate(home, *where, "--objective", "false_alarms:2")
    assert code == 0
    chosen = found["chosen"]
    assert (chosen["is_met"], chosen["n_false_alarms"]) == (True, 0)
    assert chosen["n_subjects"] == len(sides["validation"]["subjects"])
    assert 0.8 < chosen["value"] < 1  # a flash counts at 0.6 and lasts 100 ms at 0.8
    assert found["rule"] == {**found["rule"], "threshold": chosen["value"], "threshold_source": "chosen"}
    assert found["rule"]["release_threshold"] == pytest.approx(0.9 * chosen["value"], abs=1e-6)
    assert (found["side"], found["figures"]["n_false_alarms"], found["test_openings"]) == ("test", 0, 1)
    _, loose = evaluate(home, *where)
    assert (loose["figures"]["n_false_alarms"], loose["test_openings"]) == (len(sides["test"]["subjects"]), 2)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a.mp4,6,3,smile,s01\n", "row 2: 6 to 3 is no span"),
        ("a.mp4,0,1,smile,s99\n", "row 2: the subject s99 is not in the dataset"),
        ("z.mp4,0,1,smile,s01\n", "row 2: z.mp4 is no take of the dataset and no film"),
        ("take_0001,0,1,smile,s02\n", "row 2: take_0001 is of s01, not of s02"),
        ("a.mp4,0,2,smile,s01\na.mp4,1,3,smile,s01\n", "row 3: it overlaps another laugh of a.mp4"),
        ("a.mp4,0,2,smile,s01\na.mp4,5,6,smile,s02\n", "row 3: a.mp4 is of s01 in an earlier row"),
        ("", "found no rows"),
    ],
)
def test_wrong_marks_are_named(films: Path, rows: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    films.write_text(HEADER + rows, encoding="utf-8")
    assert cli.main(["--stream", "--model", "standin", "--dataset", "people", "--marks", str(films)]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--marks", "x.csv"], "found no --stream beside it"),
        (["--stream", "--model", "m.onnx"], "expected the name or folder of a hand-off"),
        (["--stream", "--objective", "youden"], "expected false_alarms:2 or recall:0.9, with --stream"),
        (["--stream", "--objective", "false_alarms:2", "--threshold", "0.5"], "expected it or --threshold, not both"),
        (["--stream", "--arm", "majority"], "expected none: a hand-off is measured"),
    ],
)
def test_flags_that_do_not_go_together(words: list[str], said: str, home: Path, capsys: Any) -> None:
    assert cli.main(["--dataset", "people", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_film_that_changed_since_it_was_recorded_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    take = home / "datasets" / "people" / "takes" / "take_0001.mp4"
    take.write_bytes(take.read_bytes() + b"x")
    (home / "marks.csv").write_text(HEADER + "take_0001,0,1,smile,s01\n", encoding="utf-8")
    words = ["--stream", "--model", "standin", "--dataset", "people", "--marks", str(home / "marks.csv")]
    assert cli.main(words) == 1
    assert "take_0001.mp4: found" in capsys.readouterr().err


def test_without_marks_the_protocols_prompt_is_the_onset(home: Path) -> None:
    """The takes of drawn faces hold four frames in nine seconds: no window is whole, so that every laugh is missed."""
    code, found = evaluate(home)
    assert code == 0
    laugh = {"start_s": 3, "end_s": 6, "outcome": "missed", "delay_ms": None}
    assert [film["laughs"] for film in found["films"]] == [[laugh]] * 6
    assert (found["figures"]["minutes"], found["figures"]["false_alarms_a_minute"]["value"]) == (0, None)
    assert found["figures"]["n_undecided"] == found["figures"]["n_frames"] == 24


def test_no_time_of_play_is_counted_twice_where_laughs_are_near() -> None:
    film = stream_of([0.0] * 101, (2000, 3000), (3500, 4000), (9800, 10000))
    assert play_time_ms(film, 500) == 10000 - (4500 - 1500) - (10000 - 9300)


def test_an_event_belongs_to_the_nearest_laugh() -> None:
    probs = np.zeros(60)
    probs[24:30] = 1.0  # counts 100 ms later: at 2500
    late, early = stream_of(probs.tolist(), (1000, 2000)), stream_of(probs.tolist(), (2950, 4000))
    assert [play(late, RULE, 500).laughs[0].delay_ms, play(early, RULE, 500).laughs[0].delay_ms] == [1500, -450]
    assert play(late, RULE, 499).false_alarms_ms == (2500,)


def test_a_second_event_of_a_laugh_is_a_repeat() -> None:
    probs = np.zeros(60)
    probs[20:25] = probs[30:35] = 1.0
    played = play(stream_of(probs.tolist(), (2000, 4000)), RULE, 500)
    assert (played.n_repeats, played.false_alarms_ms, played.delays_ms) == (1, (), [100])


def test_a_film_that_ends_within_an_event_ends_it() -> None:
    times = np.arange(5) * 100.0
    (event,) = find_events(times, decide(times, np.ones(5), RULE))
    assert (event.start_ms, event.end_ms) == (100, 400)


def test_a_pause_keeps_what_counts_and_drops_a_candidate() -> None:
    probs = np.array([1, np.nan, 1, 1, np.nan, 0.45, 0.0])
    assert decide(np.arange(7) * 100.0, probs, RULE).tolist() == [False, False, False, True, True, True, False]


def test_the_release_threshold_keeps_its_part() -> None:
    assert with_threshold(RULE, 1.0).release_threshold == 0.8


def test_recall_asks_for_the_fewest_false_alarms() -> None:
    probs = np.zeros(200)
    probs[20:40], probs[60:80], probs[120:125] = 0.9, 0.6, 0.7
    streams = [stream_of(probs.tolist(), (2000, 4000), (6000, 8000), person=f"s{n}") for n in range(3)]
    half = choose_threshold(streams, RULE, Objective("recall", 0.5), 500)
    assert (half.n_found, half.n_false_alarms) == (3, 0)
    assert 0.7 < half.value < 0.9
    every = choose_threshold(streams, RULE, Objective("recall", 1.0), 500)
    assert (every.n_found, every.n_false_alarms, every.is_met) == (6, 3, True)
    assert every.value < 0.6
    assert every.low is not None


def test_a_level_that_no_threshold_reaches_is_said() -> None:
    probs = np.zeros(100)
    probs[50:60] = 0.9  # never in a laugh
    found = choose_threshold([stream_of(probs.tolist(), (1000, 2000))], RULE, Objective("false_alarms", 2.0), 500)
    assert (found.is_met, found.n_found, found.low) == (False, 0, None)


def test_many_probabilities_give_not_more_candidates_than_can_be_tried() -> None:
    found = candidate_thresholds([stream_of(np.random.default_rng(0).random(5000).tolist())])
    assert 150 < found.size <= 201
    assert (np.diff(found) > 0).all()


def test_objectives_of_windows_are_refused() -> None:
    with pytest.raises(WrongUsage, match="false_alarms:2 or recall"):
        check_objective(parse_objective("cost:1,5"))
