import json
import random
from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from shared.errors import InvalidInput, WrongUsage
from shared.statistics.intervals import difference, interval
from shared.statistics.significance import mcnemar, mcnemar_mid_p
from tools.reporter.ab.judgement import Judgement, judge
from tools.reporter.ab.verdict import Word
from tools.reporter.config import Question
from tools.reporter.sources.arms import read_arms

Row = tuple[str, str, str, float]


def clips(n_people: int, per_person: int, n_wrong: int, seed: int = 0) -> list[Row]:
    """Clips of people, half of them smiles, of which n_wrong, strewn about, get the other answer's score."""
    rng = random.Random(seed)
    wrong = set(rng.sample(range(n_people * per_person), n_wrong))
    rows: list[Row] = []
    for number in range(n_people * per_person):
        label = "smile" if number % 2 else "non_smile"
        high = (label == "smile") != (number in wrong)
        score = round((0.7 if high else 0.1) + 0.2 * rng.random(), 4)
        rows.append((f"seq_{number + 1:04d}", f"s{number // per_person + 1:02d}", label, score))
    return rows


def judge_files(
    baseline: Path, *candidates: Path, references: tuple[Path, ...] = (), question: Question | None = None
) -> Judgement:
    arms = read_arms((None, baseline), [(None, path) for path in candidates], [(None, path) for path in references])
    return judge(arms, question or Question())


def test_the_tables_of_the_plan_cannot_tell_and_say_how_many_more_clips_would(
    tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]
) -> None:
    found = judge_files(
        make_results(tmp_path, "old", plan_rows["baseline"], 0.5),
        make_results(tmp_path, "new", plan_rows["candidate"], 0.282),
    )
    assert found.verdict.word is Word.CANNOT_TELL
    judged = found.arms["new"]
    assert judged.tests["mcnemar"].p == pytest.approx(mcnemar(8, 2)) == pytest.approx(0.109375)
    assert judged.tests["mcnemar_mid_p"].p == pytest.approx(mcnemar_mid_p(8, 2))
    assert judged.tests["mcnemar"].n == 10
    old = found.arms["old"].predictions
    assert judged.paired["recall"] == difference("recall", old, judged.predictions)
    assert judged.intervals["f1"] == interval("f1", judged.predictions)
    assert found.verdict.plan is not None
    assert f"Record about {found.verdict.plan.more_sequences} more clips" in found.sentence("en")
    assert not found.verdict.passes


def test_a_candidate_that_is_right_where_the_baseline_is_wrong_is_better(tmp_path: Path, make_results: Any) -> None:
    old = make_results(tmp_path, "old", clips(20, 4, 40))
    found = judge_files(old, make_results(tmp_path, "new", clips(20, 4, 0)))
    assert found.verdict.word is Word.BETTER
    assert found.as_document()["passes"] is True
    worse = judge_files(make_results(tmp_path, "a", clips(20, 4, 0)), make_results(tmp_path, "b", clips(20, 4, 40)))
    assert worse.verdict.word is Word.WORSE


def test_arms_are_paired_by_the_names_of_sequences_not_by_the_order_of_a_file(
    tmp_path: Path, make_results: Any
) -> None:
    rows, better = clips(20, 4, 40), clips(20, 4, 0)
    straight = judge_files(make_results(tmp_path, "old", rows), make_results(tmp_path, "new", better))
    shuffled = random.Random(5).sample(better, len(better))
    mixed = judge_files(make_results(tmp_path, "old2", rows), make_results(tmp_path, "new2", shuffled))
    assert mixed.verdict == straight.verdict
    assert mixed.arms["new2"].tests == straight.arms["new"].tests


def test_the_best_of_several_candidates_carries_the_correction_for_all_of_them(
    tmp_path: Path, make_results: Any
) -> None:
    old = make_results(tmp_path, "old", clips(20, 4, 40))
    good, same = make_results(tmp_path, "good", clips(20, 4, 0)), make_results(tmp_path, "same", clips(20, 4, 40, 1))
    found = judge_files(old, same, good)
    assert found.best == "good"
    verdict = found.verdict
    assert verdict.p_adjusted == pytest.approx(2 * verdict.test.p)  # Holm: the smallest of two p-values, doubled
    assert "good was chosen from 2 candidates on these same people" in found.sentence("en")
    assert "후보 2개 중에서" in found.sentence("ko")
    assert "chosen from" not in judge_files(old, good).sentence("en")


def test_a_candidate_that_does_not_beat_the_references_is_told_so_in_both_languages(
    tmp_path: Path, make_results: Any
) -> None:
    old = make_results(tmp_path, "old", clips(20, 4, 40))
    new = make_results(tmp_path, "new", clips(20, 4, 8))
    rows = [(*row[:3], 0.5) for row in clips(20, 4, 0)]
    majority = make_results(tmp_path, "majority-class", rows, arm="majority")
    one_frame = make_results(tmp_path, "new-one-frame", clips(20, 4, 8, 3), arm="one_frame")
    found = judge_files(old, new, references=(majority, one_frame))
    assert found.arms["new"].against["majority-class"].word is Word.BETTER
    assert found.as_document()["unbeaten_references"] == ["new-one-frame"]
    assert "a single picture of each sequence (new-one-frame)" in found.sentence("en")
    assert "no training" not in found.sentence("en")  # the model behind it was trained
    assert "majority-class" not in found.sentence("en")
    assert "사진 한 장만 본 같은 모델" in found.sentence("ko")
    assert found.arms["majority-class"].verdict is None
    assert found.arms["majority-class"].intervals["recall"].value == 0.0


def test_results_of_a_reference_are_never_judged_as_a_candidate(tmp_path: Path, make_results: Any) -> None:
    old, new = make_results(tmp_path, "old", clips(6, 4, 4)), make_results(tmp_path, "new", clips(6, 4, 2))
    free = make_results(tmp_path, "free", clips(6, 4, 0), arm="one_frame")
    arms = read_arms((None, old), [(None, free), (None, new)])
    assert [(arm.name, arm.role) for arm in arms] == [("old", "baseline"), ("new", "candidate"), ("free", "reference")]
    with pytest.raises(WrongUsage, match="references only"):
        read_arms((None, old), [(None, free)])


def with_changes(path: Path, **changes: Any) -> Path:
    document = json.loads(path.read_text())
    for key, value in changes.items():
        if isinstance(value, dict):
            document[key] |= value
        else:
            document[key] = value
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(
    ("changes", "because", "reason"),
    [
        ({"side": "train"}, "train", "were used for training"),
        ({"side": "validation"}, "validation", "measure on the test set"),
        ({"metrics": {"threshold_source": "optimal"}}, "threshold", "chosen on the very sequences"),
    ],
)
def test_figures_that_flatter_cannot_make_a_candidate_better(
    tmp_path: Path, make_results: Any, changes: dict[str, Any], because: str, reason: str
) -> None:
    old = make_results(tmp_path, "old", clips(20, 4, 40))
    new = with_changes(make_results(tmp_path, "new", clips(20, 4, 0)), **changes)
    found = judge_files(old, new)
    assert (found.verdict.word, found.verdict.because) == (Word.CANNOT_TELL, because)
    assert reason in found.sentence("en")
    assert found.sentence("ko").startswith("판단할 수 없음")
    assert not found.verdict.passes


def test_figures_that_flatter_do_not_hide_that_a_candidate_is_worse(tmp_path: Path, make_results: Any) -> None:
    old = make_results(tmp_path, "old", clips(20, 4, 0))
    assert judge_files(old, make_results(tmp_path, "new", clips(20, 4, 40), side="train")).verdict.word is Word.WORSE


def test_one_class_only_never_gives_a_verdict(tmp_path: Path, make_results: Any) -> None:
    rows = [row for row in clips(20, 8, 0) if row[2] == "smile"]
    lost = [(*row[:3], 0.2) for row in rows]
    for one, other in ((lost, rows), (rows, lost)):
        found = judge_files(make_results(tmp_path, "old", one), make_results(tmp_path, "new", other))
        assert (found.verdict.word, found.verdict.because) == (Word.CANNOT_TELL, "one_class")


def test_one_person_only_never_gives_a_verdict(tmp_path: Path, make_results: Any) -> None:
    old, new = make_results(tmp_path, "old", clips(1, 80, 40)), make_results(tmp_path, "new", clips(1, 80, 0))
    found = judge_files(old, new)
    assert found.verdict.word is Word.CANNOT_TELL
    assert "one person only" in found.sentence("en")
    assert found.arms["new"].intervals["accuracy"].low is None


@pytest.mark.parametrize(("score", "because"), [(0.9, "all_equal"), (None, "same_decision")])
def test_a_candidate_that_does_not_tell_the_classes_apart_is_never_better(
    tmp_path: Path, make_results: Any, score: float | None, because: str
) -> None:
    rows = clips(20, 4, 0)
    wrong = [(*row[:3], round(1 - row[3], 4)) for row in rows]  # a baseline that is never right
    flat = [(*row[:3], score if score is not None else 0.6 + row[3] / 10) for row in rows]
    found = judge_files(make_results(tmp_path, "old", wrong), make_results(tmp_path, "new", flat))
    assert (found.verdict.word, found.verdict.because) == (Word.CANNOT_TELL, because)


def test_a_decision_that_its_score_does_not_give_is_refused(tmp_path: Path, make_results: Any) -> None:
    path = make_results(tmp_path, "old", clips(4, 2, 0))
    predictions = tmp_path / "old_predictions.csv"
    text = predictions.read_text()
    line = text.splitlines()[1]
    cells = line.split(",")
    cells[3] = "0.9"  # still called non_smile
    predictions.write_text(text.replace(line, ",".join(cells)))
    with_changes(path, predictions={"sha256": contracts.sha256_file(predictions)})
    arms = read_arms((None, path), [("new", make_results(tmp_path, "new", clips(4, 2, 0)))])
    with pytest.raises(InvalidInput, match=r"seq_0001: found the score 0\.9 called negative"):
        judge(arms, Question())


def test_plans_of_pooled_seeds_count_sequences_not_answers(
    tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]
) -> None:
    def repeated(rows: list[Row]) -> list[Row]:
        return [*rows, *((f"{row[0]}@2", *row[1:]) for row in rows)]

    found = judge_files(
        make_results(tmp_path, "old", repeated(plan_rows["baseline"]), 0.5),
        make_results(tmp_path, "new", repeated(plan_rows["candidate"]), 0.282),
    )
    plan = found.verdict.plan
    assert plan is not None
    # 160 answers of 20 people are 80 sequences: 4 a person, and so are the planned ones.
    assert plan.n_sequences == pytest.approx(4 * plan.n_subjects, abs=1)
    assert "80 sequences of 20 people, each predicted in 2 runs)" in found.sentence("en")
    assert "20명의 시퀀스 80개, 각각 2번 실행)" in found.sentence("ko")


def test_the_question_can_be_another_one(tmp_path: Path, make_results: Any) -> None:
    old, new = make_results(tmp_path, "old", clips(20, 4, 40)), make_results(tmp_path, "new", clips(20, 4, 0))
    found = judge_files(old, new, question=Question("roc_auc", None, 0.02))
    document = found.as_document()
    assert (document["primary"], document["protected"], document["margin"]) == ("roc_auc", None, 0.02)
    assert found.verdict.protected_difference is None
    with pytest.raises(InvalidInput, match="margin"):
        judge_files(old, new, question=Question(margin=0.0))
