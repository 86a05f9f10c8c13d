"""One home for each thing: what is done in one place, and is written nowhere else."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [ROOT / "tasks.py", *sorted((ROOT / "shared").rglob("*.py")), *sorted((ROOT / "tools").rglob("*.py"))]

HOMES = {
    "InferenceSession(": {"shared/onnx/session.py"},
}


@pytest.mark.parametrize(("text", "homes"), HOMES.items(), ids=list(HOMES))
def test_what_has_a_home_is_written_nowhere_else(text: str, homes: set[str]) -> None:
    found = {path.relative_to(ROOT).as_posix() for path in SOURCES if text in path.read_text(encoding="utf-8")}
    assert found == homes
