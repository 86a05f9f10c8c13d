"""Takes as they are judged, on real films of people with the real models: as they are, and spoilt on purpose."""

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from shared import paths
from shared.arrays import U8
from shared.dataset.check import check_dataset
from shared.dataset.reader import open_dataset
from shared.video import Film

ASSETS = paths.assets()
FILMS = sorted((ASSETS / "videos" / "protocol").glob("*.mp4"))
SOME = FILMS[::8]  # each costs seconds; `--slow` judges them all
TICK = Fraction(1, 90_000)
Judge = Callable[..., tuple[int, Any, str]]
needs_assets = pytest.mark.skipif(not FILMS, reason="no films in SMILEBENCH_ASSETS")
pytestmark = needs_assets


@pytest.fixture
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Judge:
    """Record a film with both models, into the dataset d; returns (exit code, JSON, stderr)."""
    pytest.importorskip("mediapipe", reason="no mediapipe")
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(ASSETS))
    from tools.recorder.cli import main

    def run(film: Path, *flags: str, subject: str = "s01") -> tuple[int, Any, str]:
        capsys.readouterr()
        words = ["--source", str(film), "--subject", subject, "--dataset", "d", "--no-preview", "--json", "--mixed"]
        code = main([*words, *flags])
        out, err = capsys.readouterr()
        return code, json.loads(out), err

    return run


def write_film(path: Path, pictures: Iterator[U8], fps: int = 30) -> Path:
    """Write frames at an even rate."""
    with av.open(str(path), "w") as container:
        stream: Any = None
        for index, picture in enumerate(pictures):
            if stream is None:
                stream = container.add_stream("libx264", rate=fps)
                stream.height, stream.width = (size // 2 * 2 for size in picture.shape[:2])
                stream.pix_fmt, stream.codec_context.time_base = "yuv420p", TICK
                stream.codec_context.options = {"preset": "ultrafast"}
            shown = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[: stream.height, : stream.width]), "rgb24")
            shown.time_base, shown.pts = TICK, round(index / fps / TICK)
            container.mux(stream.encode(shown))
        container.mux(stream.encode(None))
    return path


def frames(film: Path) -> list[U8]:
    return [frame.rgb_hwc_u8 for frame in Film(str(film))]


def faults_of(result: Any) -> list[str]:
    (taken,) = result["set_aside"]
    return list(taken["faults"])


@pytest.mark.parametrize(
    "film",
    [pytest.param(f, id=f.stem, marks=[] if f in SOME else [pytest.mark.slow]) for f in FILMS],
)
def test_people_who_did_as_told_are_stored_with_what_was_measured(film: Path, judge: Judge, tmp_path: Path) -> None:
    code, result, err = judge(film)
    assert code == 0, err
    assert result["set_aside"] == []
    (take,) = result["takes"]
    assert [entry["faults"] for entry in take["quality"]] == [[]] * 4
    assert [entry["sequence_id"] for entry in take["quality"]] == take["sequence_ids"]
    assert all(entry["n_faces"] == 1 for entry in take["quality"])
    assert take["smile"]["faults"] == []
    assert 3.0 <= take["smile"]["rise_s"] <= 4.0
    picture = cv2.imread(str(tmp_path / "home" / "datasets" / "d" / "takes" / "take_0001.png"))
    assert picture is not None
    assert picture.shape == (160, 900, 3)
    assert check_dataset(tmp_path / "home" / "datasets" / "d") == []


def test_a_smile_in_the_neutral_second_keeps_the_take_apart(judge: Judge, tmp_path: Path) -> None:
    pictures = frames(FILMS[1])
    early = write_film(tmp_path / "early.mp4", iter(pictures[60:] + [pictures[-1]] * 60))  # two seconds too early
    code, result, err = judge(early)
    assert code == 1
    assert "smile_in_neutral" in faults_of(result)
    assert "take_0001 is kept apart: a smile in the neutral window" in err
    folder = tmp_path / "home" / "datasets" / "d"
    assert open_dataset(folder).rows == ()
    assert (folder / "rejected" / "take_0001" / "takes" / "take_0001.png").is_file()
    assert check_dataset(folder) == []


@pytest.mark.slow
def test_a_smile_that_comes_too_late_keeps_the_take_apart(judge: Judge, tmp_path: Path) -> None:
    pictures = frames(FILMS[5])
    late = write_film(tmp_path / "late.mp4", iter([pictures[0]] * 60 + pictures[:-60]))
    assert faults_of(judge(late)[1]) == ["smile_outside"]


@pytest.mark.slow
@pytest.mark.parametrize(("index", "faults"), [(45, ["no_rise"]), (135, ["smile_in_neutral"])])
def test_a_still_picture_is_no_smile_that_was_asked_for(
    index: int, faults: list[str], judge: Judge, tmp_path: Path
) -> None:
    picture = frames(FILMS[7])[index]
    noise = np.random.default_rng(0).normal(0, 4, (16, *picture.shape))
    pictures = (np.clip(picture + noise[n % 16], 0, 255).astype(np.uint8) for n in range(270))
    assert faults_of(judge(write_film(tmp_path / "still.mp4", pictures))[1]) == faults


@pytest.mark.slow
def test_a_take_that_was_kept_apart_can_be_used_all_the_same(judge: Judge, tmp_path: Path) -> None:
    pictures = frames(FILMS[1])
    judge(write_film(tmp_path / "late.mp4", iter([pictures[0]] * 60 + pictures[:-60])))
    from tools.recorder.cli import main

    assert main(["--dataset", "d", "--list"]) == 0
    assert main(["--dataset", "d", "--restore", "take_0001"]) == 0
    folder = tmp_path / "home" / "datasets" / "d"
    assert len(open_dataset(folder).rows) == 4
    # Its first two seconds stand still, so that the neutral sequences are alike: a note, no error.
    assert [problem for problem in check_dataset(folder) if problem.is_error] == []
    assert not list((folder / "rejected").glob("*"))
    code, result, _ = judge(FILMS[1])
    assert (code, result["takes"][0]["take_id"]) == (0, "take_0002")


def spoil(pictures: list[U8], how: str) -> Iterator[U8]:
    for picture in pictures:
        if how == "dark":
            yield (picture * 0.1).astype(np.uint8)
        elif how == "blurred":
            yield np.asarray(cv2.GaussianBlur(picture, (0, 0), 9), np.uint8)
        elif how == "many_faces":
            half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            both = np.concatenate([half, half], axis=1)
            yield np.asarray(cv2.copyMakeBorder(both, 80, 80, 0, 0, cv2.BORDER_REPLICATE), np.uint8)
        elif how == "blank":
            yield np.full_like(picture, (0, 135, 0))
        elif how == "no_face":
            yield np.ascontiguousarray(picture[-60:])


SPOILT = [
    *(pytest.param(fault, marks=pytest.mark.slow) for fault in ("dark", "blurred", "no_face")),
    "many_faces",
    "blank",
]


@pytest.mark.parametrize("fault", SPOILT)
def test_pictures_that_nobody_can_use_are_kept_apart(fault: str, judge: Judge, tmp_path: Path) -> None:
    film = write_film(tmp_path / "spoilt.mp4", spoil(frames(FILMS[3]), fault))
    code, result, err = judge(film, "--landmark-model", "none")
    assert code == 1
    assert fault in faults_of(result)
    assert "kept apart" in err


@pytest.mark.slow
def test_a_cartoon_is_no_face(judge: Judge, tmp_path: Path) -> None:
    film = ASSETS / "videos" / "raw" / "face_noface.mov"
    if not film.is_file():
        pytest.skip("no cartoon in SMILEBENCH_ASSETS")
    cartoon = frames(film)[-90:]  # the man is gone by then
    code, result, _ = judge(write_film(tmp_path / "cartoon.mp4", iter(cartoon * 3)))
    assert code == 1
    assert "no_face" in faults_of(result)
