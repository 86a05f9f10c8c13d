"""A film before the browser's camera and the same film through `collect --source`: the same take."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import contracts, paths
from shared.dataset.check import check_dataset
from tests.studio.record.program import (
    PRESS_AT,
    ROOT,
    StudioProgram,
    camera_flags,
    enter,
    numbers_of,
    pictures_of,
    write_numbered,
)

ASSETS = paths.assets()
FILMS = sorted((ASSETS / "videos" / "protocol").glob("*.mp4")) if ASSETS else []
FRAME_S = 1 / 30
OVER = "#takes li:first-child:is(.stored, .apart, .refused, .failed)"


def _record_of(folder: Path, subject_id: str) -> tuple[Path, dict[str, Any]]:
    """Find a person's only take, in the dataset or beside it."""
    places = [*folder.glob("takes/take_*.json"), *folder.glob("rejected/*/takes/take_*.json")]
    found = [(path, contracts.read_document(path, "take")) for path in places]
    ((path, record),) = [(path, record) for path, record in found if record["subject_id"] == subject_id]
    return path.with_suffix(".mp4"), record


def _words(record: dict[str, Any]) -> list[list[str]]:
    """List the faults of each sequence, and those of the smile."""
    return [each["faults"] for each in record["quality"]] + [record.get("smile", {}).get("faults", [])]


def _rows_of(film: Path) -> dict[str, tuple[str, list[float]]]:
    from shared.dataset import reader

    folder = film.parents[1]
    classes = contracts.read_document(
        next(place for place in film.parents if (place / reader.MANIFEST).is_file()) / reader.MANIFEST, "dataset"
    )["classes"]
    rows = reader.parse_labels((folder / reader.LABELS).read_bytes(), str(folder), classes)
    return {row.sequence_id: (row.label, list(row.frame_times_ms)) for row in rows}


@pytest.mark.slow
@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.stem)
def test_a_film_before_the_camera_is_the_take_that_the_film_is(
    launch: Callable[..., Any], tmp_path: Path, film: Path
) -> None:
    home, folder = tmp_path / "home", tmp_path / "home" / "datasets" / "people"
    camera = tmp_path / "camera.y4m"
    n_pictures = write_numbered(pictures_of(film), camera)
    studio = StudioProgram(home)
    browser = launch(*camera_flags(camera))
    page = browser.new_context().new_page()
    page.set_default_timeout(240_000)
    enter(page, studio, "s01")
    page.evaluate(PRESS_AT, [n_pictures - 4, n_pictures - 2])
    page.wait_for_selector(OVER)
    told = page.inner_text("#takes li:first-child")
    assert "Saved" in told or "Kept apart" in told, told
    browser.close()
    studio.kill()

    stored, record = _record_of(folder, "s01")
    seen = numbers_of(stored)
    first = seen[0][1]
    late_s = [time_s - ((number - first) % n_pictures) / 30 for time_s, number in seen if time_s < 9]
    usual = write_and_collect(film, first, home)
    usual_film, usual_record = _record_of(folder, "s02")
    usual_number = dict(numbers_of(usual_film))
    rows, usual_rows = _rows_of(stored), _rows_of(usual_film)
    numbers = {round(time_s * 1000, 1): number for time_s, number in seen}
    usual_numbers = {round(time_s * 1000, 1): number for time_s, number in usual_number.items()}
    labels, apart_ms = [], []
    for own, other in zip(record["sequence_ids"], usual_record["sequence_ids"], strict=True):
        labels.append((rows[own][0], usual_rows[other][0]))
        apart_ms += [abs(a - b) for a, b in zip(rows[own][1], usual_rows[other][1], strict=True)]
    shown = {
        "film": film.stem, "first": first, "n_frames": record["n_frames"], "n_missed": record["capture"]["n_missed"],
        "worst_late_ms": round(1000 * max(map(abs, late_s)), 1), "apart_ms": round(max(apart_ms), 1),
        "words": _words(record), "usual_words": _words(usual_record), "status": usual,
    }  # fmt: skip
    print(json.dumps(shown), flush=True)
    if report := os.environ.get("SMILEBENCH_REPORT"):
        with Path(report).open("a", encoding="utf-8") as out:
            out.write(json.dumps(shown) + "\n")
    assert len(numbers) == len(seen)
    assert usual_numbers
    assert [own for own, _ in labels] == [other for _, other in labels]
    assert max(apart_ms) <= 1000 * FRAME_S
    assert [str(one) for one in check_dataset(folder) if one.is_error] == []
    assert _words(record) == _words(usual_record)


def write_and_collect(film: Path, first: int, home: Path) -> int:
    """Record the same film, from the picture on with which the take began, as the command does."""
    turned = home / "turned.mp4"
    write_numbered(pictures_of(film), turned, n_loops=2, first=first)
    words = ["--source", str(turned), "--subject", "s02", "--dataset", "people", "--no-preview", "--consent", "train"]
    done = subprocess.run(
        [sys.executable, "-m", "tools.recorder", *words, "--quiet"],
        cwd=ROOT, env={**os.environ, "SMILEBENCH_HOME": str(home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return done.returncode
