"""A page of mistakes, from results to html.

results + predictions + dataset → mistakes, the worst first → pictures, and where the network looked → one page
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import cli, contracts, paths
from shared.contracts import Document
from shared.dataset import consent, reader
from shared.errors import InvalidInput
from shared.statistics.intervals import Interval, interval
from shared.statistics.predictions import Predictions, make_predictions, sequence_of
from shared.statistics.predictions_csv import PredictionRow, predictions_of_rows, read_predictions
from shared.statistics.thresholds import align
from tools.mistakes.config import MistakesConfig
from tools.mistakes.page import PAGE, Content, Shown, write_page

DOCUMENT = "mistakes.json"


@dataclass(frozen=True)
class Made:
    """A page that is on disk."""

    folder: Path
    document: Document
    exit_code: int = 0

    def as_text(self) -> str:
        """Say where it is and how much it shows."""
        found = self.document
        looks = "with" if found["has_heat"] else "without"
        return (
            f"{paths.shown(self.folder / PAGE)}: {found['n_mistakes']} mistakes of {found['n_sequences']} sequences, "
            f"{found['n_shown']} sequences shown, {looks} where the network looked"
        )

    def as_json(self) -> dict[str, Any]:
        """Give the document and the page's place."""
        return {"page": str(self.folder / PAGE), "mistakes": self.document}


def make_page(config: MistakesConfig) -> Made:
    """Make the page.

    Args:
        config: Of what.

    Raises:
        InvalidInput: Results or dataset are missing or do not belong together.
    """
    results = contracts.read_document(config.results, "results")
    rows = read_predictions(config.results, results)
    folder = config.dataset or paths.home() / "datasets" / results["dataset"]["name"]
    whole = reader.open_dataset(folder)
    if whole.labels_sha256 != results["dataset"]["sha256"]:
        raise InvalidInput(
            str(folder),
            found=f"labels {whole.labels_sha256[:12]}",
            expected=f"{results['dataset']['sha256'][:12]}, which was measured",
            todo="the dataset has changed since: evaluate again",
        )
    dataset = consent.permitted(whole, allow_no_consent=config.allow_no_consent)
    known = {row.sequence_id: row for row in dataset.rows}
    threshold, positive = float(results["metrics"]["threshold"]), results["positive_class"]
    ordered = sorted(rows, key=lambda row: (row.correct, -_distance(row, threshold), row.sequence_id))
    wrong = [row for row in ordered if not row.correct]
    near = [row for row in reversed(ordered) if row.correct][: config.most_near]
    chosen = [row for row in [*wrong[: config.most], *near] if sequence_of(row.sequence_id) in known]
    card = _find_card(results["model"]["sha256"])
    shown = [] if config.no_faces else _look_at(chosen, known, dataset, card, positive)
    predictions = predictions_of_rows(rows, positive, threshold, str(config.results))
    content = Content(
        results=results,
        classes=tuple(dataset.manifest["classes"]),
        predictions=predictions,
        shares=_shares(predictions),
        n_mistakes=len(wrong),
        n_withheld=len({row.sequence_id for row in rows if sequence_of(row.sequence_id) not in known}),
        shown=shown,
        no_faces=config.no_faces,
        knows_people=_knows(card, results),
        lang=config.lang,
    )
    out = config.out or paths.artifacts("reports") / f"mistakes-{config.results.stem}"
    write_page(out, content)
    document = {
        "schema_version": 1,
        "created_utc": paths.utc_text(),
        "results": {"file": config.results.name, "sha256": contracts.sha256_file(config.results)},
        "dataset": results["dataset"],
        "model": {key: results["model"][key] for key in ("name", "sha256")},
        "n_sequences": len(rows),
        "n_mistakes": len(wrong),
        "n_shown": len(shown),
        "has_faces": bool(shown),
        "has_heat": any(one.look is not None for one in shown),
    }
    contracts.write_document(out / DOCUMENT, document, "mistakes")
    return Made(out, document)


def _distance(row: PredictionRow, threshold: float) -> float:
    """How far a score lies from the threshold, both sides of it being as long as each other."""
    return abs(align(row.score, threshold) - 0.5)


def _find_card(sha256: str) -> Path | None:
    """Find the card of the model that was measured, by its hash."""
    for path in sorted(paths.artifacts("models").glob(f"*/{paths.MODEL_CARD}")):
        try:
            if contracts.read_document(path, "model")["onnx"]["sha256"] == sha256:
                return path
        except InvalidInput:
            continue
    return None


def _knows(card: Path | None, results: Document) -> bool:
    """Tell whether the model may have learned from the people who were measured."""
    if results["side"] in ("train", "validation"):
        return True
    if card is None or results["side"] == "test":
        return False
    return bool(contracts.read_document(card, "model")["dataset"]["name"] == results["dataset"]["name"])


def _look_at(
    rows: Sequence[PredictionRow],
    known: dict[str, reader.SequenceRow],
    dataset: reader.Dataset,
    card: Path | None,
    positive: str,
) -> list[Shown]:
    """Load the pictures, and ask the network where it looked, where there is one."""
    network = None
    if card is not None and rows:
        from tools.mistakes import gradcam

        network = gradcam.open_network(card)
    shown = []
    for row in cli.progress(rows, what="pictures", total=len(rows)):
        frames = dataset.load_frames(known[sequence_of(row.sequence_id)])
        look = None
        if network is not None:
            look = gradcam.look(network, frames, for_positive=row.predicted == positive)
        place = len(frames) // 2 if look is None else look.frame
        shown.append(Shown(row, frames[place], look))
    return shown


def _shares(arm: Predictions) -> dict[str, Interval]:
    """Return accuracy, and how many of each class are right."""
    flipped = make_predictions(~arm.labels, -arm.scores, [str(one) for one in arm.people], -_above(arm.threshold))
    return {
        "accuracy": interval("accuracy", arm),
        "positive": interval("recall", arm),
        "negative": interval("recall", flipped),
    }


def _above(threshold: float) -> float:
    """Return the next number, so that a score at the threshold is not of the positive class, seen from both sides."""
    return math.nextafter(threshold, math.inf)
