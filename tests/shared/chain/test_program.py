"""The command ./inv: its list of tasks, its help, its one-line errors, and tools by their names."""

import ast
import importlib
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from invoke.program import Program
from invoke.tasks import Task

import tasks
from shared import cli
from shared.chain import program
from shared.chain.command_line import direct
from shared.chain.flags import parser_of

ROOT = Path(__file__).parents[3]
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
TASKS = [item.name for item in vars(tasks).values() if isinstance(item, Task)]


def run(*words: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(cli.TASK_VARIABLE, "")  # what the program sets stays here
        with pytest.raises(SystemExit) as end:
            program.main(list(words))
    return int(end.value.code or 0)


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("--list",), ("-l",)])
def test_all_tasks_are_listed_by_subject_with_an_example(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 0
    lines = capsys.readouterr().out.splitlines()
    examples = [match for line in lines if (match := re.match(r"  \./inv (\S+).*?  +(\S.*)", line))]
    assert [match[1] for match in examples] == TASKS
    assert all(len(match[2]) > 10 for match in examples)
    assert [line.rstrip(":") for line in lines if line.endswith(":")] == list(tasks.SUBJECTS)
    assert not [line for line in lines if re.search(r"\bcore\b|search-root", line)]


@pytest.mark.parametrize(
    "words", [("collect", "--help"), ("collect", "-h"), ("--help", "collect"), ("collect", "--dataset", "d", "--help")]
)
def test_help_is_the_tasks_wherever_it_stands(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words) == 0
    out = capsys.readouterr().out
    assert out.startswith("./inv collect [FLAGS]\n\nRecord a person")
    assert "--target" in out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("dmo",), "./inv: found 'dmo', expected a task or a flag; ./inv lists the tasks"),
        (("demo", "--foo"), "./inv demo: found '--foo', expected one of its flags; see ./inv demo --help"),
        (
            ("publish-dataset", "--dataset", "d", "--owner", "o", "-y"),
            "./inv publish-dataset: found '-y', expected one of its flags; see",
        ),
        (("verify",), "./inv verify: found nothing for --dataset, expected a value; see ./inv verify --help"),
        (("verify", "--dataset"), "./inv verify: found nothing after --dataset, expected a value; see"),
        (("train", "--input-px"), "./inv train: found nothing after --input-px, expected a value; see"),
        (("--foo",), "./inv: found '--foo', expected a task or a flag; ./inv lists the tasks"),
        (("--help", "dmo"), "./inv: found 'dmo', expected a task or a flag; ./inv lists the tasks"),
    ],
)
def test_wrong_usage_is_one_line_and_2(
    words: tuple[str, ...], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(expected)


def test_an_interrupted_task_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(self: Program) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Program, "execute", interrupt)
    assert run("demo") == 130


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The tools that were run in this process, each with its words."""
    found: list[list[str]] = []
    monkeypatch.setattr(sys, "argv", ["program"])
    monkeypatch.setattr(runpy, "run_module", lambda name, **how: found.append([name, *sys.argv[1:]]))
    return found


def test_a_tool_runs_by_its_name_with_all_of_its_words(became: list[list[str]]) -> None:
    for words in (["reporter", "tables", "--help"], ["kaggle-publisher", "-h"]):
        assert run(*words) == 0
    assert became == [["tools.reporter", "tables", "--help"], ["tools.kaggle_publisher", "-h"]]


@pytest.mark.parametrize("words", [["--list"], ["pretrain", "--help"], ["status", "--help"], ["reporter", "--help"]])
def test_a_reader_that_has_gone_gets_no_traceback(words: list[str], tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as pipe:
        command = [sys.executable, "-P", "-m", "shared.chain.program", *words]
        done = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, check=False, cwd=tmp_path)
    assert done.stderr == b""
    assert done.returncode in (0, 1)  # argparse prints its help without looking


def test_a_tool_says_what_to_type_where_a_task_runs_it() -> None:
    words = [sys.executable, "-P", "-m", "shared.chain.program", "verify", "--dataset", "people", "--most", "many"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert done.stderr.endswith("; see ./inv verify --help\n")


def test_messages_name_commands_that_people_have() -> None:
    tools = {path.parent.name.replace("_", "-"): path.parent.name for path in (ROOT / "tools").glob("*/cli.py")}
    words = {
        name: [*importlib.import_module(f"tools.{folder}.cli").parser().commands()] for name, folder in tools.items()
    }
    called = "|".join(rf"{name} (?:--[a-z]|(?:{'|'.join(more) or '(?!)'})\b)" for name, more in words.items())
    bare = re.compile(rf"(?<!/inv )(?<![\w-])(?:{called})")
    found = {}
    for path in [*(ROOT / "shared").rglob("*.py"), *(ROOT / "tools").rglob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documented = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, DOCUMENTED)}
        texts = [
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        found_here = [text for text in texts if text not in documented and "\n" not in text and bare.search(text)]
        bad = [text for text in found_here if not bare.fullmatch(text)]  # a tool and its sub-command: no message
        if bad and path.name not in ("cli.py", "running.py"):  # the examples of a tool's own help are its own words
            found[str(path.relative_to(ROOT))] = bad
    assert found == {}


def test_a_task_that_is_one_tool_becomes_it_without_invoke(became: list[list[str]]) -> None:
    assert run("status", "--json") == run("review-apply", "--dataset", "people", "--dry-run") == 0
    assert became == [
        ["tools.studio", "status", "--json"], ["tools.reviewer", "apply", "--dataset", "people", "--dry-run"],
    ]  # fmt: skip


def test_the_tasks_that_are_one_tool_are_those_of_tasks_py() -> None:
    plain = direct.plain_tools(ROOT / "tasks.py")
    flags = {item.name: item.flags for item in vars(tasks).values() if hasattr(item, "flags")}
    assert set(plain) < set(flags)
    assert not {"collect", "handoff", "quantize", "ab", "demo"} & set(plain)  # these do more than their tool
    for name, tool in plain.items():
        assert [flag.dest for flag in parser_of(tool).flags()] == [flag.dest for flag in flags[name]], name


@pytest.mark.parametrize(
    "words",
    [("--dataset", "d", "grid", "--dataset", "d"), ("--help",), (), ("--dataset",), ("--dataset", "d", "--colour")],
)
def test_several_tasks_help_and_mistakes_are_left_to_invoke(words: tuple[str, ...]) -> None:
    assert not direct.takes("verifier", words)


def test_only_the_parser_of_the_task_that_is_asked_for_is_made() -> None:
    words = [sys.executable, "-P", "-X", "importtime", "-m", "shared.chain.program", "collect", "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert set(re.findall(r"tools\.(\w+)\.config", done.stderr)) == {"recorder"}
    words[-2:] = ["status", "--dataset", "nobody"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert " invoke" not in done.stderr


def test_flags_are_completed_for_the_task_and_tasks_for_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--complete", "--", "inv collect --da") == 0
    assert "--dataset" in capsys.readouterr().out.split()
    assert run("--complete", "--", "inv ") == 0
    assert set(TASKS) <= set(capsys.readouterr().out.split())
