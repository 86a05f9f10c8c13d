"""Writes the page: one html file that needs nothing else, each text in both languages, one of them shown.

Everything that comes from files is escaped; the page's policy lets only its own script run and nothing be loaded.
"""

import base64
import hashlib
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from shared import contracts
from shared.arrays import U8
from shared.statistics.intervals import Interval
from shared.statistics.predictions import FN, FP, TN, TP, Predictions
from shared.statistics.predictions_csv import PredictionRow
from shared.text.catalogue import LANGS, Lang, Words, read_catalogue
from shared.text.label_style import SHAPE_SVG, assign_marks, label_word
from shared.text.template import fill

if TYPE_CHECKING:
    from tools.mistakes.gradcam import Look

PAGE = "mistakes.html"
SIDE_PX, JPEG_QUALITY = 200, 80
_SMALL = 500  # sequences, below which one of them moves the accuracy visibly
_BINS, _WIDTH, _HALF, _LEFT = 20, 760, 110, 46
_HERE = Path(__file__).parent
_TEXTS = read_catalogue(_HERE / "words.toml")


@dataclass(frozen=True)
class Shown:
    """A sequence on the page: its prediction, the picture, and where the network looked in it."""

    row: PredictionRow
    picture_rgb_hwc_u8: U8
    look: "Look | None"


@dataclass(frozen=True)
class Content:
    """What the page says.

    Attributes:
        results: The results document.
        classes: The dataset's.
        predictions: All predictions.
        shares: Accuracy, and the share of ``positive`` and ``negative`` that are right.
        n_mistakes: Of all sequences.
        n_withheld: Sequences whose people do not consent today.
        shown: Mistakes first.
        no_faces: Whether pictures were left out on request.
        knows_people: Whether the model may have learned from these people.
        lang: The language that the page opens in.
    """

    results: Mapping[str, Any]
    classes: Sequence[str]
    predictions: Predictions
    shares: Mapping[str, Interval]
    n_mistakes: int
    n_withheld: int
    shown: Sequence[Shown]
    no_faces: bool
    knows_people: bool
    lang: Lang

    @property
    def positive(self) -> str:
        """The positive class."""
        return str(self.results["positive_class"])

    @property
    def negative(self) -> str:
        """The other one."""
        return next(name for name in self.classes if name != self.positive)


def write_page(folder: Path, content: Content) -> None:
    """Write the page into its folder."""
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    results = content.results
    name = str(results["model"]["name"])
    values = {
        "lang": content.lang,
        "script_hash": f"sha256-{digest}",
        "script": script,
        "style": (_HERE / "page.css").read_text(encoding="utf-8"),
        "title": html.escape(Words(_TEXTS, content.lang)("title", name=name)),
        "heading": _both("title", name=name),
        "subtitle": _both(
            "subtitle",
            texts={"side": f"side_{results['side']}"},
            dataset=results["dataset"]["name"],
            n=results["n_sequences"],
            n_people=results["n_subjects"],
            threshold=f"{results['metrics']['threshold']:.4f}",
        ),
        "banners": "\n".join(_banners(content)),
        "sections": "\n".join([_confusion(content), _histogram(content), _pictures(content)]),
    }
    contracts.write_bytes(folder / PAGE, fill((_HERE / "page.html").read_text(encoding="utf-8"), values).encode())


def _both(
    key: str, *, labels: Mapping[str, str] | None = None, texts: Mapping[str, str] | None = None, **values: object
) -> str:
    """Write a text in both languages; labels and texts of it are put into each one's own words."""
    found = []
    for lang in LANGS:
        words = Words(_TEXTS, lang)
        own = {name: label_word(label, lang) for name, label in (labels or {}).items()}
        own |= {name: words(text) for name, text in (texts or {}).items()}
        found.append(f'<span lang="{lang}">{html.escape(words(key, **own, **values))}</span>')
    return "".join(found)


def _banners(content: Content) -> list[str]:
    """Say what a reader must know first."""
    n = content.results["n_sequences"]
    found = ["without_pictures" if content.no_faces else "private"]
    found += ["synthetic"] if content.results["dataset"]["kind"] == "synthetic" else []
    found += ["flattering"] if content.knows_people else []
    lines = [f'<p class="warn">{_both(key)}</p>' for key in found]
    if n <= _SMALL:
        lines.append(f"<p>{_both('small', points=f'{100 / n:.1f}')}</p>")
    if content.n_withheld:
        lines.append(f"<p>{_both('withheld', n=content.n_withheld)}</p>")
    return lines


def _share(key: str, found: Interval) -> str:
    """Write a share with its interval; what cannot be said is a dash."""
    share, low, high = (
        "–" if value is None else f"{100 * value:.1f}%" for value in (found.value, found.low, found.high)
    )
    return _both(key, share=share, low=low, high=high)


def _tag(content: Content, label: str) -> str:
    """Write a class with its mark."""
    mark = assign_marks(content.classes, content.positive)[label]
    words = "".join(f'<span lang="{lang}">{html.escape(label_word(label, lang))}</span>' for lang in LANGS)
    shape = f'<svg class="shape" viewBox="0 0 16 16" fill="{mark.css}" aria-hidden="true">{SHAPE_SVG[mark.shape]}</svg>'
    return f'<span class="tag">{shape}{words}</span>'


def _confusion(content: Content) -> str:
    """Count what was decided, and say how sure the share of right ones is."""
    counts = content.predictions.counts.sum(axis=0).astype(int).tolist()
    heads = "".join(
        f'<th scope="col">{_both("decided", labels={"label": label})}</th>'
        for label in (content.positive, content.negative)
    )
    rows = []
    for label, share, cells in (
        (content.positive, "positive", ((TP, True), (FN, False))),
        (content.negative, "negative", ((FP, False), (TN, True))),
    ):
        found = "".join(
            f'<td class="{"right" if right else "wrong"}"><strong>{counts[cell]}</strong>'
            f"{_share('of_class', content.shares[share]) if right else ''}</td>"
            for cell, right in cells
        )
        rows.append(f'<tr><th scope="row">{_tag(content, label)}</th>{found}</tr>')
    return (
        f'<section id="confusion"><h2>{_both("confusion")}</h2>\n'
        f'<table><thead><tr><th scope="col">{_both("truth")}</th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>\n<p>{_share('accuracy', content.shares['accuracy'])}</p></section>"
    )


def _histogram(content: Content) -> str:
    """Draw how scores are spread: the positive class upwards, the other one downwards."""
    arm, marks = content.predictions, assign_marks(content.classes, content.positive)
    edges = np.linspace(0, 1, _BINS + 1)
    counts = [np.histogram(np.clip(arm.scores[arm.labels == is_], 0, 1), edges)[0] for is_ in (True, False)]
    top = max(1, int(max(part.max() for part in counts)))
    span, middle = _WIDTH - _LEFT - 14, _HALF + 8
    bars = []
    for part, label, is_up in ((counts[0], content.positive, True), (counts[1], content.negative, False)):
        for place, count in enumerate(part.tolist()):
            if not count:
                continue
            height = max(1.5, _HALF * count / top)
            x, y = _LEFT + span * place / _BINS, middle - height if is_up else middle
            bars.append(
                f'<rect x="{x + 1:.1f}" y="{y:.1f}" width="{span / _BINS - 2:.1f}" height="{height:.1f}" '
                f'fill="{marks[label].css}"><title>{count}</title></rect>'
            )
    bottom = middle + _HALF
    ticks = "".join(
        f'<text x="{_LEFT + span * value:.1f}" y="{bottom + 22}" text-anchor="middle">{value:g}</text>'
        for value in (0, 0.25, 0.5, 0.75, 1)
    )
    counted = "".join(
        f'<text x="{_LEFT - 6}" y="{y}" text-anchor="end">{top}</text>' for y in (middle - _HALF + 12, bottom - 2)
    )
    at = _LEFT + span * float(content.results["metrics"]["threshold"])
    line = f'<line x1="{_LEFT}" y1="{middle}" x2="{_LEFT + span}" y2="{middle}" stroke="#111827"/>'
    mark = f'<line x1="{at:.1f}" y1="4" x2="{at:.1f}" y2="{bottom}" stroke="#111827" stroke-dasharray="5 4"/>'
    labels = {"positive": content.positive, "negative": content.negative}
    return (
        f'<section id="scores"><h2>{_both("scores")}</h2>\n<p>{_both("scores_help", labels=labels)}</p>\n'
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {bottom + 32}" role="img" aria-labelledby="scores-title">'
        f'<title id="scores-title">{html.escape(Words(_TEXTS, content.lang)("scores"))}</title>'
        f"{''.join(bars)}{line}{mark}{ticks}{counted}</svg></section>"
    )


def _pictures(content: Content) -> str:
    """Show the mistakes, the worst first, and then what was nearly one."""
    if content.no_faces:
        return ""
    wrong = [one for one in content.shown if not one.row.correct]
    near = [one for one in content.shown if one.row.correct]
    has_heat = any(one.look is not None for one in content.shown)
    said = "no_mistakes" if not content.n_mistakes else "mistakes_count"
    counted = _both(said, n=len(wrong), n_all=content.n_mistakes)
    help_ = f"<p>{_both('heat_help' if has_heat else 'no_heat')}</p>" if content.shown else ""
    parts = [f'<section id="mistakes"><h2>{_both("mistakes")}</h2>\n<p>{counted}</p>\n{help_}{_cards(wrong)}</section>']
    if near:
        parts.append(f'<section id="near"><h2>{_both("near")}</h2>\n{_cards(near)}</section>')
    return "\n".join(parts)


def _cards(shown: Sequence[Shown]) -> str:
    return f'<ul class="cards">{"".join(map(_card, shown))}</ul>' if shown else ""


def _card(one: Shown) -> str:
    row = one.row
    pictures = [_image(one.picture_rgb_hwc_u8, row.sequence_id)]
    if one.look is not None:
        pictures.append(_image(_warm(one.look), f"{row.sequence_id}, Grad-CAM"))
    key = "card_right" if row.correct else "card_wrong"
    labels = {"predicted": row.predicted, **({} if row.correct else {"label": row.label})}
    facts = _both("card_facts", score=f"{row.score:.3f}", sequence=row.sequence_id, subject=row.subject_id)
    size = "" if one.look is not None else " alone"
    return (
        f'<li class="card{size}"><div class="pair">{"".join(pictures)}</div>'
        f'<h3>{_both(key, labels=labels)}</h3><p class="soft">{facts}</p></li>'
    )


def _warm(look: "Look") -> U8:
    """Lay the heat over what the network saw: (P, P, 3), RGB; cold places stay as they are."""
    heat = look.heat[..., None]
    colours = cv2.cvtColor(cv2.applyColorMap((look.heat * 255).astype(np.uint8), cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    mixed = look.seen_rgb_hwc_u8 * (1 - 0.6 * heat) + colours * (0.6 * heat)
    return np.asarray(np.clip(mixed, 0, 255), dtype=np.uint8)


def _image(picture_rgb_hwc_u8: U8, alt: str) -> str:
    shrunk = cv2.resize(picture_rgb_hwc_u8, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(shrunk, cv2.COLOR_RGB2BGR)
    data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
    source = f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"
    return f'<img src="{source}" alt="{html.escape(alt)}" width="{SIDE_PX}" height="{SIDE_PX}">'
