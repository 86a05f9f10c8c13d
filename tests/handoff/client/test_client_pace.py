"""How often there are decisions, with cameras and machines of any speed: in simulated time, then for real."""

import itertools
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FPS = [5, 8, 10, 15, 24, 30, 60]
FRAME_MS = [20, 50, 100, 120, 150, 200, 300, 450]
README = Path(__file__).parents[3] / "tools" / "handoff" / "README.md"

# A camera and a machine in simulated time: no clock, no model. Times jitter as those of a webcam do.
SIMULATE = """async ([fps, costs, seconds]) => {
  const { FrameQueue, PaceMeter } = await import('/model/smile-detector.pace.mjs');
  const { FrameMemory } = await import('/model/smile-detector.window.mjs');
  const rule = { count: 5, interval_ms: 100, max_deviation_ms: 50, max_step_ms: 2000 };
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const simulate = (rate, costMs) => {
    const [queue, memory, meter] = [new FrameQueue(rule, 100), new FrameMemory(rule), new PaceMeter(rule)];
    const arrivals = [];
    for (let n = 0; n < rate * seconds; n += 1) arrivals.push((n * 1000) / rate + 6 * random() - 3);
    const given = [];
    let [current, busyUntil, nDeepest, nWithheld, nOpen] = [null, Infinity, 0, 0, 0];
    const states = new Set();
    const start = (job, nowMs) => {
      current = job;
      busyUntil = nowMs + costMs * (0.9 + 0.2 * random());
      job.beganMs = nowMs;
    };
    const finish = (nowMs) => {
      queue.took(nowMs - current.beganMs);
      const { state, timesMs } = memory.add(current.timestampMs, null);
      if (state === 'ready') {
        const places = [4, 3, 2, 1, 0].map((back) => current.timestampMs - back * rule.interval_ms);
        const isWhole = places.every((place, at) => Math.abs(timesMs[at] - place) <= rule.max_deviation_ms);
        if (!isWhole) throw new Error('a wrong window');
        if (meter.decided(nowMs, nowMs - current.timestampMs)) given.push([nowMs, nowMs - current.timestampMs]);
        else nWithheld += 1;
      } else nOpen += 1;
      if (nowMs > 10_000) states.add(meter.read(queue.frameMs).state);
      current = queue.next();
      busyUntil = Infinity;
      if (current) start(current, nowMs);
    };
    for (const atMs of arrivals) {
      while (busyUntil <= atMs) finish(busyUntil);
      const job = { timestampMs: atMs };
      meter.seen(atMs, atMs);
      if (current) queue.offer(job);
      else { queue.begin(atMs); start(job, atMs); }
      nDeepest = Math.max(nDeepest, queue.length);
    }
    const steps = given.slice(1).map(([at], place) => at - given[place][0]);
    const delays = given.map(([, delayMs]) => delayMs).sort((one, other) => one - other);
    const delayMs = delays[Math.floor(delays.length * 0.95)] ?? null;
    const measured = { perS: given.length / seconds, stepMs: Math.max(0, ...steps), delayMs };
    return { ...measured, nDeepest, nWithheld, states: [...states], pace: meter.read(queue.frameMs) };
  };
  return fps.map((rate) => costs.map((cost) => simulate(rate, cost)));
}"""


def cell(found: dict[str, Any]) -> str:
    """One cell of the README's table."""
    if "too_slow" in found["states"]:
        return f"too slow ({found['pace']['cause']})"
    return f"{found['perS']:.1f}/s, {found['stepMs'] / 1000:.1f} s, {found['delayMs'] / 1000:.1f} s"


def test_what_happens_with_each_camera_and_machine_is_what_the_readme_says(page: Any) -> None:
    table = page.evaluate(SIMULATE, [FPS, FRAME_MS, 60])
    written = {}
    for line in README.read_text(encoding="utf-8").splitlines():
        if re.match(r"\| \d+ \|", line):
            rate, *cells = (part.strip() for part in line.strip("| ").split("|"))
            written[int(rate)] = cells
    assert written == {rate: [cell(found) for found in row] for rate, row in zip(FPS, table, strict=True)}


def test_a_slow_machine_has_whole_windows_that_are_neither_rare_nor_old(page: Any) -> None:
    table = page.evaluate(SIMULATE, [FPS, FRAME_MS, 60])
    for rate, row in zip(FPS, table, strict=True):
        for cost_ms, found in zip(FRAME_MS, row, strict=True):
            where = (rate, cost_ms, found)
            assert found["nDeepest"] <= 6, where  # frames that wait: a window and its minimum duration
            if rate < 10 or cost_ms >= 450:
                # 5 and 8 pictures a second cannot fill a window; 5 x 450 ms are more than 2 s
                assert found["states"] == ["too_slow"], where
                assert found["perS"] < 0.2, where
                assert found["pace"]["cause"] == ("camera" if rate < 10 else "machine"), where
                continue
            assert found["stepMs"] <= 2000, where
            assert found["delayMs"] <= 2000, where
            assert found["perS"] > 0.5, where
            assert set(found["states"]) <= {"full", "reduced"}, where
            if cost_ms <= 50 and rate >= 15:
                assert found["perS"] > 0.6 * min(rate, 1000 / cost_ms), where  # as before: the newest frame, at once
                assert found["delayMs"] < 2 * cost_ms + 1000 / rate, where


def test_windows_of_one_frame_never_wait(page: Any) -> None:
    found = page.evaluate(
        """async () => {
          const { FrameQueue } = await import('/model/smile-detector.pace.mjs');
          const queue = new FrameQueue({ count: 1, interval_ms: 0 }, 100);
          queue.begin(0);
          const lost = [100, 200, 300].map((timestampMs) => queue.offer({ timestampMs }).dropped?.timestampMs ?? null);
          return [lost, queue.length, queue.next().timestampMs, queue.next()];
        }"""
    )
    assert found == [[None, 100, 200], 1, 300, None]


# Watches the webcam with a frame's work prolonged to `work.ms`, and notes the red of every frame that is taken.
WATCH = """async (ms) => {
  window.work = { ms };
  const busy = async () => {
    const startMs = performance.now();
    while (performance.now() - startMs < work.ms) await new Promise((resolve) => setTimeout(resolve, 5));
    return {};
  };
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  window.reds = new Map();
  window.VideoFrame = class extends VideoFrame {
    constructor(source, init) {
      super(source, init);
      context.drawImage(this, 0, 0, 1, 1);
      reds.set(init.timestamp, context.getImageData(0, 0, 1, 1).data[0]);
    }
  };
  await create({ face: busy });
  window.results = [];
  window.paces = [];
  detector.addEventListener('result', ({ detail }) => results.push({
    ...detail, seen: detail.frameTimesMs?.map((atMs) => reds.get(Math.round(atMs * 1000))), atMs: performance.now() }));
  detector.addEventListener('pace', ({ detail }) => paces.push(detail));
  window.camera = await client.openCamera(document.getElementById('video'));
  window.beganMs = performance.now();
  detector.watch(document.getElementById('video'));
  window.count = (state, from = 0) => results.slice(from).filter((result) => result.state === state).length;
}"""


def assert_true(results: list[dict[str, Any]], max_step_ms: float = 2000) -> None:
    """Every answer is that of the frames that it names, which make a window; where there is none there is no number."""
    for result in results:
        if result["state"] != "ready":
            assert result["smileProb"] is None, result
            continue
        places = [result["timestampMs"] - 100 * back for back in range(4, -1, -1)]
        assert np.abs(np.subtract(result["frameTimesMs"], places)).max() <= 50, result
        by_hand = np.dot(result["seen"], [1, 2, 3, 4, 5]) / 15 / 255
        assert result["smileProb"] == pytest.approx(by_hand, abs=0.02), result
        assert result["latencyMs"] <= max_step_ms, result


def test_a_machine_that_becomes_slow_answers_rarely_then_says_too_slow_and_recovers(site: Any) -> None:
    page = site.open()
    page.evaluate(WATCH, 150)
    page.evaluate("until(() => count('ready') >= 4 && detector.pace.state === 'reduced')")
    pace = page.evaluate("detector.pace")
    assert (pace["state"], pace["cause"]) == ("reduced", "machine")
    assert pace["frameMs"] >= 150
    page.evaluate("() => { work.ms = 700; return until(() => count('too_slow') >= 2); }")
    assert page.evaluate("[detector.pace.state, detector.pace.cause]") == ["too_slow", "machine"]
    warnings = page.evaluate(
        "events.filter(([type]) => type === 'warning').map(([, { code, message }]) => [code, message])"
    )
    ((code, message),) = warnings
    assert code == "machine-slow"
    step_s = re.search(
        r"a frame takes \d+ ms, so that ([\d.]+) s pass between two decisions \(2\.0 s are allowed\)", message
    )
    assert step_s is not None
    assert float(step_s[1]) >= 2
    page.evaluate(
        "() => { work.ms = 0; window.before = results.length; return until(() => count('ready', before) >= 3); }"
    )
    assert page.evaluate("detector.pace.state") in ("full", "reduced")
    results = page.evaluate("results")
    assert_true(results)
    events = page.evaluate("events.filter(([type]) => type !== 'warning').map(([type, { reason }]) => [type, reason])")
    assert all(one[0] != other[0] for one, other in itertools.pairwise(events))  # a start, an end, a start, ...
    page.evaluate("detector.close().then(() => camera.stop())")


def test_a_video_that_stops_has_no_frames_and_no_smile(site: Any) -> None:
    page = site.open()
    page.evaluate(WATCH, 0)
    page.evaluate("until(() => events.at(-1)?.[0] === 'smilestart')")
    page.evaluate(
        "() => { document.getElementById('video').pause(); return until(() => detector.pace.state === 'no_frames'); }"
    )
    assert page.evaluate("[events.at(-1)[0], events.at(-1)[1].reason]") == ["smileend", "reset"]
    n_results = page.evaluate("results.length")
    page.evaluate("document.getElementById('video').play()")
    page.evaluate(f"until(() => results.length > {n_results})")
    assert page.evaluate(f"results[{n_results}].state") == "gap"  # what was seen before is not in a window
    assert page.evaluate("detector.pace.state") != "no_frames"


@pytest.mark.slow
@pytest.mark.parametrize("fps", FPS)
def test_each_camera_with_each_machine_for_real(
    site: Any, launch: Callable[..., Any], tmp_path: Path, fps: int
) -> None:
    film = tmp_path / "webcam.y4m"
    # The red rises and falls within three seconds, so that an answer tells when it is from.
    reds = [round(135 + 100 * np.sin(2 * np.pi * n / fps / 3)) for n in range(3 * fps)]
    frames = b"".join(np.full((120, 160, 3), (red, 60, 60), np.uint8).tobytes() for red in reds)
    command = ["ffmpeg", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "160x120", "-r", str(fps)]
    subprocess.run([*command, "-i", "-", "-pix_fmt", "yuv420p", str(film)], input=frames, check=True, timeout=60)
    camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    browser = launch(*camera, f"--use-file-for-fake-video-capture={film}")
    for ms in (20, 100, 150, 200, 300):
        page = site.open(browser)
        page.evaluate(WATCH, ms)
        page.evaluate("until(() => performance.now() - beganMs > 5000 + 5 * work.ms, 60)")
        results, pace = page.evaluate("[results, detector.pace]")
        page.evaluate("detector.close().then(() => camera.stop())")
        assert_true(results)
        n_ready = sum(result["state"] == "ready" for result in results)
        print(f"{fps} pictures/s, {ms} ms: {n_ready} decisions, {pace}")
        assert pace["cameraFps"] == pytest.approx(min(fps, 30), rel=0.2)  # the client's camera is asked for 30
        if fps < 10:
            assert (pace["state"], pace["cause"]) == ("too_slow", "camera")
        else:
            assert pace["state"] in ("full", "reduced")
            assert n_ready >= 2
