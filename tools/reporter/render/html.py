"""Shows a report as one HTML file that needs nothing else: style, pictures and the slider's small script are in it.

Every text is escaped here, in one place. The page's own policy forbids it to load anything from anywhere, and to run
any script but the one whose hash it names. Without scripts everything is there but the sliders.
"""

import base64
import hashlib
import json
import re
from html import escape
from pathlib import Path

from tools.reporter.render import blocks

_UNIT = re.compile(r"(?<=\d) (?=%|pts|points)")
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '{script}'"
_SHAPES: dict[blocks.Tone, str] = {"better": "▲", "worse": "▼", "equal": "=", "unsure": "?", "chosen": "✓"}


def render_html(page: blocks.Page) -> str:
    """Return the page's source."""
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    script = Path(__file__).with_name("report.js").read_text(encoding="utf-8")
    # The script is hashed as it stands in the page; a page that is saved by a browser in another way loses its sliders.
    script_hash = "sha256-" + base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return f"""<!doctype html>
<html lang="{page.lang}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(script=script_hash)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{escape(page.title)}</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>{escape(page.title)}</h1>
<p class="subtitle">{escape(page.subtitle)}</p>
{_lead(page)}{_join(page.banners)}
</header>
<main>
{"".join(_section(section) for section in page.sections)}</main>
<footer>{escape(page.footer)}</footer>
<script>{script}</script>
</body>
</html>
"""


def _lead(page: blocks.Page) -> str:
    return f'<p class="lead">{_text(page.lead)}</p>\n' if page.lead else ""


def _join(parts: tuple[blocks.Block, ...]) -> str:
    return "\n".join(map(_block, parts))


def _section(section: blocks.Section) -> str:
    if section.is_folded:
        return (
            f'<details id="{escape(section.key)}">\n<summary><h2>{escape(section.title)}</h2></summary>\n'
            f"{_join(section.blocks)}\n</details>\n"
        )
    return (
        f'<section id="{escape(section.key)}">\n<h2>{escape(section.title)}</h2>\n{_join(section.blocks)}\n</section>\n'
    )


def _block(block: blocks.Block) -> str:
    match block:
        case blocks.Paragraph():
            return _paragraph(block)
        case blocks.VerdictBox():
            return _verdict(block)
        case blocks.Slider():
            return _slider(block)
        case blocks.Bullets():
            return "<ul>\n" + "\n".join(f"<li>{_text(item)}</li>" for item in block.items) + "\n</ul>"
        case blocks.Commands():
            return "".join(f"<pre>{escape(line)}</pre>" for line in block.lines)
        case blocks.Heading():
            return f"<h3>{escape(block.text)}</h3>"
        case blocks.Table():
            return _table(block)
        case blocks.Picture():
            source = _data_uri("png", block.png)
            return (
                f'<figure><img src="{source}" alt="{escape(block.alt)}">'
                f"<figcaption>{escape(block.caption)}</figcaption></figure>"
            )
        case blocks.Cards():
            cards = "\n".join(_card(card, block.tone) for card in block.cards)
            kind = "cards" if any(card.strip for card in block.cards) else "cards small"
            return f'<h4>{escape(block.title)}</h4>\n<ul class="{kind}">\n{cards}\n</ul>'


def _text(text: str) -> str:
    """Escape a text and keep numbers and their units on one line."""
    return _UNIT.sub("&nbsp;", escape(text))


def _paragraph(block: blocks.Paragraph) -> str:
    if block.tone in ("caution", "synthetic"):
        title = f"<strong>{escape(block.title)}</strong>" if block.title else ""
        return f'<div class="box {block.tone}">{title}{_text(block.text)}</div>'
    attribute = ' class="faint"' if block.tone == "faint" else ""
    return f"<p{attribute}>{_text(block.text)}</p>"


def _verdict(box: blocks.VerdictBox) -> str:
    riders = "".join(f'<p class="rider">{_text(rider)}</p>' for rider in box.riders)
    items = "".join(f"<li>{_text(one)}</li>" for one in box.more)
    more = f"<details><summary>{escape(box.more_title)}</summary><ul>{items}</ul></details>" if items else ""
    return (
        f'<div class="verdict {box.tone}"><div class="shape" aria-hidden="true">{_SHAPES[box.tone]}</div>'
        f'<div><p class="word">{escape(box.word)}</p><p class="about">{escape(box.about)}</p>'
        f"<p>{_text(box.sentence)}</p>{riders}{more}</div></div>"
    )


def _slider(slider: blocks.Slider) -> str:
    """Return a slider that stays hidden until the script has brought it to life."""
    data = {
        "positives": slider.positives,
        "negatives": slider.negatives,
        "minutes": slider.negative_minutes,
        "threshold": slider.threshold,
        "caught": slider.caught,
        "alarms": slider.alarms,
    }
    value = f"{slider.threshold:.4f}"
    return (
        f'<div class="slider" hidden data-slider="{escape(json.dumps(data, ensure_ascii=False))}">'
        f'<label>{escape(slider.label)}: <output class="value">{value}</output>'
        f'<input type="range" min="0" max="1" step="0.001" value="{value}"></label>'
        f'<p class="outcome" aria-live="polite"></p></div>'
    )


def _table(table: blocks.Table) -> str:
    head = "".join(f'<th scope="col">{_cell(cell)}</th>' for cell in table.header)
    body = "\n".join(
        f'<tr><th scope="row">{_cell(row[0])}</th>' + "".join(f"<td>{_cell(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in table.rows
    )
    hint = f'<p class="hint" aria-hidden="true">{escape(table.hint)}</p>' if table.hint else ""
    return (
        f'{hint}<div class="scroll" tabindex="0"><table class="{table.kind}">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _cell(cell: blocks.Cell) -> str:
    return _text(cell.text) + "".join(f"<small>{_text(detail)}</small>" for detail in cell.details)


def _card(card: blocks.Card, tone: str) -> str:
    strip = f'<img src="{_data_uri("jpeg", card.strip)}" alt="{escape(card.alt)}">' if card.strip else ""
    lines = "".join(f"<p>{escape(line)}</p>" for line in card.lines)
    return f'<li class="card {tone}">{strip}<p><strong>{escape(card.title)}</strong></p>{lines}</li>'


def _data_uri(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
