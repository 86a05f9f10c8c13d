"""Published rates back to tables: every TP, FN, TN, FP whose rates round to the printed ones. Exact integers only.

Reads and writes nothing. Says nothing about which of several fitting tables is the true one: nobody can.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from shared.arrays import Int
from shared.errors import InvalidInput, WrongUsage
from shared.statistics.metrics import Confusion

# part and whole of each rate, from arrays of counts
_SHARES: dict[str, Callable[[Int, Int, Int, Int], tuple[Int, Int]]] = {
    "accuracy": lambda tp, fn, tn, fp: (tp + tn, tp + fn + tn + fp),
    "recall": lambda tp, fn, tn, fp: (tp, tp + fn),
    "specificity": lambda tp, fn, tn, fp: (tn, tn + fp),
    "precision": lambda tp, fn, tn, fp: (tp, tp + fp),
    "f1": lambda tp, fn, tn, fp: (2 * tp, 2 * tp + fp + fn),
}
MAX_N = 1_000_000
"""Clips: the exact tests take seconds then."""
MAX_N_UNKNOWN_POSITIVES = 20_000
"""Where every number of positives is to be tried."""
MAX_DECIMALS = 8
MAX_TABLES = 2_000
_MAX_CELLS = 30_000_000
"""Of all candidate tables together that are tried: some seconds."""


@dataclass(frozen=True)
class Rate:
    """A printed rate: it stands for all shares from low to high.

    Attributes:
        text: As it was given.
        low: Smallest share that rounds to it, from 0 to 1.
        high: Largest share that rounds to it, from 0 to 1; included, since people round halves either way.
    """

    text: str
    low: Fraction
    high: Fraction


@dataclass(frozen=True)
class RightCount:
    """What is left of a table where only the accuracy is known.

    Attributes:
        n_right: Clips that were decided rightly.
        n: Clips.
    """

    n_right: int
    n: int


@dataclass(frozen=True)
class PublishedRates:
    """What a paper prints of one model.

    Attributes:
        n: Clips.
        n_positive: Clips of the positive class, where the paper says so.
        rates: Rates by name.
    """

    n: int
    n_positive: int | None
    rates: dict[str, Rate]

    @property
    def is_accuracy_alone(self) -> bool:
        """Whether nothing is known of the classes."""
        return set(self.rates) == {"accuracy"} and self.n_positive is None

    @property
    def text(self) -> str:
        """The rates as they were given."""
        given = [f"{name}={rate.text}" for name, rate in self.rates.items()]
        if self.n_positive is not None:
            given.append(f"positives={self.n_positive}")
        return ",".join([*given, f"n={self.n}"])


def parse_rates(text: str, flag: str) -> PublishedRates:
    """Read ``precision=0.625,recall=75%,accuracy=65.0%,n=80``.

    A rate is a fraction or has a percent sign; its printed decimals say how far it was rounded. A bare 0 or 1 counts as
    0.00 or 1.00.

    Args:
        text: Rates among accuracy, recall, specificity, precision and f1, with n and perhaps positives.
        flag: The flag that it came from, for errors.

    Raises:
        WrongUsage: An unknown or repeated name, no n, no rate, something that is not a rate.
    """
    expected = f"NAME=VALUE with n and some of {', '.join(_SHARES)} (and positives), separated by commas"
    counts: dict[str, int] = {}
    rates: dict[str, Rate] = {}
    for item in text.split(","):
        name, equals, value = (part.strip() for part in item.partition("="))
        if not equals or name not in (*_SHARES, "n", "positives") or name in counts or name in rates:
            raise WrongUsage(flag, found=repr(item.strip()), expected=expected)
        if name in _SHARES:
            rates[name] = _parse_rate(value, flag, name)
        elif re.fullmatch("[0-9]{1,9}", value):
            counts[name] = int(value)
        else:
            raise WrongUsage(flag, found=repr(item.strip()), expected=f"a whole number for {name}")
    if "n" not in counts or not rates:
        raise WrongUsage(flag, found=repr(text), expected=expected)
    n, n_positive = counts["n"], counts.get("positives")
    if not 1 <= n <= MAX_N or (n_positive is not None and n_positive > n):
        raise WrongUsage(flag, found=repr(text), expected=f"n from 1 to {MAX_N:,} and positives of no more than n")
    published = PublishedRates(n, n_positive, rates)
    if n > MAX_N_UNKNOWN_POSITIVES and n_positive is None and not published.is_accuracy_alone:
        expected = f"positives=N beside n above {MAX_N_UNKNOWN_POSITIVES:,}, or the accuracy alone"
        raise WrongUsage(flag, found=repr(text), expected=expected)
    return published


def _parse_rate(text: str, flag: str, name: str) -> Rate:
    found = re.fullmatch(r"([0-9]*)\.?([0-9]*)(%?)", text)
    if found is None or not (found[1] or found[2]) or len(found[2]) > MAX_DECIMALS:
        raise WrongUsage(flag, found=f"{name}={text}", expected="a rate such as 0.725 or 72.5%")
    decimals = len(found[2]) + (2 if found[3] else 0)
    value = Fraction(Decimal(text.rstrip("%"))) / (100 if found[3] else 1)
    if value > 1:
        raise WrongUsage(flag, found=f"{name}={text}", expected="a fraction from 0 to 1, or a percent sign behind it")
    half = Fraction(1, 2 * 10 ** (decimals or 2))
    return Rate(text, max(Fraction(0), value - half), min(Fraction(1), value + half))


def fit_tables(published: PublishedRates) -> list[Confusion]:
    """List every table of n clips whose rates all round to the published ones; none where nothing fits.

    Raises:
        InvalidInput: More tables than can be looked at.

    Example:
        >>> fit_tables(parse_rates("precision=0.625,recall=0.75,accuracy=0.65,n=80", "--baseline-rates"))
        [Confusion(tp=30, fn=10, tn=22, fp=18)]
    """
    tables: list[Confusion] = []
    n_cells = 0
    only = published.n_positive
    for n_positive in range(published.n + 1) if only is None else [only]:
        tp, fp = _candidates(published, n_positive)
        n_cells += tp.size * fp.size
        if n_cells <= _MAX_CELLS:
            tables += _filter(published, n_positive, tp, fp)
        if n_cells > _MAX_CELLS or len(tables) > MAX_TABLES:
            raise InvalidInput(
                published.text,
                found=f"more than {MAX_TABLES} tables that may fit" if tables else "too many tables to try",
                expected=f"at most {MAX_TABLES}",
                todo="give more rates, more decimals, or positives=N",
            )
    return tables


def fit_right_counts(published: PublishedRates) -> list[RightCount]:
    """List the numbers of right clips whose share rounds to the published accuracy.

    Example:
        >>> fit_right_counts(parse_rates("accuracy=65%,n=80", "--baseline-rates"))
        [RightCount(n_right=52, n=80)]
    """
    rate, n = published.rates["accuracy"], published.n
    return [RightCount(int(right), n) for right in _whole_numbers(rate.low * n, rate.high * n, n)]


def _whole_numbers(low: Fraction, high: Fraction, most: int) -> Int:
    """List the whole numbers from low to high that lie in 0 to most."""
    return np.arange(max(0, math.ceil(low)), min(most, math.floor(high)) + 1)


def _candidates(published: PublishedRates, n_positive: int) -> tuple[Int, Int]:
    """List the true positives and the false positives that can be, from what limits them most."""
    n_negative = published.n - n_positive
    rates, everything = published.rates, Rate("", Fraction(0), Fraction(1))
    recall, specificity = rates.get("recall", everything), rates.get("specificity", everything)
    tp = _whole_numbers(recall.low * n_positive, recall.high * n_positive, n_positive)
    tn = _whole_numbers(specificity.low * n_negative, specificity.high * n_negative, n_negative)
    if "accuracy" in rates and tp.size and tn.size:
        low = max(rates["accuracy"].low * published.n - int(tp[-1]), Fraction(int(tn[0])))
        high = min(rates["accuracy"].high * published.n - int(tp[0]), Fraction(int(tn[-1])))
        tn = _whole_numbers(low, high, n_negative)
    return tp, n_negative - tn


def _filter(published: PublishedRates, n_positive: int, tp: Int, fp: Int) -> list[Confusion]:
    """Keep the tables among all pairs of tp and fp whose rates round as published."""
    tp, fp = (grid.ravel() for grid in np.meshgrid(tp, fp, indexing="ij"))
    fn, tn = n_positive - tp, published.n - n_positive - fp
    fits = np.ones(tp.size, dtype=np.bool_)
    for name, rate in published.rates.items():
        part, whole = _SHARES[name](tp, fn, tn, fp)
        fits &= whole > 0
        fits &= part * rate.low.denominator >= whole * rate.low.numerator
        fits &= part * rate.high.denominator <= whole * rate.high.numerator
    return [
        Confusion(tp=a, fn=b, tn=c, fp=d)
        for a, b, c, d in zip(*(count[fits].tolist() for count in (tp, fn, tn, fp)), strict=True)
    ]
