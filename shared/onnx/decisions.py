"""When two runs of a model do not agree on a decision."""


def is_flip(prob: float, expected: float, threshold: float, band: float) -> bool:
    """Tell whether a decision is another one than expected.

    Args:
        prob: Probability of the run that is checked.
        expected: Of the run that it is compared with.
        threshold: Above it a decision is positive.
        band: Difference of probabilities that is tolerated. Where the expected one lies as near to the threshold as
            that, rounding decides, and that is no flip: of some hundred scores one lies there now and then.

    Example:
        >>> is_flip(0.51, 0.49, 0.5, 1e-4), is_flip(0.50001, 0.49999, 0.5, 1e-4)
        (True, False)
    """
    return bool((prob > threshold) != (expected > threshold) and abs(expected - threshold) > band)
