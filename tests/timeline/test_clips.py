"""Clips from films to moments: imported whole, read by a provider, learned, exported, measured, found in films."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import contracts, paths
from shared.dataset.reader import open_dataset
from shared.errors import InvalidInput
from tools.evaluator.cli import main as evaluator
from tools.exporter.cli import main as exporter
from tools.featurizer.cli import main as featurizer
from tools.handoff.cli import main as handoff
from tools.importer.cli import main as importer
from tools.predictor.cli import main as predictor
from tools.splitter.cli import main as splitter
from tools.timeline.config import MomentsConfig, TimelineConfig
from tools.timeline.moments.clips import score_by_models
from tools.timeline.moments.write import write_moments
from tools.timeline.table.build import build
from tools.timeline.table.rows import read_timeline
from tools.trainer.cli import main as trainer

PEOPLE = 6
RIGHTS = ("--licence", "own", "--basis", "drawn", "--kind", "synthetic")


def run(capsys: Any, main: Any, *words: object) -> dict[str, Any]:
    """Run a tool; returns its document."""
    code = main([*map(str, words), "--json"])
    out = capsys.readouterr()
    assert code == 0, out.err
    found: dict[str, Any] = json.loads(out.out)
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory, film_of, brightness):
    """Six films of 24 s, bright in two stretches, with clips of 5 to 7 s cut out of them and read by a provider."""
    folder = tmp_path_factory.mktemp("home")
    lines = ["file,start,end,label,subject"]
    for number in range(PEOPLE):
        rng = np.random.default_rng(number)
        times = [k / 10 for k in range(240)]
        levels = [0.7 if 4 <= t < 8 or 15 <= t < 18.5 else 0.15 for t in times]
        film = film_of(folder / f"film{number}.mp4", times, (np.array(levels) + rng.normal(0, 0.02, 240)).tolist())
        for start_s, end_s, label in (
            (3, 9, "smile"),
            (14, 19.5, "smile"),
            (8.5, 13.5, "non_smile"),
            (18.6, 23.6, "non_smile"),
        ):
            lines.append(f"{film.name},{start_s},{end_s},{label},p{number}")
    (folder / "clips.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMILEBENCH_HOME", str(folder))
        assert importer(["--dataset", "clips", "--windows", str(folder / "clips.csv"), "--clips", *RIGHTS]) == 0
        words = ["--dataset", "clips", "--kind", "emotions", "--provider", "model", "--model", str(brightness)]
        assert featurizer([*words, "--face-model", "none", "--workers", "1"]) == 0
        yield folder


@pytest.fixture(scope="module")
def models(home):
    """Two models of statistics and a convolution, each of a fold, and the split files."""
    assert splitter(["--dataset", "clips", "--folds", "3"]) == 0
    splits = sorted(paths.artifacts("splits").glob("clips-*fold*.json"))
    found: dict[str, list[Path]] = {}
    for network, n in (("clip_stats", 2), ("clip_conv1d", 1)):
        for number, split in enumerate(splits[:n]):
            out = f"{network}-{number}"
            words = ["--dataset", "clips", "--network", network, "--split", str(split), "--out", str(home / out)]
            assert trainer([*words, "--epochs", "100", "--threads", "1", "--quiet"]) == 0
            assert (
                exporter(["--run", str(home / out), "--checkpoint", "last", "--split", str(split), "--out", out]) == 0
            )
            found.setdefault(network, []).append(paths.artifacts("models") / out / paths.MODEL_FILE)
    return found, splits


def test_a_row_becomes_one_sequence_of_its_whole_window(home):
    dataset = open_dataset(home / "datasets" / "clips")
    rows = [row for row in dataset.rows if row.subject_id == "p0"]
    assert [row.frame_count for row in rows] == [13, 12, 11, 11]  # 6, 5.5, 5 and 5 s at two a second
    assert rows[0].frame_times_ms[0] == pytest.approx(3000, abs=1)
    assert np.diff(rows[0].frame_times_ms) == pytest.approx(500, abs=1)
    assert dataset.protocol.whole_windows


def test_clips_are_valid_and_others_are_not_mixed_in(home, capsys):
    from tools.verifier.cli import main as verifier

    assert verifier(["--dataset", "clips"]) == 0
    capsys.readouterr()
    words = ["--dataset", "clips", "--windows", str(home / "clips.csv"), "--clips", "4", *RIGHTS]
    assert importer(words) == 1
    assert "found clips of a picture each 500 ms, expected clips of 4 a second" in capsys.readouterr().err


def test_channels_are_stored_by_picture_with_their_provider(home):
    manifest = contracts.read_document(paths.artifacts("features") / "clips" / "emotions" / "features.json", "features")
    assert manifest["reading"]["provider"]["channels"] == ["smile"]
    assert manifest["counts"]["without_face"] == 0


@pytest.mark.parametrize("network", ["clip_stats", "clip_conv1d"])
def test_a_network_of_clips_learns_what_channels_tell_and_is_measured(models, network, home, capsys):
    found, splits = models
    words = ["--model", found[network][0], "--dataset", "clips", "--split", splits[0]]
    results = run(capsys, evaluator, *words)["results"]
    assert results["metrics"]["roc_auc"] == 1.0
    card = contracts.read_document(found[network][0].with_name(paths.MODEL_CARD), "model")
    assert card["input"]["provider"]["channels"] == ["smile"]
    assert card["parity"]["largest_difference"] < 1e-4


@pytest.mark.parametrize("arm", ["one_channel", "clip_boosting"])
def test_arms_of_clips_need_no_network(models, arm, capsys):
    results = run(capsys, evaluator, "--arm", arm, "--dataset", "clips", "--split", models[1][0])["results"]
    assert (results["arm"], results["metrics"]["roc_auc"]) == (arm, 1.0)


@pytest.fixture(scope="module")
def unseen(home, film_of, brightness):
    """A timeline of a film that nothing has learned from: bright from 8 to 12 s and from 20 to 23 s."""
    times = [k / 10 for k in range(300)]
    film = film_of(home / "unseen.mp4", times, [0.75 if 8 <= t < 12 or 20 <= t < 23 else 0.1 for t in times])
    out = paths.artifacts("timelines") / "unseen"
    build(TimelineConfig(film, out, 2, "model", str(brightness), "none", None, "own"))
    return out


def test_trained_models_find_a_films_moments_and_draw_its_tension_with_a_band(models, unseen):
    files = tuple(models[0]["clip_stats"])
    found = write_moments(unseen, MomentsConfig(clip_models=files, tension="score", window_s=4.0))
    document = found.document
    assert [one["name"] for one in document["clip_models"]] == ["clip_stats-0", "clip_stats-1"]
    assert len(document["moments"]) == 2
    for moment, middle_s in zip(document["moments"], (10, 21.5), strict=True):
        assert moment["onset_s"] < middle_s < moment["end_s"]
        assert moment["why"][0]["channel"] == "smile_prob"
    tension = document["tension"]
    for low, value, high in zip(tension["band"]["low"], tension["values"], tension["band"]["high"], strict=True):
        assert low - 1e-4 <= value <= high + 1e-4
    assert "of 2 models, with the band between them" in found.as_text()
    assert "that tension follows fun is an assumption" in found.as_text()


def test_the_default_tension_stays_arousal_and_change(models, unseen):
    found = write_moments(unseen, MomentsConfig(clip_models=(models[0]["clip_conv1d"][0],)))
    assert "that fun follows tension is an assumption" in found.as_text()
    document = found.document
    assert document["tension"]["from"] == ["change"]
    assert "band" not in document["tension"]


def test_a_model_that_has_learned_from_the_film_is_left_out_where_others_are_given(models, home, brightness, capsys):
    out = paths.artifacts("timelines") / "film0"
    build(TimelineConfig(home / "film0.mp4", out, 2, "model", str(brightness), "none", None, "own"))
    tested = ["p0" in contracts.read_document(split, "split")["sides"]["test"]["subjects"] for split in models[1][:2]]
    assert sorted(tested) == [False, True], "the seed decides who is tested in which fold"
    capsys.readouterr()
    found = score_by_models(read_timeline(out), models[0]["clip_stats"], None)
    assert found.names == tuple(f"clip_stats-{number}" for number in range(2) if tested[number])
    assert "1 of 2 models have learned from film0.mp4; they are left out" in capsys.readouterr().err


def test_a_model_whose_channels_are_named_otherwise_is_refused(models, home, film_of, tmp_path):
    from tests.timeline.test_providers import save, write_card  # a classifier of one grey face

    path = save(tmp_path / "c.onnx", (1, 64, 64, 1), np.array([[1.0, 0.1]]), [1, 2])
    write_card(path, ["grin", "calm"])
    film = film_of(tmp_path / "f.mp4", [k / 10 for k in range(30)], [0.5] * 30)
    build(TimelineConfig(film, tmp_path / "t", 2, "emotions", str(path), "none", None, "own"))
    config = MomentsConfig(clip_models=(models[0]["clip_conv1d"][0],))
    with pytest.raises(InvalidInput, match=r"found no channel smile \(it has grin, calm\).*--provider model"):
        write_moments(tmp_path / "t", config)


def test_a_timeline_of_fewer_frames_a_second_is_refused(models, home, brightness, tmp_path):
    build(TimelineConfig(home / "film1.mp4", tmp_path / "slow", 1, "model", str(brightness), "none", None, "own"))
    config = MomentsConfig(clip_models=(models[0]["clip_conv1d"][0],))
    with pytest.raises(InvalidInput, match=r"found 1 frames a second, expected 2.*--rate 2"):
        write_moments(tmp_path / "slow", config)


def test_a_model_of_pictures_is_no_model_of_clips(unseen, brightness):
    with pytest.raises(InvalidInput, match="found a model of frames, expected one of clips"):
        write_moments(unseen, MomentsConfig(clip_models=(brightness,)))


def test_what_looks_at_pictures_refuses_a_model_of_clips(models, home, capsys):
    for tool, words in ((handoff, ()), (predictor, (str(home / "film0.mp4"),))):
        assert tool(["--model", str(models[0]["clip_conv1d"][0]), *words]) == 1
        assert "found a model of clips, expected one of pictures" in capsys.readouterr().err


def test_clips_of_two_people_in_one_film_stay_in_one_part(home, capsys):
    lines = (home / "clips.csv").read_text(encoding="utf-8").splitlines()
    lines[1] = lines[1].replace(",p0", ",p6")
    (home / "two.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = ["--dataset", "two", "--windows", str(home / "two.csv"), "--clips", "--confirm", *RIGHTS]
    assert importer(words) == 0
    capsys.readouterr()
    for seed in range(4):
        for split in run(capsys, splitter, "--dataset", "two", "--folds", "3", "--seed", seed)["splits"]:
            parts = [part for part, side in split["sides"].items() if {"p0", "p6"} & {*side["subjects"]}]
            assert len(parts) == 1
            assert {"p0", "p6"} <= {*split["sides"][parts[0]]["subjects"]}
    assert splitter(["--dataset", "two", "--test", "p0,p1"]) == 1
    assert "found p6 in a film with somebody to be tested" in capsys.readouterr().err
