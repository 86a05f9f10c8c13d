"""The reports' words and numbers in one language: texts by key, and figures rounded for people in one way only."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from shared.statistics.intervals import Interval
from shared.statistics.methods import Reason
from shared.statistics.power import Plan
from shared.statistics.significance import Test
from shared.text.catalogue import Lang, Words, read_catalogue
from shared.text.rounding import rounded

_FOLDER = Path(__file__).parent
PAGES = read_catalogue(
    *(
        _FOLDER / f"{name}.toml"
        for name in ("units", "first", "measured", "streams", "added", "origin", "verdict", "approaches")
    )
)
TABLES = read_catalogue(_FOLDER / "units.toml", _FOLDER / "tables.toml")
_AUC = "roc_auc"


class ReportWords(Words):
    """The texts of a report, and its numbers.

    Args:
        lang: Their language.
        of: ``pages``, or ``tables``: of two published tables.
    """

    def __init__(self, lang: Lang, of: Literal["pages", "tables"] = "pages") -> None:
        super().__init__(PAGES if of == "pages" else TABLES, lang)

    def basis(self, found: Interval) -> str:
        """Say what an interval comes from: how many, whose, and how."""
        return self(
            "interval_method", n=found.n, people=self.people(found.n_subjects), method=self.interval_method(found)
        ) + self.likeness([found])

    def interval_method(self, found: Interval) -> str:
        """Say how an interval was found."""
        return self(f"interval_{found.method}")

    def likeness(self, found: Sequence[Interval]) -> str:
        """Say how alike a person's sequences are for intervals, from least to most; nothing where people gave one each.

        Example:
            >>> by_person = Interval(0.7, 0.5, 0.8, 40, 9, IntervalMethod.WILSON_BY_PERSON, None, 1.84, 0.24)
            >>> ReportWords("en").likeness([by_person])
            '; design effect 1.8, ICC 0.24'
        """
        effects = [one.design_effect for one in found if one.design_effect is not None]
        correlations = [one.icc for one in found if one.icc is not None]
        if not effects or not correlations:
            return ""
        return self(
            "likeness",
            effect=self._from_to([rounded(bound, 1) for bound in (min(effects), max(effects))]),
            icc=self._from_to([with_minus(bound, 2) for bound in (min(correlations), max(correlations))]),
        )

    def _from_to(self, bounds: list[str]) -> str:
        return bounds[0] if bounds[0] == bounds[1] else self("range", low=bounds[0], high=bounds[1])

    def test_method(self, test: Test) -> str:
        """Say how a difference was tested."""
        return self(f"test_{test.method}", metric=self(test.metric), n_resamples=test.n_resamples)

    def plan_method(self, plan: Plan) -> str:
        """Say what a plan was counted from."""
        decimals = {"disagreement": 3, "design_effect": 2, "person_sd": 3}
        figures = {key: value for key, value in asdict(plan).items() if key in decimals and value is not None}
        written = {key: rounded(value, decimals[key]) for key, value in figures.items()}
        return self(f"plan_{plan.method}", **written)

    def reason(self, reason: Reason | None) -> str:
        """Say why something is undefined; nothing where it is not."""
        return "" if reason is None else self(f"reason_{reason}")

    def sequences(self, n: int, repeats: float = 1.0) -> str:
        """Count sequences; with repeats, from n predictions of models of several seeds.

        Example:
            >>> ReportWords("en").sequences(240, 3.0)
            '80 sequences (each predicted in 3 runs)'
        """
        if repeats > 1:
            return self("n_sequences_runs", sequences=self.sequences(round(n / repeats)), runs=times(repeats))
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

    def interval(self, metric: str, found: Interval, *, is_difference: bool = False) -> str:
        """Write the bounds of a metric, or of a difference with their signs; why there are none where there are none.

        Example:
            >>> from shared.statistics.methods import IntervalMethod
            >>> ReportWords("en").interval("recall", Interval(0.7, 0.546, 0.819, 40, 40, IntervalMethod.WILSON))
            '54.6 to 81.9 %'
        """
        if found.low is None or found.high is None:
            return self("no_interval", reason=self.reason(found.reason))
        if metric == _AUC:
            write = signed if is_difference else rounded
            return self("range", low=write(found.low, 3), high=write(found.high, 3))
        if is_difference:
            bounds = self("range", low=signed(100 * found.low, 1), high=signed(100 * found.high, 1))
            return self("points_short", value=bounds)
        bounds = self("range", low=rounded(100 * found.low, 1), high=rounded(100 * found.high, 1))
        return self("percent", value=bounds)

    def p_value(self, p: float | None) -> str:
        """Write a p-value with three decimals, and never as 0."""
        if p is None:
            return self("undefined")
        return "< 0.001" if p < 0.001 else rounded(p, 3)

    def p_equation(self, p: float | None) -> str:
        """Write ``p = 0.031``, ``p < 0.001``, or that p is not defined."""
        written = self.p_value(p)
        return f"p {written}" if p is None or p < 0.001 else f"p = {written}"

    def difference(self, metric: str, value: float, *, short: bool = False) -> str:
        """Write a difference with its sign: points for fractions, AUC as it is.

        Example:
            >>> ReportWords("en").difference("recall", -0.05)
            '−5.0 points'
        """
        if metric == _AUC:
            return signed(value, 3)
        return self("points_short" if short else "points", value=signed(100 * value, 1))


def signed(value: float, decimals: int) -> str:
    """Write a number with its sign and a real minus; what rounds to zero has none."""
    text = rounded(abs(value), decimals)
    if float(text) == 0:
        return text
    return ("+" if value > 0 else "−") + text


def with_minus(value: float, decimals: int) -> str:
    """Write a number with a real minus where it is below zero."""
    return signed(value, decimals) if value < 0 else rounded(value, decimals)


def whole_percent(fraction: float) -> str:
    """Write a fraction as percent, with a decimal only where it has one."""
    text = rounded(100 * fraction, 1)
    return text[:-2] if text.endswith(".0") else text


def times(repeats: float) -> str:
    """Write how often on average, with a decimal only where it has one."""
    return whole_percent(repeats / 100)
