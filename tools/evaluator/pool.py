"""Pools the predictions of folds: each person is measured once per seed, by a model that has not seen them.

Each fold has its own model with its own threshold, so scores are aligned before they are put together: a fold's
threshold is moved to 0.5 and the scores on both sides of it are stretched evenly. Decisions stay as they were; ranks
across folds become comparable as far as the thresholds are. Where scales differ, the area of all together lies below
the mean of the folds' own (by 1 to 2 points in `tests/simulations/sim_pool.py`); its intervals and verdicts keep their
nominal level.
"""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from shared import contracts, provenance
from shared.errors import InvalidInput
from shared.statistics.measurement import measure
from shared.statistics.metric_names import METRICS
from shared.statistics.predictions_csv import PredictionRow, read_predictions
from shared.statistics.thresholds import ALIGNED_THRESHOLD, align
from tools.evaluator.results import Written, name_files, write_results
from tools.evaluator.text import format_metrics


def pool(files: list[Path], name: str, out: Path, stamp: str | None = None) -> Written:
    """Put the test results of folds together.

    Args:
        files: Results documents of one arm on the test sets of folds, of one dataset.
        name: How the pooled results call the arm.
        out: The folder of the pooled results.
        stamp: The moment that the document holds; None is now.

    Raises:
        InvalidInput: Other datasets, other arms, other parts than test, or changed predictions; the same predictions
            twice, folds that share people, a sequence with two labels.
    """
    documents = [contracts.read_document(file, "results") for file in files]
    first = documents[0]
    for file, document in zip(files, documents, strict=True):
        for key, found, expected in (
            ("dataset.sha256", document["dataset"]["sha256"], first["dataset"]["sha256"]),
            ("arm", document["arm"], first["arm"]),
            ("side", document["side"], "test"),
        ):
            if found != expected:
                raise InvalidInput(f"{file}: {key}", found=str(found), expected=str(expected))
    tables = [read_predictions(file, document) for file, document in zip(files, documents, strict=True)]
    _refuse_repeats(files, documents)
    _refuse_overlap(files, tables)
    predictions = _align(tables, documents)
    measurement = measure(predictions, first["positive_class"], ALIGNED_THRESHOLD, "model")
    facts = {
        **{key: first[key] for key in ("arm", "dataset", "side", "positive_class")},
        "model": {
            "name": name,
            "file": f"{len(files)} models",
            "sha256": contracts.sha256_json([document["model"]["sha256"] for document in documents]),
            "threshold": None,
        },
        "split": None,
        "sequences_sha256": contracts.sha256_json(
            sorted([one.sequence_id, one.subject_id, one.label] for one in predictions)
        ),
        # Each fold has its own test set; the one evaluated most often counts.
        "test_openings": max((document.get("test_openings") or 0 for document in documents), default=0) or None,
        "at_optimal": None,  # a threshold of aligned scores is no model's
        "notes": [
            *measurement.measured.notes,
            "folds are aligned so that each one's own threshold is 0.5",
            "where the scales of folds differ, the ROC AUC of all together lies somewhat below the mean of the folds'",
        ],
        "pictures": [],
        "seconds_a_sequence": _mean_seconds(documents),
        "code": provenance.code_info("numpy", "scipy"),
        "pooled": {
            "runs": [_run(file, d) for file, d in zip(files, documents, strict=True)],
            "spread": _spread(documents),
        },
    }
    if "fusion" in first:
        runs = [run for document in documents for run in document["fusion"]["runs"]]
        facts["fusion"] = {"members": first["fusion"]["members"], "runs": runs}
    places = name_files(out, name, stamp)
    results = write_results(places, measurement, facts)
    return Written(places.results, "results", results, _describe(results))


def _mean_seconds(documents: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the mean time of a sequence; None where the cells of a sweep, which say no times, are pooled."""
    seconds = [document["seconds_a_sequence"] for document in documents]
    return None if None in seconds else statistics.mean(seconds)


def _describe(results: Mapping[str, Any]) -> str:
    """Summarise the pooled results, with the spread over the runs."""
    runs, spread = len(results["pooled"]["runs"]), results["pooled"]["spread"]
    means = [f"{name} {found['mean']:.3f} ± {found['sd']:.3f}" for name, found in spread.items() if found is not None]
    return (
        f"{results['model']['name']}: {results['n_sequences']} predictions of {runs} runs, {results['n_subjects']} "
        f"people\n{format_metrics(results['metrics'], results['intervals'], results['notes'])}\n"
        f"mean ± sd over the runs: {', '.join(means)}"
    )


def _run(file: Path, document: dict[str, Any]) -> dict[str, Any]:
    return {
        "file": file.name,
        "sha256": contracts.sha256_file(file),
        "split": document["split"]["file"] if document["split"] else None,
        **{key: document["metrics"][key] for key in ("threshold", *METRICS)},
    }


def _spread(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Return mean and standard deviation of each metric over the runs in which it is defined."""
    spread: dict[str, Any] = {}
    for key in METRICS:
        values = [d["metrics"][key] for d in documents if d["metrics"][key] is not None]
        spread[key] = (
            {
                "mean": statistics.mean(values),
                "sd": statistics.stdev(values) if len(values) > 1 else 0.0,
                "n_runs": len(values),
            }
            if values
            else None
        )
    return spread


def _refuse_repeats(files: Sequence[Path], documents: Sequence[Mapping[str, Any]]) -> None:
    """Refuse predictions that are there twice: they would look like more runs than there were.

    A model that is not trained anew, such as a baseline, may predict the same in the folds of another seed: those have
    another split.
    """
    seen: list[tuple[Path, tuple[str, str, str]]] = []
    for file, document in zip(files, documents, strict=True):
        split = document["split"]["sha256"] if document["split"] else ""
        facts = (document["model"]["sha256"], split, document["predictions"]["sha256"])
        for earlier, (model, of_split, predicted) in seen:
            same_run = facts[:2] == (model, of_split)
            is_network = document["arm"] in ("model", "one_frame")  # others may decide alike on other training people
            if same_run or (is_network and facts[2] == predicted and facts[0] != model):
                raise InvalidInput(
                    str(file),
                    found=f"the {'model and split' if same_run else 'predictions'} of {earlier.name} a second time",
                    expected="each fold of each seed once",
                )
        seen.append((file, facts))


def _refuse_overlap(files: Sequence[Path], tables: Sequence[Sequence[PredictionRow]]) -> None:
    """Refuse a sequence with two labels, and folds that cannot be sorted into seeds that test everybody once."""
    known: dict[str, tuple[Path, PredictionRow]] = {}
    for file, rows in zip(files, tables, strict=True):
        for row in rows:
            earlier, other = known.setdefault(row.sequence_id, (file, row))
            if (row.label, row.subject_id) != (other.label, other.subject_id):
                raise InvalidInput(
                    f"{file}: {row.sequence_id}",
                    found=f"{row.label} of {row.subject_id}",
                    expected=f"{other.label} of {other.subject_id}, as in {earlier.name}",
                )
    folds = [frozenset(row.sequence_id for row in rows) for rows in tables]
    if not _are_rounds(folds, frozenset(known)):
        shared = next(
            (one, two, min(folds[one] & folds[two]))
            for one in range(len(folds))
            for two in range(one + 1, len(folds))
            if folds[one] & folds[two]
        )
        raise InvalidInput(
            f"{files[shared[1]]}: {shared[2]}",
            found=f"it in {files[shared[0]].name}, too: the folds overlap",
            expected="folds that test everybody equally often, once a seed",
        )


def _are_rounds(folds: Sequence[frozenset[str]], everything: frozenset[str]) -> bool:
    """Say whether folds can be sorted into rounds that each cover everything once."""
    left = list(folds)

    def complete(missing: frozenset[str]) -> bool:
        if not missing:
            return not left or complete(everything)
        wanted = min(missing)
        for place, fold in enumerate(left):
            if wanted in fold and fold <= missing:
                del left[place]
                if complete(missing - fold):
                    return True
                left.insert(place, fold)
        return False

    times = Counter(name for fold in folds for name in fold)
    return len(set(times.values())) == 1 and complete(everything)


def _align(tables: Sequence[Sequence[PredictionRow]], documents: Sequence[Mapping[str, Any]]) -> list[PredictionRow]:
    """Align predictions; of a sequence with several, the number of the seed follows its id."""
    aligned: list[PredictionRow] = []
    times: Counter[str] = Counter()
    for rows, document in zip(tables, documents, strict=True):
        for prediction in rows:
            times[prediction.sequence_id] += 1
            number = times[prediction.sequence_id]
            aligned.append(
                replace(
                    prediction,
                    sequence_id=prediction.sequence_id if number == 1 else f"{prediction.sequence_id}@{number}",
                    score=align(prediction.score, document["metrics"]["threshold"]),
                )
            )
    return aligned
