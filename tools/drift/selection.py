"""Which kept moments to label first: those that the model is unsure of, of many people, and unlike each other.

People take turns: the next moment is of one of those who have fewest so far, so that nobody who plays much fills the
list. Of such a person's moments the one is taken that the model is least sure of, the more so the farther it is from
what was taken before. Reads a dataset and a model; writes one csv.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts, paths
from shared.arrays import F64
from shared.dataset import consent, reader
from shared.errors import InvalidInput
from shared.faces.detector import require_finder
from shared.onnx.cards import own_threshold, read_card
from shared.onnx.model import OnnxModel
from shared.statistics.metrics import DEFAULT_THRESHOLD
from shared.statistics.thresholds import align
from tools.drift.config import SelectionConfig
from tools.drift.population import MEASURES, measure_population

COLUMNS = ("rank", "sequence_id", "subject_id", "take_id", "label", "score", "uncertainty", "distance")


@dataclass(frozen=True)
class Picked:
    """A moment that was chosen.

    Attributes:
        place: Its number.
        uncertainty: From 0 (the model is sure) to 1 (at the threshold).
        distance: From the nearest one that was taken before, in standard deviations; of the first of all 0.
    """

    place: int
    uncertainty: float
    distance: float


@dataclass(frozen=True)
class Selected:
    """A list that is on disk."""

    file: Path
    rows: tuple[dict[str, Any], ...]
    n_moments: int
    n_people: int
    exit_code: int = 0

    def as_text(self) -> str:
        """List the first ones and say where all are."""
        people = len({row["subject_id"] for row in self.rows})
        lines = [
            f"{len(self.rows)} of {self.n_moments} moments, of {people} of {self.n_people} people, to label first:"
        ]
        lines += [
            f"{row['rank']:>4}  {row['sequence_id']}  {row['subject_id']}  score {row['score']}, "
            f"unsure {row['uncertainty']}"
            for row in self.rows[:10]
        ]
        return "\n".join([*lines, f"→ {paths.shown(self.file)}"])

    def as_json(self) -> dict[str, Any]:
        """Give the list."""
        return {"file": str(self.file), "n_moments": self.n_moments, "n_people": self.n_people, "rows": list(self.rows)}


def uncertainty_of(score: float, threshold: float) -> float:
    """Return how unsure a score is: 1 at the threshold, 0 at 0 and 1.

    Example:
        >>> uncertainty_of(0.8, 0.8), uncertainty_of(0.9, 0.8)
        (1.0, 0.5)
    """
    return 1.0 if score == threshold else 1.0 - 2.0 * abs(align(score, threshold) - 0.5)


def pick(subjects: Sequence[str], uncertainties: F64, features: F64, n: int) -> list[Picked]:
    """Choose moments to label first.

    Args:
        subjects: (n_moments,) whose each is.
        uncertainties: (n_moments,) from 0 to 1.
        features: (n_moments, n_features) how each looks, standardised.
        n: How many; all where there are fewer.

    Returns:
        Them, the first one first.

    Source: uncertainty times distance from what is taken, as in core-set selection (Sener & Savarese 2018, ICLR);
    turns of people are our own choice.
    """
    left, taken = set(range(len(subjects))), dict.fromkeys(subjects, 0)
    distances = np.full(len(subjects), np.inf)
    picked: list[Picked] = []
    while left and len(picked) < n:
        fewest = min(taken[subjects[place]] for place in left)
        turn = [place for place in left if taken[subjects[place]] == fewest]
        worth = {place: uncertainties[place] * (min(distances[place], 1e6) if picked else 1.0) for place in turn}
        best = max(turn, key=lambda place: (worth[place], uncertainties[place], -place))
        picked.append(Picked(best, float(uncertainties[best]), float(distances[best]) if picked else 0.0))
        left.remove(best)
        taken[subjects[best]] += 1
        distances = np.minimum(distances, np.linalg.norm(features - features[best], axis=1))
    return picked


def select_moments(config: SelectionConfig) -> Selected:
    """Choose the moments of a dataset that should be labelled first.

    Raises:
        InvalidInput: A model or a dataset is not valid, or has no sequence that nobody has reviewed.
        MissingOutside: There is no face detector here.
    """
    model = OnnxModel(config.model)
    model.refuse_clips()
    stated = own_threshold(model, read_card(config.model))
    threshold = DEFAULT_THRESHOLD if stated is None else float(stated["value"])
    dataset = consent.permitted(reader.open_dataset(config.dataset), allow_no_consent=config.allow_no_consent)
    rows = [row for row in dataset.rows if not row.reviewed]
    if not rows:
        found = "no sequence" if not dataset.rows else "only sequences that somebody has reviewed"
        raise InvalidInput(str(dataset.folder), found=found, expected="some that nobody has looked at")
    finder = require_finder(config.face_model)
    measured = measure_population(dataset, rows, model, threshold, finder)
    scores = 1 / (1 + np.exp(-measured.measures[:, MEASURES.index("score")]))
    uncertainties = np.array([uncertainty_of(score, threshold) for score in scores.tolist()])
    picked = pick(
        measured.subjects, uncertainties, _standardise(np.hstack([measured.measures, measured.colours])), config.n
    )
    listed = tuple(
        {
            "rank": rank,
            "sequence_id": rows[one.place].sequence_id,
            "subject_id": rows[one.place].subject_id,
            "take_id": rows[one.place].take_id,
            "label": rows[one.place].label,
            "score": f"{scores[one.place]:.4f}",
            "uncertainty": f"{one.uncertainty:.3f}",
            "distance": f"{one.distance:.2f}",
        }
        for rank, one in enumerate(picked, start=1)
    )
    file = config.out or paths.artifacts("drift") / f"{dataset.name}_select_{paths.utc_stamp()}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    contracts.write_bytes(file, contracts.format_rows(COLUMNS, listed))
    return Selected(file, listed, len(rows), len(set(measured.subjects)))


def _standardise(features: F64) -> F64:
    """Divide by the standard deviation; what is unknown or does not vary is 0."""
    there = ~np.isnan(features)
    counts = np.maximum(there.sum(axis=0), 1)
    centred = np.where(there, features - np.nan_to_num(features).sum(axis=0) / counts, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / counts)
    return np.asarray(np.where(spread > 1e-9, centred / np.where(spread > 1e-9, spread, 1.0), 0.0))
