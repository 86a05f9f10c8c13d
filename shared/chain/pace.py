"""How many steps of a chain are still to come, and about how long they take on this computer.

A step is guessed from those of its kind: in this run, else in the last one, else from what it usually takes.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import mean

# Two cores without a graphics card, some dozens of people; LOG.md. A training is told by who plans it.
USUAL_S = {
    "splitter": 3.0,
    "splitter check": 5.0,
    "featurizer": 60.0,
    "trainer": 60.0,
    "exporter": 12.0,
    "evaluator": 6.0,
    "evaluator pool": 3.0,
    "evaluator fuse": 5.0,
    "evaluator time": 40.0,
    "handoff": 40.0,
    "reporter": 10.0,
    "reporter approaches": 12.0,
}


class Pace:
    """Counts a chain's steps, by the tool and sub-command that they run.

    Args:
        before: Seconds that steps of the last run took, by tool.

    Example:
        >>> pace = Pace({"exporter": [10.0]})
        >>> pace.expect(["exporter", "exporter", "trainer"], training_s=100)
        >>> pace.did("exporter", 20.0)
        >>> pace.place(), pace.left_s()
        ('2/3 ', 120.0)
    """

    def __init__(self, before: Mapping[str, list[float]]) -> None:
        self._before = before
        self._seen: dict[str, list[float]] = {}
        self._left: Counter[str] = Counter()
        self._usual = dict(USUAL_S)
        self._n_done = 0

    def expect(self, tools: Iterable[str], training_s: float) -> None:
        """Say which steps are still to come, in any order, and what a training should take."""
        self._left = Counter(tools)
        self._usual["trainer"] = training_s

    def did(self, tool: str, seconds: float | None) -> None:
        """Count a step; None for one that had nothing to do."""
        self._n_done += 1
        self._left -= Counter([tool])
        if seconds is not None:
            self._seen.setdefault(tool, []).append(seconds)

    def place(self) -> str:
        """Write the place of the next step among all; nothing where nobody said how many there are."""
        return f"{self._n_done + 1}/{self._n_done + self._left.total()} " if self._left else ""

    def n_left(self) -> int:
        """Count the steps that are still to come."""
        return self._left.total()

    def left_s(self) -> float:
        """Guess the seconds until the end."""
        return sum(count * self._guess_s(tool) for tool, count in self._left.items())

    def _guess_s(self, tool: str) -> float:
        times = self._seen.get(tool) or self._before.get(tool)
        return mean(times) if times else self._usual.get(tool, 10.0)


def training_seconds(dataset: Path, n_epochs: int, frozen: object = 0) -> float:
    """Guess how long a training of the dual head takes on two cores without a graphics card; LOG.md.

    Args:
        dataset: Its folder.
        n_epochs: How long it trains.
        frozen: First epochs with the encoder frozen, or ``all``.
    """
    manifest = json.loads((dataset / "dataset.json").read_text(encoding="utf-8"))
    n_sequences = int(manifest["counts"]["sequences"])
    if frozen == "all" or int(str(frozen)) not in range(n_epochs):  # encoded once; an epoch trains the heads alone
        return 10 + n_sequences * (0.1 + 0.005 * n_epochs)
    return 10 + n_sequences * n_epochs * 0.1
