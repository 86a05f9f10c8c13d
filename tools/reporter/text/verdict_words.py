"""The verdict in a sentence, in English and Korean. Pure; decides nothing."""

from dataclasses import dataclass

from shared.statistics import clustered_variance
from shared.statistics.intervals import Interval
from shared.statistics.power import Plan
from shared.text.rounding import rounded

METRIC_NAMES = {
    "en": {"accuracy": "accuracy", "recall": "recall", "precision": "precision", "f1": "F1", "roc_auc": "ROC AUC"},
    "ko": {"accuracy": "정확도", "recall": "재현율", "precision": "정밀도", "f1": "F1 점수", "roc_auc": "ROC AUC"},
}
REASONS_KO = {
    clustered_variance.ONE_PERSON: "한 사람의 자료뿐이라 다른 사람에 대해서는 알 수 없습니다",
    clustered_variance.ONE_CLASS: "한 가지 클래스만 있습니다",
    clustered_variance.NOTHING_ASKED: "이 지표를 계산할 시퀀스가 없습니다",
    clustered_variance.FEW_PEOPLE: "이 지표를 계산할 수 있는 사람이 두 명이 되지 않습니다",
    clustered_variance.NO_SPREAD: "사람마다 바뀐 것에 차이가 없어 사람 사이의 흩어짐을 알 수 없습니다",
}


@dataclass(frozen=True)
class Said:
    """What the sentence is made of.

    The fields are those of `tools.reporter.ab.verdict.Verdict`; reason is why p is missing, repeats how often each
    sequence was answered, by models of several seeds.
    """

    word: str
    because: str
    primary: str
    protected: str | None
    margin: float
    level: float
    difference: Interval
    p: float | None
    guard: Interval | None
    plan: Plan | None
    reason: str | None
    repeats: float = 1.0


def say(said: Said) -> dict[str, str]:
    """Write the sentence in each language: en, ko."""
    return {"en": _english(said), "ko": _korean(said)}


def _points(fraction: float) -> str:
    """Write a difference in points with its sign; a true minus, and no sign for nothing."""
    text = rounded(abs(fraction) * 100, 1)
    if float(text) == 0:
        return "0.0"
    return ("+" if fraction > 0 else "−") + text


def _p(value: float | None) -> str:
    if value is None:
        return ""
    return "p < 0.001" if value < 0.001 else f"p = {rounded(value, 3)}"


def _percent(fraction: float) -> str:
    return rounded(fraction * 100, 1).removesuffix(".0")


def _range(found: Interval, to: str) -> str:
    if found.low is None or found.high is None:
        return ""
    return f"{_points(found.low)}{to}{_points(found.high)}"


def _english(said: Said) -> str:
    primary, margin = METRIC_NAMES["en"][said.primary], _percent(said.margin)
    level = f"{_percent(said.level)} %"
    protected = METRIC_NAMES["en"][said.protected] if said.protected else ""
    found = said.difference
    if said.because == "undefined":
        return f"Cannot tell: {said.reason}.{_plan_english(said)}"
    change = (
        f"{primary} changed by {_points(found.value or 0.0)} points "
        f"({level} interval {_range(found, ' to ')}, {_p(said.p)}, {_basis_english(said)})"
    )
    guard = said.guard if said.guard is not None else found
    guard_range = f"{level} interval {_range(guard, ' to ')}" if guard.low is not None else guard.reason or ""
    if said.because == "protected_dropped":
        return f"Worse: {protected} dropped by more than {margin} points ({guard_range}); {change}."
    if said.because == "protected_unsure":
        lead = f"Cannot tell: {protected} may have dropped by more than {margin} points ({guard_range})"
        return f"{lead}; {change}.{_plan_english(said)}"
    if said.because == "luck":
        return f"Cannot tell: {change}, which may be luck.{_plan_english(said)}"
    kept = f", and {protected} did not drop by more than {margin} points ({guard_range})" if said.guard else ""
    if said.because == "within_margin":
        return f"Equal within {margin} points: {change}{kept}."
    return f"Better: {change}{kept}." if said.word == "better" else f"Worse: {change}."


def _basis_english(said: Said) -> str:
    """Count sequences and people; answers of several seeds are no new sequences."""
    n, n_people = round(said.difference.n / said.repeats), said.difference.n_subjects
    basis = f"{n} sequences of {n_people} people"
    return basis if said.repeats == 1 else f"{basis}, each answered in {_times(said.repeats)} runs"


def _basis_korean(said: Said) -> str:
    n, n_people = round(said.difference.n / said.repeats), said.difference.n_subjects
    basis = f"{n_people}명의 시퀀스 {n}개"
    return basis if said.repeats == 1 else f"{basis}, 각각 {_times(said.repeats)}번 실행"


def _times(repeats: float) -> str:
    return rounded(repeats, 1).removesuffix(".0")


def _plan_english(said: Said) -> str:
    plan = said.plan
    if plan is None:
        return ""
    if not plan.more_sequences:
        return " Record new clips of new people to see whether it repeats."
    other = "" if plan.metric == said.primary else f" (planned for {METRIC_NAMES['en'][plan.metric]})"
    return f" Record about {plan.more_sequences} more clips from {plan.more_subjects} more people to settle it{other}."


def _korean(said: Said) -> str:
    primary, margin = METRIC_NAMES["ko"][said.primary], _percent(said.margin)
    level = f"{_percent(said.level)}%"
    protected = METRIC_NAMES["ko"][said.protected] if said.protected else ""
    found = said.difference
    if said.because == "undefined":
        reason = REASONS_KO.get(said.reason or "", said.reason or "")
        return f"판단할 수 없음: {reason}.{_plan_korean(said)}"
    change = (
        f"{primary} 변화 {_points(found.value or 0.0)}%p ({level} 구간 {_range(found, ' ~ ')}, {_p(said.p)}, "
        f"{_basis_korean(said)})"
    )
    guard = said.guard if said.guard is not None else found
    guard_range = (
        f"{level} 구간 {_range(guard, ' ~ ')}" if guard.low is not None else REASONS_KO.get(guard.reason or "", "")
    )
    if said.because == "protected_dropped":
        return f"더 나쁨: {protected}(이)가 {margin}%p보다 많이 떨어졌습니다 ({guard_range}). {change}."
    if said.because == "protected_unsure":
        lead = f"판단할 수 없음: {protected}(이)가 {margin}%p보다 많이 떨어졌을 수 있습니다 ({guard_range})"
        return f"{lead}. {change}.{_plan_korean(said)}"
    if said.because == "luck":
        return f"판단할 수 없음: {change}. 우연일 수 있습니다.{_plan_korean(said)}"
    kept = f". {protected}(은)는 {margin}%p보다 많이 떨어지지 않았습니다 ({guard_range})" if said.guard else ""
    if said.because == "within_margin":
        return f"{margin}%p 이내로 같음: {change}{kept}."
    return f"더 좋음: {change}{kept}." if said.word == "better" else f"더 나쁨: {change}."


def _plan_korean(said: Said) -> str:
    plan = said.plan
    if plan is None:
        return ""
    if not plan.more_sequences:
        return " 새로운 사람의 클립을 새로 녹화해 같은 결과가 나오는지 확인하세요."
    other = "" if plan.metric == said.primary else f" ({METRIC_NAMES['ko'][plan.metric]} 기준으로 계산)"
    people, clips = plan.more_subjects, plan.more_sequences
    return f" 판단하려면 새로운 사람 약 {people}명에게서 클립 약 {clips}개를 더 녹화하세요{other}."
