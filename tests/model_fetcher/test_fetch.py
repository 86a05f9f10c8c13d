"""Downloads from a real server on loopback that answers as it is told: whole, in parts, broken, wrong."""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared import paths
from shared.errors import InvalidInput, MissingOutside
from shared.faces import landmarker
from tools.model_fetcher import fetch
from tools.model_fetcher.cli import main
from tools.model_fetcher.config import USUAL
from tools.model_fetcher.fetch import MODELS, Model, download

ASSETS = paths.assets()  # before a test has a home of its own
DATA = bytes(range(256)) * 600  # 153,600 bytes: more than one chunk


class Server(http.server.ThreadingHTTPServer):
    """Serves DATA; `breaks` connections end after 100,000 bytes, `knows_ranges` or sends all of it each time."""

    breaks = 0
    knows_ranges = True
    status = 200
    data = DATA
    asked: list[str | None]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/model"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers["Range"]
        self.server.asked.append(asked)
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        begin = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.server.knows_ranges else 0
        data = self.server.data[begin:]
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.server.breaks:
            self.server.breaks -= 1
            data = data[:100_000]
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.asked = []
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def model_at(url: str, data: bytes = DATA) -> Model:
    return Model("model.onnx", hashlib.sha256(data).hexdigest(), len(data), url, "MIT")


def test_a_file_arrives_whole_and_nothing_else_is_left(server: Server, tmp_path: Path) -> None:
    download(model_at(server.url), tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == DATA
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_a_broken_connection_is_taken_up_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.breaks = 1
    download(model_at(server.url), tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == DATA
    assert server.asked == [None, "bytes=100000-"]


def test_the_part_of_an_earlier_run_is_gone_on_with(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".model.onnx.part").write_bytes(DATA[:70_000])
    download(model_at(server.url), tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == DATA
    assert server.asked == ["bytes=70000-"]


def test_a_server_that_knows_no_ranges_sends_all_of_it_again(server: Server, tmp_path: Path) -> None:
    server.knows_ranges, server.breaks = False, 1
    download(model_at(server.url), tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == DATA


def test_a_server_that_breaks_off_each_time_is_exit_3_and_the_part_is_kept(server: Server, tmp_path: Path) -> None:
    server.knows_ranges, server.breaks = False, 99
    with pytest.raises(MissingOutside, match="breaks off again and again"):
        download(model_at(server.url), tmp_path / "model.onnx")
    assert (tmp_path / ".model.onnx.part").stat().st_size == 100_000
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize("data", [DATA[:-1] + b"x", DATA + b"more"], ids=["one byte", "longer"])
def test_another_file_than_the_known_one_is_refused_and_thrown_away(
    data: bytes, server: Server, tmp_path: Path
) -> None:
    server.data = data
    with pytest.raises(InvalidInput, match="sha256"):
        download(model_at(server.url), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_what_the_server_does_not_have_is_exit_3(server: Server, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(MissingOutside, match="HTTP 404"):
        download(model_at(server.url), tmp_path / "model.onnx")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(list(words))
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_without_a_network_it_is_exit_3_in_one_line_that_names_a_way(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Server(("127.0.0.1", 0), Handler) as closed:
        url = closed.url
    monkeypatch.setitem(fetch.MODELS, "yunet", model_at(url))
    code, out, err = run(capsys, "--only", "yunet")
    assert (code, out) == (3, "")
    assert err.count("\n") == 1
    assert "./inv fetch-models --folder DIR" in err


def test_from_a_folder_the_known_files_are_copied_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = ASSETS / "models"
    if not (source / MODELS["face_landmarker"].file).is_file():
        pytest.skip("no models in SMILEBENCH_ASSETS")
    code, out, err = run(capsys, "--from", str(source), "--json")
    assert (code, err) == (0, "")
    assert [file["was_there"] for file in json.loads(out)["files"]] == [False, False]
    assert landmarker.find_model() == home / "artifacts" / "fetched" / "face_landmarker.task"
    assert (home / "artifacts" / "fetched" / "face_landmarker.task").stat().st_size == MODELS["face_landmarker"].n_bytes
    code, out, _ = run(capsys, "--from", "/no/such/folder")  # nothing is read, as all is there
    assert code == 0
    assert out.count("was there") == 2


def test_a_wrong_file_in_the_folder_is_exit_1_and_the_place_stays_empty(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / MODELS["yunet"].file).write_bytes(b"no model")
    code, _, err = run(capsys, "--only", "yunet", "--from", str(tmp_path))
    assert code == 1
    assert "sha256" in err
    assert list((home / "artifacts" / "fetched").iterdir()) == []


def test_models_without_an_address_are_copied_by_hash_and_never_asked_for_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    assert main(["--only", "yamnet"]) == 3
    assert "./inv fetch-models --only yamnet --folder DIR" in capsys.readouterr().err
    if ASSETS is None or not (ASSETS / "models" / MODELS["yamnet"].file).is_file():
        pytest.skip("no models beside the project")
    for name in ("yamnet", "emotions", "emotions_card"):
        assert main(["--only", name, "--from", str(ASSETS / "models"), "--quiet"]) == 0
        assert (landmarker.model_folders()[0] / MODELS[name].file).is_file()


def test_enet_comes_from_one_commit_and_only_when_asked_for() -> None:
    enet = MODELS["enet"]
    assert "/af833487321c3efdcb1768a91a6c656a1986fdf6/" in enet.url, "a branch would be another file one day"
    assert "research" in enet.licence
    assert "enet" not in USUAL
