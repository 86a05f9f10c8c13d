"""Play against training: each cause by its name, silence where nothing differs, and what cannot be known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import contracts
from tests import axe
from tools.drift import cli
from tools.drift.causes import NAMES, Outcome, compare
from tools.drift.page import _TEXTS
from tools.drift.population import COLOURS, MEASURES, Population, missed_share
from tools.drift.report import judge_groups

N_LEANS = 12


def people(names: str, seed: int = 0, n_each: int = 4, **shifts: float) -> Population:
    """Draw people, each with means of their own; shifts move a measure of all."""
    subjects = tuple(name for name in names for _ in range(n_each))
    width = len(MEASURES) + len(COLOURS) + N_LEANS
    own = np.array([np.random.default_rng(ord(name)).standard_normal(width) for name in names])
    values = np.repeat(own, n_each, axis=0) + 0.2 * np.random.default_rng(seed).standard_normal((len(subjects), width))
    measures = 3 + values[:, : len(MEASURES)]
    measures[:, MEASURES.index("fps")] = 30
    for measure, shift in shifts.items():
        measures[:, MEASURES.index(measure)] += shift
    colours, leans = values[:, len(MEASURES) : -N_LEANS], values[:, -N_LEANS:]
    return Population(subjects, measures, colours, leans, (None,) * len(subjects))


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("sign", [-1, 1])
def test_each_measure_is_called_by_its_name(measure: str, sign: int) -> None:
    shift = sign * 10 if measure == "fps" else sign * 8
    found = compare(people("abcdefg"), people("abcdefg", seed=1, **{measure: shift}))
    assert found.called == (NAMES[measure][int(sign > 0)],)
    assert found.outcome is Outcome.DRIFT


def test_a_difference_that_does_not_matter_is_not_called() -> None:
    reference, play = people("abcdefg"), people("abcdefg", seed=1, fps=0.5)  # of 30: all the same way, and nothing
    assert compare(reference, play).called == ()


def test_halves_of_the_same_people_stay_silent() -> None:
    draws = [compare(people("abcdefgh", seed), people("abcdefgh", seed + 1000)) for seed in range(20)]
    assert sum(found.outcome is Outcome.DRIFT for found in draws) <= 1  # 5 %
    assert all(found.told is not None for found in draws)


def test_other_people_of_the_same_kind_stay_silent_too() -> None:
    everybody = [chr(ord("A") + n) for n in range(32)]
    called = 0
    for seed in range(8):
        dealt = np.random.default_rng(seed).permutation(everybody)
        called += bool(compare(people("".join(dealt[:16])), people("".join(dealt[16:]), seed=1)).called)
    assert called <= 2  # of 8 draws at 5 % three or more come in 0.6 %


def test_too_few_people_cannot_tell_and_say_so() -> None:
    found = compare(people("abc"), people("abc", seed=1, light=9))
    assert (found.outcome, found.reason, found.called) == (Outcome.CANNOT_TELL, "few_people", ())
    assert found.least_p == 0.25
    assert found.told is None


def test_mirrored_play_is_called_mirrored() -> None:
    play = people("abcdefg", seed=1)
    turned = Population(play.subjects, play.measures, play.colours, -play.leans, play.groups)
    assert compare(people("abcdefg"), turned).called == ("mirrored",)


def test_what_has_no_name_is_found_by_the_classifier() -> None:
    play = people("abcdefghi", seed=1)
    yellow = Population(play.subjects, play.measures, play.colours - 6, play.leans, play.groups)
    found = compare(people("abcdefghi"), yellow)
    assert found.called == ("otherwise",)
    assert found.told is not None
    assert found.told.auc > 0.9


def test_each_device_is_judged_for_itself() -> None:
    computer, phone = people("abcdefghi", seed=1), people("abcdefghi", seed=2, light=-8)
    play = Population(
        computer.subjects + phone.subjects,
        *(
            np.concatenate([getattr(one, name) for one in (computer, phone)])
            for name in ("measures", "colours", "leans")
        ),
        ("Chromium · Linux · computer",) * computer.n + ("Chromium · Android · phone",) * phone.n,
    )
    found = {
        one["name"].split()[-1]: (one["outcome"], one["called"]) for one in judge_groups(people("abcdefghi"), play, 0)
    }
    assert found == {"computer": ("none_shown", []), "phone": ("drift", ["darker"])}
    assert judge_groups(computer, computer, 0) == []


def test_windows_that_a_page_would_miss() -> None:
    assert missed_share([100 * n for n in range(20)], 5, 100) == 0
    assert missed_share([150 * n for n in range(20)], 5, 100) == 0  # the nearest frame is 50 ms away
    assert missed_share([180 * n for n in range(20)], 5, 100) == 1
    assert np.isnan(missed_share([], 5, 100))
    assert np.isnan(missed_share([0, 100, 200], 1, 0))  # photos


def test_every_name_has_words() -> None:
    called = {name for less, more, *_ in NAMES.values() for name in (less, more)} | {"mirrored", "otherwise"}
    assert {key.removeprefix("called_") for key in _TEXTS if key.startswith("called_")} == called
    schema = contracts.load_schema("drift")["properties"]
    assert set(schema["called"]["items"]["enum"]) == called
    assert {key.removeprefix("measure_") for key in _TEXTS if key.startswith("measure_")} == {*MEASURES, *COLOURS}


def drift(home: Path, *words: object) -> int:
    where = ["--model", home / "m.onnx", "--face-model", "none", "--quiet"]
    return cli.main([*map(str, [*where, *words])])


def test_a_page_and_a_document_name_the_dark(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = home / "found"
    assert drift(home, "--dataset", "game", "--reference", "people", "--out", out, "--lang", "en") == 1
    found = contracts.read_document(out / "drift.json", "drift")
    assert (found["outcome"], found["called"][0]) == ("drift", "darker")
    assert found["people"] == {"both": 8, "reference_only": 0, "play_only": 0, "least_p": 2 / 256}
    said = capsys.readouterr().out
    assert "Drift: darker pictures" in said
    assert "SYNTHETIC DATA" in said
    page = (out / "drift.html").read_text(encoding="utf-8")
    assert page.count('<span lang="ko">') == page.count('<span lang="en">') > 40
    assert "더 어두운 화면" in page
    assert "http" not in page.replace("http-equiv", "")
    assert str(home) not in page


def test_the_same_people_again_are_no_drift(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "datasets" / "game").rename(home / "datasets" / "dark")
    assert drift(home, "--dataset", "dark", "--reference", "dark") == 1
    assert "found the reference itself" in capsys.readouterr().err
    assert drift(home, "--dataset", "people", "--reference", "dark", "--json") == 1
    assert json.loads(capsys.readouterr().out)["drift"]["called"][0] == "brighter"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--dataset", "game"], "no card that says what it learned from"),
        (["--dataset", "nobody", "--reference", "people"], "found no such folder"),
    ],
)
def test_what_is_missing_is_said(home: Path, words: list[str], said: str, capsys: Any) -> None:
    assert drift(home, *words) == 1
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_the_page_is_for_everybody(home: Path, launch: Any) -> None:
    out = home / "found"
    drift(home, "--dataset", "game", "--reference", "people", "--out", out, "--lang", "ko")
    page = launch().new_page()
    page.goto((out / "drift.html").as_uri())
    axe.assert_accessible(page, "tools/drift/page.html")
