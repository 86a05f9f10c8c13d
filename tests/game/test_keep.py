"""The keep endpoint: who may keep what, what is on disk afterwards, and that nothing is there before or after."""

import contextlib
import hashlib
import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.dataset import consent, reader, removed_takes
from shared.dataset.check import check_dataset
from shared.dataset.writer import DatasetWriter
from shared.video import Film
from shared.web.loopback import LocalServer, listen
from tests.game.moments import make_moment, multipart
from tools.game.config import EndpointConfig
from tools.game.keep import app as keep_app
from tools.game.keep.endpoint import make_endpoint, read_people
from tools.game.keep.store import MomentStore
from tools.reviewer.label_quality import find_suspects, order_by_quality
from tools.reviewer.play_scores import read_play_scores
from tools.reviewer.state import ReviewState

Answer = tuple[int, Any]


class Client:
    """Speaks with an endpoint as a page does."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port, self.folder, self.token = port, folder, "token-of-s01"

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "", **headers: str) -> Answer:
        """Send a request; returns status and content."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        fields = {"Authorization": f"Bearer {self.token}", **({"Content-Type": kind} if kind else {}), **headers}
        connection.request(method, f"/keep/{path}", body, fields)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        is_json = (answer.getheader("content-type") or "").startswith("application/json")
        return answer.status, json.loads(data) if is_json else data

    def agree(self, subject_id: str = "s01", scopes: tuple[str, ...] = ("train",)) -> Answer:
        """Read the statement, and answer it."""
        statement = self.ask("GET", f"info?subject={subject_id}&lang=ko")[1]["statement"]
        answer = {"scopes": scopes, "lang": "ko", "statement_sha256": statement["sha256"]}
        return self.ask("POST", f"consent?subject={subject_id}", json.dumps(answer).encode(), "application/json")

    def keep(self, document: dict[str, Any], pictures: bytes, subject_id: str = "s01") -> Answer:
        """Send a moment."""
        return self.ask("POST", f"moments?subject={subject_id}", *multipart(document, pictures))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """An endpoint for s01 and s02, whose dataset is not there yet."""
    folder = tmp_path / "play"
    people = {hashlib.sha256(f"token-of-{name}".encode()).hexdigest(): name for name in ("s01", "s02")}
    config = EndpointConfig(folder, tmp_path, ("https://play.example.org",), 0, "self", None)
    listener = listen([0])
    port = int(listener.getsockname()[1])
    server = LocalServer(make_endpoint(MomentStore(folder, None), people, config), listener)
    server.start()
    yield Client(port, folder)
    server.close()


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def problems_of(folder: Path) -> list[str]:
    return [str(problem) for problem in check_dataset(folder)]


def test_before_consent_and_after_a_no_nothing_is_written(client: Client, tmp_path: Path) -> None:
    document, pictures = make_moment()
    assert client.ask("GET", "consent?subject=s01")[1] == {"has_consent": False, "scopes": []}
    status, found = client.keep(document, pictures)
    assert (status, found["error"]["code"]) == (403, "no-consent")
    status, found = client.agree(scopes=())
    assert (status, found["error"]["code"]) == (403, "no-consent")
    status, found = client.agree(scopes=("publish",))
    assert (status, found["error"]["code"]) == (403, "no-consent")
    assert client.ask("GET", "moments?subject=s01") == (200, {"moments": []})
    assert list(tmp_path.iterdir()) == []


def test_a_body_never_lies_in_a_temporary_file(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    assert client.agree()[0] == 200
    rolled = []
    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", lambda _: rolled.append(1))
    document, pictures = make_moment(n_frames=600)
    assert len(pictures) > 1 << 20  # from here on a form's parts usually go to disk
    assert client.keep(document, pictures)[0] == 201
    assert rolled == []


def test_a_kept_moment_is_a_take_of_the_game_that_the_check_passes(client: Client) -> None:
    assert client.agree(scopes=("train", "publish")) == (200, {"has_consent": True, "scopes": ["train", "publish"]})
    document, pictures = make_moment()
    status, kept = client.keep(document, pictures)
    assert (status, kept["take_id"], kept["n_sequences"], kept["faults"]) == (201, "take_0001", 4, [])
    assert problems_of(client.folder) == []
    dataset = reader.open_dataset(client.folder)
    assert [(row.label, row.source, row.reviewed) for row in dataset.rows] == [
        *[("smile", "game", False)] * 2,
        *[("non_smile", "game", False)] * 2,
    ]
    assert {consent.read_consent(client.folder).of("s01").scopes} == {("train", "publish")}  # type: ignore[union-attr]
    record = json.loads((client.folder / "takes" / "take_0001.json").read_text(encoding="utf-8"))
    assert record["play"] == document["play"]
    times_ms = document["play"]["times_ms"]
    with Film(str(client.folder / "takes" / "take_0001.mp4")) as film:
        assert [frame.time_s * 1000 for frame in film] == pytest.approx(times_ms, abs=0.1)
    for row in dataset.rows:
        assert all(min(abs(time - known) for known in times_ms) <= 0.11 for time in row.frame_times_ms)
        whole = [int(np.argmin([abs(time - known) for known in times_ms])) for time in row.frame_times_ms]
        assert all((number >= 30) == (row.label == "smile") for number in whole)
    assert len(consent.permitted(dataset).rows) == 4


def test_the_same_moment_is_kept_once_and_another_of_its_id_is_refused(client: Client) -> None:
    client.agree()
    document, pictures = make_moment()
    assert client.keep(document, pictures)[0] == 201
    status, kept = client.keep(document, pictures)
    assert (status, kept["take_id"]) == (200, "take_0001")
    other = json.loads(json.dumps(document))
    other["play"]["player_label"] = None
    status, found = client.keep(other, pictures)
    assert (status, found["error"]["code"]) == (409, "other-moment")
    assert len(reader.open_dataset(client.folder).rows) == 4


def test_nobody_speaks_for_another_person(client: Client) -> None:
    client.agree()
    document, pictures = make_moment()
    client.keep(document, pictures)
    moment_id = document["play"]["moment_id"]
    client.token = "token-of-s02"
    for method, path in (
        ("GET", "moments?subject=s01"),
        ("GET", f"moments/{moment_id}/film?subject=s01"),
        ("DELETE", f"moments/{moment_id}?subject=s01"),
        ("GET", "info?subject=s01"),
    ):
        status, found = client.ask(method, path)
        assert (status, found["error"]["code"]) == (401, "not-allowed")
    assert client.keep(document, pictures)[0] == 401
    assert client.agree("s02")[0] == 200
    for method, path in (("GET", f"moments/{moment_id}/film"), ("DELETE", f"moments/{moment_id}")):
        status, found = client.ask(method, f"{path}?subject=s02")
        assert (status, found["error"]["code"]) == (404, "unknown-moment")
    status, found = client.keep(document, pictures, "s02")  # s01's moment under the own name
    assert (status, found["error"]["code"]) == (400, "bad-request")
    client.token = ""
    assert client.ask("GET", "moments?subject=s01")[0] == 401


def test_a_deleted_moment_leaves_no_picture_no_film_and_no_row(client: Client) -> None:
    client.agree()
    first, second = make_moment(), make_moment(first=500)
    client.keep(*first)
    client.keep(*second)
    dataset = reader.open_dataset(client.folder)
    gone = [row for row in dataset.rows if row.take_id == "take_0001"]
    pictures = [(client.folder / name).read_bytes() for row in gone for name in row.frame_names()]
    film = (client.folder / "takes" / "take_0001.mp4").read_bytes()
    moment_id = first[0]["play"]["moment_id"]
    assert client.ask("DELETE", f"moments/{moment_id}?subject=s01")[0] == 204
    on_disk = b"".join(path.read_bytes() for path in files_of(client.folder))
    assert not [data for data in [film, *pictures] if data in on_disk]
    assert moment_id.encode() not in on_disk
    assert b"take_0001" not in on_disk
    assert problems_of(client.folder) == []
    assert [one["take_id"] for one in client.ask("GET", "moments?subject=s01")[1]["moments"]] == ["take_0002"]
    assert client.ask("DELETE", f"moments/{moment_id}?subject=s01")[0] == 404
    assert client.keep(*make_moment(first=900))[1]["take_id"] == "take_0003"  # ids are never given twice


def test_a_deletion_that_was_cut_off_is_finished_when_the_dataset_is_next_opened(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.agree()
    document, pictures = make_moment()
    client.keep(document, pictures)
    picture = next(client.folder.glob("images/*")).read_bytes()
    real = Path.unlink

    def breaks(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".jpg" and path.name.endswith("_2.jpg"):
            raise KeyboardInterrupt
        real(path, missing_ok)

    store = MomentStore(client.folder, None)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", breaks)
        with pytest.raises(KeyboardInterrupt):
            store.delete("s01", document["play"]["moment_id"])
    assert any(path.suffix == ".jpg" for path in files_of(client.folder))
    protocol = reader.find_protocol(client.folder)
    assert protocol is not None
    with DatasetWriter(client.folder, protocol, "real"):
        pass
    assert not any(path.suffix in (".jpg", ".mp4") for path in files_of(client.folder))
    assert picture not in b"".join(path.read_bytes() for path in files_of(client.folder))
    assert removed_takes.list_removed(client.folder) == []


def test_what_was_never_acknowledged_is_not_there(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.agree()
    store = MomentStore(client.folder, None)
    first = keep_app.read_moment(*(json.dumps(make_moment()[0]).encode(), make_moment()[1]))
    second = make_moment(first=500)
    with monkeypatch.context() as patch:
        patch.setattr(DatasetWriter, "commit", lambda *_args, **_more: (_ for _ in ()).throw(KeyboardInterrupt))
        with contextlib.suppress(KeyboardInterrupt):
            store.keep(first)
    assert any(path.suffix == ".jpg" for path in files_of(client.folder))  # the power went before labels.csv
    assert client.keep(*second)[0] == 201
    assert problems_of(client.folder) == []
    names = {name for row in reader.open_dataset(client.folder).rows for name in row.frame_names()}
    assert {
        path.relative_to(client.folder).as_posix() for path in files_of(client.folder) if path.suffix == ".jpg"
    } == names
    assert list((client.folder / "trash").glob("*")) == []


def test_who_withdrew_is_not_kept_until_a_new_yes(client: Client) -> None:
    client.agree()
    client.keep(*make_moment())
    consent.withdraw(client.folder, "s01")
    status, found = client.keep(*make_moment(first=500))
    assert (status, found["error"]["code"]) == (403, "no-consent")
    assert client.ask("GET", "consent?subject=s01")[1]["has_consent"] is False
    assert client.agree()[0] == 200
    assert client.keep(*make_moment(first=500))[0] == 201


def change(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Change one entry of a document, such as play.marks.0.label."""

    def apply(document: dict[str, Any]) -> None:
        *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        part: Any = document
        for step in way:
            part = part[step]
        part[last] = value

    return apply


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("play.times_ms.1", 0, "times"),
        ("play.times_ms.59", 61_000, "at most 60"),
        ("play.scores", [0.5], "not as many each"),
        ("play.marks.0.label", "angry", "expected one of"),
        ("play.player_label", "angry", "expected one of"),
        ("play.marks.0.end_ms", 99_999, "not in the moment"),
        ("play.captured_utc", "2099-01-22T11:25:34Z", "future"),
        ("play.captured_utc", "2026-02-31T11:25:34Z", "no date"),
        ("play.moment_id", "../../etc", "moment_id"),
        ("play.trigger", "because", "trigger"),
        ("pictures.sha256", "0" * 64, "not those"),
        ("pictures.format", "png", "no png"),
        ("pictures.width_px", 48, "square"),
        ("schema_version", 2, "schema_version"),
        ("play.marks.0.start_ms", 1966, "no 5 frames"),
    ],
)
def test_a_moment_that_contradicts_itself_is_refused_whole(client: Client, path: str, value: object, says: str) -> None:
    client.agree()
    document, pictures = make_moment()
    change(path, value)(document)
    status, found = client.keep(document, pictures)
    assert (status, found["error"]["code"]) == (422, "bad-moment")
    assert says in found["error"]["text"]
    assert [path.name for path in files_of(client.folder) if path.suffix in (".jpg", ".mp4")] == []


def test_requests_of_another_shape_are_refused_without_being_kept(client: Client) -> None:
    client.agree()
    document, pictures = make_moment()
    body, kind = multipart(document, pictures)
    for body_sent, kind_sent, status in (
        (body, "application/json", 400),
        (body[:-40], kind, 400),
        (body.replace(b'name="pictures"', b'name="picture"'), kind, 400),
        (body.replace(b'name="pictures"', b'name="moment"'), kind, 400),
        (b"", kind, 400),
        (body, "multipart/form-data", 400),
    ):
        assert client.ask("POST", "moments?subject=s01", body_sent, kind_sent)[0] == status
    assert client.ask("POST", "moments?subject=../x", body, kind)[0] == 400
    assert client.ask("PUT", "moments?subject=s01", body, kind)[0] == 405
    assert client.ask("GET", "nothing?subject=s01")[0] == 404
    assert client.ask("GET", "moments")[0] == 400


def test_too_much_is_refused_before_it_is_read(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.agree()
    monkeypatch.setattr(keep_app, "MOST_BYTES", 1000)
    status, found = client.keep(*make_moment())
    assert (status, found["error"]["code"]) == (413, "too-large")


def test_another_models_frames_do_not_get_into_the_dataset(client: Client) -> None:
    client.agree()
    client.keep(*make_moment())
    document, pictures = make_moment(first=500)
    document["play"]["model"]["frame_count"] = 4
    status, found = client.keep(document, pictures)
    assert (status, found["error"]["code"]) == (409, "other-model")
    assert "frame_count = 4" in found["error"]["text"]


def test_a_dataset_that_another_program_writes_is_waited_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.dataset.writer.LOCK_PATIENCE_S", 0.05)
    client.agree()
    client.keep(*make_moment())
    protocol = reader.find_protocol(client.folder)
    assert protocol is not None
    with DatasetWriter(client.folder, protocol, "real"):
        status, found = client.keep(*make_moment(first=500))
    assert (status, found["error"]["code"]) == (503, "busy")
    assert client.keep(*make_moment(first=500))[0] == 201


def test_only_the_pages_that_were_named_may_ask_from_elsewhere(client: Client) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=30)
    for origin, allowed in (("https://play.example.org", "https://play.example.org"), ("https://evil.example", None)):
        connection.request(
            "OPTIONS",
            "/keep/moments?subject=s01",
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization",
            },
        )
        answer = connection.getresponse()
        answer.read()
        assert answer.getheader("access-control-allow-origin") == allowed
    connection.close()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("subject_id,token_sha256\n", "nobody"),
        ("subject_id,token_sha256\nKim Min,{h}\n", "pseudonym"),
        ("subject_id,token_sha256\ns01,secret\n", "no hash"),
        ("subject_id,token_sha256\ns01,{h}\ns02,{h}\n", "token of s01"),
        ("name,token\ns01,{h}\n", "row 1"),
    ],
)
def test_a_list_of_people_that_is_wrong_is_explained(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(text.replace("{h}", "a" * 64), encoding="utf-8")
    with pytest.raises(Exception, match=says):
        read_people(path)


def test_the_review_page_puts_first_where_the_detector_and_the_player_disagree(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    client.agree()
    client.keep(*make_moment())
    wrong, pictures = make_moment(first=500)
    wrong["play"]["player_label"] = "non_smile"
    wrong["play"]["marks"][0]["label"] = "non_smile"
    client.keep(wrong, pictures)
    dataset = reader.open_dataset(client.folder)
    scores = read_play_scores(dataset)
    assert scores is not None
    assert {name: round(found[1], 3) for name, found in scores.probabilities.items()} == {
        **{f"seq_{number:04d}": 0.9 for number in (1, 2, 5, 6)},
        **{f"seq_{number:04d}": 0.1 for number in (3, 4, 7, 8)},
    }
    assert order_by_quality(find_suspects(dataset, scores))[:2] == ["seq_0005", "seq_0006"]
    state = ReviewState(client.folder, "r1").state()
    assert state["suspicion_source"] == "the detector at play"
    assert set(state["suspects"]) == {row.sequence_id for row in dataset.rows}
