"""Approaches side by side, tested by the commands that the chain would run."""

import csv
import io
import json
import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared import contracts, paths
from shared.approaches import APPROACHES, parse_names, usual_names
from shared.chain import stages
from shared.chain.cache import Chain
from shared.chain.commands import approaches_of, approaches_parser
from shared.chain.compare_approaches import Compared, Plan, compare
from shared.chain.stages import Training
from shared.dataset.splits import write_sides
from shared.errors import InvalidInput, MissingOutside

USUAL = usual_names(of_clips=False)
POSITIVE = Path(__file__).parents[2] / "schemas" / "positive"


class Shell:
    """Stands for all tools: keeps what was asked, and answers with files that hold next to nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commands: list[list[str]] = []
        self.sequences_without_face = 0
        self.lines: list[str] = []

    def __call__(self, command: str) -> tuple[int, str]:
        words = shlex.split(command)[3:]
        self.commands.append(words)
        tool, rest = words[0].removeprefix("tools."), words[1:]
        verb = f"{tool}_{rest[0]}" if rest[0] in ("check", "pool", "fuse", "time", "approaches") else tool
        result: dict[str, Any] = getattr(self, verb)(rest)
        return 0, json.dumps(result)

    def calls(self, tool: str, *with_words: str) -> list[list[str]]:
        return [c for c in self.commands if c[0] == f"tools.{tool}" and all(word in c for word in with_words)]

    def _write(self, name: str, content: Any = None) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    @staticmethod
    def value(words: list[str], flag: str, default: str = "") -> str:
        return words[words.index(flag) + 1] if flag in words else default

    def splitter(self, words: list[str]) -> dict[str, Any]:
        n = int(self.value(words, "--folds", "1")) * int(self.value(words, "--seeds", "1"))
        return {"files": [self._write(f"split{number}.json", {"seed": 7}) for number in range(1, n + 1)]}

    def splitter_check(self, _: list[str]) -> dict[str, Any]:
        return {}

    def featurizer(self, _: list[str]) -> dict[str, Any]:
        counts = {"sequences": 24, "sequences_without_face": self.sequences_without_face}
        return {"features": self._write("features.json", {"counts": counts})}

    def trainer(self, words: list[str]) -> dict[str, Any]:
        network, split = self.value(words, "--network", "dual_head"), Path(self.value(words, "--split")).stem
        run = f"{network}-{split}"
        self._write(f"{run}/run.json", run)
        self._write(f"{run}/last.safetensors", run)
        return {
            "folder": str(self.folder / run),
            "run": {"run_id": run, "checkpoints": [{"file": "last.safetensors"}]},
        }

    def exporter(self, words: list[str]) -> dict[str, Any]:
        out = Path(self.value(words, "--out")).relative_to(self.folder)
        self._write(f"{out}/model.json", str(out))
        return {"onnx": self._write(f"{out}/smile_detector.onnx", str(out))}

    def evaluator(self, words: list[str]) -> dict[str, Any]:
        name = f"{self.value(words, '--arm')}-{Path(self.value(words, '--split')).stem}-{len(self.commands)}"
        self._write(f"{name}.csv", name)
        return {"file": self._write(f"{name}.json", name), "results": {"predictions": {"file": f"{name}.csv"}}}

    def evaluator_pool(self, words: list[str]) -> dict[str, Any]:
        return self.evaluator(["--arm", f"pooled-{self.value(words, '--name')}", "--split", "all"])

    def evaluator_fuse(self, words: list[str]) -> dict[str, Any]:
        return self.evaluator(["--arm", "fusion", "--split", self.value(words, "--split")])

    def evaluator_time(self, _: list[str]) -> dict[str, Any]:
        return {"file": self._write("timings.json", "timings")}

    def handoff(self, words: list[str]) -> dict[str, Any]:
        folder = Path(self.value(words, "--out")).relative_to(self.folder).as_posix()
        return {
            "folder": str(self.folder / folder),
            "graphs": [{"file": Path(self._write(f"{folder}/head.onnx")).name}],
            "spec": self._write(f"{folder}/frontend_spec.json", folder),
        }

    def reporter_approaches(self, _: list[str]) -> dict[str, Any]:
        document = json.loads((POSITIVE / "approaches" / "few_people.json").read_text(encoding="utf-8"))
        return {"report": self._write("report.html"), "document": self._write("approaches.json", document)}


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    monkeypatch.setattr(stages, "has_landmarker", lambda: True)
    return Shell(tmp_path)


@pytest.fixture
def plan(tmp_path: Path, make_dataset: Callable[..., Any]) -> Plan:
    make_dataset(tmp_path / "datasets" / "people", subjects=6, kind="real")
    baseline = tmp_path / "old" / "smile_detector.onnx"
    baseline.parent.mkdir()
    baseline.write_bytes(b"onnx")
    baseline.with_name("weights.safetensors").write_bytes(b"weights")
    return Plan(
        dataset=tmp_path / "datasets" / "people",
        names=USUAL,
        by_name=False,
        training=Training((3,), "5e-5", "", baseline),
        seed=0,
        folds=2,
        seeds=1,
        primary="accuracy",
        margin="0.05",
        objective="youden",
        lang="en",
    )


def walk(shell: Shell, plan: Plan) -> Compared:
    shell.lines.clear()
    return compare(Chain(shell.folder / "chain.json", shell, shell.lines.append, lang=plan.lang), plan)


def pairs(words: list[str], flag: str) -> dict[str, str]:
    return dict(words[i + 1].split("=", 1) for i, word in enumerate(words) if word == flag)


def test_every_approach_is_measured_on_the_same_folds_and_pooled(shell: Shell, plan: Plan) -> None:
    compared = walk(shell, plan)
    arms = ("model", "model", "model", "one_frame", "blendshapes", "blendshape_logistic", "majority")
    for split in ("split1", "split2"):
        file = str(shell.folder / f"{split}.json")
        measured_arms = [shell.value(words, "--arm") for words in shell.calls("evaluator", "--dataset", file)]
        assert sorted(measured_arms) == sorted(arms)
    assert {shell.value(words, "--name") for words in shell.calls("evaluator", "pool")} == set(plan.names)
    (report,) = shell.calls("reporter", "approaches")
    assert set(pairs(report, "--result")) == set(plan.names)
    assert all("pooled-" in file for file in pairs(report, "--result").values())
    assert report.count("--run") == 6  # three networks, two folds
    assert set(pairs(report, "--card")) == {"dual_head", "landmark_mlp", "blendshape_mlp"}
    assert "--left-out" not in report
    assert compared.as_text("en").startswith(" ")
    opening, *lines = shell.lines
    n_steps = len(shell.commands)
    assert f": {n_steps} steps, about " in opening
    assert [line.split()[0] for line in lines] == [f"{number}/{n_steps}" for number in range(1, n_steps + 1)]
    assert all(line.endswith(" left)") for line in lines)


def test_the_console_speaks_korean_alone_where_that_is_the_language(shell: Shell, plan: Plan) -> None:
    text = walk(shell, replace(plan, lang="ko")).as_text("ko")
    assert f"모두 {len(shell.commands)}단계" in shell.lines[0]
    assert re.search(r"1/\d+ 얼굴 읽기 landmarks \(약 \d+분 남음\)", shell.lines[1])
    for line in (*shell.lines, *text.replace(str(shell.folder), "").replace("report.html", "").splitlines()):
        assert not re.search(r"\b(verdict|predictions|training|report|steps|left|measure|train|export)\b", line), line
    assert "판정: " in text


def test_the_dual_head_starts_from_the_baselines_weights_and_features_are_read_once(shell: Shell, plan: Plan) -> None:
    walk(shell, plan)
    (of_pictures, _), (of_points, _) = (
        shell.calls("trainer", "--epochs"),
        shell.calls("trainer", "landmark_mlp"),
    )
    weights = str(plan.training.baseline.with_name("weights.safetensors"))  # type: ignore[union-attr]
    assert shell.value(of_pictures, "--weights") == weights
    assert (shell.value(of_pictures, "--epochs"), shell.value(of_pictures, "--seed")) == ("3", "7")
    assert "--weights" not in of_points
    assert [shell.value(words, "--kind") for words in shell.calls("featurizer")] == ["landmarks"]
    assert all(shell.value(words, "--checkpoint") == "last" for words in shell.calls("exporter"))
    sessions = {shell.value(words, "--session") for words in shell.calls("evaluator", "--side")}
    assert len(sessions) == 1  # all arms of a comparison are one test-set evaluation
    assert sessions == {plan.comparison_id()}


def prove(spec: Path) -> None:
    """Write a browser proof beside a hand-off's spec."""
    proof = json.loads((POSITIVE / "browser_proof" / "graphs_in_chromium.json").read_text(encoding="utf-8"))
    proof["spec_sha256"] = contracts.sha256_file(spec)
    contracts.write_document(spec.with_name(paths.PROOF_FILE), proof, "browser_proof")


def test_the_same_command_does_nothing_twice_and_a_hand_off_that_was_proven_since_is_reported(
    shell: Shell, plan: Plan
) -> None:
    walk(shell, plan)
    n = len(shell.commands)
    walk(shell, plan)
    assert len(shell.commands) == n
    (report,) = shell.calls("reporter", "approaches")
    assert set(pairs(report, "--spec")) == {"dual_head"}
    assert paths.newest_named("handoff", paths.SPEC_FILE) is None  # a model of a fold is nothing to ship
    spec = Path(pairs(report, "--spec")["dual_head"])
    prove(spec)
    points = shell.folder / "artifacts" / "handoff" / "landmark_mlp-split2-last" / "frontend_spec.json"
    points.parent.mkdir(parents=True)
    points.write_text("{}", encoding="utf-8")
    walk(shell, plan)
    assert len(shell.commands) == n + 1
    assert pairs(shell.commands[-1], "--spec") == {"dual_head": str(spec), "landmark_mlp": str(points)}
    untested = shell.folder / "artifacts" / "handoff" / "landmark_mlp-split1-last" / "frontend_spec.json"
    untested.parent.mkdir()
    untested.write_text("{}", encoding="utf-8")
    prove(points)
    walk(shell, plan)
    assert pairs(shell.commands[-1], "--spec")["landmark_mlp"] == str(points)  # the one that a browser has seen


FUSION = "dual_head+landmark_mlp"
FUSED = parse_names(f"{FUSION},blendshapes")


@pytest.mark.parametrize("change", [{}, {"folds": 0}, {"names": ("landmark_mlp", "majority")}, {"names": FUSED}])
def test_every_step_is_announced_with_its_place_and_the_last_is_the_last(
    change: dict[str, Any], shell: Shell, plan: Plan
) -> None:
    progress_lines: list[str] = []
    compare(Chain(shell.folder / "chain.json", shell, progress_lines.append), replace(plan, **change))
    places = [text.split(" ")[0].split("/") for text in progress_lines if "/" in text.split(" ")[0]]
    assert len({n for _, n in places}) == 1
    assert [int(k) for k, _ in places][-1] == int(places[0][1]) == len(progress_lines) - 1


def test_a_baseline_is_wanted_by_a_dual_head_that_has_no_start(plan: Plan) -> None:
    bare = replace(plan, training=replace(plan.training, baseline=None))
    assert bare.wants_baseline()
    assert bare.starting_from(Path("b.onnx")).training.baseline == Path("b.onnx")
    assert not plan.wants_baseline()
    assert not replace(bare, training=replace(bare.training, weights="imagenet")).wants_baseline()
    assert not replace(bare, names=("landmark_mlp", "majority")).wants_baseline()
    relabel(plan.dataset, lambda number, row: {**row, "frame_count": str(3 + number % 2)})
    assert not bare.wants_baseline()  # its pictures cannot be given to it anyway


def test_times_are_taken_of_every_network_and_of_the_hand_offs_stream(shell: Shell, plan: Plan) -> None:
    walk(shell, plan)
    (timed,) = shell.calls("evaluator", "time")
    assert set(pairs(timed, "--model")) == {"dual_head", "landmark_mlp", "blendshape_mlp"}
    assert Path(pairs(timed, "--handoff")["dual_head"]).name == "dual_head-split1-last"
    assert Path(pairs(timed, "--model")["dual_head"]).parent.name == "dual_head-split1-last"
    assert "--faces" in timed


def test_a_fusion_is_learned_from_its_members_validation_results_and_measured_by_their_test_results(
    shell: Shell, plan: Plan
) -> None:
    walk(shell, replace(plan, names=FUSED))
    fused = shell.calls("evaluator", "fuse")
    assert len(fused) == 2
    for words in fused:
        split = shell.value(words, "--split")
        for side in ("validation", "test"):
            files = pairs(words, f"--{side}")
            assert set(files) == {"dual_head", "landmark_mlp"}
            for member, file in files.items():
                made = next(c for c in shell.commands if c[0] == "tools.evaluator" and _makes(shell, c, file))
                assert (shell.value(made, "--side"), shell.value(made, "--split")) == (side, split)
                assert f"{member}-{Path(split).stem}" in shell.value(made, "--model")
        assert shell.value(words, "--objective") == "youden"
    # Members alone are measured on validation people, each once a split; nothing is trained for the fusion itself.
    validated = shell.calls("evaluator", "--side", "validation")
    assert len(validated) == 4
    assert len(shell.calls("trainer")) == 4
    assert len({shell.value(words, "--session") for words in [*fused, *validated]}) == 1
    (report,) = shell.calls("reporter", "approaches")
    assert set(pairs(report, "--result")) == set(FUSED)
    pools = {shell.value(words, "--name") for words in shell.calls("evaluator", "pool")}
    assert "dual_head-and-landmark_mlp" in pools


def _makes(shell: Shell, command: list[str], file: str) -> bool:
    """Whether this measurement wrote this file: the shell numbers files by its commands."""
    return Path(file).stem.endswith(f"-{shell.commands.index(command) + 1}")


def test_a_fusion_is_left_out_with_a_member_that_cannot_be_compared(
    shell: Shell, plan: Plan, make_dataset: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = parse_names(f"{FUSION},dual_head+one_frame")
    make_dataset(shell.folder / "datasets" / "drawn", subjects=6)
    walk(shell, replace(plan, names=names, dataset=shell.folder / "datasets" / "drawn"))
    assert left_out(shell) == {"landmark_mlp": "synthetic", FUSION: "synthetic"}
    relabel(plan.dataset, lambda number, row: {**row, "frame_count": "1"})
    walk(shell, replace(plan, names=names))
    assert left_out(shell) == {"one_frame": "photos", "dual_head+one_frame": "photos"}


def test_fusions_are_named_among_the_approaches_or_beside_them(plan: Plan) -> None:
    def names(*words: str) -> tuple[str, ...]:
        return approaches_of(approaches_parser().parse_args(["--dataset", "people", *words]), plan.dataset)

    assert names() == USUAL
    assert names("--fuse", "landmark_mlp+dual_head") == (*USUAL[:-1], FUSION, "majority")
    few = ("dual_head", "landmark_mlp", FUSION, "majority")
    assert names("--approaches", f"dual_head,landmark_mlp,{FUSION}") == few
    assert names("--approaches", FUSION) == names("--approaches", "dual_head", "--fuse", FUSION) == few
    three = "dual_head+landmark_mlp+blendshapes"
    assert three in names("--fuse", FUSION, "--fuse", three)


OF_CLIPS = ("clip_lstm", "clip_conv1d", "clip_stats", "clip_boosting", "one_channel", "majority")


def test_clips_are_compared_by_what_is_made_for_them_on_channels_that_are_there_or_new(
    shell: Shell, plan: Plan
) -> None:
    manifest = json.loads((plan.dataset / "dataset.json").read_text(encoding="utf-8"))
    manifest["protocol"]["whole_windows"] = True
    (plan.dataset / "dataset.json").write_text(json.dumps(manifest), encoding="utf-8")
    given = approaches_parser().parse_args(["--dataset", "people"])
    assert approaches_of(given, plan.dataset) == OF_CLIPS
    walk(shell, replace(plan, names=OF_CLIPS))
    (read,) = shell.calls("featurizer")
    assert shell.value(read, "--kind") == "emotions"
    assert {shell.value(words, "--network") for words in shell.calls("trainer")} == set(OF_CLIPS[:3])
    assert {shell.value(words, "--arm") for words in shell.calls("evaluator")} >= {"clip_boosting", "one_channel"}
    assert "--faces" not in shell.calls("evaluator", "time")[0]
    assert left_out(shell) == {}
    there = paths.artifacts("features") / "people" / "emotions" / "features.json"
    there.parent.mkdir(parents=True)
    there.write_text(json.dumps({"counts": {"sequences": 24, "sequences_without_face": 24}}), encoding="utf-8")
    with pytest.raises(InvalidInput, match="one_channel left out: no_faces"):
        walk(shell, replace(plan, names=("one_channel", "majority")))
    assert len(shell.calls("featurizer")) == 1


@pytest.mark.parametrize(
    "text",
    ["dual_head", "dual_head+majority", "dual_head+dual_head", "a+b", f"{FUSION},one_frame", "dual_head+clip_lstm"],
)
def test_what_is_no_fusion_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        approaches_parser().parse_args(["--dataset", "people", "--fuse", text])
    assert "argument --fuse: found" in capsys.readouterr().err


def left_out(shell: Shell) -> dict[str, str]:
    return pairs(shell.calls("reporter", "approaches")[-1], "--left-out")


def test_without_mediapipe_the_others_are_compared_and_the_page_is_told_what_is_missing(
    shell: Shell, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "has_landmarker", lambda: False)
    walk(shell, plan)
    faces = [name for name, one in APPROACHES.items() if one.needs_faces]
    assert left_out(shell) == dict.fromkeys(faces, "landmarker")
    assert not shell.calls("featurizer")
    assert not shell.calls("trainer", "landmark_mlp")
    (timed,) = shell.calls("evaluator", "time")
    assert "--faces" not in timed


def test_an_approach_that_was_asked_for_by_name_is_not_left_out_in_silence(
    shell: Shell, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise MissingOutside("face_landmarker.task", found="no such model", todo="get it once: ./inv fetch-models")

    monkeypatch.setattr(stages, "has_landmarker", lambda: False)
    monkeypatch.setattr(stages, "require_landmarker", missing)
    named = replace(plan, names=("landmark_mlp", "majority"), by_name=True)
    with pytest.raises(MissingOutside, match="fetch-models"):
        walk(shell, named)
    assert not shell.commands


def test_drawn_people_are_compared_by_pictures_only(shell: Shell, plan: Plan, make_dataset: Callable[..., Any]) -> None:
    make_dataset(shell.folder / "datasets" / "drawn", subjects=6)
    drawn = replace(plan, dataset=shell.folder / "datasets" / "drawn")
    walk(shell, drawn)
    assert set(left_out(shell).values()) == {"synthetic"}
    with pytest.raises(InvalidInput, match=r"drawn people.*leave blendshapes out"):
        walk(shell, replace(drawn, names=("blendshapes", "majority"), by_name=True))


def relabel(folder: Path, change: Callable[[int, dict[str, str]], dict[str, str]]) -> None:
    """Rewrite the rows of labels.csv."""
    rows = list(csv.DictReader(io.StringIO((folder / "labels.csv").read_text(encoding="utf-8"))))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(change(number, row) for number, row in enumerate(rows))
    contracts.write_bytes(folder / "labels.csv", out.getvalue().encode())


def test_photos_leave_the_one_frame_out_and_need_no_stream(shell: Shell, plan: Plan) -> None:
    relabel(plan.dataset, lambda number, row: {**row, "frame_count": "1"})
    walk(shell, plan)
    assert left_out(shell) == {"one_frame": "photos"}
    assert not shell.calls("handoff")


def test_sequences_of_different_lengths_leave_the_networks_of_pictures_out(shell: Shell, plan: Plan) -> None:
    relabel(plan.dataset, lambda number, row: {**row, "frame_count": str(3 + number % 2)})
    walk(shell, plan)
    assert left_out(shell) == {"dual_head": "mixed_frames", "one_frame": "mixed_frames"}
    assert len(shell.calls("trainer")) == 4


def test_a_dataset_without_any_face_leaves_the_approaches_of_faces_out(shell: Shell, plan: Plan) -> None:
    shell.sequences_without_face = 24
    walk(shell, plan)
    assert set(left_out(shell).values()) == {"no_faces"}
    only_faces = replace(plan, names=("blendshapes", "majority"))
    with pytest.raises(InvalidInput, match="blendshapes left out: no_faces"):
        walk(shell, only_faces)


def test_folds_are_as_many_as_people_fit_and_one_split_where_the_source_says_who_is_tested(
    shell: Shell, plan: Plan
) -> None:
    walk(shell, replace(plan, folds=50))
    assert [shell.value(words, "--folds") for words in shell.calls("splitter", "--folds")] == ["6"]
    write_sides(plan.dataset, "its source", ["s01", "s02", "s03", "s04"], ["s05", "s06"])
    walk(shell, plan)
    assert len(shell.calls("splitter", "--seed")) == 2
    assert "--folds" not in shell.calls("splitter", "--seed")[-1]
    results = pairs(shell.calls("reporter", "approaches")[-1], "--result").values()
    assert not any("pooled" in file for file in results)


def test_one_frame_alone_is_answered_by_a_dual_head_that_is_not_measured_itself(shell: Shell, plan: Plan) -> None:
    walk(shell, replace(plan, names=("one_frame", "majority"), by_name=True))
    assert len(shell.calls("trainer")) == 2
    assert {shell.value(words, "--arm") for words in shell.calls("evaluator", "--side")} == {"one_frame", "majority"}
    assert not shell.calls("featurizer")
