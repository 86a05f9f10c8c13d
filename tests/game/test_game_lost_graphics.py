"""The graphics process dies in a round with a model of landmarks: it goes on with true answers, or does not count."""

import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.faces import landmarker
from tools.handoff.config import HandoffConfig
from tools.handoff.write import write_handoff

ASSETS = Path(os.environ["SMILEBENCH_ASSETS"])
SILENT_MS = 2000  # as judge.mjs has it
SLACK_MS = 1500  # its timer, and a page that others' work delays

# What the page answered, when, and in which state the game was.
RECORD = """() => {
  window.answers = [];
  const listen = EventTarget.prototype.addEventListener;
  Worker.prototype.addEventListener = function (type, hear) {
    listen.call(this, type, (event) => {
      const { state, timestampMs, renewed } = event.data.value ?? {};
      if (type === 'message' && state) answers.push({ state, timestampMs, renewed, atMs: performance.now() });
      hear(event);
    });
  };
  window.steps = [];
  document.addEventListener('DOMContentLoaded', () => {
    new MutationObserver(() => steps.push([document.body.dataset.state, performance.now()]))
      .observe(document.body, { attributes: true, attributeFilter: ['data-state'] });
  });
}"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face, again and again."""
    source = ASSETS / "videos" / "protocol" / "s01_take1.mp4"
    if shutil.which("ffmpeg") is None or not source.is_file():
        pytest.skip("needs ffmpeg and the trial films")
    path = tmp_path_factory.mktemp("film") / "webcam.y4m"
    command = ["ffmpeg", "-loglevel", "error", "-i", str(source), "-t", "3", "-vf", "scale=320:240,fps=20"]
    subprocess.run([*command, "-pix_fmt", "yuv420p", str(path)], check=True, timeout=60)
    return path


@pytest.fixture
def real_handoff(make_feature_model: Callable[..., Path], home: Path, tmp_path: Path) -> Path:
    """A hand-off of blendshapes with the real landmarker, in a home that has its package."""
    from shared.errors import MissingOutside
    from shared.web.npm import TASKS_VISION

    model = ASSETS / "models" / landmarker.MODEL_NAME
    if not model.is_file():
        pytest.skip("needs the landmark model")
    try:
        TASKS_VISION.install()
    except MissingOutside as error:
        pytest.skip(str(error))
    fetched = home / "artifacts" / "fetched"
    fetched.mkdir(parents=True, exist_ok=True)
    shutil.copy(model, fetched)
    built = make_feature_model(tmp_path / "models", "blendshapes", landmarker=model.read_bytes())
    # Nobody laughs: what ends a round is the judge.
    return write_handoff(HandoffConfig(built, tmp_path / "handed", min_duration_ms=60_000)).folder


@pytest.mark.slow
def test_a_round_whose_graphics_die_has_a_judge_or_does_not_count(
    launch: Callable[..., Any], film: Path, real_handoff: Path, make_game: Callable[..., Any]
) -> None:
    camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    browser = launch(*camera, f"--use-file-for-fake-video-capture={film}")
    own = make_game(real_handoff)
    try:
        _play(browser, own.url)
    finally:
        own.end()


def _play(browser: Any, url: str) -> None:
    page = browser.new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(f"({RECORD})()")
    page.goto(f"{url}?lang=en")
    page.wait_for_selector("body[data-state=ready]")
    for _ in range(5):  # a busy machine is too slow for a round now and then, and says so
        page.keyboard.press("Space")
        page.wait_for_selector("body:is([data-state=countdown], [data-state=playing])")
        page.wait_for_selector("body:not([data-state=countdown], [data-state=opening])")
        if page.evaluate("document.body.dataset.state") == "playing":
            break
    else:
        pytest.skip("this machine is too slow for the landmarker now: " + page.inner_text("#message"))
    session = browser.new_browser_cdp_session()
    (process,) = [
        one["id"] for one in session.send("SystemInfo.getProcessInfo")["processInfo"] if one["type"].upper() == "GPU"
    ]
    killed_ms = page.evaluate("performance.now()")
    os.kill(process, signal.SIGKILL)
    page.wait_for_timeout(8000)
    steps, answers, now_ms = page.evaluate("[steps, answers, performance.now()]")
    end_ms = next((ms for state, ms in steps if ms > killed_ms and state != "playing"), None)
    decisions = [
        one["atMs"] for one in answers if one["state"] in ("ready", "no_face") and one["atMs"] < (end_ms or now_ms)
    ]
    # As long as the round is played, somebody judges it.
    times = [killed_ms, *[ms for ms in decisions if ms > killed_ms], end_ms or now_ms]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    reasons = [one["renewed"] for one in answers if one["renewed"]]
    print(f"renewed: {reasons}, ended after {end_ms and end_ms - killed_ms} ms, {max(gaps):.0f} ms without a judge")
    assert max(gaps) < SILENT_MS + SLACK_MS
    # No answer is of a picture from before the kill once the landmarker was renewed.
    renewed = [one for one in answers if one["renewed"]]
    for one in renewed[:1]:
        later = [each for each in answers if each["atMs"] > one["atMs"] and each["state"] == "ready"]
        assert all(each["timestampMs"] > one["timestampMs"] for each in later)
    if end_ms is not None:
        assert page.inner_text("#message")
        assert page.inner_text("#best") == "–"  # a round without a judge is no record
