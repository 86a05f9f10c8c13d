"""Models tried on the camera in the studio's page: in a real Chromium, with a film as camera."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import contracts, paths
from shared.errors import MissingOutside
from shared.statistics import predictions_csv
from shared.statistics.predictions_csv import PredictionRow
from tests.studio.conftest import TOKEN, Studio

ROOT = Path(__file__).resolve().parents[2]
POSITIVE = ROOT / "tests" / "schemas" / "positive"
CHROMIUM = "/usr/bin/chromium"
BRIGHT = 220 / 255  # the score of the bright half of the film
SCORES = {"smile": [0.9, 0.8, 0.6, 0.3], "non_smile": [0.7, 0.2, 0.1, 0.1]}


@pytest.fixture
def handoffs(home: Path, write_standin: Callable[..., dict[str, Any]]) -> Path:
    """Two hand-offs that call the red of a picture a smile, the second one above 0.95 only; the first has a model."""
    place = home / "artifacts" / "handoff"
    spec = write_standin(place / "ours", threshold=0.5, release_threshold=0.4, max_deviation_ms=1000)
    write_standin(place / "strict", threshold=0.95, release_threshold=0.9, max_deviation_ms=1000, providers=())
    card = json.loads((POSITIVE / "model/ours.json").read_text(encoding="utf-8"))
    card["onnx"]["sha256"] = spec["model"]["sha256"]
    contracts.write_document(home / "artifacts/models/ours/model.json", card, "model")
    contracts.write_document(
        home / "artifacts/models/other/model.json", {**card, "onnx": {**card["onnx"], "sha256": "e" * 64}}, "model"
    )
    return place


def _measure(home: Path, handoffs: Path, side: str = "validation") -> None:
    """Write a results document of the first model with its predictions."""
    sha256 = json.loads((handoffs / "ours" / paths.SPEC_FILE).read_text(encoding="utf-8"))["model"]["sha256"]
    rows = [
        PredictionRow(
            f"seq_{label}_{n}",
            f"s{n % 2 + 1:02}",
            label,
            score,
            "smile" if score > 0.5 else "non_smile",
            (score > 0.5) == (label == "smile"),
        )
        for label, scores in SCORES.items()
        for n, score in enumerate(scores)
    ]
    data = predictions_csv.format_predictions(rows)
    place = home / "artifacts/results"
    place.mkdir(parents=True, exist_ok=True)
    document = json.loads((POSITIVE / "results/two_classes.json").read_text(encoding="utf-8"))
    csv = place / f"ours_{side}_predictions_20260122_112534.csv"
    csv.write_bytes(data)
    document |= {"side": side, "n_subjects": 2, "n_sequences": 8}
    document["model"] |= {"name": "ours", "sha256": sha256}
    document["metrics"]["confusion"] = {"tp": 3, "fn": 1, "tn": 3, "fp": 1}
    document["predictions"] = {"file": csv.name, "sha256": contracts.sha256_file(csv)}
    contracts.write_document(place / f"ours_{side}_results_20260122_112534.json", document, "results")


def test_what_can_be_tried_and_what_has_no_hand_off_yet(studio: Studio, handoffs: Path) -> None:
    started = studio.ask("/api/try/start").json()
    assert {each["name"]: each["is_proven"] for each in started["models"]} == {"ours": True, "strict": False}
    assert started["without"] == ["other"]


def test_the_validation_people_are_counted_at_every_threshold(studio: Studio, home: Path, handoffs: Path) -> None:
    _measure(home, handoffs)
    said = studio.ask("/api/try/thresholds?model=ours").json()
    assert (said["n_people"], said["n_positive"], said["n_negative"]) == (2, 4, 4)
    assert said["steps"] == [
        [0.0, 4, 4], [0.1, 4, 2], [0.2, 4, 1], [0.3, 3, 1], [0.6, 2, 1], [0.7, 2, 0], [0.8, 1, 0], [0.9, 0, 0],
    ]  # fmt: skip


def test_test_people_do_not_choose_a_threshold(studio: Studio, home: Path, handoffs: Path) -> None:
    _measure(home, handoffs, "test")
    said = studio.ask("/api/try/thresholds?model=ours").json()
    assert said["results"] is None
    assert said["command"] == "./inv evaluate --model ours --dataset people --side validation"
    assert said["starts"]["task"] == "evaluate"


def test_changed_predictions_are_refused_in_one_line(studio: Studio, home: Path, handoffs: Path) -> None:
    _measure(home, handoffs)
    csv = home / "artifacts/results/ours_validation_predictions_20260122_112534.csv"
    csv.write_bytes(csv.read_bytes().replace(b"0.9", b"0.4"))
    answer = studio.ask("/api/try/thresholds?model=ours")
    assert answer.status_code == 422
    assert "measure again" in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/try/model/ours/..%2f..%2fmodels%2fours%2fmodel.json",
        "/try/model/..%2fmodels/ours/model.json",
        "/try/model/ours/.hidden.json",
        "/try/model/ours/linked.json",
        "/try/model/ours/",
        "/try/model/ours/secret.pem",
        "/try/model/nobody/frontend_spec.json",
        "/try/page/..%2froutes.py",
        "/try/page/try.html",
    ],
)
def test_only_a_hand_offs_own_files_are_served(studio: Studio, home: Path, handoffs: Path, path: str) -> None:
    (home / "outside.json").write_text("{}")
    (handoffs / "ours/linked.json").symlink_to(home / "outside.json")
    for name in (".hidden.json", "secret.pem"):
        (handoffs / "ours" / name).write_text("{}")
    assert studio.ask(path).status_code == 404


@pytest.mark.parametrize("path", ["/try", "/try/model/ours/frontend_spec.json", "/api/try/start", "/try/page/try.js"])
def test_who_is_not_the_page_gets_nothing(studio: Studio, handoffs: Path, path: str) -> None:
    for headers in ({"Cookie": ""}, {"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        assert studio.ask(path, **headers).status_code == 403
    assert studio.ask(path).status_code == 200
    assert "'wasm-unsafe-eval'" not in studio.ask("/").headers["content-security-policy"]  # only where models run


# ---- in a browser


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds dark, two seconds bright red; 30 a second, again and again."""
    path = tmp_path_factory.mktemp("film") / "webcam.y4m"
    width, height = 320, 240
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420jpeg\n".encode())
        for red, green in ((50, 60), (220, 60)):
            luma = 0.299 * red + 0.587 * green + 0.114 * 60
            planes = (luma, 128 + (60 - luma) * 0.564, 128 + (red - luma) * 0.713)
            sizes = (width * height, width * height // 4, width * height // 4)
            frame = b"".join(bytes([round(value)]) * n for value, n in zip(np.clip(planes, 0, 255), sizes, strict=True))
            file.write((b"FRAME\n" + frame) * 60)
    return path


@pytest.fixture
def page(studio: Studio, home: Path, handoffs: Path, film: Path) -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium here")
    try:
        from shared.web.npm import ONNXRUNTIME_WEB, TASKS_VISION

        with pytest.MonkeyPatch.context() as patch:  # npm's packages are those of the checkout
            patch.delenv("SMILEBENCH_HOME")
            found = [package.install().parents[1] for package in (ONNXRUNTIME_WEB, TASKS_VISION)]
            kept = paths.artifacts("npm")
    except MissingOutside as error:
        pytest.skip(str(error))
    assert found
    (home / "artifacts" / "npm").symlink_to(kept)
    _measure(home, handoffs)
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-quic", *camera, f"--use-file-for-fake-video-capture={film}"],
        )
        page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{studio.url}/?token={TOKEN}")
        page.goto(f"{studio.url}/try?model=ours&lang=en")
        page.wait_for_selector("body:not(.loading)")
        yield page
        assert not problems
        browser.close()


def _word(page: Any, place: int, text: str) -> None:
    page.wait_for_selector(f'.panel >> nth={place} >> .word:text-is("{text}")', timeout=120_000)


@pytest.mark.slow
def test_two_models_judge_the_same_frames_of_the_camera_and_a_threshold_can_be_moved(page: Any) -> None:
    page.select_option("#model-1", "strict")
    _word(page, 0, "Choose camera or film")
    _word(page, 1, "Choose camera or film")
    for place, found in enumerate(("finds 3 of 4, false alarms 1 of 4.", "finds 0 of 4, false alarms 0 of 4.")):
        assert page.inner_text(f".panel >> nth={place} >> .said") == f"Validation (2 people): {found}"
    assert "No browser has proven" in page.inner_text(".panel >> nth=1")
    page.click("#camera")
    _word(page, 0, "Smile")
    assert page.inner_text(".panel .word >> nth=1") == "No smile"  # the bright half scores 0.86, and 0.95 is wanted
    _word(page, 0, "No smile")
    page.focus("#threshold-strict")
    page.evaluate("""() => {
      const slider = document.getElementById("threshold-strict");
      slider.value = 0.7;
      slider.dispatchEvent(new Event("input"));
    }""")
    _word(page, 1, "Smile")
    assert "Threshold 0.70" in page.inner_text(".panel >> nth=1")
    page.wait_for_selector("#agreement:text('frames that both have judged')")
    figures = page.inner_text(".panel >> nth=0 >> .figures")
    for figure in ("score", "network", "in all", "frames a second (wasm)"):
        assert figure in figures
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.click("text=Back to 0.95")
    assert "Threshold 0.95" in page.inner_text(".panel >> nth=1")
    page.click("[data-lang=ko]")
    assert "임계값 0.95" in page.inner_text(".panel >> nth=1")
    page.click("#stop")
    assert page.evaluate("document.getElementById('video').srcObject") is None


@pytest.mark.slow
def test_a_camera_that_is_refused_is_said_and_a_film_goes_on(page: Any) -> None:
    page.evaluate("""() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    }""")
    _word(page, 0, "Choose camera or film")
    page.click("#camera")
    page.wait_for_selector("#notice:not([hidden])")
    assert page.inner_text("#notice").count("\n") == 0
    assert page.is_disabled("#stop")
