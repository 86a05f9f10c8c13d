"""Numbers, metrics, methods and reasons, in words."""

from shared.text.catalogue import Catalogue, Text

UNITS: Catalogue = {
    # units
    "percent": Text("{value} %", "{value}%"),
    "points": Text("{value} points", "{value}%p"),
    "points_short": Text("{value} pts", "{value}%p"),
    "of": Text("{part} of {whole}", "{whole}개 중 {part}개"),
    "undefined": Text("not defined", "정의되지 않음"),
    "n_sequences_one": Text("{n} sequence", "시퀀스 {n}개"),
    "n_sequences_many": Text("{n} sequences", "시퀀스 {n}개"),
    "n_sequences_runs": Text("{sequences} (each predicted in {runs} runs)", "{sequences}(각각 {runs}번 실행)"),
    "n_people_one": Text("{n} person", "{n}명"),
    "n_people_many": Text("{n} people", "{n}명"),
    "and": Text("{first} and {last}", "{first}, {last}"),
    # metrics and arms
    "metric": Text("metric", "지표"),
    "recall": Text("recall", "재현율"),
    "precision": Text("precision", "정밀도"),
    "f1": Text("F1", "F1"),
    "roc_auc": Text("ROC AUC", "ROC AUC"),
    "accuracy": Text("accuracy", "정확도"),
    "threshold": Text("threshold in use", "사용한 임계값"),
    "optimal_threshold": Text("optimal threshold", "최적 임계값"),
    "baseline": Text("baseline", "기준 모델"),
    "candidate": Text("candidate", "후보 모델"),
    "reference": Text("reference", "참고 모델"),
    # what a verdict comes to
    "outcome_better": Text("better", "더 좋음"),
    "outcome_worse": Text("worse", "더 나쁨"),
    "outcome_equal": Text("equal within the margin", "허용 폭 이내로 같음"),
    "outcome_cannot_tell": Text("cannot tell", "판단할 수 없음"),
    # intervals
    "interval_level": Text("95 %: {interval}", "95%: {interval}"),
    "range": Text("{low} to {high}", "{low} ~ {high}"),
    "interval_method": Text("n = {n}, {people}; {method}", "n = {n}, {people}; {method}"),
    "no_interval": Text("no interval: {reason}", "구간 없음: {reason}"),
    "p_value": Text("p", "p"),
    "unknown": Text("–", "–"),
    # how an interval was found
    "interval_none": Text("none", "없음"),
    "interval_wilson": Text("Wilson", "Wilson"),
    "interval_wilson_by_person": Text("Wilson by person", "Wilson (사람별)"),
    "interval_wilson_jaccard": Text("Wilson of TP/(TP+FP+FN)", "Wilson, TP/(TP+FP+FN) 기준"),
    "interval_wilson_jaccard_by_person": Text(
        "Wilson by person of TP/(TP+FP+FN)", "Wilson (사람별), TP/(TP+FP+FN) 기준"
    ),
    "interval_delong_wilson": Text("DeLong, Wilson", "DeLong, Wilson"),
    "interval_delong_wilson_by_person": Text("DeLong by person, Wilson", "DeLong (사람별), Wilson"),
    "interval_tango": Text("Tango", "Tango"),
    "interval_tango_by_person": Text("Tango by person", "Tango (사람별)"),
    "interval_jackknife_by_person": Text("jackknife by person, t", "잭나이프 (사람별), t"),
    "interval_delong_hybrid": Text("DeLong, t and hybrid", "DeLong, t와 혼합"),
    "interval_delong_hybrid_by_person": Text("DeLong by person, t and hybrid", "DeLong (사람별), t와 혼합"),
    "interval_newcombe": Text("Newcombe, unpaired", "Newcombe, 짝 없음"),
    # how a difference was tested
    "test_mcnemar_exact": Text("McNemar, exact", "McNemar (정확)"),
    "test_mcnemar_mid_p": Text("McNemar, mid-p", "McNemar (mid-p)"),
    "test_swap_exact": Text("exact swap of people, {metric}", "사람별 교환 검정 (정확), {metric}"),
    "test_swap_draws": Text(
        en="swap of people, {n_resamples} draws, {metric}",
        ko="사람별 교환 검정, {n_resamples}회 추출, {metric}",
    ),
    "test_delong": Text("DeLong", "DeLong"),
    "test_delong_by_person": Text("DeLong by person", "DeLong (사람별)"),
    # how clips were planned
    "plan_swap_by_person": Text(
        en="exact swap test by person, disagreement {disagreement}, design effect {design_effect}",
        ko="사람별 교환 검정 (정확), 불일치 {disagreement}, 설계 효과 {design_effect}",
    ),
    "plan_delong_by_person": Text(
        en="DeLong by person, standard deviation {person_sd} per person",
        ko="DeLong (사람별), 한 사람의 표준편차 {person_sd}",
    ),
    # why a number is missing
    "reason_one_person": Text(
        en="one person only: nothing is known of others",
        ko="한 사람의 자료뿐이라 다른 사람에 대해서는 알 수 없습니다",
    ),
    "reason_one_class": Text("only one class is present", "한 가지 클래스만 있습니다"),
    "reason_no_sequences": Text("there is no sequence that the metric looks at", "이 지표를 계산할 시퀀스가 없습니다"),
    "reason_few_people": Text(
        en="fewer than two people have a sequence that the metric looks at",
        ko="이 지표를 계산할 수 있는 사람이 두 명이 되지 않습니다",
    ),
    "reason_no_variance": Text(
        en="no person differs from another in what changed, so the variance between people is unknown",
        ko="사람마다 바뀐 것에 차이가 없어 사람 사이의 분산을 알 수 없습니다",
    ),
    # why a model is stale
    "stale_consent_withdrawn": Text(
        en="somebody it was trained on has withdrawn consent",
        ko="학습에 쓰인 사람이 동의를 철회했습니다",
    ),
}
