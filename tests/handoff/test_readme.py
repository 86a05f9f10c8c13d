"""The README of a hand-off: it describes its own folder, with the same content in both languages."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared.web.spec_file import READMES
from tools.handoff import folder as folders
from tools.handoff.readme import fit_readme

SPECS = Path(__file__).parents[1] / "schemas" / "positive" / "frontend_spec"
CODE = re.compile(r"`[^`]+`")
WORDS = frozenset(
    {
        "frames",
        "features",
        "landmarks",
        "blendshapes",
        "stream",
        "window",
        "many",
        "one",
        "landmarker",
        "smile",
        "other",
    }
)


def spec_of(kind: str, count: int, interval_ms: float, roles: tuple[str, ...]) -> dict[str, Any]:
    spec = json.loads((SPECS / "frames.json").read_text(encoding="utf-8"))
    spec["input"]["kind"] = kind
    spec["frames"].update(count=count, interval_ms=interval_ms)
    spec["graphs"] = [{**spec["graphs"][0], "role": role} for role in roles]
    return spec


def fit(name: str, kind: str, count: int = 5, interval_ms: float = 100, roles: tuple[str, ...] = ("window",)) -> str:
    spec = spec_of(kind, count, interval_ms, roles)
    text = folders.client_files()[name].decode("utf-8")
    return fit_readme(text, spec, "people-epoch10", has_landmarker=kind != "frames")


STREAM = ("window", "encoder", "head")


@pytest.mark.parametrize("name", READMES)
@pytest.mark.parametrize("kind", ["landmarks", "blendshapes"])
def test_a_readme_for_features_names_nothing_that_its_folder_lacks(name: str, kind: str) -> None:
    text = fit(name, kind)
    for foreign in ("encoder", "head.onnx", " 255", "async (frame)", "five times", "다섯 배", "5배"):
        assert foreign not in text
    for own in ("face_landmarker.task", "landmarker-missing", "tasksUrl", "no_face", "border"):
        assert own in text
    assert ("input.uses_z" in text) == (kind == "landmarks")
    assert ("input.names" in text) == (kind == "blendshapes")


@pytest.mark.parametrize("name", READMES)
def test_a_readme_for_pictures_does_not_name_landmarks(name: str) -> None:
    text = fit(name, "frames", roles=STREAM)
    assert "encoder*.onnx" in text
    for foreign in ("face_landmarker.task", "landmarker-missing", "MediaPipe", "tasksUrl"):
        assert foreign not in text
    assert "encoder*.onnx" not in fit(name, "frames")  # the window alone


@pytest.mark.parametrize("name", READMES)
def test_figures_are_those_of_the_spec(name: str) -> None:
    text = fit(name, "frames", count=9, interval_ms=50, roles=STREAM)
    english = ("about 9 times", "50 ms", "rate of about 20", "about 0.4 s")
    assert all(
        figure in text for figure in (english if name == "README.md" else ("약 9배", "50 ms", "초당 20장", "약 0.4초"))
    )
    of_photos = fit(name, "landmarks", count=1, interval_ms=0)
    for foreign in ("warming_up", "max_deviation_ms", "gap"):
        assert foreign not in of_photos


@pytest.mark.parametrize("name", READMES)
@pytest.mark.parametrize(
    "case", [("frames", 5, 100, STREAM), ("frames", 5, 100, ("window",)), ("landmarks",), ("blendshapes", 1, 0)]
)
def test_no_mark_is_left_and_the_folder_is_named(name: str, case: tuple[Any, ...]) -> None:
    text = fit(name, *case)
    assert "<!--" not in text
    assert "cd people-epoch10 &&" in text
    assert "'./people-epoch10/smile-detector.mjs'" in text
    assert re.findall(r"\{(?:folder|kind|kind_ko|side|count|interval|rate|first)\}", text) == []
    assert "{ detail }" in text  # code keeps its braces


@pytest.mark.parametrize("name", READMES)
def test_a_mark_uses_known_words_only(name: str) -> None:
    text = folders.client_files()[name].decode("utf-8")
    marks = re.findall(r"^<!-- (.*) -->$", text, re.MULTILINE)
    assert len(marks) > 20
    assert marks[1::2] == ["end"] * (len(marks) // 2)
    assert {word for mark in marks[::2] for word in mark.split()} <= WORDS


def test_both_languages_have_the_same_passages_and_name_the_same_things() -> None:
    english, korean = (folders.client_files()[name].decode("utf-8") for name in READMES)
    marks = [re.findall(r"^(?:<!-- .* -->|#+ |- \*\*|\| `)", text, re.MULTILINE) for text in (english, korean)]
    assert marks[0] == marks[1]
