"""The page against Python on films: the same frames, by seeking, in Chromium and Firefox.

    python tests/handoff/page_films.py --handoff artifacts/handoff/demo --films FOLDER
    python tests/handoff/page_films.py --handoff artifacts/handoff/demo --films FOLDER --browser firefox --whole

Python is the one of `evaluator --stream`: the same SmileStream over the same frames. Each window is one of its
own (--windows a film, evenly over it, frames of the spec's spacing); with --whole every frame of a film is played in
order, and the decisions with hysteresis and minimum duration are compared, too. Prints a table and exits with 1
if a film differs by more than --most or a decision flips outside of that band around the threshold.
"""

import argparse
import contextlib
import json
import math
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.arrays import U8
from shared.onnx.stream import SmileStream
from shared.video import Film
from shared.web.npm import ONNXRUNTIME_WEB, TASKS_VISION
from shared.web.server import PageServer
from tools.spec_checker.browser.chromium import find_chromium, open_chromium

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from firefox import find_firefox, open_firefox

FILMS = (".mp4", ".mov", ".webm", ".mkv")
ADAPTER = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
CHUNK = 40  # frames a call
LOAD = """async ({ film, graph }) => {
  globalThis.client ??= await import('/model/smile-detector.mjs');
  const given = { spec: '/model/frontend_spec.json', ortUrl: '/ort/', tasksUrl: '/tasks/', provider: 'wasm', graph };
  globalThis.detector ??= await client.SmileDetector.create({ ...given, allowUntested: true });
  await detector.reset();
  const video = document.createElement('video');
  globalThis.video?.remove();
  globalThis.video = video;
  document.body.append(video);
  video.muted = true;
  video.src = '/films/' + film;
  await new Promise((done, fail) => {
    video.onloadeddata = done;
    video.onerror = () => fail(new Error(video.error.message || 'this browser does not play it'));
  });
  return [video.videoWidth, video.videoHeight];
}"""
# The event `seeked` may come before the frame can be read: only the frame's own callback tells which one is there.
PUSH = """async (frames) => {
  const seek = (timeS) => new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`no frame at ${timeS} s`)), 20_000);
    video.requestVideoFrameCallback((_, { mediaTime }) => { clearTimeout(timer); done(mediaTime); });
    video.currentTime = timeS;
  });
  const results = [];
  for (const { seekS, timeMs, fresh } of frames) {
    if (fresh) await detector.reset();
    const shownS = await seek(seekS);
    const { state, prob, isPositive } = await detector.push(video, timeMs);
    results.push([state, prob, isPositive, shownS * 1000 - timeMs]);
  }
  return results;
}"""
SAME_MS = 1.5  # a frame's time in a browser's container of milliseconds


@dataclass(frozen=True)
class Shown:
    """A frame to show: which one, where to seek for it, its time, and whether a new window begins with it."""

    index: int
    seek_s: float
    time_ms: float
    is_fresh: bool


@dataclass(frozen=True)
class Agreement:
    """A film in the page and in Python.

    Attributes:
        film: Its name.
        n_decisions: Frames with a probability on both sides.
        largest_difference: Between the two probabilities.
        mean_difference: Between the two probabilities.
        n_flips: Probabilities on different sides of the threshold, Python's farther from it than the band.
        n_near: The same, within the band.
        n_states: Frames whose state differs.
        n_other_decisions: Frames whose decision with hysteresis differs.
    """

    film: str
    n_decisions: int
    largest_difference: float
    mean_difference: float
    n_flips: int
    n_near: int
    n_states: int
    n_other_decisions: int

    def is_good(self, most: float) -> bool:
        """Tell whether the page decides as Python."""
        return self.n_decisions > 0 and self.largest_difference <= most and not self.n_flips and not self.n_states


def read_frames(film: Path) -> list[tuple[float, U8]]:
    """Read all frames, with their times in s."""
    with Film(str(film)) as frames:
        return [(frame.time_s, frame.rgb_hwc_u8) for frame in frames]


def choose_frames(times_s: Sequence[float], stream: SmileStream, n_windows: int | None) -> list[Shown]:
    """Choose what is shown: windows evenly over the film, or with None every frame in its order."""

    def shown(index: int, *, is_fresh: bool) -> Shown:
        step = times_s[index + 1] - times_s[index] if index + 1 < len(times_s) else times_s[index] - times_s[index - 1]
        return Shown(index, times_s[index] + step / 2, times_s[index] * 1000, is_fresh)

    if n_windows is None:
        return [shown(index, is_fresh=index == 0) for index in range(len(times_s))]
    rule = stream.rule
    length_s = (rule.count - 1) * rule.interval_ms / 1000
    starts = [times_s[0] + (times_s[-1] - times_s[0] - length_s) * k / max(1, n_windows - 1) for k in range(n_windows)]
    chosen = []
    for start_s in starts:
        places = [start_s + k * rule.interval_ms / 1000 for k in range(rule.count)]
        nearest = [min(range(len(times_s)), key=lambda index, at=at: abs(times_s[index] - at)) for at in places]
        if len(set(nearest)) == rule.count:
            chosen += [shown(index, is_fresh=k == 0) for k, index in enumerate(nearest)]
    return chosen


def run_python(stream: SmileStream, frames: list[tuple[float, U8]], chosen: list[Shown]) -> list[tuple[Any, ...]]:
    """Give state, probability and decision of each frame by Python."""
    results = []
    for each in chosen:
        if each.is_fresh:
            stream.reset()
        decision = stream.push(frames[each.index][1], each.time_ms)
        results.append((decision.state, decision.prob, decision.is_positive))
    return results


def run_page(evaluate: Callable[..., Any], film: str, graph: str, chosen: list[Shown]) -> list[tuple[Any, ...]]:
    """Give the same by the page."""
    evaluate(LOAD, {"film": film, "graph": graph})
    results: list[tuple[Any, ...]] = []
    for start in range(0, len(chosen), CHUNK):
        part = chosen[start : start + CHUNK]
        given = [{"seekS": each.seek_s, "timeMs": each.time_ms, "fresh": each.is_fresh} for each in part]
        found = evaluate(PUSH, given)
        # Chromium tells the frame's own time, Firefox the moment that was asked for.
        wrong = [
            offset
            for (*_, offset), each in zip(found, part, strict=True)
            if not -SAME_MS <= offset <= each.seek_s * 1000 - each.time_ms + SAME_MS
        ]
        if wrong:
            raise SystemExit(f"{film}: the browser showed {len(wrong)} other frames, by {wrong[:3]} ms")
        results += [tuple(result[:3]) for result in found]
    return results


def compare(
    film: str, python: list[tuple[Any, ...]], page: list[tuple[Any, ...]], threshold: float, band: float
) -> Agreement:
    """Compare frame by frame."""
    both = [(ours[1], own[1]) for ours, own in zip(python, page, strict=True) if None not in (ours[1], own[1])]
    flips = [abs(ours - threshold) for ours, own in both if (ours > threshold) != (own > threshold)]
    differences = [abs(ours - own) for ours, own in both]
    return Agreement(
        film,
        len(both),
        max(differences, default=math.nan),
        sum(differences) / len(differences) if differences else math.nan,
        sum(distance > band for distance in flips),
        sum(distance <= band for distance in flips),
        sum(ours[0] != own[0] for ours, own in zip(python, page, strict=True)),
        sum(ours[2] != own[2] for ours, own in zip(python, page, strict=True)),
    )


@contextlib.contextmanager
def open_page(browser: str, url: str) -> Iterator[Callable[..., Any]]:
    """Open the empty page; gives a function that calls a function in it."""
    if browser == "firefox":
        program = find_firefox()
        if program is None:
            raise SystemExit("no Firefox here")
        folder = Path(tempfile.mkdtemp())
        try:
            with open_firefox(program, folder) as page:
                page.goto(url)
                yield lambda code, argument: page.evaluate(code, argument, 600)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    flags = ("--no-sandbox", *(ADAPTER if browser == "chromium-adapter" else ()))
    with open_chromium(find_chromium(), flags) as opened:
        page = opened.new_page()
        page.set_default_timeout(600_000)
        page.goto(url)
        yield page.evaluate


def compare_films(
    handoff: Path, films: Sequence[Path], browser: str, *, n_windows: int | None, band: float, graph: str | None = None
) -> Iterator[Agreement]:
    """Run films of one folder through a hand-off in Python and in a browser."""
    stream = SmileStream(handoff, graph or _own_graph(handoff))
    with tempfile.TemporaryDirectory() as pages:
        (Path(pages) / "index.html").write_text(
            "<!doctype html><meta charset=utf-8><link rel=icon href=data:,><body>", encoding="utf-8"
        )
        folders = {"/": Path(pages), "/model/": handoff, "/films/": films[0].parent}
        folders |= {"/ort/": ONNXRUNTIME_WEB.install() / "dist", "/tasks/": TASKS_VISION.install()}
        with PageServer(folders) as server, open_page(browser, server.url) as evaluate:
            for film in films:
                frames = read_frames(film)
                chosen = choose_frames([time_s for time_s, _ in frames], stream, n_windows)
                python = run_python(stream, frames, chosen)
                page = run_page(evaluate, film.name, graph or _own_graph(handoff), chosen)
                yield compare(film.name, python, page, stream.rule.threshold, band)
    stream.close()


def _own_graph(handoff: Path) -> Any:
    spec = json.loads((handoff / "frontend_spec.json").read_text(encoding="utf-8"))
    return "stream" if any(graph["role"] == "encoder" for graph in spec["graphs"]) else "window"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--handoff", type=Path, required=True)
    parser.add_argument("--films", type=Path, nargs="+", required=True, help="a folder, or films of one folder")
    parser.add_argument("--browser", choices=("chromium", "chromium-adapter", "firefox"), default="chromium")
    parser.add_argument("--windows", type=int, default=20, help="of each film")
    parser.add_argument("--whole", action="store_true", help="every frame of each film")
    parser.add_argument("--graph", choices=("stream", "window", "pixels"))
    parser.add_argument("--most", type=float, default=0.01)
    given = parser.parse_args()
    films = [
        film
        for place in given.films
        for film in (sorted(place.iterdir()) if place.is_dir() else [place])
        if film.suffix in FILMS
    ]
    is_good = True
    print("| film | decisions | largest | mean | flips | in the band | states | decisions that differ |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    n_windows = None if given.whole else given.windows
    for one in compare_films(
        given.handoff.resolve(), films, given.browser, n_windows=n_windows, band=given.most, graph=given.graph
    ):
        is_good &= one.is_good(given.most)
        figures = (f"{one.largest_difference:.2e}", f"{one.mean_difference:.1e}", one.n_flips, one.n_near, one.n_states)
        print(
            "|",
            one.film,
            *(f"| {cell}" for cell in (one.n_decisions, *figures, one.n_other_decisions)),
            "|",
            flush=True,
        )
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
