"""The verdict for notebooks: is this model better than that one, on people whom neither has seen?

from smilebench import compare
found = compare(y_true, old_scores, new_scores, subjects=patients)
print(found)
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools.reporter.ab.scores import Comparison

__all__ = ["compare"]


def compare(
    labels: Sequence[Any],
    baseline: Sequence[Any],
    candidate: Sequence[Any] | Mapping[str, Sequence[Any]],
    subjects: Sequence[Any] | None = None,
    *,
    positive: Any = None,
    threshold: float | Mapping[str, float] | None = None,
    primary: str = "accuracy",
    protected: str | None = "recall",
    margin: float = 0.05,
) -> "Comparison":
    """Compare two classifiers' scores of the same rows, people being the witnesses.

    The same tests, intervals and words as ``reporter scores``: "better" needs a test and an interval by person that
    agree, and a protected metric that cannot have dropped by more than the margin.

    Args:
        labels: (n,) the true class of each row: 1 and 0, True and False, or two words.
        baseline: (n,) scores of the positive class, higher means more positive; or (n, 2), as ``predict_proba`` gives.
        candidate: The same of another model; or of several, by name.
        subjects: (n,) who is who. Without it each row counts as a person of its own, which flatters where people gave
            several rows.
        positive: The positive class; None finds it (1, True, smile, ...).
        threshold: Positive is a score strictly above it; of one arm by its name (``baseline``, ``candidate``). None is
            0.5, or 0 where scores are logits.
        primary: The metric that decides: accuracy, recall, precision, f1 or roc_auc.
        protected: The metric that must not drop by more than the margin; None for none.
        margin: The least difference of practical interest, as a fraction.

    Returns:
        What can be said: ``word``, ``sentence``, ``p``, ``difference``; ``write("folder")`` makes the whole report.

    Raises:
        shared.errors.InvalidInput: Arrays of other lengths, other classes than two, scores that are not finite.

    Example:
        >>> compare([1, 0] * 30, [0.4, 0.6] * 30, [0.9, 0.1] * 30).word
        'better'
    """
    from tools.reporter.ab.scores import compare_scores

    return compare_scores(labels, baseline, candidate, subjects, positive, threshold, (primary, protected, margin))
