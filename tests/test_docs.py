"""What is not documented does not exist: every tool and every task must be in the README."""

import contextlib
import functools
import importlib
import io
import re
from pathlib import Path

import pytest
from invoke.tasks import Task

import tasks
from shared.chain.imports import ImportGraph

ROOT = Path(__file__).parents[1]
TOOLS = sorted(path.parent.name for path in (ROOT / "tools").glob("*/cli.py"))
GRAPH = ImportGraph(ROOT)
READMES = [
    *(ROOT / name for name in ("README.md", "README.ko.md", "CHANGELOG.md", "artifacts/README.md")),
    *(ROOT / "datasets/README.md", *sorted((ROOT / "tools").glob("*/README.md"))),
]
MODULE = re.compile(r"(?<![\w./-])(?:shared|tools)(?:\.[A-Za-z_]\w*)+(?![\w/])")
FILE = re.compile(r"(?<![\w./<{*-])(?:[\w-]+/)*[\w-]+\.py\b(?!\()")


def list_tasks() -> list[str]:
    """Name the tasks of tasks.py as they are typed."""
    return [item.name for item in vars(tasks).values() if isinstance(item, Task)]


def test_the_tasks_of_the_chain_are_there() -> None:
    assert set(list_tasks()) >= {
        "collect",
        "grid",
        "baseline",
        "train",
        "export",
        "evaluate",
        "report",
        "ab",
        "validate-spec",
        "publish-dataset",
        "demo",
        "test",
        "check",
    }


@pytest.mark.parametrize("task", list_tasks() or ["none"])
@pytest.mark.parametrize("readme", ["README.md", "README.ko.md"])
def test_the_readmes_show_every_task(readme: str, task: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    assert f"./inv {task}" in text or f"`{task}`" in text


@pytest.mark.parametrize("tool", TOOLS)
def test_the_readme_names_every_tool(tool: str) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert tool in text or tool.replace("_", "-") in text


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tool_explains_itself_in_a_readme_with_a_command(tool: str) -> None:
    text = (ROOT / "tools" / tool / "README.md").read_text(encoding="utf-8")
    assert tool.replace("_", "-") in text
    assert re.search(r"```|^ {4}|`[^`\n]+ --?[a-z]", text, re.MULTILINE), "no command to copy"
    for word in ("reads", "writes"):
        assert word in text.lower()


@functools.cache
def help_of(tool: str, *words: str) -> str:
    """Ask a tool, or one of its commands, for help; returns what it prints."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as end:
        importlib.import_module(f"tools.{tool}.cli").main([*words, "--help"])
    assert (end.value.code, err.getvalue()) == (0, "")
    return out.getvalue()


@pytest.mark.parametrize("tool", TOOLS)
def test_help_answers_with_examples(tool: str) -> None:
    text = help_of(tool)
    assert "examples:\n  " in text
    assert "--json" in text
    assert "--quiet" in text


@pytest.mark.parametrize("tool", TOOLS)
def test_the_examples_of_the_help_use_flags_that_exist(tool: str) -> None:
    text, _, examples = help_of(tool).partition("examples:")
    subcommands = [
        help_of(tool, name)
        for name in {line.split()[1] for line in examples.splitlines() if len(line.split()) > 1}
        if not name.startswith("-")
    ]
    known = text + "".join(subcommands)
    used = {flag for line in examples.splitlines() for flag in re.findall(r"(?<!\S)--[a-z][a-z-]*", line.split("#")[0])}
    assert {flag for flag in used if flag not in known} == set()


@pytest.mark.parametrize("name", ["README.md", "README.ko.md", "CHANGELOG.md", "LOG.md", "LICENSE", "THIRD_PARTY.md"])
def test_the_papers_of_the_project_are_there(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8").strip()


def test_the_korean_quick_start_is_korean_and_names_the_demo() -> None:
    text = (ROOT / "README.ko.md").read_text(encoding="utf-8")
    assert "./inv demo" in text
    assert sum("가" <= sign <= "힣" for sign in text) > 200


def texts() -> dict[str, str]:
    """Read what may name a module or a file: the READMEs, and the modules themselves."""
    paths = [*READMES, *map(GRAPH.file, GRAPH.modules())]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def test_every_module_that_is_named_exists() -> None:
    modules = set(GRAPH.modules())

    def is_there(dotted: str) -> bool:
        parts = dotted.split(".")
        module = next(name for end in range(len(parts), 0, -1) if (name := ".".join(parts[:end])) in modules)
        rest = parts[module.count(".") + 1 :]
        return not rest or bool(re.search(rf"\b{rest[0]}\b", GRAPH.file(module).read_text(encoding="utf-8")))

    named = {(place, dotted) for place, text in texts().items() for dotted in MODULE.findall(text)}
    assert len(named) > 500
    assert {(place, dotted) for place, dotted in named if not is_there(dotted)} == set()


def test_every_python_file_that_is_named_exists() -> None:
    files = [
        path.relative_to(ROOT).as_posix()
        for folder in ("shared", "tools", "tests")
        for path in (ROOT / folder).rglob("*.py")
    ]

    def is_there(name: str, place: str) -> bool:
        """Look for a file by its path, in the tool that the text belongs to, in shared and in tests."""
        own = "/".join(place.split("/")[:2])
        rooms = tuple(f"{folder}/" for folder in (own, "shared", "tests"))
        return (ROOT / name).is_file() or any(file.endswith(f"/{name}") for file in files if file.startswith(rooms))

    named = {(place, name) for place, text in texts().items() for name in FILE.findall(text)}
    assert len(named) > 40
    assert {(place, name) for place, name in named if not is_there(name, place)} == set()
