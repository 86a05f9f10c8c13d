"""Who may know whom, how long a file may grow, and what a bare install must be able to import."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared.chain.imports import ImportGraph

ROOT = Path(__file__).parents[1]
SHARED = sorted((ROOT / "shared").rglob("*.py"))
TOOLS = sorted(path.parent for path in (ROOT / "tools").glob("*/cli.py"))
TOOL_FILES = sorted((ROOT / "tools").rglob("*.py"))
CLIS = [folder / "cli.py" for folder in TOOLS]
HEAVY = {
    "torch",
    "torchvision",
    "cv2",
    "onnxruntime",
    "onnx",
    "onnxscript",
    "onnxsim",
    "mediapipe",
    "kaggle",
    "matplotlib",
    "koreanize_matplotlib",
    "sklearn",
    "av",
    "safetensors",
    "joblib",
    "faiss",
    "ray",
}
GRAPH = ImportGraph(ROOT)
MAX_LINES = 400
MAX_LINES_OF_TASKS = 300  # the whole chain is read top to bottom in one file


MAX_FLAT_MODULES = 10  # in shared/ itself: the few words that every room speaks
MAX_FILES_OF_A_FOLDER = 20
STATISTICS = "the statistics are one package, checked against publications as a whole and open to a team's own studies"
ONE_TOOLS_OWN = {f"shared.statistics.{name}": STATISTICS for name in ("power", "roc_band", "significance")}
"""Modules of shared/ that one tool alone needs, and why they lie there all the same."""


def named(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


def imports_of(path: Path, *, only_at_import_time: bool = False) -> frozenset[str]:
    """Name the modules that a file imports: in functions too, unless only what runs on import is asked for."""
    source = GRAPH.source(GRAPH.module_of(path))
    return source.imports_at_start if only_at_import_time else source.imports


def test_the_tools_and_the_shared_modules_are_found() -> None:
    assert {folder.name for folder in TOOLS} >= {"recorder", "trainer", "exporter", "evaluator", "spec_checker"}
    assert len(SHARED) > 10


@pytest.mark.parametrize("path", named(TOOL_FILES))
def test_no_tool_imports_another(path: Path) -> None:
    own = path.relative_to(ROOT / "tools").parts[0]
    for module in imports_of(path):
        parts = module.split(".")
        if parts[0] == "tools":
            assert len(parts) > 1, f"{path.name} imports all tools"
            assert parts[1] == own, f"{path.name} imports {module}"
        assert parts[0] != "tasks"


@pytest.mark.parametrize("path", named(SHARED))
def test_shared_knows_no_tool_and_no_task(path: Path) -> None:
    assert not [module for module in imports_of(path) if module.split(".")[0] in ("tools", "tasks", "tests")]


def test_tasks_runs_tools_as_programs_and_imports_none() -> None:
    assert not [module for module in imports_of(ROOT / "tasks.py") if module.split(".")[0] == "tools"]


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert GRAPH.circles() == []


def test_shared_holds_what_several_rooms_need() -> None:
    """A module that one tool alone needs lies in that tool; the chain and the tasks count as rooms, too."""
    rooms: dict[str, set[str]] = {}
    for module in GRAPH.modules():
        room = ".".join(module.split(".")[:2])
        if module.startswith(("shared.chain.", "tools.")) or module == "tasks":
            for reached in GRAPH.reached_from([module]):
                rooms.setdefault(reached, set()).add(room)
    modules = [GRAPH.module_of(path) for path in SHARED if path.name != "__init__.py"]
    lonely = {module for module in modules if len(rooms.get(module, ())) < 2 and not module.startswith("shared.chain.")}
    assert lonely == set(ONE_TOOLS_OWN)


def test_shared_is_made_of_packages() -> None:
    flat = [path.name for path in (ROOT / "shared").glob("*.py") if path.name != "__init__.py"]
    assert len(flat) <= MAX_FLAT_MODULES, f"a new module belongs into a package of shared/: {sorted(flat)}"


def test_a_folder_can_be_seen_at_a_glance() -> None:
    folders = [path for name in ("shared", "tools", "tests") for path in (ROOT / name).rglob("*") if path.is_dir()]
    counts = {str(folder.relative_to(ROOT)): len(list(folder.glob("*.py"))) for folder in folders}
    assert {folder: n for folder, n in counts.items() if n > MAX_FILES_OF_A_FOLDER} == {}


def test_every_package_says_what_it_is_for() -> None:
    packages = {path.parent for path in (*SHARED, *TOOL_FILES)}
    assert {path for path in packages if not (path / "__init__.py").is_file()} == set()
    texts = {path: (path / "__init__.py").read_text(encoding="utf-8") for path in packages}
    assert {path for path, text in texts.items() if not ast.get_docstring(ast.parse(text))} == set()


def test_schemas_know_their_definitions_and_nobody_else() -> None:
    assert [path.name for path in (ROOT / "schemas").iterdir() if path.suffix == ".py"] in ([], ["__init__.py"])
    for path in (ROOT / "schemas").glob("*.json"):
        references = re.findall(r'"\$ref": "([^"#]*)#/\$defs/\w+"', path.read_text(encoding="utf-8"))
        assert len(references) == path.read_text(encoding="utf-8").count('"$ref"'), path.name
        assert set(references) <= {"", "definitions.schema.json"}, path.name


def test_a_document_has_one_writer() -> None:
    writers: dict[str, set[str]] = {}
    for path in (*SHARED, *TOOL_FILES):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "contracts.write_document":
                noun = node.args[2]
                assert isinstance(noun, ast.Constant), f"{path.name} writes a document whose noun is not to be read"
                writers.setdefault(str(noun.value), set()).add(str(path.relative_to(ROOT)))
    assert len(writers) > 15
    assert {noun: sorted(paths) for noun, paths in writers.items() if len(paths) > 1} == {}


@pytest.mark.parametrize("path", named(sorted([*SHARED, *TOOL_FILES, ROOT / "tasks.py"])))
def test_torch_is_used_where_networks_are_made_and_nowhere_else(path: Path) -> None:
    allowed = ("shared/models/", "tools/trainer/", "tools/exporter/", "tools/mistakes/", "tools/quantizer/")
    if not str(path.relative_to(ROOT)).startswith(allowed):
        assert not [module for module in imports_of(path) if module.split(".")[0] in ("torch", "torchvision")]


@pytest.mark.parametrize("path", named(CLIS))
def test_a_cli_imports_nothing_heavy_by_its_text(path: Path) -> None:
    assert not [module for module in imports_of(path, only_at_import_time=True) if module.split(".")[0] in HEAVY]


def test_a_cli_imports_nothing_heavy_through_others_either() -> None:
    # All in one start of Python; each answers for what it is the first to bring.
    code = """
import importlib, json, sys
brought, before, texts = {}, set(), []
sys.addaudithook(lambda event, args: texts.append(args[0]) if event == "open" and ".toml" in str(args[0]) else None)
for name in sys.argv[1:]:
    importlib.import_module(name)
    after = {module.split(".")[0] for module in sys.modules}
    brought[name], before = sorted(after - before), after
print(json.dumps([brought, texts]))
"""
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in CLIS]
    done = subprocess.run([sys.executable, "-c", code, *modules], capture_output=True, text=True, check=True, cwd=ROOT)
    brought, texts = json.loads(done.stdout)
    assert list(brought) == modules
    assert {name: heavy for name in modules if (heavy := set(brought[name]) & (HEAVY | {"numpy"}))} == {}
    assert texts == [], "files of texts are read by what shows them, not by each --help"


@pytest.mark.parametrize("folder", named(TOOLS))
def test_a_tool_has_one_door(folder: Path) -> None:
    body = ast.parse((folder / "__main__.py").read_text(encoding="utf-8")).body
    code = [ast.unparse(node) for node in body if not isinstance(node, ast.Expr)]  # a docstring may stand above
    assert code == [f"from tools.{folder.name}.cli import main", "raise SystemExit(main())"]
    assert len((folder / "__init__.py").read_text(encoding="utf-8").splitlines()) == 1


@pytest.mark.parametrize(
    "path", named(sorted([*SHARED, *TOOL_FILES, ROOT / "tasks.py", *(ROOT / "tests").rglob("*.py")]))
)
def test_a_file_can_be_read_in_one_go(path: Path) -> None:
    # What is longer is split by its subject; test files may be twice as long, as they are read a sentence at a time.
    limit = 2 * MAX_LINES if ROOT / "tests" in path.parents else MAX_LINES
    limit = MAX_LINES_OF_TASKS if path == ROOT / "tasks.py" else limit
    assert len(path.read_text(encoding="utf-8").splitlines()) <= limit


def test_no_module_is_called_by_a_name_that_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core"}
    assert not [path for path in (*SHARED, *TOOL_FILES) if path.stem in empty]


@pytest.mark.parametrize("path", named(sorted([*SHARED, *TOOL_FILES])))
def test_nothing_unpickles(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    harmless = {"joblib.Parallel", "joblib.delayed"}
    found = [m for m in imports_of(path) if m.split(".")[0] in ("pickle", "dill", "joblib", "shelve")]
    assert set(found) <= harmless
    assert "torch.load(" not in text or "weights_only=True" in text
    assert "allow_pickle=True" not in text


def test_every_tool_has_its_command_and_its_extra() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for command, target in project["scripts"].items():
        name = command.replace("-", "_")
        assert target == f"tools.{name}.cli:main"
        assert (ROOT / "tools" / name / "cli.py").is_file()
        assert command in project["optional-dependencies"]


def test_the_repository_holds_no_binaries_but_pictures_of_its_own_pages() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a checkout: no list of tracked files")
    names = [name for name in listed.stdout.decode().split("\0") if name]
    suffixes = {os.path.splitext(name)[1].lower() for name in names}
    assert not suffixes & {
        ".onnx",
        ".pt",
        ".pth",
        ".pkl",
        ".safetensors",
        ".mp4",
        ".mov",
        ".zip",
        ".jpg",
        ".jpeg",
        ".npy",
    }
