"""What the report says, section by section, in its language; `content_verdict` adds what is judged.

Reads no file; gets arms, their judgement, histories, the comparison document and picture strips, and returns a `Page`.
"""

from collections.abc import Mapping, Sequence

from shared.contracts import Document
from shared.plots import figures
from shared.statistics.predictions import Predictions
from shared.statistics.roc_band import roc_band
from shared.text.catalogue import Lang
from shared.text.rounding import rounded
from tools.reporter.ab.content_metrics import details_section, metrics_section
from tools.reporter.ab.content_use import calibration_section, people_section, thresholds_section
from tools.reporter.ab.content_verdict import differences_section, rule, settle_section, verdict_section
from tools.reporter.ab.judgement import Judgement
from tools.reporter.ab.labels import LabelCheck, with_labels
from tools.reporter.ab.notes import describe_arm
from tools.reporter.ab.recommendation import next_section
from tools.reporter.practice.added import Added, added_section
from tools.reporter.practice.groups import Grouped, groups_section
from tools.reporter.practice.net_benefit import costs_section
from tools.reporter.practice.people_curve import PeoplePoint, people_curve_section
from tools.reporter.practice.streams import StreamArm, streams_section
from tools.reporter.render.blocks import (
    Block,
    Bullets,
    Card,
    Cards,
    Heading,
    Page,
    Paragraph,
    Picture,
    Section,
)
from tools.reporter.sources.arms import Arm
from tools.reporter.sources.counts import accuracy_in_counts
from tools.reporter.sources.datasets import DatasetFacts, Targets, clip_seconds, targets_of
from tools.reporter.sources.histories import History
from tools.reporter.sources.sections import (
    dataset_section,
    evaluations_section,
    footer,
    model_cards_section,
    moment,
    provenance_section,
)
from tools.reporter.text.words import ReportWords

# Enough to see a pattern; a page with the pictures of thousands of sequences would not open on a phone.
MAX_STRIPS_A_LIST = 100
MAX_CARDS_A_LIST = 1000


def build_page(
    arms: Sequence[Arm],
    judgement: Judgement,
    comparison: Document,
    histories: Sequence[History],
    facts: DatasetFacts | None,
    strips: Mapping[str, bytes],
    no_strips_reason: str | None,
    lang: Lang,
    points: Sequence[PeoplePoint] = (),
    groups: Grouped | None = None,
    labels: LabelCheck | None = None,
    streams: Sequence[StreamArm] = (),
    newer: Added | None = None,
) -> Page:
    """Write the report.

    Args:
        arms: The baseline first.
        judgement: What can be said of them.
        comparison: Their comparison document.
        histories: Training courses to draw.
        facts: Of the dataset that was measured; None where it was not found.
        strips: Pictures of changed sequences, by sequence_id, as jpg.
        no_strips_reason: Key of the text that says why there are none; None when there are.
        lang: Its language.
        points: Of the curve over the number of training people.
        groups: Recall by declared groups; None where none were declared.
        labels: Whether the verdict hangs on labels that look wrong; None where nobody looked.
        streams: The arms' events on whole films; shown first.
        newer: Moments that were added to an old dataset.
    """
    words, targets = ReportWords(lang), {} if arms[0].is_table else targets_of(facts)
    curve = people_curve_section(points, words)
    candidates = [arm.name for arm in arms if arm.role == "candidate"]
    banners = []
    if comparison["synthetic"]:
        banners.append(Paragraph(words("synthetic"), "synthetic"))
    elif strips:
        banners.append(Paragraph(words("faces"), "caution"))
    if arms[0].caution is not None:
        banners.append(Paragraph(arms[0].caution.text(lang), "caution"))
    created, is_table = moment(comparison["created_utc"]), arms[0].is_table
    of_dataset = words("subtitle", dataset=comparison["dataset"]["name"], created=created)
    by_group = [] if groups is None else [groups_section(arms, judgement.best, groups, words)]
    small_print = (
        *(by_group if groups is not None and not groups.has_drop else []),
        _headline(arms, judgement, comparison, targets, words),
        details_section(arms, comparison, targets, words),
        differences_section(arms, judgement, words),
        settle_section(arms, judgement, words),
        _notes(arms, words),
        _roc(arms, judgement, words),
        thresholds_section(arms, judgement, clip_seconds(facts, arms), words),
        costs_section(arms, judgement.predictions, words),
        _confusion(arms, words),
        calibration_section(arms, judgement, words),
        people_section(arms, judgement, words, {} if facts is None else facts.takes),
        *([] if is_table else [_learning(histories, words)]),
        *([curve] if curve else []),
        _flips(arms, comparison, strips, no_strips_reason, words),
        *([] if is_table else [evaluations_section(comparison, facts, words), model_cards_section(arms, words)]),
        *([] if is_table else [dataset_section(facts, words)]),
        provenance_section(comparison, words),
    )
    return Page(
        lang=lang,
        title=words("title", baseline=arms[0].name, candidates=words.listing(candidates)),
        subtitle=words("subtitle_table", created=created) if is_table else of_dataset,
        banners=tuple(banners),
        sections=(
            *([played] if (played := streams_section(streams, words)) else []),
            with_labels(verdict_section(arms, judgement, words), labels, words),
            *([added_section(newer, *_first_and_best(arms, judgement), words)] if newer else []),
            metrics_section(arms, judgement, comparison, targets, words),
            *(by_group if groups is not None and groups.has_drop else []),
            *(section.folded() for section in small_print),
            next_section(comparison["recommendation"], judgement, words),
        ),
        footer=footer(comparison, comparison["comparison_id"], words),
        lead=comparison["recommendation"]["sentence"][lang],
    )


def _headline(
    arms: Sequence[Arm], judgement: Judgement, comparison: Document, targets: Targets, words: ReportWords
) -> Section:
    baseline, n_predictions = arms[0], comparison["n_sequences"]
    by_label = baseline.results["by_label"]
    counts = {
        "sequences": words.sequences(n_predictions, baseline.repeats),
        "labels": ", ".join(f"{round(n / baseline.repeats)} {label}" for label, n in by_label.items()),
        "people": words.people(comparison["n_subjects"]),
    }
    side = words("side_" + comparison["side"])
    of_dataset = words("measured_on", **counts, dataset=comparison["dataset"]["name"], side=side)
    facts = [words("measured_on_table", **counts) if baseline.is_table else of_dataset]
    for arm, entry in zip(arms[1:], comparison["arms"][1:], strict=True):
        to_right, to_wrong = entry["n_flipped_to_right"], entry["n_flipped_to_wrong"]
        facts.append(
            words(
                "arm_summary",
                arm=arm.name,
                changes="; ".join(_change(metric, baseline, entry, words) for metric in ("recall", "accuracy")),
                to_right=to_right,
                to_wrong=to_wrong,
                unchanged=n_predictions - to_right - to_wrong,
            )
        )
        if (in_counts := accuracy_in_counts(baseline, arm, words)) is not None:
            facts.append(f"{arm.name}: {in_counts}")
    if targets:
        facts.append(words("targets_met", arms="; ".join(_targets_met(arm, targets, words) for arm in arms)))
    n_positive = by_label.get(comparison["positive_class"], 0)
    recall_step = words("caution_recall", step=_step(n_positive, words)) if n_positive else ""
    facts.append(words("single_step", step=_step(n_predictions, words), recall_step=recall_step))
    blocks: list[Block] = [Paragraph(rule(judgement, words)), Bullets(tuple(facts))]
    if comparison["side"] != "test":
        blocks.append(Paragraph(words("side_warning_" + comparison["side"]), "caution"))
    return Section("headline", words("headline"), tuple(blocks))


def _change(metric: str, baseline: Arm, entry: Document, words: ReportWords) -> str:
    difference = entry["differences"][metric]
    values = {
        "metric": words(metric),
        "candidate": words.metric_value(metric, entry["metrics"][metric]),
        "baseline": words.metric_value(metric, baseline.results["metrics"][metric]),
    }
    if difference is None:
        return words("change_undefined", **values)
    return words("change", **values, difference=words.difference(metric, difference))


def _targets_met(arm: Arm, targets: Targets, words: ReportWords) -> str:
    met = [metric for metric, target in targets.items() if (arm.results["metrics"][metric] or 0) >= target]
    which = words("targets_which", metrics=", ".join(words(metric) for metric in met)) if met else ""
    return words("targets_arm", arm=arm.name, count=len(met), total=len(targets), which=which)


def _step(n: int, words: ReportWords) -> str:
    return words("points", value=rounded(100 / n, 1))


def _notes(arms: Sequence[Arm], words: ReportWords) -> Section:
    notes = [f"{arm.name}: {note}" for arm in arms for note in describe_arm(arm, arms, words)]
    return Section("notes", words("notes"), (Bullets(tuple(notes)) if notes else Paragraph(words("no_notes")),))


def _roc(arms: Sequence[Arm], judgement: Judgement, words: ReportWords) -> Section:
    drawn = [arm for arm in arms if arm.results["roc"] is not None]
    if not drawn:
        return Section("roc", words("roc"), (Paragraph(words("roc_none")),))
    curves, bands = [], []
    for arm in drawn:
        band = roc_band(judgement.arms[arm.name].predictions) if arm.kind != "majority" else None
        bands += [band] if band is not None else []
        c = arm.results["metrics"]["confusion"]
        curves.append(
            figures.RocCurve(
                arm.name,
                arm.results["roc"]["fpr"],
                arm.results["roc"]["tpr"],
                arm.results["metrics"]["roc_auc"],
                (c["fp"] / (c["fp"] + c["tn"]), c["tp"] / (c["tp"] + c["fn"])),
                None if band is None else (band.fpr.tolist(), band.low.tolist(), band.high.tolist()),
            )
        )
    caption = words("roc_caption")
    if bands:
        caption += " " + words("roc_band", n=bands[0].n_resamples)
    if missing := [arm.name for arm in arms if arm not in drawn]:
        caption += " " + words("roc_missing", arms=words.listing(missing))
    png = figures.png_bytes(figures.roc_figure(curves, words.lang))
    return Section("roc", words("roc"), (Picture("roc.png", png, words("roc"), caption),))


def _confusion(arms: Sequence[Arm], words: ReportWords) -> Section:
    positive = arms[0].results["positive_class"]
    others = [label for label in arms[0].results["by_label"] if label != positive]
    negative = others[0] if len(others) == 1 else f"non_{positive}"
    matrices = [figures.Confusion.binary(arm.name, **arm.results["metrics"]["confusion"]) for arm in arms]
    png = figures.png_bytes(figures.confusion_figure(matrices, (positive, negative), words.lang))
    picture = Picture("confusion.png", png, words("confusion"), words("confusion_caption"))
    return Section("confusion", words("confusion"), (picture,))


def _learning(histories: Sequence[History], words: ReportWords) -> Section:
    pictures = []
    for number, history in enumerate(histories, start=1):
        figure = figures.learning_curve_figure(history.rows, words.lang, history.best_epoch)
        name = "learning_curve.png" if number == 1 else f"learning_curve_{number}.png"
        caption = words("learning_caption", name=history.name)
        pictures.append(Picture(name, figures.png_bytes(figure), words("learning"), caption))
    return Section("learning", words("learning"), tuple(pictures) or (Paragraph(words("learning_none")),))


def _flips(
    arms: Sequence[Arm],
    comparison: Document,
    strips: Mapping[str, bytes],
    no_strips_reason: str | None,
    words: ReportWords,
) -> Section:
    blocks: list[Block] = [Paragraph(words("flips_intro", positive=comparison["positive_class"]))]
    if no_strips_reason is not None and comparison["flips"]:
        blocks.append(Paragraph(words(no_strips_reason), "faint"))
    for arm in [arm for arm in arms if arm.role == "candidate"]:
        blocks.append(Heading(words("flips_arm", arm=arm.name, baseline=arms[0].name)))
        flips = [flip for flip in comparison["flips"] if flip["arm"] == arm.name]
        if not flips:
            blocks.append(Paragraph(words("flips_none")))
        for to in ("wrong", "right"):
            chosen = [flip for flip in flips if flip["to"] == to]
            if chosen:
                shown = chosen[:MAX_CARDS_A_LIST]
                cards = tuple(_card(flip, number, (arms[0], arm), strips, words) for number, flip in enumerate(shown))
                blocks.append(Cards(words(f"flips_{to}", n=len(chosen)), "wrong" if to == "wrong" else "right", cards))
                if len(chosen) > len(shown):
                    blocks.append(Paragraph(words("flips_more", n=len(chosen) - len(shown)), "faint"))
            if strips and len(chosen) > MAX_STRIPS_A_LIST:
                blocks.append(Paragraph(words("flips_cut", n=MAX_STRIPS_A_LIST), "faint"))
    return Section("flips", words("flips"), tuple(blocks))


def _score(score: float, arm: Arm) -> str:
    """Write a score with the threshold that it was held against: the answer can be read off."""
    threshold = arm.results["metrics"]["threshold"]
    return f"{arm.name}: {score:.4f} {'>' if score > threshold else '≤'} {threshold:.4f}"


def _card(flip: Document, number: int, arms: tuple[Arm, Arm], strips: Mapping[str, bytes], words: ReportWords) -> Card:
    """Show a changed answer of two arms, the baseline first."""
    return Card(
        title=flip["sequence_id"],
        lines=(
            words("flip_line", label=flip["label"], subject=flip["subject_id"]),
            _score(flip["baseline_score"], arms[0]),
            _score(flip["candidate_score"], arms[1]),
        ),
        strip=strips.get(flip["sequence_id"]) if number < MAX_STRIPS_A_LIST else None,
        alt=words("flip_alt", sequence=flip["sequence_id"]),
    )


def _first_and_best(
    arms: Sequence[Arm], judgement: Judgement
) -> tuple[tuple[str, Predictions], tuple[str, Predictions]]:
    """Return name and predictions of the baseline and of the best candidate."""
    first, best = arms[0].name, judgement.best
    return (first, judgement.arms[first].predictions), (best, judgement.arms[best].predictions)
