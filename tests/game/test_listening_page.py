"""Laughter is heard in a real Chromium: off until somebody switches it on, and then a rule that keeps a moment.

The webcam is a drawn face that keeps calm for 22 seconds and laughs for 2.5; the microphone plays a file.
"""

import subprocess
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from shared import contracts
from shared.arrays import F32
from shared.dataset import reader
from shared.dataset.check import check_dataset
from shared.sound import laughter
from shared.web.npm import ONNXRUNTIME_WEB
from shared.web.server import PageServer
from tests import axe
from tests.game.test_keep_page import agree
from tests.game.test_listening import read_sound_file, sounds
from tools.game.listening.app import make_app
from tools.spec_checker.browser.chromium import wait_until

GAME_PAGE = Path(__file__).resolve().parents[2] / "tools" / "game" / "page"
CALM_S, LAUGH_S, FPS = 22.0, 2.5, 30
RATE_HZ = 48_000
WAIT_MS = 90_000
# Notes what the page asks of cameras and microphones, and what its listening worker finds.
_NOTE = """(() => {
  window.asked = []; window.streams = []; window.patches = [];
  const ask = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = async function (wanted) {
    asked.push(wanted);
    const stream = await ask.call(this, wanted);
    streams.push(stream);
    if (wanted.audio) window.openedMs = Date.now();
    return stream;
  };
  const listen = EventTarget.prototype.addEventListener;
  Worker.prototype.addEventListener = function (type, hear) {
    listen.call(this, type, (event) => {
      if (event.data?.type === 'patch') patches.push({ ...event.data, sinceS: (Date.now() - openedMs) / 1000 });
      hear(event);
    });
  };
})()"""
_MICROPHONE = "streams.flatMap((stream) => stream.getAudioTracks()).map((track) => track.readyState)"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn face that keeps calm for so long that a sound comes first."""
    path = tmp_path_factory.mktemp("film") / "webcam.y4m"
    pictures = []
    for laughs in (False, True):
        picture = np.full((120, 160, 3), (235, 120, 90) if laughs else (60, 70, 120), np.uint8)
        cv2.circle(picture, (80, 60), 40, (255, 210, 63) if laughs else (90, 90, 60), -1)
        pictures.append(picture.tobytes())
    command = ["ffmpeg", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "160x120"]
    command += ["-r", str(FPS), "-i", "-", "-pix_fmt", "yuv420p", str(path)]
    data = pictures[0] * round(CALM_S * FPS) + pictures[1] * round(LAUGH_S * FPS)
    subprocess.run(command, input=data, check=True, timeout=60)
    return path


def write_wav(path: Path, *parts: float | str) -> Path:
    """Write a microphone's file: numbers are seconds of silence, names are sounds."""
    pieces: list[F32] = []
    for part in parts:
        if isinstance(part, str):
            pieces.append(read_sound_file(f"{part}.mp3", RATE_HZ) * np.float32(0.3))
        else:
            pieces.append(np.zeros(round(part * RATE_HZ), np.float32))
    samples = np.clip(np.concatenate(pieces), -1, 1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module", autouse=True)
def _material() -> None:
    if laughter.find_yamnet_file() is None or not sounds():
        pytest.skip("no YAMNet or no sounds")


@pytest.fixture
def open_game(
    launch: Callable[..., Any], film: Path, make_game: Callable[..., Any], handoff: Path, home: Path
) -> Iterator[Callable[..., Any]]:
    """``open_game(wav, lang="en", width=1280)``: a game that keeps, in a Chromium whose microphone plays the file."""
    games, pages = [], []

    def start(wav: Path | None, *, lang: str = "en", width: int = 1280, keeps: bool = True, script: str = "") -> Any:
        flags = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"]
        if wav is not None:
            flags += ["--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={wav}"]
        else:
            flags += ["--deny-permission-prompts"]
        keep = ("--keep", "play", "--face-model", "none") if keeps else ()
        games.append(make_game(handoff, *keep, "--lang", lang))
        context = launch(*flags).new_context(viewport={"width": width, "height": 900})
        if wav is None:
            context.grant_permissions(["camera"])
        page = context.new_page()
        pages.append(page)
        page.set_default_timeout(WAIT_MS)
        page.complaints = []
        page.on("console", lambda note: note.type in ("error", "warning") and page.complaints.append(note.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.add_init_script(_NOTE)
        if script:
            page.add_init_script(script)
        page.goto(games[-1].address)
        page.wait_for_selector("body[data-state=ready]")
        return page

    yield start
    for page in pages:
        page.context.close()
        assert page.complaints == []
    for game in games:
        assert game.end()[0] == 0


@pytest.fixture
def page_with_listening(npm_package: None, tmp_path: Path) -> Iterator[Any]:
    """A page of its own, without the game, on a server that has what listening needs."""
    yamnet = laughter.find_yamnet_file()
    assert yamnet is not None
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("<!doctype html><title>x</title>", encoding="utf-8")
    folders = {"/": site, "/listening/": GAME_PAGE / "listening", "/ort/": ONNXRUNTIME_WEB.install() / "dist"}
    with PageServer(folders, apps={"/laughter": make_app(yamnet)}) as server:
        server.folder = site  # type: ignore[attr-defined]
        yield server


def switch_on(page: Any) -> None:
    page.click("#listen-switch")
    page.wait_for_selector("#listening:not([hidden])")
    wait_until(page, "patches.length > 0")


def test_a_laugh_is_heard_and_kept_with_that_reason_and_applause_is_not(
    open_game: Callable[..., Any], home: Path, tmp_path: Path
) -> None:
    page = open_game(write_wav(tmp_path / "room.wav", 6.0, "applause", 2.0, "solid_laugh", 60.0))
    for _ in range(4):  # on a busy machine a page may be too slow for a moment, and says so
        switch_on(page)
        page.click("body[data-state=ready] #start, body[data-state=over] #again")
        page.wait_for_selector("body[data-state=playing]")
        page.evaluate("patches.length = 0")
        page.wait_for_selector("body[data-state=over]")
        page.wait_for_selector("#tray li")
        reasons = page.locator("#tray li b").all_inner_texts()
        assert reasons == ["laughter was heard"]  # the applause before it was not
        heard_s = page.evaluate("patches.filter(({ isHeard }) => isHeard).map(({ sinceS }) => sinceS)")
        assert min(heard_s) > 11, heard_s  # 6 s of silence, 3 of applause and 2 of silence come before the laugh
        assert page.evaluate("document.querySelector('#listening').hidden") is False  # it goes on, and is seen
        page.click("#tray li button >> nth=0")
        if page.evaluate("document.getElementById('consent').open"):
            agree(page, "s01")
        kept = "document.querySelectorAll('#kept li').length"
        wait_until(page, f"{kept} === 1 || /slow/.test(document.querySelector('#tray li')?.textContent ?? '')")
        if page.evaluate(kept) == 1:
            break
        page.click("#tray li button >> nth=2")
        page.click("#listening")
    assert "laughter was heard" in page.inner_text("#kept")
    folder = home / "datasets" / "play"
    assert [str(problem) for problem in check_dataset(folder) if problem.is_error] == []
    (take,) = {row.take_id for row in reader.open_dataset(folder).rows}
    record = contracts.read_document(folder / "takes" / f"{take}.json", "take")
    assert (record["play"]["trigger"], record["play"]["player_label"]) == ("laughter", "smile")
    # The moment is about when the sound was loudest, with the seconds before it.
    mark = next(mark for mark in record["play"]["marks"] if mark["by"] == "player")
    assert record["duration_s"] - mark["end_ms"] / 1000 < 4
    asked = page.evaluate("asked.filter(({ audio }) => audio).map(({ audio }) => audio.echoCancellation)")
    assert asked
    assert set(asked) == {True}
    page.click("#listening")
    wait_until(page, f"{_MICROPHONE}.every((state) => state === 'ended')")
    assert page.is_hidden("#listening")
    assert {path.suffix for path in folder.rglob("*")} <= {".jpg", ".mp4", ".json", ".csv", ".md", ".lock", ""}
    with av.open(str(folder / record["film"]["file"])) as kept_film:
        assert not kept_film.streams.audio  # nothing of the sound is stored


@pytest.mark.slow
def test_applause_cheering_booing_a_throat_and_a_gasp_are_not_heard(
    open_game: Callable[..., Any], tmp_path: Path
) -> None:
    others = [Path(name).stem for name, label in sounds() if label != "laughter"]
    parts = [part for name in others for part in (name, 1.0)]
    page = open_game(write_wav(tmp_path / "room.wav", 1.0, *parts, "baby_laugh", 60.0))
    switch_on(page)
    wait_until(page, "patches.some(({ isHeard }) => isHeard)")
    found = page.evaluate("patches.map(({ isHeard, strength, sinceS }) => [sinceS, strength, isHeard])")
    seconds = 1 + sum(read_sound_file(f"{name}.mp3", RATE_HZ).size / RATE_HZ + 1 for name in others)
    heard_s, laugh, _ = next(one for one in found if one[2])
    strongest = max(strength for since_s, strength, _ in found if since_s < seconds)
    print(f"strongest of {', '.join(others)}: {strongest:.2f}; the laugh, after {heard_s - seconds:.1f} s: {laugh:.2f}")
    assert heard_s > seconds
    assert strongest < 0.36


def test_it_is_off_by_default_and_then_no_microphone_is_asked_for(
    open_game: Callable[..., Any], tmp_path: Path
) -> None:
    page = open_game(write_wav(tmp_path / "room.wav", "solid_laugh"))
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    assert not page.is_checked("#listen-switch")
    assert page.is_visible("#listen-about")
    page.click("#start")
    page.wait_for_selector("body[data-state=playing]")
    page.wait_for_timeout(4000)
    assert page.is_hidden("#listening")
    page.keyboard.press("Escape")
    page.wait_for_selector("body[data-state=ready]")
    assert page.evaluate("asked.map((wanted) => Boolean(wanted.audio))") == [False]
    assert page.evaluate("patches") == []
    assert not [url for url in requests if "/laughter/" in url]


def test_the_microphone_is_let_go_with_the_menu_a_hidden_page_and_escape(
    open_game: Callable[..., Any], tmp_path: Path
) -> None:
    page = open_game(write_wav(tmp_path / "room.wav", 5.0))
    ends = f"{_MICROPHONE}.every((state) => state === 'ended')"
    page.focus("#listen-switch")
    page.keyboard.press("Space")  # presses the switch, and begins no round
    page.wait_for_selector("#listening:not([hidden])")
    assert page.evaluate("document.body.dataset.state") == "ready"
    page.keyboard.press("Escape")
    wait_until(page, ends)
    assert not page.is_checked("#listen-switch")
    switch_on(page)
    page.click("#start")
    page.wait_for_selector("body[data-state=playing]")
    assert page.evaluate(f"{_MICROPHONE}.at(-1)") == "live"
    page.keyboard.press("Escape")
    wait_until(page, ends)
    assert "Camera and microphone are off" in page.inner_text("#message")
    switch_on(page)
    page.evaluate(
        """() => { Object.defineProperty(document, 'hidden', { value: true, configurable: true });
                   document.dispatchEvent(new Event('visibilitychange')); }"""
    )
    wait_until(page, ends)
    assert page.evaluate(_MICROPHONE) == ["ended"] * 3
    assert page.is_hidden("#listening")


def test_a_refused_microphone_gets_a_sentence_and_the_game_goes_on(open_game: Callable[..., Any]) -> None:
    page = open_game(None, lang="ko", width=390)
    page.click("#listen-switch")
    page.wait_for_selector("#listen-problem:not(:empty)")
    assert (
        page.inner_text("#listen-problem") == "마이크 사용이 허용되지 않아 듣지 않습니다. 게임은 그대로 할 수 있어요."
    )
    assert not page.is_checked("#listen-switch")
    assert page.is_hidden("#listening")
    page.keyboard.press("l")
    assert page.inner_text("#listen-problem").startswith("The microphone is not allowed")
    page.click("#start")
    page.wait_for_selector("body[data-state=playing]")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NotFoundError", "No microphone was found"),
        ("NotReadableError", "Another program has the microphone"),
        ("TypeError", "This browser cannot listen"),
    ],
)
def test_what_is_wrong_with_a_microphone_is_said(
    open_game: Callable[..., Any], tmp_path: Path, name: str, words: str
) -> None:
    script = f"MediaDevices.prototype.getUserMedia = async () => {{ throw new DOMException('x', '{name}'); }}"
    page = open_game(write_wav(tmp_path / "room.wav", 1.0), script=script)
    page.click("#listen-switch")
    page.wait_for_selector("#listen-problem:not(:empty)")
    assert words in page.inner_text("#listen-problem")


def test_without_yamnet_there_is_no_switch_and_the_way_to_it_is_shown(
    open_game: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wav = write_wav(tmp_path / "room.wav", 1.0)
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(tmp_path))
    page = open_game(wav)
    assert page.is_hidden("#listen")
    assert "./inv fetch-models --only yamnet --from DIR" in page.inner_text("#listen-how")
    assert page.evaluate("fetch('/laughter/yamnet.onnx').then((answer) => answer.status)") == 404
    page.complaints.clear()  # the browser's own note of the 404


def test_a_game_that_keeps_nothing_does_not_listen(open_game: Callable[..., Any], tmp_path: Path) -> None:
    page = open_game(write_wav(tmp_path / "room.wav", 1.0), keeps=False)
    assert page.is_hidden("#listen")
    assert page.is_hidden("#listen-how")


@pytest.mark.slow
def test_the_switch_and_the_mark_are_for_everybody(open_game: Callable[..., Any], tmp_path: Path) -> None:
    page = open_game(write_wav(tmp_path / "room.wav", "solid_laugh", 1.0))
    axe.assert_accessible(page, "tools/game/page/index.html", (390, 1280))
    switch_on(page)
    axe.assert_accessible(page, "tools/game/page/index.html", (390, 1280))


@pytest.mark.slow
def test_firefoxs_worker_hears_a_laugh_as_well(firefox: Any, page_with_listening: Any) -> None:
    # The worker alone: where a machine has no sound, no Firefox gives samples of a microphone.
    samples = np.concatenate([np.zeros(RATE_HZ), 0.3 * read_sound_file("solid_laugh.mp3", RATE_HZ), np.zeros(RATE_HZ)])
    (page_with_listening.folder / "laugh.bin").write_bytes(samples.astype("<f4").tobytes())
    firefox.goto(page_with_listening.url)
    found = firefox.evaluate(
        """async (rateHz) => {
             const samples = new Float32Array(await (await fetch('/laugh.bin')).arrayBuffer());
             const worker = new Worker('/listening/worker.mjs', { type: 'module' });
             const { port1, port2 } = new MessageChannel();
             const patches = [];
             await new Promise((resolve, reject) => {
               worker.onmessage = ({ data }) => {
                 if (data.type === 'failed') reject(new Error(data.text));
                 else if (data.type === 'ready') resolve();
                 else patches.push(data);
               };
               worker.postMessage({ port: port1, rateHz }, [port1]);
             });
             for (let at = 0; at < samples.length; at += 4096) {
               port2.postMessage(samples.slice(at, at + 4096));
               await new Promise((resolve) => setTimeout(resolve, 60));
             }
             await new Promise((resolve) => setTimeout(resolve, 1000));
             return patches.filter(({ isHeard }) => isHeard).length;
           }""",
        RATE_HZ,
    )
    assert found == 1


def test_a_browser_that_gives_no_sound_lets_the_microphone_go(open_game: Callable[..., Any], tmp_path: Path) -> None:
    silent = "AudioContext.prototype.createMediaStreamSource = () => ({ connect() {} });"
    page = open_game(write_wav(tmp_path / "room.wav", 1.0), script=silent)
    page.click("#listen-switch")
    page.wait_for_selector("#listening:not([hidden])")
    page.wait_for_selector("#listen-problem:not(:empty)")
    assert "This browser cannot listen" in page.inner_text("#listen-problem")
    assert page.evaluate(_MICROPHONE) == ["ended"]
    assert page.is_hidden("#listening")
