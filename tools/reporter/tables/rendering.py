"""The comparison of two tables as text: short, the verdict first. Decides nothing."""

from typing import Any

from shared.system import console
from shared.text.catalogue import LANGS, Lang
from shared.text.rounding import rounded
from tools.reporter.ab.verdict import Word
from tools.reporter.text.words import ReportWords, whole_percent, with_minus

Row = tuple[str, ...]


def render(document: dict[str, Any], lang: Lang) -> str:
    """Write the comparison as a few lines and a table.

    Args:
        document: As `tools.reporter.tables.tables.compare_tables` makes it.
        lang: Its language.
    """
    words = ReportWords(lang, "tables")
    lines = [verdict_sentence(document, words), *_facts(document, words), ""]
    lines += [*_table(_rows(document, words)), ""]
    paired = document["paired"]
    lines.append(words("legend", difference=words("legend_paired" if paired else "legend_unpaired")))
    if document["clips_needed"] is not None:
        lines.append(_needed(document["clips_needed"], words))
    lines += [words("accuracy_alone")] * document["accuracy_alone"]
    lines.append(_caveat(document, words))
    return "\n".join(lines)


def sentences(document: dict[str, Any]) -> dict[Lang, str]:
    """Write the verdict in each language."""
    return {lang: verdict_sentence(document, ReportWords(lang, "tables")) for lang in LANGS}


def verdict_sentence(document: dict[str, Any], words: ReportWords) -> str:
    """Write the verdict: the word and why."""
    verdict, margin = document["verdict"], whole_percent(document["margin"])
    because = ""
    if verdict["word"] in (Word.WORSE, Word.CANNOT_TELL):
        if_independent = verdict["words"].get("most_disagreements", [Word.CANNOT_TELL])[0]
        because = words(
            f"because_{verdict['because']}",
            margin=margin,
            drop=whole_percent(verdict["recall_may_drop_by"] or 0.0),
            n=document["baseline"]["n"],
            people=document["n_subjects"],
            word=words(f"outcome_{if_independent}"),
            one=_clips_of(document, document["baseline"], words),
            other=_clips_of(document, document["candidate"], words),
        )
    return words(f"verdict_{verdict['word']}", margin=margin, because=because)


def _clips_of(document: dict[str, Any], arm: dict[str, Any], words: ReportWords) -> str:
    if document["accuracy_alone"]:
        return words("clips_alone", n=f"{arm['n']:,}")
    counts = {
        label: str(low) if low == high else words("range", low=low, high=high)
        for label, (low, high) in (("positive", arm["n_positive"]), ("negative", arm["n_negative"]))
    }
    return words("clips_of", **counts)


def _facts(document: dict[str, Any], words: ReportWords) -> list[str]:
    """Say what changed, the p of all pairings, and which metrics fell and rose."""
    lines = []
    for arm in ("baseline", "candidate"):
        found = document[arm]
        if found["rates"] is not None:
            counts = found["tables"][0]
            alone = f"{counts['tp']}/{found['n']}" if document["accuracy_alone"] else ""
            table = alone or ",".join(map(str, counts.values()))
            n, n_fitting = found["n_tables"], found["n_tables_fitting_rates"]
            key = "tables_one" if n_fitting == 1 else "tables_many" if document["paired"] else "tables_unpaired"
            lines.append(words(key, arm=words(arm), rates=found["rates"], n=n, n_fitting=n_fitting, table=table))
    if document["paired"] and (pairings := document["pairings"]["accuracy"]) is not None:
        one, other = (_value("accuracy", document["metrics"]["accuracy"][arm], words) for arm in _ARMS)
        change = _change(pairings["difference"], words)
        lines.append(words("sum", one=one, other=other, change=change, n=f"{document['baseline']['n']:,}"))
        n, n_significant = pairings["n_pairings"], pairings["n_significant"]
        key = "p_none" if not n_significant else "p_all" if n_significant == n else "p_some"
        significant = words(key, n=f"{n_significant:,}")
        lines.append(words("p", n_pairings=f"{n:,}", p=_p_range(pairings, words), significant=significant))
    for direction in ("fell", "rose", "same", "unclear"):
        metrics = [metric for metric, found in document["directions"].items() if found == direction]
        if metrics:
            names = words.listing([words(metric) for metric in metrics])
            lines.append(words(direction, metrics=names))
    return lines


_ARMS = ("baseline", "candidate")


def _p_range(summary: dict[str, Any], words: ReportWords) -> str:
    """Write the smallest and the largest p of all pairings."""
    low, high = ("< 0.001" if p < 0.001 else rounded(p, 3) for p in (summary["p_min"], summary["p_max"]))
    return low if low == high else words("range", low=low, high=high)


def _value(metric: str, found: dict[str, Any], words: ReportWords) -> str:
    """Write a metric; from low to high where several tables fit."""
    if found["value_range"] is None:
        return words("undefined")
    low, high = (words.metric_value(metric, value) for value in found["value_range"])
    return low if low == high else words("range", low=low, high=high)


def _change(found: dict[str, Any], words: ReportWords) -> str:
    """Write a difference in points; from low to high where several tables fit."""
    if found["value_range"] is None:
        return words("undefined")
    low, high = (words.difference("accuracy", value) for value in found["value_range"])
    return low if low == high else words("range", low=low, high=high)


def _bounds(found: dict[str, Any], words: ReportWords) -> str:
    """Write an interval in points of a hundred."""
    if found["low"] is None or found["high"] is None:
        return "–"
    low, high = (with_minus(100 * bound, 1) for bound in (found["low"], found["high"]))
    return words("range", low=low, high=high)


def _rows(document: dict[str, Any], words: ReportWords) -> list[Row]:
    """Lay out the metrics with their intervals."""
    paired = document["paired"]
    head = [words("metric"), words("baseline"), words("candidate")]
    rows: list[Row] = [(*head, words("difference"), "p") if paired else (*head, words("difference_unpaired"))]
    for metric, arms in document["metrics"].items():
        cells = [words(metric)]
        for arm in _ARMS:
            cells.append(f"{_value(metric, arms[arm], words)} ({_bounds(arms[arm], words)}; n {arms[arm]['n']})")
        summary = document["pairings"].get(metric) if paired else None
        found = summary["difference"] if summary else None if paired else document["different_clips"][metric]
        cells.append("" if found is None else f"{_change(found, words)} ({_bounds(found, words)})")
        if paired:
            cells.append(_p_range(summary, words) if summary else "")
        rows.append(tuple(cells))
    return rows


def _table(rows: list[Row]) -> list[str]:
    """Align columns; a Korean character takes two places on a terminal."""
    widths = [max(map(console.width, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(console.pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _needed(needed: dict[str, Any], words: ReportWords) -> str:
    """Say how many clips would show the difference, from the fewest disagreements to the most."""

    def percent(share: float) -> str:
        return words("percent", value=whole_percent(share))

    most = words("needed_most", most=f"{needed['most']:,}", most_share=percent(needed["most_disagreement"]))
    return words(
        "needed",
        power=percent(needed["power"]),
        low=f"{needed['low']:,}",
        low_share=percent(needed["low_disagreement"]),
        high=f"{needed['high']:,}",
        high_share=percent(needed["high_disagreement"]),
        most=most if needed["most"] > needed["high"] else "",
    )


def _caveat(document: dict[str, Any], words: ReportWords) -> str:
    """Say what all of it supposes of people."""
    alike = document["if_alike"]
    if alike is None:
        people = document["n_subjects"]
        key = "caveat" if document["paired"] else "caveat_unpaired" if people is None else "caveat_unpaired_people"
        return words(key, people=people)
    one, other = (
        f"{_value('accuracy', alike[arm]['accuracy'], words)} ({_bounds(alike[arm]['accuracy'], words)})"
        for arm in _ARMS
    )
    return words("caveat_people", n=document["baseline"]["n"], people=document["n_subjects"], one=one, other=other)
