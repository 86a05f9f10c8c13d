"""Models at chance are called that before they are compared."""

import random
from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from shared.chain import ab
from shared.statistics.metrics import chance_auc
from tools.reporter.ab.chance import find_at_chance, is_at_chance
from tools.reporter.ab.judgement import judge
from tools.reporter.ab.verdict import Because, Verdict, Word
from tools.reporter.config import Question
from tools.reporter.sources.arms import Arm, read_arm, read_arms

Row = tuple[str, str, str, float]


def rows_of(n_people: int, per_person: int, gain: float, seed: int = 0) -> list[Row]:
    """Clips with random scores, to which `gain` is added for a smile: at 0 the scores know nothing."""
    rng = random.Random(seed)
    rows: list[Row] = []
    for number in range(n_people * per_person):
        label = "smile" if number % 2 else "non_smile"
        score = round(min(1.0, 0.5 * rng.random() + (gain if number % 2 else 0.0)), 4)
        rows.append((f"seq_{number + 1:04d}", f"s{number // per_person + 1:02d}", label, score))
    return rows


def arm_of(path: Path, role: str = "candidate") -> Arm:
    return read_arm((None, path), role)


def test_an_auc_whose_interval_by_person_holds_one_half_is_at_chance(tmp_path: Path, make_results: Any) -> None:
    noise = arm_of(make_results(tmp_path, "noise", rows_of(20, 4, 0.0), 0.25))
    found = noise.intervals["roc_auc"]
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.5 < found.high
    assert is_at_chance(noise)
    assert not is_at_chance(arm_of(make_results(tmp_path, "good", rows_of(20, 4, 0.3), 0.25)))


def test_clips_of_few_people_that_pass_the_bound_over_sequences_are_at_chance_all_the_same(
    tmp_path: Path, make_results: Any
) -> None:
    # Two of six people get it all right, four all wrong; 20 clips each, which a bound over sequences takes for signal.
    rows: list[Row] = []
    for number in range(120):
        person, is_smile = number // 20, bool(number % 2)
        is_right = person < 4
        score = 0.9 if is_smile == is_right else 0.1
        rows.append((f"s{number:04d}", f"p{person}", "smile" if is_smile else "non_smile", score + number / 10_000))
    arm = arm_of(make_results(tmp_path, "lucky", rows))
    assert arm.results["metrics"]["roc_auc"] > chance_auc(60, 60)
    assert is_at_chance(arm)


def test_scores_in_the_wrong_order_are_not_called_chance(tmp_path: Path, make_results: Any) -> None:
    arm = arm_of(make_results(tmp_path, "reversed", [(*row[:3], 1 - row[3]) for row in rows_of(20, 4, 0.3)]))
    assert arm.results["metrics"]["roc_auc"] < 0.2
    assert not is_at_chance(arm)


@pytest.mark.parametrize(("gain", "expected"), [(0.0, True), (0.4, False)])
def test_one_person_has_no_interval_and_the_bound_over_sequences_stands_in(
    tmp_path: Path, make_results: Any, gain: float, expected: bool
) -> None:
    arm = arm_of(make_results(tmp_path, "alone", rows_of(1, 40, gain), 0.25))
    assert arm.intervals["roc_auc"].low is None
    assert is_at_chance(arm) is expected


def test_one_class_is_not_called_chance(tmp_path: Path, make_results: Any) -> None:
    rows = [row for row in rows_of(6, 4, 0.0) if row[2] == "smile"]
    assert not is_at_chance(arm_of(make_results(tmp_path, "one_class", rows)))


def judge_paths(*paths: Path) -> tuple[tuple[Arm, ...], Verdict]:
    arms = read_arms((None, paths[0]), [(None, path) for path in paths[1:]])
    return arms, judge(arms, Question()).verdict


def test_references_without_training_are_never_called_chance(tmp_path: Path, make_results: Any) -> None:
    old = make_results(tmp_path, "old", rows_of(20, 4, 0.2), 0.25)
    new = make_results(tmp_path, "new", rows_of(20, 4, 0.3), 0.25)
    constant = [(*row[:3], 0.5) for row in rows_of(20, 4, 0.0)]
    majority = make_results(tmp_path, "majority", constant, arm="majority")
    one_frame = make_results(tmp_path, "one_frame", rows_of(20, 4, 0.0, 3), 0.25, arm="one_frame")
    arms, _ = judge_paths(old, new, majority, one_frame)
    assert [arm.role for arm in arms] == ["baseline", "candidate", "reference", "reference"]
    assert find_at_chance(arms) is None
    as_baseline, _ = judge_paths(majority, new)
    assert find_at_chance(as_baseline) is None


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_two_models_at_chance_are_nothing_to_compare_on_the_page_and_in_the_terminal(
    report: Any, tmp_path: Path, make_results: Any, lang: str
) -> None:
    old = make_results(tmp_path, "old", rows_of(20, 4, 0.0, 1), 0.25)
    new = make_results(tmp_path, "new", rows_of(20, 4, 0.0, 2), 0.25)
    result, page = report(tmp_path, old, new, lang=lang)
    said = "Two models at chance: nothing to compare. old (ROC AUC 0." if lang == "en" else "두 모델 모두 무작위 수준"
    assert said in page.text
    word = "Cannot tell" if lang == "en" else "판단할 수 없음"
    assert page.text.index(said) < page.text.index(word)
    terminal = result.as_text()
    assert terminal.index("nothing to compare") < terminal.index("verdict on new")
    document = contracts.read_document(result.folder / "comparison.json", "comparison")
    assert document["verdict"]["at_chance"]["arms"] == ["old", "new"]
    of_ab = ab.Compared(result.folder / "report.html", result.folder / "comparison.json", (), ()).as_text(lang)
    assert of_ab.index(said) < of_ab.index("verdict: cannot tell" if lang == "en" else "판정: 판단할 수 없음")


def test_one_model_at_chance_is_named_alone_and_the_verdict_stands(
    report: Any, tmp_path: Path, make_results: Any
) -> None:
    old = make_results(tmp_path, "old", rows_of(20, 4, 0.0), 0.25)
    new = make_results(tmp_path, "new", rows_of(20, 4, 0.45), 0.48)
    result, page = report(tmp_path, old, new)
    assert result.judgement.verdict.word is Word.BETTER
    assert result.comparison["verdict"]["at_chance"]["arms"] == ["old"]
    assert "At chance, not shown to tell the classes apart better than guessing: old (ROC AUC 0." in page.text
    assert "nothing to compare" not in page.text
    both_good = judge(read_arms((None, new), [("again", new)]), Question())
    assert both_good.as_document()["at_chance"] is None


def test_all_of_several_models_at_chance_are_counted(tmp_path: Path, make_results: Any) -> None:
    noise = [make_results(tmp_path, f"n{seed}", rows_of(20, 4, 0.0, seed), 0.25) for seed in (1, 2, 4)]
    arms, _ = judge_paths(*noise)
    found = find_at_chance(arms)
    assert found is not None
    assert found.sentence["en"].startswith("All 3 models at chance: nothing to compare. n1 (ROC AUC")
    assert found.sentence["ko"].startswith("모델 3개가 모두 무작위 수준")


def with_few_changes(rows: list[Row]) -> list[Row]:
    """The scores with those of every 50th clip turned round."""
    return [(*row[:3], round(0.5 - row[3], 4) if number % 50 == 0 else row[3]) for number, row in enumerate(rows)]


def test_a_settled_verdict_on_two_models_at_chance_becomes_cannot_tell(tmp_path: Path, make_results: Any) -> None:
    for name, gain, expected in (
        ("good", 0.2, (Word.EQUAL, Because.WITHIN_MARGIN)),
        ("noise", 0.0, (Word.CANNOT_TELL, Because.CHANCE)),
    ):
        rows = rows_of(80, 4, gain, 1)
        old = make_results(tmp_path, name, rows, 0.25)
        new = make_results(tmp_path, f"{name}-again", with_few_changes(rows), 0.25)
        _, verdict = judge_paths(old, new)
        assert (verdict.word, verdict.because) == expected
