"""How long and how regular a take's frames were, from their times alone. Reads and writes nothing."""

import itertools
import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """How long and how regular a take was. Times are from its start.

    Attributes:
        duration_s: Up to the end of the last frame, which is taken to last as long as the others (their median).
        n_frames: How many there were.
        fps: Frames a second between the first and the last; 0 with fewer than two.
        n_dropped: Frames that are missing against an even pace (the median interval).
        n_doubled: Frames that show the same picture as the one before.
        largest_gap_ms: Longest time between two frames.
    """

    duration_s: float
    n_frames: int
    fps: float
    n_dropped: int
    n_doubled: int
    largest_gap_ms: float


def measure(times_s: list[float], n_doubled: int) -> Measured:
    """Measure the regularity of frame times.

    Args:
        times_s: Increasing, in seconds from the start of the take.
        n_doubled: Passed through.

    Example:
        >>> measure([0.0, 0.1, 0.2, 0.5], 0)
        Measured(duration_s=0.6, n_frames=4, fps=6.0, n_dropped=2, n_doubled=0, largest_gap_ms=300.0)
    """
    if len(times_s) < 2:
        return Measured(0.0, len(times_s), 0.0, 0, n_doubled, 0.0)
    intervals = [after - before for before, after in itertools.pairwise(times_s)]
    usual = statistics.median(intervals)
    return Measured(
        duration_s=round(times_s[-1] + usual, 6),
        n_frames=len(times_s),
        fps=round(len(intervals) / (times_s[-1] - times_s[0]), 4),
        n_dropped=sum(max(0, round(interval / usual) - 1) for interval in intervals),
        n_doubled=n_doubled,
        largest_gap_ms=round(max(intervals) * 1000, 3),
    )
