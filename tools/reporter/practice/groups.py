"""Recall by declared groups of people (glasses, age band, device, light), small groups hidden. Reads their table.

No test by person can know of a kind of person that is not in the sample: `absent_share` says how common one could be.
"""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared.errors import InvalidInput
from shared.statistics.intervals import Interval, difference, interval
from shared.statistics.predictions import Predictions, make_predictions
from shared.statistics.significance import compare, holm
from tools.reporter.render.blocks import Block, Cell, Paragraph, Section, Table
from tools.reporter.sources.arms import Arm
from tools.reporter.text.words import ReportWords

ALPHA = 0.05
LEAST_PEOPLE = 5
"""Smaller groups would show persons, not a group (our own choice)."""
METRIC = "recall"
Groups = Mapping[str, Mapping[str, str]]
"""The group of each person, by attribute."""


@dataclass(frozen=True)
class Group:
    """What can be said of a group.

    Attributes:
        attribute: Such as glasses.
        value: Such as yes.
        baseline: The baseline's recall.
        candidate: The candidate's recall.
        difference: Candidate minus baseline.
        p: By person; None where the data cannot say.
        p_adjusted: After Holm over all groups that are shown.
    """

    attribute: str
    value: str
    baseline: Interval
    candidate: Interval
    difference: Interval
    p: float | None
    p_adjusted: float | None

    @property
    def dropped(self) -> bool:
        """Whether recall is shown to have dropped in it."""
        found = self.difference.value
        return self.p_adjusted is not None and self.p_adjusted < ALPHA and found is not None and found < 0

    def as_document(self) -> dict[str, Any]:
        """Return the fields as the comparison document holds them."""
        return {
            "attribute": self.attribute,
            "value": self.value,
            **{key: getattr(self, key).as_document() for key in ("baseline", "candidate", "difference")},
            "p": self.p,
            "p_adjusted": self.p_adjusted,
        }


@dataclass(frozen=True)
class Grouped:
    """Every group that is shown, and by attribute how many people are in none of those."""

    shown: Sequence[Group]
    hidden: Mapping[str, int]

    @property
    def has_drop(self) -> bool:
        """Whether recall is shown to have dropped in one of them."""
        return any(one.dropped for one in self.shown)

    def as_document(self) -> dict[str, Any]:
        """Return the fields as the comparison document holds them."""
        return {"shown": [one.as_document() for one in self.shown], "n_hidden_people": dict(self.hidden)}


def find_groups(
    arms: Sequence[Arm], predictions: Mapping[str, Predictions], candidate: str, file: Path | None
) -> Grouped | None:
    """Read a table of groups and compare a candidate with the baseline in each; None without a table."""
    if file is None:
        return None
    people = {row.subject_id for row in arms[0].rows.values()}
    return compare_groups(arms, predictions, candidate, read_groups(file, people))


def absent_share(n_people: int) -> float:
    """Say how common a kind of person may be of whom there is nobody among so many, with 95 % confidence.

    Source: the exact form of the rule of three, 1 - 0.05^(1/n); Hanley & Lippman-Hand 1983, JAMA 249:1743-1745.

    Example:
        >>> round(absent_share(20), 3)
        0.139
    """
    return 1 - float(0.05 ** (1 / n_people))


def read_groups(file: Path, people: Collection[str]) -> Groups:
    """Read who belongs to which group: a csv with a column subject_id and one for each attribute.

    Args:
        file: The csv; people who were not measured are passed over, an empty cell is no group.
        people: Who were measured.

    Raises:
        InvalidInput: Unreadable, without the columns, a person twice, or nobody who was measured.
    """
    what, expected = str(file), "a csv with subject_id and a column for each attribute, such as glasses"
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(what, found=getattr(error, "strerror", None) or "no text", expected=expected) from None
    rows = list(csv.reader(io.StringIO(text, newline="")))
    names = [name.strip() for name in rows[0]] if rows else []
    key = next((name for name in names if name.lower() in ("subject_id", "subject", "person")), None)
    if key is None or len(names) < 2:
        raise InvalidInput(f"{what}: row 1", found=",".join(names)[:80] or "nothing", expected=expected)
    at, known, seen = names.index(key), set(people), set()
    groups: dict[str, dict[str, str]] = {name: {} for name in names if name != key}
    for number, row in enumerate(rows[1:], start=2):
        if not any(map(str.strip, row)):
            continue
        if len(row) != len(names):
            raise InvalidInput(f"{what}: row {number}", found=f"{len(row)} cells", expected=str(len(names)))
        person = row[at].strip()
        if person in seen:
            raise InvalidInput(f"{what}: row {number}", found=f"{person} a second time", expected="each person once")
        seen.add(person)
        for name, value in zip(names, row, strict=True):
            if name != key and value.strip() and person in known:
                groups[name][person] = value.strip()
    if not seen & known:
        raise InvalidInput(what, found="nobody who was measured", expected=f"people such as {min(known)}")
    return groups


def compare_groups(
    arms: Sequence[Arm], predictions: Mapping[str, Predictions], candidate: str, groups: Groups
) -> Grouped:
    """Compare recall in each group that is large enough."""
    rows = list(arms[0].rows.values())
    one, other = predictions[arms[0].name], predictions[candidate]
    people = [row.subject_id for row in rows]
    found: list[tuple[str, str, Predictions, Predictions]] = []
    hidden: dict[str, int] = {}
    for attribute, of_people in groups.items():
        values = sorted(set(of_people.values()))
        members = {value: {who for who in people if of_people.get(who) == value} for value in values}
        large = [value for value in values if len(members[value]) >= LEAST_PEOPLE]
        hidden[attribute] = len(set(people)) - sum(len(members[value]) for value in large)
        for value in large:
            chosen = np.flatnonzero([who in members[value] for who in people])
            found.append((attribute, value, _part(one, people, chosen), _part(other, people, chosen)))
    tests = [compare(METRIC, first, second).p for _, _, first, second in found]
    adjusted = holm([1.0 if p is None else p for p in tests])
    shown = [
        Group(attribute, value, interval(METRIC, first), interval(METRIC, second), difference(METRIC, first, second),
              p, None if p is None else p_adjusted)
        for (attribute, value, first, second), p, p_adjusted in zip(found, tests, adjusted, strict=True)
    ]  # fmt: skip
    return Grouped(shown, hidden)


def _part(arm: Predictions, people: Sequence[str], chosen: "np.ndarray[Any, np.dtype[np.int64]]") -> Predictions:
    ids = [arm.sequence_ids[place] for place in chosen] if arm.sequence_ids else ()
    who = [people[place] for place in chosen]
    return make_predictions(arm.labels[chosen], arm.scores[chosen], who, arm.threshold, ids)


def groups_section(arms: Sequence[Arm], candidate: str, grouped: Grouped, words: ReportWords) -> Section:
    """Show recall in each group; what is hidden is counted."""
    found, hidden = grouped.shown, grouped.hidden
    blocks: list[Block] = []
    if dropped := [f"{one.attribute} = {one.value}" for one in found if one.dropped]:
        blocks.append(Paragraph(words("groups_dropped", groups=words.listing(dropped)), "caution"))
    blocks.append(Paragraph(words("groups_intro", candidate=candidate, baseline=arms[0].name)))
    if found:
        keys = ("group", "difference_short", "p_holm")
        group, change, p = (Cell(words(f"groups_{key}")) for key in keys)
        rows = tuple(
            (
                Cell(f"{one.attribute} = {one.value}", (words.people(one.candidate.n_subjects),)),
                *(
                    Cell(words.metric_value(METRIC, part.value), (words.interval(METRIC, part),))
                    for part in (one.baseline, one.candidate)
                ),
                Cell(
                    words("undefined")
                    if one.difference.value is None
                    else words.difference(METRIC, one.difference.value, short=True),
                    (words.interval(METRIC, one.difference, is_difference=True),),
                ),
                Cell(words.p_value(one.p_adjusted)),
            )
            for one in found
        )
        blocks.append(Table("plain", (group, Cell(arms[0].name), Cell(candidate), change, p), rows))
    for attribute, n in hidden.items():
        if n:
            counts = {"people": words.people(n), "least": LEAST_PEOPLE}
            blocks.append(Paragraph(words("groups_hidden", attribute=attribute, **counts), "faint"))
    return Section("groups", words("groups"), tuple(blocks))
