"""The sections with figures: one table of the metrics, and, as small print, counts, thresholds and training."""

from collections.abc import Sequence

from shared.contracts import Document
from shared.statistics.metric_names import SHOWN_METRICS
from shared.text.rounding import rounded
from tools.reporter.ab.judgement import Judgement
from tools.reporter.practice.groups import absent_share
from tools.reporter.render.blocks import Cell, Paragraph, Section, Table
from tools.reporter.sources.arms import Arm
from tools.reporter.sources.datasets import Targets
from tools.reporter.sources.sections import threshold_origin
from tools.reporter.text.words import ReportWords


def metrics_section(
    arms: Sequence[Arm], judgement: Judgement, comparison: Document, targets: Targets, words: ReportWords
) -> Section:
    """Show each metric of each arm with its interval; a row says once of how many, and how they were found."""
    header = [Cell(words("metric")), *([Cell(words("target"))] if targets else [])]
    header += [Cell(arm.name, (words(arm.role),)) for arm in arms]
    primary = judgement.question.primary
    rows = [
        (
            Cell(words(metric), (*([basis] if (basis := _basis(metric, arms, judgement, words)) else []),)),
            *([Cell(_target(metric, targets[metric], words) if metric in targets else "")] if targets else []),
            *(_metric_cell(metric, entry, judgement, words) for entry in comparison["arms"]),
        )
        for metric in (primary, *(one for one in SHOWN_METRICS if one != primary))
    ]
    return Section(
        "metrics",
        words("table"),
        (
            Table("metrics" if targets else "plain", tuple(header), tuple(rows), words("scroll_hint")),
            Paragraph(f"{words('table_note')} {_absent(judgement, words)}", "faint"),
        ),
    )


def _absent(judgement: Judgement, words: ReportWords) -> str:
    """Say how common a kind of person may be of whom there is nobody here."""
    n = judgement.arms[judgement.best].predictions.n_subjects
    share = 100 * absent_share(n)
    return words("absent", people=words.people(n), share=rounded(share, 0 if share >= 1 else 3))


def _basis(metric: str, arms: Sequence[Arm], judgement: Judgement, words: ReportWords) -> str:
    """Say once for a row how its intervals were found, and of how many."""
    found = [one for arm in arms if (one := judgement.arms[arm.name].intervals[metric]).low is not None]
    if not found:
        return ""
    sizes, people = ([min(numbers), max(numbers)] for numbers in ([o.n for o in found], [o.n_subjects for o in found]))
    n, n_people = (str(a) if a == b else words("range", low=a, high=b) for a, b in (sizes, people))
    methods = ", ".join(dict.fromkeys(words.interval_method(one) for one in found))
    return words("basis_of_row", n=n, people=n_people, method=methods) + words.likeness(found)


def details_section(arms: Sequence[Arm], comparison: Document, targets: Targets, words: ReportWords) -> Section:
    """Show thresholds, epochs and the variation over runs, and what each metric means."""
    positive = comparison["positive_class"]
    header = (Cell(""), *(Cell(arm.name, (words(arm.role),)) for arm in arms))
    rows = [
        (
            Cell(words(metric), (words(f"{metric}_what", positive=positive),)),
            *(_count_cell(metric, arm, words) for arm in arms),
        )
        for metric in SHOWN_METRICS
    ]
    rows.append(
        (
            Cell(words("optimal_threshold"), (words("optimal_threshold_what"),)),
            *(_optimum_cell(arm, words) for arm in arms),
        )
    )
    rows.append(
        (
            Cell(words("threshold")),
            *(
                Cell(
                    words.metric_value("threshold", arm.results["metrics"]["threshold"]),
                    (_threshold_source(arm, words),),
                )
                for arm in arms
            ),
        )
    )
    if any(arm.epochs is not None for arm in arms):
        trained = [Cell(_trained(arm, words), (arm.run_id,) if arm.run_id else ()) for arm in arms]
        rows.append((Cell(words("trained")), *trained))
    return Section(
        "details",
        words("details"),
        (
            Paragraph(words("table_intro", positive=positive, baseline=arms[0].name)),
            Table("plain", header, tuple(rows)),
            *([Paragraph(words("targets_note", targets=_list_targets(targets, words)), "faint")] if targets else []),
        ),
    )


def _target(metric: str, value: float, words: ReportWords) -> str:
    return f"{value:.2f}" if metric == "roc_auc" else words("percent", value=f"{100 * value:.3g}")


def _list_targets(targets: Targets, words: ReportWords) -> str:
    named = [metric for metric in SHOWN_METRICS if metric in targets]
    return ", ".join(f"{words(metric)} {_target(metric, targets[metric], words)}" for metric in named)


def _metric_cell(metric: str, entry: Document, judgement: Judgement, words: ReportWords) -> Cell:
    """Show a value and its interval; the row says once how that was found."""
    found = judgement.arms[entry["name"]].intervals[metric]
    details = (words.interval(metric, found),) if found.value is not None else ()
    return Cell(words.metric_value(metric, entry["metrics"][metric]), details)


def _count_cell(metric: str, arm: Arm, words: ReportWords) -> Cell:
    """Show the counts that a metric comes from, and its variation over runs."""
    c = arm.results["metrics"]["confusion"]
    counts = {
        "recall": (c["tp"], c["tp"] + c["fn"]),
        "precision": (c["tp"], c["tp"] + c["fp"]),
        "accuracy": (c["tp"] + c["tn"], c["tp"] + c["fn"] + c["tn"] + c["fp"]),
    }
    details = []
    if metric in counts:
        part, whole = counts[metric]
        details.append(words("of", part=part, whole=whole))
    if (pooled := arm.results.get("pooled")) and (spread := pooled["spread"][metric]):
        mean, sd = (words.metric_value(metric, spread[key]) for key in ("mean", "sd"))
        details.append(words("spread", mean=mean, sd=sd, n=spread["n_runs"]))
    return Cell(words.metric_value(metric, arm.results["metrics"][metric]), tuple(details))


def _optimum_cell(arm: Arm, words: ReportWords) -> Cell:
    """Show the threshold that fits these sequences best, and by how much choosing it here would flatter."""
    metrics, tuned, gap = arm.results["metrics"], arm.results["at_optimal"], arm.results.get("selection_gap")
    details: list[str] = []
    if metrics["optimal_threshold"] is None:
        return Cell(words("undefined"))
    if gap is not None:
        details.append(words("selection_gap", gap=words.difference("accuracy", gap, short=True)))
    elif tuned is not None and None not in (tuned["accuracy"], metrics["accuracy"]):
        flattery = words.difference("accuracy", tuned["accuracy"] - metrics["accuracy"], short=True)
        value = words.metric_value("accuracy", tuned["accuracy"])
        details.append(words("optimal_gap", metric=words("accuracy"), value=value, gap=flattery))
    return Cell(words.metric_value("optimal_threshold", metrics["optimal_threshold"]), tuple(details))


def _threshold_source(arm: Arm, words: ReportWords) -> str:
    if "pooled" in arm.results:
        return words("threshold_pooled")
    source = arm.results["metrics"]["threshold_source"]
    own = arm.results["model"]["threshold"]
    if source == "model" and own is not None:
        return threshold_origin(own, words)
    return words("threshold_" + source)


def _trained(arm: Arm, words: ReportWords) -> str:
    return words("trained_unknown") if arm.epochs is None else words.counted("trained_epochs", arm.epochs)
