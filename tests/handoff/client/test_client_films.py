"""Films of people, by seeking: the page gives the evaluator's probabilities. page_films.py does it for any folder."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from shared.faces import landmarker
from tools.handoff.config import HandoffConfig
from tools.handoff.write import write_handoff

ASSETS = Path(os.environ["SMILEBENCH_ASSETS"])
FILMS = [ASSETS / "videos" / "protocol" / name for name in ("s04_take1.mp4", "s06_take2.mp4")]
# Firefox takes a film that does not say its colours for BT.709; these say them.
SAY_COLOURS = "h264_metadata=colour_primaries=6:transfer_characteristics=6:matrix_coefficients=6"


@pytest.fixture(scope="module")
def page_films() -> ModuleType:
    """The program beside this folder, which is no test and no package."""
    place = Path(__file__).parents[1] / "page_films.py"
    spec = importlib.util.spec_from_file_location("page_films", place)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["page_films"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def make_handoff(
    request: pytest.FixtureRequest,
    make_feature_model: Callable[..., Path],
    ort_dist: Path,
    tmp_path: Path,
) -> Callable[[str], Path]:
    """``make_handoff(kind)``: a hand-off of an untrained network of pictures, or of weighted blendshapes."""
    from shared.errors import MissingOutside
    from shared.web.npm import TASKS_VISION

    def make(kind: str) -> Path:
        try:
            TASKS_VISION.install()
        except MissingOutside as error:
            pytest.skip(str(error))
        if kind == "frames":
            folder: Path = request.getfixturevalue("written").folder
            return folder
        model = ASSETS / "models" / landmarker.MODEL_NAME
        if not model.is_file():
            pytest.skip("needs the landmark model")
        built = make_feature_model(tmp_path / "models", kind, landmarker=model.read_bytes())
        folder = write_handoff(HandoffConfig(built, tmp_path / "handed")).folder
        shutil.copy(model, folder)
        return folder

    return make


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["frames", "blendshapes"])
@pytest.mark.parametrize("browser_name", ["chromium", "firefox"])
def test_films_have_the_evaluators_probabilities_in_the_page(
    page_films: Any, make_handoff: Callable[[str], Path], kind: str, browser_name: str, tmp_path: Path
) -> None:
    if not all(film.is_file() for film in FILMS) or shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg and the trial films")
    if browser_name == "firefox" and page_films.find_firefox() is None:
        pytest.skip("Firefox is not installed")
    films = [tmp_path / "films" / film.name for film in FILMS]
    films[0].parent.mkdir()
    for film, place in zip(FILMS, films, strict=True):
        subprocess.run(
            ["ffmpeg", "-loglevel", "error", "-i", str(film), "-c", "copy", "-bsf:v", SAY_COLOURS, str(place)],
            check=True,
        )
    found = list(page_films.compare_films(make_handoff(kind), films, browser_name, n_windows=3, band=0.01))
    assert [one.film for one in found] == [film.name for film in films]
    for one in found:
        assert one.n_decisions == 3
        assert one.is_good(0.01), one
