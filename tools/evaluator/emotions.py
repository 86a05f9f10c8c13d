"""How well models name emotions: macro F1 with an interval by person, two models on the same people, time a picture.

A model is one of the contract with ``emotion_logits``, or a classifier of single grey faces with a JSON beside it that
says so (``emotion_mini_xception.json`` shows how). A sequence's answer is that on its middle picture, shown for as
many frames as the model takes. Reads a dataset; writes one document.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import cli, contracts, paths, provenance
from shared.arrays import F64, U8, Int
from shared.dataset import consent, reader, splits
from shared.dataset.protocol import EMOTIONS
from shared.errors import InvalidInput, MissingOutside
from shared.faces.classifier import MARGIN, FaceClassifier
from shared.faces.detector import FaceFinder, open_finder
from shared.onnx.model import OnnxModel
from shared.preprocess import to_batch
from tools.evaluator.config import EmotionsConfig
from tools.evaluator.results import Written

N_DRAWS = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class NamedEmotions:
    """What a model named.

    Attributes:
        name: The model's file.
        sha256: Of the file.
        named: (n,) index into EMOTIONS of each sequence.
        ms: Median milliseconds a picture, on one thread.
    """

    name: str
    sha256: str
    named: Int
    ms: float


def measure_emotions(config: EmotionsConfig) -> Written:
    """Measure one or two models on a dataset's labelled emotions.

    Args:
        config: Models, dataset, split, and how many people an emotion needs to count.

    Raises:
        InvalidInput: A model or the dataset has no emotions.
        MissingOutside: A classifier of faces needs the face detector, and it is not here.
    """
    dataset = consent.permitted(reader.open_dataset(config.dataset), allow_no_consent=config.allow_no_consent)
    split = splits.read_split(config.split, dataset) if config.split else None
    rows = [row for row in splits.rows_of(dataset, split, config.side) if row.shown_emotion()]
    if not rows:
        raise InvalidInput(str(dataset.folder), found="no labelled emotion", expected="sequences with one")
    truth = np.array([EMOTIONS.index(str(row.shown_emotion())) for row in rows])
    people = np.unique([row.subject_id for row in rows], return_inverse=True)[1]
    counted = [place for place in range(len(EMOTIONS)) if len(set(people[truth == place])) >= config.min_people]
    if len(counted) < 2:
        raise InvalidInput(
            str(dataset.folder),
            found=f"{len(counted)} emotions with {config.min_people} people or more",
            expected="two or more",
            todo="lower --min-people",
        )
    answers = [_ask(path, dataset, rows) for path in config.models]
    scores = [_macro_f1_draws(answer.named, truth, people, counted) for answer in answers]
    now = paths.utc_now()
    document: dict[str, Any] = {
        "schema_version": 1,
        "created_utc": paths.utc_text(now),
        "dataset": dataset.reference(),
        "split": config.split and {"file": config.split.name, "sha256": contracts.sha256_file(config.split)},
        "side": config.side,
        "n_sequences": len(rows),
        "n_people": len(set(people.tolist())),
        "min_people": config.min_people,
        "counted": [EMOTIONS[place] for place in counted],
        "models": [_describe(answer, truth, counted, draws) for answer, draws in zip(answers, scores, strict=True)],
        "difference": _difference(scores) if len(scores) == 2 else None,
        "code": provenance.code_info("numpy", "onnxruntime", "opencv-contrib-python"),
    }
    out = config.out / f"{dataset.name}_emotions_{paths.utc_stamp(now)}.json"
    config.out.mkdir(parents=True, exist_ok=True)
    contracts.write_document(out, document, "emotion_results")
    return Written(out, "emotion_results", document, _format(document))


def _ask(path: Path, dataset: reader.Dataset, rows: Sequence[reader.SequenceRow]) -> NamedEmotions:
    """Ask a model about the middle picture of each sequence."""
    name = _open(path)
    named, spans = [], []
    for row in cli.progress(rows, what=path.name):
        names = row.frame_names()
        picture = dataset.load_picture(names[len(names) // 2])
        began = time.perf_counter()
        named.append(name(picture))
        spans.append((time.perf_counter() - began) * 1000)
    return NamedEmotions(path.name, contracts.sha256_file(path), np.array(named), float(np.median(spans)))


def _open(path: Path) -> Callable[[U8], int]:
    """Return what names the emotion of a picture."""
    card = path.with_suffix(".json")
    if card.is_file() and isinstance(described := contracts.read_json(card), dict) and "input" in described:
        return _open_classifier(path, described)
    model = OnnxModel(path, threads=1)
    if model.kind != "frames" or not model.frame_count:
        raise InvalidInput(str(path), found=f"a model of {model.kind}", expected="one of pictures")

    def name(picture: U8) -> int:
        logits = model.run(to_batch(np.stack([picture] * model.frame_count))).emotion_logits
        if logits is None or logits.shape[1] != len(EMOTIONS):
            raise InvalidInput(str(path), found="no emotion_logits of seven emotions", expected="that output")
        return int(logits[0].argmax())

    return name


def _open_classifier(path: Path, card: dict[str, Any]) -> Callable[[U8], int]:
    """Open a classifier of one grey face, as its JSON describes it."""
    classifier = FaceClassifier(path, card)
    if set(classifier.classes) != set(EMOTIONS):
        found = ", ".join(classifier.classes)
        raise InvalidInput(str(path.with_suffix(".json")), found=found, expected="the seven emotions")
    finder = open_finder()
    if finder is None:
        raise MissingOutside(
            str(path),
            found="no face detector",
            expected="it, since the model sees a face alone",
            todo="./inv fetch-models",
        )
    place = [EMOTIONS.index(each) for each in classifier.classes]

    def name(picture: U8) -> int:
        return place[int(classifier.read(_cut_face(picture, finder)).argmax())]

    return name


def _cut_face(picture: U8, finder: FaceFinder) -> U8:
    """Cut the largest face out, with a tenth around it; the whole picture where there is none."""
    faces = finder.find(picture)
    if not faces:
        return picture
    x0, y0, x1, y1 = faces[0].box_xyxy_px
    side, middle_x, middle_y = max(x1 - x0, y1 - y0) * (1 + 2 * MARGIN), (x0 + x1) / 2, (y0 + y1) / 2
    height, width = picture.shape[:2]
    left, right = max(0, round(middle_x - side / 2)), min(width, round(middle_x + side / 2))
    top, bottom = max(0, round(middle_y - side / 2)), min(height, round(middle_y + side / 2))
    return picture[top:bottom, left:right]


def macro_f1(named: Int, truth: Int, counted: Sequence[int], weights: F64) -> float:
    """Return the mean F1 over some emotions; every sequence counts by its weight.

    Args:
        named: (n,) what the model says.
        truth: (n,) what is labelled.
        counted: The emotions.
        weights: (n,) from 0.

    Example:
        >>> macro_f1(np.array([0, 1, 1]), np.array([0, 1, 0]), [0, 1], np.ones(3))
        0.6666666666666666
    """
    values = []
    for emotion in counted:
        right = float(weights[(named == emotion) & (truth == emotion)].sum())
        both = float(weights[named == emotion].sum() + weights[truth == emotion].sum())
        values.append(2 * right / both if both else 0.0)
    return float(np.mean(values))


def _macro_f1_draws(named: Int, truth: Int, people: Int, counted: Sequence[int]) -> F64:
    """Return the macro F1 as it is, then of N_DRAWS draws of people with replacement, the same for every model."""
    rng = np.random.default_rng(0)
    n_people = int(people.max()) + 1
    values = [macro_f1(named, truth, counted, np.ones(len(truth)))]
    for _ in range(N_DRAWS):
        drawn = np.bincount(rng.integers(n_people, size=n_people), minlength=n_people)
        values.append(macro_f1(named, truth, counted, drawn[people].astype(np.float64)))
    return np.array(values)


def _interval(draws: F64) -> dict[str, Any]:
    low, high = np.quantile(draws[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"value": float(draws[0]), "low": float(low), "high": float(high)}


def _difference(scores: Sequence[F64]) -> dict[str, Any]:
    """Describe how much better the second model is, on the same draws of people."""
    return _interval(scores[1] - scores[0])


def _describe(answer: NamedEmotions, truth: Int, counted: Sequence[int], draws: F64) -> dict[str, Any]:
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), np.int64)
    np.add.at(confusion, (truth, answer.named), 1)
    every = np.ones(len(truth))
    return {
        "name": answer.name,
        "sha256": answer.sha256,
        "macro_f1": _interval(draws),
        "f1": {EMOTIONS[place]: macro_f1(answer.named, truth, [place], every) for place in counted},
        "accuracy": float((answer.named == truth).mean()),
        "confusion": confusion.tolist(),
        "ms": answer.ms,
    }


def _format(document: dict[str, Any]) -> str:
    """Write the document as a few lines."""
    who = f"{document['n_sequences']} sequences of {document['n_people']} people"
    lines = [f"{who}; emotions with at least {document['min_people']} people: {', '.join(document['counted'])}"]
    for model in document["models"]:
        found = model["macro_f1"]
        each = ", ".join(f"{name} {value:.2f}" for name, value in model["f1"].items())
        lines.append(
            f"{model['name']}: macro F1 {found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f}), "
            f"{model['ms']:.1f} ms a picture; {each}"
        )
    if difference := document["difference"]:
        lines.append(
            f"second minus first: {difference['value']:+.3f} ({difference['low']:+.3f} to {difference['high']:+.3f})"
        )
    lines.append(f"95 % intervals: {N_DRAWS} draws of people")
    return "\n".join(lines)
