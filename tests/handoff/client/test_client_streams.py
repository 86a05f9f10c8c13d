"""What `evaluator --stream` counts is what the page decides: the same films, frame by frame, in a real Chromium."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from shared import paths
from shared.arrays import U8
from shared.onnx.stream import SmileStream
from shared.video import Film, FilmWriter, Frame
from tools.evaluator.streams.events import Laugh, Stream, decide, find_events, play

TOLERANCE = 0.02  # of a probability that a page computed from its own pixels, as the stand-in's spec says
PUSH = """async (frames) => {
  const results = [];
  for (const [data, timeMs] of frames) {
    const bitmap = await createImageBitmap(await (await fetch(data)).blob(), { colorSpaceConversion: 'none' });
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    const picture = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const { state, prob, isPositive } = await detector.push(picture, timeMs);
    results.push([state, prob, isPositive]);
  }
  return results;
}"""


def push(page: Any, frames: list[Frame]) -> list[tuple[str, float | None, bool]]:
    """Show the page a film's frames as PNG, in their order and with their own times."""
    shown = []
    for frame in frames:
        png = cv2.imencode(".png", cv2.cvtColor(frame.rgb_hwc_u8, cv2.COLOR_RGB2BGR))[1].tobytes()
        shown.append((f"data:image/png;base64,{base64.b64encode(png).decode()}", frame.time_s * 1000))
    found: list[tuple[str, float | None, bool]] = []
    for start in range(0, len(shown), 30):
        found += page.evaluate(PUSH, shown[start : start + 30])
    return found


def compare(page: Any, folder: Path, film: Path, laughs: tuple[Laugh, ...]) -> tuple[Stream, Stream]:
    """Run a film in the page and in Python; refuses flips outside of the tolerance. Gives both streams."""
    stream = SmileStream(folder)
    with Film(str(film)) as read:
        frames = list(read)
    ours = [stream.push(frame.rgb_hwc_u8, frame.time_s * 1000) for frame in frames]
    theirs = push(page, frames)
    assert [one.state for one in ours] == [state for state, _, _ in theirs]
    times = np.array([one.timestamp_ms for one in ours])
    probs = [
        np.array([np.nan if prob is None else prob for prob in values])
        for values in ([one.prob for one in ours], [prob for _, prob, _ in theirs])
    ]
    for at, (one, (_, prob, is_positive)) in enumerate(zip(ours, theirs, strict=True)):
        if one.prob is None or prob is None:
            continue
        rule = stream.rule
        limits = (rule.threshold, rule.release_threshold)
        assert abs(one.prob - prob) <= TOLERANCE, at
        is_near = any(abs(one.prob - limit) <= TOLERANCE for limit in limits)
        assert is_near or (prob > rule.threshold) == (one.prob > rule.threshold), at
        assert is_positive == decide(times, probs[1], rule)[at], "the page does not decide as the rule says"
    python, browser = (Stream(film.name, "s01", times, values, laughs) for values in probs)
    return python, browser


def draw(path: Path) -> Path:
    """White from 3 to 6 s, and three white frames at 8 s: a laugh and a false alarm, ten frames a second."""
    film = FilmWriter(path, 64, 64)
    for number in range(100):
        level = 255 if 30 <= number < 60 or 80 <= number < 83 else 0
        film.add(Frame(number / 10, np.full((64, 64, 3), level, np.uint8)))
    film.close()
    return path


@pytest.mark.slow
def test_events_of_a_drawn_film_are_those_counted_by_hand_in_the_page_too(
    own_site: Any, write_standin: Callable[..., Any], tmp_path: Path
) -> None:
    write_standin(own_site.model, threshold=0.5, release_threshold=0.45, min_duration_ms=100)
    page = own_site.open()
    page.evaluate("create()")
    laughs = (Laugh(3000, 6000),)
    streams = compare(page, own_site.model, draw(tmp_path / "drawn.mp4"), laughs)
    rule = SmileStream(own_site.model).rule
    for stream in streams:  # 200 ms after the first white frame, see the evaluator's own test
        played = play(stream, rule, 500)
        assert (played.delays_ms, played.false_alarms_ms) == ([200], (8200,))
    starts = [
        [event.start_ms for event in find_events(one.times_ms, decide(one.times_ms, one.probs, rule))]
        for one in streams
    ]
    assert starts[0] == starts[1]
    # The page's own event says the same.
    began = page.evaluate("events.filter(([type]) => type === 'smilestart').map(([, detail]) => detail.timestampMs)")
    assert began == starts[0]


@pytest.mark.slow
def test_films_of_people_are_decided_in_the_page_as_in_python(own_site: Any, write_standin: Callable[..., Any]) -> None:
    assets = paths.assets()
    films = sorted((assets / "videos" / "protocol").glob("*.mp4"))[:2] if assets else []
    if not films:
        pytest.skip("no protocol films here")
    # The stand-in answers how red a picture is: in the middle of what these films show, so that it crosses often.
    write_standin(own_site.model, threshold=_middle(films[0]), release_threshold=_middle(films[0]) * 0.99)
    page = own_site.open()
    page.evaluate("create()")
    for film in films:
        page.evaluate("detector.reset()")
        python, browser = compare(page, own_site.model, film, (Laugh(3300, 6300),))
        assert np.nanmax(np.abs(python.probs - browser.probs)) < TOLERANCE
        assert (~np.isnan(python.probs)).sum() > 200


def _middle(film: Path) -> float:
    with Film(str(film)) as frames:
        reds: list[U8] = [frame.rgb_hwc_u8[..., 0].mean() for frame in frames]
    return round(float(np.median(reds)) / 255, 4)
