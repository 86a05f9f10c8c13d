"""Tasks, tested by the commands that they would run."""

import importlib
import inspect
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from invoke.context import MockContext
from invoke.exceptions import Exit
from invoke.runners import Result
from invoke.tasks import Task

import tasks
from shared import cli
from shared.chain import commands
from shared.chain.sweep import sweep_flags


@pytest.fixture
def context() -> MockContext:
    return MockContext(run=Result(), repeat=True)


def _commands(context: MockContext) -> list[list[str]]:
    """Return what was run: the tool and its words."""
    calls = context.run.mock_calls  # type: ignore[attr-defined]
    return [shlex.split(call.args[0])[3:] for call in calls if call.args]


def test_collect_passes_on_what_was_said(context: MockContext) -> None:
    tasks.collect(context, subject="s01", dataset="people", source="film with space.mp4", target="3", no_preview=True)
    (words,) = _commands(context)
    assert words[0] == "tools.recorder"
    assert words[words.index("--source") + 1] == "film with space.mp4"
    assert words[words.index("--target") + 1] == "3"
    assert "--no-preview" in words
    assert "--realtime" not in words


def test_grid_repeats_its_filters(context: MockContext) -> None:
    tasks.grid(context, dataset="people", label=["smile"], subject=["s01", "s02"])
    (words,) = _commands(context)
    assert [words[i + 1] for i, word in enumerate(words) if word == "--subject"] == ["s01", "s02"]


def test_train_and_export_name_their_tools(context: MockContext) -> None:
    tasks.train(context, dataset="people", epochs=3, weights="none")
    tasks.export(context, run="r", threshold="0.5")
    tools = [words[0] for words in _commands(context)]
    assert tools == ["tools.trainer", "tools.exporter"]


def test_tools_run_without_the_folder_that_the_user_stands_in(context: MockContext) -> None:
    tasks.verify(context, dataset="people")
    command = shlex.split(context.run.mock_calls[0].args[0])  # type: ignore[attr-defined]
    assert command[1:4] == ["-P", "-m", "tools.verifier"]


@pytest.mark.parametrize("text", ["", "0", "ten", "7,,10", "-3", "1.5"])
def test_ab_refuses_lengths_that_are_none(text: str, context: MockContext, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        tasks.ab(context, dataset="people", epochs=text)
    assert "./inv ab: argument --epochs: found" in capsys.readouterr().err


def test_ab_on_a_dataset_that_is_not_there_says_how_to_record_one(
    context: MockContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    with pytest.raises(Exit, match=r"\./inv collect --dataset nobody"):
        tasks.ab(context, dataset="nobody")
    assert not _commands(context)


def test_ab_ends_with_the_exit_code_of_the_tool_that_said_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: object
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    make_dataset(tmp_path / "datasets" / "few", subjects=2)  # type: ignore[operator]
    context = MockContext(run=Result(exited=1), repeat=True)
    with pytest.raises(Exit) as failed:
        tasks.ab(context, dataset="few", baseline="some.onnx")
    assert failed.value.code == 1


def test_ab_does_not_ignore_seeds_without_folds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: object, context: MockContext
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    make_dataset(tmp_path / "datasets" / "few", subjects=3)  # type: ignore[operator]
    with pytest.raises(Exit, match="--folds 5 --seeds 3") as refused:
        tasks.ab(context, dataset="few", seeds=3)
    assert refused.value.code == 2
    assert not _commands(context)


@pytest.mark.parametrize(
    ("flags", "found"), [({"folds": 2, "test": "p01"}, "--folds beside it"), ({"test": "none"}, "none")]
)
def test_ab_refuses_test_people_beside_folds_and_a_test_of_nobody(
    flags: dict[str, Any], found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, context: MockContext
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    with pytest.raises(Exit, match=f"--test: found '?{found}") as refused:
        tasks.ab(context, dataset="few", **flags)
    assert refused.value.code == 2
    assert not _commands(context)


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: object) -> str:
    """The name of a dataset of three drawn people."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    make_dataset(tmp_path / "datasets" / "drawn", subjects=3)  # type: ignore[operator]
    return "drawn"


@pytest.mark.parametrize(
    ("flags", "code", "expected"),
    [
        ({"objective": "x"}, 2, "--objective: found 'x'"),
        ({"approaches": "landmark_mlp"}, 1, "drawn people"),
        ({"approaches": "dual_head,landmark_mlp"}, 1, "drawn people"),
    ],
)
def test_compare_approaches_refuses_what_cannot_be_compared_before_anything_is_run(
    flags: dict[str, object],
    code: int,
    expected: str,
    drawn: str,
    context: MockContext,
) -> None:
    with pytest.raises(Exit, match=expected) as refused:
        tasks.compare_approaches(context, dataset=drawn, **flags)
    assert refused.value.code == code
    assert not _commands(context)


@pytest.mark.parametrize(
    ("task", "flags", "expected"),
    [
        (tasks.compare_approaches, {"approaches": "dual_head,crystal_ball"}, "crystal_ball"),
        (tasks.compare_approaches, {"approaches": "majority"}, "the floor alone"),
        (tasks.compare_approaches, {"approaches": "dual_head,dual_head"}, "dual_head twice"),
        (tasks.compare_approaches, {"epochs": 0}, "--epochs: found '0'"),
        (tasks.compare_approaches, {"primary": "auc"}, "--primary: invalid choice: 'auc' (choose from 'accuracy'"),
        (tasks.compare_approaches, {"lang": "fr"}, "--lang: invalid choice: 'fr'"),
        (tasks.compare_approaches, {"margin": "5"}, "--margin: found '5'"),
        (tasks.compare_approaches, {"margin": "0"}, "--margin: found '0'"),
        (tasks.compare_approaches, {"margin": "little"}, "--margin: found 'little'"),
        (tasks.ab, {"protected": "auc"}, "--protected: invalid choice: 'auc'"),
        (tasks.ab, {"lang": "fr"}, "--lang: invalid choice: 'fr'"),
        (tasks.ab, {"margin": "5"}, "--margin: found '5'"),
    ],
)
def test_an_invalid_question_is_refused_in_one_line_before_anything_is_run(
    task: Task[Any],
    flags: dict[str, str],
    expected: str,
    drawn: str,
    context: MockContext,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        task(context, dataset=drawn, **flags)
    error = capsys.readouterr().err
    assert expected in error
    assert error.startswith(f"./inv {task.name}: ")
    assert error.count("\n") == 1
    assert not _commands(context)


@pytest.mark.parametrize("task", [tasks.ab, tasks.compare_approaches])
def test_an_objective_that_no_threshold_can_be_chosen_for_is_refused_before_anything_is_run(
    task: Task[Any], drawn: str, context: MockContext
) -> None:
    with pytest.raises(Exit, match="--objective: found 'recall'") as refused:
        task(context, dataset=drawn, objective="recall")
    assert refused.value.code == 2
    assert not _commands(context)


@pytest.mark.parametrize("task", [tasks.ab, tasks.compare_approaches])
def test_a_dataset_of_one_class_is_refused_before_anything_is_run(
    task: Task[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: object, context: MockContext
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    make_dataset(tmp_path / "datasets" / "drawn", subjects=3)  # type: ignore[operator]
    file = tmp_path / "datasets" / "drawn" / "dataset.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    manifest["counts"]["by_label"] = {"non_smile": 0, "smile": 12}
    file.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(Exit, match="found 0 non_smile, 12 smile, expected sequences of both classes") as refused:
        task(context, dataset="drawn")
    assert refused.value.code == 1
    assert not _commands(context)


def test_compare_approaches_without_mediapipe_says_how_to_get_it_when_landmarks_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: object, context: MockContext
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(tmp_path / "nowhere"))
    make_dataset(tmp_path / "datasets" / "people", subjects=3, kind="real")  # type: ignore[operator]
    with pytest.raises(Exit, match=r"fetch-models|featurizer") as refused:
        tasks.compare_approaches(context, dataset="people", approaches="blendshapes")
    assert refused.value.code == 3
    assert not _commands(context)


TASKS = {name: item for name, item in vars(tasks).items() if isinstance(item, Task)}
CHAINS = {
    "ab": commands.ab_parser,
    "compare_approaches": commands.approaches_parser,
    "demo": commands.demo_parser,
    "sweep_plan": sweep_flags.plan_parser,
    "sweep": sweep_flags.run_parser,
    "sweep_merge": sweep_flags.merge_parser,
}
OWN = {"baseline", "test", "check", "bench", "lock"}  # no tool is behind them
ARGUMENTS = {name: item.get_arguments() for name, item in TASKS.items()}  # once: invoke forgets the help
TOOL_TASKS = sorted(set(TASKS) - set(CHAINS) - OWN)
LEFT_OUT = {"collect": {"list", "undo", "restore", "withdraw_consent"}}  # which is what takes is for


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_called_as_it_is_written_and_shows_an_example(name: str) -> None:
    assert TASKS[name].name == name.strip("_").replace("_", "-")
    assert f"\n\nExample: ./inv {TASKS[name].name}" in inspect.cleandoc(TASKS[name].__doc__ or "")


@pytest.mark.parametrize("name", TASKS)
def test_every_flag_of_every_task_is_explained_and_none_is_a_letter(name: str) -> None:
    for argument in ARGUMENTS[name]:
        assert argument.help
        assert len(argument.names) == 1
        assert len(argument.names[0]) > 1 or name == "test"  # -k, as pytest has it


def _full(name: str) -> dict[str, Any]:
    """Return a value for each flag of a task, and another one than it has."""
    values = {list: ["x", "y"], bool: True, str: "x"}
    return {str(argument.name): values[argument.kind] for argument in ARGUMENTS[name]}


def _tool_of(name: str, context: MockContext) -> tuple[cli.Parser, list[str]]:
    """Run a task with all of its flags; returns the parser of the tool that it ran, and the words it ran it with."""
    TASKS[name](context, **_full(name))
    tool, *words = _commands(context)[-1]
    parser = importlib.import_module(f"{tool}.cli").parser()
    if words[0] in parser.commands():
        return parser.commands()[words[0]], words[1:]
    return parser, words


@pytest.mark.parametrize("name", TOOL_TASKS)
def test_the_flags_defaults_and_help_of_a_task_are_its_tools(name: str, context: MockContext) -> None:
    parser, words = _tool_of(name, context)
    _check_flags(name, parser)
    typed = [word for word in words if word.startswith("--")]
    known = {option for flag in parser.flags() for option in flag.option_strings}
    assert set(typed) <= known
    options = {flag.option_strings[0] for flag in parser.flags() if flag.option_strings}
    assert set(typed) == options - {"--" + dest.replace("_", "-") for dest in LEFT_OUT.get(name, ())}


@pytest.mark.parametrize("name", CHAINS)
def test_the_flags_defaults_and_help_of_a_chain_are_those_of_its_command_line(name: str) -> None:
    _check_flags(name, CHAINS[name]())


def _check_flags(name: str, parser: cli.Parser) -> None:
    shown = {argument.name: argument for argument in ARGUMENTS[name]}
    flags = {flag.dest: flag for flag in parser.flags() if flag.dest not in LEFT_OUT.get(name, ())}
    assert set(shown) == set(flags)
    for dest, flag in flags.items():
        argument = shown[dest]
        assert "--" + argument.names[0] in flag.option_strings or not flag.option_strings
        assert str(argument.help).startswith(str(flag.help))
        if flag.nargs == 0:
            assert (argument.kind, argument.default) == (bool, False)
        elif flag.required or flag.default in (None, (), []):
            assert argument.default in (None, [])
        else:
            assert argument.default == str(flag.default)


@pytest.mark.parametrize("name", TOOL_TASKS)
def test_a_task_that_is_given_nothing_but_what_it_needs_leaves_the_rest_to_its_tool(
    name: str, context: MockContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    if name == "handoff":  # which makes a baseline where there is no model yet
        (tmp_path / "artifacts" / "models" / "m").mkdir(parents=True)
        (tmp_path / "artifacts" / "models" / "m" / "model.json").write_text("{}")
    needed = {str(argument.name): "x" for argument in ARGUMENTS[name] if argument.positional}
    TASKS[name](context, **needed)
    (words,) = _commands(context)
    assert {word.removeprefix("--").replace("-", "_") for word in words if word.startswith("--")} == (
        set(needed) - {"address", "files"}
    )


def test_a_flag_that_a_task_does_not_have_is_a_mistake(context: MockContext) -> None:
    with pytest.raises(TypeError, match="colour"):
        tasks.verify(context, dataset="people", colour="red")
    assert not _commands(context)


def test_takes_lists_where_it_is_told_nothing_else(context: MockContext) -> None:
    tasks.takes(context, dataset="people")
    tasks.takes(context, dataset="people", restore="take_0007")
    assert _commands(context) == [
        ["tools.recorder", "takes", "--dataset", "people"],
        ["tools.recorder", "takes", "--dataset", "people", "--restore", "take_0007"],
    ]


def test_a_release_is_fetched_by_its_address(context: MockContext) -> None:
    tasks.fetch_dataset(context, address="our-team/our-faces", dataset="colleague")
    assert _commands(context) == [
        ["tools.kaggle_publisher", "fetch", "our-team/our-faces", "--dataset", "colleague"],
    ]
