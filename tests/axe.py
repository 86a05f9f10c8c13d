"""Looks at a page with axe-core in a real Chromium: at three widths, dark and light; and whether it scrolls sideways.

Every page of the house has a test that calls `assert_accessible` with the file that it comes from;
`test_every_page_is_looked_at` holds that.
"""

import functools
import json
from typing import Any

import pytest

from shared.errors import MissingOutside
from shared.web.npm import NpmPackage

AXE_CORE = NpmPackage("axe-core", "4.14.1", ("axe.min.js",))  # MPL-2.0; for tests only, nothing of it is passed on
WIDTHS_PX = (390, 1280, 1920)
_BAD = ("serious", "critical")


@functools.cache
def _script() -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SMILEBENCH_HOME", raising=False)  # npm's packages are those of the checkout
        try:
            return (AXE_CORE.install() / "axe.min.js").read_text(encoding="utf-8")
        except MissingOutside as error:
            pytest.skip(str(error))


def look_at(page: Any) -> list[str]:
    """Look at a page as it is now; returns a line for each thing that is wrong."""
    page.evaluate(f"() => {{ {_script()} }}")  # no script element: the page's own policy stays in force
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    faults = []
    for violation in found["violations"]:
        if violation["impact"] in _BAD:
            nodes = [f"{node['target'][0]} ({_why(node)})" for node in violation["nodes"]]
            faults.append(f"{violation['impact']} {violation['id']}: {len(nodes)}, as {'; '.join(nodes[:3])}")
    width, window = page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    return [*faults, f"{width} px wide in a window of {window}"] if width > window else faults


def _why(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    return json.dumps(checks[0]["message"])[:200] if checks else ""


def assert_accessible(page: Any, source: str, widths_px: tuple[int, ...] = WIDTHS_PX) -> None:
    """Look at an open page at every width, in the light and in the dark.

    Args:
        page: Of playwright.
        source: The file that the page comes from, below the project's folder.
        widths_px: Of the window.
    """
    faults: dict[str, list[str]] = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in widths_px:
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(100)  # what lies behind a resize, or moves to another colour
            for fault in look_at(page):
                faults.setdefault(fault, []).append(f"{scheme} {width}")
    assert not faults, f"{source}: {faults}"
