"""The comparison of two tables in words, English or Korean: short, the verdict first. Decides nothing."""

import unicodedata
from typing import Any

from shared.text.rounding import rounded
from tools.reporter.text.words import Lang, Words

Row = tuple[str, ...]

TEXTS: dict[Lang, dict[str, str]] = {
    "en": {
        "better": "BETTER: the candidate is more accurate, whichever clips each arm got right.",
        "worse": "WORSE: {because}, whichever clips each arm got right.",
        "equal within the margin": "EQUAL WITHIN THE MARGIN of {margin} points, whichever clips each arm got right.",
        "cannot tell": "CANNOT TELL whether the candidate is better or worse: {because}.",
        "shown": "the candidate is less accurate",
        "protected_dropped": "recall dropped by more than {margin} points",
        "luck": "the difference may be luck",
        "undefined": "an interval or a test is not defined on so little",
        "protected_unsure": "recall may have dropped by up to {drop} points, more than the {margin} that are allowed",
        "pairings_differ": "it depends on which clips each arm got right, and the tables do not say",
        "people_may_be_alike": "it would be '{word}' if each clip came from another person, but {n} clips of {people} "
        "people may be worth no more than {people}",
        "different_clips": "the tables are not of the same clips ({one} against {other}), so the difference may come "
        "from the clips",
        "clips_of": "{positive} positive + {negative} negative",
        "sum": "Accuracy {one} → {other} ({change}) on {n} clips.",
        "p": "{n_pairings} pairings of the answers fit: McNemar's exact p is {p}, {significant}.",
        "p_none": "below 0.05 in none of them",
        "p_all": "below 0.05 in all of them",
        "p_some": "below 0.05 in {n} of them",
        "fell": "FELL: {metrics}.",
        "rose": "Rose: {metrics}.",
        "same": "Unchanged: {metrics}.",
        "unclear": "Rose or fell, the rates leave it open: {metrics}.",
        "specificity": "specificity",
        "metric": "metric",
        "difference": "difference at the widest",
        "difference_unpaired": "difference, unpaired",
        "legend": "Ranges are 95 % intervals: Wilson for a metric (F1 through TP/(TP+FP+FN)), {difference}; each clip "
        "counted as if from its own person.",
        "legend_paired": "Tango for a difference, in the pairing with most disagreements",
        "legend_unpaired": "Newcombe for a difference, if both sets of clips were drawn alike",
        "between": "{low} to {high}",
        "needed": "To show this difference with {power} power takes about {low} clips (the arms disagree on "
        "{low_share}, the least that fits) to {high} ({high_share}){most}.",
        "needed_most": "; {most} if they disagree on {most_share}, the most that fits",
        "tables_many": "{arm}: {n_fitting} tables fit the rates {rates}; {n} of them can be of the other arm's clips, "
        "and all these count.",
        "tables_unpaired": "{arm}: {n_fitting} tables fit the rates {rates}; all of them count.",
        "tables_one": "{arm}: one table fits the rates {rates}: {table}.",
        "caveat": "This supposes that both tables are of the same clips, one clip a person. With several clips a "
        "person even this is optimistic: --n-subjects.",
        "caveat_unpaired": "This supposes one clip a person. With several clips a person even this is optimistic.",
        "caveat_unpaired_people": "This supposes one clip a person; of {people} people even this is optimistic.",
        "caveat_people": "{n} clips of {people} people: clips of one person resemble each other, so these ranges and p "
        "are optimistic. If each person's clips were all answered alike, accuracy would be {one} against {other}.",
    },
    "ko": {
        "better": "더 좋음: 각 모델이 어떤 클립을 맞혔든 후보 모델이 더 정확합니다.",
        "worse": "더 나쁨: 각 모델이 어떤 클립을 맞혔든 {because}.",
        "equal within the margin": "{margin}%p 이내로 같음: 각 모델이 어떤 클립을 맞혔든 그렇습니다.",
        "cannot tell": "판단할 수 없음: {because}.",
        "shown": "후보 모델의 정확도가 더 낮습니다",
        "protected_dropped": "재현율이 {margin}%p보다 많이 떨어졌습니다",
        "luck": "차이가 우연일 수 있습니다",
        "undefined": "자료가 너무 적어 구간이나 검정이 정의되지 않습니다",
        "protected_unsure": "재현율이 허용 폭 {margin}%p보다 크게, 최대 {drop}%p까지 떨어졌을 수 있습니다",
        "pairings_differ": "각 모델이 어떤 클립을 맞혔는지에 따라 달라지는데, 표에는 그것이 없습니다",
        "people_may_be_alike": "클립마다 사람이 다르면 '{word}'이지만, {people}명의 클립 {n}개는 {people}개만큼의 "
        "가치밖에 없을 수 있습니다",
        "different_clips": "두 표는 같은 클립에서 나온 것이 아니어서 ({one}, {other}) 차이가 클립에서 왔을 수 있습니다",
        "clips_of": "양성 {positive} + 음성 {negative}",
        "sum": "정확도 {one} → {other} ({change}), 클립 {n}개.",
        "p": "답을 짝짓는 방법은 {n_pairings}가지이고, McNemar 정확 p는 {p}, {significant}.",
        "p_none": "0.05보다 작은 경우가 하나도 없습니다",
        "p_all": "모두 0.05보다 작습니다",
        "p_some": "그중 {n}가지에서 0.05보다 작습니다",
        "fell": "하락: {metrics}.",
        "rose": "상승: {metrics}.",
        "same": "그대로: {metrics}.",
        "unclear": "비율만으로는 상승인지 하락인지 알 수 없음: {metrics}.",
        "specificity": "특이도",
        "metric": "지표",
        "difference": "차이 (가장 넓을 때)",
        "difference_unpaired": "차이 (짝 없음)",
        "legend": "범위는 95 % 구간입니다. 지표: Wilson (F1은 TP/(TP+FP+FN)에서), {difference}. 클립마다 사람이 "
        "다르다고 보았습니다.",
        "legend_paired": "차이: 답이 가장 많이 엇갈리는 짝짓기의 Tango",
        "legend_unpaired": "차이: Newcombe (두 클립 모음이 같은 방식으로 뽑혔을 때)",
        "between": "{low} ~ {high}",
        "needed": "이 차이를 검정력 {power}로 확인하려면 클립 약 {low}개 (두 모델이 {low_share}에서 엇갈릴 때, 가능한 "
        "최소) ~ {high}개 ({high_share})가 필요합니다{most}.",
        "needed_most": "; 가능한 최대인 {most_share}에서 엇갈리면 {most}개",
        "tables_many": "{arm}: 비율 {rates}에 맞는 표가 {n_fitting}개이며, 그중 상대와 같은 클립일 수 있는 {n}개를 "
        "모두 고려했습니다.",
        "tables_unpaired": "{arm}: 비율 {rates}에 맞는 표가 {n_fitting}개이며, 모두 고려했습니다.",
        "tables_one": "{arm}: 비율 {rates}에 맞는 표는 하나입니다: {table}.",
        "caveat": "두 표가 같은 클립에서 나왔고 한 사람이 클립 하나씩 냈다고 가정합니다. 한 사람이 여러 개를 냈다면 "
        "이것도 낙관적입니다: --n-subjects.",
        "caveat_unpaired": "한 사람이 클립 하나씩 냈다고 가정합니다. 한 사람이 여러 개를 냈다면 이것도 낙관적입니다.",
        "caveat_unpaired_people": "한 사람이 클립 하나씩 냈다고 가정합니다. {people}명의 클립이므로 이것도 "
        "낙관적입니다.",
        "caveat_people": "{people}명의 클립 {n}개: 같은 사람의 클립은 서로 닮아서 위의 범위와 p는 낙관적입니다. 한 "
        "사람의 클립에 대한 답이 모두 같다면 정확도는 {one}, {other}입니다.",
    },
}


def render(document: dict[str, Any], lang: Lang) -> str:
    """Write the comparison as a few lines and a table.

    Args:
        document: As `tools.reporter.tables.tables.compare_tables` makes it.
        lang: Its language.
    """
    words, texts = Words(lang), TEXTS[lang]
    lines = [verdict_sentence(document, lang), *_facts(document, words, texts), ""]
    lines += [*_table(_rows(document, words, texts)), ""]
    paired = document["paired"]
    lines.append(texts["legend"].format(difference=texts["legend_paired" if paired else "legend_unpaired"]))
    if document["clips_needed"] is not None:
        lines.append(_needed(document["clips_needed"], words, texts))
    lines.append(_caveat(document, words, texts))
    return "\n".join(lines)


def verdict_sentence(document: dict[str, Any], lang: Lang) -> str:
    """Write the verdict: the word and why."""
    verdict, texts = document["verdict"], TEXTS[lang]
    margin = _points(document["margin"])
    because = ""
    if verdict["because"] in texts:
        cases = verdict["words"]
        because = texts[verdict["because"]].format(
            margin=margin,
            drop=_points(verdict["recall_may_drop_by"] or 0.0),
            n=document["baseline"]["n"],
            people=document["n_subjects"],
            word=_word(cases.get("most_disagreements", [""])[0], lang, margin),
            one=_clips_of(document["baseline"], lang),
            other=_clips_of(document["candidate"], lang),
        )
    return texts[verdict["word"]].format(margin=margin, because=because)


def _word(word: str, lang: Lang, margin: str) -> str:
    """Name a verdict inside of a sentence."""
    return word if lang == "en" else TEXTS[lang].get(word, word).partition(":")[0].format(margin=margin)


def _points(share: float) -> str:
    return rounded(100 * share, 1).removesuffix(".0")


def _clips_of(arm: dict[str, Any], lang: Lang) -> str:
    between = TEXTS[lang]["between"]
    counts = {
        label: str(low) if low == high else between.format(low=low, high=high)
        for label, (low, high) in (("positive", arm["n_positive"]), ("negative", arm["n_negative"]))
    }
    return TEXTS[lang]["clips_of"].format(**counts)


def _facts(document: dict[str, Any], words: Words, texts: dict[str, str]) -> list[str]:
    """Say what changed, the p of all pairings, and which metrics fell and rose."""
    lines = []
    for arm in ("baseline", "candidate"):
        found = document[arm]
        if found["rates"] is not None:
            table = ",".join(str(count) for count in found["tables"][0].values())
            n, n_fitting = found["n_tables"], found["n_tables_fitting_rates"]
            key = "tables_one" if n_fitting == 1 else "tables_many" if document["paired"] else "tables_unpaired"
            lines.append(texts[key].format(arm=words(arm), rates=found["rates"], n=n, n_fitting=n_fitting, table=table))
    if document["paired"] and (pairings := document["pairings"]["accuracy"]) is not None:
        one, other = (_value("accuracy", document["metrics"]["accuracy"][arm], words, texts) for arm in _ARMS)
        change = _change(pairings["difference"], words, texts)
        lines.append(texts["sum"].format(one=one, other=other, change=change, n=f"{document['baseline']['n']:,}"))
        n, n_significant = pairings["n_pairings"], pairings["n_significant"]
        key = "p_none" if not n_significant else "p_all" if n_significant == n else "p_some"
        significant = texts[key].format(n=f"{n_significant:,}")
        lines.append(texts["p"].format(n_pairings=f"{n:,}", p=_p_range(pairings, texts), significant=significant))
    for direction in ("fell", "rose", "same", "unclear"):
        metrics = [metric for metric, found in document["directions"].items() if found == direction]
        if metrics:
            names = words.listing([_name(metric, words, texts) for metric in metrics])
            lines.append(texts[direction].format(metrics=names))
    return lines


_ARMS = ("baseline", "candidate")


def _name(metric: str, words: Words, texts: dict[str, str]) -> str:
    return texts[metric] if metric in texts else words(metric)


def _p_range(summary: dict[str, Any], texts: dict[str, str]) -> str:
    """Write the smallest and the largest p of all pairings."""
    low, high = ("< 0.001" if p < 0.001 else rounded(p, 3) for p in (summary["p_min"], summary["p_max"]))
    return low if low == high else texts["between"].format(low=low, high=high)


def _value(metric: str, found: dict[str, Any], words: Words, texts: dict[str, str]) -> str:
    """Write a metric; from low to high where several tables fit."""
    if found["value_range"] is None:
        return words("undefined")
    low, high = (words.metric_value(metric, value) for value in found["value_range"])
    return low if low == high else texts["between"].format(low=low, high=high)


def _change(found: dict[str, Any], words: Words, texts: dict[str, str]) -> str:
    """Write a difference in points; from low to high where several tables fit."""
    if found["value_range"] is None:
        return words("undefined")
    low, high = (words.difference("accuracy", value) for value in found["value_range"])
    return low if low == high else texts["between"].format(low=low, high=high)


def _bounds(found: dict[str, Any], texts: dict[str, str]) -> str:
    """Write an interval in points of a hundred."""
    if found["low"] is None or found["high"] is None:
        return "–"
    low, high = (rounded(100 * bound, 1).replace("-", "−") for bound in (found["low"], found["high"]))
    return texts["between"].format(low=low, high=high)


def _rows(document: dict[str, Any], words: Words, texts: dict[str, str]) -> list[Row]:
    """Lay out the metrics with their intervals."""
    paired = document["paired"]
    head = [texts["metric"], words("baseline"), words("candidate")]
    rows: list[Row] = [(*head, texts["difference"], "p") if paired else (*head, texts["difference_unpaired"])]
    for metric, arms in document["metrics"].items():
        cells = [_name(metric, words, texts)]
        for arm in _ARMS:
            cells.append(f"{_value(metric, arms[arm], words, texts)} ({_bounds(arms[arm], texts)}; n {arms[arm]['n']})")
        summary = document["pairings"].get(metric) if paired else None
        found = summary["difference"] if summary else None if paired else document["different_clips"][metric]
        cells.append("" if found is None else f"{_change(found, words, texts)} ({_bounds(found, texts)})")
        if paired:
            cells.append(_p_range(summary, texts) if summary else "")
        rows.append(tuple(cells))
    return rows


def _table(rows: list[Row]) -> list[str]:
    """Align columns; a Korean character takes two places on a terminal."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _needed(needed: dict[str, Any], words: Words, texts: dict[str, str]) -> str:
    """Say how many clips would show the difference, from the fewest disagreements to the most."""

    def percent(share: float) -> str:
        return words("percent", value=_points(share))

    most = texts["needed_most"].format(most=f"{needed['most']:,}", most_share=percent(needed["most_disagreement"]))
    return texts["needed"].format(
        power=percent(needed["power"]),
        low=f"{needed['low']:,}",
        low_share=percent(needed["low_disagreement"]),
        high=f"{needed['high']:,}",
        high_share=percent(needed["high_disagreement"]),
        most=most if needed["most"] > needed["high"] else "",
    )


def _caveat(document: dict[str, Any], words: Words, texts: dict[str, str]) -> str:
    """Say what all of it supposes of people."""
    alike = document["if_alike"]
    if alike is None:
        people = document["n_subjects"]
        key = "caveat" if document["paired"] else "caveat_unpaired" if people is None else "caveat_unpaired_people"
        return texts[key].format(people=people)
    one, other = (
        f"{_value('accuracy', alike[arm]['accuracy'], words, texts)} ({_bounds(alike[arm]['accuracy'], texts)})"
        for arm in _ARMS
    )
    return texts["caveat_people"].format(
        n=document["baseline"]["n"], people=document["n_subjects"], one=one, other=other
    )
