"""The hand-off as an npm package: what is in it, and when it is another one."""

import json
from pathlib import Path
from typing import Any

from tools.handoff.package import describe_package
from tools.handoff.write import Written

SPEC = {"spec_id": "people-epoch10", "created_utc": "2026-01-01T00:00:00Z", "input": {}, "graphs": [{"file": "a.onnx"}]}


def describe(**changes: Any) -> dict[str, Any]:
    package: dict[str, Any] = json.loads(describe_package({**SPEC, **changes}, {"a.mjs": b"1"}, {"a": "1.0.0"}))
    return package


def test_the_package_names_every_file_of_the_folder_and_no_other(written: Written) -> None:
    package = json.loads((written.folder / "package.json").read_text(encoding="utf-8"))
    there = {path.name + "/" * path.is_dir() for path in written.folder.iterdir()}
    # npm adds the first two itself; proof and signature come later, and .npmrc is of this folder only.
    named = {"package.json", "README.md", *package["files"]}
    assert named - there == {"browser_proof.json", "signature.json"}
    assert there - named == {".npmrc"}


def test_what_the_package_exports_lies_in_the_folder(written: Written) -> None:
    package = json.loads((written.folder / "package.json").read_text(encoding="utf-8"))
    entries: list[str] = [package["main"], package["types"], *package["sideEffects"]]
    for target in package["exports"].values():
        entries += [target] if isinstance(target, str) else target.values()
    missing = [entry for entry in entries if not (written.folder / entry).is_file()]
    assert missing == ["./browser_proof.json"]
    assert list(package["exports"]["."]) == ["types", "default"]  # the first that applies is taken


def test_another_model_or_client_is_another_version_and_a_later_date_is_none() -> None:
    version = describe()["version"]
    assert describe(created_utc="2027-01-01T00:00:00Z", stale={"since_utc": "x"})["version"] == version
    assert describe(decision={"threshold": 0.5})["version"] != version
    other = json.loads(describe_package(SPEC, {"a.mjs": b"2"}, {}))
    assert other["version"] != version


def test_no_address_of_the_client_is_one_that_a_bundler_would_take_for_a_folder_of_files() -> None:
    client = Path(__file__).parents[2] / "tools" / "handoff" / "client"
    named = [
        (path.name, line.strip())
        for path in sorted(client.glob("smile-detector*.mjs"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if "new URL(" in line and "import.meta.url" in line
    ]
    assert [name for name, _ in named] == ["smile-detector.remote.mjs"]
    assert "new URL('./smile-detector.worker.mjs', import.meta.url)" in named[0][1]
