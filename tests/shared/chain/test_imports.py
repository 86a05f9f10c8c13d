"""Who imports whom: on a small tree that is written here, and on the project's own."""

from pathlib import Path

import pytest

from shared.chain.imports import PROJECT, ImportGraph, read_source

TREE = {
    "tasks.py": "from shared.chain import stages\n",
    "shared/__init__.py": '"""All."""\n',
    "shared/clock.py": "import time\n",
    "shared/chain/__init__.py": "",
    "shared/chain/stages.py": "import shared.clock\n",
    "shared/faces/__init__.py": "from shared import marks\n",
    "shared/faces/boxes.py": "import cv2\n\ndef find():\n    from shared.clock import now, then\n",
    "shared/faces/boxes.json": "{}",
    "shared/faces/words.toml": "",
    "shared/faces/notes.txt": "not read by a program",
    "shared/marks.py": 'NOUN = "face"\n',
    "shared/money.py": 'NOUN = "bill"\n',
    "tools/__init__.py": "",
    "tools/finder/__init__.py": "",
    "tools/finder/cli.py": "def main():\n    from tools.finder import work\n",
    "tools/finder/work.py": "from shared.faces.boxes import find\n",
    "tools/finder/README.md": "for people",
    "tools/finder/page/README.md": "handed on with the page",
    "tools/finder/page/page.mjs": "export {}",
    "schemas/face.schema.json": '{"$ref": "parts.schema.json#/$defs/box"}',
    "schemas/parts.schema.json": '{"title": "parts"}',
    "schemas/bill.schema.json": "{}",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in TREE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def files_of(root: Path, tool: str) -> set[str]:
    return {path.relative_to(root).as_posix() for path in ImportGraph(root).files_of(tool)}


def test_imports_in_functions_count_and_names_behind_a_module_do_not(tree: Path) -> None:
    graph = ImportGraph(tree)
    assert graph.imports("tools.finder.cli") == {"tools.finder.work"}
    assert graph.imports("shared.faces.boxes") == {"shared.clock"}
    assert graph.imports("tools.finder.work") == {"shared.faces.boxes"}
    assert graph.reached_from(["tools.finder.cli"]) == {
        *("tools", "tools.finder", "tools.finder.cli", "tools.finder.work"),
        *("shared", "shared.faces", "shared.faces.boxes", "shared.clock", "shared.marks"),
    }
    assert "shared.faces" in graph.modules()
    with pytest.raises(KeyError, match="cv2"):
        graph.file("cv2")


def test_a_tool_depends_on_its_folder_what_it_imports_the_data_beside_it_and_its_schemas(tree: Path) -> None:
    assert files_of(tree, "finder") == set(TREE) - {
        *("tasks.py", "shared/chain/__init__.py", "shared/chain/stages.py"),
        *("shared/money.py", "shared/faces/notes.txt", "tools/finder/README.md", "schemas/bill.schema.json"),
    }


@pytest.mark.parametrize(
    "file",
    [
        "shared/clock.py",
        "shared/faces/boxes.json",
        "shared/faces/words.toml",
        "schemas/parts.schema.json",
        "tools/finder/page/page.mjs",
    ],
)
def test_a_change_of_what_a_tool_depends_on_changes_its_hash(tree: Path, file: str) -> None:
    before = ImportGraph(tree).hash_of("finder")
    assert ImportGraph(tree).hash_of("finder") == before
    (tree / file).write_text((tree / file).read_text() + " ")
    assert ImportGraph(tree).hash_of("finder") != before


@pytest.mark.parametrize("file", ["shared/money.py", "schemas/bill.schema.json", "tasks.py", "shared/chain/stages.py"])
def test_a_change_elsewhere_leaves_its_hash(tree: Path, file: str) -> None:
    before = ImportGraph(tree).hash_of("finder")
    (tree / file).write_text((tree / file).read_text() + "\n")
    assert ImportGraph(tree).hash_of("finder") == before


def test_circles_are_found_through_functions_and_through_others(tree: Path) -> None:
    assert ImportGraph(tree).circles() == []
    (tree / "shared/clock.py").write_text("def tick():\n    from shared.faces import boxes\n")
    (tree / "shared/money.py").write_text("from shared import marks\n")
    (tree / "shared/marks.py").write_text("from shared import clock, money\n")
    assert ImportGraph(tree).circles() == [["shared.clock", "shared.faces.boxes"], ["shared.marks", "shared.money"]]
    (tree / "shared/faces/boxes.py").write_text("from shared import marks\n")
    assert ImportGraph(tree).circles() == [["shared.clock", "shared.faces.boxes", "shared.marks", "shared.money"]]


def test_what_runs_at_start_is_told_from_what_runs_later(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        "import json\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n"
        "class Page:\n    import html\n    def show(self):\n        import cv2\nif json:\n    import os.path\n"
    )
    source = read_source(module)
    assert source.imports_at_start == {"json", "typing.TYPE_CHECKING", "html", "os.path"}
    assert source.imports == source.imports_at_start | {"torch", "cv2"}


def test_a_relative_import_is_refused(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("from . import other\n")
    with pytest.raises(ValueError, match=r"module\.py:1: a relative import"):
        read_source(tmp_path / "module.py")


def test_a_training_depends_on_its_network_and_not_on_the_statistics_of_the_report() -> None:
    found = files_of(PROJECT, "trainer")
    assert {
        "shared/models/dual_head.py",
        "shared/dataset/reader.py",
        "shared/dataset/protocol.json",
        "schemas/run.schema.json",
        "tools/trainer/train.py",
    } <= found
    assert not {"shared/statistics/power.py", "shared/chain/cache.py", "schemas/comparison.schema.json"} & found
    assert not [
        name for name in found if name.startswith("tools/") and not name.startswith(("tools/trainer/", "tools/_"))
    ]
