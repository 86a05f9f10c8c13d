"""Tasks, tested by the commands that they would run."""

import inspect
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from invoke.context import MockContext
from invoke.exceptions import Exit
from invoke.runners import Result
from invoke.tasks import Task

import tasks

ROOT = Path(__file__).parents[1]


@pytest.fixture
def context() -> MockContext:
    return MockContext(run=Result(), repeat=True)


def _commands(context: MockContext) -> list[list[str]]:
    """Return what was run: the tool and its words."""
    calls = context.run.mock_calls  # type: ignore[attr-defined]
    return [shlex.split(call.args[0])[3:] for call in calls if call.args]


def test_collect_passes_on_what_was_said(context: MockContext) -> None:
    tasks.collect(context, subject="s01", dataset="people", source="film with space.mp4", target="3", preview=False)
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
def test_ab_refuses_lengths_that_are_none(text: str, context: MockContext) -> None:
    with pytest.raises(Exit) as refused:
        tasks.ab(context, dataset="people", epochs=text)
    assert refused.value.code == 2


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


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: object) -> str:
    """The name of a dataset of three drawn people."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    make_dataset(tmp_path / "datasets" / "drawn", subjects=3)  # type: ignore[operator]
    return "drawn"


@pytest.mark.parametrize(
    ("flags", "code", "expected"),
    [
        ({"approaches": "dual_head,crystal_ball"}, 2, "crystal_ball"),
        ({"approaches": "majority"}, 2, "the floor alone"),
        ({"approaches": "dual_head,dual_head"}, 2, "dual_head twice"),
        ({"epochs": 0}, 2, "--epochs"),
        ({"primary": "auc"}, 2, r"--primary: found 'auc', expected one of accuracy"),
        ({"lang": "fr"}, 2, "--lang: found 'fr'"),
        ({"margin": "5"}, 2, "--margin: found '5'"),
        ({"margin": "0"}, 2, "--margin: found '0'"),
        ({"margin": "little"}, 2, "--margin: found 'little'"),
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
    ("flags", "expected"),
    [
        ({"protected": "auc"}, "--protected: found 'auc'"),
        ({"lang": "fr"}, "--lang: found 'fr'"),
        ({"margin": "5"}, "--margin: found '5'"),
        ({"objective": "recall"}, "--objective: found 'recall'"),
    ],
)
def test_ab_refuses_a_question_that_cannot_be_meant_before_anything_is_run(
    flags: dict[str, str],
    expected: str,
    drawn: str,
    context: MockContext,
) -> None:
    with pytest.raises(Exit, match=expected) as refused:
        tasks.ab(context, dataset=drawn, **flags)
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


def test_every_flag_of_every_task_is_explained() -> None:
    for name in dir(tasks):
        item = getattr(tasks, name)
        if isinstance(item, Task):
            assert all(argument.help for argument in item.get_arguments()), name
            assert "Example: ./inv" in (item.__doc__ or ""), name


FULL = {bool: True, int: 2, str: "x"}
PLAIN = ("ab", "compare_approaches", "demo", "baseline", "test", "check", "bench", "export")


def _task_names() -> list[str]:
    return [name for name in dir(tasks) if isinstance(getattr(tasks, name), Task) and name not in PLAIN]


@pytest.mark.parametrize("name", _task_names())
def test_a_task_gives_its_tool_only_flags_that_the_tool_has(
    name: str, context: MockContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    task = getattr(tasks, name)
    parameters = list(inspect.signature(task.body).parameters.values())[1:]
    values = {}
    for parameter in parameters:
        kind = {"str": str, "bool": bool, "int": int}.get(str(parameter.annotation).split(".")[-1], list)
        if kind is bool:
            values[parameter.name] = not parameter.default
        else:
            values[parameter.name] = ["x"] if kind is list or "Sequence" in str(parameter.annotation) else FULL[kind]
    task(context, **values)
    for words in _commands(context):
        tool, verb = words[0], [words[1]] if words[1][:1] != "-" and words[1] != "x" else []
        done = subprocess.run(
            [sys.executable, "-m", tool, *verb, "--help"], capture_output=True, text=True, check=True, cwd=ROOT
        )
        for word in words[1:]:
            if word.startswith("--"):
                assert re.search(rf"{re.escape(word)}\b", done.stdout), f"{name}: {tool} knows no {word}"
