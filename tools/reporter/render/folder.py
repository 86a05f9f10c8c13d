"""A report's folder: the page as HTML and as Markdown, and its figures. The document beside them is the caller's."""

from pathlib import Path
from typing import Any

from shared import contracts
from tools.reporter.render.blocks import Page
from tools.reporter.render.html import render_html
from tools.reporter.render.markdown import render_markdown

HTML = "report.html"
MARKDOWN = "report.md"


def write_page(page: Page, folder: Path) -> tuple[str, ...]:
    """Write the figures and both views of a page; returns the figures' file names."""
    pictures = page.pictures()
    for picture in pictures:
        contracts.write_bytes(folder / picture.file, picture.png)
    contracts.write_bytes(folder / MARKDOWN, render_markdown(page).encode("utf-8"))
    contracts.write_bytes(folder / HTML, render_html(page).encode("utf-8"))
    return tuple(picture.file for picture in pictures)


def files_of(folder: Path, pictures: tuple[str, ...]) -> dict[str, Any]:
    """Name what `write_page` wrote, for --json."""
    return {
        "folder": str(folder),
        "report": str(folder / HTML),
        "markdown": str(folder / MARKDOWN),
        "pictures": [str(folder / name) for name in pictures],
    }
