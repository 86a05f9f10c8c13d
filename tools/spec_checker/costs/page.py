"""The page of costs: one html file that needs nothing else, each text in both languages, one of them shown.

The figure is SVG: accuracy with its interval against milliseconds, a point for each way. Runs no script but the one
that changes the language; everything that comes from files is escaped.
"""

import html
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.text.catalogue import LANGS, Lang, Words, read_catalogue
from shared.text.template import fill
from tools.spec_checker.costs.comparing import is_busy, list_shown, list_test_sets

PAGE = "costs.html"
_HERE = Path(__file__).parent
_TEXTS = read_catalogue(_HERE / "words.toml")
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 340, 60, 24, 16, 48
_COLOURS = ("#0b66c2", "#b3541e", "#2a7d46", "#7a3fa0", "#8a6d00", "#a03060")
_PLACES = {"wasm_ms": "wasm", "native_ms": "native"}
_STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)  # between lines of accuracy


def render_page(document: Mapping[str, Any], lang: Lang) -> str:
    """Write the page of a costs document, in both languages, opened in one."""
    bodies = "".join(
        f'<div lang="{each}"{"" if each == lang else " hidden"}>{_body(document, Words(_TEXTS, each))}</div>'
        for each in LANGS
    )
    template = (_HERE / "page.html").read_text(encoding="utf-8")
    title = html.escape(Words(_TEXTS, lang)("title"))
    return fill(
        template,
        {"lang": lang, "title": title, "style": (_HERE / "page.css").read_text(encoding="utf-8"), "body": bodies},
    )


def _body(document: Mapping[str, Any], words: Words) -> str:
    machine = document["machine"]
    lead = words("lead", processor=machine["processor"], cores=machine["cores"], n=document["n_rounds"])
    parts = [f"<h1>{_text(words('title'))}</h1><p>{_text(lead)}</p>"]
    if is_busy(machine):
        busy = words("busy", load=f"{machine['load']:g}", cores=machine["cores"])
        parts.append(f'<p class="mark">{_text(busy)}</p>')
    if len(list_test_sets(document["models"])) > 1:
        parts.append(f'<p class="mark">{_text(words("several_test_sets"))}</p>')
    parts.append(_figure(document, words))
    parts += [_model(model, words) for model in document["models"]]
    parts.append(f"<p>{_text(words('first_note'))}</p>")
    return "".join(parts)


def _model(model: Mapping[str, Any], words: Words) -> str:
    lines = [f"<h2>{_text(model['name'])}</h2>"]
    if model["synthetic"]:
        lines.append(f'<p class="mark">{_text(words("synthetic"))}</p>')
    found = model["accuracy"]
    if found is None or found["value"] is None:
        lines.append(f"<p>{_text(words('unmeasured'))}</p>")
    else:
        bounds = {key: _percent(found[key]) for key in ("value", "low", "high")}
        dataset = model["measured_on"]["dataset"]
        text = words("accuracy", **bounds, n=found["n"], people=found["n_subjects"], dataset=dataset)
        lines.append(f"<p>{_text(text)}</p>")
    if model["reading"] is not None:
        one = model["reading"]
        native, wasm = (
            words("unknown_time") if one[key] is None else _ms(one[key]) for key in ("native_ms", "wasm_ms")
        )
        lines.append(f"<p>{_text(words('reading', native=native, wasm=wasm, size=_size(one['bytes'])))}</p>")
    heads = ("way", "download", "macs", "native", "wasm", "webgpu", "first", "memory", "share")
    cells = "".join(f"<th>{_text(words(key))}</th>" for key in heads)
    rows = "".join(f"<tr>{''.join(_row(way, words))}</tr>" for way in model["ways"])
    lines.append(f'<div class="wide" tabindex="0"><table><tr>{cells}</tr>{rows}</table></div>')
    if model["litert"]:
        one = model["litert"]
        text = words(
            "litert", window=f"{one['window_ms']:.1f}", stream=f"{one['stream_ms']:.1f}", size=_size(one["bytes"])
        )
        lines.append(f"<p>{_text(text)}</p>")
    lines += [
        f'<p class="note">{_text(words("not_measured", place=place, why=write_note(note, words)))}</p>'
        for place, note in model["notes"].items()
    ]
    return "".join(lines)


def write_note(note: Mapping[str, str], words: Words | None = None) -> str:
    """Write why something was not measured, in English without words."""
    return (words or Words(_TEXTS, "en"))(f"why_{note['reason']}", detail=note["detail"])


def _row(way: Mapping[str, Any], words: Words) -> Iterator[str]:
    name = _text(words(way["name"]))
    yield f"<th>{f'<b>{name}</b>' if way['is_pareto'] else name}</th>"
    macs = words("million", n=f"{way['macs'] / 1e6:.1f}")
    yield f"<td>{_size(way['bytes'])}</td><td>{_text(macs)}</td>"
    for key in ("native_ms", "wasm_ms", "webgpu_ms", "first_decision_ms"):
        yield f"<td>{_ms(way[key])}</td>"
    yield f"<td>{'–' if way['memory_bytes'] is None else _size(way['memory_bytes'])}</td>"
    yield f"<td>{'–' if way['accuracy'] is None else _percent(way['accuracy'])}</td>"


def _figure(document: Mapping[str, Any], words: Words) -> str:
    """Draw accuracy against time; a sentence where nothing can be drawn."""
    key = document["compared_by"]
    shown = list_shown(document["models"], key)
    if not shown:
        return f"<p>{_text(words('no_figure'))}</p>"
    times = [float(way[key]) for _, way in shown]
    low_ms, high_ms = min(times) / 1.3, max(times) * 1.3
    bounds = [bound for model, _ in shown for bound in (model["accuracy"]["low"], model["accuracy"]["high"])]
    shares = [float(share) for share in [*(way["accuracy"] for _, way in shown), *bounds] if share is not None]
    low, high = max(0.0, min(shares) - 0.01), min(1.0, max(shares) + 0.01)

    def x(ms: float) -> float:
        part = math.log(ms / low_ms) / math.log(high_ms / low_ms)
        return _LEFT + part * (_WIDTH - _LEFT - _RIGHT)

    def y(share: float) -> float:
        return _TOP + (high - share) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    bottom = _HEIGHT - _BOTTOM
    parts = [f'<path class="axis" d="M{_LEFT} {_TOP}V{bottom}H{_WIDTH - _RIGHT}"/>']
    for share in _lines(low, high):
        parts.append(f'<path class="line" d="M{_LEFT} {y(share):.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y(share) + 4:.1f}" text-anchor="end">{100 * share:g} %</text>')
    for ms in _ticks(low_ms, high_ms):
        parts.append(f'<text x="{x(ms):.1f}" y="{bottom + 16}" text-anchor="middle">{ms:g}</text>')
    label = _text(words("figure_time", place=words(_PLACES[key])))
    parts.append(f'<text x="{(_LEFT + _WIDTH) / 2:.0f}" y="{_HEIGHT - 8}" text-anchor="middle">{label}</text>')
    names = list(dict.fromkeys(model["name"] for model in document["models"]))
    for model, way in shown:
        colour = _COLOURS[names.index(model["name"]) % len(_COLOURS)]
        across, up = x(way[key]), y(way["accuracy"])
        found = model["accuracy"]
        if found["low"] is not None and found["high"] is not None:
            bar = f"M{across:.1f} {y(found['low']):.1f}V{y(found['high']):.1f}"
            parts.append(f'<path d="{bar}" stroke="{colour}" opacity=".35"/>')
        inside = colour if way["is_pareto"] else "#fff"
        title = _text(f"{model['name']}: {words(way['name'])}, {way[key]:.1f} ms, {_percent(way['accuracy'])}")
        place = f'cx="{across:.1f}" cy="{up:.1f}" r="6" fill="{inside}" stroke="{colour}" stroke-width="2"'
        parts.append(f"<circle {place}><title>{title}</title></circle>")
    title = _text(words("figure"))
    return (
        f'<h2>{title}</h2><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}">{"".join(parts)}</svg>'
        f"<ul>{_legend(document, shown, words)}</ul><p>{_text(words('figure_note'))}</p>"
    )


def _legend(
    document: Mapping[str, Any], shown: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], words: Words
) -> str:
    """Name models by colour, and those of which nothing is in the figure."""
    drawn = {model["name"] for model, _ in shown}
    several = len(list_test_sets(document["models"])) > 1
    parts = []
    for number, model in enumerate(document["models"]):
        name = _text(model["name"])
        if model["name"] not in drawn:
            parts.append(f"<li>○ {name}: {_text(words('not_drawn'))}</li>")
            continue
        dataset = f" ({_text(model['measured_on']['dataset'])})" if several else ""
        parts.append(f'<li><span style="color:{_COLOURS[number % len(_COLOURS)]}">●</span> {name}{dataset}</li>')
    return "".join(parts)


def _lines(low: float, high: float) -> list[float]:
    """Return round shares between two, at most six."""
    step = next((step for step in _STEPS if (high - low) / step <= 6), 0.5)
    return [round(number * step, 6) for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers of milliseconds between two, 1, 2 or 5 times a power of ten."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    every = [step * 10.0**power for power in powers for step in (1, 2, 5)]
    return [ms for ms in every if low <= ms <= high]


def _ms(value: float | None) -> str:
    """Write milliseconds with as many digits as say something; those of a quick graph are told from nothing."""
    if value is None:
        return "–"
    digits = 2 if value < 1 else 1 if value < 100 else 0
    return f"{value:,.{digits}f} ms"


def _text(text: object) -> str:
    return html.escape(str(text))


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.2f} MB"
