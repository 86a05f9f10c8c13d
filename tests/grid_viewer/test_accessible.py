"""The grid's pages, small and large, with axe-core."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.dataset.reader import Dataset
from tests import axe
from tools.grid_viewer import large
from tools.grid_viewer.cli import main


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "least"), [("tools/grid_viewer/page.html", 100), ("tools/grid_viewer/large.html", 5)]
)
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_grid_is_for_everybody(
    make_dataset: Callable[..., Dataset], launch: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    source: str, least: int, lang: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(large, "LEAST", least)
    dataset = make_dataset(tmp_path / "faces", subjects=3)
    assert main(["--dataset", str(dataset.folder), "--out", str(tmp_path / "out"), "--quiet", "--lang", lang]) == 0
    page = launch().new_page()
    page.goto((tmp_path / "out" / "index.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    axe.assert_accessible(page, source)
    page.locator(".card").first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.getElementById('big').open")
    axe.assert_accessible(page, source, (390,))
