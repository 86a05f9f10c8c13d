"""What several reviewers decide together, and how far they agree."""

import random

import pytest

from shared.statistics.kappa import measure_kappa
from tools.reviewer import cli
from tools.reviewer.agreement import kappas, settle
from tools.reviewer.decisions import ReviewFile
from tools.reviewer.status import read_status

SMILE, OTHER = "label:smile", "label:non_smile"


@pytest.mark.parametrize(
    ("votes", "prefer", "decision", "how"),
    [
        ({"r1": SMILE}, None, SMILE, "agreed"),
        ({"r1": SMILE, "r2": SMILE}, None, SMILE, "agreed"),
        ({"r1": SMILE, "r2": OTHER}, None, None, None),
        ({"r1": SMILE, "r2": OTHER}, "r2", OTHER, "preferred"),
        ({"r1": SMILE, "r2": OTHER}, "r9", None, None),
        ({"r1": SMILE, "r2": OTHER, "r3": OTHER}, None, OTHER, "majority"),
        ({"r1": SMILE, "r2": OTHER, "r3": OTHER}, "r1", SMILE, "preferred"),
        ({"r1": SMILE, "r2": OTHER, "r3": "unsure"}, None, None, None),
        ({"r1": SMILE, "r2": SMILE, "r3": OTHER, "r4": OTHER}, None, None, None),
    ],
)
def test_reviewers_settle_a_sequence_by_agreement_preference_or_more_than_half(votes, prefer, decision, how):
    outcome = settle(votes, prefer)
    assert (outcome.decision, outcome.how) == (decision, how)


def test_kappa_of_a_table_computed_by_hand():
    # 20 both smile, 15 both not, 5 and 10 differ: 35 of 50 agree; by chance 25/50 x 30/50 + 25/50 x 20/50 = 0.5.
    pairs = [(SMILE, SMILE)] * 20 + [(SMILE, OTHER)] * 5 + [(OTHER, SMILE)] * 10 + [(OTHER, OTHER)] * 15
    found = measure_kappa(("r1", "r2"), pairs)
    assert found.agreement == pytest.approx(0.7)
    assert found.kappa == pytest.approx(0.4)
    # Wilson's bounds of 35 of 50 are 0.5625 and 0.8090; (x - 0.5) / 0.5 of them.
    assert found.low == pytest.approx(0.125, abs=1e-3)
    assert found.high == pytest.approx(0.618, abs=1e-3)
    assert found.table[SMILE] == {SMILE: 20, OTHER: 5}


def test_kappa_is_that_of_scikit_learn_with_four_kinds_of_decisions():
    from sklearn.metrics import cohen_kappa_score

    rng = random.Random(5)
    kinds = [SMILE, OTHER, "unsure", "exclude"]
    pairs = [(one, one if rng.random() < 0.6 else rng.choice(kinds)) for one in rng.choices(kinds, k=300)]
    expected = cohen_kappa_score([one for one, _ in pairs], [other for _, other in pairs])
    assert measure_kappa(("r1", "r2"), pairs).kappa == pytest.approx(expected)


def test_kappa_where_all_agree_is_one_with_an_interval_that_is_no_point():
    found = measure_kappa(("r1", "r2"), [(SMILE, SMILE)] * 10 + [(OTHER, OTHER)] * 10)
    assert (found.kappa, found.high) == (1.0, 1.0)
    assert found.low is not None
    assert found.low < 0.75  # Wilson's lower bound of 20 of 20 is 0.8389


def test_kappa_is_undefined_where_both_said_one_and_the_same_thing_only_and_without_pairs():
    assert measure_kappa(("r1", "r2"), [(SMILE, SMILE)] * 5).kappa is None
    assert measure_kappa(("r1", "r2"), []).agreement is None


def test_a_decision_made_after_seeing_the_others_says_nothing_about_agreement(dataset, decide):
    for number, (first, second) in enumerate([(SMILE, SMILE), (OTHER, OTHER), (SMILE, OTHER), (OTHER, OTHER)], start=1):
        decide(dataset, "r1", number, first)
        decide(dataset, "r2", number, second)
    alone = kappas(ReviewFile(dataset).decisions)[0]
    decide(dataset, "r2", 3, SMILE, previous=OTHER, saw_others=True)
    assert kappas(ReviewFile(dataset).decisions)[0] == alone
    assert alone.agreement == 0.75
    assert read_status(dataset.folder).disagreements == {}


def test_status_counts_what_each_reviewer_decided_and_lists_what_they_disagree_on(dataset, decide, capsys):
    decide(dataset, "r1", 1, OTHER)  # as labelled
    decide(dataset, "r1", 2, SMILE)
    decide(dataset, "r1", 3, "unsure")
    decide(dataset, "r2", 2, OTHER)
    assert cli.main(["status", "--dataset", "people"]) == 0
    out = capsys.readouterr().out
    assert "3 of 12 sequences decided on, 0 marked as reviewed" in out
    assert "r1: 3 of 12 (1 non_smile, 1 smile, 1 unsure); 1 differ from labels.csv" in out
    assert "1 disagreements:\n  seq_0002: r1 smile, r2 non_smile" in out


def test_status_of_a_dataset_that_nobody_has_reviewed(dataset, capsys):
    assert cli.main(["status", "--dataset", "people"]) == 0
    assert "0 of 12 sequences decided on" in capsys.readouterr().out
    assert not (dataset.folder / "review.json").exists()
