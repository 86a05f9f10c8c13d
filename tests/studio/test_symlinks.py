"""Links in a workspace lead nowhere: what lies outside of a served folder is neither shown nor written to."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from shared.dataset.reader import Dataset
from shared.errors import InvalidInput
from shared.web import private
from tests.studio.conftest import TOKEN, Studio
from tests.studio.record.conftest import CountingRecorder, Desk, film
from tests.studio.record.conftest import make_desk as make_desk  # a fixture
from tools.recorder import cli as recorder
from tools.reviewer import server as review_server
from tools.reviewer.state import ReviewState
from tools.studio import jobs
from tools.studio.record.takes import TakeBox, folder

SECRET = b"secret of another folder"
pytestmark = pytest.mark.skipif(not hasattr(Path, "symlink_to"), reason="no links here")


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder beside the workspace, with a file under every name that a server asks for."""
    place = tmp_path_factory.mktemp("outside")
    for name in ("report.html", "index.html", "log.txt", "secret.json", "secret.jpg", "job.json"):
        (place / name).write_bytes(SECRET)
    return place


def _files(place: Path) -> dict[str, tuple[bytes, int]]:
    return {str(path): (path.read_bytes(), path.stat().st_mode) for path in place.rglob("*") if path.is_file()}


def _link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


@pytest.mark.parametrize(("kind", "name"), [("reports", "report.html"), ("grids", "index.html")])
def test_reports_and_grids_that_are_links_are_not_served(
    studio: Studio, home: Path, outside: Path, kind: str, name: str
) -> None:
    _link(home / "artifacts" / kind / "folder", outside)
    _link(home / "artifacts" / kind / "file" / name, outside / name)
    for item in ("folder", "file"):
        answer = studio.ask(f"/open/{kind}/{item}")
        assert (answer.status_code, SECRET in answer.content) == (404, False)


def test_logs_that_are_links_are_not_served(studio: Studio, home: Path, outside: Path) -> None:
    _link(jobs.folder() / "job_000007", outside)
    answer = studio.ask("/api/jobs/job_000007/log")
    assert (answer.status_code, SECRET in answer.content) == (404, False)
    job = studio.ask("/api/jobs", {"task": "verify", "values": {"--dataset": "nobody"}}).json()["job_id"]
    log = jobs.folder() / job / jobs.LOG
    log.unlink(missing_ok=True)
    _link(log, outside / "log.txt")
    answer = studio.ask(f"/api/jobs/{job}/log")
    assert SECRET not in answer.content


def test_files_of_a_hand_off_that_are_links_are_not_served(
    studio: Studio, home: Path, outside: Path, write_standin: Callable[..., dict[str, Any]]
) -> None:
    write_standin(home / "artifacts/handoff/ours")
    _link(home / "artifacts/handoff/ours/more/secret.json", outside / "secret.json")
    assert studio.ask("/try/model/ours/frontend_spec.json").status_code == 200
    answer = studio.ask("/try/model/ours/more/secret.json")
    assert (answer.status_code, SECRET in answer.content) == (404, False)
    write_standin(outside / "other")
    _link(home / "artifacts/handoff/linked", outside / "other")
    assert studio.ask("/try/model/linked/frontend_spec.json").status_code == 404


def test_pictures_that_are_links_are_not_served_for_review(people: Dataset, outside: Path) -> None:
    from shared.web.loopback import LocalServer, listen

    own, linked = people.rows[0], people.rows[1]
    path = people.folder / linked.frame_names()[0]
    path.unlink()
    _link(path, outside / "secret.jpg")
    listener = listen([0])
    port = int(listener.getsockname()[1])
    app = review_server.make_app(ReviewState(people.folder, "r1"), TOKEN, port, "en")
    running = LocalServer(app, listener)
    running.start()
    sent = {"Cookie": f"review_{port}={TOKEN}"}
    base = f"http://127.0.0.1:{port}/picture"
    first = requests.get(f"{base}/{own.sequence_id}/0", headers=sent, timeout=60)
    second = requests.get(f"{base}/{linked.sequence_id}/0", headers=sent, timeout=60)
    running.close()
    assert (first.status_code, second.status_code, SECRET in second.content) == (200, 404, False)


def test_decisions_are_not_written_through_a_link(people: Dataset, outside: Path) -> None:
    _link(people.folder / "review.json", outside / "secret.json")
    before = _files(outside)
    with pytest.raises(InvalidInput) as refused:
        ReviewState(people.folder, "r1")
    assert "a link" in str(refused.value)
    assert _files(outside) == before


def test_films_are_not_received_through_a_link(make_desk: Callable[..., Desk], home: Path, outside: Path) -> None:
    desk = make_desk()
    assert desk.agree().status_code == 200
    take_id = str(uuid.uuid4())
    _link(folder() / take_id, outside)
    before = _files(outside)
    assert desk.begin(take_id).status_code == 400
    assert desk.ask("PUT", f"/api/record/takes/{take_id}/parts/0", data=film()).status_code in (400, 404)
    assert desk.ask("DELETE", f"/api/record/takes/{take_id}").status_code in (400, 404)
    assert _files(outside) == before
    # A part that is a link is replaced, not followed.
    take_id = str(uuid.uuid4())
    assert desk.begin(take_id).status_code == 200
    _link(folder() / take_id / "00000.part", outside / "secret.json")
    desk.send(film(), take_id)
    assert desk.follow(take_id)["status"] == "stored"
    assert _files(outside) == before


def test_what_lies_behind_a_link_is_not_swept(home: Path, outside: Path) -> None:
    for name in ("begun.json", "outcome.json"):
        (outside / name).write_bytes(b"{}")
    _link(folder() / str(uuid.uuid4()), outside)
    before = _files(outside)
    TakeBox(CountingRecorder()).close()
    assert _files(outside) == before


def test_a_folder_of_films_that_is_a_link_is_refused(home: Path, outside: Path) -> None:
    _link(home / "artifacts/studio/takes", outside)
    mode = outside.stat().st_mode
    with pytest.raises(InvalidInput):
        TakeBox(CountingRecorder())
    assert outside.stat().st_mode == mode


def test_consent_that_is_a_link_is_replaced_and_not_written_through(
    make_desk: Callable[..., Desk], people: Dataset, outside: Path
) -> None:
    consent = people.folder / "consent.json"
    data = consent.read_bytes()
    (outside / "consent.json").write_bytes(data)
    consent.unlink()
    _link(consent, outside / "consent.json")
    before = _files(outside)
    assert make_desk().agree("s99").status_code == 200
    assert _files(outside) == before
    assert not consent.is_symlink()
    assert b"s99" in consent.read_bytes()


@pytest.mark.parametrize("part", ["images", "takes", "rejected", "trash"])
def test_nobody_is_recorded_through_a_link_in_a_dataset(
    home: Path, outside: Path, part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _link(home / "datasets/people" / part, outside)
    before, mode = _files(outside), outside.stat().st_mode
    words = [
        "--source",
        "synthetic",
        "--subject",
        "s01",
        "--dataset",
        "people",
        "--no-preview",
        "--target",
        "1",
        "--lang",
        "en",
    ]
    assert recorder.main(words) == 1
    assert f"{part}: found a link" in capsys.readouterr().err
    assert (_files(outside), outside.stat().st_mode) == (before, mode)


def test_a_secret_that_is_a_link_is_not_taken(home: Path, outside: Path) -> None:
    known = outside / "token"
    known.write_text("k" * 40)
    known.chmod(0o600)
    _link(home / ".token", known)
    assert private.read_token(home / ".token") != "k" * 40
    assert known.read_text() == "k" * 40
