"""One home for each thing: what is done in one place, and is written nowhere else."""

import json
import re
from pathlib import Path

import pytest

from shared import contracts, paths
from shared.errors import WrongUsage

ROOT = Path(__file__).parents[1]
SOURCES = [ROOT / "tasks.py", *sorted((ROOT / "shared").rglob("*.py")), *sorted((ROOT / "tools").rglob("*.py"))]

HOMES = {
    "%Y-%m-%dT": {"shared/paths.py"},
    "InferenceSession(": {"shared/onnx/session.py"},
    "ThreadPoolExecutor(": {
        "shared/dataset/ahead.py",
        "shared/chain/demo.py",
        "tools/trainer/devices.py",
    },  # the demo runs whole programs at once; a GPU gets its batches in order, by one thread
}


@pytest.mark.parametrize(("text", "homes"), HOMES.items(), ids=list(HOMES))
def test_what_has_a_home_is_written_nowhere_else(text: str, homes: set[str]) -> None:
    found = {path.relative_to(ROOT).as_posix() for path in SOURCES if text in path.read_text(encoding="utf-8")}
    assert found == homes


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("name", paths.NAME_PATTERN), ("subject_id", paths.SUBJECT_PATTERN), ("class_name", paths.CLASS_PATTERN)],
)
def test_python_and_schemas_agree_on_what_may_be_a_name(name: str, pattern: re.Pattern[str]) -> None:
    definitions = json.loads((ROOT / "schemas" / "definitions.schema.json").read_text(encoding="utf-8"))
    assert definitions["$defs"][name]["pattern"] == f"^{pattern.pattern}$"


def test_a_pattern_of_names_stands_in_one_place() -> None:
    patterns = {pattern.pattern for pattern in (paths.NAME_PATTERN, paths.SUBJECT_PATTERN, paths.CLASS_PATTERN)}
    for path in SOURCES:
        found = {text for text in patterns if text in path.read_text(encoding="utf-8")}
        assert not found or path == ROOT / "shared" / "paths.py", f"{path} has {found}"
    schemas = [path for path in (ROOT / "schemas").glob("*.json") if path.name != "definitions.schema.json"]
    for path in schemas:
        written = path.read_text(encoding="utf-8")
        found = {text for text in patterns if f'"pattern": {json.dumps(f"^{text}$")}' in written}
        assert not found, f"{path.name} repeats {found}: refer to definitions.schema.json"


def test_what_can_be_written_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A model of 65 to 128 characters could be exported, and then --model refused its name.
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    longest = "m" * 128
    card = json.loads((ROOT / "tests" / "schemas" / "positive" / "model" / "ours.json").read_text())
    contracts.validate({**card, "model_id": longest}, "model", "the card")
    assert paths.model_file(longest) == tmp_path / "artifacts" / "models" / longest / paths.MODEL_FILE
    assert paths.handoff_dir(longest) == tmp_path / "artifacts" / "handoff" / longest
    assert paths.dataset_dir(longest) == tmp_path / "datasets" / longest
    for named in (paths.model_file, paths.handoff_dir, paths.dataset_dir):
        with pytest.raises(WrongUsage, match="at most 128"):
            named(longest + "m")
