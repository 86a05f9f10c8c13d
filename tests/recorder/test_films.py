import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import paths
from shared.dataset.check import check_dataset
from shared.dataset.reader import open_dataset

Record = Callable[..., tuple[int, Any, str]]
MakeFilm = Callable[..., Path]


def even(fps: float, seconds: float = 9.0) -> list[float]:
    return [index / fps for index in range(round(seconds * fps))]


def test_at_30_fps_the_stored_pictures_are_the_frames_that_one_counts_by_hand(
    record: Record, make_film: MakeFilm, dataset_folder: Path, read_number: Callable[[np.ndarray], int]
) -> None:
    code, result, _ = record("--source", make_film(even(30)))
    assert code == 0
    dataset = open_dataset(dataset_folder)
    # 1.05 s is between frames 31 and 32; frame 32 is at 1.0667 s, and 100 ms are three frames.
    shown = {row.sequence_id: [read_number(p) for p in dataset.load_frames(row)] for row in dataset.rows}
    assert shown == {
        "seq_0001": [32, 35, 38, 41, 44],
        "seq_0002": [47, 50, 53, 56, 59],
        "seq_0003": [122, 125, 128, 131, 134],
        "seq_0004": [137, 140, 143, 146, 149],
    }
    assert [row.label for row in dataset.rows] == ["non_smile", "non_smile", "smile", "smile"]
    assert dataset.rows[0].frame_times_ms == (1066.7, 1166.7, 1266.7, 1366.7, 1466.7)
    take = result["takes"][0]
    assert (take["n_frames"], take["n_dropped"], take["n_doubled"]) == (270, 0, 0)
    assert take["measured_fps"] == pytest.approx(30, abs=1e-3)
    assert take["duration_s"] == pytest.approx(9, abs=1e-3)
    assert check_dataset(dataset_folder) == []


def variable_rate() -> list[float]:
    """Frame times like a phone's: 30 fps that falls to 20 in the dark, with jitter."""
    rng = np.random.default_rng(4)
    steps = np.where(np.arange(260) % 90 < 45, 1 / 30, 1 / 20) + rng.uniform(-0.008, 0.008, 260)
    times = np.concatenate([[0.0], np.cumsum(steps)])
    return [float(time) for time in times[times < 9]]


@pytest.mark.parametrize(
    "times_s",
    [even(24), even(25), even(30000 / 1001), even(60), variable_rate()],
    ids=["24", "25", "29.97", "60", "variable"],
)
def test_at_any_frame_rate_the_pictures_are_those_of_the_right_moments(
    times_s: list[float],
    record: Record,
    make_film: MakeFilm,
    dataset_folder: Path,
    read_number: Callable[[np.ndarray], int],
) -> None:
    assert record("--source", make_film(times_s))[0] == 0
    dataset = open_dataset(dataset_folder)
    assert [row.label for row in dataset.rows] == ["non_smile", "non_smile", "smile", "smile"]
    longest_ms = max(np.diff(times_s)) * 1000
    for row in dataset.rows:
        true_ms = np.array([times_s[read_number(picture)] for picture in dataset.load_frames(row)]) * 1000
        np.testing.assert_allclose(row.frame_times_ms, true_ms, atol=0.1)
        low, high = {"non_smile": (1000, 2000), "smile": (4000, 5000)}[row.label]
        assert true_ms.min() >= low
        assert true_ms.max() <= high
        np.testing.assert_allclose(true_ms - true_ms[0], np.arange(5) * 100, atol=longest_ms / 2 + 0.1)


def test_a_film_that_is_too_short_is_refused_and_nothing_of_it_stays(
    record: Record, make_film: MakeFilm, dataset_folder: Path
) -> None:
    code, result, err = record("--source", make_film(even(30, 8.4)))
    assert code == 1
    *_, told = err.splitlines()  # after the note on consent
    assert "only 8.40 s" in told
    assert result["takes"] == []
    assert result["refused"] == [{"reason": told.removeprefix("recorder: "), "cause": "short"}]
    assert open_dataset(dataset_folder).rows == ()
    found = {p.name for p in dataset_folder.iterdir() if "consent" not in p.name}
    assert found == {".lock", "README.md", "dataset.json", "labels.csv"}


def test_a_film_within_the_slack_counts_as_whole(record: Record, make_film: MakeFilm) -> None:
    assert record("--source", make_film(even(30, 8.5)))[0] == 0


@pytest.mark.parametrize(("fps", "is_refused"), [(5, True), (14.9, True), (15, False)])
def test_a_film_below_the_protocols_rate_is_refused(
    fps: float, is_refused: bool, record: Record, make_film: MakeFilm
) -> None:
    code, _, err = record("--source", make_film(even(fps)))
    assert code == int(is_refused)
    assert (f"{fps:g} frames a second" in err) == is_refused


def test_a_gap_at_a_labelled_window_refuses_the_take_and_a_gap_elsewhere_is_written_down(
    record: Record, make_film: MakeFilm
) -> None:
    inside = [time for time in even(30) if not 4.2 < time < 4.5]
    code, _, err = record("--source", make_film(inside, name="inside.mp4"))
    assert code == 1
    assert "window for smile" in err
    across = [time for time in even(30) if not 1.95 < time < 2.3]
    assert record("--source", make_film(across, name="across.mp4"))[0] == 1
    # Frames 210 to 218 (7.0 to 7.27 s) are missing: 9 frames, 10 intervals of 33.3 ms.
    elsewhere = [time for index, time in enumerate(even(30)) if not 210 <= index < 219]
    code, result, _ = record("--source", make_film(elsewhere, name="elsewhere.mp4"))
    assert code == 0
    assert result["takes"][0]["n_dropped"] == 9
    assert result["takes"][0]["largest_gap_ms"] == pytest.approx(333.3, abs=0.1)


def test_frames_that_a_film_shows_twice_are_counted(record: Record, make_film: MakeFilm) -> None:
    numbers = [index // 2 * 2 for index in range(270)]
    _, result, _ = record("--source", make_film(even(30), numbers))
    assert result["takes"][0]["n_doubled"] == 135


def test_of_a_longer_film_the_protocols_duration_counts_and_it_says_so(record: Record, make_film: MakeFilm) -> None:
    code, result, err = record("--source", make_film(even(25, 12)))
    assert code == 0
    assert result["takes"][0]["n_frames"] == 225
    assert "12.0 s" in err
    assert "first 9 s" in err


def test_the_same_film_again_is_recorded_with_a_note_that_names_the_earlier_take(
    record: Record, make_film: MakeFilm
) -> None:
    film = make_film(even(30))
    assert "recorded before" not in record("--source", film)[2]
    code, result, err = record("--source", film)
    assert code == 0
    assert "take_0001 of s01" in err
    assert result["takes"][0]["take_id"] == "take_0002"


def test_a_film_is_of_one_subject_unless_somebody_confirms_it(
    record: Record, make_film: MakeFilm, dataset_folder: Path
) -> None:
    """One person stood as two, in training and in the test, after a slip of the hand."""
    film = make_film(even(30))
    assert record("--source", film, subject="s01")[0] == 0
    code, result, err = record("--source", film, subject="s02")
    assert (code, result) == (1, None)
    assert "found the film of take_0001 of s01, expected a film of one subject; give --subject s01, or --confirm" in err
    assert err.count("\n") == 1
    assert record("--source", film, "--confirm", subject="s02")[0] == 0
    assert [problem for problem in check_dataset(dataset_folder) if problem.is_error] == []
    take = dataset_folder / "takes" / "take_0002.json"
    take.write_text(take.read_text(encoding="utf-8").replace('"confirmed": true,', ""), encoding="utf-8")
    (problem,) = (problem for problem in check_dataset(dataset_folder) if problem.is_error)
    assert problem.kind == "alike"
    assert str(problem).startswith("error: take_0002 of s02: a film that is take_0001 of s01, too")


def test_pseudonyms_that_differ_in_capitals_only_are_refused_unless_somebody_confirms_them(
    record: Record, make_film: MakeFilm, dataset_folder: Path
) -> None:
    assert record("--source", make_film(even(30), name="a.mp4"), subject="H02")[0] == 0
    other = make_film(even(30), list(range(300, 570)), name="b.mp4")
    code, _, err = record("--source", other, subject="h02")
    assert code == 1
    assert "--subject h02: found H02 in the dataset, which differs in capitals only" in err
    assert record("--source", other, "--confirm", subject="h02")[0] == 0
    assert check_dataset(dataset_folder) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"this is a text, no film\n" * 40, "nothing that reads as a film"),
        (b"", "nothing that reads"),
        (None, "no such"),
    ],
)
def test_what_is_no_film_is_refused_in_one_line_and_leaves_no_dataset(
    content: bytes | None, message: str, record: Record, tmp_path: Path, dataset_folder: Path
) -> None:
    path = tmp_path / "film.mp4"
    if content is not None:
        path.write_bytes(content)
    code, result, err = record("--source", path)
    assert (code, result) == (1, None)
    assert message in err
    assert err.count("\n") == 1
    assert not dataset_folder.exists()


def test_sound_without_pictures_is_refused(record: Record, tmp_path: Path) -> None:
    import av

    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        for start in range(0, 44100, 1024):
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            sound.sample_rate, sound.pts = 44100, start
            container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    code, _, err = record("--source", path)
    assert code == 1
    assert "no video stream" in err


def test_a_film_that_is_cut_off_in_its_data_is_refused(record: Record, make_film: MakeFilm) -> None:
    film = make_film(even(30), name="whole.mkv")
    data = film.read_bytes()
    film.write_bytes(data[: len(data) // 2])
    code, result, err = record("--source", film)
    assert code == 1
    assert result is None or result["takes"] == []
    assert err.count("recorder: ") >= 1
    assert "Traceback" not in err


def test_a_target_is_a_total_that_a_second_run_completes(record: Record, make_film: MakeFilm) -> None:
    film = make_film(even(30))
    assert record("--source", film, "--target", 1)[1]["n_takes_of_subject"] == 1
    code, result, _ = record("--source", film, "--target", 3)
    assert (code, len(result["takes"]), result["n_takes_of_subject"]) == (0, 2, 3)
    code, result, _ = record("--source", "/no/such/film", "--target", 3)
    assert (code, result["takes"], result["n_takes_of_subject"]) == (0, [], 3)


def test_drawn_actors_and_people_do_not_share_a_dataset(record: Record, make_film: MakeFilm) -> None:
    assert record("--source", make_film(even(30)))[0] == 0
    code, _, err = record("--source", "synthetic")
    assert code == 1
    assert "do not share" in err


@pytest.mark.slow
def test_several_actors_are_the_same_as_one_after_the_other(record: Record, dataset_folder: Path) -> None:
    drawn = ("--source", "synthetic", "--target", 1, "--fps", 20)
    code, result, _ = record(*drawn, "--actors", 2, subject="a")
    assert code == 0
    assert [session["subject_id"] for session in result["actors"]] == ["a01", "a02"]
    assert [take["measured_fps"] for session in result["actors"] for take in session["takes"]] == [
        pytest.approx(20, abs=0.1)
    ] * 2
    together = {path.name: path.read_bytes() for path in (dataset_folder / "images").iterdir()}
    shutil.rmtree(dataset_folder)
    for name in ("a01", "a02"):
        assert record(*drawn, subject=name)[0] == 0
    assert together == {path.name: path.read_bytes() for path in (dataset_folder / "images").iterdir()}
    code, result, _ = record(*drawn, "--actors", 3, subject="a")
    assert (code, [len(session["takes"]) for session in result["actors"]]) == (0, [0, 0, 1])


@pytest.mark.parametrize("flags", [("--source", "film.mp4", "--target", 1), ("--source", "synthetic")])
def test_several_actors_are_drawn_and_have_a_target(flags: tuple[object, ...], record: Record) -> None:
    code, result, err = record(*flags, "--actors", 2, subject="a")
    assert (code, result) == (2, None)
    assert "--actors: found" in err


def test_a_persons_name_is_refused_as_subject(record: Record) -> None:
    code, _, err = record("--source", "synthetic", subject="Kim Minji")
    assert code == 2
    assert "pseudonym" in err


def test_neither_record_nor_rows_hold_the_films_name(record: Record, make_film: MakeFilm, dataset_folder: Path) -> None:
    assert record("--source", make_film(even(30), name="minji_kim.mp4"))[0] == 0
    for path in dataset_folder.rglob("*"):
        assert not path.is_file() or b"minji" not in path.read_bytes(), path


def test_real_films_of_people_give_two_sequences_a_label(
    start: Callable[..., subprocess.Popen[str]], dataset_folder: Path
) -> None:
    films = sorted((paths.assets() / "videos" / "protocol").glob("*.mp4"))
    if not films:
        pytest.skip("no films in SMILEBENCH_ASSETS")
    process = start("--source", films[0], "--subject", "s01", "--dataset", "d", "--no-preview", "--quiet")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "stored 1 take of s01 (4 sequences)" in out
    assert check_dataset(dataset_folder) == []


def test_the_recorder_needs_none_of_the_heavy_packages() -> None:
    import sys

    code = (
        "import sys, tools.recorder.record, tools.recorder.window.window_loop\n"
        "heavy = {'torch', 'torchvision', 'onnx', 'onnxruntime', 'matplotlib', 'sklearn', 'scipy', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "[]"


def test_a_film_whose_picture_starts_late_begins_with_its_picture_and_says_so(
    record: Record, make_film: MakeFilm, tmp_path: Path, dataset_folder: Path
) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg to add a sound")
    words = ["-itsoffset", "1.5", "-i", str(make_film(even(30))), "-f", "lavfi", "-t", "10.5", "-i", "sine"]
    streams = ["-map", "0:v", "-map", "1:a", "-c:v", "copy", str(tmp_path / "late.mp4")]
    subprocess.run(["ffmpeg", "-loglevel", "error", *words, *streams], check=True)
    code, result, err = record("--source", tmp_path / "late.mp4")
    assert code == 0
    assert "its picture starts 1.50 s after its beginning; times count from the first picture" in err
    assert "only its first" not in err  # the picture lasts nine seconds, the sound ten and a half
    assert result["takes"][0]["duration_s"] == pytest.approx(9, abs=0.01)
    assert "picture starts 1.50 s" in (dataset_folder / "takes" / "take_0001.json").read_text(encoding="utf-8")
