"""Shows a report as Markdown, for places where text is read. Figures are linked; pictures of people are not in it."""

import re

from tools.reporter.render import blocks

# An underscore within a word is no mark-up; escaping it there would only make names hard to read.
_SPECIAL = re.compile(r"([\\`*{}\[\]<>#|~&]|(?<![^\W_])_|_(?![^\W_]))")


def render_markdown(page: blocks.Page) -> str:
    """Return the report's Markdown source; data cannot become mark-up in it."""
    parts = [f"# {_escape(page.title)}", _escape(page.subtitle)]
    parts += [f"**{_escape(page.lead)}**"] if page.lead else []
    parts += map(_block, page.banners)
    for section in page.sections:
        parts += [f"## {_escape(section.title)}", *filter(None, map(_block, section.blocks))]
    return "\n\n".join([*parts, "---", _escape(page.footer)]) + "\n"


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _block(block: blocks.Block) -> str:
    match block:
        case blocks.Paragraph():
            text = _escape(block.text)
            if block.tone in ("caution", "synthetic"):
                title = f"**{_escape(block.title)}.** " if block.title else ""
                return f"> {title}{text}"
            return text
        case blocks.VerdictBox():
            lines = [f"**{_escape(block.word)}** ({_escape(block.about)})", block.sentence, *block.riders, *block.more]
            return "\n>\n".join(f"> {line if not number else _escape(line)}" for number, line in enumerate(lines))
        case blocks.Slider():
            return ""  # a table of the same figures stands beside it
        case blocks.Bullets():
            return "\n".join(f"- {_escape(item)}" for item in block.items)
        case blocks.Commands():
            return "\n".join(["```", *block.lines, "```"])
        case blocks.Heading():
            return f"### {_escape(block.text)}"
        case blocks.Table():
            return _table(block)
        case blocks.Picture():
            return f"![{_escape(block.alt)}]({block.file})\n\n{_escape(block.caption)}"
        case blocks.Cards():
            items = "\n".join(f"- {_escape('; '.join([card.title, *card.lines]))}" for card in block.cards)
            return f"#### {_escape(block.title)}\n\n{items}"


def _table(table: blocks.Table) -> str:
    lines = [_row(table.header), "|" + "---|" * len(table.header), *map(_row, table.rows)]
    return "\n".join(lines)


def _row(cells: tuple[blocks.Cell, ...]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(cell: blocks.Cell) -> str:
    details = _escape("; ".join(cell.details))
    return _escape(cell.text) + (f" ({details})" if details else "")
