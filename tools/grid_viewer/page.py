"""Writes the page: one self-contained HTML file with every sequence, streamed card by card.

Everything that comes from the dataset is escaped, and a content policy lets only our own script run. Reads its own
template, style and script; writes to the text stream that it is given.
"""

import base64
import hashlib
import html
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import cv2

from shared.arrays import U8
from shared.dataset import reader
from shared.dataset.reader import Dataset, SequenceRow
from shared.text.catalogue import LANGS, Lang, Words, by_language
from shared.text.label_style import SHAPE_SVG, Mark, label_word
from shared.text.template import fill
from tools.grid_viewer.words import EMOTION_TEXTS, TEXTS

JPEG_QUALITY = 75
PLAY_MIN_MS = 160  # real spacing is 100 ms; an eye that judges wants it a little slower
THUMBS_ACROSS = 10  # thumbnails side by side in a sprite of a large dataset
SIGNATURE = "<!-- smilebench grid-viewer -->"
_HERE = Path(__file__).parent
_AFTER_LOOKING = ("review", "review-apply", "verify", "grid")


@dataclass(frozen=True)
class PageFacts:
    """What the page says about the selection that it shows.

    Attributes:
        dataset: The opened dataset.
        rows: The sequences that are shown, in order.
        row_numbers: Each sequence's row in labels.csv, where the header is row 1.
        marks: How each class looks.
        selection: The filters in words; empty for all sequences.
        lang: The language that it opens in.
    """

    dataset: Dataset
    rows: Sequence[SequenceRow]
    row_numbers: dict[str, int]
    marks: dict[str, Mark]
    selection: str
    lang: Lang


def picture_side_px(n_pictures: int) -> int:
    """Choose the pictures' side so that the page stays openable: about 15 to 40 MB at most up to 3,000 sequences.

    Source: our own choice, from camera pictures at quality 75: 224 px take 8 KB, 160 px 4.5 KB, 112 px 2.7 KB.
    """
    return 224 if n_pictures <= 1500 else 160 if n_pictures <= 6000 else 112


class Page:
    """A page that is being written.

    Args:
        stream: Where to; text, UTF-8.
        facts: What it shows.
    """

    def __init__(self, stream: TextIO, facts: PageFacts) -> None:
        self._stream, self._facts = stream, facts
        self._side_px = picture_side_px(sum(row.frame_count for row in facts.rows))
        self._subject: str | None = None
        self._n_of = Counter(row.subject_id for row in facts.rows)
        head, self._tail = fill_template(facts).split("<!-- sequences -->")
        stream.write(head)

    def add(self, row: SequenceRow, frames_thwc_u8: U8) -> None:
        """Write a sequence's card; opens a new section where the person changes.

        Args:
            row: The sequence; in the order of the facts' rows.
            frames_thwc_u8: (T, H, W, 3), RGB.
        """
        if row.subject_id != self._subject:
            self._close_section()
            self._subject = row.subject_id
            count = self._n_of[row.subject_id]
            self._stream.write(
                f'<section><h2>{html.escape(row.subject_id)} <small data-t="sequences" '
                f'data-v="{_attribute({"count": count})}">{self._say("sequences", count=count)}</small></h2>'
                '<div class="group">\n'
            )
        self._stream.write(self._card(row, [_data_uri(frame, self._side_px) for frame in frames_thwc_u8]))

    def close(self) -> None:
        """Write what comes after the last card."""
        self._close_section()
        self._stream.write(self._tail)

    def _close_section(self) -> None:
        if self._subject is not None:
            self._stream.write("</div></section>\n")

    def _say(self, key: str, **values: object) -> str:
        return html.escape(Words(TEXTS, self._facts.lang)(key, **values))

    def _card(self, row: SequenceRow, uris: Sequence[str]) -> str:
        search = html.escape(f"{row.sequence_id} {row.take_id} {row.subject_id}".lower())
        pictures = "".join(
            f'<img src="{uri}" alt="{html.escape(Path(name).stem)}" decoding="async">'
            for uri, name in zip(uris, row.frame_names(), strict=True)
        )
        if len(uris) > 1:
            pictures += (
                f'<button type="button" class="player" tabindex="-1" data-t-aria="play" '
                f'aria-label="{self._say("play")}"><img src="{uris[len(uris) // 2]}" alt=""></button>'
            )
        reviewed = f'<span class="soft" data-t="reviewed">{self._say("reviewed")}</span>' if row.reviewed else ""
        return (
            f'<article class="card {"many" if len(uris) > 1 else "single"}" id="{html.escape(row.sequence_id)}" '
            f'tabindex="0" data-label="{html.escape(row.label)}" data-subject="{html.escape(row.subject_id)}" '
            f'data-take="{html.escape(row.take_id)}" data-emotion="{html.escape(row.emotion or "")}" '
            f'data-start="{row.start_ms / 1000:.1f}" data-row="{self._facts.row_numbers[row.sequence_id]}" '
            f'data-search="{search}"><div class="words">{self._tag(row.label)}'
            f"<strong>{html.escape(row.sequence_id)}</strong><span>{html.escape(row.subject_id)}</span>"
            f'<span class="soft">{html.escape(row.take_id)} · {row.start_ms / 1000:.1f} s</span>'
            f'<span class="soft" data-t="row" data-v="{_attribute({"row": self._facts.row_numbers[row.sequence_id]})}">'
            f"{self._say('row', row=self._facts.row_numbers[row.sequence_id])}</span>{reviewed}</div>"
            f'<div class="frames">{pictures}</div></article>\n'
        )

    def _tag(self, label: str) -> str:
        mark = self._facts.marks[label]
        return f'<span class="tag" style="background:{mark.css}">{_label_html(label, mark, self._facts.lang)}</span>'


def _label_html(label: str, mark: Mark, lang: Lang) -> str:
    """Write a label's shape and word."""
    return (
        f'<svg class="shape" viewBox="0 0 16 16" aria-hidden="true">{SHAPE_SVG[mark.shape]}</svg>'
        f'<span data-label-word="{html.escape(label)}">{html.escape(label_word(label, lang))}</span>'
    )


def _worded(key: str, lang: Lang, **values: object) -> str:
    """Write a text that the page's script can put into the other language."""
    text = html.escape(Words(TEXTS, lang)(key, **values))
    return f'<span data-t="{key}" data-v="{_attribute(values)}">{text}</span>'


def _attribute(values: dict[str, object]) -> str:
    """Write values for an HTML attribute that the page's script parses."""
    return html.escape(json.dumps(values, ensure_ascii=False))


def _data_uri(frame_rgb_hwc_u8: U8, side_px: int) -> str:
    """Encode a picture for the page, at most side_px on its longer side."""
    height, width = frame_rgb_hwc_u8.shape[:2]
    if (scale := side_px / max(height, width)) < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = cv2.resize(frame_rgb_hwc_u8, size, interpolation=cv2.INTER_AREA)
    else:
        picture = frame_rgb_hwc_u8
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
    return "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")


def fill_template(facts: PageFacts, *, is_large: bool = False) -> str:
    """Put the dataset's facts, in words, into the template: of one file with all pictures, or of a large dataset."""
    stem = "large" if is_large else "page"
    dataset, lang = facts.dataset, facts.lang
    words = Words(TEXTS, lang)
    name = dataset.name
    counts = reader.count_labels(facts.rows)
    total = len(facts.rows)
    # The positive class first, as its mark is; then the order of the manifest.
    labels = [label for label in facts.marks if label in counts]
    chips = (
        f'<button type="button" data-label="" aria-pressed="true"><span data-t="reset">{words("reset")}</span></button>'
    )
    for label in labels:
        chips += (
            f'<button type="button" data-label="{html.escape(label)}" aria-pressed="false" '
            f'style="background:{facts.marks[label].css}">{_label_html(label, facts.marks[label], lang)} '
            f"{counts[label]}</button>"
        )
    classes = ", ".join(dataset.manifest["classes"])
    notes = [_worded("sequences", lang, count=total)]
    if facts.selection:
        notes.append(_worded("selection", lang, selection=facts.selection))
    if dataset.labels_were_edited:
        notes.append(_worded("edited", lang))
    notes.append(f"<span>labels.csv {dataset.labels_sha256[:12]}</span>")
    synthetic_banner = synthetic_badge = ""
    if dataset.is_synthetic:
        synthetic_banner = f'<p class="synthetic" data-t="synthetic_long">{words("synthetic_long")}</p>'
        synthetic_badge = f'<span class="badge" data-t="synthetic">{words("synthetic")}</span>'
    script = (_HERE / f"{stem}.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    interval_ms = float(dataset.manifest["protocol"]["frame_interval_ms"])
    data = {
        "words": by_language(TEXTS),
        "labels": {key: {label: label_word(label, key) for label in facts.marks} for key in LANGS},
        "emotions": by_language(EMOTION_TEXTS),
        "play_ms": max(PLAY_MIN_MS, interval_ms),
        **({"order": list(facts.marks), "across": THUMBS_ACROSS} if is_large else {}),
    }
    people = () if is_large else sorted({row.subject_id for row in facts.rows}, key=sequences_order)
    style = [(_HERE / name).read_text(encoding="utf-8") for name in ("page.css", *(["large.css"] if is_large else []))]
    values = {
        **{key: html.escape(words(key)) for key in _PLAIN_WORDS},
        "lang": lang,
        "script_hash": f"sha256-{digest}",
        "style": "".join(style),
        "title": html.escape(words("title", dataset=name)),
        "title_values": _attribute({"dataset": name}),
        "synthetic_banner": synthetic_banner,
        "synthetic_badge": synthetic_badge,
        "facts": " · ".join(notes),
        "correct": html.escape(words("correct", classes=classes)),
        "correct_values": _attribute({"classes": classes}),
        "commands": html.escape("\n".join(f"./inv {task} --dataset {name}" for task in _AFTER_LOOKING)),
        "label_word": html.escape(words("label")),
        "chips": chips,
        "subjects": "".join(f"<option>{html.escape(subject)}</option>" for subject in people),
        "count": html.escape(words("shown", shown=total, total=total)),
        "en_pressed": str(lang == "en").lower(),
        "ko_pressed": str(lang == "ko").lower(),
        # "<" cannot stand in a script element as it is: "</script>" would end it.
        "data": json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),
        "script": script,
    }
    return fill((_HERE / f"{stem}.html").read_text(encoding="utf-8"), values)


_PLAIN_WORDS = (
    "no_script", "correct_title", "keys_title", "keys", "person", "all_people", "search", "nothing", "reset",
    "previous", "next", "play", "close",
)  # fmt: skip


def sequences_order(subject_id: str) -> tuple[tuple[int, str], ...]:
    """Order names as people do, s2 before s10: a sort key."""
    parts: list[str] = [""]
    for char in subject_id:
        if parts[-1] and parts[-1][-1].isdigit() != char.isdigit():
            parts.append("")
        parts[-1] += char
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)
