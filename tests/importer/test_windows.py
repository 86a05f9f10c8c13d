"""A list of windows becomes these windows, exactly."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import paths
from shared.dataset import bulk_writer, reader
from shared.dataset.check import check_dataset

Run = Callable[..., tuple[int, dict[str, Any], str]]
MakeFilm = Callable[[Path, list[float]], None]
ASSETS = paths.assets()  # asked for before a test chooses another home
HEADER = "file,start,end,label,subject\n"


@pytest.fixture
def film(tmp_path: Path, make_film: MakeFilm) -> Path:
    """A film of 4 s at 10 fps whose frames tell their number by their grey."""
    path = tmp_path / "films" / "하나.mp4"
    make_film(path, [number / 10 for number in range(41)])
    return path


def write(film: Path, text: str, encoding: str = "utf-8") -> Path:
    table = film.with_name("windows.csv")
    table.write_bytes(text.encode(encoding))
    return table


def test_windows_of_three_films_become_exactly_these_windows(run: Run, tmp_path: Path) -> None:
    folder = ASSETS / "videos" / "protocol"
    films = ["s01_take1.mp4", "s02_take1.mp4", "s03_take1.mp4"]
    if not all((folder / name).is_file() for name in films):
        pytest.skip(f"no films of people in {ASSETS}; set SMILEBENCH_ASSETS")
    windows = [
        ("s01_take1.mp4", 1.0, 2.0, "non_smile", "s01"),
        ("s01_take1.mp4", 4.0, 5.0, "smile", "s01"),
        ("s02_take1.mp4", 0.5, 1.25, "non_smile", "s02"),
        ("s03_take1.mp4", 3.6, 4.0, "smile", "s03"),
        ("s03_take1.mp4", 7.5, 8.9, "non_smile", "s03"),
    ]
    table = tmp_path / "w.csv"
    table.write_text(HEADER + "".join(",".join(map(str, window)) + "\n" for window in windows))
    code, answer, err = run("--dataset", "films", "--windows", table, "--films", folder)
    assert (code, answer.get("n_added")) == (0, 5), err
    dataset = reader.open_dataset(tmp_path / "datasets" / "films")
    origins = bulk_writer.read_origins(dataset.folder)
    found = []
    for row in dataset.rows:
        origin = origins[row.sequence_id]
        found.append((origin.file, origin.start_ms / 1000, origin.end_ms / 1000, row.label, row.subject_id))
        assert origin.start_ms <= row.frame_times_ms[0]
        assert row.frame_times_ms[-1] <= origin.end_ms
        gaps = [after - before for before, after in zip(row.frame_times_ms, row.frame_times_ms[1:], strict=False)]
        assert gaps == pytest.approx([100.0] * 4, abs=1.0)
        middle = (row.frame_times_ms[0] + row.frame_times_ms[-1]) / 2
        assert middle == pytest.approx((origin.start_ms + origin.end_ms) / 2, abs=34)
    assert found == windows
    assert [problem for problem in check_dataset(dataset.folder) if problem.is_error] == []
    assert run("--dataset", "films", "--windows", table, "--films", folder)[1]["n_known"] == 5


def test_frames_are_picked_by_their_own_times_and_never_by_counting(
    run: Run, tmp_path: Path, make_film: MakeFilm
) -> None:
    film = tmp_path / "films" / "uneven.mp4"
    # 20 fps for a second, then 10 fps: by counting at 20 fps, the window would lie elsewhere.
    make_film(film, [number / 20 for number in range(20)] + [1 + number / 10 for number in range(21)])
    assert run("--dataset", "f", "--windows", write(film, HEADER + "uneven.mp4,1.8,2.2,smile,s01\n"))[0] == 0
    dataset = reader.open_dataset(tmp_path / "datasets" / "f")
    assert dataset.rows[0].frame_times_ms == pytest.approx((1800, 1900, 2000, 2100, 2200), abs=0.2)
    greys = dataset.load_frames(dataset.rows[0]).mean(axis=(1, 2, 3))
    assert greys == pytest.approx([2 * number for number in (28, 29, 30, 31, 32)], abs=3)


@pytest.mark.parametrize(
    ("encoding", "header"), [("utf-8-sig", "파일;시작;끝;라벨;대상"), ("cp949", "파일;시작;종료;라벨;피험자")]
)
def test_a_list_from_a_korean_spreadsheet_is_understood(
    run: Run, film: Path, tmp_path: Path, encoding: str, header: str
) -> None:
    table = write(film, f"{header}\r\n하나.mp4;0,5;1,5;웃음;김철수\r\n", encoding)
    code, _, err = run("--dataset", "f", "--windows", table, "--labels", "웃음=smile,무표정=non_smile")
    assert code == 0, err
    (row,) = reader.open_dataset(tmp_path / "datasets" / "f").rows
    assert (row.label, row.frame_times_ms) == ("smile", (800.0, 900.0, 1000.0, 1100.0, 1200.0))


def test_every_wrong_row_is_named_and_nothing_is_imported(run: Run, film: Path, tmp_path: Path) -> None:
    rows = [
        "하나.mp4,0.5,1.5,smile,s01",
        "zwei.mp4,0.5,1.5,smile,s01",
        "하나.mp4,half,1.5,smile,s01",
        "하나.mp4,1.5,1.6,smile,s01",
        "하나.mp4,2,1,smile,s01",
        "하나.mp4,0,1,angry,s01",
        "하나.mp4,0,1,smile,",
        "하나.mp4,0.5,1.5,non_smile,s01",
        "하나.mp4,-1,1,smile,s01",
    ]
    code, _, err = run("--dataset", "f", "--windows", write(film, HEADER + "\n".join(rows)))
    assert code == 1
    for number in range(3, 11):
        assert f"row {number}" in err
    assert "row 2:" not in err
    assert "nothing was imported" in err
    assert not (tmp_path / "datasets" / "f").exists()


def test_a_window_after_the_film_is_listed_and_the_others_are_there(run: Run, film: Path) -> None:
    table = write(film, HEADER + "하나.mp4,0,1,smile,s01\n하나.mp4,8,9,smile,s01\n")
    code, answer, _ = run("--dataset", "f", "--windows", table)
    assert (code, answer["n_added"], answer["left_out_by_reason"]) == (1, 1, {"no_frames": 1})
    assert "row 3: 하나.mp4 8 to 9 s" in answer["left_out"][0]["what"]


def test_a_film_that_is_none_is_listed_with_its_rows(run: Run, film: Path) -> None:
    film.with_name("text.mp4").write_bytes(b"not a film")
    table = write(film, HEADER + "text.mp4,0,1,smile,s01\n하나.mp4,0,1,smile,s01\n")
    code, answer, _ = run("--dataset", "f", "--windows", table)
    assert (code, answer["n_added"], answer["left_out_by_reason"]) == (1, 1, {"broken_film": 1})


def test_new_rows_of_a_known_film_are_added_to_the_old_ones(run: Run, film: Path, tmp_path: Path) -> None:
    assert run("--dataset", "f", "--windows", write(film, HEADER + "하나.mp4,0,1,smile,s01\n"))[0] == 0
    more = write(film, HEADER + "하나.mp4,0,1,smile,s01\n하나.mp4,1,3,non_smile,s01\n")
    code, answer, _ = run("--dataset", "f", "--windows", more, "--per-window", 1)
    assert (code, answer["n_added"], answer["n_known"]) == (0, 1, 1)
    assert len(reader.open_dataset(tmp_path / "datasets" / "f").rows) == 2


def test_several_sequences_a_row_are_cut_on_request(run: Run, film: Path) -> None:
    table = write(film, HEADER + "하나.mp4,0,2,smile,s01\n")
    code, answer, _ = run("--dataset", "f", "--windows", table, "--per-window", 3)
    assert (code, answer["n_added"]) == (0, 3)


def test_a_list_without_a_column_says_which(run: Run, film: Path) -> None:
    code, _, err = run("--dataset", "f", "--windows", write(film, "file,start,end,label\n"))
    assert code == 1
    assert "expected also subject" in err


def test_seconds_of_a_list_are_those_of_a_player(run: Run, film: Path, tmp_path: Path) -> None:
    """Where a film's picture starts late, windows were cut that much too late, without a word."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg to add a sound")
    late = film.with_name("late.mp4")
    sound = ["-f", "lavfi", "-t", "5.5", "-i", "sine", "-map", "0:v", "-map", "1:a", "-c:v", "copy"]
    subprocess.run(["ffmpeg", "-loglevel", "error", "-itsoffset", "1.5", "-i", film, *sound, late], check=True)
    code, answer, err = run("--dataset", "f", "--windows", write(film, HEADER + "late.mp4,2.5,3.5,smile,s01\n"))
    assert code == 0, err
    assert "late.mp4: its picture starts 1.50 s after its beginning; times count from the beginning" in answer["notes"]
    dataset = reader.open_dataset(tmp_path / "datasets" / "f")
    assert dataset.rows[0].frame_times_ms == pytest.approx((2800, 2900, 3000, 3100, 3200), abs=1)
    greys = dataset.load_frames(dataset.rows[0]).mean(axis=(1, 2, 3))
    assert greys == pytest.approx([2 * number for number in (13, 14, 15, 16, 17)], abs=3)


@pytest.mark.parametrize(
    ("start", "end"), [("0:01", "0:02.5"), ("00:00:01", "0:0:2,5"), ("10f", "25f"), ("1", "0:02.5"), ("0:01.0", "25F")]
)
def test_moments_may_be_written_as_players_and_editors_show_them(
    run: Run, film: Path, tmp_path: Path, start: str, end: str
) -> None:
    """m:ss and frame numbers were "not a number of seconds"."""
    table = write(film, HEADER.replace(",", ";") + f"하나.mp4;{start};{end};smile;s01\n")
    code, answer, err = run("--dataset", "f", "--windows", table)
    assert (code, answer.get("n_added")) == (0, 1), err
    (row,) = reader.open_dataset(tmp_path / "datasets" / "f").rows
    assert row.frame_times_ms == pytest.approx((1600, 1700, 1800, 1900, 2000), abs=0.2)
    (origin,) = bulk_writer.read_origins(tmp_path / "datasets" / "f").values()
    assert (origin.start_ms, origin.end_ms) == (1000, 2500)


@pytest.mark.parametrize("start", ["1:75", "0:0:0:5", "half", "-0:01", "12g", ":5", "1:", "nan"])
def test_what_is_no_moment_is_refused_with_what_is(run: Run, film: Path, start: str) -> None:
    code, _, err = run("--dataset", "f", "--windows", write(film, HEADER + f"하나.mp4,{start},3,smile,s01\n"))
    assert code == 1
    assert f"start is {start!r}, not seconds (62.5), m:ss (1:02.5), h:mm:ss or a frame from 0 (120f)" in err
    assert "nothing was imported" in err


def test_a_window_beyond_the_films_end_says_so(run: Run, film: Path) -> None:
    rows = ["하나.mp4,0:01:30,0:01:32,smile,s01", "하나.mp4,100f,120f,smile,s01", "하나.mp4,3,6,smile,s01"]
    code, answer, _ = run(
        "--dataset", "f", "--windows", write(film, HEADER + "\n".join([*rows, "하나.mp4,0,1,smile,s01"]))
    )
    assert (code, answer["n_added"]) == (1, 1)
    told = {each["what"]: each["detail"] for each in answer["left_out"]}
    end = "the window is beyond the film's end at 4.10 s"
    assert told == {
        "row 2: 하나.mp4 90 to 92 s": f"0 of 1 sequences fit; {end}",
        "row 3: 하나.mp4 100f to 120f": "the film has 41 frames, from 0f",
        "row 4: 하나.mp4 3 to 6 s": f"0 of 1 sequences fit; {end}",
    }


def test_a_label_in_korean_is_refused_with_the_flag_that_takes_it_in(run: Run, film: Path) -> None:
    code, _, err = run("--dataset", "f", "--windows", write(film, HEADER + "하나.mp4,0,1,웃음,s01\n"))
    assert code == 1
    assert "the label '웃음' is none of non_smile, smile (say what it means: --labels 웃음=smile,...)" in err


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("하나.mp4,0,1,smile,s01\n하나.mp4,1,3,non_smile,s02\n", "subject s02 in a film of s01"),
        ("하나.mp4,0,1,smile,H02\nb.mp4,1,3,non_smile,h02\n", "subject h02 beside H02, which differ in capitals only"),
    ],
)
def test_a_person_who_may_stand_as_two_is_refused_unless_somebody_confirms_it(
    rows: str, found: str, run: Run, film: Path, make_film: MakeFilm, tmp_path: Path
) -> None:
    make_film(film.with_name("b.mp4"), [number / 10 for number in range(50)])
    table = write(film, HEADER + rows)
    code, _, err = run("--dataset", "f", "--windows", table)
    assert code == 1
    assert f"found {found}, expected each film of one subject" in err
    assert not (tmp_path / "datasets" / "f").exists()
    assert run("--dataset", "f", "--windows", table, "--confirm")[1]["n_added"] == 2
    assert [problem for problem in check_dataset(tmp_path / "datasets" / "f") if problem.is_error] == []


def test_a_film_that_is_anothers_in_the_dataset_is_refused(run: Run, film: Path) -> None:
    assert run("--dataset", "f", "--windows", write(film, HEADER + "하나.mp4,0,1,smile,s01\n"))[0] == 0
    code, _, err = run("--dataset", "f", "--windows", write(film, HEADER + "하나.mp4,1,3,non_smile,s02\n"))
    assert code == 1
    assert "subject s02 in a film of s01" in err
