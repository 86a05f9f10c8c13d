"""The A/B experiment's name: what makes it another look at the test people."""

import dataclasses
import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from shared.chain import ab, stages
from shared.chain.ab import Plan
from shared.chain.ab_parts import films_of_people
from shared.chain.cache import Chain, StepFailed
from shared.chain.imports import PROJECT, ImportGraph
from shared.dataset.reader import Dataset
from shared.errors import InvalidInput


@pytest.fixture
def plan(make_dataset: Callable[..., Dataset], tmp_path: Path) -> Plan:
    people = make_dataset(tmp_path / "people", subjects=3)
    baseline = tmp_path / "baseline.onnx"
    baseline.write_bytes(b"before")
    return Plan(people.folder, (10,), baseline, "", "5e-5", 0, 0, 1, "0.05", "recall", False, "youden", "en")


@pytest.mark.parametrize(
    "change", [{"lr": "1e-4"}, {"epochs": (7, 10)}, {"seed": 1}, {"objective": "f1"}, {"folds": 5}, {"test": "p01"}]
)
def test_another_plan_is_another_opening_of_the_test_side(plan: Plan, change: dict[str, Any]) -> None:
    assert dataclasses.replace(plan, **change).session() != plan.session()
    assert dataclasses.replace(plan, lang="ko").session() == plan.session()  # the same numbers in another language


def test_another_baseline_is_another_opening(plan: Plan) -> None:
    before = plan.session()
    plan.baseline.write_bytes(b"after")
    assert plan.session() != before
    plan.baseline.unlink()
    assert plan.session()  # the evaluator says that it is gone


def test_every_arm_is_measured_as_a_part_of_the_experiment(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    all_flags: list[dict[str, Any]] = []

    def measure(*_: object, **flags: Any) -> Path:
        all_flags.append(flags)
        return Path("results.json")

    monkeypatch.setattr(stages, "measure", measure)
    monkeypatch.setattr(stages, "seed_of", lambda split: 0)
    monkeypatch.setattr(stages, "fine_tune", lambda *_: {"folder": "run", "run": {"run_id": "r"}})
    monkeypatch.setattr(stages, "export", lambda *_: Path("model.onnx"))
    monkeypatch.setattr(stages, "hand_off", lambda *_: Path("spec.json"))
    ab._walk(None, plan, Path("split.json"), "")  # type: ignore[arg-type]
    assert {flags["session"] for flags in all_flags} == {plan.session()}
    assert [flags["arm"] for flags in all_flags] == ["model", "majority", "model", "one_frame"]


@pytest.mark.parametrize("answers", [(False, True, True), (True, True, True)])
def test_all_folds_start_from_the_same_kind_of_weights(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: tuple[bool, ...]
) -> None:
    """ImageNet's weights are asked for once: folds of which some could download them are not one recipe."""
    starts, reachable = [], iter(answers)

    def train(_: Chain, name: str, *words: Any, **__: Any) -> dict[str, Any]:
        flags = words[-1]
        starts.append(flags[flags.index("--weights") + 1])
        if starts[-1] == "imagenet" and not next(reachable):
            raise StepFailed(name, 3)
        return {}

    monkeypatch.setattr(stages, "train", train)
    chain = Chain(tmp_path / "chain.json", lambda command: (1, ""), lambda text: None)
    how = stages.Training((10,), "", "", plan.baseline, {})
    for number in range(3):
        stages.fine_tune(chain, f"fold {number}", plan.dataset, tmp_path / "split.json", how, 0)
    assert starts == (3 * ["imagenet"] if answers[0] else ["imagenet", *3 * ["none"]])


def test_weights_that_are_lost_between_folds_end_the_chain(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(_: Chain, name: str, *words: Any, **__: Any) -> dict[str, Any]:
        if name == "second":
            raise StepFailed(name, 3)
        return {}

    monkeypatch.setattr(stages, "train", train)
    chain = Chain(tmp_path / "chain.json", lambda command: (1, ""), lambda text: None)
    how = stages.Training((10,), "", "", plan.baseline, {})
    stages.fine_tune(chain, "first", plan.dataset, tmp_path / "split.json", how, 0)
    with pytest.raises(StepFailed, match="second"):
        stages.fine_tune(chain, "second", plan.dataset, tmp_path / "split.json", how, 0)


class Shell:
    """Stands for all tools: makes the files that they would make, with other bytes at every training."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.n_trainings = 0

    def __call__(self, command: str) -> tuple[int, str]:
        tool, *flags = shlex.split(command)[3:]
        if tool == "tools.trainer":
            self.n_trainings += 1
            folder = self._write("run/run.json").parent
            self._write("run/epoch_0010.safetensors")
            checkpoints = [{"file": "epoch_0010.safetensors"}]
            return 0, json.dumps({"folder": str(folder), "run": {"run_id": "r", "checkpoints": checkpoints}})
        if tool == "tools.evaluator":
            name, untrained = contracts.sha256_json(flags), "majority" in flags or "baseline.onnx" in str(flags)
            self._write(f"{name}.csv", trained=not untrained)
            results = {"predictions": {"file": f"{name}.csv"}}
            return 0, json.dumps({"file": str(self._write(f"{name}.json", trained=not untrained)), "results": results})
        results = {
            "tools.splitter": {"file": "split.json"},
            "tools.exporter": {"onnx": "model/smile_detector.onnx"},
            "tools.handoff": {"spec": "handoff/frontend_spec.json"},
            "tools.reporter": {"report": "report.html", "comparison": "comparison.json"},
        }
        result = {key: str(self._write(name)) for key, name in results[tool].items()}
        if tool == "tools.splitter":
            self._write("split.json", trained=False)
        if tool == "tools.exporter":
            self._write("model/model.json")
        return 0, json.dumps(result | {"folder": str(self.folder / "handoff"), "graphs": []})

    def _write(self, name: str, *, trained: bool = True) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"seed": 0, "dataset": {"sha256": "0" * 64}, "training": self.n_trainings if trained else None}
        path.write_text(json.dumps(content))
        return path


def test_people_who_were_chosen_are_the_ones_the_splitter_tests_and_their_report_is_another(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))

    def walk(plan: Plan) -> tuple[list[str], str]:
        """Return the words of the split's command, and the report's name."""
        commands: list[list[str]] = []

        def shell(command: str) -> tuple[int, str]:
            commands.append(shlex.split(command)[3:])
            return Shell(tmp_path / "made")(command)

        ab.compare(Chain(tmp_path / f"chain-{plan.test}.json", shell, lambda text: None), plan)
        return commands[0], commands[-1][commands[-1].index("--report-id") + 1]

    drawn, chosen = walk(plan), walk(dataclasses.replace(plan, test="p01,p02"))
    assert "--test" not in drawn[0]
    assert chosen[0][chosen[0].index("--test") + 1] == "p01,p02"
    assert drawn[1] != chosen[1]


def test_other_words_in_a_report_repeat_the_report_only_and_another_trainer_repeats_the_training_and_what_follows(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    source, shell = tmp_path / "checkout", Shell(tmp_path / "made")
    for folder in ("shared", "tools", "schemas"):
        shutil.copytree(PROJECT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))

    def repeated() -> set[str]:
        """Walk the whole comparison; return the steps that were done."""
        progress_lines: list[str] = []
        ab.compare(Chain(tmp_path / "chain.json", shell, progress_lines.append, ImportGraph(source)), plan)
        assert ": 10 steps, about " in progress_lines[0]
        assert [text.split()[0] for text in progress_lines[1:]] == [f"{number}/10" for number in range(1, 11)]
        return {match[1] for text in progress_lines if (match := re.fullmatch(r"\d+/10 (.*) \(.* left\)", text))}

    everything = {
        *("split", "leaks", "measure baseline", "measure majority", "train", "export epochs-10"),
        *("measure epochs-10", "measure one frame", "spec epochs-10", "report"),
    }
    assert repeated() == everything
    assert repeated() == set()
    for file in (source / "tools/reporter/text").glob("*.py"):
        file.write_text(file.read_text(encoding="utf-8") + "\n# Another sentence.\n", encoding="utf-8")
    assert repeated() == {"report"}
    trainer = source / "tools/trainer/train.py"
    trainer.write_text(trainer.read_text(encoding="utf-8") + "\n# Another optimiser.\n", encoding="utf-8")
    assert repeated() == everything - {"split", "leaks", "measure baseline", "measure majority"}


def test_arms_play_the_test_peoples_films_and_the_report_gets_them(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    films_of_people.require_films(plan.dataset)  # the drawn takes keep their films

    def walk(plan: Plan) -> list[list[str]]:
        commands: list[list[str]] = []

        def shell(command: str) -> tuple[int, str]:
            commands.append(shlex.split(command)[3:])
            return Shell(tmp_path / "made")(command)

        ab.compare(Chain(tmp_path / f"chain-{plan.objective}.json", shell, lambda text: None), plan)
        return [words for words in commands if "--stream" in words]

    *played, report = walk(dataclasses.replace(plan, stream=True))
    assert len(played) == 1  # a baseline without a card cannot be handed off
    assert played[0][played[0].index("--side") + 1] == "test"
    assert "--objective" not in played[0]  # youden is of windows: the hand-off's threshold is played
    assert report[report.index("--stream") + 1].startswith("epochs-10=")
    plan.baseline.with_name("model.json").write_text("{}")
    *played, report = walk(dataclasses.replace(plan, stream=True, objective="false_alarms:2"))
    assert [words[words.index("--objective") + 1] for words in played] == ["false_alarms:2"] * 2
    assert [word.split("=")[0] for word in report if "=" in word and "stream" in report[report.index(word) - 1]] == [
        "baseline",
        "epochs-10",
    ]


def test_a_dataset_without_films_is_refused_before_anything_is_trained(plan: Plan) -> None:
    for film in plan.dataset.glob("takes/*.mp4"):
        film.unlink()
    with pytest.raises(InvalidInput, match="found no film"):
        films_of_people.require_films(plan.dataset)
