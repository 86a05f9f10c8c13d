"""The comparison document: arms minus baseline, how sure that is, the verdict, and which answers changed. Pure.

Whether a difference is more than luck is decided by `tools.reporter.ab.verdict`, not here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.contracts import Document
from shared.statistics.metric_names import SHOWN_METRICS
from tools.reporter.ab.judgement import Judged, Judgement
from tools.reporter.ab.recommendation import recommend
from tools.reporter.ab.sentence import sentences
from tools.reporter.ab.verdict import Verdict
from tools.reporter.sources.arms import Arm, Source

# The plan's order of importance.


def compare(
    arms: Sequence[Arm],
    judgement: Judgement,
    comparison_id: str,
    created_utc: str,
    sources: Sequence[Source],
    code: dict[str, Any],
) -> Document:
    """Build the comparison document.

    Args:
        arms: The baseline first, then candidates and references; all of the same sequences.
        judgement: Of these arms.
        comparison_id: Its name.
        created_utc: As `shared.paths.utc_text` writes it.
        sources: Further files that were read, besides those of the arms.
        code: As `shared.provenance.code_info` gives it.

    Returns:
        A document of the comparison schema. Differences are candidate minus baseline, as fractions; None where either
        is not defined.
    """
    baseline = arms[0]
    flips = [flip for arm in arms[1:] for flip in find_flips(baseline, arm)]
    return {
        "schema_version": 2,
        "comparison_id": comparison_id,
        "created_utc": created_utc,
        **{
            key: baseline.results[key]
            for key in (
                "dataset",
                "split",
                "side",
                "sequences_sha256",
                "n_sequences",
                "n_subjects",
                "positive_class",
            )
        },
        "synthetic": any(arm.results["dataset"]["kind"] == "synthetic" for arm in arms),
        "test_openings": count_openings(arms),
        "recommendation": recommend(arms, judgement).as_document(),
        "verdict": judgement.as_document(),
        "arms": [_describe_arm(arm, judgement.arms[arm.name], baseline, flips) for arm in arms],
        "flips": flips,
        "provenance": [source.as_document() for arm in arms for source in arm.sources]
        + [source.as_document() for source in sources],
        "code": code,
    }


def count_openings(arms: Sequence[Arm]) -> int | None:
    """Return how often the test set had been evaluated by the last measurement; None where nobody counted."""
    counts = [arm.results.get("test_openings") for arm in arms]
    return max((count for count in counts if count is not None), default=None)


def _describe_arm(arm: Arm, judged: Judged, baseline: Arm, flips: Sequence[dict[str, Any]]) -> dict[str, Any]:
    is_baseline = arm is baseline
    directions = [flip["to"] for flip in flips if flip["arm"] == arm.name]
    return {
        "name": arm.name,
        "role": arm.role,
        "results": {"file": arm.sources[0].file, "sha256": arm.sources[0].sha256},
        "model_sha256": arm.results["model"]["sha256"],
        "created_utc": arm.results["created_utc"],
        "metrics": arm.results["metrics"],
        "epochs": arm.epochs,
        "run_id": arm.run_id,
        "n_flipped_to_right": None if is_baseline else directions.count("right"),
        "n_flipped_to_wrong": None if is_baseline else directions.count("wrong"),
        "differences": {} if is_baseline else subtract(arm.results["metrics"], baseline.results["metrics"]),
        "intervals": _documents(judged.intervals),
        "calibration": judged.calibration.as_document(),
        "paired": _documents(judged.paired),
        "tests": _documents(judged.tests),
        "verdict": _verdict(judged.verdict) if judged.verdict is not None else None,
        "against": {name: _verdict(verdict) for name, verdict in judged.against.items()},
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {**verdict.as_document(), "sentence": sentences(verdict)}


def _documents(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one.as_document() for name, one in found.items()}


def subtract(candidate: dict[str, Any], baseline: dict[str, Any]) -> dict[str, float | None]:
    """Return candidate minus baseline of each compared metric, as fractions; None where either is not defined."""
    return {
        metric: None
        if candidate[metric] is None or baseline[metric] is None
        else float(candidate[metric] - baseline[metric])
        for metric in SHOWN_METRICS
    }


def find_flips(baseline: Arm, arm: Arm) -> list[dict[str, Any]]:
    """List the sequences that one of two models gets right and the other wrong, each at its own threshold.

    Returns:
        Entries of the document's flips, by sequence_id.
    """
    return [
        {
            "sequence_id": sequence_id,
            "subject_id": prediction.subject_id,
            "label": prediction.label,
            "arm": arm.name,
            "baseline_score": baseline_prediction.score,
            "candidate_score": prediction.score,
            "to": "right" if prediction.correct else "wrong",
        }
        for sequence_id, prediction in arm.rows.items()
        for baseline_prediction in [baseline.rows[sequence_id]]
        if prediction.correct != baseline_prediction.correct
    ]
