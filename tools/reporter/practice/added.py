"""What new moments bought: an arm that learned from them against one that did not, on the old test people.

Reads the origins of a joined dataset (``./inv ab --dataset people,game``), which say what came from where.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from shared.dataset import reader
from shared.dataset.bulk_writer import read_origins
from shared.errors import InvalidInput
from shared.statistics.intervals import difference
from shared.statistics.predictions import Predictions, sequence_of
from tools.reporter.render.blocks import Bullets, Paragraph, Section
from tools.reporter.text.words import ReportWords

_SHOWN = ("accuracy", "recall")


@dataclass(frozen=True)
class Added:
    """The moments that were added to an old dataset.

    Attributes:
        names: Of the datasets that they came from.
        sequence_ids: They, in the joined dataset.
        n_people: Whose they are.
        n_learned: How many are of people who are not tested, so that they were learned from.
        by_label: How many of each class are among those.
    """

    names: tuple[str, ...]
    sequence_ids: frozenset[str]
    n_people: int
    n_learned: int
    by_label: dict[str, int]


def read_added(names: Sequence[str], folder: Path | None, tested: Sequence[str]) -> Added | None:
    """Read which moments were added; None where no dataset is named.

    Args:
        names: Of the datasets that were added.
        folder: The joined dataset.
        tested: People who are tested.

    Raises:
        InvalidInput: No dataset is named, or nothing of it came from one of those.
    """
    if not names:
        return None
    if folder is None:
        raise InvalidInput("--added", found="no --dataset", expected="the joined dataset")
    origins = read_origins(folder)
    ids = frozenset(key for key, origin in origins.items() if origin.dataset.partition("@")[0] in names)
    rows = [row for row in reader.open_dataset(folder).rows if row.sequence_id in ids]
    if not rows:
        raise InvalidInput(str(folder), found=f"no moment of {', '.join(names)}", expected="some, as --added says")
    learned = [row for row in rows if row.subject_id not in set(tested)]
    counts = {label: sum(row.label == label for row in learned) for label in sorted({row.label for row in rows})}
    return Added(tuple(names), ids, len({row.subject_id for row in rows}), len(learned), counts)


def added_section(
    added: Added, baseline: tuple[str, Predictions], candidate: tuple[str, Predictions], words: ReportWords
) -> Section:
    """Say what was added and what it changed for old people, and for the tested people's new moments.

    Args:
        added: What was added.
        baseline: Name and predictions of the arm that learned without it.
        candidate: The same of the arm that learned from it.
        words: Of the report's language.
    """
    labels = ", ".join(f"{n} {label}" for label, n in added.by_label.items())
    intro = words(
        "added_intro",
        names=words.listing(list(added.names)),
        n=added.n_learned,
        people=words.people(added.n_people),
        labels=labels,
    )
    first, best = baseline[1], candidate[1]
    is_new = np.array([sequence_of(name) in added.sequence_ids for name in first.sequence_ids], dtype=np.bool_)
    lines = []
    for key, chosen in (("added_old", ~is_new), ("added_new", is_new)):
        if not chosen.any():
            lines.append(words(f"{key}_none"))
            continue
        one, other = _only(first, chosen), _only(best, chosen)
        for metric in _SHOWN:
            found = difference(metric, one, other)
            if found.value is not None:
                values = {"metric": words(metric), "n": found.n, "people": words.people(found.n_subjects)}
                change = words.difference(metric, found.value)
                bounds = words.interval(metric, found, is_difference=True)
                lines.append(words(key, change=change, bounds=bounds, **values))
    about = words("added_about", candidate=candidate[0], baseline=baseline[0])
    return Section("added", words("added"), (Paragraph(intro), Paragraph(about, "faint"), Bullets(tuple(lines))))


def _only(arm: Predictions, chosen: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Predictions:
    """Return the predictions of some sequences, with their people numbered anew."""
    people = np.unique(arm.people[chosen], return_inverse=True)[1]
    ids = tuple(name for name, is_there in zip(arm.sequence_ids, chosen.tolist(), strict=True) if is_there)
    return replace(
        arm, labels=arm.labels[chosen], scores=arm.scores[chosen], people=people.astype(np.int64), sequence_ids=ids
    )
