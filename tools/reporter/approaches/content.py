"""What the page of approaches says, section by section: verdict, table, figure, pairs, what was left out, provenance.

Reads no file and judges nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.approaches import FLOOR, RUNTIME_BYTES, get_approach
from shared.contracts import Document
from shared.plots import figures
from shared.statistics.intervals import Interval, difference
from shared.statistics.metric_names import SHOWN_METRICS
from shared.text.catalogue import Lang
from shared.text.rounding import rounded
from tools.reporter.ab.looks_log import AskedLook
from tools.reporter.ab.sentence import describe_look
from tools.reporter.approaches.choice import Choice, Offer
from tools.reporter.approaches.costs import Costs
from tools.reporter.approaches.first import lead, next_section
from tools.reporter.approaches.pareto import Pareto
from tools.reporter.approaches.sentence import display, sentence, write_cost
from tools.reporter.approaches.ship import ship_section
from tools.reporter.approaches.tradeoff import tradeoff_section
from tools.reporter.render.blocks import Block, Bullets, Cell, Page, Paragraph, Picture, Section, Table, VerdictBox
from tools.reporter.render.interval_figures import CostRow, Estimate, costs_figure
from tools.reporter.sources.arms import Arm
from tools.reporter.sources.counts import accuracy_in_counts
from tools.reporter.sources.datasets import DatasetFacts
from tools.reporter.sources.sections import dataset_section, evaluations_section, footer, moment, provenance_section
from tools.reporter.text.words import ReportWords


@dataclass(frozen=True)
class Measured:
    """Everything that is known of the approaches.

    Attributes:
        arms: What each answered, in the order of the table.
        costs: What each costs.
        choice: What the rule comes to.
        pareto: What accuracy costs in time.
        offers: The approaches as the rule saw them.
        asked: The look at the question; None where looks are not counted.
    """

    arms: Mapping[str, Arm]
    costs: Mapping[str, Costs]
    choice: Choice
    pareto: Pareto
    offers: Mapping[str, Offer] = field(default_factory=dict)
    asked: AskedLook | None = None

    def by_cost(self) -> list[str]:
        """List the approaches but the floor, the cheapest first."""
        return sorted((name for name in self.arms if name != self.choice.floor), key=lambda n: self.offers[n].cost)


def build_page(
    document: Document, measured: Measured, timings: Document, facts: DatasetFacts | None, dataset: str, lang: Lang
) -> Page:
    """Write the page.

    Args:
        document: Of the approaches schema.
        measured: What it was made of.
        timings: Of the timings schema.
        facts: Of the dataset; None where it was not found.
        dataset: As --dataset takes it, for commands.
        lang: Its language.
    """
    words = ReportWords(lang)
    created = moment(document["created_utc"])
    small_print = (
        _figure_section(measured, words),
        tradeoff_section(measured.pareto, measured.offers, measured.choice.floor, measured.choice.primary, words),
        _pairs_section(measured, words),
        *_left_out_section(document, words),
        _reading_section(document, measured, timings, words),
        evaluations_section(document, facts, words),
        dataset_section(facts, words),
        provenance_section(document, words),
    )
    return Page(
        lang=lang,
        title=words("approaches_title", dataset=document["dataset"]["name"]),
        subtitle=words("approaches_subtitle", dataset=document["dataset"]["name"], created=created),
        banners=(Paragraph(words("synthetic"), "synthetic"),) if document["synthetic"] else (),
        sections=(
            _verdict_section(document, measured, words),
            _table_section(document, measured, words),
            *(section.folded() for section in small_print),
            _next(measured, dataset, words),
        ),
        footer=footer(document, document["approaches_id"], words),
        lead=lead(measured.choice, measured.offers, measured.costs, words),
    )


def _verdict_section(document: Document, measured: Measured, words: ReportWords) -> Section:
    choice = measured.choice
    chosen = choice.recommended
    box = VerdictBox(
        tone="unsure" if chosen is None else "chosen",
        word=words("word_cannot_tell") if chosen is None else words("word_ship", name=display(chosen, words)),
        about=words(
            "ship_about",
            n=len(measured.arms),
            sequences=words.sequences(document["n_sequences"], choice.repeats),
            people=words.people(document["n_subjects"]),
        ),
        sentence=sentence(choice, measured.offers, words),
        riders=tuple(_riders(measured, words)),
    )
    return Section("verdict", words("verdict"), (box, Paragraph(describe_look(measured.asked, words), "faint")))


def _rule(document: Document, words: ReportWords) -> str:
    verdict = document["verdict"]
    return words(
        "choice_rule", metric=words(verdict["primary"]), n=verdict["n_pairs"], floor=display("majority", words)
    )


def _riders(measured: Measured, words: ReportWords) -> list[str]:
    """Say what must be known with the choice: recall that is lost by it, and that a maximum flatters."""
    choice, riders = measured.choice, []
    chosen = choice.recommended
    if chosen is not None and chosen != choice.leader and choice.primary != "recall":
        of_recall = difference(
            "recall", measured.offers[choice.leader].predictions, measured.offers[chosen].predictions
        )
        if of_recall.high is not None and of_recall.high < 0 and of_recall.value is not None:
            riders.append(
                words(
                    "rider_recall",
                    name=display(chosen, words),
                    leader=display(choice.leader, words),
                    difference=words.difference("recall", of_recall.value, short=True),
                    interval=words.interval("recall", of_recall, is_difference=True),
                )
            )
    ranked = sorted(measured.by_cost(), key=lambda name: measured.arms[name].results["metrics"]["accuracy"] or 0.0)
    if len(ranked) > 1:
        second, first = ranked[-2:]
        in_counts = accuracy_in_counts(measured.arms[second], measured.arms[first], words)
        riders += [f"{display(second, words)} → {display(first, words)}: {in_counts}"] if in_counts else []
    if chosen is not None:
        riders.append(words("rider_highest", n=len(measured.arms)))
    return riders


def _next(measured: Measured, dataset: str, words: ReportWords) -> Section:
    """Say how the recommended approach gets into a page; without one, what to record."""
    name = measured.choice.recommended
    if name is None:
        return next_section(dataset, words)
    return ship_section(name, measured.arms[name], measured.costs[name], dataset, words)


def _table_section(document: Document, measured: Measured, words: ReportWords) -> Section:
    primary = measured.choice.primary
    shown = [primary, *(metric for metric in SHOWN_METRICS if metric != primary)]
    header = [Cell(words("approach"))]
    header += [Cell(words(metric)) for metric in shown]
    header += [
        Cell(words(f"column_{key}"), (words(f"column_{key}_what"),))
        for key in ("download", "time", "browser", "faces", "training")
    ]
    rows = []
    for name in [*measured.by_cost(), measured.choice.floor]:
        cells = [_name_cell(name, measured, words)]
        cells += [_metric_cell(measured.arms[name].intervals[metric], metric, words) for metric in shown]
        cells += _cost_cells(name, measured.costs[name], words)
        rows.append(tuple(cells))
    basis = measured.arms[measured.choice.leader].intervals[primary]
    intro = words(
        "approaches_intro",
        sequences=words.sequences(document["n_sequences"], measured.choice.repeats),
        people=words.people(document["n_subjects"]),
        method=words.interval_method(basis),
    )
    return Section(
        "approaches",
        words("approaches"),
        (
            Paragraph(intro),
            Table("plain wide", tuple(header), tuple(rows), words("scroll_hint")),
            Paragraph(words("faces_note", positive=document["positive_class"]), "faint"),
        ),
    )


def _name_cell(name: str, measured: Measured, words: ReportWords) -> Cell:
    choice, marks = measured.choice, [words("about_fusion" if get_approach(name).members else f"about_{name}")]
    if name == choice.recommended:
        marks.append(words("mark_recommended"))
    if name == choice.leader:
        marks.append(words("mark_leader", metric=words(choice.primary)))
    return Cell(display(name, words), tuple(marks))


def _metric_cell(found: Interval, metric: str, words: ReportWords) -> Cell:
    if found.value is None:
        return Cell(words("undefined"))
    return Cell(words.metric_value(metric, found.value), (words.interval(metric, found),))


def _cost_cells(name: str, cost: Costs, words: ReportWords) -> list[Cell]:
    """Write download, time here and in a browser, faces, training."""
    approach, time = get_approach(name), cost.time
    parts = [
        words(f"part_{key}", mb=_megabytes(size))
        for key, size in (
            ("model", cost.model_bytes),
            ("landmarker", cost.landmarker_bytes),
            ("runtime", cost.runtime_bytes),
        )
        if size
    ]
    download = Cell(words("megabytes", mb=_megabytes(cost.total_bytes)), tuple(parts))
    spent = [
        words(f"part_{key}", ms=_milliseconds(value))
        for key in ("reading_ms", "stream_ms", "window_ms")
        if (value := time[key]) is not None
    ]
    decision = time["decision_ms"]
    here = Cell(words("unmeasured") if decision is None else words("ms", ms=_milliseconds(decision)), tuple(spent))
    browser = Cell(words("unmeasured"), ())
    if cost.browser is not None:
        where = cost.browser
        run = words("browser_run", provider=where["execution_provider"], threads=where["threads"])
        details = (words(f"browser_{where['what']}"), f"{where['browser']}, {run}")
        browser = Cell(words("ms", ms=_milliseconds(where["decision_ms"])), details)
    elif name == FLOOR:
        browser = Cell(words("unknown"))
    faces = Cell(words("no_face_needed"))
    if cost.without_face is not None:
        n, whole = cost.without_face["sequences"], cost.without_face["of_sequences"]
        counts = [words("of", part=n, whole=whole)]
        if approach.members and any(not part.needs_faces for part in approach.parts):
            counts.append(words("faces_of_fusion"))
        faces = Cell(words("percent", value=rounded(100 * n / whole, 1)), tuple(counts))
    training = cost.training
    if training["seconds"] is None:
        trained = Cell(words("no_training"), (words("threshold_only"),) if approach.needs_faces else ())
    else:
        fit = words("trained_members" if approach.members else "trained_fit")
        epochs = [words.counted("trained_epochs", training["epochs"])] if training["epochs"] else [fit]
        times = [words("trained_times", n=training["n_runs"])] if training["n_runs"] > 1 else []
        trained = Cell(words("seconds", s=_seconds(training["seconds"])), (*epochs, *times))
    return [download, here, browser, faces, trained]


def _megabytes(size: int) -> str:
    return rounded(size / 1e6, 1)


def _milliseconds(value: float) -> str:
    return rounded(value, 1) if value >= 1 or value == 0 else rounded(value, 2)


def _seconds(value: float) -> str:
    return rounded(value, 0) if value >= 10 else rounded(value, 1)


def _figure_section(measured: Measured, words: ReportWords) -> Section:
    """Draw what each approach reaches, the cheapest first."""
    choice, primary = measured.choice, measured.choice.primary
    rows = [
        CostRow(
            display(name, words),
            write_cost(measured.offers[name], words, short=True),
            Estimate(found.value, found.low, found.high),
            get_approach(name).input,
            name == choice.recommended,
        )
        for name in measured.by_cost()
        for found in [choice.values[name]]
    ]
    groups = {kind: words(f"input_{kind}") for kind in ("frames", "landmarks", "blendshapes", "emotions", "several")}
    floor = choice.values[choice.floor].value
    line = None if floor is None else (display(choice.floor, words), floor)
    figure = costs_figure(rows, groups, line, words(primary), words.lang, in_percent=primary != "roc_auc")
    caption = words("figure_caption", metric=words(primary))
    picture = Picture("approaches.png", figures.png_bytes(figure), words("figure"), caption)
    return Section("figure", words("figure"), (picture,))


def _pairs_section(measured: Measured, words: ReportWords) -> Section:
    """Compare the leader with each of the others."""
    choice, leader = measured.choice, measured.choice.leader
    header = tuple(Cell(words(f"pairs_{key}")) for key in ("other", "difference", "p", "p_adjusted", "shown"))
    rows = []
    for name in [*measured.by_cost(), choice.floor]:
        if name == leader:
            continue
        pair = choice.pair(leader, name)
        found = pair.difference
        value = words("undefined")
        if found.value is not None:
            value = words.difference(choice.primary, found.value, short=True)
        outcome = "pairs_better" if pair.better == leader else "pairs_open"
        rows.append(
            (
                Cell(display(name, words)),
                Cell(value, (words.interval(choice.primary, found, is_difference=True), words.basis(found))),
                Cell(words.p_value(pair.test.p), (words.test_method(pair.test),)),
                Cell(words.p_value(pair.p_adjusted)),
                Cell(words(outcome)),
            )
        )
    blocks: list[Block] = [
        Paragraph(words("pairs_intro", leader=display(leader, words), n=len(choice.pairs))),
        Table("plain", header, tuple(rows)),
    ]
    if choice.least_people is not None and measured.offers[leader].predictions.n_subjects < choice.least_people:
        blocks.append(Paragraph(words("pairs_least", n=len(choice.pairs), least=choice.least_people), "faint"))
    return Section("pairs", words("pairs"), tuple(blocks))


def _left_out_section(document: Document, words: ReportWords) -> list[Section]:
    if not document["left_out"]:
        return []
    lines = [
        words("left_out_line", name=display(one["name"], words), reason=words(f"left_out_{one['reason']}"))
        for one in document["left_out"]
    ]
    return [Section("left_out", words("left_out"), (Bullets(tuple(lines)),))]


def _reading_section(document: Document, measured: Measured, timings: Document, words: ReportWords) -> Section:
    """Say how the figures were measured, and what they do not say."""
    machine = timings["machine"]
    load = words("unknown") if machine["load"] is None else rounded(machine["load"], 1)
    threads = sorted({cost.training["threads"] for cost in measured.costs.values() if cost.training["threads"]})
    lines = [
        words("read_folds"),
        words(
            "read_time",
            rounds=timings["n_rounds"],
            processor=machine["processor"],
            cores=machine["cores"],
            load=load,
        ),
        words("read_download", runtimes=words.listing(list(RUNTIME_BYTES))),
    ]
    if any(cost.browser is None for name, cost in measured.costs.items() if name != measured.choice.floor):
        lines.append(words("read_browser"))
    if threads:
        lines.append(words("read_training", threads=", ".join(map(str, threads))))
    faces = next((cost.without_face for cost in measured.costs.values() if cost.without_face), None)
    reading = next((cost.time["reading_ms"] for cost in measured.costs.values() if cost.time["reading_ms"]), None)
    if faces is not None and reading is not None:
        seconds = _seconds(faces["of_pictures"] * reading / 1000)
        lines.append(words("read_faces", pictures=faces["of_pictures"], s=seconds, without=faces["pictures"]))
    start = next(
        (cost.training["start"] for n, cost in measured.costs.items() if n in ("dual_head", "one_frame")), None
    )
    if start is not None and start != "imagenet":
        lines.append(words("read_start_none" if start == "none" else "read_start", start=start))
    lines.append(words("read_limits"))
    return Section(
        "reading",
        words("reading"),
        (
            Paragraph(_rule(document, words)),
            Bullets(tuple(lines)),
        ),
    )
