"""The report in a real Chromium, from a file and without a network."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import axe
from tools.reporter.ab.report import make_report
from tools.reporter.config import ReportConfig

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# The browser itself shall not call home while it is watched.
OFFLINE = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

FRAME = """<!doctype html><body style="margin:0"><iframe src="report/report.html" style="width:{width}px;height:900px;
border:0"></iframe><script>
addEventListener("load", () => {{
  const page = document.querySelector("iframe").contentDocument;
  const slider = page.querySelector("[data-slider]");
  const input = slider.querySelector("input");
  const before = slider.querySelector(".outcome").textContent;
  input.value = "0";
  input.dispatchEvent(new Event("input"));
  const fits = page.documentElement.scrollWidth <= page.documentElement.clientWidth;
  const found = {{ fits, hidden: slider.hidden, before,
    after: slider.querySelector(".outcome").textContent, word: page.querySelector(".word").textContent }};
  document.body.replaceChildren(JSON.stringify(found));
}});
</script>"""


def open_page(folder: Path, page: str) -> tuple[str, str]:
    """Open a page; returns its document and what stood in the console."""
    assert CHROMIUM is not None
    flags = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--allow-file-access-from-files",
        "--dump-dom",
        *OFFLINE,
    ]
    profile = f"--user-data-dir={folder / 'profile'}"
    done = subprocess.run(
        [CHROMIUM, *flags, profile, "--enable-logging=stderr", "--virtual-time-budget=2000", (folder / page).as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


@pytest.mark.parametrize(("lang", "word"), [("en", "Cannot tell"), ("ko", "판단할 수 없음")])
def test_the_report_opens_without_console_errors_and_fits_phone_and_desk(
    tmp_path: Path, make_results: Any, plan_rows: dict[str, Any], lang: Any, word: str
) -> None:
    old = make_results(tmp_path, "baseline", plan_rows["baseline"], 0.5)
    new = make_results(tmp_path, "candidate", plan_rows["candidate"], 0.282)
    make_report(ReportConfig((None, old), ((None, new),), out=tmp_path / "report", lang=lang))
    for width in (390, 1280):
        (tmp_path / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
        document, console = open_page(tmp_path, "frame.html")
        assert console == ""
        assert '{"fits":true,"hidden":false' in document
        assert word in document
        # The baseline's 40 smiles at its threshold, then all of them at a threshold of 0; as many false alarms.
        before, after = re.search(r'"before":"(.*?)","after":"(.*?)"', document).groups()  # type: ignore[union-attr]
        assert {"30", "40", "18"} <= set(re.findall(r"\d+", before))
        assert re.findall(r"\d+", after).count("40") == 4


def test_a_console_error_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text("<script>undefinedThing()</script>", encoding="utf-8")
    assert "undefinedThing" in open_page(tmp_path, "bad.html")[1]


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_report_is_for_everybody(
    tmp_path: Path, make_results: Any, plan_rows: dict[str, Any], launch: Any, lang: Any
) -> None:
    old = make_results(tmp_path, "baseline", plan_rows["baseline"], 0.5)
    new = make_results(tmp_path, "candidate", plan_rows["candidate"], 0.282)
    make_report(ReportConfig((None, old), ((None, new),), out=tmp_path / "report", lang=lang))
    page = launch().new_page()
    page.goto((tmp_path / "report" / "report.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    axe.assert_accessible(page, "tools/reporter/render/html.py")
