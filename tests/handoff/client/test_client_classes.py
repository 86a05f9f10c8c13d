"""The client of a model of another class than smiles: fields, events and the example page bear the class's name."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.handoff.readme import fit_page


@pytest.fixture
def other_site(make_site: Callable[..., Any], write_standin: Callable[..., Any]) -> Any:
    """A site of a model whose positive class is not_teasing."""
    site = make_site()
    spec = write_standin(site.model, min_duration_ms=200, positive_class="not_teasing")
    page = site.model / "index.html"
    page.write_text(fit_page(page.read_text(encoding="utf-8"), spec), encoding="utf-8")
    return site


def test_results_and_events_bear_the_class_and_no_smile(other_site: Any) -> None:
    page = other_site.open()
    page.evaluate(
        """async () => {
          await create();
          for (const type of ['notteasingstart', 'notteasingend'])
            detector.addEventListener(type, ({ detail }) => events.push([type, detail]));
        }"""
    )
    results = page.evaluate("(reds) => play(reds)", [140] * 8 + [80] * 6)
    last = results[7]
    assert last["notTeasingProb"] == last["prob"] == pytest.approx(140 / 255, abs=1e-5)
    assert (last["isNotTeasing"], last["isPositive"]) == (True, True)
    assert all(not {"smileProb", "isSmile"} & set(result) for result in results)
    assert page.evaluate("events.map(([type]) => type)") == ["notteasingstart", "notteasingend"]
    assert page.evaluate("client.Detector === client.SmileDetector")


def test_a_model_of_smiles_has_its_own_names_beside_those_of_all(page: Any) -> None:
    page.evaluate("create()")
    last = page.evaluate("(reds) => play(reds)", [140] * 6)[-1]
    assert last["smileProb"] == last["prob"] == pytest.approx(140 / 255, abs=1e-5)
    assert last["isSmile"] == last["isPositive"]


@pytest.mark.parametrize(
    ("output", "names"),
    [
        ("smile_prob", ["smileProb", "isSmile", "smilestart", "smileend"]),
        ("anxious_prob", ["anxiousProb", "isAnxious", "anxiousstart", "anxiousend"]),
        ("not_teasing_prob", ["notTeasingProb", "isNotTeasing", "notteasingstart", "notteasingend"]),
        ("class_2_prob", ["class2Prob", "isClass2", "class2start", "class2end"]),
        ("a__b__prob", ["aBProb", "isAB", "abstart", "abend"]),
    ],
)
def test_names_are_made_of_the_class(page: Any, output: str, names: list[str]) -> None:
    assert (
        page.evaluate(
            """async (output) => {
              const { namesOf } = await import('/model/smile-detector.window.mjs');
              const { prob, is, start, end } = namesOf(output);
              return [prob, is, start, end];
            }""",
            output,
        )
        == names
    )


@pytest.mark.parametrize(
    ("lang", "title", "word"), [("en", "Detector of", "not teasing"), ("ko", "감지기", "not teasing")]
)
def test_the_example_page_shows_the_class(other_site: Any, ort_dist: Path, lang: str, title: str, word: str) -> None:
    dist = other_site.model / "node_modules" / "onnxruntime-web" / "dist"
    dist.mkdir(parents=True)
    for name in ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"):
        shutil.copy(ort_dist / name, dist / name)
    page = other_site.open()
    page.goto(f"{other_site.server.url}model/index.html?lang={lang}")
    page.wait_for_selector("#camera:not([disabled])")
    heading = page.inner_text("h1")
    assert title in heading
    assert word in heading
    page.evaluate(
        """() => {
          window.shown = [];
          smileDetector.addEventListener('result', ({ detail }) => {
            if (detail.state === 'ready') shown.push(document.getElementById('word').textContent);
          });
        }"""
    )
    page.evaluate(
        """async () => {
          const image = new ImageData(64, 48);
          for (const red of [20, 20, 20, 20, 20, 220, 220, 220, 220, 220, 220, 220, 220]) {
            for (let at = 0; at < image.data.length; at += 4) image.data.set([red, 51, 0, 255], at);
            window.at = (window.at ?? 0) + 100;
            await smileDetector.push(image, window.at);
          }
        }"""
    )
    shown = page.evaluate("shown")
    assert shown[-1] == word
    assert shown[0] == "non not teasing"  # the stand-in's other class
    assert "smile" not in page.inner_text("body").lower()
    assert "웃" not in page.inner_text("body")
