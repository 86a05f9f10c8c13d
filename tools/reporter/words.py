"""Words and numbers of a report in its language: texts by key, and figures rounded for people in one way only."""

from typing import Literal

from shared.numbers import rounded
from tools.reporter import texts_en, texts_ko

Lang = Literal["en", "ko"]
TEXTS: dict[Lang, dict[str, str]] = {"en": texts_en.TEXTS, "ko": texts_ko.TEXTS}
_AUC = "roc_auc"


class Words:
    """The texts of a language; ``words("key", name=value)`` fills one in."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang
        self._texts = TEXTS[lang]

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its places filled."""
        return self._texts[key].format(**values)

    def sequences(self, n: int) -> str:
        """Count sequences."""
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
