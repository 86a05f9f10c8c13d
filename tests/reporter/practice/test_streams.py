"""What a player feels stands first in a report: which figures, of which arms, and what is refused."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from shared.errors import InvalidInput

EXAMPLE = Path(__file__).parents[2] / "schemas" / "positive" / "stream_results" / "marked_films.json"


@pytest.fixture
def played(tmp_path: Path, plan: tuple[Path, Path]) -> Callable[..., Path]:
    """Return a factory: ``played(arm, **changes)`` writes the events of an arm's model (0: the baseline)."""

    def make(arm: int, **changes: Any) -> Path:
        document = copy.deepcopy(json.loads(EXAMPLE.read_text(encoding="utf-8")))
        document["model"]["sha256"] = json.loads(plan[arm].read_text(encoding="utf-8"))["model"]["sha256"]
        path = tmp_path / f"stream{arm}.json"
        contracts.write_document(path, document | changes, "stream_results")
        return path

    return make


def test_what_a_player_feels_stands_before_the_verdict(
    tmp_path: Path, plan: tuple[Path, Path], report: Any, played: Callable[..., Path]
) -> None:
    result, page = report(tmp_path, *plan, streams=((None, played(0)), ("candidate", played(1))))
    html = (result.folder / "report.html").read_text(encoding="utf-8")
    assert html.index('<section id="stream">') < html.index('<section id="verdict">')
    assert "3 films of 3 people, 5 marked laughs, 0.3 minutes of play without a laugh." in page.text
    for figure in ("False alarms a minute", "200 ms", "25.0 %", "1 of 4", "counts after 100 ms"):
        assert figure in page.text
    assert [one["arm"] for one in result.comparison["streams"]] == ["baseline", "candidate"]
    assert result.comparison["streams"][0]["delay"]["value"] == 200
    assert [one["what"] for one in result.comparison["provenance"]].count("stream baseline") == 1
    contracts.read_document(result.folder / "comparison.json", "comparison")


def test_the_page_is_korean_too(tmp_path: Path, plan: Any, report: Any, played: Callable[..., Path]) -> None:
    _, page = report(tmp_path, *plan, streams=((None, played(1)),), lang="ko")
    assert "플레이어가 느끼는 것" in page.text
    assert "False alarms" not in page.text


def test_a_report_without_films_has_no_such_section(tmp_path: Path, plan: Any, report: Any) -> None:
    result, _ = report(tmp_path, *plan)
    assert "streams" not in result.comparison
    assert 'id="stream"' not in (result.folder / "report.html").read_text(encoding="utf-8")


def test_films_of_another_model_or_other_films_are_refused(
    tmp_path: Path, plan: Any, report: Any, played: Callable[..., Path]
) -> None:
    with pytest.raises(InvalidInput, match=r"expected films of candidate's model"):
        report(tmp_path, *plan, streams=(("candidate", played(0)),))
    with pytest.raises(InvalidInput, match="a second document of baseline"):
        report(tmp_path, *plan, streams=((None, played(0)), (None, played(0))))
    with pytest.raises(InvalidInput, match=r"found other tolerance_ms"):
        report(tmp_path, *plan, streams=((None, played(0)), (None, played(1, tolerance_ms=300))))
