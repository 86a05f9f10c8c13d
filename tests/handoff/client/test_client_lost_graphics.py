"""The graphics process dies under a model of landmarks: the real landmarker, a real film, a real kill."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import paths
from shared.faces import landmarker
from tools.handoff.config import HandoffConfig
from tools.handoff.write import write_handoff
from tools.spec_checker.browser.writing import BrowserResults, write_proof

ASSETS = Path(os.environ["SMILEBENCH_ASSETS"])
# A worker loads the module's files, a page the script's.
TASK_FILES = (
    "vision_bundle.mjs",
    *(f"wasm/vision_wasm_{kind}internal.{end}" for kind in ("", "module_") for end in ("js", "wasm")),
)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of a face, then three of black, again and again."""
    source = ASSETS / "videos" / "protocol" / "s01_take1.mp4"
    if shutil.which("ffmpeg") is None or not source.is_file():
        pytest.skip("needs ffmpeg and the trial films")
    path = tmp_path_factory.mktemp("film") / "webcam.y4m"
    black = "drawbox=t=fill:color=black:enable='gte(t,3)'"
    command = ["ffmpeg", "-loglevel", "error", "-i", str(source), "-t", "6", "-vf", f"scale=320:240,fps=20,{black}"]
    subprocess.run([*command, "-pix_fmt", "yuv420p", str(path)], check=True, timeout=60)
    return path


@pytest.fixture
def real_site(
    make_site: Callable[..., Any],
    make_feature_model: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """A hand-off of blendshapes with the real landmarker and its package."""
    from shared.errors import MissingOutside
    from shared.web.npm import TASKS_VISION

    model = ASSETS / "models" / landmarker.MODEL_NAME
    if not model.is_file():
        pytest.skip("needs the landmark model")
    try:
        package = TASKS_VISION.install()
    except MissingOutside as error:
        pytest.skip(str(error))
    fetched = tmp_path / "home" / "artifacts" / "fetched"
    fetched.mkdir(parents=True)
    shutil.copy(model, fetched)
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    site = make_site()
    built = make_feature_model(tmp_path / "models", "blendshapes", landmarker=model.read_bytes())
    write_handoff(HandoffConfig(built, site.model, min_duration_ms=0))
    spec = json.loads((site.model / paths.SPEC_FILE).read_text(encoding="utf-8"))
    spec["frames"]["max_step_ms"] = 10_000  # a machine that others use too is slow, which is not what is tested here
    (site.model / paths.SPEC_FILE).write_text(json.dumps(spec), encoding="utf-8")
    write_proof(site.model / paths.SPEC_FILE, BrowserResults())
    for name in TASK_FILES:
        (site.model / "tasks" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(package / name, site.model / "tasks" / name)
    return site


def kill_graphics(browser: Any) -> int:
    """Kill the browser's graphics process; returns its id."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    (process,) = [one["id"] for one in processes if one["type"].upper() == "GPU"]
    os.kill(process, signal.SIGKILL)
    return int(process)


WATCH = """async (options) => {
  await create({ allowUntested: true, tasksUrl: '/model/tasks/', ...options });
  const video = document.getElementById('video');
  window.results = [];
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  // How bright the frames are that the detector takes, by their time: what a true answer must fit to.
  window.bright = new Map();
  window.VideoFrame = class extends VideoFrame {
    constructor(source, init) {
      super(source, init);
      context.drawImage(this, 0, 0, 1, 1);
      bright.set(init.timestamp, context.getImageData(0, 0, 1, 1).data[1]);
    }
  };
  detector.addEventListener('result', ({ detail: { state, prob, timestampMs, frameTimesMs } }) => {
    const seen = (frameTimesMs ?? []).map((ms) => bright.get(Math.round(ms * 1000)));
    results.push({ state, prob, timestampMs, seen, atMs: performance.now() });
  });
  await client.openCamera(video);
  detector.watch(video);
  window.ready = () => results.filter(({ state }) => state === 'ready').length;
  await until(() => ready() >= 5, 60);
}"""


CODES = """events.filter(([type]) => ['warning', 'error'].includes(type)).map(([, { code }]) => code)
  .filter((code) => code !== 'machine-slow')"""


@pytest.mark.parametrize("worker", [pytest.param(True), pytest.param(False, marks=pytest.mark.slow)])
def test_a_killed_graphics_process_gives_no_old_answer(real_site: Any, browser: Any, worker: bool) -> None:
    page = real_site.open()
    page.evaluate(WATCH, {"worker": worker})
    kill_graphics(browser)
    page.evaluate(
        """async () => {
          const isOver = () => events.some(([type, { code }]) => type === 'error' || code === 'landmarker-renewed');
          await until(isOver, 60);
          window.renewedAt = results.length;
          const after = (state) => results.slice(renewedAt).filter((result) => result.state === state).length;
          await until(() => after('ready') > 2 && after('no_face') > 2, 60);
        }"""
    )
    codes = page.evaluate(CODES)
    assert codes == ["untested-allowed", "landmarker-renewed"]
    results = page.evaluate("results")
    after = results[page.evaluate("renewedAt") :]
    assert after[0]["state"] in ("gap", "too_slow")  # nothing from before the loss is in a window
    for result in results:
        # Every answer fits to the frames that it names: a face where they are bright, none where they are black.
        if result["state"] == "ready":
            assert max(result["seen"]) > 100, result
        elif result["state"] == "no_face":
            assert max(result["seen"]) < 30, result
        else:
            assert result["prob"] is None, result
    assert {"ready", "no_face"} <= {result["state"] for result in after}


@pytest.mark.slow
def test_a_graphics_process_that_does_not_come_back_is_an_error(real_site: Any, browser: Any) -> None:
    page = real_site.open()
    page.evaluate(WATCH, {"worker": False})
    page.evaluate(
        """() => {
          const { getContext } = HTMLCanvasElement.prototype;
          HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
            return kind.startsWith('webgl') ? null : getContext.call(this, kind, ...rest);
          };
        }"""
    )
    kill_graphics(browser)
    page.evaluate("until(() => events.some(([type]) => type === 'error'), 90)")
    page.wait_for_timeout(1000)
    codes = page.evaluate(CODES)
    assert codes == ["untested-allowed", "landmarker-lost"]
    n_results = page.evaluate("results.length")
    page.wait_for_timeout(1000)
    assert page.evaluate("results.length") == n_results  # no answer any more
    refused = page.evaluate("fails(() => detector.push(grey(10), 1e9))")
    assert refused[0] == "landmarker-lost"
