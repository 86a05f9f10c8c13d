"""Reads what a comparison is made of: results documents, their predictions and model cards.

Every file is checked before it is used: against its schema, against the hash that names it, and against what the other
files say of the same thing. Writes nothing.
"""

import contextlib
import csv
import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.contracts import Document
from shared.errors import InvalidInput, WrongUsage

PREDICTION_COLUMNS = ("sequence_id", "subject_id", "label", "score", "predicted", "correct", "emotion")


@dataclass(frozen=True)
class Source:
    """A file that was read, for the provenance.

    Attributes:
        kind: results, predictions, model_card, run, history or dataset.
        name: Whose it is: an arm's, a run's or a dataset's name.
        file: Relative to the project's home, or its bare name when it lies elsewhere (no home folder in a report).
        created_utc: When the file says that it was written; None where it doesn't say.
        commit: Of the code that wrote it; None where it doesn't say.
    """

    kind: str
    name: str
    file: str
    sha256: str
    created_utc: str | None = None
    commit: str | None = None

    def as_document(self) -> Document:
        """Return the file as a document's provenance names it."""
        return {
            "what": f"{self.kind} {self.name}",
            "file": self.file,
            "sha256": self.sha256,
            "created_utc": self.created_utc,
            "commit": self.commit,
        }


@dataclass(frozen=True)
class Prediction:
    """What a model said of one sequence.

    Attributes:
        score: 0 to 1, higher is more positive.
        is_positive: The decision at the threshold in use.
        is_right: Whether the decision is what the label says.
    """

    sequence_id: str
    subject_id: str
    label: str
    score: float
    is_positive: bool
    is_right: bool


@dataclass(frozen=True)
class Arm:
    """A model with everything that was measured of it.

    Attributes:
        name: Unique in the comparison.
        role: baseline, candidate or reference (an arm that costs nothing, such as the larger class).
        results: The results document.
        predictions: By sequence_id, sorted by it.
        card: Its model card (model.json); None for a stranger's model.
        sources: The files read; the results document comes first.
    """

    name: str
    role: str
    results: Document
    predictions: Mapping[str, Prediction]
    card: Document | None
    sources: tuple[Source, ...]

    @property
    def kind(self) -> str:
        """Who answered: model, one_frame or majority."""
        return str(self.results.get("arm", "model"))

    @property
    def repeats(self) -> float:
        """How many answers there are of each sequence, on average: more than 1 where several seeds were pooled."""
        return len(self.predictions) / len({sequence_of(answer_id) for answer_id in self.predictions})

    @property
    def learned_elsewhere(self) -> bool:
        """Whether it learned from this dataset with another split, or without one: it may know these people."""
        if self.card is None or self.card["dataset"]["name"] != self.results["dataset"]["name"]:
            return False
        trained, measured = self.card["split"], self.results["split"]
        return trained is None or measured is None or trained["sha256"] != measured["sha256"]

    @property
    def epochs(self) -> int | None:
        """How long it was trained, where its card tells."""
        return self.card["run"]["epoch"] if self.card and self.card["run"] else None

    @property
    def run_id(self) -> str | None:
        """Its training run, where its card tells."""
        return self.card["run"]["run_id"] if self.card and self.card["run"] else None


Named = tuple[str | None, Path]


def read_arms(baseline: Named, candidates: Sequence[Named], references: Sequence[Named] = ()) -> tuple[Arm, ...]:
    """Read all arms, the baseline first, then candidates, then references, and make sure that they can be compared.

    Args:
        baseline: Name (None: the model's) and results document.
        candidates: The same of each candidate; results of an arm that costs nothing become references.
        references: The same of each reference.

    Raises:
        InvalidInput: A file is not what it must be, or two arms were measured on different sequences (both hashes are
            named).
        WrongUsage: Two arms have one name, or no candidate is left.
    """
    arms = [read_arm(baseline, "baseline")]
    roles = [("candidate", named) for named in candidates] + [("reference", named) for named in references]
    for role, named in roles:
        arm = read_arm(named, role)
        if any(arm.name == other.name for other in arms):
            raise WrongUsage(
                f"--{role} {named[1]}",
                found=f"the name {arm.name!r} a second time",
                expected="another name for each arm",
                todo=f"name it on the command line: --{role} NAME=FILE",
            )
        check_comparable(arms[0], baseline[1], arm, named[1])
        arms.append(arm)
    arms.sort(key=lambda arm: ("baseline", "candidate", "reference").index(arm.role))
    if not any(arm.role == "candidate" for arm in arms):
        raise WrongUsage("--candidate", found="references only", expected="results of a model")
    return tuple(arms)


def read_arm(named: Named, role: str) -> Arm:
    """Read an arm's results and what they name, each checked.

    Raises:
        InvalidInput: A file is not what it must be.
    """
    name, path = named
    results = contracts.read_document(path, "results")
    if role == "candidate" and results.get("arm", "model") != "model":
        role = "reference"
    name = name or str(results["model"]["name"])
    predictions_path = path.parent / results["predictions"]["file"]
    if predictions_path.resolve().parent != path.resolve().parent:
        raise InvalidInput(
            f"{path}: predictions.file",
            found=repr(results["predictions"]["file"]),
            expected="a file in the same folder",
        )
    predictions = _read_predictions(predictions_path, results, path)
    sources = [
        Source(
            "results",
            name,
            place(path),
            contracts.sha256_file(path),
            results["created_utc"],
            results["code"]["commit"],
        ),
        Source("predictions", name, place(predictions_path), results["predictions"]["sha256"]),
    ]
    card = None
    card_path = _find_card(path, results["model"]["sha256"])
    if card_path is not None:
        card = contracts.read_document(card_path, "model")
        sources.append(
            Source(
                "model_card",
                name,
                place(card_path),
                contracts.sha256_file(card_path),
                card["created_utc"],
                card["code"]["commit"],
            )
        )
    return Arm(
        name=name,
        role=role,
        results=results,
        predictions=predictions,
        card=card,
        sources=tuple(sources),
    )


def _find_card(results_path: Path, model_sha256: str) -> Path | None:
    """Find the model.json of this very model by its hash; a stranger's model has none."""
    cards = [results_path.parent / paths.MODEL_CARD, *sorted(paths.artifacts("models").glob(f"*/{paths.MODEL_CARD}"))]
    for card in cards:
        # The card of another model is none of our business, not even when it is broken.
        with contextlib.suppress(OSError, UnicodeDecodeError, ValueError, KeyError, TypeError):
            if json.loads(card.read_text(encoding="utf-8"))["onnx"]["sha256"] == model_sha256:
                return card
    return None


def _read_predictions(path: Path, results: Document, results_path: Path) -> dict[str, Prediction]:
    """Read a predictions csv and hold it against the results that name it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(
            str(path), found=error.strerror or str(error), expected=f"the predictions of {results_path.name}"
        ) from None
    found = hashlib.sha256(data).hexdigest()
    if found != results["predictions"]["sha256"]:
        raise InvalidInput(
            str(path),
            found=f"sha256 {found}",
            expected=f"{results['predictions']['sha256']}, as {results_path.name} says",
            todo="one of the two was changed: measure again",
        )
    rows = read_csv(data, path, PREDICTION_COLUMNS)
    predictions: dict[str, Prediction] = {}
    for number, cells in enumerate(rows, start=2):
        prediction = _parse_prediction(cells, f"{path}: row {number}", results["positive_class"])
        if prediction.sequence_id in predictions:
            raise InvalidInput(
                f"{path}: row {number}", found=f"{prediction.sequence_id} a second time", expected="each sequence once"
            )
        predictions[prediction.sequence_id] = prediction
    if len(predictions) != results["n_sequences"]:
        raise InvalidInput(
            str(path),
            found=f"{len(predictions)} rows",
            expected=f"{results['n_sequences']}, as {results_path.name} says",
        )
    counts = count_decisions(predictions.values(), results["positive_class"])
    if counts != results["metrics"]["confusion"]:
        raise InvalidInput(
            f"{results_path}: metrics.confusion",
            found=str(results["metrics"]["confusion"]),
            expected=f"{counts}, as {path.name} counts",
            todo="measure again",
        )
    return dict(sorted(predictions.items()))


def count_decisions(predictions: Any, positive_class: str) -> dict[str, int]:
    """Count decisions into tp, fn, tn, fp."""
    counts = {"tp": 0, "fn": 0, "tn": 0, "fp": 0}
    for prediction in predictions:
        is_label = prediction.label == positive_class
        counts[
            ("tp" if prediction.is_positive else "fn") if is_label else ("fp" if prediction.is_positive else "tn")
        ] += 1
    return counts


def _parse_prediction(cells: dict[str, str], what: str, positive_class: str) -> Prediction:
    try:
        score = float(cells["score"])
    except ValueError:
        raise InvalidInput(what, found=f"the score {cells['score']!r}", expected="a number from 0 to 1") from None
    if not math.isfinite(score):
        raise InvalidInput(what, found=f"the score {cells['score']}", expected="a number from 0 to 1")
    typed = {
        **cells,
        "score": score,
        "correct": {"true": True, "false": False}.get(cells["correct"].lower(), cells["correct"]),
        "emotion": cells["emotion"] or None,
    }
    contracts.validate(typed, "predictions", what)
    is_positive = cells["predicted"] == positive_class
    is_right = (cells["label"] == positive_class) == is_positive
    if is_right != typed["correct"]:
        raise InvalidInput(
            what,
            found=f"correct {cells['correct']} for the label {cells['label']!r} and the answer {cells['predicted']!r}",
            expected="the two to say the same",
        )
    return Prediction(cells["sequence_id"], cells["subject_id"], cells["label"], score, is_positive, is_right)


def read_csv(data: bytes, path: Path, columns: Sequence[str], *, more: bool = False) -> list[dict[str, str]]:
    """Parse a csv with a header; with ``more``, further columns are let pass."""
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        header = list(reader.fieldnames or ())
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(str(path), found=f"no csv ({error})", expected="a csv in UTF-8") from None
    missing = [column for column in columns if column not in header]
    if missing or (not more and len(header) != len(columns)):
        raise InvalidInput(f"{path}: row 1", found=",".join(header) or "nothing", expected=",".join(columns))
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise InvalidInput(f"{path}: row {number}", found="another number of cells", expected=f"{len(header)}")
    return rows


def check_comparable(baseline: Arm, baseline_path: Path, arm: Arm, path: Path) -> None:
    """Refuse two arms that were not measured on the very same labelled sequences.

    Raises:
        InvalidInput: The first difference is named.
    """
    for key in ("sequences_sha256", "positive_class"):
        if arm.results[key] != baseline.results[key]:
            raise InvalidInput(
                f"{path}: {key}",
                found=arm.results[key],
                expected=f"{baseline.results[key]}, as in {baseline_path}",
                todo="measure both models on the same split and side",
            )
    for sequence_id in sorted(set(arm.predictions) | set(baseline.predictions)):
        mine, other = arm.predictions.get(sequence_id), baseline.predictions.get(sequence_id)
        if mine is None or other is None or (mine.label, mine.subject_id) != (other.label, other.subject_id):
            raise InvalidInput(
                f"{path}: predictions",
                found=f"{sequence_id} {_describe(mine)}",
                expected=f"{_describe(other)}, as in {baseline_path}",
                todo="measure both models on the same split and side",
            )


def _describe(prediction: Prediction | None) -> str:
    return f"{prediction.label} of {prediction.subject_id}" if prediction else "not there"


def sequence_of(answer_id: str) -> str:
    """Return the sequence that an answer is about: pooled results number the answers of further seeds, seq_0001@2."""
    return answer_id.partition("@")[0]


def place(path: Path) -> str:
    """Say where a file lies without telling about this machine: relative to the home, else its bare name."""
    resolved = path.resolve()
    home = paths.home()
    return resolved.relative_to(home).as_posix() if resolved.is_relative_to(home) else path.name
