"""Settings of the reporter. Light to import; the command line fills it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from shared.text.catalogue import Lang
from shared.text.language import DEFAULT

if TYPE_CHECKING:
    from shared.scores.columns import Wanted
    from shared.statistics.metrics import Confusion
    from tools.reporter.tables.rates import PublishedRates, RightCount

MARGIN = 0.05
Named = tuple[str, Path]
MaybeNamed = tuple[str | None, Path]  # None: by the name that the document gives itself


@dataclass(frozen=True)
class Question:
    """What a candidate must reach.

    Attributes:
        primary: The metric that decides.
        protected: The metric that must not drop by more than the margin; None for none.
        margin: The least difference of practical interest, as a fraction.
    """

    primary: str = "accuracy"
    protected: str | None = "recall"
    margin: float = MARGIN


@dataclass(frozen=True)
class ReportConfig:
    """What to report.

    Attributes:
        baseline: Name (None: the model's) and results document.
        candidates: The same of each candidate.
        references: The same of each arm that needs no training of its own (the larger class, one frame).
        question: What the candidate must reach.
        only_look: Whether there will be no other look at the question, so that this one may use all 5 %.
        gate: Whether exit code 1 says that the best candidate is not better than the baseline and every reference.
        groups: Table of the people's groups; None for none.
        suspects: What models say of the labels; None for the dataset's own, where there is one.
        runs: run.json files whose learning curve is shown.
        histories: history.csv files without a run.
        people: Results of the same training on so many people, for the curve over their number.
        streams: Name (None: the arm of that model) and document of an arm's events on whole films.
        added: Names of datasets whose moments were added to an old one; see `tools.reporter.practice.added`.
        dataset: Folder for pictures of changed sequences; None for none.
        with_faces: False leaves the pictures out although a dataset is named.
        out: Folder to write to; None for the report's own below artifacts/reports/.
        report_id: Its name; None makes one of dataset, side and time.
        lang: The page's language.
    """

    baseline: MaybeNamed
    candidates: tuple[MaybeNamed, ...]
    references: tuple[MaybeNamed, ...] = ()
    question: Question = field(default_factory=Question)
    only_look: bool = False
    gate: bool = False
    groups: Path | None = None
    suspects: Path | None = None
    runs: tuple[Path, ...] = ()
    histories: tuple[Path, ...] = ()
    people: tuple[tuple[int, Path], ...] = ()
    streams: tuple[MaybeNamed, ...] = ()
    added: tuple[str, ...] = ()
    dataset: Path | None = None
    with_faces: bool = True
    out: Path | None = None
    report_id: str | None = None
    lang: Lang = DEFAULT


@dataclass(frozen=True)
class ScoresConfig:
    """What to report of tables of scores.

    Attributes:
        baseline: Name (None: the file's) and table.
        candidates: The same of each candidate.
        wanted: Columns and the positive class, where they were named.
        thresholds: Of arms by name; under "" that of all others.
        question: What the candidate must reach.
        gate: Whether exit code 1 says that the best candidate is not better.
        groups: Table of the people's groups; None for none.
        out: Folder to write to; None for the report's own below artifacts/reports/.
        report_id: Its name; None makes one of the time.
        lang: The page's language.
    """

    baseline: MaybeNamed
    candidates: tuple[MaybeNamed, ...]
    wanted: "Wanted"
    thresholds: tuple[tuple[str, float], ...]
    question: Question
    gate: bool
    groups: Path | None
    out: Path | None
    report_id: str | None
    lang: Lang


@dataclass(frozen=True)
class ApproachesConfig:
    """What to report.

    Attributes:
        results: Results document of each approach, the floor among them, by name.
        runs: Training runs by network; of folds and seeds several each.
        cards: Model card of each network.
        specs: Front-end spec of the hand-off of one of its models, by network; its browser proof lies beside it.
        timings: What a decision takes here.
        features: The features' manifest, where faces were read.
        left_out: Names and reasons of approaches that were not compared.
        dataset: Its folder, for the log of test-set evaluations; None looks for it by name.
        primary: The metric that decides.
        margin: The least difference of practical interest.
        only_look: See `ReportConfig`.
        out: Folder to write to; None for the report's own below artifacts/reports/.
        report_id: Its name; None makes one of dataset and time.
        lang: The page's language.
    """

    results: tuple[Named, ...]
    runs: tuple[Named, ...]
    cards: tuple[Named, ...]
    specs: tuple[Named, ...]
    timings: Path
    features: Path | None
    left_out: tuple[tuple[str, str], ...]
    dataset: Path | None
    primary: str
    margin: float
    out: Path | None
    report_id: str | None
    lang: Lang
    only_look: bool = False


@dataclass(frozen=True)
class TablesConfig:
    """What to compare.

    Attributes:
        baseline: A table, published rates, or right clips alone.
        candidate: The same.
        n_subjects: People who gave the clips; None where unknown.
        margin: Differences up to this share of clips do not matter in practice; recall may drop by no more.
        lang: Language of the text.
    """

    baseline: "Confusion | PublishedRates | RightCount"
    candidate: "Confusion | PublishedRates | RightCount"
    n_subjects: int | None
    margin: float
    lang: Lang
