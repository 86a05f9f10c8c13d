"""Play by people on film, kept by the page, against the same people's recordings: silent, or called by its name.

Real films of seven people are the webcam of a real Chromium, each with their own; each is asked for consent, keeps
moments, and `drift` compares the page's dataset with windows of the same people's films.
"""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from shared import contracts, paths
from shared.dataset import reader
from shared.dataset.check import check_dataset
from tests.game.test_keep_page import agree
from tools.drift import cli as drift
from tools.importer import cli as importer
from tools.spec_checker.browser.chromium import wait_until

WAIT_MS = 90_000
N_REMEMBERED = 2
FPS = 15  # a page on a busy machine decides so often, too; a rate of its own would be called
_FEW_BITS_LOST = ("-c:v", "libx264", "-crf", "10", "-preset", "ultrafast")
# Kept, or refused because the page is too slow on a busy machine.
_SETTLED = (
    "document.querySelectorAll('#kept li').length > {before} || /slow/.test(document.querySelector('#keep').innerText)"
)


def films() -> list[Path]:
    """List the first film of each person."""
    assets = paths.assets()
    return sorted((assets / "videos" / "protocol").glob("*_take1.mp4")) if assets else []


def convert(film: Path, path: Path, *filters: str, codec: Sequence[str] = ()) -> Path:
    """Write a film at `FPS`, with filters: as y4m it is what Chromium's fake webcam plays, again and again."""
    command = ["ffmpeg", "-loglevel", "error", "-y", "-i", str(film), "-vf", ",".join((f"fps={FPS}", *filters))]
    subprocess.run([*command, *codec, "-pix_fmt", "yuv420p", str(path)], check=True, timeout=120)
    return path


def play(launch: Callable[..., Any], game: Any, webcam: Path, subject_id: str) -> int:
    """Play a round as this person and keep moments by the page's own buttons; returns how many are kept."""
    camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    browser = launch(*camera, f"--use-file-for-fake-video-capture={webcam}")
    page = browser.new_context(viewport={"width": 420, "height": 480}).new_page()  # little to paint, so many decisions
    page.set_default_timeout(WAIT_MS)
    page.goto(game.address)
    page.wait_for_selector("body[data-state=ready]")
    page.click("#start")
    page.wait_for_selector("body[data-state=over]")  # the stand-in calls everything a laugh
    page.wait_for_selector("#keep-question:not([hidden])")
    page.click("#right")
    agree(page, subject_id)
    wait_until(page, _SETTLED.format(before=0))
    for number in range(N_REMEMBERED):
        page.wait_for_timeout(2500)
        page.keyboard.press("k")
        page.wait_for_selector("#tray li")
        before = page.locator("#kept li").count()
        page.click(f"#tray li button >> nth={number % 2}")
        wait_until(page, _SETTLED.format(before=before))
        if page.locator("#kept li").count() == before:
            page.click("#tray li button >> nth=2")
    kept = int(page.locator("#kept li").count())
    browser.close()
    return kept


@pytest.fixture
def people(home: Path, tmp_path: Path) -> Path:
    """What the films' windows of calm and smiles give, as training people."""
    assets = paths.assets()
    if assets is None or len(films()) < 7 or not (assets / "models").is_dir():
        pytest.skip("no films or no models in SMILEBENCH_ASSETS")
    rows = ["file,start,end,label,subject"]
    for original in sorted(films()[0].parent.glob("*.mp4")):
        film = convert(original, tmp_path / original.name, codec=_FEW_BITS_LOST)
        rows += [f"{film},1,2,non_smile,{film.name[:3]}", f"{film},4,5,smile,{film.name[:3]}"]
    (tmp_path / "windows.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    words = ["--dataset", "people", "--windows", str(tmp_path / "windows.csv"), "--per-window", "2", "--quiet"]
    assert importer.main([*words, "--licence", "none", "--basis", "films for tests on this computer"]) == 0
    return home / "datasets" / "people"


@pytest.mark.slow
@pytest.mark.parametrize("light", [pytest.param(1.0, id="as it is"), pytest.param(0.45, id="dark")])
def test_play_by_the_same_people_is_silent_and_dark_play_is_called_darker(
    light: float,
    launch: Callable[..., Any],
    make_game: Callable[..., Any],
    write_standin: Callable[..., Any],
    people: Path,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # It calls everything a laugh, so that a round is over at once and the film goes on.
    handoff = tmp_path / "standin"
    write_standin(handoff, threshold=0.01, release_threshold=0.005, min_duration_ms=100, size_px=224)
    game = make_game(handoff, "--keep", "game", "--lang", "en")
    dark = (f"colorchannelmixer=rr={light}:gg={light}:bb={light}",) if light < 1 else ()
    n_kept = {}
    for film in films():
        webcam = convert(tmp_path / film.name, tmp_path / "webcam.y4m", *dark)
        n_kept[film.name[:3]] = play(launch, game, webcam, film.name[:3])
    assert game.end()[0] == 0
    folder = home / "datasets" / "game"
    assert [str(problem) for problem in check_dataset(folder) if problem.is_error] == []
    dataset = reader.open_dataset(folder)
    assert {row.subject_id for row in dataset.rows} == set(n_kept)
    assert {row.source for row in dataset.rows} == {"game"}
    words = ["--dataset", "game", "--reference", "people", "--side", "all", "--out", str(home / "found")]
    code = drift.main([*words, "--model", str(handoff / "smile_detector.onnx"), "--lang", "en", "--quiet"])
    found = contracts.read_document(home / "found" / "drift.json", "drift")
    said = capsys.readouterr().out
    with capsys.disabled():
        print(f"\nlight {light}: kept {n_kept}, {len(dataset.rows)} sequences; {found['outcome']} {found['called']}")
        for one in found["measures"]:
            print("  {measure}: {reference} {play} p {p} {called}".format(**one))
        print("  classifier", found["classifier"], "mirrored", found["mirrored"], found["groups"])
    assert found["people"]["both"] == 7
    if light == 1:
        assert (found["called"], code) == ([], 0)
        assert "No drift is shown" in said
    else:
        assert found["called"][0] == "darker"
        assert set(found["called"]) <= {"darker", "lower_scores"}
        assert code == 1
