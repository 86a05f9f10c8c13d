"""The sections that judge: the verdict, how sure the differences are, and what would settle the question."""

from collections.abc import Sequence

from shared.plots import figures
from shared.statistics.metric_names import SHOWN_METRICS
from shared.statistics.power import Plan
from shared.text.rounding import rounded
from tools.reporter.ab.judgement import Judgement
from tools.reporter.ab.sentence import describe_guard, describe_look, describe_outlook, finding, sentence
from tools.reporter.ab.verdict import WEAK, Because, Verdict, Word
from tools.reporter.render.blocks import (
    Block,
    Bullets,
    Cell,
    Heading,
    Paragraph,
    Picture,
    Section,
    Table,
    Tone,
    VerdictBox,
)
from tools.reporter.render.interval_figures import Estimate, ForestRow, forest_figure
from tools.reporter.sources.arms import Arm
from tools.reporter.text.words import ReportWords, whole_percent

_TONES: dict[Word, Tone] = {
    Word.BETTER: "better",
    Word.WORSE: "worse",
    Word.EQUAL: "equal",
    Word.CANNOT_TELL: "unsure",
}


def verdict_section(arms: Sequence[Arm], judgement: Judgement, words: ReportWords) -> Section:
    """Say which models are at chance, then the verdict on the best candidate, then what was found of the others."""
    verdict = judgement.verdict
    box = VerdictBox(
        tone=_TONES[verdict.word],
        word=verdict_word(verdict, words),
        about=words(judgement.about, candidate=judgement.best, baseline=arms[0].name),
        sentence=sentence(verdict, words),
        riders=tuple(judgement.riders(words)),
        more_title=words("verdict_more"),
        more=(*judgement.small_print(words), describe_look(judgement.asked, words)),
    )
    at_chance = judgement.at_chance
    blocks: list[Block] = [
        *([Paragraph(at_chance.sentence[words.lang], "caution")] if at_chance else []),
        box,
    ]
    others = [arm.name for arm in arms if arm.role == "candidate" and arm.name != judgement.best]
    if others:
        verdicts = {name: judgement.arms[name].verdict for name in others}
        lines = [f"{name}: {finding(found, words)}" for name, found in verdicts.items() if found is not None]
        blocks += [Heading(words("other_candidates")), Bullets(tuple(lines))]
    return Section("verdict", words("verdict"), tuple(blocks))


def rule(judgement: Judgement, words: ReportWords) -> str:
    """Write what decides."""
    question = judgement.question
    guard = words("rule_guard", protected=words(question.protected)) if question.protected else ""
    return words("rule", primary=words(question.primary), guard=guard, margin=whole_percent(question.margin))


def verdict_word(verdict: Verdict, words: ReportWords) -> str:
    """Write the word of a verdict in the page's language."""
    return words(f"word_{verdict.word}", margin=whole_percent(verdict.margin))


def differences_section(arms: Sequence[Arm], judgement: Judgement, words: ReportWords) -> Section:
    """Show every difference to the baseline with its interval, as a forest and as a table, and every test."""
    baseline, others = arms[0], arms[1:]
    rows = [
        ForestRow(
            words(metric),
            [
                Estimate(found.value, found.low, found.high)
                for found in (judgement.arms[arm.name].paired[metric] for arm in others)
            ],
        )
        for metric in SHOWN_METRICS
    ]
    margin = judgement.question.margin
    figure = forest_figure(rows, [arm.name for arm in others], margin, words.lang)
    caption = words("forest_caption", baseline=baseline.name, margin=whole_percent(margin))
    header = (Cell(words("metric")), *(Cell(arm.name, (words(arm.role),)) for arm in others))
    table = tuple(
        (Cell(words(metric)), *(_difference_cell(judgement, arm, metric, words) for arm in others))
        for metric in SHOWN_METRICS
    )
    tests = tuple(
        (
            Cell(words.test_method(judgement.arms[others[0].name].tests[name])),
            *(_test_cell(judgement, arm, name, words) for arm in others),
        )
        for name in judgement.arms[others[0].name].tests
    )
    n_candidates = sum(arm.role == "candidate" for arm in arms)
    if n_candidates > 1:
        adjusted = (
            Cell(words("p_adjusted", n=n_candidates)),
            *(Cell(words.p_value(v.p_adjusted) if (v := judgement.arms[a.name].verdict) else "") for a in others),
        )
        tests = (*tests, adjusted)
    return Section(
        "differences",
        words("differences"),
        (
            Picture("differences.png", figures.png_bytes(figure), words("differences"), caption),
            Table("plain", header, table),
            Paragraph(words("paired_intro"), "faint"),
            Table("plain", (Cell(words("test")), *(Cell(arm.name) for arm in others)), tests),
            Paragraph(words("tests_note"), "faint"),
        ),
    )


def _difference_cell(judgement: Judgement, arm: Arm, metric: str, words: ReportWords) -> Cell:
    found = judgement.arms[arm.name].paired[metric]
    if found.value is None:
        return Cell(words("undefined"), (words.reason(found.reason),))
    return Cell(
        words.difference(metric, found.value, short=True),
        (words("interval_level", interval=words.interval(metric, found, is_difference=True)), words.basis(found)),
    )


def _test_cell(judgement: Judgement, arm: Arm, name: str, words: ReportWords) -> Cell:
    test = judgement.arms[arm.name].tests[name]
    if test.p is None:
        return Cell(words("undefined"), (words.reason(test.reason),))
    return Cell(words.p_equation(test.p), (words("test_n", n=test.n),))


def settle_section(arms: Sequence[Arm], judgement: Judgement, words: ReportWords) -> Section:
    """Say how many more clips of how many more people would settle it, for each candidate."""
    lines, methods = [], []
    for arm in arms:
        verdict = judgement.arms[arm.name].verdict
        if verdict is None:
            continue
        if verdict.because in WEAK:
            lines.append(words("settle_mend", arm=arm.name, reason=words(f"weak_{verdict.because}")))
        elif verdict.word is not Word.CANNOT_TELL:
            lines.append(words("settle_done", arm=arm.name))
        elif verdict.plan is None:
            is_only = judgement.asked is not None and judgement.asked.look.is_only
            lines.append(words("settle_only_look" if is_only else "settle_unknown", arm=arm.name))
        else:
            lines.append(_planned(arm.name, verdict, verdict.plan, words))
            lines += describe_outlook(verdict, words)
            lines += describe_guard(verdict, judgement.arms[arm.name].predictions, words)
            plan = verdict.plan
            methods.append(f"{arm.name}: {words.plan_method(plan)}" if len(arms) > 2 else words.plan_method(plan))
    blocks: list[Block] = [Bullets(tuple(lines))]
    if methods:
        blocks.append(Paragraph(words("settle_method", method="; ".join(methods)), "faint"))
        blocks.append(Paragraph(words("settle_new_people"), "faint"))
    return Section("settle", words("settle"), tuple(blocks))


def _planned(arm: str, verdict: Verdict, plan: Plan, words: ReportWords) -> str:
    """Say what a plan would show, and of which metric."""
    is_guard = verdict.because is Because.PROTECTED_UNSURE and plan.metric == verdict.protected != verdict.primary
    key = "settle_repeat" if not plan.more_sequences else "settle_guard" if is_guard else "settle_arm"
    is_area = plan.metric == "roc_auc"
    target = rounded(plan.target, 3) if is_area else words("points", value=rounded(100 * plan.target, 1))
    planned = words(
        key,
        arm=arm,
        more=plan.more_sequences,
        more_people=plan.more_subjects,
        n=plan.n_sequences,
        people=plan.n_subjects,
        metric=words(plan.metric),
        target=target,
        power=rounded(100 * plan.power, 0),
    )
    if is_guard or plan.metric == verdict.primary:
        return planned
    return f"{planned} {words('settle_stands_in', metric=words(plan.metric), primary=words(verdict.primary))}"
