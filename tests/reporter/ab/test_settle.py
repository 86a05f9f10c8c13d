from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tools.reporter.ab.content_verdict import settle_section
from tools.reporter.ab.judgement import judge
from tools.reporter.config import Question
from tools.reporter.render.blocks import Bullets
from tools.reporter.sources.arms import read_arms
from tools.reporter.text.words import ReportWords


@pytest.fixture
def plan_files(tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]) -> tuple[Path, Path]:
    # Two scores only an arm, so that nothing but the tables of the plan is in the areas, too.
    rows = {name: [(*row[:3], int(10 * row[3]) / 10) for row in found] for name, found in plan_rows.items()}
    return (
        make_results(tmp_path, "old", rows["baseline"], 0.5),
        make_results(tmp_path, "new", rows["candidate"], 0.282),
    )


def settled(files: tuple[Path, Path], question: Question, lang: Any = "en") -> tuple[str, str]:
    """Return what the section says of the candidate, and the verdict's sentence."""
    arms = read_arms((None, files[0]), [(None, files[1])])
    judgement = judge(arms, question)
    bullets = settle_section(arms, judgement, ReportWords(lang)).blocks[0]
    assert isinstance(bullets, Bullets)
    return bullets.items[0], judgement.sentence(lang)


@pytest.mark.parametrize(
    ("primary", "shown"),
    [("accuracy", "points in accuracy"), ("recall", "points in recall"), ("roc_auc", "in ROC AUC")],
)
def test_the_plan_is_for_the_metric_that_decides(plan_files: tuple[Path, Path], primary: str, shown: str) -> None:
    said, sentence = settled(plan_files, Question(primary, None))
    assert shown in said
    assert "planned for" not in said + sentence


def test_where_a_metric_cannot_be_planned_it_is_said_what_stands_in(plan_files: tuple[Path, Path]) -> None:
    said, sentence = settled(plan_files, Question("f1", None))
    assert "This was planned for accuracy: a number of clips for F1 cannot be planned." in said
    assert "more people to go on (planned for accuracy): that gives an answer with" in sentence
    said, sentence = settled(plan_files, Question("f1", None), "ko")
    assert "정확도 기준으로 계산했습니다" in said
    assert "(정확도 기준으로 계산)" in sentence


def test_a_metric_that_may_have_dropped_is_planned_for_itself(
    tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]
) -> None:
    # All others right, and 8 of 40 smiles lost: accuracy rose, and recall may have dropped.
    old = make_results(tmp_path, "old", plan_rows["baseline"], 0.5)
    rows = [(*row[:3], 0.1) if row[2] == "non_smile" else row for row in plan_rows["candidate"]]
    said, sentence = settled((old, make_results(tmp_path, "new", rows, 0.282)), Question())
    assert "recall may have dropped by more than 5 points" in sentence
    assert "that recall did not drop by 5.0 points, if it did not drop at all" in said
    assert "(planned for recall): that gives an answer with" in sentence


def test_rare_positives_say_how_many_people_their_protection_takes(tmp_path: Path, make_results: Any) -> None:
    # 24 people of 20 sequences, one positive each: accuracy is known long before recall is.
    rng, files = np.random.default_rng(1), []
    for name in ("old", "new"):
        rows = []
        for number, is_right in enumerate(rng.random(480) < 0.7):
            label = "smile" if number % 20 == 0 else "non_smile"
            score = 0.9 if (label == "smile") == is_right else 0.1
            rows.append((f"seq_{number + 1:04d}", f"s{number // 20:02d}", label, score + number / 10_000))
        files.append(make_results(tmp_path, name, rows))
    arms = read_arms((None, files[0]), [(None, files[1])])
    judgement = judge(arms, Question())
    verdict = judgement.verdict
    assert verdict.guard_plan is not None
    assert verdict.plan is not None
    assert verdict.guard_plan.n_subjects > verdict.plan.n_subjects
    bullets = settle_section(arms, judgement, ReportWords("en")).blocks[0]
    assert isinstance(bullets, Bullets)
    said = "recall is protected, and 5 % of the sequences are positive: to exclude a drop of 5 points takes about "
    assert said + f"{verdict.guard_plan.n_subjects} people" in " ".join(bullets.items)
