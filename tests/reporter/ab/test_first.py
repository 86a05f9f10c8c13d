"""The page says what to use in its first line, its verdict in one sentence, and what to type next in its last."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.text.catalogue import LANGS
from tools.reporter.text.words import PAGES

MOST_WORDS = 35


def rows(n_right: int, n: int = 24, *, swap: bool = False) -> list[tuple[str, str, str, float]]:
    """A smile and a non-smile of each person; the first (or last) n_right people are recognised, the others never."""
    found = []
    for number in range(n):
        is_right = (n - 1 - number if swap else number) < n_right
        for place, label in enumerate(("smile", "non_smile")):
            score = 0.9 if (label == "smile") == is_right else 0.1
            found.append((f"seq_{2 * number + place:04d}", f"s{number:02d}", label, score + 0.001 * place))
    return found


@pytest.fixture
def first(tmp_path: Path, make_results: Any, report: Any) -> Callable[..., tuple[Any, Any]]:
    """Return a factory: ``first(baseline=15, candidate=24, blendshapes=24)`` reports arms with so many people right."""

    def make(lang: str = "en", **right: int) -> tuple[Any, Any]:
        files = {name: make_results(tmp_path, name, rows(n), **({"arm": name} if name == "blendshapes" else {}))
                 for name, n in right.items()}  # fmt: skip
        files["majority"] = make_results(tmp_path, "majority", [(*row[:3], 0.0) for row in rows(24)], arm="majority")
        references = tuple((None, file) for name, file in files.items() if name in ("blendshapes", "majority"))
        return report(tmp_path, files["baseline"], files["candidate"], references=references, lang=lang)

    return make


def test_a_reference_that_is_as_good_and_needs_no_training_is_the_first_line(first: Any) -> None:
    # It had to be discovered in a table that the reference without training was right each time.
    result, page = first(baseline=14, candidate=24, blendshapes=24)
    found = result.comparison["recommendation"]
    assert (found["arm"], found["reason"]) == ("blendshapes", "use")
    line = found["sentence"]["en"]
    assert line.startswith(
        "Use blendshapes: 48 of 48 right (100.0 %), no training, MediaPipe's face landmarker in the page."
    )
    assert page.text.index(line) < page.text.index("Better: accuracy")
    assert result.as_text().startswith(line)


def test_what_is_shown_to_be_better_is_used_and_what_is_not_is_kept(first: Any) -> None:
    found = first(baseline=14, candidate=24)[0].comparison["recommendation"]
    assert (found["arm"], found["reason"]) == ("candidate", "use")
    found = first(baseline=22, candidate=24)[0].comparison["recommendation"]
    assert (found["arm"], found["reason"]) == ("baseline", "keep")
    assert found["next"] == ["./inv collect --dataset people --subject NEW_PERSON"]
    found = first(baseline=24, candidate=14)[0].comparison["recommendation"]
    assert (found["arm"], found["reason"]) == ("baseline", "keep")
    assert first(baseline=12, candidate=13)[0].comparison["recommendation"]["arm"] is None  # both at chance


def test_figures_that_carry_no_verdict_recommend_nothing(tmp_path: Path, make_results: Any, report: Any) -> None:
    files = [make_results(tmp_path, name, rows(n), side="train") for name, n in (("one", 14), ("two", 24))]
    result, page = report(tmp_path, *files)
    found = result.comparison["recommendation"]
    assert (found["arm"], found["reason"]) == (None, "weak")
    assert "Decide nothing on these figures: these sequences were used for training" in page.text


@pytest.mark.parametrize("lang", LANGS)
def test_method_and_n_are_said_once_a_row_and_the_rest_is_folded(lang: str, first: Any) -> None:
    result, _ = first(lang, baseline=14, candidate=23, blendshapes=24)
    html = (result.folder / "report.html").read_text(encoding="utf-8")
    table = re.search(r'<section id="metrics">.*?</section>', html, re.S)
    assert table is not None
    assert len(re.findall(r"n = \d+", table[0])) == 5  # a metric a row; there were as many as cells
    assert html.count("<details id=") + 1 == html.count("</details>") > 8  # one is in the verdict's box
    assert re.findall(r'<section id="(\w+)">', html) == ["verdict", "metrics", "next"]
    assert html.index('id="next"') > html.rindex("</details>")


@pytest.mark.parametrize("lang", LANGS)
def test_the_verdicts_first_sentence_is_short_whatever_it_says(lang: str) -> None:
    filled = {
        "metric": "ROC AUC", "difference": "+48.1 points", "p": "p = 0.016", "margin": "5", "protected": "precision",
        "interval": "95 % interval −36.8 to +59.5", "basis": "1240 sequences of 120 people, each predicted in 3 runs",
        "guard": "95 % interval −54.2 to +99.6",
    }  # fmt: skip
    filled["change"] = getattr(PAGES["verdict_change"], lang).format(**filled)
    reasons = [getattr(text, lang) for key, text in PAGES.items() if key.startswith(("weak_", "reason_"))]
    texts = {key: getattr(text, lang) for key, text in PAGES.items() if key.startswith("verdict_")}
    tried = 0
    for key, text in texts.items():
        if not {"{change}", "{reason}"} & set(re.findall(r"{\w+}", text)):
            continue  # no whole sentence
        for reason in reasons if "{reason}" in text else [""]:
            sentence = re.split(r"(?<=[^\d.])\. ", text.format(**{**filled, "reason": reason}))[0]
            assert len(sentence.split()) <= MOST_WORDS, f"{key}: {sentence}"
            tried += 1
    assert tried > 20
