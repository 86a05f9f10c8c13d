import json
from pathlib import Path

import pytest

from shared.chain import cache, running
from shared.chain.flags import flags_of, parser_of


class Recorder:
    """Stands for the shell: counts commands, and makes the file that a step promises."""

    def __init__(self, made: Path) -> None:
        self.made = made
        self.commands: list[str] = []
        self.exit_code = 0

    def __call__(self, command: str) -> tuple[int, str]:
        self.commands.append(command)
        if self.exit_code:
            return self.exit_code, ""
        self.made.write_text(f"made {len(self.commands)}")
        return 0, json.dumps({"file": str(self.made), "n": len(self.commands)})


@pytest.fixture
def shell(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path / "made.txt")


def _run(tmp_path: Path, shell: Recorder, *flags: object) -> cache.ToolResult:
    source = tmp_path / "input.txt"
    if not source.exists():
        source.write_text("a")
    chain = cache.Chain(tmp_path / "chain.json", shell, lambda text: None)
    return chain.run("split", "splitter", flags, inputs=[source], outputs=lambda a: [Path(a["file"])])


def test_a_step_is_done_once_and_its_answer_kept(tmp_path: Path, shell: Recorder) -> None:
    assert _run(tmp_path, shell) == _run(tmp_path, shell) == {"file": str(shell.made), "n": 1}
    assert len(shell.commands) == 1
    assert "tools.splitter" in shell.commands[0]
    assert shell.commands[0].endswith("--json")


def test_a_step_is_done_again_when_an_input_a_flag_or_an_output_changed(tmp_path: Path, shell: Recorder) -> None:
    _run(tmp_path, shell)
    (tmp_path / "input.txt").write_text("b")
    assert _run(tmp_path, shell)["n"] == 2
    assert _run(tmp_path, shell, "--seed", 1)["n"] == 3
    shell.made.write_text("somebody wrote here")
    assert _run(tmp_path, shell, "--seed", 1)["n"] == 4
    shell.made.unlink()
    assert _run(tmp_path, shell, "--seed", 1)["n"] == 5


def test_a_step_that_failed_is_not_remembered_and_its_exit_code_is_told(tmp_path: Path, shell: Recorder) -> None:
    shell.exit_code = 3
    with pytest.raises(cache.StepFailed) as failed:
        _run(tmp_path, shell)
    assert failed.value.exit_code == 3
    shell.exit_code = 0
    assert _run(tmp_path, shell)["n"] == 2


def test_a_broken_record_only_costs_time(tmp_path: Path, shell: Recorder) -> None:
    _run(tmp_path, shell)
    (tmp_path / "chain.json").write_text("{")
    assert _run(tmp_path, shell)["n"] == 2


def test_flags_are_written_as_people_would() -> None:
    assert flags_of(keep_epochs="7,10", quiet=True, seed=0, out=None, split="", label=["a", "b"]) == [
        *["--keep-epochs", "7,10"],
        "--quiet",
        *["--seed", 0],
        *["--label", "a", "--label", "b"],
    ]


def test_further_flags_reach_the_tool_or_the_sub_command_that_they_are_for(tmp_path: Path, shell: Recorder) -> None:
    # `evaluator time` was run without --allow-no-consent, and refused photos that `evaluator` had measured.
    words = {"evaluator": ["--plain"], "evaluator time": ["--timed"]}
    chain = cache.Chain(tmp_path / "chain.json", shell, lambda text: None, words=words)
    for name, arguments in (
        ("measure", ["--arm", "model"]),
        ("time", ["time", "--faces"]),
        ("pool", ["pool", "a.json"]),
    ):
        chain.run(name, "evaluator", arguments, inputs=[], outputs=lambda a: [])
    ends = [command.partition("tools.evaluator ")[2] for command in shell.commands]
    assert ends == ["--arm model --plain --json", "time --faces --timed --json", "pool a.json --json"]


def test_every_command_that_asks_for_consent_takes_the_flag_that_allows_without() -> None:
    def takes(command: str) -> bool:
        return "--allow-no-consent" in {word for flag in parser_of(command).flags() for word in flag.option_strings}

    commands = {f"evaluator {name}" for name in parser_of("evaluator").commands()}
    commands |= {"splitter", "featurizer", "trainer", "exporter", "evaluator"}
    assert {command for command in commands if takes(command)} == set(running.ASK_FOR_CONSENT)
