"""Predictions are those of evaluate, for photos and films of all kinds, and one broken file spoils no other."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shared import paths
from shared.video import FilmWriter, Frame
from tools.evaluator.cli import main as evaluate
from tools.featurizer.cli import main as featurize
from tools.importer.cli import main as import_
from tools.predictor.cli import main
from tools.predictor.films import cut_film
from tools.predictor.judges import About

ROOT = Path(__file__).parents[2]
ASSETS = paths.assets() or Path("nowhere")
CARD = json.loads((ROOT / "tests/schemas/positive/model/ours.json").read_text(encoding="utf-8"))
PX = 224


def picture(brightness: float, height: int = 300, width: int = 400) -> np.ndarray:
    """Draw a picture with something on it, of a mean brightness from 0 to 1."""
    rng = np.random.default_rng(round(brightness * 1000))
    noise = rng.normal(0, 30, (height, width, 3))
    return np.clip(255 * brightness + noise + np.linspace(-40, 40, width)[None, :, None], 0, 255).astype(np.uint8)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


MakeModel = Callable[..., Path]
Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run predictor with --json; gives the exit code and the document."""

    def run(*words: object) -> tuple[int, Any]:
        code = main([*map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def write_kinds(folder: Path) -> dict[str, Path]:
    """Write photos of several kinds; one of them lies on its side, as its mark says."""
    folder.mkdir(parents=True)
    found = {}
    for number, suffix in enumerate((".jpg", ".png", ".webp", ".bmp", ".tif", ".gif", ".ppm")):
        path = folder / f"사진 {number}{suffix}"
        Image.fromarray(picture(0.2 + 0.1 * number)).save(path)
        found[path.name] = path
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(picture(0.55)).save(folder / "옆으로.jpg", exif=turned)
    return {**found, "옆으로.jpg": folder / "옆으로.jpg"}


def evaluated(home: Path, dataset: str, model: Path) -> dict[str, float]:
    """Evaluate a model on everybody; gives scores by the file's name, of films with the sequence's id before it."""
    words = ["--model", str(model), "--dataset", dataset, "--side", "all", "--allow-no-consent", "--quiet"]
    assert evaluate(words) == 0
    (predictions,) = (home / "artifacts" / "results").glob("*predictions*.csv")
    scores = {row["sequence_id"]: float(row["score"]) for row in read_csv(predictions)}
    origins = read_csv(home / "datasets" / dataset / "origins.csv")
    return {f"{row['sequence_id']}|{row['file']}": scores[row["sequence_id"]] for row in origins}


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def test_scores_of_photos_are_those_of_evaluate(
    home: Path, ask: Ask, capsys: pytest.CaptureFixture[str], make_picture_model: MakeModel
) -> None:
    model = make_picture_model(home / "artifacts" / "models" / "mean")
    files = write_kinds(home / "photos" / "smile")
    (home / "photos" / "non_smile").mkdir()
    Image.fromarray(picture(0.1)).save(home / "photos" / "non_smile" / "a.png")
    assert import_(["--dataset", "photos", "--photos", "photos", "--face-model", "none", "--quiet"]) == 0
    expected = {
        key.partition("|")[2].rpartition("/")[2]: score for key, score in evaluated(home, "photos", model).items()
    }
    capsys.readouterr()
    code, found = ask("--model", "mean", home / "photos" / "smile", "--face-model", "none")
    assert code == 0
    scores = {row["file"]: row["score"] for row in found["predictions"]}
    assert scores.keys() == files.keys()
    assert scores == pytest.approx({name: expected[name] for name in scores}, abs=1e-6)
    assert {row["label"] for row in found["predictions"]} == {"smile", "non_smile"}
    assert all((row["label"] == "smile") == (row["score"] > 0.5) for row in found["predictions"])


def write_film(path: Path, fps: float = 30.0, n_frames: int = 75) -> None:
    film = FilmWriter(path, 320, 240)
    for number in range(n_frames):
        film.add(Frame(number / fps, picture(0.15 + 0.7 * number / n_frames, 240, 320)))
    film.close()


def test_scores_of_films_are_those_of_evaluate(
    home: Path, ask: Ask, capsys: pytest.CaptureFixture[str], make_picture_model: MakeModel
) -> None:
    model = make_picture_model(home / "artifacts" / "models" / "mean", frames=5)
    write_film(home / "영화.mp4")
    code, found = ask("--model", model, "영화.mp4", "--every", "0.7")
    assert code == 0
    starts = [row["start_s"] for row in found["predictions"]]
    assert starts == pytest.approx([0.0, 0.7, 1.4, 2.1], abs=0.02)
    spans = [(max(0.0, row["start_s"] - 0.005), row["start_s"] + 0.405) for row in found["predictions"]]
    rows = [f"영화.mp4,{start:.3f},{end:.3f},smile,s1" for start, end in spans]
    (home / "windows.csv").write_text("\n".join(["file,start,end,label,subject", *rows]), encoding="utf-8")
    words = ["--dataset", "films", "--windows", "windows.csv", "--per-window", "1", "--quiet"]
    assert import_(words) == 0
    expected = list(evaluated(home, "films", model).values())
    assert [row["score"] for row in found["predictions"]] == pytest.approx(expected, abs=1e-6)
    assert len({round(score, 3) for score in expected}) == 4


def test_one_line_in_both_languages(
    home: Path, capsys: pytest.CaptureFixture[str], make_picture_model: MakeModel
) -> None:
    make_picture_model(home / "artifacts" / "models" / "calm", positive="teasing", temperature=1.5)
    Image.fromarray(picture(0.7)).save(home / "사진.jpg")
    assert main(["--model", "calm", "사진.jpg", "--face-model", "none"]) == 0
    out, err = capsys.readouterr()
    assert main(["--model", "calm", "사진.jpg", "--face-model", "none", "--json"]) == 0
    score = json.loads(capsys.readouterr().out)["predictions"][0]["score"]
    assert out == f"예측: 약올리기 (확신도 {score:.2f})\n"
    assert err == ""
    assert main(["--model", "calm", "사진.jpg", "--face-model", "none", "--lang", "en"]) == 0
    assert capsys.readouterr().out == f"Prediction: teasing (confidence {score:.2f})\n"


def test_a_model_without_calibration_says_so(
    home: Path, capsys: pytest.CaptureFixture[str], make_picture_model: MakeModel
) -> None:
    make_picture_model(
        home / "artifacts" / "models" / "raw", threshold={**CARD["threshold"], "value": 0.2, "interval": None}
    )
    Image.fromarray(picture(0.4)).save(home / "a.jpg")
    assert main(["--model", "raw", "a.jpg", "--lang", "en", "--face-model", "none"]) == 0
    out, err = capsys.readouterr()
    assert "not calibrated" in out
    assert "--calibrate" in err


@pytest.mark.parametrize(
    ("calibrated", "interval", "given", "score", "sure", "confidence"),
    [
        (True, None, None, 0.91, True, 0.91),
        (True, None, None, 0.55, False, 0.55),
        (True, None, None, 0.09, True, 0.91),
        (True, (0.45, 0.95), None, 0.91, False, 0.91),  # the threshold itself may lie there
        (True, (0.45, 0.95), (0.4, 0.6), 0.91, True, 0.91),
        (True, (0.50, 0.51), None, 0.52, False, 0.52),  # above all doubt of the threshold, and yet a coin's flip
        (True, None, (0.0, 1.0), 0.99, False, 0.99),
        (True, None, (1.0, 0.0), 0.5, True, 0.5),  # none
        (False, None, None, 0.75, True, 0.75),
    ],
)
def test_where_it_is_not_sure(
    calibrated: bool,
    interval: tuple[float, float] | None,
    given: tuple[float, float] | None,
    score: float,
    sure: bool,
    confidence: float,
) -> None:
    about = About("m", "0" * 64, "smile", "non_smile", 0.5, "model", calibrated, interval, 1, 0.1, PX, False, ())
    assert about.is_sure(score, given) is sure
    assert about.confidence(score) == pytest.approx(confidence)


def test_a_score_that_is_no_probability_is_read_from_its_threshold() -> None:
    about = About("m", "0" * 64, "smile", "non_smile", 0.1, "model", False, None, 1, 0.1, PX, False, ())
    assert about.confidence(0.55) == pytest.approx(0.75)  # half way from 0.1 to 1
    assert about.confidence(0.025) == pytest.approx(0.875)
    calibrated = About("m", "0" * 64, "smile", "non_smile", 0.1, "model", True, None, 1, 0.1, PX, False, ())
    assert not calibrated.is_sure(0.4, None)  # above the threshold, and yet less likely than not


def test_broken_files_are_named_and_the_others_go_on(
    home: Path, ask: Ask, capsys: pytest.CaptureFixture[str], make_picture_model: MakeModel
) -> None:
    make_picture_model(home / "artifacts" / "models" / "mean")
    folder = home / "섞인 폴더"
    folder.mkdir()
    Image.fromarray(picture(0.7)).save(folder / "b.jpg")
    (folder / "a.jpg").write_bytes((folder / "b.jpg").read_bytes()[:2000])
    (folder / "empty.png").write_bytes(b"")
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    (folder / ".hidden.jpg").write_bytes(b"x")
    (folder / "c.mp4").write_bytes(b"no film")
    write_film(folder / "d.mp4", n_frames=1)
    Image.fromarray(np.full((80, 80, 3), 90, np.uint8)).save(folder / "e.png")
    code, found = ask("--model", "mean", folder, "nowhere.jpg", "=1+1.png", "--face-model", "none", "--out", "p.csv")
    assert code == 1
    assert [(row["file"].rpartition("/")[2], row["start_s"]) for row in found["predictions"]] == [
        ("b.jpg", None),
        ("d.mp4", 0.0),
    ]
    reasons = {row["file"].rpartition("/")[2]: row["reason"] for row in found["failures"]}
    assert reasons == {
        "a.jpg": "truncated",
        "empty.png": "unreadable",
        "c.mp4": "no_film",
        "e.png": "blank",
        "nowhere.jpg": "missing",
        "=1+1.png": "missing",
    }
    rows = read_csv(home / "p.csv")
    assert len(rows) == 8
    assert rows[-1]["file"] == "'=1+1.png"  # no formula for a spreadsheet
    assert sum(row["problem"] != "" for row in rows) == 6
    main(["--model", "mean", str(folder), "--face-model", "none"])
    text = capsys.readouterr().out
    assert "a.jpg: 예측하지 못함: 중간에 잘린 파일입니다" in text
    assert "예측 2개" in text


def test_a_film_that_is_too_short_for_the_model_is_named(home: Path, ask: Ask, make_picture_model: MakeModel) -> None:
    make_picture_model(home / "artifacts" / "models" / "five", frames=5)
    write_film(home / "short.mp4", n_frames=8)
    code, found = ask("--model", "five", "short.mp4")
    assert (code, found["failures"][0]["reason"]) == (1, "too_short")


def test_a_photo_is_shown_as_often_as_the_model_takes_frames(
    home: Path, ask: Ask, make_picture_model: MakeModel
) -> None:
    make_picture_model(home / "artifacts" / "models" / "one")
    make_picture_model(home / "artifacts" / "models" / "five", frames=5)
    Image.fromarray(picture(0.45)).save(home / "a.png")
    one, five = (ask("--model", name, "a.png", "--face-model", "none")[1] for name in ("one", "five"))
    assert one["predictions"][0]["score"] == pytest.approx(five["predictions"][0]["score"], abs=1e-5)
    assert any("5" in note for note in five["notes"])
    assert len(five["notes"]) == len(one["notes"]) + 1


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--model", "nobody", "a.png"], 1, "no such model"),
        (["--model", "mean"], 2, "FILE"),
        (["--model", "mean", "a.png", "--not-sure", "0.6,0.4"], 2, "lower one first"),
        (["--model", "mean", "a.png", "--threshold", "2"], 2, "--threshold"),
        (["--model", "mean", "empty"], 1, "no photo or film"),
        (["--model", "blendshapes", "a.png"], 3, "face_landmarker.task"),
    ],
)
def test_exit_codes(
    words: list[str],
    code: int,
    text: str,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    make_picture_model: MakeModel,
) -> None:
    make_picture_model(home / "artifacts" / "models" / "mean")
    (home / "empty").mkdir()
    Image.fromarray(picture(0.6)).save(home / "a.png")
    try:
        found = main(words)
    except SystemExit as end:
        found = int(str(end.code))
    out, err = capsys.readouterr()
    assert (found, out) == (code, "")
    assert text in err
    assert len(err.strip().splitlines()) == 1


def test_what_comes_in_may_be_a_picture_or_names(home: Path, make_picture_model: MakeModel) -> None:
    make_picture_model(home / "artifacts" / "models" / "mean")
    Image.fromarray(picture(0.6)).save(home / "가 나.png")
    command = [sys.executable, "-P", "-m", "shared.chain.program", "predict", "--model", "mean", "-", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def run(data: bytes) -> Any:
        done = subprocess.run(
            [*command, "--face-model", "none", "--quiet"], input=data, capture_output=True, env=environment, cwd=home
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["predictions"]

    (piped,), (named,) = run((home / "가 나.png").read_bytes()), run("가 나.png\n".encode())
    assert (piped["file"], named["file"]) == ("-", "가 나.png")
    assert piped["score"] == named["score"]


def test_a_folder_that_only_has_a_models_name_does_not_stand_in_its_way(
    home: Path, ask: Ask, make_picture_model: MakeModel
) -> None:
    # A run beside the user, of the same name as the model, was taken for the model.
    make_picture_model(home / "artifacts" / "models" / "people")
    (home / "people").mkdir()
    Image.fromarray(picture(0.6)).save(home / "a.png")
    assert ask("--model", "people", "a.png", "--face-model", "none")[0] == 0
    assert ask("--model", "artifacts/models/people", "a.png", "--face-model", "none")[0] == 0


class _Decoded:
    def __init__(self, time_s: float) -> None:
        self.time_s = time_s

    def to_rgb(self) -> float:
        return self.time_s


class _Film:
    def __init__(self, times_s: list[float]) -> None:
        self._times_s = times_s

    def decode(self) -> Any:
        yield from map(_Decoded, self._times_s)


def _cuts(times_s: list[float], every_s: float = 0.5) -> list[list[float]]:
    film: Any = _Film(times_s)
    return [cut.frames for cut in cut_film(film, lambda t: t, frame_count=3, interval_s=0.1, every_s=every_s)]


def test_a_films_frames_are_the_nearest_ones_at_even_distances() -> None:
    assert _cuts([number / 10 for number in range(9)]) == [[0.0, 0.1, 0.2], [0.5, 0.6, 0.7]]
    assert _cuts([0.0, 0.09, 0.14, 0.2, 0.3]) == [[0.0, 0.09, 0.2]]
    assert _cuts([0.0, 0.1, 0.19]) == [[0.0, 0.1, 0.19]]  # the last frame stands for what would come just after it
    assert _cuts([0.0, 0.1, 0.4, 0.5]) == []  # a gap
    assert _cuts([0.0, 0.2, 0.4]) == []  # too slow
    assert _cuts([3.0, 3.1, 3.2, 3.3]) == [[3.0, 3.1, 3.2]]  # a film that begins late
    assert _cuts([number / 10 for number in range(5)], every_s=0.1) == [
        [0.0, 0.1, 0.2],
        [0.1, 0.2, 0.3],
        [0.2, 0.3, 0.4],
    ]


def test_scores_of_a_model_of_blendshapes_are_those_of_evaluate(
    home: Path, ask: Ask, make_feature_model: MakeModel, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    photos = sorted((ASSETS / "data" / "images" / "smiles" / "smile").glob("*.jpg"))[:3]
    task = ASSETS / "models" / "face_landmarker.task"
    if not photos or not task.is_file():
        pytest.skip("the trial photos or MediaPipe's model are not here")
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(ASSETS))
    for place, photo in enumerate(photos):
        label = "smile" if place else "non_smile"
        (home / "photos" / label).mkdir(parents=True, exist_ok=True)
        (home / "photos" / label / photo.name).write_bytes(photo.read_bytes())
    model = make_feature_model(home / "artifacts" / "models" / "shapes", "blendshapes", landmarker=task.read_bytes())
    assert import_(["--dataset", "photos", "--photos", "photos", "--quiet"]) == 0
    assert featurize(["--dataset", "photos", "--kind", "blendshapes", "--allow-no-consent", "--quiet"]) == 0
    expected = {re.split(r"[|/]", key)[-1]: score for key, score in evaluated(home, "photos", model).items()}
    capsys.readouterr()
    code, found = ask("--model", "shapes", "photos")
    assert code == 0
    scores = {row["file"].rpartition("/")[2]: row["score"] for row in found["predictions"]}
    assert scores == pytest.approx(expected, abs=1e-6)
    assert all(row["has_face"] for row in found["predictions"])
    smile = ask("--model", "blendshapes", "photos")[1]
    assert smile["model"]["calibrated"] is False
    assert len({round(row["score"], 4) for row in smile["predictions"]}) == 3
