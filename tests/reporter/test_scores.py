"""Two tables of scores of any origin, with the report and the verdict of everybody else's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import contracts
from tools.reporter.cli import main

Write = Callable[..., Path]


@pytest.fixture
def tables(tmp_path: Path) -> Write:
    """Return a factory of the plan's predictions as a table: ``tables(name, rows, **columns)``."""

    def write(name: str, rows: list[tuple[str, str, str, float]], header: str = "id,label,score,subject") -> Path:
        columns = {"id": 0, "subject": 1, "label": 2, "score": 3}
        lines = [",".join(str(row[columns[column]]) for column in header.split(",")) for row in rows]
        file = tmp_path / f"{name}.csv"
        file.write_text("\n".join([header, *lines]) + "\n")
        return file

    return write


def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> dict[str, Any]:
    given = ["scores", *map(str, words), "--out", str(tmp_path / "report"), "--lang", "en", "--json"]
    assert main(given) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def refused(capsys: pytest.CaptureFixture[str], *words: object, code: int = 1) -> str:
    assert main(["scores", *map(str, words)]) == code
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_tables_get_the_verdict_that_the_evaluators_results_get(
    tmp_path: Path, tables: Write, plan_rows: Any, plan: tuple[Path, Path], report: Any, capsys: Any
) -> None:
    result, _ = report(tmp_path / "own", *plan)
    files = [tables(name, plan_rows[name]) for name in ("baseline", "candidate")]
    found = run(tmp_path, capsys, "--baseline", files[0], "--candidate", files[1], "--threshold", "candidate=0.282")
    assert found["verdict"]["sentence"] == result.comparison["verdict"]["sentence"]
    for one, other in zip(found["arms"], result.comparison["arms"], strict=True):
        assert one["metrics"]["confusion"] == other["metrics"]["confusion"]
        for key in ("intervals", "paired", "tests", "calibration"):
            assert one[key] == other[key]
    contracts.read_document(Path(found["comparison"]), "comparison")


def test_the_page_holds_what_is_known_of_tables_and_nothing_of_a_dataset(
    tmp_path: Path, tables: Write, plan_rows: Any, reader: Any, capsys: Any
) -> None:
    files = [tables(name, plan_rows[name]) for name in ("baseline", "candidate")]
    found = run(tmp_path, capsys, "--baseline", files[0], "--candidate", files[1])
    page = reader(Path(found["report"]).read_text(encoding="utf-8")).text
    assert "80 sequences (40 non_smile, 40 smile) of 20 people" in page
    for words in ("dataset card", "Model cards", "test-set evaluations", "No column says who is who"):
        assert words not in page


def test_rows_without_people_count_as_people_and_the_page_says_so_first(
    tmp_path: Path, tables: Write, plan_rows: Any, reader: Any, capsys: Any
) -> None:
    files = [tables(name, plan_rows[name], "label,score") for name in ("baseline", "candidate")]
    found = run(tmp_path, capsys, "--baseline", files[0], "--candidate", files[1])
    assert found["n_subjects"] == found["n_sequences"] == 80
    page = reader(Path(found["report"]).read_text(encoding="utf-8")).text
    assert page.index("No column says who is who") < page.index("Cannot tell")
    assert "paired by their order" in page


def test_ids_pair_rows_whatever_their_order_and_one_table_may_know_the_people(
    tmp_path: Path, tables: Write, plan_rows: Any, capsys: Any
) -> None:
    straight = [tables(name, plan_rows[name]) for name in ("baseline", "candidate")]
    found = run(tmp_path, capsys, "--baseline", straight[0], "--candidate", straight[1])
    turned = tables("turned", plan_rows["candidate"][::-1], "id,label,score")
    other = run(tmp_path, capsys, "--baseline", straight[0], "--candidate", f"candidate={turned}")
    assert other["verdict"] == found["verdict"]


def test_an_address_as_an_id_is_no_second_seed(tmp_path: Path, tables: Write, plan_rows: Any, capsys: Any) -> None:
    # "@" numbers the predictions of several seeds in the evaluator's own csv.
    rows = {name: [(f"clip@{n}", *row[1:]) for n, row in enumerate(rows)] for name, rows in plan_rows.items()}
    files = [tables(name, rows[name]) for name in ("baseline", "candidate")]
    found = run(tmp_path, capsys, "--baseline", files[0], "--candidate", files[1])
    assert "80 sequences of 20 people, " not in found["verdict"]["sentence"]["en"].replace(
        "80 sequences of 20 people)", ""
    )
    assert "runs" not in found["verdict"]["sentence"]["en"]


def test_logits_keep_their_order_and_turn_at_zero(tmp_path: Path, tables: Write, plan_rows: Any, capsys: Any) -> None:
    rows = plan_rows["baseline"]
    logits = [(*row[:3], float(40 * np.log(row[3] / (1 - row[3])))) for row in rows]
    files = tables("p", rows), tables("z", logits)
    found = run(tmp_path, capsys, "--baseline", files[0], "--candidate", files[1])
    one, other = found["arms"]
    assert one["metrics"]["confusion"] == other["metrics"]["confusion"]
    assert one["metrics"]["roc_auc"] == other["metrics"]["roc_auc"]
    percent = tables("percent", [(*row[:3], 100 * row[3]) for row in rows])
    error = refused(capsys, "--baseline", files[0], "--candidate", percent)
    assert "expected probabilities from 0 to 1, or logits; say above which score" in error
    found = run(tmp_path, capsys, "--baseline", files[0], "--candidate", percent, "--threshold", "percent=50")
    assert found["arms"][1]["metrics"]["confusion"] == one["metrics"]["confusion"]


def test_tables_of_other_rows_are_refused(tables: Write, plan_rows: Any, capsys: Any) -> None:
    rows = plan_rows["baseline"]
    first = tables("first", rows)

    def error(changed: list[Any], header: str = "id,label,score,subject", baseline: Path = first) -> str:
        return refused(capsys, "--baseline", baseline, "--candidate", tables("second", changed, header))

    assert "found 1 ids missing (such as seq_0080), expected the 80 ids of" in error(rows[:-1])
    assert "found all ids and 1 more (such as new), expected the 80 ids of" in error([*rows, ("new", *rows[0][1:])])
    turned = [(*rows[0][:2], "non_smile", rows[0][3]), *rows[1:]]
    assert "id seq_0001: found the label non_smile, expected smile, as in" in error(turned)
    assert "data row 1: found the label non_smile" in error(turned, "label,score")
    assert "sort both files alike" in error(turned, "label,score")
    assert "found 79 rows, without names, expected 80" in error(rows[1:], "label,score")
    assert "found the person s99, expected s01, as in" in error([(rows[0][0], "s99", *rows[0][2:]), *rows[1:]])


def test_arms_have_names_of_their_own_and_thresholds_are_theirs(
    tmp_path: Path, tables: Write, plan_rows: Any, capsys: Any
) -> None:
    file = tables("first", plan_rows["baseline"])
    (tmp_path / "other").mkdir()
    same = tmp_path / "other" / "first.csv"
    same.write_bytes(file.read_bytes())
    found = run(tmp_path, capsys, "--baseline", file, "--candidate", same)
    assert [arm["name"] for arm in found["arms"]] == ["baseline", "candidate"]
    assert "found the name 'a' a second time" in refused(
        capsys, "--baseline", f"a={file}", "--candidate", f"a={same}", code=2
    )
    words = ("--baseline", file, "--candidate", same, "--threshold")
    assert "--threshold: found v2, expected one of baseline, candidate" in refused(capsys, *words, "v2=0.5", code=2)
    assert "found 'nan', expected a number, or NAME=number" in refused(capsys, *words, "nan", code=2)
    assert "found 7, expected 0 to 1" in refused(capsys, *words, "7", code=2)


def test_the_gate_is_the_exit_code(tmp_path: Path, tables: Write, capsys: Any) -> None:
    rng = np.random.default_rng(0)
    labels = ["smile", "non_smile"] * 200
    centre = np.array([0.75, 0.25] * 200)
    rows = {}
    for name, sd in (("weak", 0.8), ("strong", 0.1)):
        scores = np.clip(centre + rng.normal(0, sd, 400), 0, 1).tolist()
        named = enumerate(zip(labels, scores, strict=True))
        rows[name] = [(f"r{n}", f"p{n // 10}", label, score) for n, (label, score) in named]
    weak, strong = (tables(name, rows[name]) for name in ("weak", "strong"))
    better = run(tmp_path, capsys, "--baseline", weak, "--candidate", strong, "--gate")
    assert better["verdict"]["word"] == "better"
    worse = run(tmp_path, capsys, "--baseline", strong, "--candidate", weak, "--gate", code=1)
    assert worse["verdict"]["word"] == "worse"
    assert run(tmp_path, capsys, "--baseline", strong, "--candidate", weak)["verdict"]["word"] == "worse"


def test_one_person_is_said_to_be_one(tmp_path: Path, tables: Write, plan_rows: Any, capsys: Any) -> None:
    rows = {name: [(row[0], "s01", *row[2:]) for row in rows] for name, rows in plan_rows.items()}
    files = [tables(name, rows[name]) for name in ("baseline", "candidate")]
    found = run(tmp_path, capsys, "--baseline", files[0], "--candidate", files[1])
    assert found["verdict"]["word"] == "cannot_tell"
    assert found["arms"][0]["intervals"]["accuracy"]["reason"] == "one_person"
