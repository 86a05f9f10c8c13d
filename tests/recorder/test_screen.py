import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.dataset.check import check_dataset
from shared.dataset.protocol import read_protocol
from shared.dataset.reader import open_dataset
from shared.errors import InvalidInput
from tools.recorder.window.screen import View, draw
from tools.recorder.window.text_drawing import sprite

PROTOCOL = read_protocol()
QUIET = ("--face-model", "none", "--landmark-model", "none", "--no-sound")
Start = Callable[..., subprocess.Popen[str]]
WaitFor = Callable[..., None]
# Headings, from the darkest to the brightest that a pixel of theirs is (BGR).
YELLOW = ((0, 150, 220), (110, 230, 255))
GREEN = ((90, 200, 90), (140, 255, 140))
RED = ((70, 80, 220), (110, 120, 255))


def camera_picture() -> np.ndarray:
    picture = np.full((720, 1280, 3), 90, np.uint8)
    picture[300:420, 400:520] = (220, 30, 30)  # red, left of the middle
    return picture


def test_the_view_is_a_mirror_and_what_is_not_kept_is_darker() -> None:
    canvas = draw(camera_picture(), View("take", 1.0), PROTOCOL, "en")
    assert canvas.shape == (720, 1280, 3)
    blue, green, red = canvas[360, 820]
    assert red > 200 > 60 > max(blue, green)
    assert canvas[500, 640].mean() == pytest.approx(90, abs=2)
    assert canvas[500, 100].mean() < 50


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("stage", ["ready", "saving", "saved", "aside", "refused", "undone", "paused", "done"])
def test_every_stage_says_something_in_both_languages(stage: str, lang: str) -> None:
    with_text = draw(None, View(stage, cause="gap" if stage == "refused" else ""), PROTOCOL, lang)
    assert (with_text[:176].max(axis=2) > 200).mean() > 0.01


def test_prompts_are_very_large_and_change_with_the_phase() -> None:
    ready, smile, stop = (draw(None, View("take", t), PROTOCOL, "ko")[:176] for t in (1.0, 4.0, 7.0))
    for canvas in (ready, smile, stop):
        rows = np.flatnonzero((canvas.max(axis=2) > 200).any(axis=1))
        assert rows.max() - rows.min() > 100
    assert not np.array_equal(ready > 128, smile > 128)
    assert not np.array_equal(smile > 128, stop > 128)


def test_hangul_is_drawn_as_hangul_not_as_question_marks() -> None:
    # A font without Hangul draws the same question marks for both words.
    first, second = (sprite(word, 84, (255, 255, 255), 1240)[0] for word in ("멈추세요", "웃으세요"))
    common = np.s_[: min(first.shape[0], second.shape[0]), : min(first.shape[1], second.shape[1])]
    assert (np.abs(first[common].astype(int) - second[common]) > 128).mean() > 0.03


@pytest.mark.parametrize("shape", [(480, 640), (1280, 720), (512, 512), (2, 2)])
def test_pictures_of_any_shape_fit(shape: tuple[int, int]) -> None:
    assert draw(np.full((*shape, 3), 120, np.uint8), View("ready"), PROTOCOL, "ko").shape == (720, 1280, 3)


def test_without_a_screen_it_says_how_to_go_on(start: Start) -> None:
    for display in ({}, {"DISPLAY": ":4711"}):
        process = start("--source", "synthetic", "--subject", "s01", "--dataset", "d", **display)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 3
        assert "--no-preview" in err
        assert err.count("\n") == 1


def rows_of(folder: Path) -> list[str]:
    """Name the takes of a dataset that is being written; none while a removal is at half."""
    try:
        return sorted({row.take_id for row in open_dataset(folder).rows})
    except InvalidInput:
        return []


@pytest.fixture
def long_smile(short_protocol: Path) -> Path:
    """A prompt for the smile that stays until a key is pressed, and gaps that do not matter: for a busy machine."""
    document = json.loads(short_protocol.read_text(encoding="utf-8"))
    for phase, (start_s, end_s) in zip(document["phases"], [(0, 0.8), (0.8, 3.6), (3.6, 4.0)], strict=True):
        phase.update(start_s=start_s, end_s=end_s)
    changes = {"duration_s": 4.0, "frame_count": 1, "max_gap_ms": 2000}
    short_protocol.write_text(json.dumps(document | changes), encoding="utf-8")
    return short_protocol


def test_a_session_at_a_real_window(
    screen: Any, start: Start, wait_for: WaitFor, long_smile: Path, dataset_folder: Path
) -> None:
    flags = ("--source", "synthetic", "--difficulty", "easy", "--protocol", long_smile, "--lang", "ko")
    process = screen.open(start, *flags, "--subject", "a01", "--dataset", "d", "--json")

    def wait_for_smile() -> None:  # its prompt, and only it, is yellow
        wait_for(lambda: screen.count(*YELLOW, above_px=170) > 5000, process)

    def wait_for_saved() -> None:
        wait_for(lambda: screen.count(*GREEN, above_px=120) > 1500, process)

    screen.press("space")
    wait_for_smile()
    screen.press("r")  # start the take over: what was recorded so far is dropped
    wait_for(lambda: rows_of(dataset_folder) == ["take_0001"], process)
    wait_for_saved()

    screen.press("r")  # repeat: the stored take goes to the trash
    wait_for(lambda: rows_of(dataset_folder) == ["take_0002"], process)
    wait_for_saved()
    screen.press("space")
    wait_for(lambda: rows_of(dataset_folder) == ["take_0002", "take_0003"], process)
    wait_for_saved()
    screen.press("space")
    wait_for_smile()
    screen.press("q")  # in the middle of a take: it is dropped
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert re.findall(r'"take_id": "(take_\d+)"', out) == ["take_0002", "take_0003"]
    assert list((dataset_folder / "trash").glob("*_take_0001/images/*.jpg"))
    assert not list(dataset_folder.glob(".incoming-*"))
    assert [str(p) for p in check_dataset(dataset_folder) if p.is_error] == []


@pytest.mark.slow
def test_a_film_behind_the_window_loses_no_frame_and_a_short_one_is_refused(
    screen: Any,
    start: Start,
    wait_for: WaitFor,
    make_film: Callable[..., Path],
    short_protocol: Path,
    dataset_folder: Path,
) -> None:
    film = make_film([index / 30 for index in range(75)])
    flags = ("--subject", "s01", "--dataset", "d", "--protocol", short_protocol, "--consent", "train", *QUIET)
    process = screen.open(start, "--source", film, *flags, "--target", 1, "--lang", "en")
    screen.press("space")
    out, err = process.communicate(timeout=90)  # ends by itself once the target is there
    assert (process.returncode, err) == (0, ""), err
    record = (dataset_folder / "takes" / "take_0001.json").read_text(encoding="utf-8")
    assert '"n_frames": 72' in record
    assert '"n_dropped": 0' in record

    short = make_film([index / 30 for index in range(30)], name="short.mp4")
    process = screen.open(start, "--source", short, *flags, "--target", 2)
    screen.press("space")
    wait_for(lambda: screen.count(*RED, above_px=120) > 1500, process)
    screen.close_window()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "only 1.00 s" in err
    assert "1 of 2" in out, err
