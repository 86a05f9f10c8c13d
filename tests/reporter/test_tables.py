import itertools
import json
import os
import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from shared.errors import InvalidInput, WrongUsage
from shared.statistics.metrics import Confusion
from shared.statistics.predictions import Predictions
from tools.reporter.ab.verdict import decide
from tools.reporter.cli import main
from tools.reporter.config import TablesConfig
from tools.reporter.tables.pairings import Margins, all_pairings
from tools.reporter.tables.rates import RightCount, fit_tables, parse_rates
from tools.reporter.tables.tables import compare_tables, pair_up

BASELINE = Confusion(tp=30, fn=10, tn=22, fp=18)
CANDIDATE = Confusion(tp=28, fn=12, tn=30, fp=10)


def compare(baseline: Any, candidate: Any, *, n_subjects: int | None = None, margin: float = 0.05) -> dict[str, Any]:
    return compare_tables(TablesConfig(baseline, candidate, n_subjects, margin, "en")).as_json()


def mcnemar_p(gained: int, lost: int) -> float:
    return float(mcnemar([[0, gained], [lost, 0]], exact=True).pvalue) if gained + lost else 1.0


def pairs_of_class(n: int, one: int, other: int) -> list[tuple[int, int]]:
    """(gained, lost) of all pairings, found by trying all 2 x 2 tables with these margins."""
    found = []
    for both, gained, lost in itertools.product(range(n + 1), repeat=3):
        if both + lost == one and both + gained == other and both + gained + lost <= n:
            found.append((gained, lost))
    return found


def test_the_published_tables_leave_121_pairings_and_none_shows_the_gain() -> None:
    found = compare(BASELINE, CANDIDATE)
    accuracy = found["pairings"]["accuracy"]
    assert accuracy["n_pairings"] == 121
    assert accuracy["n_significant"] == 0
    assert accuracy["p_min"] == 0.109375  # 8 right, 2 lost: 2 (1 + 10 + 45) / 2**10
    assert accuracy["p_max"] == pytest.approx(0.47988766, abs=5e-9)  # 28 against 22
    assert (accuracy["fewest_disagreements"], accuracy["most_disagreements"]) == (10, 50)
    assert (found["verdict"]["word"], found["verdict"]["because"]) == ("cannot_tell", "luck")
    assert found["directions"] == {
        "recall": "fell",
        "specificity": "rose",
        "precision": "rose",
        "f1": "rose",
        "accuracy": "rose",
    }
    assert "CANNOT TELL" in found["text"].splitlines()[0]
    assert "FELL: recall." in found["text"]


def test_recall_and_specificity_have_their_own_pairings() -> None:
    found = compare(BASELINE, CANDIDATE)["pairings"]
    assert (found["recall"]["n_pairings"], found["specificity"]["n_pairings"]) == (11, 11)
    assert found["recall"]["p_min"] == 0.5  # 0 against 2: 2 / 2**2
    assert found["recall"]["p_max"] == pytest.approx(mcnemar_p(10, 12))
    assert found["specificity"]["p_min"] == 0.0078125  # 8 against 0: 2 / 2**8
    assert found["specificity"]["p_max"] == pytest.approx(mcnemar_p(18, 10))
    assert found["specificity"]["n_significant"] == 3  # 8:0, 9:1 and 10:2 (p 0.039), not 11:3 (p 0.057)


def test_the_clips_needed_span_from_the_fewest_disagreements_to_the_most() -> None:
    needed = compare(BASELINE, CANDIDATE)["clips_needed"]
    assert (needed["low"], needed["low_disagreement"]) == (173, 0.125)
    assert needed["high"] == 556
    # Connor's formula by hand at 50 of 80: (1.95996 sqrt(.625) + .84162 sqrt(.625 - .005625))**2 / .005625 = 869.7
    assert (needed["most"], needed["most_disagreement"]) == (870, 0.625)


def test_every_metric_of_both_tables_has_wilsons_interval() -> None:
    metrics = compare(BASELINE, CANDIDATE)["metrics"]
    for metric, part, whole in (
        ("recall", 30, 40),
        ("specificity", 22, 40),
        ("precision", 30, 48),
        ("accuracy", 52, 80),
    ):
        found = metrics[metric]["baseline"]
        assert (found["low"], found["high"]) == pytest.approx(proportion_confint(part, whole, method="wilson"))
        assert (found["value"], found["n"]) == (part / whole, whole)
    low, high = proportion_confint(28, 50, method="wilson")  # F1 = 2 J / (1 + J), J = TP / (TP + FP + FN)
    found = metrics["f1"]["candidate"]
    assert (found["low"], found["high"]) == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))
    assert found["value"] == pytest.approx(56 / 78)


@pytest.mark.parametrize("sizes", [(3, 4), (5, 2), (1, 6), (4, 4)])
def test_tiny_tables_agree_with_trying_every_pairing(sizes: tuple[int, int]) -> None:
    n_positive, n_negative = sizes
    for tp, tn, other_tp, other_tn in itertools.product(*(range(n + 1) for n in (*sizes, *sizes))):
        of_positives = pairs_of_class(n_positive, tp, other_tp)
        of_negatives = pairs_of_class(n_negative, tn, other_tn)
        p = [mcnemar_p(a + c, b + d) for a, b in of_positives for c, d in of_negatives]
        found = all_pairings(Margins(n_positive, tp, other_tp), Margins(n_negative, tn, other_tn))
        assert found.n_pairings == len(p)
        assert (found.p_min, found.p_max) == pytest.approx((min(p), max(p)))
        assert found.n_significant == sum(one < 0.05 for one in p)


def test_significant_pairings_are_counted_as_by_trying_each() -> None:
    found = all_pairings(Margins(12, 4, 8), Margins(20, 9, 14))
    p = [mcnemar_p(a + c, b + d) for a, b in pairs_of_class(12, 4, 8) for c, d in pairs_of_class(20, 9, 14)]
    assert 0 < sum(one < 0.05 for one in p) < len(p)
    assert (found.n_significant, found.n_pairings) == (sum(one < 0.05 for one in p), len(p))


@pytest.mark.parametrize("most", [True, False])
@pytest.mark.parametrize("n_people", [80, 16, 1])
def test_written_down_answers_have_both_tables(most: bool, n_people: int) -> None:
    one, other = pair_up(BASELINE, CANDIDATE, most=most, n_people=n_people)
    assert (one.confusion, other.confusion) == (BASELINE, CANDIDATE)
    assert one.n_subjects == n_people
    assert int(np.sum(one.decisions != other.decisions)) == (50 if most else 10)


def predictions_of(n_positive: int, n_negative: int, right: list[tuple[bool, bool]]) -> list[Predictions]:
    labels = np.arange(n_positive + n_negative) < n_positive
    said = labels == np.array(right).T
    return [Predictions(labels, arm.astype(np.float64), 0.5, np.arange(labels.size)) for arm in said]


@pytest.mark.parametrize("margin", [0.05, 0.2, 0.4])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Confusion(9, 11, 8, 12), Confusion(18, 2, 17, 3)),
        (Confusion(19, 1, 18, 2), Confusion(18, 2, 19, 1)),
        (Confusion(14, 6, 8, 12), Confusion(7, 13, 16, 4)),
        (Confusion(20, 0, 15, 5), Confusion(6, 14, 16, 4)),
        (Confusion(12, 8, 12, 8), Confusion(12, 8, 12, 8)),
    ],
)
def test_the_verdict_is_the_one_that_every_single_pairing_gets(one: Confusion, other: Confusion, margin: float) -> None:
    def clips(n: int, n_one: int, n_other: int) -> list[list[tuple[bool, bool]]]:
        return [
            [(True, True)] * (n_one - lost)
            + [(False, True)] * gained
            + [(True, False)] * lost
            + [(False, False)] * (n - n_one - gained)
            for gained, lost in pairs_of_class(n, n_one, n_other)
        ]

    words = {
        str(decide(*predictions_of(20, 20, positives + negatives), margin=margin).word)
        for positives in clips(20, one.tp, other.tp)
        for negatives in clips(20, one.tn, other.tn)
    }
    expected = words.pop() if len(words) == 1 else "cannot_tell"
    assert compare(one, other, margin=margin)["verdict"]["word"] == expected


def test_a_large_gain_in_every_pairing_is_better() -> None:
    found = compare(Confusion(200, 200, 200, 200), Confusion(360, 40, 360, 40))
    assert found["verdict"]["word"] == "better"
    assert found["pairings"]["accuracy"]["n_significant"] == found["pairings"]["accuracy"]["n_pairings"]
    assert compare(Confusion(360, 40, 360, 40), Confusion(200, 200, 200, 200))["verdict"]["word"] == "worse"


def test_several_clips_a_person_take_the_claim_away() -> None:
    one, other = Confusion(300, 100, 220, 180), Confusion(380, 20, 300, 100)
    assert compare(one, other, n_subjects=800)["verdict"]["word"] == "better"
    found = compare(one, other, n_subjects=20)
    assert (found["verdict"]["word"], found["verdict"]["because"]) == ("cannot_tell", "people_may_be_alike")
    assert "would be 'better'" in found["text"]
    assert found["if_alike"]["baseline"]["accuracy"]["low"] < found["metrics"]["accuracy"]["baseline"]["low"] - 0.1


def test_one_person_shows_nothing() -> None:
    found = compare(Confusion(300, 100, 220, 180), Confusion(380, 20, 300, 100), n_subjects=1)
    assert found["verdict"]["word"] == "cannot_tell"
    assert found["if_alike"]["baseline"]["accuracy"]["low"] is None


def test_a_gain_that_only_some_pairings_show_is_not_claimed() -> None:
    found = compare(Confusion(100, 100, 100, 100), Confusion(118, 82, 118, 82))
    accuracy = found["pairings"]["accuracy"]
    assert accuracy["p_min"] < 1e-6
    assert accuracy["p_max"] > 0.05
    assert found["verdict"]["words"]["fewest_disagreements"] == ["better"]
    assert (found["verdict"]["word"], found["verdict"]["because"]) == ("cannot_tell", "pairings_differ")


def test_a_gain_that_may_cost_recall_is_not_better() -> None:
    found = compare(Confusion(300, 100, 220, 180), Confusion(290, 110, 340, 60))
    assert found["pairings"]["accuracy"]["p_max"] < 0.05
    assert found["verdict"]["word"] == "cannot_tell"
    assert (
        "recall may have dropped"
        in compare(Confusion(3000, 1000, 2200, 1800), Confusion(2820, 1180, 3400, 600))["text"]
    )


def test_many_alike_answers_are_equal_within_the_margin_and_few_are_not() -> None:
    many = Confusion(9000, 1000, 9000, 1000)
    assert compare(many, Confusion(9010, 990, 8995, 1005))["verdict"]["word"] == "equal"
    assert compare(Confusion(9, 1, 9, 1), Confusion(9, 1, 9, 1))["verdict"]["word"] == "cannot_tell"
    assert compare(many, many)["clips_needed"] is None


def test_tables_of_different_clips_are_compared_unpaired_and_without_a_verdict() -> None:
    other = Confusion(tp=28, fn=12, tn=32, fp=10)
    found = compare(BASELINE, other)
    assert (found["paired"], found["pairings"], found["clips_needed"]) == (False, None, None)
    assert (found["verdict"]["word"], found["verdict"]["because"]) == ("cannot_tell", "different_clips")
    assert "not of the same clips" in found["text"]
    specificity = found["different_clips"]["specificity"]
    low, high = confint_proportions_2indep(32, 42, 22, 40, method="newcomb")
    assert (specificity["low"], specificity["high"]) == pytest.approx((low, high))


def test_a_class_without_clips_is_left_undefined() -> None:
    found = compare(Confusion(0, 0, 22, 18), Confusion(0, 0, 30, 10))
    assert found["verdict"]["word"] == "cannot_tell"
    assert found["pairings"]["recall"] is None
    assert found["directions"]["recall"] == "undefined"
    assert found["pairings"]["accuracy"]["n_pairings"] == 11


def test_published_rates_lead_back_to_the_one_table() -> None:
    rates = parse_rates("precision=62.5%,recall=75%,accuracy=0.65,n=80", "--baseline-rates")
    assert fit_tables(rates) == [BASELINE]
    found = compare(rates, CANDIDATE)
    assert found["baseline"]["n_tables"] == 1
    assert found["pairings"] == compare(BASELINE, CANDIDATE)["pairings"]


@pytest.mark.parametrize(
    "text", ["precision=0.6,recall=0.7,accuracy=50%,n=12", "accuracy=.7,f1=.7,n=10", "specificity=1,recall=0,n=9"]
)
def test_fitting_tables_are_all_tables_that_round_to_the_rates(text: str) -> None:
    published = parse_rates(text, "--baseline-rates")
    shares = {
        "accuracy": lambda tp, fn, tn, fp: (tp + tn, tp + fn + tn + fp),
        "recall": lambda tp, fn, tn, fp: (tp, tp + fn),
        "specificity": lambda tp, fn, tn, fp: (tn, tn + fp),
        "precision": lambda tp, fn, tn, fp: (tp, tp + fp),
        "f1": lambda tp, fn, tn, fp: (2 * tp, 2 * tp + fp + fn),
    }
    expected = set()
    for counts in itertools.product(range(published.n + 1), repeat=4):
        if sum(counts) != published.n:
            continue
        parts = {name: shares[name](*counts) for name in published.rates}
        if all(
            whole and published.rates[name].low <= Fraction(part, whole) <= published.rates[name].high
            for name, (part, whole) in parts.items()
        ):
            expected.add(Confusion(*counts))
    found = fit_tables(published)
    assert expected
    assert set(found) == expected
    assert len(found) == len(expected)


def test_several_fitting_tables_all_count() -> None:
    rates = parse_rates("precision=0.7,accuracy=.72,n=80", "--candidate-rates")
    found = compare(BASELINE, rates)
    fitting = [table for table in fit_tables(rates) if table.tp + table.fn == 40]
    assert found["candidate"]["n_tables"] == len(fitting) > 1
    ranges = [compare(BASELINE, table)["pairings"]["accuracy"] for table in fitting]
    accuracy = found["pairings"]["accuracy"]
    assert accuracy["p_min"] == min(one["p_min"] for one in ranges)
    assert accuracy["p_max"] == max(one["p_max"] for one in ranges)
    assert accuracy["n_pairings"] == sum(one["n_pairings"] for one in ranges)
    assert found["directions"]["recall"] == "unclear"
    assert "leave it open: recall" in found["text"]


def test_rates_that_no_table_has_are_refused() -> None:
    with pytest.raises(InvalidInput, match="no table of whole clips"):
        compare(parse_rates("precision=0.9,recall=0.75,accuracy=0.50,n=80", "--baseline-rates"), CANDIDATE)


def test_rates_that_thousands_of_tables_have_are_refused() -> None:
    with pytest.raises(InvalidInput, match="more decimals"):
        fit_tables(parse_rates("accuracy=0.7,n=5000", "--baseline-rates"))


@pytest.mark.parametrize(
    "text",
    ["", "n=80", "recall=0.7", "recall=70,n=80", "recall=-1,n=80", "recall=nan,n=80", "recall=.,n=80", "auc=0.7,n=80",
     "recall=0.7,recall=0.8,n=80", "recall=0.7,n=0", "recall=0.7,n=8.5", "recall=0.7,n=80,positives=81"],
)  # fmt: skip
def test_what_is_no_rate_is_wrong_usage(text: str) -> None:
    with pytest.raises(WrongUsage, match="--baseline-rates"):
        parse_rates(text, "--baseline-rates")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--baseline", "30,10,22", "--candidate", "28,12,30,10"], "four whole numbers"),
        (["--baseline", "0,0,0,0", "--candidate", "28,12,30,10"], "four whole numbers"),
        (["--baseline", "30,10,22,x", "--candidate", "28,12,30,10"], "--baseline"),
        (["--baseline", "30,10,22,18"], "--candidate"),
        (["--baseline", "30,10,22,18", "--candidate", "28,12,30,10", "--n-subjects", "81"], "--n-subjects"),
        (["--baseline", "30,10,22,18", "--candidate", "28,12,30,10", "--margin", "0"], "--margin"),
    ],
)
def test_wrong_usage_is_exit_2_in_one_line(flags: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(["tables", *flags])
    except SystemExit as stopped:
        code = stopped.code
    captured = capsys.readouterr()
    assert code == 2
    assert message in captured.err
    assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_json_is_one_document_and_the_text_is_its_view(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["tables", "--baseline", "30,10,22,18", "--candidate", "28,12,30,10"]
    assert main([*flags, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert main(flags) == 0
    assert capsys.readouterr().out == document["text"] + "\n"


def test_korean_says_the_same_in_korean(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tables", "--baseline", "30,10,22,18", "--candidate", "28,12,30,10", "--lang", "ko"]) == 0
    text = capsys.readouterr().out
    for part in ("판단할 수 없음", "하락: 재현율", "0.109 ~ 0.480", "121", "173", "556"):
        assert part in text


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("n_subjects", [None, 1, 7])
def test_every_verdict_has_a_sentence_without_gaps(lang: Any, n_subjects: int | None) -> None:
    tables = [BASELINE, CANDIDATE, Confusion(40, 0, 40, 0), Confusion(0, 40, 0, 40), Confusion(0, 40, 40, 0)]
    tables += [Confusion(0, 0, 0, 8), Confusion(8, 0, 0, 0), Confusion(0, 0, 8, 0)]
    for one, other in itertools.product(tables, repeat=2):
        result = compare_tables(TablesConfig(one, other, n_subjects, 0.05, lang))
        text = result.as_text()
        assert "{" not in text
        assert ": ." not in text
        assert "nan" not in text
        json.dumps(result.as_json(), allow_nan=False)


def test_help_answers_at_once() -> None:
    words = [sys.executable, "-m", "tools.reporter", "tables", "--help"]
    before = os.times()
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    after = os.times()
    assert "--baseline-rates" in done.stdout
    # Of the processor, not of the clock: the machine may be busy.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 0.5


def test_right_counts_alone_give_the_accuracy_and_nothing_of_classes() -> None:
    found = compare(RightCount(52, 80), RightCount(58, 80))
    assert list(found["metrics"]) == list(found["pairings"]) == ["accuracy"]
    accuracy = found["pairings"]["accuracy"]
    # 6 more right: at least 6 disagreements (6 to 0), at most 28 + 22 (28 to 22)
    assert (accuracy["fewest_disagreements"], accuracy["most_disagreements"], accuracy["n_pairings"]) == (6, 50, 23)
    assert accuracy["p_min"] == 2 / 2**6
    assert accuracy["p_max"] == pytest.approx(mcnemar_p(28, 22))
    assert (found["verdict"]["word"], found["verdict"]["because"]) == ("cannot_tell", "pairings_differ")
    assert "whether recall dropped cannot be said" in found["text"]
    by_rate = compare(parse_rates("accuracy=65%,n=80", "--b"), parse_rates("accuracy=72.5%,n=80", "--c"))
    assert by_rate["pairings"] == found["pairings"]
    assert compare(RightCount(52, 80), CANDIDATE)["pairings"] == found["pairings"]
    assert compare(RightCount(52, 80), RightCount(58, 90))["verdict"]["because"] == "different_clips"


def test_tables_of_more_than_twenty_thousand_clips_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    many = [Confusion(*(2000 * count for count in (t.tp, t.fn, t.tn, t.fp))) for t in (BASELINE, CANDIDATE)]
    found = compare(*many)
    assert (found["baseline"]["n"], found["verdict"]["because"]) == (160_000, "protected_unsure")
    assert found["metrics"]["accuracy"]["baseline"]["low"] == pytest.approx(
        proportion_confint(104_000, 160_000, method="wilson")[0]
    )
    assert main(["tables", "--baseline", "20100/30000", "--candidate", "20200/30000", "--lang", "en"]) == 0
    assert "EQUAL" in capsys.readouterr().out
    for bad in ("90/80", "1/0", "a/b", "1/2/3", "1/10000000"):
        assert main(["tables", "--baseline", bad, "--candidate", "3/80"]) == 2
        assert "or RIGHT/N, if only accuracy is known" in capsys.readouterr().err
