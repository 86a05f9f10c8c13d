"""Settings of an evaluation. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shared.approaches import Approach

if TYPE_CHECKING:
    from shared.onnx.stream import GraphChoice
    from shared.scores.columns import Wanted
    from shared.statistics.thresholds import Objective


@dataclass(frozen=True)
class EvaluationConfig:
    """Settings of an evaluation.

    Attributes:
        model: The ONNX file; not looked at for the majority.
        arm: ``model``, ``one_frame`` (the model sees the middle frame only) or ``majority`` (no model).
        dataset: The dataset's folder.
        split: A frozen split; None takes that of the model's training where it learned from this dataset.
        side: train, validation, test or all; None is test where the split has test people, else all.
        threshold: The decision threshold; None takes the model's own, else 0.5.
        name: How results call the model; None takes model.json's id or the file's name.
        out: The folder of the results.
        threads: Threads of onnxruntime; 0 lets it decide.
        session: What this measurement is a part of; the test side is opened once a session. None for one of its own.
        allow_no_consent: Use people without a consent row too.
        stamp: The moment that the documents hold, and nothing that differs from run to run; None is now.
    """

    model: Path
    arm: str
    dataset: Path
    split: Path | None
    side: str | None
    threshold: float | None
    name: str | None
    out: Path
    threads: int
    session: str | None = None
    allow_no_consent: bool = False
    stamp: str | None = None


@dataclass(frozen=True)
class FusionConfig:
    """Settings of fusing approaches.

    Attributes:
        dataset: The dataset's folder.
        split: The frozen split.
        fusion: What is fused.
        validation: Name and results of each member on the validation part.
        test: Name and results of each member on the test part, of the same models.
        objective: What the threshold is chosen for.
        name: How results call the fusion; None names it after its members.
        out: The folder of the results.
        session: What this measurement is a part of; see `EvaluationConfig`.
        allow_no_consent: Use people without a consent row too.
    """

    dataset: Path
    split: Path
    fusion: Approach
    validation: tuple[tuple[str, Path], ...]
    test: tuple[tuple[str, Path], ...]
    objective: "Objective"
    name: str | None
    out: Path
    session: str | None = None
    allow_no_consent: bool = False


@dataclass(frozen=True)
class ScoresConfig:
    """Settings of an evaluation from a table of labels and scores.

    Attributes:
        file: The table.
        threshold: The decision threshold; None is 0.5, or 0 for logits.
        wanted: Columns and the positive class, where they were named.
    """

    file: Path
    threshold: float | None
    wanted: "Wanted"


@dataclass(frozen=True)
class TimingConfig:
    """Settings of timing decisions.

    Attributes:
        dataset: Whose pictures are decided on.
        models: Name and ONNX file of each model.
        handoffs: Name of a model and the folder of its hand-off, whose encoder and head are timed.
        faces: Whether the reading of faces is timed.
        n_rounds: How often each way is run.
        out: The folder of the document.
        allow_no_consent: Use people without a consent row too.
    """

    dataset: Path
    models: tuple[tuple[str, Path], ...]
    handoffs: tuple[tuple[str, Path], ...]
    faces: bool
    n_rounds: int
    out: Path
    allow_no_consent: bool = False


@dataclass(frozen=True)
class EmotionsConfig:
    """Settings of measuring emotions.

    Attributes:
        models: One or two ONNX files.
        dataset: Whose labelled emotions count.
        split: A frozen split, or None.
        side: Its part, or ``all``.
        min_people: How many people an emotion needs to count.
        out: The folder of the document.
        allow_no_consent: Use people without a consent row too.
    """

    models: tuple[Path, ...]
    dataset: Path
    split: Path | None
    side: str
    min_people: int
    out: Path
    allow_no_consent: bool = False


@dataclass(frozen=True)
class StreamsConfig:
    """Settings of measuring a hand-off on films with marked laughs.

    Attributes:
        handoff: The hand-off's folder.
        dataset: Whose people, and whose takes where no marks are given.
        split: A frozen split; None takes that of the model's training where it learned from this dataset.
        side: train, validation, test or all; None is test where the split has test people, else all.
        marks: Table of films and laughs; None takes the dataset's takes and the protocol's phases.
        films: The folder of the films that the table names; None is the table's own.
        objective: What a threshold is chosen for on the validation people; None takes the hand-off's.
        threshold: Another threshold than the hand-off's.
        tolerance_ms: How far outside of a laugh an event may begin and still belong to it.
        graph: Which graphs run: ``stream``, ``window`` or ``pixels``; None takes the first that the hand-off has.
        seed: Of the bootstrap over people.
        out: The folder of the document.
        session: What this measurement is a part of; see `EvaluationConfig`.
        allow_no_consent: Use people without a consent row too.
    """

    handoff: Path
    dataset: Path
    split: Path | None
    side: str | None
    marks: Path | None
    films: Path | None
    objective: "Objective | None"
    threshold: float | None
    tolerance_ms: float
    graph: "GraphChoice | None"
    seed: int
    out: Path
    session: str | None = None
    allow_no_consent: bool = False
