"""Which wing of the reporter may know which: none knows back."""

import ast
from pathlib import Path

import pytest

REPORTER = Path(__file__).parents[2] / "tools" / "reporter"
KNOWS = {
    "text": set(),
    "render": set(),
    "sources": {"text", "render"},
    "practice": {"text", "render", "sources"},
    "ab": {"text", "render", "sources", "practice"},
    "approaches": {"text", "render", "sources", "ab"},
    "tables": {"text", "ab"},
}


def test_the_wings_are_these() -> None:
    assert {path.parent.name for path in REPORTER.glob("*/__init__.py")} == set(KNOWS)


@pytest.mark.parametrize("wing", KNOWS)
def test_a_wing_knows_only_those_below_it(wing: str) -> None:
    known = set()
    for path in (REPORTER / wing).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tools.reporter."):
                known.add(str(node.module).split(".")[2])
            if isinstance(node, ast.ImportFrom) and wing == "render":
                assert not str(node.module).startswith("shared.statistics"), f"{path.name}: figures only are shown"
    assert known - {wing, "config"} <= KNOWS[wing]
