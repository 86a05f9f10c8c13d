"""The detector in a real Chromium: answers worked out by hand, states, events, and what it leaves behind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REDS = [10, 30, 60, 100, 150]
# Weighted 1 to 5 of 15: (10 + 60 + 180 + 400 + 750) / 15 / 255
BY_HAND = 1400 / 15 / 255


@pytest.mark.parametrize("graph", ["stream", "window", "pixels"])
@pytest.mark.parametrize("worker", [True, False])
def test_the_answer_is_the_one_worked_out_by_hand(page: Any, graph: str, worker: bool) -> None:
    info = page.evaluate(
        "async (options) => { const { info } = await create(options); return { ...info, spec: null }; }",
        {"graph": graph, "worker": worker},
    )
    assert (info["graph"], info["worker"], info["provider"], info["warnings"]) == (graph, worker, "wasm", [])
    results = page.evaluate("(reds) => play(reds)", REDS)
    assert [result["state"] for result in results] == ["warming_up"] * 4 + ["ready"]
    last = results[-1]
    assert last["smileProb"] == pytest.approx(BY_HAND, abs=1e-5)
    assert last["emotionLogits"] == pytest.approx([BY_HAND, 51 / 255, 0, 3, 4, 5, 6], abs=1e-5)
    assert last["frameTimesMs"] == [0, 100, 200, 300, 400]
    assert last["isSmile"] is False
    assert 0 < last["inferenceMs"] + last["preprocessMs"] <= last["latencyMs"]
    assert page.evaluate("detector.close()") is None


def test_a_smile_begins_and_ends_with_its_events_and_its_pictures(
    own_site: Any, write_standin: Callable[..., Any]
) -> None:
    write_standin(own_site.model, threshold=0.5, release_threshold=0.4, min_duration_ms=200)
    page = own_site.open()
    page.evaluate("create({ keepCrops: true })")
    # All frames alike: the probability is the red. 140/255 = 0.549, 110/255 = 0.431, 80/255 = 0.314.
    results = page.evaluate("(reds) => play(reds)", [140] * 8 + [110] * 6 + [80] * 6)
    on = [place for place, result in enumerate(results) if result["isSmile"]]
    assert on[0] == 6  # ready at 400 ms, counts 200 ms later
    assert results[13]["smileProb"] == pytest.approx(110 / 255, abs=1e-5)  # below the threshold, above the release
    assert results[13]["isSmile"]
    assert on == list(range(6, on[-1] + 1))
    assert results[on[-1] + 1]["smileProb"] <= 0.4 < results[on[-1]]["smileProb"]
    events = page.evaluate(
        """events.map(([type, detail]) => [type, detail.timestampMs, detail.sinceMs ?? null, detail.reason ?? null,
             detail.crops && [detail.crops.length, detail.crops[0].width, ...detail.crops[4].data.slice(0, 4)]])"""
    )
    assert events == [
        ["smilestart", 600, 400, None, [5, 32, 140, 51, 0, 255]],
        ["smileend", 100 * (on[-1] + 1), None, "released", None],
    ]


def test_the_newest_frame_waits_and_the_one_before_it_is_dropped_unless_a_window_needs_it(page: Any) -> None:
    page.evaluate("create()")
    push = """async (everyMs) => {
      const canvas = new OffscreenCanvas(8, 8);
      canvas.getContext('2d').fillRect(0, 0, 8, 8);
      const before = detector.info.nDropped;
      await detector.reset();
      const frames = [0, 1, 2, 3].map((n) => new VideoFrame(canvas, { timestamp: n }));
      const results = await Promise.all(frames.map((frame, n) => detector.push(frame, n * everyMs)));
      return [results.map(({ state }) => state), frames.map(({ format }) => format), detector.info.nDropped - before];
    }"""
    closed = [None] * 4  # a closed frame has no format
    assert page.evaluate(push, 20) == [["warming_up", "dropped", "dropped", "warming_up"], closed, 2]
    assert page.evaluate(push, 100) == [["warming_up"] * 4, closed, 0]


def test_a_reset_forgets_frames_that_wait_or_are_on_their_way(page: Any) -> None:
    page.evaluate("create()")
    found = page.evaluate(
        """async () => {
          await play([10, 10, 10, 10]);
          const pushed = [detector.push(grey(10), 400), detector.push(grey(10), 500)];
          await detector.reset();
          const after = await detector.push(grey(10), 600);
          return [...(await Promise.all(pushed)), after].map(({ state }) => state);
        }"""
    )
    assert found == ["dropped", "dropped", "warming_up"]


def test_an_answer_that_arrives_after_a_reset_is_dropped_with_its_events(page: Any, hold_answers: Path) -> None:
    page.add_script_tag(path=hold_answers)
    page.evaluate("create()")
    late = """async ([reds, fromMs]) => {
      const before = events.length;
      await play(reds.slice(0, -1), 100, fromMs);
      hold();
      const pushed = detector.push(grey(reds.at(-1)), fromMs + 100 * (reds.length - 1));
      await until(isHeld);
      await detector.reset();
      release();
      const { state, isSmile } = await pushed;
      return [state, isSmile, events.slice(before).map(([type, detail]) => [type, detail.reason ?? null])];
    }"""
    # The held answer would begin a smile: 200 four times has no window yet, the fifth does.
    assert page.evaluate(late, [[200] * 5, 0]) == ["dropped", None, []]
    # It would end one, which the reset has ended already.
    ended = [["smilestart", None], ["smileend", "reset"]]
    assert page.evaluate(late, [[200] * 6 + [0], 1000]) == ["dropped", None, ended]


def test_the_same_frame_again_is_dropped_and_an_earlier_one_begins_anew(page: Any) -> None:
    page.evaluate("create()")
    states = page.evaluate(
        """async () => {
          await play([200, 200, 200, 200, 200]);
          const again = await detector.push(grey(200), 400);
          const earlier = await detector.push(grey(200), 100);
          const after = await play([200, 200, 200, 200], 100, 200);
          return [again, earlier, ...after].map(({ state, isSmile }) => [state, isSmile]);
        }"""
    )
    assert states == [["dropped", True], *[["warming_up", False]] * 4, ["ready", True]]
    assert page.evaluate("events.map(([type, detail]) => [type, detail.reason ?? null])") == [
        ["smilestart", None],
        ["smileend", "reset"],
        ["smilestart", None],
    ]


def test_a_reset_warms_up_again_and_missing_frames_are_a_gap(page: Any) -> None:
    page.evaluate("create()")
    states = page.evaluate(
        """async () => {
          const first = await play([10, 10, 10, 10, 10]);
          const late = await detector.push(grey(10), 700);
          await detector.reset();
          const anew = await detector.push(grey(10), 800);
          return [first[4].state, late.state, anew.state];
        }"""
    )
    assert states == ["ready", "gap", "warming_up"]


def test_a_frame_without_a_face_ends_the_smile_and_begins_the_window_anew(page: Any) -> None:
    page.evaluate(
        """async () => {
          window.faces = [];
          await create({ face: async (frame, at) => {
            if (at === 1300) throw new Error('lost');
            faces.push([frame.width, at]);
            return at === 500 ? null : { x: 1, y: 2 };
          } });
        }"""
    )
    results = page.evaluate("play(Array(14).fill(200))")
    states = [(result["state"], result["isSmile"]) for result in results]
    assert states[4:7] == [("ready", True), ("no_face", False), ("gap", False)]
    assert states[10] == ("ready", True)
    assert states[13] == ("no_face", False)
    assert results[4]["faceBox"] == {"x": 1, "y": 2}
    assert results[5]["faceBox"] is None
    kinds = page.evaluate("events.map(([type, detail]) => [type, detail.reason ?? detail.code ?? null])")
    assert kinds == [
        ["smilestart", None],
        ["smileend", "no_face"],
        ["smilestart", None],
        ["warning", "face-failed"],
        ["smileend", "no_face"],
    ]
    assert page.evaluate("faces[0]") == [64, 0]


@pytest.mark.parametrize("graph", ["stream", "pixels"])
def test_the_source_is_left_as_it_is(page: Any, graph: str) -> None:
    same = page.evaluate(
        """async (graph) => {
          const half = grey(0);
          half.data[0] = 255;
          const before = half.data.slice();
          await create({ graph, mirrored: true, worker: false });
          await detector.push(half, 0);
          return half.data.every((value, at) => value === before[at]);
        }""",
        graph,
    )
    assert same


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_model_sees_the_side_that_it_was_trained_with(
    own_site: Any, write_standin: Callable[..., Any], mirrored: bool
) -> None:
    write_standin(own_site.model, threshold=0.3, release_threshold=0.3)
    page = own_site.open()
    crop = page.evaluate(
        """async (mirrored) => {
          const half = new ImageData(64, 64);
          for (let at = 0; at < half.data.length; at += 4) half.data.set([(at / 4) % 64 < 32 ? 255 : 0, 0, 0, 255], at);
          await create({ mirrored, keepCrops: true });
          for (let n = 0; n < 5; n += 1) await detector.push(half, n * 100);
          const { data } = events[0][1].crops[0];
          return [data[0], data[31 * 4]];
        }""",
        mirrored,
    )
    assert crop == ([0, 255] if mirrored else [255, 0])


def test_a_closed_detector_refuses_and_forgets(page: Any) -> None:
    page.evaluate("create()")
    found = page.evaluate(
        """async () => {
          const inWork = detector.push(grey(10), 0);
          const waiting = detector.push(grey(10), 100);
          await detector.close();
          await detector.close();
          const after = await fails(() => detector.push(grey(10), 200));
          return [(await inWork).state, (await waiting).state, after[0]];
        }"""
    )
    assert found == ["dropped", "dropped", "closed"]


def test_what_is_no_picture_is_refused_and_the_next_frame_works(page: Any) -> None:
    page.evaluate("create()")
    found = page.evaluate(
        """async () => [(await fails(() => detector.push('no picture', 0)))[0],
             (await fails(() => detector.push(document.createElement('video'), 0)))[0],
             (await detector.push(grey(10), 0)).state]"""
    )
    assert found == ["bad-source", "bad-source", "warming_up"]


def test_sessions_of_the_runtime_are_released_and_tensors_disposed(page: Any) -> None:
    counts = page.evaluate(
        """async () => {
          const ort = await import('/ort/ort.wasm.min.mjs');
          ort.env.wasm.wasmPaths = '/ort/';
          const open = { sessions: 0, tensors: 0, most: 0 };
          const counted = { env: ort.env, Tensor: class extends ort.Tensor {
            constructor(...values) {
              super(...values);
              open.tensors += 1;
              open.most = Math.max(open.most, open.tensors);
            }
            dispose() { super.dispose(); open.tensors -= 1; }
          }, InferenceSession: { create: async (...values) => {
            const session = await ort.InferenceSession.create(...values);
            open.sessions += 1;
            const release = session.release.bind(session);
            session.release = async () => { await release(); open.sessions -= 1; };
            return session;
          } } };
          await create({ ort: counted });
          const { worker } = detector.info;
          await play([10, 20, 30, 40, 50, 60, 70, 80]);
          const during = open.sessions;
          await detector.close();
          return [worker, during, open];
        }"""
    )
    assert counts == [False, 2, {"sessions": 0, "tensors": 0, "most": 1}]


def test_the_types_name_every_code_and_every_option(site: Any) -> None:
    types = (site.model / "smile-detector.d.mts").read_text(encoding="utf-8")
    page = site.open()
    codes = page.evaluate("[...client.CODES]")
    listed = types.split("export type Code =")[1].split(";")[0]
    assert [part.strip().strip("'") for part in listed.split("|")[1:]] == codes
    code = (site.model / "smile-detector.mjs").read_text(encoding="utf-8")
    read = {part.split(")")[0].split(" ")[0].split(",")[0].rstrip(".;") for part in code.split("options.")[1:]}
    given = types.split("export interface DetectorOptions {")[1].split("\n}")[0]
    for option in read & {
        "spec",
        "ort",
        "ortUrl",
        "provider",
        "graph",
        "threads",
        "worker",
        "mirrored",
        "face",
        "lang",
    }:
        assert f"  {option}?:" in given
    result = page.evaluate("create().then(() => play([1])).then(([first]) => Object.keys(first))")
    fields = types.split("export interface Result {")[1].split("\n}")[0]
    assert [name for name in result if f"  {name}:" not in fields] == []
