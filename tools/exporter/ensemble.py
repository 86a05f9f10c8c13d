"""An ensemble: several exported models as one graph that gives the mean of their probabilities.

    models → one contract? → one graph → scores of people, by the graph and by the members → threshold, parity, gain
           → smile_detector.onnx, model.json

Members of one split are judged on its validation people. Members of several folds have each learned from the others'
validation people: they are judged only where --dataset names people of whom none has learned, and the threshold is the
mean of their own.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from shared import cli, contracts, paths, provenance, stale_models
from shared.dataset import consent, reader, splits
from shared.errors import CheckFailed, InvalidInput
from shared.onnx.cards import read_card
from shared.onnx.contract import DTYPE
from shared.onnx.decisions import is_flip
from shared.onnx.model import OnnxModel, Scores, score_dataset
from shared.onnx.session import open_session
from shared.statistics import intervals
from shared.statistics.predictions import Predictions, make_predictions
from tools.exporter.config import EnsembleConfig
from tools.exporter.decision import choose_threshold, fixed_threshold
from tools.exporter.folder import write_model
from tools.exporter.merging import mean_graph

TOLERANCE = 1e-4
NETWORK = "ensemble"
METRIC = "roc_auc"  # which no threshold flatters
_SAME = ("positive_class", "classes", "emotions", "frame_interval_ms", "crop", "resize", "mirror")
_ROUNDS, _WARM_UP, _DRAWN = 20, 3, 4


@dataclass(frozen=True)
class _Member:
    """A model that is a part: its file, its card, and the model itself."""

    card: dict[str, Any]
    file: Path
    model: OnnxModel

    @property
    def name(self) -> str:
        return str(self.card["model_id"])


@dataclass(frozen=True)
class _People:
    """On whom an ensemble is judged, and whether the members' epochs and thresholds were chosen on them."""

    dataset: reader.Dataset
    rows: list[reader.SequenceRow]
    side: str


@dataclass(frozen=True)
class Ensemble:
    """An ensemble that is on disk."""

    folder: Path
    model: dict[str, Any]
    exit_code: int = 0

    def as_text(self) -> str:
        """Say what it is, what it gains and what it costs."""
        model, made = self.model, self.model["ensemble"]
        threshold, parity, cost = model["threshold"], model["parity"], made["cost"]
        n_bytes = model["onnx"]["bytes"]
        how = {"members": "the mean of the members' own", "validation": "chosen on the validation people"}
        names = ", ".join(member["model_id"] for member in made["members"])
        source = how.get(made["threshold_from"], made["threshold_from"])
        line = (
            f"{paths.shown(self.folder / paths.MODEL_FILE)}: the mean of {names}; {model['positive_class']} when > "
            f"{threshold['value']:.4f} ({source})\n"
            f"graph and members agree on {parity['n_sequences']} sequences: largest difference "
            f"{parity['largest_difference']:.1e}, {parity['n_flips']} decisions flip\n"
            f"cost: {n_bytes:,} bytes and {cost['ms']:.2f} ms a decision; {cost['best_member']} alone "
            f"{cost['best_member_bytes']:,} bytes and {cost['best_member_ms']:.2f} ms (one thread, this computer)"
        )
        return f"{line}\n{_describe_gain(made['gain'])}"

    def as_json(self) -> dict[str, Any]:
        """Give the model's card and folder."""
        return {"folder": str(self.folder), "onnx": str(self.folder / paths.MODEL_FILE), "model": self.model}


def _describe_gain(gain: dict[str, Any] | None) -> str:
    """Say whether it is better; only the paired interval by person may say so."""
    if gain is None:
        return (
            "better? Cannot tell: the members come from several splits, so each has learned from the others' people; "
            "name people that none of them knows with --dataset"
        )
    where = f"{gain['n_sequences']} sequences of {gain['n_subjects']} people ({gain['side']} of {gain['dataset']})"
    if gain["difference"] is None:
        return f"better? Cannot tell on {where}: too few people, or one class"
    if gain["low"] is None:
        found = f"ROC AUC {gain['difference']:+.4f}, no interval"
    else:
        found = f"ROC AUC {gain['difference']:+.4f} [{gain['low']:+.4f} to {gain['high']:+.4f}]"
    verdict = {
        "better": "better",
        "worse": "worse",
        "cannot_tell": "not shown to be better: ship the single model",
    }[gain["verdict"]]
    return f"against {gain['against']}, the best member on {where}: {found}: {verdict}"


def build_ensemble(config: EnsembleConfig) -> Ensemble:
    """Make one model of several.

    Args:
        config: What to do.

    Raises:
        InvalidInput: A model is missing, without a card, or of another contract than the first.
        CheckFailed: The graph is too large, or differs from the mean of its members. Nothing is written then.
    """
    members = [_read(file) for file in config.models]
    for member in members[1:]:
        _must_fit(members[0], member)
    graph = mean_graph([onnx.load(str(member.file)) for member in members])
    people = _find_people(config, members)
    by_member, by_graph = _score(graph, members, people)
    mean = np.mean([scores.smile_prob for scores in by_member], axis=0)
    threshold, threshold_from = _choose(config, members, people, by_graph)
    pairs = zip(by_graph.smile_prob.tolist(), mean.tolist(), strict=True)
    parity = {
        "n_sequences": len(mean),
        "largest_difference": float(np.abs(by_graph.smile_prob - mean).max()),
        "n_flips": sum(is_flip(*pair, threshold["value"], TOLERANCE) for pair in pairs),
        "tolerance": TOLERANCE,
    }
    if parity["n_flips"] or parity["largest_difference"] > TOLERANCE:
        raise CheckFailed(
            str(config.out),
            found=f"a graph that differs from its members' mean by {parity['largest_difference']:.1e}",
            expected=f"at most {TOLERANCE:.0e} and no flip",
            todo="nothing was written",
        )
    gain, best = _judge(members, people, by_member, by_graph, threshold["value"])
    card = _card(config, members, threshold, parity)
    card["ensemble"] = {
        "combined": "mean_of_probabilities",
        "members": [
            {
                "model_id": member.name,
                "created_utc": member.card["created_utc"],
                "sha256": member.card["onnx"]["sha256"],
                "dataset": member.card["dataset"],
                "split": member.card["split"],
            }
            for member in members
        ],
        "threshold_from": threshold_from,
        "gain": gain,
        "cost": _measure_cost(graph, members, best),
    }
    write_model(config.out, graph, card, any_size=config.any_size)
    return Ensemble(config.out, card)


def _read(file: Path) -> _Member:
    card = read_card(file)
    if card is None:
        raise InvalidInput(
            str(file), found="no model.json beside it", expected="the card of an exported model", todo="export it"
        )
    if stale := stale_models.why_stale(card["onnx"]["sha256"]):
        cli.note(f"warning: {card['model_id']} is {stale}")
    return _Member(card, file, OnnxModel(file, threads=1))


def _must_fit(first: _Member, other: _Member) -> None:
    """Refuse a model that takes or gives something else than the first."""
    pairs = [(key, first.card[key], other.card[key]) for key in _SAME]
    pairs += [(f"input {key}", value, other.card["input"].get(key)) for key, value in first.card["input"].items()]
    outputs = [[(one["name"], one["shape"]) for one in member.card["outputs"]] for member in (first, other)]
    for what, expected, found in [*pairs, ("outputs", *outputs)]:
        if found != expected:
            raise InvalidInput(
                f"--models: {other.name}: {what}",
                found=str(found),
                expected=f"{expected}, as {first.name} has it",
                todo="put models of one contract together",
            )
    opsets = [member.card["onnx"]["opset"] for member in (first, other)]
    if opsets[0] != opsets[1]:
        raise InvalidInput(
            f"--models: {other.name}", found=f"opset {opsets[1]}", expected=str(opsets[0]), todo="export it again"
        )


def _common_split(members: list[_Member]) -> dict[str, Any] | None:
    """Return the split that all members were trained by; None where they differ or one has none."""
    found = [member.card["split"] for member in members]
    return found[0] if all(one is not None and one == found[0] for one in found) else None


def _find_people(config: EnsembleConfig, members: list[_Member]) -> _People | None:
    """Find people to choose the threshold and judge the gain on; None where there are none to be trusted."""
    split_reference, name = _common_split(members), members[0].card["dataset"]["name"]
    folder = config.dataset or paths.home() / "datasets" / name
    known = {member.card["dataset"]["name"] for member in members}
    if not (folder / reader.MANIFEST).is_file():
        if config.dataset is not None:
            raise InvalidInput(str(folder), found="no dataset", expected="one")
        return None
    dataset = consent.permitted(reader.open_dataset(folder), allow_no_consent=config.allow_no_consent)
    if dataset.positive_class != members[0].card["positive_class"]:
        raise InvalidInput(
            str(folder), found=f"the class {dataset.positive_class}", expected=members[0].card["positive_class"]
        )
    if dataset.name not in known:
        return _People(dataset, list(dataset.rows), "all")
    file = paths.artifacts("splits") / (split_reference["file"] if split_reference else "")
    if split_reference and file.is_file() and contracts.sha256_file(file) == split_reference["sha256"]:
        rows = splits.rows_of(dataset, splits.read_split(file, dataset), "validation")
        return _People(dataset, rows, "validation")
    if config.dataset is not None:
        raise InvalidInput(
            str(folder), found="people of whom members have learned", expected="a dataset that none has learned from"
        )
    return None


def _score(graph: Any, members: list[_Member], people: _People | None) -> tuple[list[Scores], Scores]:
    """Score people, or drawn inputs where there are none, by each member and by the graph."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / paths.MODEL_FILE
        path.write_bytes(graph.SerializeToString())
        models = [*(member.model for member in members), OnnxModel(path, threads=1)]
        if people is not None:
            found = [score_dataset(model, people.dataset, people.rows) for model in models]
        else:
            shape = [_DRAWN, *members[0].card["input"]["shape"][1:]]
            drawn = np.random.default_rng(0).random(shape).astype(DTYPE)
            found = [model.run(drawn) for model in models]
    return found[:-1], found[-1]


def _choose(
    config: EnsembleConfig, members: list[_Member], people: _People | None, scores: Scores
) -> tuple[dict[str, Any], str]:
    """Choose the threshold, and say where it comes from."""
    if config.threshold is not None:
        return fixed_threshold(config.threshold, "given", "fixed", []), "given"
    if people is not None and people.side == "validation":
        found = choose_threshold(people.dataset, people.rows, scores, None, config.objective)
        return found, str(found["chosen_on"])
    own = [member.card["threshold"] for member in members]
    same = {(one["chosen_on"], one["objective"]) for one in own}
    chosen_on, objective = same.pop() if len(same) == 1 else ("given", "fixed")
    counts = {key: sum(one[key] for one in own) for key in ("n_sequences", "n_subjects")}
    value = statistics.fmean(one["value"] for one in own)
    return {"value": value, "chosen_on": chosen_on, "objective": objective, **counts, "interval": None}, "members"


def _judge(
    members: list[_Member], people: _People | None, by_member: list[Scores], by_graph: Scores, threshold: float
) -> tuple[dict[str, Any] | None, _Member]:
    """Compare with the best member; better is what the paired interval by person says.

    Which member is best is taken from these very people, which favours it: the ensemble has to beat that.
    """
    if people is None:
        return None, members[0]
    arms = [
        _predictions(people, scores, value)
        for scores, value in [
            *((scores, member.card["threshold"]["value"]) for scores, member in zip(by_member, members, strict=True)),
            (by_graph, threshold),
        ]
    ]
    areas = [0.0 if arm.placements is None else arm.placements.auc for arm in arms[:-1]]
    best = int(np.argmax(areas))
    found = asdict(intervals.difference(METRIC, arms[best], arms[-1]))
    low, high = found["low"], found["high"]
    verdict = "better" if low is not None and low > 0 else "worse" if high is not None and high < 0 else "cannot_tell"
    return {
        "against": members[best].name,
        "dataset": people.dataset.name,
        "side": people.side,
        "n_sequences": arms[-1].n,
        "n_subjects": arms[-1].n_subjects,
        "metric": METRIC,
        "difference": found["value"],
        "low": low,
        "high": high,
        "verdict": verdict,
    }, members[best]


def _predictions(people: _People, scores: Scores, threshold: float) -> Predictions:
    labels = [row.label == people.dataset.positive_class for row in people.rows]
    subjects = [row.subject_id for row in people.rows]
    return make_predictions(labels, scores.smile_prob.astype(np.float64), subjects, threshold)


def _measure_cost(graph: Any, members: list[_Member], best: _Member) -> dict[str, Any]:
    """Measure the time of a decision, in turns with the best member."""
    session = open_session(graph.SerializeToString(), "the ensemble", threads=1)
    shape = members[0].card["input"]["shape"]
    drawn = np.random.default_rng(0).random(shape).astype(DTYPE)
    name = session.get_inputs()[0].name
    ways: dict[str, Callable[[], Any]] = {
        "all": lambda: session.run(None, {name: drawn}),
        "best": lambda: best.model.run(drawn),
    }
    spent: dict[str, list[float]] = {key: [] for key in ways}
    for number in range(_WARM_UP + _ROUNDS):
        for key, way in ways.items():
            began = time.perf_counter()
            way()
            if number >= _WARM_UP:
                spent[key].append(time.perf_counter() - began)
    ms = {key: round(1000 * statistics.median(values), 4) for key, values in spent.items()}
    return {
        "ms": ms["all"],
        "best_member": best.name,
        "best_member_bytes": best.card["onnx"]["bytes"],
        "best_member_ms": ms["best"],
    }


def _card(
    config: EnsembleConfig, members: list[_Member], threshold: dict[str, Any], parity: dict[str, Any]
) -> dict[str, Any]:
    first = members[0].card
    trained = [name for name in first["emotions"] if all(name in member.card["emotions_trained"] for member in members)]
    return {
        "schema_version": 1,
        "model_id": config.out.name,
        "network": NETWORK,
        "created_utc": paths.utc_text(),
        "onnx": {},
        "run": None,
        "dataset": first["dataset"],
        "split": _common_split(members),
        **{key: first[key] for key in ("input", "outputs", *_SAME)},
        "emotions_trained": trained,
        "threshold": threshold,
        "parity": parity,
        "temperature": None,
        "code": provenance.code_info("onnx", "onnxruntime"),
    }
