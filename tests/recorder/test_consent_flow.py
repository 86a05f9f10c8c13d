"""Consent before the first recording: by flag, on the screen, never twice, and what happens with a no."""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.dataset import consent
from shared.dataset.reader import open_dataset
from shared.dataset.statement import Statement, read_statement
from shared.errors import CheckFailed, WrongUsage
from tools.recorder import record as record_module
from tools.recorder.config import RecordingConfig
from tools.recorder.consent_flow import settle_consent
from tools.recorder.window import window, window_loop
from tools.recorder.window.consent_screen import draw_consent

Record = Callable[..., tuple[int, Any, str]]
MakeFilm = Callable[..., Path]


def settings(folder: Path, *scopes: str, lang: str = "en") -> RecordingConfig:
    return RecordingConfig(source="0", subject_id="s01", dataset=folder, consent=scopes, lang=lang)


def never(_: Statement) -> Sequence[str] | None:
    raise AssertionError("asked again")


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_statement_says_what_and_asks_for_each_use_on_its_own(lang: str) -> None:
    statement = read_statement(lang)
    assert statement.version == "2"
    assert list(statement.questions) == list(consent.SCOPES)
    assert len(statement.points) == 6
    assert str(consent.YEARS) in " ".join(statement.points) or "three years" in " ".join(statement.points)


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("three years", "not used any more", "deleted", "a copy", "cannot be called back", "No sound")),
        ("ko", ("3년", "쓰지 않", "지워 드", "사본", "되돌릴 수 없습니다", "녹음하지 않습니다")),
    ],
)
def test_the_statement_promises_what_the_program_does(lang: str, words: tuple[str, ...]) -> None:
    """Expiry at use (`consent.permitted`), withdraw --erase, consent --export; and no more than that."""
    text = " ".join(read_statement(lang).points)
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_whole_statement_fits_on_its_card(lang: str) -> None:
    canvas = draw_consent(read_statement(lang), "s01", {})
    below = canvas[502:522, 110:1170].astype(int)  # the card ends at 510, the first question begins at 525
    assert (below == below[:, :1]).all(), "each line of pixels is of one colour: no letter is there"


def test_the_two_languages_have_hashes_of_their_own() -> None:
    assert read_statement("ko").sha256 != read_statement("en").sha256


def test_an_answer_on_the_screen_becomes_a_row_and_is_not_asked_for_again(tmp_path: Path) -> None:
    settle_consent(settings(tmp_path), "camera", lambda _: ("train",))
    (row,) = consent.read_consent(tmp_path).rows
    assert (row.subject_id, row.scopes, row.method, row.lang) == ("s01", ("train",), "screen", "en")
    assert row.statement_sha256 == read_statement("en").sha256
    assert row.expires_utc == consent.expiry(row.given_utc, 3)
    settle_consent(settings(tmp_path), "camera", never)
    assert len(consent.read_consent(tmp_path).rows) == 1


@pytest.mark.parametrize("answer", [None, (), ("publish",)])
def test_a_no_to_training_writes_nothing(answer: tuple[str, ...] | None, tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match="nothing was recorded"):
        settle_consent(settings(tmp_path / "d"), "camera", lambda _: answer)
    assert not (tmp_path / "d").exists()


def test_a_withdrawn_or_expired_consent_is_asked_for_again(tmp_path: Path) -> None:
    settle_consent(settings(tmp_path), "camera", lambda _: ("train",))
    consent.withdraw(tmp_path, "s01")
    asked = []
    settle_consent(settings(tmp_path), "camera", lambda statement: asked.append(statement) or ("train", "publish"))
    assert len(asked) == 1
    newest = consent.read_consent(tmp_path).of("s01")
    assert newest is not None
    assert newest.scopes == ("train", "publish")
    consent.record(tmp_path, consent.Agreement("s02", ("train",), "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"))
    expired = replace(settings(tmp_path), subject_id="s02")
    settle_consent(expired, "camera", lambda statement: asked.append(statement) or ("train",))
    assert len(asked) == 2


def test_a_camera_without_a_window_wants_the_flag(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="--consent"):
        settle_consent(settings(tmp_path), "camera", None)
    settle_consent(settings(tmp_path, "train", "publish"), "camera", None)
    (row,) = consent.read_consent(tmp_path).rows
    assert (row.scopes, row.method) == (("train", "publish"), "paper")
    settle_consent(settings(tmp_path, "train"), "camera", None)  # says no more than is known
    assert len(consent.read_consent(tmp_path).rows) == 1


def test_drawn_actors_are_not_asked(tmp_path: Path) -> None:
    settle_consent(settings(tmp_path), "synthetic", never)
    assert not (tmp_path / consent.CONSENT_FILE).exists()


def test_a_film_is_recorded_with_a_note_until_there_is_a_row(
    make_film: MakeFilm, start: Callable[..., subprocess.Popen[str]], dataset_folder: Path
) -> None:
    film = make_film([index / 30 for index in range(270)])
    flags = ("--source", film, "--subject", "s01", "--dataset", "d", "--no-preview")
    _, err = start(*flags).communicate(timeout=60)
    assert "no consent row" in err
    assert "--consent train,publish" in err
    assert len(open_dataset(dataset_folder).rows) == 4
    process = start(*flags, "--consent", "train,publish", "--target", 2)
    _, err = process.communicate(timeout=60)
    assert "no consent row" not in err
    (row,) = consent.read_consent(dataset_folder).rows
    assert (row.method, row.scopes) == ("import", ("train", "publish"))


def test_consent_that_is_given_later_is_kept_although_there_is_nothing_to_record(
    make_film: MakeFilm, start: Callable[..., subprocess.Popen[str]], dataset_folder: Path
) -> None:
    film = make_film([index / 30 for index in range(270)])
    flags = ("--source", film, "--subject", "s01", "--dataset", "d", "--no-preview", "--target", 1)
    _, err = start(*flags).communicate(timeout=60)
    advised = re.search(r"--consent (\S+), or \./inv consent", err)
    assert advised is not None
    for scopes in ("train", advised[1]):  # given, then widened
        again = start(*flags, "--consent", scopes)
        out, err = again.communicate(timeout=60)
        assert (again.returncode, "nothing to record" in out) == (0, True)
        assert f"consent of s01 is recorded: {scopes.replace(',', ', ')}" in err
    assert "is recorded" not in start(*flags, "--consent", "train").communicate(timeout=60)[1]  # the row covers it
    book = consent.read_consent(dataset_folder)
    assert [row.scopes for row in book.rows] == [("train",), ("train", "publish")]
    assert book.why_not("s01", "publish") is None


def test_the_command_that_a_film_without_consent_advises_works(
    make_film: MakeFilm, start: Callable[..., subprocess.Popen[str]], dataset_folder: Path
) -> None:
    film = make_film([index / 30 for index in range(270)])
    _, err = start("--source", film, "--subject", "s01", "--dataset", "d", "--no-preview").communicate(timeout=60)
    advised = re.search(r"\./inv (consent --dataset \S+ --subject s01 --scope train)", err)
    assert advised is not None
    tool, *words = advised[1].split()
    environment = {**os.environ, "SMILEBENCH_HOME": str(dataset_folder.parents[1])}
    command = [sys.executable, "-P", "-m", f"tools.{tool}", *words]
    assert subprocess.run(command, env=environment, check=False).returncode == 0
    assert consent.read_consent(dataset_folder).why_not("s01", "train") is None


def test_what_cannot_be_agreed_to_is_wrong_usage(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        record("--source", "synthetic", "--consent", "publish")
    assert ended.value.code == 2
    assert "train,publish" in capsys.readouterr().err


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("answers", [{}, {"train": True}, {"train": True, "publish": False}])
def test_the_question_on_the_screen_moves_on(lang: str, answers: dict[str, bool]) -> None:
    canvas = draw_consent(read_statement(lang), "s01", answers)
    yellow = ((canvas >= (40, 180, 230)) & (canvas <= (100, 230, 255))).all(axis=2)
    lines = [int(yellow[top : top + 50].sum()) for top in (525, 583)]  # the rows of the two questions
    is_open = [number == len(answers) for number in range(2)]
    assert [count > 500 for count in lines] == is_open


@pytest.mark.parametrize(("is_live", "is_asked"), [(True, True), (False, False)])
def test_before_a_live_stream_in_a_window_one_is_asked_as_before_a_camera(
    is_live: bool, is_asked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A live stream was taken for material whose people are not there to be asked."""
    asked = []

    def ask(_: Statement) -> None:
        asked.append(True)

    class Stream:
        kind, sha256, size_px, nominal_fps = "stream", None, (0, 0), None

        def __init__(self) -> None:
            self.is_live = is_live

        def close(self) -> None: ...

    class Stop(Exception):
        pass

    def stop(*_: object) -> None:
        raise Stop

    monkeypatch.setattr(window, "require_screen", lambda: None)
    monkeypatch.setattr(window_loop, "open_window", contextlib.nullcontext)
    monkeypatch.setattr(window_loop, "ask_in", lambda *_: ask)
    monkeypatch.setattr(record_module, "open_source", lambda *_: Stream())
    monkeypatch.setattr(record_module, "DatasetWriter", stop)  # what comes after the question
    settings = RecordingConfig(source="http://127.0.0.1/live", subject_id="s01", dataset=tmp_path / "d")
    with pytest.raises(CheckFailed if is_asked else Stop):  # nothing is answered, which is a no
        record_module.record(settings)
    assert asked == [True] * is_asked
