"""Numbers as people read them, rounded in one way only, so that a table and the figure beside it agree."""

from decimal import ROUND_HALF_UP, Decimal


def rounded(value: float, decimals: int) -> str:
    """Round half away from zero, as people do by hand (Python's own format turns 66.25 into 66.2).

    Args:
        value: Any finite number.
        decimals: Digits after the point.

    Example:
        >>> rounded(66.25, 1)
        '66.3'
    """
    # The detour through ten decimals removes the float's own error: 100 * 0.5725 is 57.2499999999999929.
    exact = Decimal(f"{value:.10f}")
    return str(exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))
