"""Measures of moments against truth, by numbers that were worked out by hand, and bad marks."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from shared import contracts
from shared.errors import InvalidInput
from tools.timeline import cli
from tools.timeline.config import MomentsConfig, ScoreConfig, TimelineConfig
from tools.timeline.moments.write import write_moments
from tools.timeline.table.build import build
from tools.timeline.table.rows import read_timeline
from tools.timeline.truth import labels, measures, score, trained
from tools.timeline.truth.labels import Event


@pytest.mark.parametrize(
    ("found", "true", "tolerance", "n"),
    [
        ([], [], 2, 0),
        ([1.0], [], 2, 0),
        ([1.0, 1.5, 2.0], [1.2], 2, 1),  # one to one
        ([1.0, 3.0], [3.0, 5.0], 2, 2),  # the nearest pair first would leave one alone
        ([0.0], [2.0], 2, 1),
        ([0.0], [2.1], 2, 0),
        ([5.0, 1.0], [2.0, 6.0], 2, 2),
    ],
)
def test_onsets_are_matched_one_to_one_as_many_as_possible(
    found: list[float], true: list[float], tolerance: float, n: int
) -> None:
    assert measures.match(found, true, tolerance).n_matched == n


def test_f1_is_that_of_counts_and_none_where_there_is_nothing() -> None:
    assert measures.Matched(2, 3, 5).f1 == 0.5
    assert measures.Matched(0, 0, 0).f1 is None
    assert (measures.Matched(1, 2, 3) + measures.Matched(1, 0, 1)) == measures.Matched(2, 2, 4)


def test_average_precision_with_ties_is_one_step_a_group() -> None:
    truth = np.array([True, False, True, False])
    assert measures.average_precision(truth, np.ones(4)) == 0.5  # the prevalence
    assert measures.average_precision(truth, np.array([0.9, 0.1, 0.8, 0.2])) == 1.0
    assert measures.average_precision(truth, np.array([0.9, 0.9, 0.5, 0.1])) == pytest.approx(0.5 * 0.5 + 0.5 * 2 / 3)
    assert measures.average_precision(np.ones(3, bool), np.ones(3)) is None


def test_kendall_and_hits() -> None:
    assert measures.kendall(np.array([1.0, 2, 3]), np.array([1.0, 3, 2])) == pytest.approx(1 / 3)
    assert measures.kendall(np.ones(3), np.array([1.0, 2, 3])) is None
    assert not measures.hit_at(1, [1.0, 50.0], [0.9, 0.5], [52.0], 5)
    assert measures.hit_at(2, [1.0, 50.0], [0.9, 0.5], [52.0], 5)


def test_signs_of_films_are_flipped_and_five_films_cannot_tell() -> None:
    assert measures.sign_flips([0.2] * 5).p is None
    assert measures.sign_flips([]).mean is None
    assert measures.sign_flips([0.2] * 6).p == pytest.approx(2 / 64)
    assert measures.sign_flips([0.2, -0.2] * 4).p == 1.0
    assert measures.sign_flips([0.1] * 20).p == pytest.approx(1 / 10_001)


def test_random_onsets_keep_their_gap_and_stay_in_the_film() -> None:
    rng = np.random.default_rng(0)
    for n in (1, 5, 40):
        onsets = measures.draw_onsets(n, 60.0, 2.0, rng)
        assert len(onsets) == n
        assert min(onsets) >= 0
        assert max(onsets) <= 60.0
        assert n == 1 or min(np.diff(onsets)) >= min(2.0, 60 / n) - 1e-9
    assert measures.draw_onsets(0, 60.0, 2.0, rng) == []


def measured(folder: Path, tmp_path: Path, csv: str) -> dict[str, object]:
    (tmp_path / "laughs.csv").write_text("film,start_s,end_s\n" + csv)
    given = ScoreConfig((folder,), tmp_path / "laughs.csv", None, tmp_path / "score.json", 0)
    return score.score(given).document


def test_moments_at_the_marks_are_all_found_and_random_ones_lie_in_their_interval(folder: Path, tmp_path: Path) -> None:
    document = measured(folder, tmp_path, "bright.mp4,8,12\nbright,20,23\n")
    by_name = {method["name"]: method["f1"] for method in document["methods"]}  # type: ignore[index, attr-defined]
    assert [one["value"] for one in by_name["moments"]] == [1.0, 1.0]
    assert by_name["smile"][0]["value"] == 1.0
    random = by_name["random"][0]
    assert random["low"] <= random["value"] <= random["high"] <= 1.0
    assert random["value"] == pytest.approx(0.26, abs=0.06)  # each of two onsets of 28 s falls into 8 s of them
    curve = document["per_second"]
    assert curve["auprc"] == 1.0  # type: ignore[index]
    assert curve["prevalence"] == pytest.approx(7 / 30)  # type: ignore[index]
    assert curve["auprc_shifted"] < 0.5  # type: ignore[index]
    assert document["test"]["p"] is None  # type: ignore[index]
    assert document["hits"] == [{"k": 1, "n_hits": 1, "n_films": 1}, {"k": 5, "n_hits": 1, "n_films": 1}]


def test_a_moment_too_many_and_a_mark_that_was_missed_cost_their_share(folder: Path, tmp_path: Path) -> None:
    document = measured(folder, tmp_path, "bright.mp4,8,12\nbright.mp4,15,16\nbright.mp4,26,27\n")
    assert document["methods"][0]["f1"][0]["value"] == pytest.approx(2 / 5)  # type: ignore[index]
    nothing = measured(folder, tmp_path, "")
    assert nothing["methods"][0]["f1"][0]["value"] == 0.0  # type: ignore[index]
    assert nothing["per_second"]["auprc"] is None  # type: ignore[index]


@pytest.mark.parametrize(
    ("csv", "expected"),
    [
        ("bright.mp4,40,41\n", "a mark outside of the film"),
        ("bright.mp4,29,35\n", "a mark outside of the film"),
        ("bright.mp4,5,5\n", "a mark without length"),
        ("bright.mp4,-1,5\n", "a mark without length"),
        ("bright.mp4,1,5\nbright.mp4,4,6\n", "a mark that overlaps 1 to 5 s"),
        ("other.mp4,1,5\n", "the film 'other.mp4', expected one of bright, bright.mp4"),
        ("bright.mp4,one,5\n", "expected seconds"),
        ("bright.mp4,nan,5\n", "a mark without length"),
    ],
)
def test_a_mark_that_cannot_be_meant_is_named(folder: Path, tmp_path: Path, csv: str, expected: str) -> None:
    with pytest.raises(InvalidInput, match=expected):
        measured(folder, tmp_path, csv)


def test_marks_of_two_raters_give_kappa_and_what_both_marked_is_the_truth(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = tmp_path / "bright"
    copied.mkdir()
    for name in ("rows.csv", "timeline.json", "moments.json"):
        (copied / name).write_bytes((folder / name).read_bytes())
    timeline = read_timeline(copied)
    labels.write_labels(timeline, "r1", [Event(20, 23), Event(8, 12, 5)])
    labels.write_labels(timeline, "r2", [Event(8, 10)])
    words = ["score", "--timeline", str(copied), "--out", str(tmp_path / "s.json"), "--json"]
    assert cli.main(words) == 0
    document = json.loads(capsys.readouterr().out)["score"]
    assert document["n_events"] == 1
    (kappa,) = document["kappas"]
    # 30 seconds: both 2, r1 alone 5, neither 23; agreement 25/30, by chance (7*2 + 23*28)/900.
    chance = (7 * 2 + 23 * 28) / 900
    assert kappa["kappa"] == pytest.approx((25 / 30 - chance) / (1 - chance))
    assert cli.main([*words, "--rater", "r1"]) == 0
    assert json.loads(capsys.readouterr().out)["score"]["n_events"] == 2


def test_marks_of_another_film_are_refused(
    folder: Path, film_of: Callable[..., Path], brightness: Path, tmp_path: Path
) -> None:
    other = film_of(tmp_path / "other.mp4", [0.0, 9.0], [0.1, 0.2])
    build(TimelineConfig(other, tmp_path / "other", 2, "model", str(brightness), "none", None, "own"))
    document = labels.write_labels(read_timeline(tmp_path / "other"), "r1", [Event(1, 2)])
    contracts.write_document(tmp_path / "r1.json", document, "timeline_labels")
    with pytest.raises(InvalidInput, match=r"marks of another film, other\.mp4"):
        labels.read_labels(tmp_path / "r1.json", read_timeline(folder))


def test_a_csv_that_is_not_there_is_one_line(folder: Path, tmp_path: Path) -> None:
    given = ScoreConfig((folder,), tmp_path / "none.csv", None, tmp_path / "score.json", 0)
    with pytest.raises(InvalidInput, match=r"none\.csv: found No such file"):
        score.score(given)


def test_a_timeline_without_marks_says_how_to_make_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["score", "--timeline", str(folder)]) == 1
    assert "./inv timeline-label" in capsys.readouterr().err


def test_statistics_of_clips_leave_out_what_is_missing_and_keep_a_legal_zero() -> None:
    values = np.array([[0.0, 1.0, 0.5, np.nan, 0.0, 0.0]])
    padded = np.concatenate([values, np.full((1, 10), np.nan)], axis=1)
    assert trained.clip_statistics(padded, 2)[:6] == pytest.approx(trained.clip_statistics(values, 2), nan_ok=True)
    assert trained.clip_statistics(values, 2)[2].tolist() == pytest.approx([0.3, np.std([0, 1, 0.5, 0, 0]), 1.0, 0.0])
    assert np.isnan(trained.clip_statistics(padded, 2)[-1]).all()


def test_what_is_learned_from_other_films_is_measured_beside_the_moments(
    film_of: Callable[..., Path], brightness: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng, words = np.random.default_rng(6), ["score", "--trained", "--out", str(tmp_path / "s.json"), "--json"]
    rows = ["film,start_s,end_s"]
    for number in range(4):
        laughs = [(float(start), float(start) + 3) for start in (5 + rng.uniform(0, 5), 25 + rng.uniform(0, 10))]
        times = [beat / 10 for beat in range(450)]
        levels = [0.3 + 0.25 * any(a <= time < b for a, b in laughs) for time in times]  # below the usual threshold
        film = film_of(tmp_path / f"f{number}.mp4", times, levels)
        build(TimelineConfig(film, tmp_path / f"t{number}", 2, "model", str(brightness), "none", None, "own"))
        write_moments(tmp_path / f"t{number}", MomentsConfig(high=0.9))
        rows += [f"t{number},{start:.2f},{end:.2f}" for start, end in laughs]
        words += ["--timeline", str(tmp_path / f"t{number}")]
    (tmp_path / "laughs.csv").write_text("\n".join([*rows, ""]))
    assert cli.main([*words, "--labels", str(tmp_path / "laughs.csv")]) == 0
    methods = json.loads(capsys.readouterr().out)["score"]["methods"]
    f1 = {method["name"]: method["f1"][0]["value"] for method in methods}
    assert f1["moments"] == 0.0
    assert f1["clip_stats"] >= 0.8
    assert "clip_stats_boosting" in f1
    assert cli.main([*words[:-4], "--labels", str(tmp_path / "laughs.csv")]) == 1  # the csv names a film too many


def test_two_films_are_too_few_to_learn_from_others(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "laughs.csv").write_text("film,start_s,end_s\nbright,8,12\n")
    given = ScoreConfig((folder,), tmp_path / "laughs.csv", None, tmp_path / "score.json", 0, trained=True)
    with pytest.raises(InvalidInput, match="--trained: found 1 films of 1 providers, expected at least 3"):
        score.score(given)
