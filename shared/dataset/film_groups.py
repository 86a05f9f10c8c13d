"""Who is seen in one film with whom: a film's people stay in one part of a split, as its light and places are known.

Reads origins.csv; a film that was recorded here shows one person by the protocol and binds nobody.
"""

from shared.dataset.bulk_writer import read_origins
from shared.dataset.reader import Dataset


def group_people(dataset: Dataset) -> dict[str, list[str]]:
    """Return groups of people who share imported films, by the first person of each; most people are alone.

    Args:
        dataset: Whose people.

    Returns:
        Every person in exactly one group, sorted; two share a group where a chain of films leads from one to the other.
    """
    origins = read_origins(dataset.folder)
    group_of = {subject: [subject] for subject in dataset.subjects()}
    seen_in: dict[str, str] = {}
    for row in dataset.rows:
        origin = origins.get(row.sequence_id)
        if origin is None or origin.kind != "window":
            continue
        first = seen_in.setdefault(origin.sha256, row.subject_id)
        if group_of[first] is not group_of[row.subject_id]:
            both = sorted([*group_of[first], *group_of[row.subject_id]])
            group_of |= dict.fromkeys(both, both)
    return {group[0]: group for group in group_of.values()}
