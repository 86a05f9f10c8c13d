"""The verdict alone: from a notebook, and as a step of a workflow."""

import os
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from shared import contracts
from shared.errors import InvalidInput
from smilebench import compare

ROOT = Path(__file__).parents[2]
N = 200
LABELS = np.tile([1, 0], N // 2)
PEOPLE = [f"p{number // 10}" for number in range(N)]


def scores(sd: float) -> Any:
    return np.clip(0.5 + 0.3 * (2 * LABELS - 1) + np.random.default_rng(0).normal(0, sd, N), 0, 1)


WEAK, STRONG = scores(0.8), scores(0.1)


def test_three_lines_of_a_notebook_give_the_verdict_and_the_report(tmp_path: Path) -> None:
    found = compare(LABELS, WEAK, STRONG, subjects=PEOPLE)
    assert (found.word, found.candidate) == ("better", "candidate")
    assert str(found).startswith("Better: accuracy changed by +")
    assert found.p is not None
    assert found.p < 0.001
    assert found.difference.n_subjects == 20
    page = found.write(tmp_path / "report", "ko")
    assert "더 좋음" in page.read_text(encoding="utf-8")
    document = contracts.read_document(tmp_path / "report" / "comparison.json", "comparison")
    assert document["verdict"]["word"] == "better"
    assert found.as_json()["arms"] == document["arms"]


def test_arrays_of_any_usual_kind_are_taken() -> None:
    import pandas as pd

    frame = pd.DataFrame({"y": np.where(LABELS == 1, "ad", "ham"), "old": WEAK, "new": STRONG, "who": PEOPLE})
    by_word = compare(frame["y"], frame["old"], frame["new"], frame["who"], positive="ad")
    both = compare(frame["y"], np.column_stack([WEAK, 1 - WEAK]), np.column_stack([STRONG, 1 - STRONG]), PEOPLE,
                   positive="ad")  # fmt: skip
    assert by_word.difference == both.difference == compare(LABELS.tolist(), WEAK, STRONG, PEOPLE).difference
    several = compare(LABELS, WEAK, {"same": WEAK, "new": STRONG}, PEOPLE)
    assert (several.candidate, several.word) == ("new", "better")


def test_a_notebook_is_told_that_rows_stand_for_people_and_what_is_wrong() -> None:
    assert "each row counts as another person" in str(compare(LABELS, WEAK, STRONG))
    with pytest.raises(InvalidInput, match=r"candidate: found scores of shape \(3,\), expected \(200,\)"):
        compare(LABELS, WEAK, [0.1, 0.2, 0.3])
    with pytest.raises(InvalidInput, match="baseline: row 3: found the score nan"):
        compare(LABELS, np.where(np.arange(N) == 2, np.nan, WEAK), STRONG)
    with pytest.raises(InvalidInput, match="found the labels 0, 1, 2"):
        compare([0, 1, 2], [0.1] * 3, [0.2] * 3)
    with pytest.raises(InvalidInput, match="subjects: found 1, expected 200"):
        compare(LABELS, WEAK, STRONG, ["a"])


@pytest.mark.parametrize(("gate", "code"), [("true", 1), ("false", 0)])
def test_the_workflows_step_says_the_word_and_fails_unless_it_is_better(gate: str, code: int, tmp_path: Path) -> None:
    for name, found in (("old", STRONG), ("new", WEAK)):
        rows = [
            f"{n},{label},{score},{who}"
            for n, (label, score, who) in enumerate(zip(LABELS, found, PEOPLE, strict=True))
        ]
        (tmp_path / f"{name}.csv").write_text("\n".join(["id,label,score,subject", *rows]))
    program = tmp_path / "reporter"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tools.reporter "$@"\n')
    program.chmod(0o755)
    script = textwrap.dedent((ROOT / "action.yml").read_text(encoding="utf-8").rpartition("run: |\n")[2])
    environment = os.environ | {
        "PATH": f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT), "RUNNER_TEMP": str(tmp_path), "SUBJECTS": "subject", "GATE": gate,
        "BASELINE": "old.csv", "CANDIDATE": "new.csv", "ARGUMENTS": "--primary roc_auc --protected none",
        "GITHUB_OUTPUT": str(tmp_path / "out"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "SMILEBENCH_LANG": "en", "SMILEBENCH_HOME": str(tmp_path),
    }  # fmt: skip
    done = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, env=environment, capture_output=True, timeout=120)
    assert done.returncode == code, done.stderr
    assert (tmp_path / "out").read_text().splitlines()[0] == "word=worse"
    assert "Worse" in (tmp_path / "summary").read_text(encoding="utf-8")


@pytest.mark.parametrize(("baseline", "code"), [("old", 0), ("new", 1)])
def test_the_hook_refuses_a_commit_unless_the_candidate_is_better(baseline: str, code: int, tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert {"id", "name", "entry", "language"} <= set(hook)
    for name, found in (("old", WEAK), ("new", STRONG)):
        rows = [f"{label},{score},{who}" for label, score, who in zip(LABELS, found, PEOPLE, strict=True)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["label,score,subject", *rows]))
    program, *words = hook["entry"].split()
    assert program in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    words += ["--baseline", f"{baseline}.csv", "--candidate", "new.csv" if baseline == "old" else "old.csv"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "tools.reporter", *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == code, done.stderr
    assert (tmp_path / ".smilebench" / "report.html").is_file()
