"""Every page of the house is looked at by axe-core, and what looks at them sees faults."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import axe

ROOT = Path(__file__).resolve().parents[1]
# Pages that are made without a template.
WITHOUT_TEMPLATE = {"tools/reporter/render/html.py"}
# They have nothing of their own: a proof's page is never seen, and examples hold a picture and a word.
NOT_LOOKED_AT = ("tools/spec_checker/browser/pages/", "tools/handoff/examples/")


def test_every_page_is_looked_at() -> None:
    pages = {str(path.relative_to(ROOT)) for path in (ROOT / "tools").rglob("*.html")} | WITHOUT_TEMPLATE
    pages = {page for page in pages if not page.startswith(NOT_LOOKED_AT)}
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__).resolve()]
    text = "\n".join(path.read_text(encoding="utf-8") for path in tests)
    assert {page for page in pages if f'"{page}"' not in text} == set()


def test_faults_are_seen(launch: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text(
        '<!doctype html><html lang="en"><title>bad</title><img src="x"><p style="color:#ccc;background:#fff">low</p>'
        '<div style="width:3000px">wide</div>',
        encoding="utf-8",
    )
    page = launch().new_page()
    page.goto((tmp_path / "bad.html").as_uri())
    with pytest.raises(AssertionError) as found:
        axe.assert_accessible(page, "bad.html", (390,))
    for fault in ("critical image-alt", "serious color-contrast", "px wide in a window of 390"):
        assert fault in str(found.value)
