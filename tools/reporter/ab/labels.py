"""Whether the verdict hangs on labels that look wrong: it is made again without them, and with them turned round.

The labels are those that models which had not seen the person take for wrong (`reviewer suspect`). Reads their list.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts, paths
from shared.errors import InvalidInput
from shared.statistics.confident_learning import flag
from shared.statistics.predictions import Predictions, make_predictions, sequence_of
from tools.reporter.ab.judgement import Judgement
from tools.reporter.ab.verdict import WEAK, Word, decide_all
from tools.reporter.render.blocks import Paragraph, Section
from tools.reporter.sources.arms import Arm, Source, place
from tools.reporter.text.words import ReportWords


@dataclass(frozen=True)
class LabelCheck:
    """The verdict's word with other labels.

    Attributes:
        n_suspects: Measured sequences whose label looks wrong.
        word: Of the verdict.
        without: Without those sequences; None where too little is left.
        turned: With their labels turned round; None where too little is left.
    """

    n_suspects: int
    word: Word
    without: Word | None
    turned: Word | None

    @property
    def changes(self) -> bool:
        """Whether the word hangs on these labels."""
        return any(word is not self.word for word in (self.without, self.turned))

    def as_document(self) -> dict[str, Any]:
        """Return the fields as the comparison document holds them."""
        return {
            "n_suspects": self.n_suspects, "without": self.without, "turned": self.turned, "changes": self.changes,
        }  # fmt: skip

    def paragraph(self, words: ReportWords) -> Paragraph:
        """Say whether the word stays."""
        if not self.n_suspects:
            return Paragraph(words("labels_none"), "faint")
        outcomes = {
            key: words("labels_unknown") if word is None else words(f"outcome_{word}")
            for key, word in (("without", self.without), ("turned", self.turned))
        }
        key = "labels_change" if self.changes else "labels_stay"
        return Paragraph(words(key, n=self.n_suspects, **outcomes), "caution" if self.changes else "faint")


def with_labels(section: Section, check: LabelCheck | None, words: ReportWords) -> Section:
    """Add to the verdict's section whether it hangs on labels."""
    return section if check is None else replace(section, blocks=(*section.blocks, check.paragraph(words)))


def find_suspects(arms: Sequence[Arm], file: Path | None) -> tuple[frozenset[str], Source] | None:
    """Name the measured sequences whose label looks wrong out of fold.

    Args:
        arms: The baseline first.
        file: The suspicion document; None looks for that of the dataset.

    Returns:
        Their ids and the file; None where nobody looked.

    Raises:
        InvalidInput: The file is not what it must be, or of another dataset.
    """
    dataset = arms[0].results["dataset"]["name"]
    path = file or paths.artifacts("reviews") / dataset / "suspicion.json"
    if arms[0].is_table or (file is None and not path.is_file()):
        return None
    document = contracts.read_document(path, "suspicion")
    if document["dataset"]["name"] != dataset:
        raise InvalidInput(str(path), found=f"labels of {document['dataset']['name']}", expected=f"those of {dataset}")
    classes, rows = document["classes"], document["rows"]
    known = [row for row in rows if row["label"] in classes and len(row["probabilities"]) == len(classes)]
    if not known:
        return None
    flagged = flag([row["probabilities"] for row in known], [classes.index(row["label"]) for row in known])
    wrong = {(row["sequence_id"], row["label"]) for row, is_wrong in zip(known, flagged, strict=True) if is_wrong}
    # A label that somebody has changed since then is not the one that looked wrong.
    measured = {(sequence_of(name), row.label) for name, row in arms[0].rows.items()}
    source = Source("suspicion", dataset, place(path), contracts.sha256_file(path), document["created_utc"])
    return frozenset(name for name, _ in wrong & measured), source


def check_labels(arms: Sequence[Arm], judgement: Judgement, suspects: AbstractSet[str]) -> LabelCheck | None:
    """Make the verdict again without the suspects, and with their labels turned; None where there is no verdict."""
    verdict = judgement.verdict
    if verdict.because in WEAK:
        return None
    if not suspects:
        return LabelCheck(0, verdict.word, verdict.word, verdict.word)
    names = [arms[0].name, *(arm.name for arm in arms if arm.role == "candidate")]
    people = [row.subject_id for row in arms[0].rows.values()]
    ids = list(arms[0].rows)
    marked = np.array([sequence_of(name) in suspects for name in ids])
    given = {name: judgement.arms[name].predictions for name in names}
    kept = np.flatnonzero(~marked)
    without = {name: _part(one, kept, people, ids) for name, one in given.items()} if kept.size else {}
    turned = {name: replace(one, labels=one.labels ^ marked) for name, one in given.items()}
    return LabelCheck(len(suspects), verdict.word, _word(without, arms, judgement), _word(turned, arms, judgement))


def _part(arm: Predictions, kept: Any, people: Sequence[str], ids: Sequence[str]) -> Predictions:
    chosen = kept.tolist()
    who, names = ([values[place_] for place_ in chosen] for values in (people, ids))
    return make_predictions(arm.labels[kept], arm.scores[kept], who, arm.threshold, names)


def _word(given: Mapping[str, Predictions], arms: Sequence[Arm], judgement: Judgement) -> Word | None:
    """Decide on the best candidate as the verdict did."""
    if not given or len(set(given[arms[0].name].labels.tolist())) < 2:
        return None
    question, candidates = judgement.question, {name: one for name, one in given.items() if name != arms[0].name}
    found = decide_all(
        given[arms[0].name], candidates, primary=question.primary, protected=question.protected,
        margin=question.margin, alpha=judgement.verdict.alpha, repeats=arms[0].repeats,
    )  # fmt: skip
    return found[judgement.best].word
