"""The example page and its little server, as a front-end team meets them."""

import http.client
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import axe
from tools.spec_checker.browser.chromium import wait_until


@pytest.fixture
def folder(own_site: Any, ort_dist: Path) -> Path:
    """A hand-off folder after `npm install`."""
    dist = own_site.model / "node_modules" / "onnxruntime-web" / "dist"
    dist.mkdir(parents=True)
    for name in ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"):
        shutil.copy(ort_dist / name, dist / name)
    return Path(own_site.model)


@pytest.mark.parametrize(("lang", "width", "smile"), [("ko", 390, "웃음"), ("en", 1280, "Smile")])
def test_the_example_page_follows_the_webcam(own_site: Any, folder: Path, lang: str, width: int, smile: str) -> None:
    page = own_site.open()
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{own_site.server.url}model/index.html?lang={lang}")
    page.wait_for_selector("#camera:not([disabled])")
    page.evaluate(
        """() => smileDetector.addEventListener('smilestart', () => {
             window.shown = ['#word.positive', '#figures'].map((name) => document.querySelector(name).innerText);
           }, { once: true })"""
    )
    page.click("#camera")
    wait_until(page, "window.shown")
    word, figures = page.evaluate("shown")
    assert word == smile
    probability, latency = figures.split("\n")[:2]
    assert float(probability) > 0.5
    assert re.fullmatch(r"\d+ ms", latency)
    assert page.evaluate("getComputedStyle(document.getElementById('video')).transform") == "matrix(-1, 0, 0, 1, 0, 0)"
    assert page.locator("#tested tr").count() == 5  # a head, and the four graphs of the stand-in on wasm
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("#stop")
    assert page.inner_text("#figures") == ""
    assert page.evaluate("document.getElementById('video').srcObject") is None


@pytest.mark.parametrize("worker", [1, 0])
def test_an_answer_that_arrives_after_stop_is_not_shown(
    own_site: Any, folder: Path, hold_answers: Path, worker: int
) -> None:
    page = own_site.open()
    page.add_init_script(path=hold_answers)
    page.goto(f"{own_site.server.url}model/index.html?lang=en&worker={worker}")
    page.wait_for_selector("#camera:not([disabled])")
    if not worker:
        page.evaluate("holdRuns('/model/node_modules/onnxruntime-web/dist/ort.wasm.min.mjs')")
    page.click("#camera")
    page.wait_for_selector("#figures:not(:empty)")
    page.evaluate("hold()")
    wait_until(page, "isHeld()")
    page.click("#stop")
    n_dropped = page.evaluate("smileDetector.info.nDropped")
    page.evaluate("release()")
    wait_until(page, f"smileDetector.info.nDropped > {n_dropped}")
    assert page.inner_text("#figures") == ""
    assert page.inner_text("#word") == "Choose a source"
    assert page.evaluate("document.getElementById('fill').style.transform") == "scaleX(0)"


def test_a_camera_that_opens_after_another_choice_is_closed_again(own_site: Any, folder: Path) -> None:
    page = own_site.open()
    page.goto(f"{own_site.server.url}model/index.html?lang=en")
    page.wait_for_selector("#camera:not([disabled])")
    page.evaluate(
        """() => {
          const { mediaDevices } = navigator;
          const open = mediaDevices.getUserMedia.bind(mediaDevices);
          window.streams = [];
          window.gates = [];
          mediaDevices.getUserMedia = async (wanted) => {
            const stream = await open(wanted);
            streams.push(stream);
            if (streams.length === 1) await new Promise((resolve) => gates.push(resolve));
            return stream;
          };
        }"""
    )
    page.click("#camera")
    wait_until(page, "gates.length")
    page.click("#camera")
    page.wait_for_selector("#figures:not(:empty)")
    page.evaluate("gates[0]()")
    wait_until(page, "streams[0].getTracks()[0].readyState === 'ended'")
    assert page.evaluate("streams[1].getTracks()[0].readyState") == "live"


def test_a_film_file_is_followed_on_its_own_clock_and_from_anew_when_it_repeats(
    own_site: Any, folder: Path, tmp_path: Path
) -> None:
    film = tmp_path / "film.webm"
    command = ["ffmpeg", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "64x64", "-r", "25"]
    command += ["-i", "-", "-c:v", "libvpx", "-b:v", "1M", str(film)]
    picture = np.full((64, 64, 3), (220, 40, 40), np.uint8).tobytes()
    subprocess.run(command, input=picture * 30, check=True, timeout=60)
    page = own_site.open()
    page.goto(f"{own_site.server.url}model/index.html?lang=en")
    page.wait_for_selector("#camera:not([disabled])")
    page.evaluate(
        """() => { window.results = [];
                   smileDetector.addEventListener('result', ({ detail }) => results.push(detail)); }"""
    )
    page.set_input_files("#film", str(film))
    # Until it has been repeated, with answers before and after.
    wait_until(
        page,
        """(() => {
          const again = results.findIndex(({ timestampMs }, at) => at && timestampMs < results[at - 1].timestampMs);
          const isReady = ({ state }) => state === 'ready';
          return again > 0 && results.slice(0, again).some(isReady) && results.slice(again).some(isReady);
        })()""",
    )
    results = page.evaluate("results")
    times = [result["timestampMs"] for result in results]
    assert min(times) >= 0
    assert max(times) <= 1200  # 30 frames at 25 a second
    backwards = [place for place in range(1, len(times)) if times[place] < times[place - 1]]
    assert len(backwards) >= 1
    assert all(results[place]["state"] == "warming_up" for place in backwards)
    assert {result["state"] for result in results} >= {"warming_up", "ready"}
    assert page.evaluate("getComputedStyle(document.getElementById('video')).transform") == "none"  # no mirror


def test_a_failure_stands_on_the_page_in_both_languages(own_site: Any, folder: Path) -> None:
    (folder / "node_modules" / "onnxruntime-web" / "dist" / "ort.wasm.min.mjs").unlink()
    page = own_site.open()
    page.goto(f"{own_site.server.url}model/index.html?lang=ko")
    page.wait_for_selector("#message:not(:empty)")
    assert "npm install" in page.inner_text("#message")
    assert "찾을 수 없습니다" in page.inner_text("#message")
    page.click("#lang")
    assert "was not found" in page.inner_text("#message")
    assert page.is_disabled("#camera")
    own_site.complaints.clear()  # the browser's own note of the 404


@pytest.fixture
def served(tmp_path: Path, write_standin: Any) -> Iterator[tuple[str, int]]:
    """The folder's own server."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    folder = tmp_path / "site" / "smile-detector"
    write_standin(folder)
    (folder / ".npmrc").write_text("x", encoding="utf-8")
    (folder / "notes.bak").write_text("x", encoding="utf-8")
    (tmp_path / "site" / "secret.json").write_text("{}", encoding="utf-8")
    (folder / "link.json").symlink_to(tmp_path / "site" / "secret.json")
    process = subprocess.Popen([node, str(folder / "serve.mjs"), "0"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    port = int(re.search(r"localhost:(\d+)/", line)[1])  # type: ignore[index]
    yield line, port
    process.terminate()
    process.communicate(timeout=10)


def ask(port: int, target: str, method: str = "GET", host: str = "localhost") -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, target, skip_host=True)
    connection.putheader("Host", host)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def test_the_folders_own_server_isolates_pages_and_keeps_to_the_folder(served: tuple[str, int]) -> None:
    _, port = served
    status, headers, body = ask(port, "/")
    assert status == 200
    assert body.startswith(b"<!doctype html>")
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-embedder-policy"] == "require-corp"
    assert ask(port, "/encoder.onnx?x=1")[1]["content-type"] == "application/octet-stream"
    assert ask(port, "/smile-detector.mjs")[1]["content-type"].startswith("text/javascript")
    assert ask(port, "/smile-detector.mjs", "HEAD")[2] == b""
    for target in ("/../secret.json", "/%2e%2e/secret.json", "/link.json", "/.npmrc", "/notes.bak", "/golden/", "/%"):
        assert ask(port, target)[0] == 404
    assert ask(port, "/", "POST")[0] == 404
    assert ask(port, "/", host="evil.example")[0] == 404


def test_the_folders_own_server_refuses_a_port_that_is_none(served: tuple[str, int], tmp_path: Path) -> None:
    script = tmp_path / "site" / "smile-detector" / "serve.mjs"
    for port, code in (("80x", 2), ("70000", 2), (str(served[1]), 1)):
        done = subprocess.run(["node", str(script), port], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == code
        assert port in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_both_readmes_explain_every_code(site: Any) -> None:
    codes = site.open().evaluate("[...client.CODES]")
    for name in ("README.md", "README.ko.md"):
        text = (site.model / name).read_text(encoding="utf-8")
        assert [code for code in codes if f"`{code}`" not in text] == []


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_example_page_is_for_everybody(own_site: Any, folder: Path, lang: str) -> None:
    page = own_site.open()
    page.goto(f"{own_site.server.url}model/index.html?lang={lang}")
    page.wait_for_selector("#camera:not([disabled])")
    axe.assert_accessible(page, "tools/handoff/client/index.html")
