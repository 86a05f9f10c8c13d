"""The recording page's server: consent before any byte, films whole or not at all, nothing for strangers."""

import contextlib
import hashlib
import json
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.dataset import consent
from tests.studio.record.conftest import PART, CountingRecorder, Desk, film, ivf, jpeg
from tools.studio.record import takes
from tools.studio.record.run_recorder import Answer

ID = "0b6a1f6e-2c1d-4f57-9a3b-6a1f0d2c4e5f"


def _films() -> list[Path]:
    return [path for path in takes.folder().rglob("*") if path.suffix in (".ivf", ".part")]


def test_a_film_arrives_in_parts_and_becomes_a_take(desk: Desk) -> None:
    assert desk.agree().json()["needs_consent"] is False
    data = ivf([(number * 1000, jpeg(number % 200, (1280, 720))) for number in range(300)], size_px=(1280, 720))
    n_parts = -(-len(data) // PART)
    assert n_parts > 1
    assert desk.begin(ID).json() == {"status": "receiving", "parts": []}
    for number in reversed(range(n_parts)):
        part = data[number * PART : (number + 1) * PART]
        assert desk.ask("PUT", f"/api/record/takes/{ID}/parts/{number}", data=part).status_code == 204
    assert desk.begin(ID).json()["parts"] == list(range(n_parts))
    size = {"width_px": 1280, "height_px": 720}
    assert desk.finish(ID, data, n_parts, **size).json()["status"] in ("waiting", "stored")
    assert desk.follow(ID)["status"] == "stored"
    assert desk.recorder.seen == [hashlib.sha256(data).hexdigest()]
    assert _films() == []  # the dataset has its own; no face lies about here
    assert desk.finish(ID, data, n_parts, **size).json()["status"] == "stored"  # said again, nothing is done again
    assert len(desk.recorder.seen) == 1


def test_without_consent_nothing_is_taken_in_and_nothing_written(desk: Desk, home: Path) -> None:
    assert desk.begin(ID).json()["error"]["code"] == "no_consent"
    assert desk.ask("PUT", f"/api/record/takes/{ID}/parts/0", data=b"x").json()["error"]["code"] == "unknown_take"
    for scopes in ([], ["publish"]):
        assert desk.agree(scopes=scopes).json()["error"]["code"] == "no_consent"
    assert desk.agree(statement_sha256="0" * 64).json()["error"]["code"] == "no_consent"
    assert not (home / "datasets").exists()
    assert list(takes.folder().iterdir()) == []


def test_consent_that_is_taken_back_meanwhile_counts(desk: Desk, home: Path) -> None:
    desk.agree()
    desk.begin(ID)
    desk.ask("PUT", f"/api/record/takes/{ID}/parts/0", data=film())
    consent.withdraw(home / "datasets" / "people", "s01")
    assert desk.finish(ID, film()).json()["error"]["code"] == "no_consent"
    assert desk.recorder.seen == []


def test_the_consent_row_is_what_the_recorder_writes(desk: Desk, home: Path) -> None:
    desk.agree(scopes=["publish", "train"], given_by="guardian", lang="en")
    row = consent.read_consent(home / "datasets" / "people").of("s01")
    assert row is not None
    assert (row.scopes, row.method, row.lang, row.given_by) == (("train", "publish"), "screen", "en", "guardian")


@pytest.mark.parametrize(
    ("subject", "dataset"),
    [
        ("민아", "people"), ("s 01", "people"), ("<script>alert(1)</script>", "people"), ("../s01", "people"),
        ("s01'\"", "people"), ("", "people"), ("con", "people"), ("s01", "../people"), ("s01", "우리 얼굴"),
        ("s01", "<script>"), ("s01", "/etc"), ("s01", "a/b"), ("s01", ""), ("s01", "x" * 300),
    ],
)  # fmt: skip
def test_names_that_are_none_are_refused_and_make_no_folder(desk: Desk, home: Path, subject: str, dataset: str) -> None:
    assert desk.agree(subject, dataset).json()["error"]["code"] == "bad_request"
    assert not (home / "datasets").exists()


def test_a_slip_of_the_hand_is_named(desk: Desk) -> None:
    desk.agree("h02")
    answer = desk.ask("POST", "/api/record/person", {"dataset": "people", "subject_id": "H02"}).json()
    assert answer["error"] == {"code": "other_spelling", "text": "h02"}
    assert desk.ask("GET", "/api/record/dataset?dataset=people").json()["next"] == "s01"
    desk.agree("s07")
    assert desk.ask("GET", "/api/record/dataset?dataset=people").json()["next"] == "s08"


def test_films_that_are_not_the_pages_are_dropped_whole(desk: Desk) -> None:
    desk.agree()
    for data, changes in (
        (b"#EXTM3U\nfile:///etc/passwd", {}),
        (film()[:-1], {}),
        (film(), {"width_px": 97}),
        (film(), {"codec": "vp8"}),
        (film(), {"browser": "<script>"}),
        (film(), {"capture_id": "mine", "extra": 1}),
    ):
        take_id = str(uuid.uuid4())
        desk.begin(take_id)
        desk.ask("PUT", f"/api/record/takes/{take_id}/parts/0", data=data)
        assert desk.finish(take_id, data, **changes).json()["error"]["code"] == "bad_film", changes
    assert list(takes.folder().iterdir()) == []
    assert desk.recorder.seen == []


def test_a_missing_or_changed_part_is_told(desk: Desk) -> None:
    desk.agree()
    desk.begin(ID)
    assert desk.finish(ID, film()).json()["error"]["text"] == "part 0 is missing"
    desk.ask("PUT", f"/api/record/takes/{ID}/parts/0", data=film(11))
    assert desk.finish(ID, film(12)).json()["error"]["code"] == "bad_film"


def test_what_is_too_large_is_refused_before_it_is_read(desk: Desk) -> None:
    desk.agree()
    desk.begin(ID)

    def endless() -> Any:
        for _ in range(4000):
            yield bytes(1 << 20)

    place = f"/api/record/takes/{ID}/parts"
    assert desk.ask("PUT", f"{place}/0", data=bytes(PART + 1)).status_code == 413
    with contextlib.suppress(OSError):  # the connection is closed while more is being sent
        assert desk.ask("PUT", f"{place}/0", data=endless()).status_code == 413
    assert desk.ask("PUT", f"{place}/132", data=b"x").status_code == 413  # 132 parts of 1 MB are more than 11 s have
    assert desk.ask("PUT", f"{place}/-1", data=b"x").status_code == 404
    assert _films() == []
    told = json.dumps({"dataset": "people", "subject_id": "s01", "lang": "e" * 100_000})
    kind = {"Content-Type": "application/json"}
    assert desk.ask("POST", "/api/record/person", data=told, **kind).status_code == 413


def test_a_studio_that_starts_again_records_what_had_arrived(make_desk: Callable[..., Desk]) -> None:
    dead = CountingRecorder(answers=[Answer(None, "killed", -9)] * 3)
    first = make_desk(dead)
    first.agree()
    take_id = first.send(film())
    while first.ask("GET", f"/api/record/takes/{take_id}").json()["status"] == "waiting":
        time.sleep(0.05)
    assert first.follow(take_id)["status"] == "failed"
    assert len(_films()) == 1  # what was received is not lost
    first.recording.close()
    second = make_desk()
    assert second.follow(take_id)["status"] == "stored"
    assert second.recorder.seen == [hashlib.sha256(film()).hexdigest()]


def test_what_is_broken_off_is_dropped_after_an_hour_and_only_that(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.agree()
    desk.begin(ID)
    desk.ask("PUT", f"/api/record/takes/{ID}/parts/0", data=film())
    monkeypatch.setattr(takes, "ABANDONED_S", -1.0)
    stored = desk.send(film(11))
    assert [place.name for place in takes.folder().iterdir()] == [stored]
    assert desk.follow(stored)["status"] == "stored"


def test_a_page_that_dies_again_and_again_leaves_room_for_the_next(desk: Desk) -> None:
    desk.agree()
    for _ in range(9):
        take_id = str(uuid.uuid4())
        assert desk.begin(take_id).status_code == 200
        desk.ask("PUT", f"/api/record/takes/{take_id}/parts/0", data=film())
    assert len(list(takes.folder().iterdir())) == takes.MOST_OPEN_OF_ONE
    assert desk.follow(desk.send(film(11)))["status"] == "stored"


def test_what_became_of_a_take_is_told_in_codes(make_desk: Callable[..., Desk]) -> None:
    told = {"takes": [], "set_aside": [], "refused": [], "n_takes_of_subject": 0}
    aside = {"take_id": "take_0001", "faults": ["dark"]}
    answers = [
        Answer({**told, "set_aside": [aside]}, None, 1),
        Answer({**told, "refused": [{"reason": "take refused: …", "cause": "gap"}]}, None, 1),
        Answer(None, "people: found dataset.json of version 9", 1),
    ]
    desk = make_desk(CountingRecorder(answers=answers))
    desk.agree()
    states = [desk.follow(desk.send(film(n))) for n in (10, 11, 12)]
    assert states[0] == {"status": "apart", "n_takes": 0, "take_id": "take_0001", "faults": ["dark"]}
    assert (states[1]["status"], states[1]["cause"]) == ("refused", "gap")
    assert (states[2]["status"], states[2]["reason"]) == ("refused", "people: found dataset.json of version 9")
    assert _films() == []


def test_a_full_disk_is_said_and_the_film_waits(
    make_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takes, "_NO_ROOM_RETRY_S", 0.3)
    told = {"takes": [], "set_aside": [], "n_takes_of_subject": 0}
    full = Answer({**told, "refused": [{"reason": "no space left", "cause": "disk"}]}, None, 1)
    desk = make_desk(CountingRecorder(answers=[full]))
    desk.agree()
    take_id = desk.send(film())
    states = set()
    while (state := desk.ask("GET", f"/api/record/takes/{take_id}").json()["status"]) != "stored":
        states.add(state)
    assert "no_room" in states


def test_no_space_for_a_part_leaves_nothing_half(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    desk.agree()
    desk.begin(ID)

    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(takes.contracts, "write_bytes", full)
    answer = desk.ask("PUT", f"/api/record/takes/{ID}/parts/0", data=film())
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "no_room")
    assert _films() == []


def test_a_dataset_that_is_deleted_meanwhile_refuses_the_film(desk: Desk, home: Path) -> None:
    desk.agree()
    desk.begin(ID)
    desk.ask("PUT", f"/api/record/takes/{ID}/parts/0", data=film())
    shutil.rmtree(home / "datasets" / "people")
    assert desk.finish(ID, film()).json()["error"]["code"] == "no_consent"


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": ""}, {"Cookie": "studio_1=wrong"}, {"Host": "evil.example"}, {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"},
    ],
)  # fmt: skip
def test_who_is_not_the_page_gets_nothing(desk: Desk, headers: dict[str, str]) -> None:
    desk.agree()
    requests: list[tuple[str, str]] = [
        ("GET", "/record"), ("GET", "/record/page/record.js"), ("GET", "/api/record/start"),
        ("GET", "/api/record/dataset?dataset=people"), ("POST", "/api/record/person"), ("POST", "/api/record/consent"),
        ("POST", "/api/record/look?dataset=people"), ("POST", f"/api/record/takes/{ID}"),
        ("PUT", f"/api/record/takes/{ID}/parts/0"), ("POST", f"/api/record/takes/{ID}/finish"),
        ("DELETE", f"/api/record/takes/{ID}"),
    ]  # fmt: skip
    for method, path in requests:
        assert desk.ask(method, path, {} if method == "POST" else None, **headers).status_code == 403, path
    assert list(takes.folder().iterdir()) == []


def test_what_changes_something_names_its_origin(desk: Desk) -> None:
    told = {"dataset": "people", "subject_id": "s01", "lang": "en"}
    assert desk.ask("POST", "/api/record/consent", told, Origin="").status_code == 403
    assert desk.ask("PUT", f"/api/record/takes/{ID}/parts/0", data=b"x", Origin="").status_code == 403
    kind = {"Content-Type": "text/plain"}
    assert desk.ask("POST", "/api/record/consent", data=json.dumps(told), **kind).status_code == 400


@pytest.mark.parametrize("name", ["..", "../../people", "%2e%2e", "%2e%2e%2f%2e%2e", "x", ID.upper(), f"{ID}/../x"])
def test_ids_are_no_paths(desk: Desk, home: Path, name: str) -> None:
    desk.agree()
    told = {"dataset": "people", "subject_id": "s01", "lang": "en"}
    answer = desk.ask("POST", f"/api/record/takes/{name}", told)
    assert answer.status_code in (400, 404, 405)
    assert list(takes.folder().iterdir()) == []
    assert desk.ask("GET", f"/record/page/{name}").status_code in (403, 404)
    assert desk.ask("GET", "/record/page/..%2fwords.toml").status_code == 404


def test_pictures_are_judged_by_the_recorders_limits(desk: Desk) -> None:
    kind = {"Content-Type": "image/jpeg"}
    path = "/api/record/look?dataset=people"
    answer = desk.ask("POST", path, data=jpeg(3, (640, 360)), **kind).json()
    assert (answer["fault"], answer["knows_faces"]) == ("blank", False)
    for data in (b"", b"GIF89a", jpeg(90, (4000, 40)), jpeg()[:40]):
        assert desk.ask("POST", path, data=data, **kind).status_code == 400
    assert desk.ask("POST", path, data=bytes(2 << 20), **kind).status_code == 413
    assert desk.ask("POST", "/api/record/look?dataset=..", data=jpeg(), **kind).status_code == 400


def test_the_page_has_words_for_every_code_and_fault_in_both_languages(desk: Desk) -> None:
    from shared.dataset.quality import FAULTS
    from shared.text.fault_words import OF_SMILES, WHY_NOT_STORED
    from tools.studio.record.refusal import Code

    words = desk.ask("GET", "/api/record/start").json()["words"]
    assert set(words["en"]) == set(words["ko"])
    special = {"bad_request"}  # said by the field that it is about
    assert {str(code) for code in Code} - special <= set(words["en"])
    assert set(FAULTS) <= set(words["en"])
    assert {*OF_SMILES, *WHY_NOT_STORED} <= set(words["en"])
    page = Path(takes.__file__).parent / "page"
    source = "".join(path.read_text(encoding="utf-8") for path in page.glob("*.js"))
    assert "innerHTML" not in source  # names are text
    html = (page / "record.html").read_text(encoding="utf-8")
    import re

    assert set(re.findall(r'data-t="(\w+)"', html)) <= set(words["en"])
    assert set(re.findall(r'\bt\("(\w+)"', source)) <= set(words["en"])
