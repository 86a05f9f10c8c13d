"""Words and numbers of a report in its language: texts by key, and figures rounded for people in one way only."""

from typing import Literal

from shared.statistics.intervals import Interval
from shared.text.rounding import rounded
from tools.reporter.text import approaches_en, approaches_ko, en, ko
from tools.reporter.text.verdict_words import REASONS_KO

Lang = Literal["en", "ko"]
TEXTS: dict[Lang, dict[str, str]] = {
    "en": en.TEXTS | approaches_en.TEXTS,
    "ko": ko.TEXTS | approaches_ko.TEXTS,
}
_AUC = "roc_auc"
# Methods are named in English by those who apply them.
_METHODS_KO = {
    "exact swap test by person": "사람별 교환 검정 (정확)",
    "exact swap of people": "사람별 교환 검정 (정확)",
    "swap of people": "사람별 교환 검정",
    "draws": "회 추출",
    "jackknife by person": "잭나이프 (사람별)",
    "t and hybrid": "t, 혼합",
    " by person": " (사람별)",
    " of TP/": ", TP/",
    "disagreement": "불일치",
    "spread": "흩어짐",
    " a person": " (한 사람)",
    "design effect": "설계 효과",
    "McNemar, exact": "McNemar (정확)",
    "stratified bootstrap over people": "층화 부트스트랩 (사람별)",
    "bootstrap over people": "부트스트랩 (사람별)",
    "resamples": "회",
    "accuracy": "정확도",
    "recall": "재현율",
    "precision": "정밀도",
}


class Words:
    """The texts of a language; ``words("key", name=value)`` fills one in."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang
        self._texts = TEXTS[lang]

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its places filled."""
        return self._texts[key].format(**values)

    def counted(self, key: str, n: int, **values: object) -> str:
        """Return a text that counts something, in its singular where there is one.

        Example:
            >>> Words("en").counted("trained_epochs", 1)
            '1 epoch'
        """
        return self(f"{key}_one" if n == 1 else key, n=n, **values)

    def raw(self, key: str) -> str:
        """Return a text with its places open, for whoever fills them later."""
        return self._texts[key]

    def has(self, key: str) -> bool:
        """Say whether there is such a text."""
        return key in self._texts

    def basis(self, found: Interval) -> str:
        """Say what an interval comes from: how many, whose, and how."""
        return self(
            "interval_method", n=found.n, people=self.people(found.n_subjects), method=self.method(found.method)
        )

    def sequences(self, n: int, repeats: float = 1.0) -> str:
        """Count sequences; with repeats, from n answers of models of several seeds.

        Example:
            >>> Words("en").sequences(240, 3.0)
            '80 sequences (each answered in 3 runs)'
        """
        if repeats > 1:
            runs = rounded(repeats, 1).removesuffix(".0")
            return self("n_sequences_runs", sequences=self.sequences(round(n / repeats)), runs=runs)
        return self("n_sequences_one" if n == 1 else "n_sequences_many", n=n)

    def people(self, n: int) -> str:
        """Count people."""
        return self("n_people_one" if n == 1 else "n_people_many", n=n)

    def listing(self, items: list[str]) -> str:
        """Join items as a sentence does."""
        if len(items) < 2:
            return "".join(items)
        return self("and", first=", ".join(items[:-1]), last=items[-1])

    def metric_value(self, metric: str, value: float | None) -> str:
        """Write a metric: AUC with three decimals, thresholds with four, all others in percent."""
        if value is None:
            return self("undefined")
        if metric == _AUC:
            return rounded(value, 3)
        if "threshold" in metric:
            return rounded(value, 4)
        return self("percent", value=rounded(100 * value, 1))

    def interval(self, metric: str, found: Interval, *, signed: bool = False) -> str:
        """Write the bounds of a metric, or of a difference with their signs; why there are none where there are none.

        Example:
            >>> Words("en").interval("recall", Interval(0.7, 0.546, 0.819, 40, 40, "Wilson"))
            '54.6 to 81.9 %'
        """
        if found.low is None or found.high is None:
            return self("no_interval", reason=self.reason(found.reason))
        if metric == _AUC:
            write = _signed if signed else rounded
            return self("range", low=write(found.low, 3), high=write(found.high, 3))
        if signed:
            bounds = self("range", low=_signed(100 * found.low, 1), high=_signed(100 * found.high, 1))
            return self("points_short", value=bounds)
        bounds = self("range", low=rounded(100 * found.low, 1), high=rounded(100 * found.high, 1))
        return self("percent", value=bounds)

    def reason(self, reason: str | None) -> str:
        """Say why something is undefined."""
        text = reason or ""
        return REASONS_KO.get(text, text).rstrip(".") if self.lang == "ko" else text

    def method(self, method: str) -> str:
        """Name a method."""
        if self.lang == "ko":
            for english, korean in _METHODS_KO.items():
                method = method.replace(english, korean)
        return method

    def p_value(self, p: float | None) -> str:
        """Write a p-value with three decimals, and never as 0."""
        if p is None:
            return self("undefined")
        return "< 0.001" if p < 0.001 else rounded(p, 3)

    def difference(self, metric: str, value: float, *, short: bool = False) -> str:
        """Write a difference with its sign: points for fractions, AUC as it is.

        Example:
            >>> Words("en").difference("recall", -0.05)
            '−5.0 points'
        """
        if metric == _AUC:
            return _signed(value, 3)
        return self("points_short" if short else "points", value=_signed(100 * value, 1))


def _signed(value: float, decimals: int) -> str:
    """Write a number with its sign and a real minus; what rounds to zero has none."""
    text = rounded(abs(value), decimals)
    if float(text) == 0:
        return text
    return ("+" if value > 0 else "−") + text
