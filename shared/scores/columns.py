"""Finds what is what among the columns of a table that somebody's own program wrote. Pure; reads no file.

Known are the usual columns of people who work with scikit-learn (y_true, y_pred, y_score, the index of a pandas frame),
Hugging Face (label, references, a pipeline's label and score) and MLflow (target, prediction, prediction_proba), and
probabilities by class (prob_1, proba_smile, smile_prob, 1).
"""

import argparse
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from shared.errors import InvalidInput
from shared.onnx.contract import SMILE_PROB, find_prob

ID_NAMES = (
    "sequence_id", "id", "example_id", "sample_id", "row_id", "uid", "uuid", "guid", "key", "idx", "filename",
    "file_name", "file", "path", "image_id", "image", "clip_id", "clip", "index", "unnamed: 0", "",
)  # fmt: skip
INDEX_NAMES = ("index", "idx", "unnamed: 0", "")
"""Of a frame's index: the number of a row, which may repeat where frames were put together."""
LABEL_NAMES = (
    "y_true", "true_label", "ground_truth", "gold_label", "gold", "references", "reference", "target", "targets",
    "truth", "actual", "expected", "y_test", "label", "labels", "class", "y",
)  # fmt: skip
SUBJECT_NAMES = (
    "subject_id", "subject", "person", "person_id", "patient", "patient_id", "user", "user_id", "participant",
    "participant_id", "speaker", "speaker_id", "group", "groups", "group_id",
)  # fmt: skip
SCORE_NAMES = (
    "score", SMILE_PROB, "y_score", "y_scores", "y_proba", "y_prob", "y_pred_proba", "y_pred_prob", "pred_proba",
    "prediction_proba", "predict_proba", "predicted_proba", "prediction_probability", "predicted_probability",
    "prediction_score", "prediction_scores", "prob", "proba", "probability", "probabilities", "probs", "scores",
    "confidence", "logit", "logits", "decision_function", "p",
)  # fmt: skip
PREDICTED_NAMES = (
    "y_pred", "y_hat", "predicted", "predicted_label", "predicted_class", "prediction", "predictions", "pred",
    "pred_label", "pred_class", "output", "outputs", "label", "labels",
)  # fmt: skip
_STEMS = (
    "", "prob", "proba", "probability", "score", "p", "y_proba", "y_prob", "y_score", "pred_proba", "prediction_proba",
    "prediction_score", "class", "label",
)  # fmt: skip
_JOINS = ("_", "-", ".", ":", " ", "")
POSITIVE_WORDS = ("1", "true", "yes", "positive", "pos", "smile", "smiling", "1.0", "label_1")
NEGATIVE_WORDS = (
    "0", "false", "no", "negative", "neg", "non_smile", "non-smile", "neutral", "0.0", "-1", "-1.0", "label_0",
)  # fmt: skip
_HOW_TO_NAME = "name them with --label-column and --score-column"


@dataclass(frozen=True)
class Wanted:
    """Columns that the user named; None where one is to be found.

    Attributes:
        label_column: Of the true class.
        score_column: Of the score.
        subject_column: Which says who is who.
        id_column: Which names each row, and pairs two files.
        positive: The positive class, as the label column writes it.
    """

    label_column: str | None = None
    score_column: str | None = None
    subject_column: str | None = None
    id_column: str | None = None
    positive: str | None = None


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that fill `Wanted`, which mean the same for every tool that reads a table of scores."""
    add = parser.add_argument
    add("--positive", metavar="LABEL", help="the positive class as the file writes it (default: smile, 1, true, ...)")
    for what, known in (
        ("label", "label, y_true, target"),
        ("score", "score, y_score, prob_1, prediction_proba"),
        ("subject", "subject, person, user, group"),
        ("id", "id, sequence_id, index"),
    ):
        add(f"--{what}-column", metavar="NAME", help=f"column of the {what}s (default: found: {known}, ...)")


@dataclass(frozen=True)
class Columns:
    """Where what is.

    Attributes:
        label: Place of the true class.
        score: Place of the score; None where it is one of `find_class_score`'s, or where there are decisions alone.
        predicted: Place of the class that was decided for; None where no column holds it.
        subject: Place of who is who; None where no column says it.
        id: Place of the rows' names; None where there are none.
        has_header: Whether the first row names the columns.
    """

    label: int
    score: int | None
    predicted: int | None
    subject: int | None
    id: int | None
    has_header: bool = True


def find_columns(rows: Sequence[Sequence[str]], wanted: Wanted, what: str) -> Columns:
    """Find the columns by the first row's names; where it names none, by what the rows hold.

    Args:
        rows: At least one.
        wanted: Columns that were named, which must be there.
        what: How errors call the table.

    Raises:
        InvalidInput: A named column is not there, or there is none for the label or the score.
    """
    names = [cell.strip().lower() for cell in rows[0]]
    label = _place(names, wanted.label_column, LABEL_NAMES, what)
    prob = find_prob(names)
    score = _place(names, wanted.score_column, SCORE_NAMES if prob is None else (prob, *SCORE_NAMES), what)
    subject = _place(names, wanted.subject_column, SUBJECT_NAMES, what)
    row_id = _place(names, wanted.id_column, ID_NAMES, what)
    if (
        label is None
        and score is None
        and not any(column is not None for column in (wanted.subject_column, wanted.id_column))
    ):
        headless = _find_by_content(rows)
        if headless is not None:
            return headless
    if label is None:
        raise InvalidInput(
            f"{what}: row 1", found=",".join(rows[0])[:80], expected="the columns label and score", todo=_HOW_TO_NAME
        )
    taken = {label, score, subject, row_id}
    predicted = next((names.index(n) for n in PREDICTED_NAMES if n in names and names.index(n) not in taken), None)
    return Columns(label, score, predicted, subject, row_id)


def find_class_score(header: Sequence[str], label: str, taken: Collection[int]) -> int | None:
    """Find the column of one class's probability: prob_1, proba_smile, smile_prob, 1; None where there is none.

    Example:
        >>> find_class_score(["y_true", "prob_0", "prob_1"], "1", {0})
        2
    """
    names = {label.lower()} | ({"pos", "positive"} if label.lower() in POSITIVE_WORDS else set())
    known = {join.join(part for part in pair if part) for name in names for stem in _STEMS for join in _JOINS
             for pair in ((stem, name), (name, stem))}  # fmt: skip
    for place, cell in enumerate(header):
        text = cell.strip().lower()
        if place not in taken and (text in known or text.removesuffix(".0") in known):
            return place
    return None


def find_positive(labels: set[str], wanted: str | None, what: str) -> str | None:
    """Return the positive class among the labels; None where only negative ones are there.

    Args:
        labels: One or two, as `plain_label` writes them.
        wanted: The one that was named.
        what: How errors call the table.

    Raises:
        InvalidInput: More than two labels, none that is the one that was named, or words that nobody knows.

    Example:
        >>> find_positive({"anxious", "neutral"}, None, "a table")
        'anxious'
    """
    listed = ", ".join(sorted(labels)[:8]) + (", ..." if len(labels) > 8 else "")
    if wanted is not None:
        found = next((label for label in labels if label.lower() == plain_label(wanted).lower()), None)
        if found is None and len(labels) > 1:
            raise InvalidInput(f"{what}: --positive {wanted}", found=f"the labels {listed}", expected="one of these")
        if len(labels) > 2:
            raise InvalidInput(what, found=f"the labels {listed}", expected=f"{wanted} and one more")
        return found
    positive = [label for label in labels if label.lower() in POSITIVE_WORDS]
    unknown = [label for label in labels if label.lower() not in (*POSITIVE_WORDS, *NEGATIVE_WORDS)]
    if len(labels) <= 2 and len(positive) == 1:
        return positive[0]
    if len(labels) == 2 and len(unknown) == 1:
        return unknown[0]
    if len(labels) > 2 or unknown or positive:
        raise InvalidInput(
            what,
            found=f"the label {min(unknown)!r}" if unknown and len(labels) <= 2 else f"the labels {listed}",
            expected="two of them, such as smile and non_smile, 1 and 0, or true and false",
            todo="or name the positive one with --positive",
        )
    return None


def plain_label(text: str) -> str:
    """Write a label as it is meant: whole numbers without a fraction.

    Example:
        >>> plain_label(" 1.0 "), plain_label("smile")
        ('1', 'smile')
    """
    text = text.strip()
    return text[:-2] if text.endswith(".0") and text[:-2].lstrip("-").isdigit() else text


def is_number(text: str) -> bool:
    """Say whether a cell holds a number; a decimal comma counts."""
    try:
        float(text.strip().replace(",", "."))
    except ValueError:
        return False
    return True


def _place(names: Sequence[str], given: str | None, known: Iterable[str], what: str) -> int | None:
    if given is None:
        return next((names.index(name) for name in known if name in names), None)
    if given.strip().lower() not in names:
        raise InvalidInput(
            f"{what}: row 1", found=f"the columns {', '.join(names)[:80]}", expected=f"one called {given}"
        )
    return names.index(given.strip().lower())


def _find_by_content(rows: Sequence[Sequence[str]]) -> Columns | None:
    """Find the columns of a table without a header: label and score, perhaps an id before and a person after."""

    def words(place: int) -> bool:
        return all(plain_label(row[place]).lower() in (*POSITIVE_WORDS, *NEGATIVE_WORDS) for row in rows)

    n = len(rows[0])
    if any(len(row) != n for row in rows) or not 2 <= n <= 4:
        return None
    if n == 2:
        return Columns(0, 1, None, None, None, has_header=False) if is_number(rows[0][1]) else None
    if words(1) and is_number(rows[0][2]):
        return Columns(1, 2, None, 3 if n == 4 else None, 0, has_header=False)
    if n == 3 and words(0) and is_number(rows[0][1]):
        return Columns(0, 1, None, 2, None, has_header=False)
    return None
