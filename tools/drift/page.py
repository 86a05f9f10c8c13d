"""Writes the page: one html file that needs nothing else, each text in both languages, one of them shown.

Everything that comes from files is escaped; the page's policy lets only its own script run and nothing be loaded. It
shows no picture.
"""

import base64
import hashlib
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shared import contracts
from shared.contracts import Document
from shared.text.catalogue import LANGS, Lang, Words, read_catalogue
from shared.text.rounding import rounded
from shared.text.template import fill

PAGE = "drift.html"
_HERE = Path(__file__).parent
_TEXTS = read_catalogue(_HERE / "words.toml")
_DECIMALS = {"fps": 1, "tilt": 1}


def write_page(folder: Path, document: Document, lang: Lang) -> None:
    """Write the page into its folder."""
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    names = _names(document)
    values = {
        "lang": lang,
        "script_hash": f"sha256-{digest}",
        "script": script,
        "style": (_HERE / "page.css").read_text(encoding="utf-8"),
        "title": html.escape(Words(_TEXTS, lang)("title", **names)),
        "heading": _both("title", **names),
        "subtitle": _both("subtitle", **names),
        "banner": f'<p class="warn">{_both("synthetic")}</p>' if _is_synthetic(document) else "",
        "verdict": _verdict(document),
        "sections": "\n".join([_measures(document), _more(document), _groups(document)]),
        "footer": _both("footer", created=document["created_utc"], version=document["code"]["version"]),
    }
    contracts.write_bytes(folder / PAGE, fill((_HERE / "page.html").read_text(encoding="utf-8"), values).encode())


def describe(document: Document, lang: Lang) -> str:
    """Write the verdict for a terminal: what is called, why, and what could not be known."""
    words = Words(_TEXTS, lang)
    lines = [words("title", **_names(document)), words("subtitle", **_names(document))]
    lines += [words("synthetic")] if _is_synthetic(document) else []
    lines += [_outcome(document, words), words(f"why_{document['outcome']}", **_why(document))]
    for one in document["measures"]:
        if one["called"]:
            name = words(f"measure_{one['measure']}")
            before, after = (_value(one["measure"], one[key]) for key in ("reference", "play"))
            lines.append(f"  {name}: {before} → {after} (p = {_p(one['p'])}, PSI {_index(one, words)})")
    return "\n".join([*lines, _mirrored(document, words), _classifier(document, words)])


def _names(document: Document) -> dict[str, object]:
    reference, play = document["reference"], document["play"]
    return {
        "play": play["dataset"]["name"],
        "reference": reference["dataset"]["name"],
        "model": document["model"]["name"],
        "n_play": play["n_sequences"],
        "people_play": play["n_people"],
        "n_reference": reference["n_sequences"],
        "people_reference": reference["n_people"],
        "both": document["people"]["both"],
    }


def _is_synthetic(document: Document) -> bool:
    return "synthetic" in (document["reference"]["dataset"]["kind"], document["play"]["dataset"]["kind"])


def _why(document: Document) -> dict[str, str]:
    if document["outcome"] != "cannot_tell":
        return {}
    return {"least_p": _p(document["people"]["least_p"]), "level": f"{document['levels']['names']:g}"}


def _outcome(found: Mapping[str, Any], words: Words) -> str:
    """Write the outcome with what is called."""
    called = ", ".join(words(f"called_{name}") for name in found["called"])
    return words(f"outcome_{found['outcome']}", **({"called": called} if found["called"] else {}))


def _both(key: str, **values: object) -> str:
    """Write a text in both languages."""
    return "".join(f'<span lang="{lang}">{html.escape(Words(_TEXTS, lang)(key, **values))}</span>' for lang in LANGS)


def _each(write: Any) -> str:
    """Write in both languages what a function makes of the words of one."""
    return "".join(f'<span lang="{lang}">{html.escape(write(Words(_TEXTS, lang)))}</span>' for lang in LANGS)


def _verdict(document: Document) -> str:
    outcome = document["outcome"]
    shape = {"drift": "▲", "none_shown": "=", "cannot_tell": "?"}[outcome]
    why = _both(f"why_{outcome}", **_why(document))
    return (
        f'<section id="verdict" class="verdict {outcome}"><div class="shape" aria-hidden="true">{shape}</div>'
        f"<div><h2>{_each(lambda words: _outcome(document, words))}</h2><p>{why}</p></div></section>"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], classes: Sequence[str]) -> str:
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr class="{kind}"><th scope="row">{row[0]}</th>'
        + "".join(f"<td>{cell}</td>" for cell in row[1:])
        + "</tr>\n"
        for row, kind in zip(rows, classes, strict=True)
    )
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{top}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _measures(document: Document) -> str:
    head = [_both(f"column_{name}") for name in ("measure", "reference", "play", "p", "index", "called")]
    rows, classes = [], []
    for one in document["measures"]:
        called = f"called_{one['called']}" if one["called"] else None
        rows.append(
            [
                _both(f"measure_{one['measure']}"),
                *(_cell(_value(one["measure"], one[key])) for key in ("reference", "play")),
                _cell(_p(one["p"])),
                _each(lambda words, one=one: _index(one, words)),
                _both(called) if called else "",
            ]
        )
        classes.append("called" if called else "")
    note = _both("measures_note", level=f"{document['levels']['names']:g}")
    return (
        f'<section id="measures"><h2>{_both("measures")}</h2>\n{_table(head, rows, classes)}\n<p>{note}</p></section>'
    )


def _cell(text: str) -> str:
    return html.escape(text) if text else _both("unknown")


def _value(measure: str, value: float | None) -> str:
    return "" if value is None else rounded(value, _DECIMALS.get(measure, 3))


def _p(value: float | None) -> str:
    return "" if value is None else (rounded(value, 3) if value >= 0.001 else "< 0.001")


def _index(one: Mapping[str, Any], words: Words) -> str:
    if one["index"] is None:
        return words("unknown")
    return f"{rounded(one['index'], 2)} ({rounded(one['index_by_chance'], 2)})"


def _mirrored(document: Document, words: Words) -> str:
    found = document["mirrored"]
    if found["unknown"]:
        return words(f"mirrored_{found['unknown']}", n=found["n_people"])
    values = {"n": found["n_people"], "agreement": rounded(found["agreement"], 2)}
    return words("mirrored_yes", **values, p=_p(found["p"])) if found["is_mirrored"] else words("mirrored_no", **values)


def _classifier(document: Document, words: Words) -> str:
    found, level = document["classifier"], f"{document['levels']['classifier']:g}"
    if found is None:
        return words("classifier_unknown", level=level)
    strongest = ", ".join(words(f"measure_{name}") for name in found["strongest"])
    values = {"auc": rounded(found["auc"], 3), "p": _p(found["p"]), "n": found["n_deals"]}
    return words("classifier", **values, level=level, strongest=strongest)


def _more(document: Document) -> str:
    lines = [_each(lambda words: _mirrored(document, words)), _each(lambda words: _classifier(document, words))]
    body = "\n".join(f"<p>{line}</p>" for line in lines)
    return f'<section id="more"><h2>{_both("more")}</h2>\n{body}</section>'


def _groups(document: Document) -> str:
    head = [_both(f"column_{name}") for name in ("group", "people", "sequences", "outcome")]
    rows = [
        [
            html.escape(one["name"]),
            str(one["n_people"]),
            str(one["n_sequences"]),
            _each(lambda words, one=one: _outcome(one, words)),
        ]
        for one in document["groups"]
    ]
    classes = ["called" if one["outcome"] == "drift" else "" for one in document["groups"]]
    body = f"{_table(head, rows, classes)}\n<p>{_both('groups_note')}</p>" if rows else f"<p>{_both('groups_none')}</p>"
    return f'<section id="groups"><h2>{_both("groups")}</h2>\n{body}</section>'
