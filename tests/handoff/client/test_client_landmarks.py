"""The client with a model of landmarks or blendshapes: square, border, largest face, and frames without one.

MediaPipe is stood in for by a landmarker whose answers can be worked out by hand: what it sees is the colour in the
middle. Blue or black is no face; green is one that shows with the border only; else two faces, of which the larger has
all scores equal to red / 255 and the smaller, listed first, 1 minus that.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import paths
from shared.dataset.feature_store import nearest_with_face
from shared.faces import landmarker
from shared.onnx.model import OnnxModel
from tools.handoff.config import HandoffConfig
from tools.handoff.write import write_handoff
from tools.spec_checker.browser.writing import BrowserResults, write_proof

STANDIN = """
const N_POINTS = 478;
export class FaceLandmarker {
  static async createFromOptions(files, options) {
    globalThis.nMade = (globalThis.nMade ?? 0) + 1;
    if (globalThis.isBroken) throw new Error('no graphics');
    globalThis.frozen = null;
    const model = options.baseOptions.modelAssetBuffer.length;
    globalThis.requested = { files, factory: globalThis.ModuleFactory, ...options, model };
    return new FaceLandmarker();
  }
  detect(picture) {
    if (globalThis.frozen) return globalThis.frozen; // as after a lost WebGL context
    const found = this.look(picture);
    globalThis.last = found;
    return found;
  }
  look({ data, width, height }) {
    const [red, green, blue] = data.slice((Math.floor(height / 2) * width + Math.floor(width / 2)) * 4);
    const corner = data.slice(0, 4);
    const none = red + green + blue === 0 || blue > 200 || (green > 200 && width === 224);
    if (none) return { faceLandmarks: [], faceBlendshapes: [] };
    const face = (x, y, z, size) => Array.from({ length: N_POINTS }, (_, k) => ({ x: x + (k ? size : 0), y, z }))
      .map((point, k) => (k === 1 ? { ...point, y: y + size } : point));
    const scores = (score) => ({ categories: Array.from({ length: 52 }, () => ({ score })) });
    globalThis.seen = { width, height, corner: [...corner] };
    return { faceLandmarks: [face(0.1, 0.1, 0, 0.1), face(0.5, 0.25, 0.1, 0.25)],
      faceBlendshapes: [scores(1 - red / 255), scores(red / 255)] };
  }
  close() { globalThis.isClosed = true; }
}
"""
LOADER = "tasks/wasm/vision_wasm_module_internal.js"
# Colours of pushed frames, by what the landmarker finds there.
FACE, BORDER, NOBODY = [60, 0, 0], [60, 255, 0], [0, 0, 255]

READ = """async ([kind, colour]) => {
  const { FaceReader } = await import('/model/smile-detector.landmarks.mjs');
  const spec = await (await fetch('/model/frontend_spec.json')).json();
  const folder = location.origin + '/model/';
  const urls = { tasksUrl: folder + 'tasks/', modelUrl: folder + 'face_landmarker.task' };
  const reader = await FaceReader.load(spec, urls);
  const side = spec.preprocessing.width_px;
  const rgb = new Uint8ClampedArray(side * side * 3).map((_, at) => colour[at % 3]);
  const found = reader.read(rgb);
  reader.close();
  return { options: requested, seen: globalThis.seen, isClosed,
    found: found && { ...found, values: Array.from(found.values).slice(0, 6), n: found.values.length } };
}"""
PUSH = """async (colours) => {
  const paint = ([red, green, blue]) => {
    const image = new ImageData(40, 30);
    for (let at = 0; at < image.data.length; at += 4) image.data.set([red, green, blue, 255], at);
    return image;
  };
  const results = [];
  for (const [place, colour] of colours.entries()) results.push(await detector.push(paint(colour), place * 100));
  return results;
}"""


@pytest.fixture
def lay_out(
    own_site: Any, make_feature_model: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Return a maker of hand-offs in the site, with the stand-in as its package; gives the model's ONNX."""
    fetched = tmp_path / "home" / "artifacts" / "fetched"
    fetched.mkdir(parents=True)
    (fetched / landmarker.MODEL_NAME).write_bytes(b"a landmarker")
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))

    def lay_out(kind: str) -> Path:
        model = make_feature_model(tmp_path / "models" / kind, kind)
        write_handoff(HandoffConfig(model, own_site.model, min_duration_ms=0))
        # A proof that shows nothing: without one, a browser notes the missing file in its console.
        write_proof(own_site.model / paths.SPEC_FILE, BrowserResults())
        (own_site.model / "tasks" / "wasm").mkdir(parents=True)
        loader = own_site.model / "tasks" / "wasm" / "vision_wasm_module_internal.js"
        loader.write_text("export default 'its factory';", encoding="utf-8")
        loader.with_suffix(".wasm").write_bytes(b"\0asm\1\0\0\0")
        (own_site.model / "tasks" / "vision_bundle.mjs").write_text(STANDIN, encoding="utf-8")
        return model

    return lay_out


def test_the_landmarker_is_asked_as_the_spec_says_and_the_largest_face_counts(
    own_site: Any, lay_out: Callable[..., Path]
) -> None:
    lay_out("blendshapes")
    result = own_site.open().evaluate(READ, ["blendshapes", FACE])
    options = result["options"]
    assert (options["runningMode"], options["numFaces"], options["outputFaceBlendshapes"]) == ("IMAGE", 3, True)
    assert (options["model"], options["baseOptions"]["delegate"]) == (len(b"a landmarker"), "CPU")
    # One loader for pages and workers of either kind: imported here, so that the package loads none itself.
    assert (options["factory"], options["files"]["wasmLoaderPath"]) == ("its factory", "")
    assert options["files"]["wasmBinaryPath"].endswith("/model/tasks/wasm/vision_wasm_module_internal.wasm")
    assert result["found"]["values"] == pytest.approx([60 / 255] * 6, abs=1e-6)
    assert (result["found"]["nFaces"], result["found"]["withBorder"], result["found"]["n"]) == (2, False, 52)
    assert result["seen"] == {"width": 224, "height": 224, "corner": [60, 0, 0, 255]}
    assert result["isClosed"] is True


def test_a_face_that_shows_with_the_border_only_is_put_back_into_the_square(
    own_site: Any, lay_out: Callable[..., Path]
) -> None:
    lay_out("landmarks")
    result = own_site.open().evaluate(READ, ["landmarks", BORDER])
    # A border of 56 on each side of 224: 336. The first point lies at (0.5, 0.25) of that, z 0.1 of its width.
    assert result["seen"] == {"width": 336, "height": 336, "corner": [0, 0, 0, 255]}
    first, second = result["found"]["values"][:3], result["found"]["values"][3:]
    assert first == pytest.approx([(0.5 * 336 - 56) / 224, (0.25 * 336 - 56) / 224, 0.1 * 336 / 224], abs=1e-6)
    assert second == pytest.approx([(0.75 * 336 - 56) / 224, (0.5 * 336 - 56) / 224, 0.15], abs=1e-6)
    assert (result["found"]["withBorder"], result["found"]["n"]) == (True, 478 * 3)
    assert own_site.open().evaluate(READ, ["landmarks", NOBODY])["found"] is None


@pytest.mark.parametrize("worker", [True, False])
def test_answers_are_pythons_and_a_window_without_any_face_is_no_smile(
    own_site: Any, lay_out: Callable[..., Path], worker: bool
) -> None:
    model = OnnxModel(lay_out("blendshapes"), threads=1)
    page = own_site.open()
    options = {"allowUntested": True, "tasksUrl": "/model/tasks/", "worker": worker}
    info = page.evaluate("async (options) => { const { info } = await create(options); return info; }", options)
    assert (info["graph"], info["worker"], info["spec"]["input"]["kind"]) == ("window", worker, "blendshapes")
    reds: list[int | None] = [20, 60, None, 140, 220, None, None, None, None, None, 90]
    colours = [NOBODY if red is None else [red, 255 if red == 140 else 0, 0] for red in reds]
    results = page.evaluate(PUSH, colours)
    states = [result["state"] for result in results]
    assert states == ["warming_up"] * 4 + ["ready"] * 4 + ["ready", "no_face", "ready"]
    for end, result in enumerate(results, 1):
        window = reds[max(0, end - 5) : end]
        nearest = nearest_with_face([red is not None for red in window])
        if result["state"] == "warming_up":
            assert result["smileProb"] is None
        elif nearest is None:
            assert (result["state"], result["smileProb"], result["isSmile"]) == ("no_face", 0, False)
            assert result["frameTimesMs"] == [500, 600, 700, 800, 900]
        else:
            scores = np.array([(window[place] or 0) / 255 for place in nearest], np.float32)
            features = np.repeat(scores[:, None], 52, axis=1)
            expected = float(model.run(features[None]).smile_prob[0])
            assert result["smileProb"] == pytest.approx(expected, abs=1e-5)
        assert result["emotionLogits"] is None
        assert result["landmarksMs"] >= 0
    assert page.evaluate("detector.close()") is None


def test_a_smile_ends_when_the_face_is_gone_and_says_so(own_site: Any, lay_out: Callable[..., Path]) -> None:
    lay_out("blendshapes")
    path = own_site.model / "frontend_spec.json"
    spec = json.loads(path.read_text(encoding="utf-8"))
    spec["decision"] |= {"threshold": 1e-6, "release_threshold": 1e-6}
    path.write_text(json.dumps(spec), encoding="utf-8")
    page = own_site.open()
    page.evaluate("create({ allowUntested: true, tasksUrl: '/model/tasks/' })")
    page.evaluate(PUSH, [FACE] * 6 + [NOBODY] * 6)
    events = page.evaluate(
        "events.filter(([type]) => type !== 'warning').map(([t, d]) => [t, d.timestampMs, d.reason])"
    )
    assert events == [["smilestart", 400, None], ["smileend", 1000, "no_face"]]


FREEZE = """async (isBroken) => {
  const wait = globalThis.setTimeout;
  globalThis.setTimeout = (work, ms) => wait(work, ms / 50); // the tries follow each other quickly
  const paint = (n) => {
    const image = new ImageData(40, 30);
    for (let at = 0; at < image.data.length; at += 4) image.data.set([60 + n, 0, 0, 255], at);
    return image;
  };
  const at = (n) =>
    detector.push(paint(n), n * 100).then(({ state, prob }) => [state, prob], ({ code }) => [code, null]);
  const results = [];
  for (let n = 0; n < 6; n += 1) results.push(await at(n));
  globalThis.frozen = globalThis.last;
  globalThis.isBroken = isBroken;
  for (let n = 6; n < 14; n += 1) results.push(await at(n));
  return { results, nMade, codes: events.filter(([type]) => type === 'warning').map(([, { code }]) => code) };
}"""


def test_a_landmarker_that_repeats_itself_is_made_anew_and_its_last_answer_never_given(
    own_site: Any, lay_out: Callable[..., Path]
) -> None:
    lay_out("blendshapes")
    page = own_site.open()
    page.evaluate("create({ allowUntested: true, tasksUrl: '/model/tasks/', worker: false })")
    found = page.evaluate(FREEZE, False)
    states = [state for state, _ in found["results"]]
    assert states == ["warming_up"] * 4 + ["ready"] * 2 + ["dropped"] + ["gap"] * 4 + ["ready"] * 3
    probs = [prob for _, prob in found["results"] if prob is not None]
    assert len(set(probs)) == len(probs) == 5
    assert (found["nMade"], found["codes"]) == (2, ["untested-allowed", "landmarker-renewed"])


def test_a_landmarker_that_cannot_be_had_again_is_an_error_and_no_answer(
    own_site: Any, lay_out: Callable[..., Path]
) -> None:
    lay_out("blendshapes")
    page = own_site.open()
    page.evaluate("create({ allowUntested: true, tasksUrl: '/model/tasks/', worker: false })")
    found = page.evaluate(FREEZE, True)
    assert [state for state, _ in found["results"][6:]] == ["landmarker-lost"] * 8
    assert found["nMade"] == 1 + 3 * 6  # six tries for each of three frames, then no more
    assert found["codes"] == ["untested-allowed"]
    assert page.evaluate("detector.close()") is None


def test_equal_numbers_of_a_face_that_stands_still_are_believed(own_site: Any, lay_out: Callable[..., Path]) -> None:
    lay_out("blendshapes")
    page = own_site.open()
    page.evaluate("create({ allowUntested: true, tasksUrl: '/model/tasks/', worker: false })")
    # The stand-in looks at the middle only: here a corner changes.
    states = page.evaluate(
        """async () => {
          const results = [];
          for (let n = 0; n < 8; n += 1) {
            const image = new ImageData(40, 30);
            for (let at = 0; at < image.data.length; at += 4) image.data.set([60, 0, 0, 255], at);
            for (let at = 20; at < 60; at += 4) image.data[at] = 10 * n;
            results.push((await detector.push(image, n * 100)).state);
          }
          return [results, nMade];
        }"""
    )
    assert states == [["warming_up"] * 4 + ["ready"] * 4, 1]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda folder: (folder / "tasks" / "vision_bundle.mjs").unlink(), "landmarker-missing"),
        (lambda folder: (folder / LOADER).unlink(), "landmarker-missing"),
        (lambda folder: (folder / "face_landmarker.task").write_bytes(b"PK\3\4 and no end"), "file-truncated"),
        (lambda folder: (folder / "face_landmarker.task").unlink(), "model-missing"),
        (lambda folder: (folder / "face_landmarker.task").write_bytes(b"another one"), "model-hash"),
        (lambda folder: (folder / "tasks" / "vision_bundle.mjs").write_text("export {};"), "landmarker-failed"),
        (lambda folder: change(folder, "border", None), "spec-invalid"),
        (lambda folder: change(folder, "running_mode", "VIDEO"), "spec-invalid"),
    ],
    ids=[
        "no-package",
        "no-loader",
        "half-a-model",
        "no-model",
        "another-model",
        "another-package",
        "no-border",
        "videos",
    ],
)
def test_what_is_missing_or_another_is_named(
    own_site: Any, lay_out: Callable[..., Path], spoil: Callable[[Path], Any], code: str
) -> None:
    lay_out("landmarks")
    spoil(own_site.model)
    page = own_site.open()
    own_site.complaints.clear()
    found = page.evaluate("fails(() => create({ allowUntested: true, tasksUrl: '/model/tasks/', lang: 'ko' }))")
    assert found[0] == code
    assert any("가" <= letter <= "힣" for letter in found[1])


def change(folder: Path, key: str, value: Any) -> None:
    """Change what the spec says of the landmarker."""
    path = folder / "frontend_spec.json"
    spec = json.loads(path.read_text(encoding="utf-8"))
    spec["input"]["landmarker"][key] = value
    path.write_text(json.dumps(spec), encoding="utf-8")
