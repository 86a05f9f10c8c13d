"""The sections on use: the threshold in the game's terms, whether scores are probabilities, and person by person."""

from collections.abc import Mapping, Sequence

import numpy as np

from shared.plots import figures
from shared.statistics.predictions import Predictions
from shared.text.rounding import rounded
from tools.reporter.ab.judgement import Judgement
from tools.reporter.practice.alikeness import find_alikeness
from tools.reporter.render.blocks import Block, Bullets, Cell, Paragraph, Picture, Section, Slider, Table
from tools.reporter.render.interval_figures import Reliability, reliability_figure
from tools.reporter.sources.arms import Arm
from tools.reporter.text.words import ReportWords

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MOST_FOR_SLIDERS = 10_000  # sequences: a slider's page holds each score
# Smaller groups would show persons, not models (our own choice).
LEAST_SEQUENCES = 3
LEAST_PEOPLE = 3


def thresholds_section(arms: Sequence[Arm], judgement: Judgement, clip_s: float | None, words: ReportWords) -> Section:
    """Show what each threshold catches and how often it is wrong a minute, with a slider for those who can run one.

    Args:
        arms: All; one whose scores are all equal has no threshold to move.
        judgement: Of these arms.
        clip_s: How long a negative clip lasts on average; None where nobody knows.
        words: The language.
    """
    positive = arms[0].results["positive_class"]
    first = judgement.arms[arms[0].name].predictions
    n_negative = int((~first.labels).sum())
    minutes = None if not clip_s or not n_negative else n_negative * clip_s / 60
    blocks: list[Block] = [Paragraph(words("thresholds_intro", positive=positive))]
    if n_negative and not arms[0].is_table:
        blocks.append(
            Paragraph(words("minutes_unknown", n=n_negative, positive=positive), "faint")
            if minutes is None or clip_s is None
            else Paragraph(
                words(
                    "minutes_known", clip_s=f"{clip_s:.3g}", n=n_negative, minutes=f"{minutes:.2g}", positive=positive
                ),
                "faint",
            )
        )
    moving = [arm for arm in arms if np.unique(judgement.arms[arm.name].predictions.scores).size > 1]
    for arm in moving if first.n <= MOST_FOR_SLIDERS else ():
        predictions = judgement.arms[arm.name].predictions
        blocks.append(
            Slider(
                name=arm.name,
                threshold=predictions.threshold,
                positives=tuple(sorted(predictions.scores[predictions.labels].tolist())),
                negatives=tuple(sorted(predictions.scores[~predictions.labels].tolist())),
                negative_minutes=minutes,
                label=words("slider_label", arm=arm.name),
                caught=words("caught", positive=positive),
                alarms=words.raw("alarms" if minutes is None else "alarms_rate"),
            )
        )
    header = (
        Cell(words("threshold_column")),
        *(
            Cell(arm.name, (f"{words('caught_column', positive=positive)}; {words('alarms_column')}",))
            for arm in moving
        ),
    )
    rows = [
        (
            Cell(f"{threshold:.1f}"),
            *(_at(judgement.arms[arm.name].predictions, threshold, minutes, words) for arm in moving),
        )
        for threshold in THRESHOLDS
    ]
    own = (
        Cell(words("in_use")),
        *(_at(judgement.arms[arm.name].predictions, None, minutes, words) for arm in moving),
    )
    if moving:
        blocks.append(Table("plain", header, (own, *rows)))
    return Section("thresholds", words("thresholds"), tuple(blocks))


def _at(predictions: Predictions, threshold: float | None, minutes: float | None, words: ReportWords) -> Cell:
    """Count what is caught and what is wrong at a threshold; None is the one in use."""
    decisions = predictions.decisions if threshold is None else predictions.scores > threshold
    labels = predictions.labels
    caught = words("of", part=int((decisions & labels).sum()), whole=int(labels.sum()))
    n_alarms = int((decisions & ~labels).sum())
    alarms = words("of", part=n_alarms, whole=int((~labels).sum()))
    if minutes is not None:
        alarms = f"{words('a_minute', rate=rounded(n_alarms / minutes, 1))} ({alarms})"
    details = (
        (alarms,) if threshold is not None else (alarms, f"{words('threshold_column')} {predictions.threshold:.4f}")
    )
    return Cell(caught, details)


def calibration_section(arms: Sequence[Arm], judgement: Judgement, words: ReportWords) -> Section:
    """Show reliability curves and how far scores are from probabilities."""
    curves = []
    for arm in arms:
        bins = judgement.arms[arm.name].calibration.bins
        curves.append(
            Reliability(
                arm.name,
                [one.mean_score for one in bins],
                [one.positive_share for one in bins],
                [one.interval_low for one in bins],
                [one.interval_high for one in bins],
            )
        )
    png = figures.png_bytes(reliability_figure(curves, words.lang))
    caption = words("reliability_caption", positive=arms[0].results["positive_class"])
    header = tuple(Cell(words(key)) for key in ("card_row", "calibration_column", "log_loss_column", "brier_column"))
    rows = []
    for arm in arms:
        found = judgement.arms[arm.name].calibration
        rows.append(
            (
                Cell(arm.name),
                *(Cell(rounded(value, 3)) for value in (found.expected_error, found.log_loss, found.brier_error)),
            )
        )
    n = judgement.arms[arms[0].name].predictions.n
    blocks = (
        Picture("calibration.png", png, words("calibration"), caption),
        Table("plain", (Cell(""), *header[1:]), tuple(rows)),
        Paragraph(words("calibration_note", n=n), "faint"),
    )
    return Section("calibration", words("calibration"), blocks)


def people_section(arms: Sequence[Arm], judgement: Judgement, words: ReportWords, takes: Mapping[str, str]) -> Section:
    """Show right answers person by person; people with few sequences are left out, and small groups altogether.

    Args:
        arms: All.
        judgement: Of these arms.
        words: The language.
        takes: The take of each sequence, where that is known.
    """
    baseline = arms[0]
    names = list(dict.fromkeys(prediction.subject_id for prediction in baseline.rows.values()))
    right = {arm.name: _right_by_person(judgement.arms[arm.name].predictions) for arm in arms}
    sizes = judgement.arms[baseline.name].predictions.counts.sum(axis=1)
    shown = [place for place, size in enumerate(sizes) if size >= LEAST_SEQUENCES]
    if len(shown) < LEAST_PEOPLE:
        reason = words("people_too_few", people=words.people(len(names)))
        return Section("people", words("people"), (Paragraph(reason),))
    changes = []
    for arm in arms[1:]:
        change = right[arm.name] - right[baseline.name]
        counts = {"better": (change > 0).sum(), "worse": (change < 0).sum(), "same": (change == 0).sum()}
        people = {key: words.people(int(count)) for key, count in counts.items()}
        changes.append(words("people_better", arm=arm.name, baseline=baseline.name, **people))
    first = judgement.best
    shown.sort(key=lambda place: (right[first][place] - right[baseline.name][place], names[place]))
    rows = tuple(
        (
            Cell(names[place]),
            *(Cell(words("of", part=int(right[arm.name][place]), whole=int(sizes[place]))) for arm in arms),
        )
        for place in shown
    )
    header = (Cell(words("person")), *(Cell(arm.name, (words(arm.role),)) for arm in arms))
    blocks: list[Block] = [Paragraph(words("people_intro")), Bullets(tuple(changes)), Table("plain", header, rows)]
    for one in find_alikeness(judgement.predictions, takes):
        numbers = {"take": rounded(one.icc_take, 2), "person": rounded(one.icc_person, 2)}
        size = rounded(one.sequences_per_take, 1)
        blocks.append(Paragraph(words("alikeness", arm=one.arm, size=size, **numbers), "faint"))
    if n_hidden := len(names) - len(shown):
        blocks.append(Paragraph(words("people_hidden", people=words.people(n_hidden), least=LEAST_SEQUENCES), "faint"))
    return Section("people", words("people"), tuple(blocks))


def _right_by_person(predictions: Predictions) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    right = predictions.counts[:, 0] + predictions.counts[:, 2]
    return np.asarray(right, dtype=np.float64)
