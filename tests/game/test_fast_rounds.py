"""From the first picture of a laugh to the stamp on the screen, in real rounds with a webcam film of known onsets.

Slow: `./inv test --slow` prints what was measured. The figure is only judged where the page had thirty
decisions a second, which a machine that others use too does not give.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CALM_S, LAUGH_S, FPS = 5.0, 1.5, 30
N_ROUNDS = 12
MOST_MS = 250

# Notes when the first picture of each laugh was captured, when the stamp was painted, and every answer.
RECORD = """() => {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  window.onsets = [];
  window.answers = [];
  window.stamps = [];
  let wasBright = true;
  window.VideoFrame = class extends VideoFrame {
    constructor(source, init) {
      super(source, init);
      context.drawImage(this, 0, 0, 1, 1);
      const isBright = context.getImageData(0, 0, 1, 1).data[0] > 140;
      if (isBright && !wasBright) onsets.push(init.timestamp / 1000);
      wasBright = isBright;
    }
  };
  const listen = EventTarget.prototype.addEventListener;
  Worker.prototype.addEventListener = function (type, hear) {
    listen.call(this, type, (event) => {
      const { state, change, timestampMs } = event.data.value ?? {};
      if (type === 'message' && state === 'ready') answers.push([performance.now(), timestampMs, change === 'start']);
      hear(event);
    });
  };
  document.addEventListener('DOMContentLoaded', () => {
    let beganMs = null;
    new MutationObserver(() => {
      const { state } = document.body.dataset;
      if (state === 'playing') beganMs = performance.now();
      if (state !== 'over' || beganMs === null) return;
      const own = beganMs;
      beganMs = null;
      requestAnimationFrame(() => setTimeout(() => stamps.push([own, performance.now()])));
    }).observe(document.body, { attributes: true, attributeFilter: ['data-state'] });
  });
}"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds of calm and one and a half of a laugh, cut hard, again and again."""
    path = tmp_path_factory.mktemp("onsets") / "webcam.y4m"
    calm, laugh = (np.full((240, 320, 3), (red, 70, 90), np.uint8).tobytes() for red in (50, 220))
    command = ["ffmpeg", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "320x240"]
    command += ["-r", str(FPS), "-i", "-", "-pix_fmt", "yuv420p", str(path)]
    data = calm * round(CALM_S * FPS) + laugh * round(LAUGH_S * FPS)
    subprocess.run(command, input=data, check=True, timeout=60)
    return path


@pytest.mark.slow
def test_the_stamp_follows_the_onset(
    browser: Any, make_game: Callable[..., Any], write_standin: Callable[..., Any], tmp_path: Path
) -> None:
    write_standin(tmp_path / "standin", min_duration_ms=60)  # three decisions, of thirty a second
    own = make_game(tmp_path / "standin")
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(60_000)
    page.add_init_script(f"({RECORD})()")
    page.goto(own.url)
    delays, parts = [], []
    for _ in range(N_ROUNDS):
        page.wait_for_selector("body:is([data-state=ready], [data-state=over])")
        page.keyboard.press("Space")
        page.wait_for_selector("body:is([data-state=countdown], [data-state=playing])")
        page.wait_for_selector("body:is([data-state=over], [data-state=ready])")
        if page.evaluate("document.body.dataset.state") == "ready":
            continue  # too slow for a round just now, as the page says
        page.wait_for_timeout(200)
        began_ms, stamp_ms = page.evaluate("stamps.at(-1)")
        inside = [ms for ms in page.evaluate("onsets") if began_ms + 600 < ms < stamp_ms]
        if inside:  # else the round began in a laugh
            delays.append(stamp_ms - inside[0])
            starts = page.evaluate("answers.filter(([, , isStart]) => isStart)")
            at_ms, captured_ms, _ = next(each for each in reversed(starts) if each[0] <= stamp_ms)
            parts.append((captured_ms - inside[0], at_ms - captured_ms, stamp_ms - at_ms))
    answers = np.array([at_ms for at_ms, *_ in page.evaluate("answers")])
    per_s = 1000 / np.median(np.diff(answers))
    own.end()
    p50, p95 = np.percentile(delays, [50, 95])
    print(f"{len(delays)} onsets: p50 {p50:.0f} ms, p95 {p95:.0f} ms, {per_s:.1f} decisions/s, {np.round(delays)}")
    window, decision, painting = np.percentile(parts, 50, axis=0)
    print(
        f"of it {window:.0f} ms window and minimum duration, {decision:.0f} the decision, {painting:.0f} until painted"
    )
    assert len(delays) >= N_ROUNDS // 2
    if per_s > 28 and np.percentile(np.diff(answers), 99) < 100:
        assert p95 < MOST_MS
