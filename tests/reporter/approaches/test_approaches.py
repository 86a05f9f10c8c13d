"""The page of approaches: what it reads and refuses, what its document holds, what a person reads in both languages."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from shared.approaches import APPROACHES, PHOTO, PHOTO_LOGISTIC, RUNTIME_BYTES, get_approach, parse_names, usual_names
from shared.errors import InvalidInput, WrongUsage
from shared.web.npm import ONNXRUNTIME_WEB, TASKS_VISION
from tools.reporter.approaches.report import ApproachesResult, report_approaches
from tools.reporter.cli import main
from tools.reporter.config import ApproachesConfig

Row = tuple[str, str, str, float]
POSITIVE = Path(__file__).parents[2] / "schemas" / "positive"
N_PEOPLE = 24
SPAN = {"p50": 1.0, "p95": 2.0, "n": 40}


def rows_of(n_right: int, n: int = N_PEOPLE) -> list[Row]:
    """A smile and a non-smile of each person; the first n_right people are recognised, the others never."""
    rows: list[Row] = []
    for number in range(n):
        for place, label in enumerate(("smile", "non_smile")):
            is_right = number < n_right
            score = 0.9 if (label == "smile") == is_right else 0.1
            rows.append((f"seq_{2 * number + place + 1:04d}", f"s{number:02d}", label, score))
    return rows


def never(n: int = N_PEOPLE) -> list[Row]:
    return [(*row[:3], 0.0) for row in rows_of(n, n)]


def span(p50: float) -> dict[str, Any]:
    return {"p50": p50, "p95": 2 * p50, "n": 40}


class Kitchen:
    """Makes the documents that a comparison of approaches reads."""

    def __init__(self, folder: Path, make_results: Callable[..., Path]) -> None:
        self.folder = folder
        self._make_results = make_results

    def results(self, name: str, rows: list[Row], **changes: Any) -> tuple[str, Path]:
        more = {"arm": APPROACHES[name].arm, **changes}
        return name, self._make_results(self.folder, name, rows, **more)

    def write(self, file: str, schema: str, document: dict[str, Any]) -> Path:
        contracts.validate(document, schema, file)
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    def card(self, network: str, n_bytes: int) -> tuple[str, Path]:
        document = json.loads(next((POSITIVE / "model").glob("*.json")).read_text(encoding="utf-8"))
        document["onnx"]["bytes"] = n_bytes
        return network, self.write(f"{network}_model.json", "model", {**document, "network": network})

    def run(self, network: str, seconds: float, number: int = 1) -> tuple[str, Path]:
        document = json.loads(next((POSITIVE / "run").glob("*.json")).read_text(encoding="utf-8"))
        weights = {"source": "imagenet" if network == "dual_head" else "none", "sha256": None}
        changed = {
            **document,
            "network": network,
            "seconds": seconds,
            "epochs_done": 10,
            "threads": 2,
            "weights": weights,
        }
        return network, self.write(f"{network}_run{number}.json", "run", changed)

    def timings(self, **changes: Any) -> Path:
        document = json.loads((POSITIVE / "timings" / "faces_and_pictures.json").read_text(encoding="utf-8"))
        document["landmarker"]["reading_ms"] = span(15.0)
        document["models"][0] |= {"window_ms": span(30.0), "stream_ms": span(4.0)}
        document["models"][1] |= {"window_ms": span(0.5)}
        return self.write("timings.json", "timings", {**document, **changes})

    def features(self, without: int = 3) -> Path:
        document = json.loads(next((POSITIVE / "features").glob("*.json")).read_text(encoding="utf-8"))
        document["dataset"]["name"] = "people"
        document["counts"] |= {"sequences": 2 * N_PEOPLE, "sequences_without_face": without, "pictures": 240}
        document["counts"] |= {"without_face": 5 * without}
        return self.write("features.json", "features", document)

    def spec(self, network: str, **of_proof: Any) -> tuple[str, Path]:
        """Write a hand-off's spec, and its browser proof beside it."""
        spec = json.loads((POSITIVE / "frontend_spec" / "frames.json").read_text(encoding="utf-8"))
        path = self.write(f"{network}/frontend_spec.json", "frontend_spec", spec)
        proof = json.loads((POSITIVE / "browser_proof" / "graphs_in_chromium.json").read_text(encoding="utf-8"))
        proof |= {"spec_sha256": contracts.sha256_file(path), **of_proof}
        self.write(f"{network}/browser_proof.json", "browser_proof", proof)
        return network, path

    def config(self, *results: tuple[str, Path], **changes: Any) -> ApproachesConfig:
        names = [name for name, _ in results]
        has_faces = any(get_approach(name).needs_faces for name in names)
        cards = [self.card("dual_head", 7_194_440)] if {"dual_head", "one_frame"} & set(names) else []
        cards += [self.card("landmark_mlp", 1_200_000)] if "landmark_mlp" in names else []
        settings: dict[str, Any] = {
            "results": results,
            "runs": (),
            "cards": tuple(cards),
            "specs": (),
            "timings": self.timings(),
            "features": self.features() if has_faces else None,
            "left_out": (),
            "dataset": None,
            "primary": "accuracy",
            "margin": 0.05,
            "out": self.folder / "report",
            "report_id": "test",
            "lang": "en",
        }
        return ApproachesConfig(**{**settings, **changes})

    def usual(self, **changes: Any) -> ApproachesConfig:
        """Pictures a little ahead of blendshapes without training."""
        results = [
            self.results("dual_head", rows_of(24)),
            self.results("one_frame", rows_of(20)),
            self.results("landmark_mlp", rows_of(22)),
            self.results("blendshapes", rows_of(23)),
            self.results("majority", never()),
        ]
        runs = (self.run("dual_head", 100.0), self.run("dual_head", 300.0, 2), self.run("landmark_mlp", 8.0))
        return self.config(*results, **{"runs": runs, **changes})


@pytest.fixture
def kitchen(tmp_path: Path, make_results: Callable[..., Path]) -> Kitchen:
    return Kitchen(tmp_path, make_results)


def entry(result: ApproachesResult, name: str) -> dict[str, Any]:
    return next(dict(one) for one in result.document["approaches"] if one["name"] == name)


def test_the_document_holds_what_each_approach_reaches_and_costs(kitchen: Kitchen) -> None:
    result = report_approaches(kitchen.usual())
    contracts.read_document(result.folder / "approaches.json", "approaches")
    assert [one["name"] for one in result.document["approaches"]] == [
        "dual_head", "one_frame", "landmark_mlp", "blendshapes", "majority",
    ]  # fmt: skip
    graphs, faces = RUNTIME_BYTES.values()
    dual, small, free, floor = (entry(result, n) for n in ("dual_head", "landmark_mlp", "blendshapes", "majority"))
    assert dual["download"]["total_bytes"] == 7_194_440 + graphs
    assert small["download"]["total_bytes"] == 1_200_000 + 3_758_596 + graphs + faces
    assert free["download"]["total_bytes"] == 3_758_596 + faces
    assert floor["download"]["total_bytes"] == 0
    # The stream is what a page runs; landmarks pay for the reading of the face.
    times = {one["name"]: one["time"]["decision_ms"] for one in result.document["approaches"]}
    assert times == {"dual_head": 4.0, "one_frame": 4.0, "landmark_mlp": 15.5, "blendshapes": 15.0, "majority": 0.0}
    assert dual["time"]["window_ms"] == 30.0
    assert dual["training"] == {"seconds": 200.0, "n_runs": 2, "epochs": 10, "threads": 2, "start": "imagenet"}
    assert free["training"]["seconds"] is None
    assert free["without_face"] == {"sequences": 3, "of_sequences": 48, "pictures": 15, "of_pictures": 240}
    assert dual["without_face"] is None
    verdict = result.document["verdict"]
    assert (verdict["leader"], verdict["recommended"], verdict["because"]) == ("dual_head", "blendshapes", "cheapest")
    assert verdict["n_pairs"] == 10
    assert verdict["level"][0] == "blendshapes"
    assert result.exit_code == 0


def test_the_page_says_it_in_both_languages(kitchen: Kitchen, reader: Any) -> None:
    for lang, ship, table in (
        ("en", "Ship: smile blendshapes", "no face found"),
        ("ko", "추천: 미소 블렌드셰이프", "얼굴 없음"),
    ):
        result = report_approaches(kitchen.usual(lang=lang, left_out=(("blendshape_mlp", "landmarker"),)))
        page = reader((result.folder / "report.html").read_text(encoding="utf-8"))
        assert ship in page.text
        assert table in page.text
        assert result.document["verdict"]["sentence"][lang] in page.text
        assert "featurizer" in page.text  # how to get what was left out
        assert "img" in page.tags
        assert (result.folder / "approaches.png").is_file()
        assert ship in (result.folder / "report.md").read_text(encoding="utf-8")
        assert ("6.3 %" if lang == "en" else "6.3%") in page.text  # 3 of 48 sequences without a face


def pooled(kitchen: Kitchen, name: str, rows: list[Row], thresholds: list[float]) -> tuple[str, Path]:
    """Results of folds, each with its own threshold."""
    measured = {"accuracy": 0.9, "recall": 0.9, "precision": 0.9, "f1": 0.9, "roc_auc": 0.95}
    runs = [
        {"file": f"{n}.json", "sha256": f"{n}" * 64, "split": f"fold{n}.json", "threshold": value, **measured}
        for n, value in enumerate(thresholds)
    ]
    spread = {metric: {"mean": value, "sd": 0.0, "n_runs": len(runs)} for metric, value in measured.items()}
    return kitchen.results(name, rows, pooled={"runs": runs, "spread": spread})


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("en", ["mouthSmileLeft and mouthSmileRight", "T: 0.282, the median of the 3", "0.207 to 0.330", "not smile"]),
        ("ko", ["mouthSmileLeft, mouthSmileRight", "T: 0.282", "임계값 3개의 중앙값", "최소 0.207, 최대 0.330"]),
    ],
)
def test_blendshapes_are_shipped_as_a_formula_with_the_thresholds_of_the_folds(
    lang: str, expected: list[str], kitchen: Kitchen, reader: Any
) -> None:
    results = [
        pooled(kitchen, "blendshapes", rows_of(24), [0.33, 0.207, 0.282]),
        pooled(kitchen, "majority", never(), [0.5, 0.5, 0.5]),
    ]
    result = report_approaches(kitchen.config(*results, lang=lang))
    page = reader((result.folder / "report.html").read_text(encoding="utf-8")).text
    for text in (*expected, "@mediapipe/tasks-vision"):
        assert text in page
        assert text in (result.folder / "report.md").read_text(encoding="utf-8")
    assert "./inv train" not in page


@pytest.mark.parametrize(
    ("name", "command", "plain"),
    [
        ("dual_head", "./inv train --dataset people --network dual_head --epochs 10", "folds"),
        ("one_frame", "./inv train --dataset people --network dual_head --epochs 10", "one picture in all places"),
        ("landmark_mlp", "./inv train --dataset people --network landmark_mlp --epochs 10", "folds"),
        ("blendshape_logistic", "./inv train --dataset people --network blendshape_mlp", "no export"),
    ],
)
def test_a_trained_approach_is_shipped_by_commands(
    name: str, command: str, plain: str, kitchen: Kitchen, reader: Any
) -> None:
    runs = (kitchen.run("dual_head", 100.0), kitchen.run("landmark_mlp", 8.0))
    results = (kitchen.results(name, rows_of(24)), kitchen.results("majority", never()))
    result = report_approaches(kitchen.config(*results, runs=runs))
    assert result.document["verdict"]["recommended"] == name
    page = reader((result.folder / "report.html").read_text(encoding="utf-8")).text
    for text in (command, "./inv export --run RUN --checkpoint last", "./inv handoff --model MODEL", plain):
        assert text in page
    assert ("--film FILM" in page) == APPROACHES[name].needs_faces


def test_the_table_goes_from_cheap_to_dear_and_counts_in_the_singular(kitchen: Kitchen, reader: Any) -> None:
    network, file = kitchen.run("dual_head", 100.0)
    once = kitchen.write("once.json", "run", {**json.loads(file.read_text(encoding="utf-8")), "epochs_done": 1})
    result = report_approaches(kitchen.usual(runs=((network, once), kitchen.run("landmark_mlp", 8.0))))
    page = reader((result.folder / "report.html").read_text(encoding="utf-8")).text
    assert "1 epoch" in page
    assert "1 epochs" not in page
    lines = (result.folder / "report.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ") and " MB " in line]
    names = [row.removeprefix("| ").split(" (")[0] for row in rows]
    assert names[0] == "smile blendshapes"  # no training is cheapest
    assert names[-1] == "always the larger class"
    assert "ms" not in rows[-1].split(" | ")[8]  # a floor is not run in a browser
    assert "verdict: ship blendshapes" in result.as_text()
    assert '<div class="verdict chosen">' in (result.folder / "report.html").read_text(encoding="utf-8")
    assert "people could not have shown anything" not in page  # 24 people are enough for 10 pairs


def test_what_cannot_be_told_is_not_shipped(kitchen: Kitchen) -> None:
    floor = [("dual_head", never()), ("majority", never())]
    result = report_approaches(kitchen.config(*(kitchen.results(name, rows) for name, rows in floor)))
    assert result.document["verdict"]["recommended"] is None
    assert "How to ship it" not in (result.folder / "report.md").read_text(encoding="utf-8")


def decision(p50: float, reading_ms: float | None = None, **changes: Any) -> dict[str, Any]:
    """A whole decision, as a browser proof writes it down."""
    example = json.loads((POSITIVE / "browser_proof" / "landmarks.json").read_text(encoding="utf-8"))
    entry = {**example["tested_decisions"][0], "decision_ms": span(p50), "threads": 1}
    landmarker = None if reading_ms is None else {**entry["landmarker"], "ms": span(reading_ms)}
    return {**entry, "execution_provider": "wasm", "landmarker": landmarker, **changes}


def test_the_time_of_a_browser_is_that_of_the_graphs_that_a_page_runs_or_of_a_whole_decision(kitchen: Kitchen) -> None:
    example = POSITIVE / "browser_proof" / "graphs_in_chromium.json"
    window = json.loads(example.read_text(encoding="utf-8"))["tested"]

    def found(network: str = "dual_head", **changes: Any) -> dict[str, Any]:
        result = report_approaches(kitchen.usual(specs=(kitchen.spec(network, **changes),)))
        return {one["name"]: one["browser"] for one in result.document["approaches"]}

    def graph(name: str, p50: float) -> dict[str, Any]:
        return {**window[0], "graph": name, "latency_ms": {"first": 50.0, **span(p50)}}

    only_window = found()
    assert (only_window["dual_head"]["decision_ms"], only_window["dual_head"]["what"]) == (93.1, "graphs")
    assert only_window["one_frame"] == only_window["dual_head"]
    assert only_window["landmark_mlp"] is only_window["blendshapes"] is only_window["majority"] is None
    stream = [*window, graph("encoder", 19.2), graph("head", 0.7)]
    assert found(tested=stream)["dual_head"]["decision_ms"] == pytest.approx(19.9)
    assert found(tested=[*stream, graph("encoder_wasm", 15.0)])["dual_head"]["decision_ms"] == pytest.approx(15.7)
    webgpu = decision(9.0, execution_provider="webgpu")
    seen = [webgpu, decision(31.0, threads=2), decision(33.0)]
    whole = found(tested=stream, tested_decisions=seen)["dual_head"]
    assert (whole["decision_ms"], whole["what"], whole["threads"]) == (33.0, "decision", 1)
    faces = found("landmark_mlp", tested_decisions=[decision(42.0, reading_ms=40.0)])
    assert (faces["landmark_mlp"]["decision_ms"], faces["landmark_mlp"]["what"]) == (42.0, "decision")
    assert (faces["blendshapes"]["decision_ms"], faces["blendshapes"]["what"]) == (40.0, "reading")
    assert found("landmark_mlp", tested=stream)["landmark_mlp"] is None  # the graph is the least part of it
    assert found(spec_sha256="0" * 64)["dual_head"] is None  # the proof of another spec


def test_without_a_hand_off_no_time_in_a_browser_is_invented(kitchen: Kitchen, reader: Any) -> None:
    result = report_approaches(kitchen.usual())
    assert [one["browser"] for one in result.document["approaches"]] == [None] * 5
    page = reader((result.folder / "report.html").read_text(encoding="utf-8"))
    assert "not measured" in page.text
    assert "./inv validate-spec --model MODEL --browser" in page.text


def test_a_dual_head_that_did_not_start_from_imagenet_is_said_to_be_so(kitchen: Kitchen, reader: Any) -> None:
    network, file = kitchen.run("dual_head", 100.0)
    for source, expected in (
        ("old.safetensors", "started from old.safetensors"),
        ("none", "started from random weights"),
    ):
        document = json.loads(file.read_text(encoding="utf-8"))
        path = kitchen.write("run.json", "run", {**document, "weights": {"source": source, "sha256": None}})
        result = report_approaches(kitchen.usual(runs=((network, path),)))
        assert expected in reader((result.folder / "report.html").read_text(encoding="utf-8")).text
    usual = report_approaches(kitchen.usual())
    assert "started from" not in reader((usual.folder / "report.html").read_text(encoding="utf-8")).text


def test_less_recall_of_the_recommended_approach_is_said(kitchen: Kitchen, reader: Any) -> None:
    # As accurate, but it misses smiles of ten people, and gives no false alarm to ten others.
    quiet = [
        (*row[:3], 0.1 if row[2] == "smile" and int(row[1][1:]) < 10 else 0.1 if row[2] == "non_smile" else 0.9)
        for row in rows_of(24)
    ]
    loud = [(*row[:3], 0.9 if row[2] == "smile" or int(row[1][1:]) < 9 else 0.1) for row in rows_of(24)]
    config = kitchen.config(
        kitchen.results("dual_head", loud), kitchen.results("blendshapes", quiet), kitchen.results("majority", never())
    )
    result = report_approaches(config)
    assert result.document["verdict"]["leader"] == "dual_head"
    assert result.document["verdict"]["recommended"] == "blendshapes"
    page = reader((result.folder / "report.html").read_text(encoding="utf-8"))
    assert "smile blendshapes has less recall than dual head: −41.7 pts" in page.text


def test_figures_of_the_validation_side_recommend_nothing(kitchen: Kitchen) -> None:
    results = [
        kitchen.results(name, rows, side="validation")
        for name, rows in (("dual_head", rows_of(24)), ("majority", never()))
    ]
    verdict = report_approaches(kitchen.config(*results)).document["verdict"]
    assert (verdict["word"], verdict["because"]) == ("cannot_tell", "validation")


def test_drawn_people_are_marked_on_the_page(kitchen: Kitchen, reader: Any) -> None:
    drawn = {"name": "people", "kind": "synthetic", "sha256": "d" * 64}
    results = [
        kitchen.results(name, rows, dataset=drawn) for name, rows in (("dual_head", rows_of(24)), ("majority", never()))
    ]
    left_out = (("landmark_mlp", "synthetic"),)
    result = report_approaches(kitchen.config(*results, left_out=left_out))
    assert result.document["synthetic"]
    page = reader((result.folder / "report.html").read_text(encoding="utf-8"))
    assert "SYNTHETIC DATA" in page.text
    assert "landmark MLP: the people are drawn" in page.text


def test_results_of_other_sequences_or_of_another_arm_are_refused(kitchen: Kitchen) -> None:
    floor, fewer = kitchen.results("majority", never()), kitchen.results("dual_head", rows_of(20, 20))
    with pytest.raises(InvalidInput, match="sequences_sha256"):
        report_approaches(kitchen.config(fewer, floor))
    swapped = kitchen.results("dual_head", rows_of(24), arm="one_frame")
    with pytest.raises(InvalidInput, match="results of one_frame"):
        report_approaches(kitchen.config(swapped, floor))
    assert not (kitchen.folder / "report").exists()


def test_what_is_missing_is_named(kitchen: Kitchen) -> None:
    floor, free = kitchen.results("majority", never()), kitchen.results("blendshapes", rows_of(24))
    dual = kitchen.results("dual_head", rows_of(24))
    for config, flag in (
        (kitchen.config(dual), "--result"),
        (kitchen.config(floor), "--result"),
        (kitchen.config(free, floor, features=None), "--features"),
        (kitchen.config(dual, floor, cards=()), "--card"),
    ):
        with pytest.raises(WrongUsage, match=flag):
            report_approaches(config)
    config = kitchen.config(dual, floor)
    kitchen.timings(dataset={"name": "others", "kind": "real", "sha256": "d" * 64})
    with pytest.raises(InvalidInput, match="those of others"):
        report_approaches(config)


@pytest.mark.parametrize(
    "words",
    [
        ["--result", "dualhead=x.json"],
        ["--result", "dual_head"],
        ["--result", "dual_head=x.json", "--left-out", "landmark_mlp=weather"],
    ],
)
def test_the_command_line_refuses_what_cannot_be_meant(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["approaches", "--timings", "t.json", *words]) == 2
    assert "expected" in capsys.readouterr().err


def test_a_margin_that_is_no_fraction_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["approaches", "--timings", "t.json", "--result", "dual_head=x.json", "--margin", "1"])
    assert "--margin: found '1', expected a fraction above 0 and below 1" in capsys.readouterr().err


def test_the_command_line_prints_where_everything_lies(kitchen: Kitchen, capsys: pytest.CaptureFixture[str]) -> None:
    free, floor = kitchen.results("blendshapes", rows_of(24)), kitchen.results("majority", never())
    flags = ["--timings", kitchen.timings(), "--features", kitchen.features(), "--out", kitchen.folder / "out"]
    results = [word for name, path in (free, floor) for word in ("--result", f"{name}={path}")]
    assert main(["approaches", *results, *map(str, flags), "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"]["recommended"] == "blendshapes"
    assert Path(told["report"]).is_file()
    assert Path(told["document"]).is_file()


def test_names_are_parsed_in_the_order_of_the_table_with_the_floor_among_them() -> None:
    assert parse_names("") == usual_names(of_clips=False)
    named = {*usual_names(of_clips=True), *usual_names(of_clips=False), PHOTO, PHOTO_LOGISTIC}
    assert named == set(APPROACHES)
    assert parse_names("photo") == (PHOTO, PHOTO_LOGISTIC, "majority")
    assert parse_names("landmark_mlp,dual_head") == ("dual_head", "landmark_mlp", "majority")
    assert parse_names("landmark_mlp+dual_head") == ("dual_head", "landmark_mlp", "dual_head+landmark_mlp", "majority")
    for text in ("dual-head", "majority", "dual_head,,one_frame", "dual_head+", "dual_head+majority", "a+b"):
        with pytest.raises(WrongUsage, match="--approaches"):
            parse_names(text)


def test_the_sizes_of_runtimes_are_those_of_the_releases_that_pages_load() -> None:
    pinned = [
        (ONNXRUNTIME_WEB.name, ONNXRUNTIME_WEB.version),
        (TASKS_VISION.name, TASKS_VISION.version),
    ]
    assert list(RUNTIME_BYTES) == [f"{name} {version}" for name, version in pinned]


FUSION = "dual_head+landmark_mlp"


def fused(kitchen: Kitchen, rows: list[Row], without_face: dict[str, float] | None) -> tuple[str, Path]:
    """Results of a fusion that was learned in three folds."""
    sha = "1" * 64
    alone = without_face and {"weights": without_face, "offset": 0.25, "is_learned": True}
    runs = [
        {
            "sources": [
                {
                    "name": name,
                    "validation": {"file": "v.json", "sha256": sha},
                    "test": {"file": "t.json", "sha256": sha},
                }
                for name in FUSION.split("+")
            ],
            "with_face": {"weights": {"dual_head": weight, "landmark_mlp": 0.9}, "offset": -0.5, "is_learned": True},
            "without_face": alone,
            "n_without_face": 1,
            "n_validation_sequences": 16,
            "n_validation_subjects": 4,
        }
        for weight in (0.3, 0.4, 0.7)
    ]
    fusion = {"members": FUSION.split("+"), "runs": runs}
    _, path = kitchen.results("dual_head", rows, arm="fusion", fusion=fusion)
    return FUSION, path.rename(path.with_name("fusion_results.json"))


def config(kitchen: Kitchen, **changes: Any) -> ApproachesConfig:
    """Two members and their fusion, which is right about everybody."""
    fusion = changes.pop("fusion", None) or fused(kitchen, rows_of(24), {"dual_head": 0.6})
    kept = fusion[1].with_name("fusion_predictions.csv")
    results = [fusion]
    document = fusion[1].read_text(encoding="utf-8")
    kept.write_bytes(fusion[1].with_name("dual_head_predictions.csv").read_bytes())
    fusion[1].write_text(document.replace("dual_head_predictions.csv", kept.name), encoding="utf-8")
    results += [
        kitchen.results("dual_head", rows_of(17)),
        kitchen.results("landmark_mlp", rows_of(18)),
        kitchen.results("majority", never()),
    ]
    runs = (kitchen.run("dual_head", 100.0), kitchen.run("landmark_mlp", 8.0))
    return kitchen.config(*results, runs=runs, **changes)


def test_it_costs_what_its_members_cost_with_what_they_share_counted_once(kitchen: Kitchen) -> None:
    result = report_approaches(config(kitchen))
    found = entry(result, FUSION)
    graphs, faces = RUNTIME_BYTES.values()
    assert found["download"] == {
        "model_bytes": 7_194_440 + 1_200_000,
        "landmarker_bytes": 3_758_596,
        "runtime_bytes": graphs + faces,
        "total_bytes": 7_194_440 + 1_200_000 + 3_758_596 + graphs + faces,
    }
    # The face is read once, the dual head runs as a stream, the landmark MLP on its window.
    assert found["time"] == {"decision_ms": 19.5, "window_ms": 30.5, "stream_ms": 4.5, "reading_ms": 15.0}
    assert found["training"]["seconds"] == 108.0
    assert found["browser"] is None
    assert (found["input"], found["network"], found["is_trained"]) == ("several", None, True)
    assert [one["name"] for one in result.document["approaches"]] == ["dual_head", "landmark_mlp", FUSION, "majority"]
    assert result.document["verdict"]["n_pairs"] == 6  # in Holm's correction like any other


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        (
            "en",
            [
                "Ship: dual head + landmark MLP",
                "cannot be handed off yet",
                "w is 0.40 for dual head and 0.90 for landmark MLP; b is −0.50",
                "the others decide, with weights of their own: w is 0.60 for dual head; b is 0.25",
                "decided without",
            ],
        ),
        ("ko", ["추천: 듀얼 헤드 + 랜드마크 MLP", "아직 전달할 수 없습니다", "듀얼 헤드 0.40", "얼굴 없이 판정"]),
    ],
)
def test_the_page_says_what_a_page_would_have_to_run(
    lang: str,
    expected: list[str],
    kitchen: Kitchen,
    reader: Any,
) -> None:
    result = report_approaches(config(kitchen, lang=lang))
    assert result.document["verdict"]["recommended"] == FUSION
    page = reader((result.folder / "report.html").read_text(encoding="utf-8")).text
    commands = [
        "./inv train --dataset people --network dual_head",
        "./inv train --dataset people --network landmark_mlp",
        "./inv evaluate --model MODEL --dataset people --split SPLIT --side validation",
        "evaluator fuse --dataset people --split SPLIT --validation dual_head=RESULTS --validation landmark_mlp=RES",
        "--test dual_head=RESULTS --test landmark_mlp=RESULTS",
    ]
    for text in (*expected, *commands):
        assert text in page


def test_without_a_member_for_pictures_the_page_says_that_no_face_is_no_smile(kitchen: Kitchen, reader: Any) -> None:
    result = report_approaches(config(kitchen, fusion=fused(kitchen, rows_of(24), None)))
    page = reader((result.folder / "report.html").read_text(encoding="utf-8")).text
    assert "where no face is found at all, it is not smile" in page
    assert "the others decide" not in page


def test_results_of_another_fusion_are_refused(kitchen: Kitchen) -> None:
    name, path = fused(kitchen, rows_of(24), None)
    path.write_text(path.read_text().replace('"members": ["dual_head", "landmark_mlp"]', '"members": ["a", "b"]'))
    with pytest.raises(InvalidInput, match=r"found a fusion of a, b, expected dual_head\+landmark_mlp"):
        report_approaches(config(kitchen, fusion=(name, path)))
