"""Says what a difference is in photos or sequences, where few are tested. Pure."""

from shared.text.rounding import rounded
from tools.reporter.sources.arms import Arm
from tools.reporter.text.words import ReportWords

MOST = 500  # with more, one of them is too little to be worth a sentence


def accuracy_in_counts(before: Arm, after: Arm, words: ReportWords) -> str | None:
    """Say of how many of those tested a difference in accuracy consists: 80.0 to 82.5 % is one of 40.

    Returns:
        None where many are tested, an accuracy is undefined, or both are the same.
    """
    values = [arm.results["metrics"]["accuracy"] for arm in (before, after)]
    n = round(after.results["n_sequences"] / after.repeats)
    if n > MOST or None in values or values[0] == values[1]:
        return None
    count = abs(values[1] - values[0]) * n
    texts = {key: words.metric_value("accuracy", value) for key, value in zip(("before", "after"), values, strict=True)}
    return words("accuracy_in_counts", count=rounded(count, 0 if abs(count - round(count)) < 0.05 else 1), n=n, **texts)
