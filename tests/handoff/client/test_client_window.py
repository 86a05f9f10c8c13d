"""The rules of window and decision in JavaScript, against the same rules in Python and against hand calculation."""

from typing import Any

import numpy as np

from shared.dataset.feature_store import nearest_with_face
from shared.onnx.stream import Decider, Rule, choose_window

RULES = """async (cases) => {
  const { chooseWindow, Decider, FrameMemory } = await import('/model/smile-detector.window.mjs');
  return { windows: cases.windows?.map(([times, rule]) => chooseWindow(times, rule)),
    decisions: cases.decisions?.map(([rule, series]) => {
      const decider = new Decider(rule);
      return series.map(([prob, at]) => {
        if (prob === null) { decider.pause(); return decider.isPositive; }
        return decider.decide(prob, at);
      });
    }),
    states: cases.states?.map(([rule, times]) => {
      const memory = new FrameMemory(rule);
      return times.map((at) => {
        if (at === null) { memory.clear({ afterGap: true }); return null; }
        const { state, timesMs } = memory.add(at, at);
        return [state, timesMs ?? null, memory.length];
      });
    }) };
}"""
FRAMES = {"count": 5, "interval_ms": 100, "max_deviation_ms": 50}


def test_a_window_takes_the_nearest_frames_and_of_two_as_near_the_earlier(page: Any) -> None:
    found = page.evaluate(
        RULES,
        {
            "windows": [
                [[0, 40, 100, 150, 250, 310, 400], FRAMES],  # 200: 150 and 250 are as near
                [[0, 100, 200, 300, 400], FRAMES],
                [[50, 100, 200, 300, 400], FRAMES],  # 50 ms off is near enough
                [[51, 100, 200, 300, 400], FRAMES],  # 51 ms is not
                [[400], {**FRAMES, "count": 1}],
                [[0, 400], {**FRAMES, "max_deviation_ms": 500}],  # one frame may stand for several places
            ]
        },
    )["windows"]
    assert found == [[0, 2, 3, 5, 6], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4], None, [0], [0, 0, 0, 1, 1]]


def test_windows_are_those_of_the_python_client(page: Any) -> None:
    rng = np.random.default_rng(4)
    cases, expected = [], []
    for _ in range(300):
        count, interval_ms = int(rng.integers(1, 8)), float(rng.choice([33.3, 40, 100, 125]))
        frames = {"count": count, "interval_ms": interval_ms, "max_deviation_ms": interval_ms / 2}
        step_ms = float(rng.choice([16.7, 33.3, 50, 90]))
        times = np.cumsum(rng.uniform(0.2, 1.8, 40) * step_ms).round(1)
        times = times[rng.random(40) > rng.choice([0, 0.3, 0.6])].tolist() or [1.0]
        cases.append([times, frames])
        expected.append(choose_window(times, Rule(count, interval_ms, interval_ms / 2, 0.5, 0.5, 0)))
    found = page.evaluate(RULES, {"windows": cases})["windows"]
    assert found == [list(window) if window else None for window in expected]
    assert 50 < sum(window is None for window in expected) < 250  # both kinds are there


def test_decisions_are_those_of_the_python_client(page: Any) -> None:
    rng = np.random.default_rng(5)
    cases, expected = [], []
    for _ in range(60):
        threshold = float(rng.uniform(0.3, 0.7))
        decision = {
            "threshold": threshold,
            "release_threshold": float(threshold * rng.choice([0.6, 1])),
            "min_duration_ms": float(rng.choice([0, 100, 300])),
        }
        walk = np.clip(0.5 + np.cumsum(rng.normal(0, 0.1, 60)), 0, 1)
        series = [[None if rng.random() < 0.05 else float(prob), 40.0 * n] for n, prob in enumerate(walk)]
        cases.append([decision, series])
        decider = Decider(Rule(5, 100, 50, **decision))
        answers = []
        for prob, at in series:
            if prob is None:
                decider.pause()
                answers.append(decider.is_positive)
            else:
                answers.append(decider.decide(prob, at))
        expected.append(answers)
    assert page.evaluate(RULES, {"decisions": cases})["decisions"] == expected
    assert {True, False} == {answer for answers in expected for answer in answers}


def test_a_smile_begins_above_the_threshold_after_its_duration_and_ends_at_the_release(page: Any) -> None:
    rule = {"threshold": 0.5, "release_threshold": 0.4, "min_duration_ms": 200}
    probs = [0.5, 0.6, 0.7, 0.6, 0.45, 0.41, 0.4, 0.6, None, 0.6, 0.6, 0.6]
    series = [[prob, 100 * place] for place, prob in enumerate(probs)]
    found = page.evaluate(RULES, {"decisions": [[rule, series]]})["decisions"][0]
    # 0.6 at 100 ms counts at 300; 0.45 holds it; 0.4 ends it; the pause at 800 makes the next one begin at 900.
    assert found == [False, False, False, True, True, True, False, False, False, False, False, True]


def test_the_start_is_a_warm_up_and_what_is_missing_later_a_gap(page: Any) -> None:
    times = [0, 100, 200, 300, 400, 500, 720, 820, 920, 1020, 1120, None, 1220]
    found = page.evaluate(RULES, {"states": [[FRAMES, times]]})["states"][0]
    states = [entry and entry[0] for entry in found]
    assert states == ["warming_up"] * 4 + ["ready"] * 2 + ["gap"] * 4 + ["ready", None, "gap"]
    assert found[5][1] == [100, 200, 300, 400, 500]
    assert max(entry[2] for entry in found if entry) <= 5  # 450 ms at 100 ms a frame: nothing older is kept


def test_frames_without_a_face_are_filled_as_in_python(page: Any) -> None:
    rng = np.random.default_rng(9)
    cases = [(rng.random(n) < share).tolist() for n in range(1, 9) for share in (0.0, 0.3, 0.6, 1.0) for _ in range(5)]
    found = page.evaluate(
        """async (cases) => {
          const { fillWindow } = await import('/model/smile-detector.window.mjs');
          return cases.map((found) => fillWindow(found.map((one, place) => (one ? place : null))));
        }""",
        cases,
    )
    expected = [nearest_with_face(case) for case in cases]
    assert found == [None if places is None else places.tolist() for places in expected]
