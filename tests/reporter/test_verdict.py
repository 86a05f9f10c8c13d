import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from shared.errors import InvalidInput
from shared.statistics.predictions import Predictions
from tools.reporter.ab.sentence import sentences
from tools.reporter.ab.verdict import Verdict, Word, decide, decide_all

SIMULATIONS = Path(__file__).parents[1] / "simulations"


def arm(n_people: int, clips: int, wrong_smiles: int, wrong_others: int) -> Predictions:
    """Half the clips smile; the first clips of each kind are wrong, spread over people in turn."""
    people = np.tile(np.arange(n_people), clips)
    labels = np.repeat(np.arange(clips) % 2 == 0, n_people)
    decisions = labels.copy()
    decisions[np.flatnonzero(labels)[:wrong_smiles]] = False
    decisions[np.flatnonzero(~labels)[:wrong_others]] = True
    return Predictions(labels, decisions.astype(np.float64), 0.5, people)


def test_a_clear_gain_over_many_people_is_better_in_both_languages() -> None:
    verdict = decide(arm(40, 4, 30, 30), arm(40, 4, 10, 10))
    assert (verdict.word, verdict.because, verdict.passes, verdict.plan) == (Word.BETTER, "shown", True, None)
    assert sentences(verdict)["en"].startswith("Better: accuracy changed by +25.0 points (95 % interval +")
    assert "160 sequences of 40 people" in sentences(verdict)["en"]
    assert sentences(verdict)["ko"].startswith("더 좋음: 정확도 변화 +25.0%p (95% 구간")


def test_the_same_the_other_way_round_is_worse() -> None:
    verdict = decide(arm(40, 4, 10, 10), arm(40, 4, 30, 30), protected=None)
    assert (verdict.word, verdict.because) == (Word.WORSE, "shown")


def test_more_accuracy_bought_with_recall_is_not_better() -> None:
    verdict = decide(arm(40, 4, 10, 60), arm(40, 4, 16, 10))
    assert verdict.difference.low is not None
    assert verdict.difference.low > 0
    assert (verdict.word, verdict.because) == (Word.CANNOT_TELL, "protected_unsure")
    assert "recall may have dropped by more than 5 points" in sentences(verdict)["en"]
    assert decide(arm(40, 4, 10, 60), arm(40, 4, 16, 10), protected=None).word is Word.BETTER


def test_a_sure_loss_of_recall_is_worse_however_accuracy_rose() -> None:
    verdict = decide(arm(40, 4, 5, 70), arm(40, 4, 40, 5))
    assert (verdict.word, verdict.because) == (Word.WORSE, "protected_dropped")


def test_equal_needs_the_whole_interval_within_the_margin() -> None:
    assert decide(arm(300, 4, 60, 60), arm(300, 4, 59, 61)).word is Word.EQUAL
    verdict = decide(arm(10, 4, 4, 4), arm(10, 4, 4, 5))
    assert (verdict.word, verdict.because) == (Word.CANNOT_TELL, "luck")


def test_a_few_lucky_clips_cannot_tell_and_say_what_to_record() -> None:
    verdict = decide(arm(20, 4, 10, 18), arm(20, 4, 9, 13))
    assert verdict.word is Word.CANNOT_TELL
    assert verdict.plan is not None
    said = f"about {verdict.plan.more_sequences} more clips from {verdict.plan.more_subjects} more people"
    assert said in sentences(verdict)["en"]
    assert f"약 {verdict.plan.more_subjects}명" in sentences(verdict)["ko"]


def test_five_people_cannot_tell_however_large_the_gain() -> None:
    assert decide(arm(5, 20, 50, 50), arm(5, 20, 0, 0)).word is Word.CANNOT_TELL
    assert decide(arm(6, 20, 60, 60), arm(6, 20, 0, 0)).word is Word.BETTER  # exact p 2 / 2^6 = 0.031


def test_one_person_one_class_and_equal_scores_give_a_reason_in_both_languages() -> None:
    labels = np.array([True, False] * 4)
    alone = Predictions(labels, labels * 0.8, 0.5, np.zeros(8, dtype=np.int64))
    one_class = Predictions(np.zeros(8, dtype=np.bool_), labels * 0.8, 0.5, np.arange(8))
    flat = Predictions(labels, np.full(8, 0.5), 0.5, np.arange(8))
    for baseline, primary in ((alone, "accuracy"), (one_class, "recall"), (one_class, "roc_auc"), (flat, "precision")):
        verdict = decide(baseline, baseline, primary=primary)
        assert (verdict.word, verdict.because) == (Word.CANNOT_TELL, "undefined")
        assert "None" not in sentences(verdict)["en"] + sentences(verdict)["ko"]
        assert sentences(verdict)["ko"] != sentences(verdict)["en"]
    assert decide(flat, flat).word is Word.CANNOT_TELL


def test_without_a_positive_sequence_recall_is_not_protected_so_nothing_is_better() -> None:
    people = np.arange(60)
    labels = np.zeros(60, dtype=np.bool_)
    bad, good = (Predictions(labels, (people < n).astype(np.float64), 0.5, people) for n in (40, 5))
    verdict = decide(bad, good)
    assert (verdict.word, verdict.because) == (Word.CANNOT_TELL, "protected_unsure")
    assert "there is no sequence that the metric looks at" in sentences(verdict)["en"]


def test_a_gain_that_stands_alone_falls_among_many_candidates() -> None:
    baseline, lucky, same = arm(60, 2, 20, 0), arm(60, 2, 12, 0), arm(60, 2, 20, 0)  # p = 2 / 2^8 = 0.0078
    alone = decide(baseline, lucky, protected=None)
    assert alone.word is Word.BETTER
    together = decide_all(baseline, {"lucky": lucky, **{f"same {i}": same for i in range(9)}}, protected=None)
    assert together["lucky"].test == alone.test
    assert together["lucky"].p_adjusted == pytest.approx(min(1.0, 10 * (alone.test.p or 0)))
    assert together["lucky"].word is Word.CANNOT_TELL


@pytest.mark.parametrize(
    "wrong", [{"primary": "loss"}, {"protected": "speed"}, {"margin": 0.0}, {"margin": 5.0}, {"alpha": 0.0}]
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        decide(arm(6, 2, 1, 1), arm(6, 2, 1, 1), **wrong)  # type: ignore[arg-type]


def test_the_document_is_json_with_identifiers() -> None:
    verdict: Verdict = decide(arm(12, 4, 4, 4), arm(12, 4, 3, 4))
    document = json.loads(json.dumps(verdict.as_document(), allow_nan=False))
    assert (document["word"], document["because"]) == ("cannot_tell", "luck")
    assert document["difference"]["n_subjects"] == 12


def test_without_a_difference_the_verdict_seldom_claims_one() -> None:
    done = subprocess.run(
        [sys.executable, SIMULATIONS / "sim_verdict.py", "--runs", "400", "--seed", "11", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["wrong"] <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5
    assert found["cannot_tell"] > 0.9
