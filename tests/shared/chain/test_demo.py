"""The demo's plan: whom it draws, whom it measures, and what it says at the end."""

import json
import shlex
import threading
from pathlib import Path
from typing import Any

import pytest
from invoke.context import MockContext
from invoke.runners import Result

from shared import paths
from shared.chain import demo
from shared.text.catalogue import LANGS, Lang


class Shell:
    """Stands for all tools; remembers their words."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commands: list[list[str]] = []

    def __call__(self, command: str, **_: Any) -> Result:
        words = shlex.split(command)[3:]
        self.commands.append(words)
        made: dict[str, Any] = {"folder": str(self.folder), "run": {"run_id": "r", "checkpoints": []}}
        for name in ("smile_detector.onnx", paths.MODEL_CARD, "epoch_0010.safetensors", "dataset.json", "labels.csv"):
            part = self.folder / f"{name}.{threading.get_ident()}"  # the demo draws in two threads: whole, or not there
            part.write_text(json.dumps({"counts": {"subjects": 0}}))
            part.replace(self.folder / name)
        return Result(stdout=json.dumps(made | {"onnx": str(self.folder / "smile_detector.onnx")}), exited=0)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The tools' stand-in, with the easy actors' folder where the demo looks for it."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    easy = paths.dataset_dir(demo.EASY_DATASET)
    easy.parent.mkdir()
    easy.symlink_to(tmp_path / "made")
    (tmp_path / "made").mkdir()
    return Shell(tmp_path / "made")


def _value(words: list[str], flag: str) -> str:
    return words[words.index(flag) + 1]


def test_the_weak_detector_learns_from_easy_actors_only_and_everybody_else_is_drawn_with_the_seed(
    shell: Shell, tmp_path: Path
) -> None:
    context = MockContext()
    context.run = shell
    demo.draw(context, tmp_path / "datasets" / "demo-seed3", 3, "en")
    recorded = {
        Path(_value(words, "--dataset")).name: words for words in shell.commands if words[0] == "tools.recorder"
    }
    assert {name: _value(words, "--difficulty") for name, words in recorded.items()} == {
        demo.EASY_DATASET: "easy",
        "demo-seed3": "normal",
    }
    assert _value(recorded["demo-seed3"], "--seed") == "3"
    assert _value(recorded["demo-seed3"], "--actors") == str(demo.N_ACTORS)
    (trained,) = [words for words in shell.commands if words[0] == "tools.trainer"]
    assert Path(_value(trained, "--dataset")).name == demo.EASY_DATASET
    assert _value(trained, "--pooling") == "average"
    assert "--no-augment" not in trained  # which is for training from scratch


def test_the_tested_actors_are_drawn_and_leave_more_to_learn_from() -> None:
    tested = demo.tested().split(",")
    assert len(set(tested)) == len(tested) == demo.N_TESTED
    assert set(tested) < {f"a{number:02d}" for number in range(1, demo.N_ACTORS + 1)}
    assert demo.N_TESTED < demo.N_ACTORS - demo.N_TESTED


@pytest.mark.parametrize("lang", LANGS)
def test_the_end_says_what_was_shown_and_what_to_do_next(lang: Lang, tmp_path: Path) -> None:
    said = demo.closing(tmp_path / "demo", lang)
    for expected in ("SYNTHETIC", str(demo.N_TESTED), "./inv collect", "./inv ab", "./inv validate-spec"):
        assert expected in said
