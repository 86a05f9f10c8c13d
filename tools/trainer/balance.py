"""Unequal classes: weights of the loss, and varied copies of training pictures (children). Both for training only.

A child is a picture of the training part, varied once and for all; it carries the id of its parent. There are no files
of children, and no other part of a split has any.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput
from tools.trainer.config import BALANCED, parse_weights

CHILD_COLUMNS = ("child_id", "parent_id", "subject_id", "label")


@dataclass(frozen=True)
class Balance:
    """How the classes of a training part are evened out.

    Attributes:
        counts: Sequences of each class, before.
        parents: Of each child the place of its parent in the part.
        weights: Factor of each class in the loss; their mean over the part and its children is 1.
        prior: What share of the loss the positive class has.
    """

    counts: Mapping[str, int]
    parents: tuple[int, ...]
    weights: Mapping[str, float]
    prior: float

    def as_document(self) -> dict[str, Any]:
        """Return it as run.json holds it: of the children only how many there are."""
        facts = {"counts": dict(self.counts), "n_children": len(self.parents)}
        return {**facts, "class_weights": dict(self.weights), "prior": self.prior}


def describe(found: Mapping[str, Any], positive: str) -> str:
    """Say in one line what is trained with, from what run.json holds."""
    children = f", with {found['n_children']} varied copies" if found["n_children"] else ""
    weights = ", ".join(f"{label} {weight:.3g}" for label, weight in found["class_weights"].items())
    counts = ", ".join(f"{count} {label}" for label, count in found["counts"].items())
    return f"training: {counts}{children}; class weights {weights}: resulting prior of {positive} {found['prior']:.3f}"


def even_out(dataset: Dataset, rows: Sequence[SequenceRow], class_weights: str, augment_to: int, seed: int) -> Balance:
    """Choose children and weights for a training part.

    Args:
        dataset: The dataset.
        rows: The training sequences.
        class_weights: ``balanced``, ``a=1,b=2`` or nothing.
        augment_to: To how many sequences each class is brought by children; 0 for none. Larger classes stay whole.
        seed: Decides whose children they are; each sequence has as many as any other of its class, or one more.

    Raises:
        InvalidInput: The part lacks a class, or weights name another class.
    """
    classes = list(dataset.manifest["classes"])
    by_class = {label: [place for place, row in enumerate(rows) if row.label == label] for label in classes}
    counts = {label: len(places) for label, places in by_class.items()}
    if missing := [label for label, count in counts.items() if not count]:
        raise InvalidInput(
            f"{dataset.name}: the training part",
            found=", ".join(f"{count} {label}" for label, count in counts.items()),
            expected="both classes",
            todo=f"add pictures of {missing[0]}",
        )
    rng = np.random.default_rng([seed, augment_to])
    parents: list[int] = []
    for places in by_class.values():
        n_children = max(0, augment_to - len(places))
        order = [places[index] for index in rng.permutation(len(places))]
        parents += [order[number % len(order)] for number in range(n_children)]
    totals = Counter(row.label for row in [*rows, *(rows[place] for place in parents)])
    raw = _weights(class_weights, classes, totals)
    mean = sum(raw[label] * totals[label] for label in classes) / sum(totals.values())
    weights = {label: raw[label] / mean for label in classes}
    positive = dataset.positive_class
    prior = weights[positive] * totals[positive] / sum(totals.values())
    return Balance(counts, tuple(parents), weights, prior)


def _weights(text: str, classes: Sequence[str], totals: Mapping[str, int]) -> dict[str, float]:
    if not text:
        return dict.fromkeys(classes, 1.0)
    if text == BALANCED:
        return {label: sum(totals.values()) / (len(classes) * totals[label]) for label in classes}
    found = parse_weights(text)
    if set(found) != set(classes):
        raise InvalidInput("--class-weights", found=text, expected=f"a weight for each of {', '.join(classes)}")
    return {label: found[label] for label in classes}


def list_children(rows: Sequence[SequenceRow], balance: Balance) -> list[dict[str, Any]]:
    """List the children of a part with their parents, as children.csv holds them."""
    numbers: Counter[int] = Counter()
    listed = []
    for place in balance.parents:
        numbers[place] += 1
        row = rows[place]
        values = (f"{row.sequence_id}-child{numbers[place]}", row.sequence_id, row.subject_id, row.label)
        listed.append(dict(zip(CHILD_COLUMNS, values, strict=True)))
    return listed
