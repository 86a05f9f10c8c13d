"""Reads what a comparison is made of: results documents, their predictions and model cards.

Every file is checked before it is used: against its schema, against the hash that names it, and against what the other
files say of the same thing. Writes nothing.
"""

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from shared import contracts, paths
from shared.contracts import Document
from shared.errors import InvalidInput, WrongUsage
from shared.scores.table import Remark
from shared.statistics.calibration import Calibration
from shared.statistics.intervals import Interval
from shared.statistics.predictions import Predictions, sequence_of
from shared.statistics.predictions_csv import PredictionRow, predictions_of_rows, predictions_path, read_predictions
from tools.reporter.config import MaybeNamed


@dataclass(frozen=True)
class Source:
    """A file that was read, for the provenance.

    Attributes:
        kind: results, predictions, scores, model_card, run, history or dataset.
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
class Arm:
    """A model with everything that was measured of it.

    Attributes:
        name: Unique in the comparison.
        role: baseline, candidate or reference (an arm that needs no training, such as the larger class).
        results: The results document.
        rows: Its rows of the predictions csv by sequence_id, sorted by it.
        card: Its model card (model.json); None for a stranger's model.
        sources: The files read; the results document comes first.
        remarks: What was understood of a table of scores rather than written in it.
        caution: What a reader of such a table's figures must see first; None where nothing must.
    """

    name: str
    role: str
    results: Document
    rows: Mapping[str, PredictionRow]
    card: Document | None
    sources: tuple[Source, ...]
    remarks: tuple[Remark, ...] = ()
    caution: Remark | None = None

    @property
    def is_table(self) -> bool:
        """Whether it is a table of scores that somebody brought, of no dataset that is known here."""
        return bool(self.results["dataset"]["kind"] == "unknown")

    @property
    def kind(self) -> str:
        """What made the predictions: model, one_frame or majority."""
        return str(self.results.get("arm", "model"))

    @property
    def repeats(self) -> float:
        """Mean number of predictions per sequence: more than 1 where several seeds were pooled."""
        return len(self.rows) / len({sequence_of(prediction_id) for prediction_id in self.rows})

    @cached_property
    def predictions(self) -> Predictions:
        """Its predictions, in the order of sequence_id.

        Raises:
            InvalidInput: A decision is not what score and threshold give.
        """
        threshold = self.results["metrics"]["threshold"]
        return predictions_of_rows(
            self.rows.values(), self.results["positive_class"], threshold, f"predictions of {self.name}"
        )

    @cached_property
    def intervals(self) -> dict[str, Interval]:
        """The interval of each metric, as the evaluator measured it."""
        return {metric: Interval.from_document(found) for metric, found in self.results["intervals"].items()}

    @cached_property
    def calibration(self) -> Calibration:
        """How well its scores are probabilities, as the evaluator measured it."""
        return Calibration.from_document(self.results["calibration"])

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


def read_arms(
    baseline: MaybeNamed, candidates: Sequence[MaybeNamed], references: Sequence[MaybeNamed] = ()
) -> tuple[Arm, ...]:
    """Read all arms, the baseline first, then candidates, then references, and make sure that they can be compared.

    Args:
        baseline: Name (None: the model's) and results document.
        candidates: The same of each candidate; results of an arm that needs no training become references.
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


def read_arm(named: MaybeNamed, role: str) -> Arm:
    """Read an arm's results and what they name, each checked.

    Raises:
        InvalidInput: A file is not what it must be.
    """
    name, path = named
    results = contracts.read_document(path, "results")
    if role == "candidate" and results.get("arm", "model") != "model":
        role = "reference"
    name = name or str(results["model"]["name"])
    rows = {row.sequence_id: row for row in read_predictions(path, results)}
    sources = [
        Source(
            "results",
            name,
            place(path),
            contracts.sha256_file(path),
            results["created_utc"],
            results["code"]["commit"],
        ),
        Source("predictions", name, place(predictions_path(path, results)), results["predictions"]["sha256"]),
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
        rows=dict(sorted(rows.items())),
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
    for sequence_id in sorted(set(arm.rows) | set(baseline.rows)):
        found, expected = arm.rows.get(sequence_id), baseline.rows.get(sequence_id)
        if (
            found is None
            or expected is None
            or (found.label, found.subject_id) != (expected.label, expected.subject_id)
        ):
            raise InvalidInput(
                f"{path}: predictions",
                found=f"{sequence_id} {_describe(found)}",
                expected=f"{_describe(expected)}, as in {baseline_path}",
                todo="measure both models on the same split and side",
            )


def _describe(prediction: PredictionRow | None) -> str:
    return f"{prediction.label} of {prediction.subject_id}" if prediction else "not there"


def place(path: Path) -> str:
    """Say where a file lies without telling about this machine: relative to the home, else its bare name."""
    resolved = path.resolve()
    home = paths.home()
    return resolved.relative_to(home).as_posix() if resolved.is_relative_to(home) else path.name
