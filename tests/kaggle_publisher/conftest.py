"""A server on loopback that behaves like Kaggle's API for what a release uses, with faults on request."""

import base64
import io
import json
import re
import socket
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import filelock
import pytest

from shared.dataset import consent
from shared.dataset.consent import Agreement
from shared.dataset.protocol import parse_protocol, read_protocol
from shared.dataset.reader import Dataset
from tools.kaggle_publisher.cli import main
from tools.kaggle_publisher.remote import remote

ID = "team/friends-face-sequences"
PORT = 7777  # where the client goes under KAGGLE_API_ENVIRONMENT=TEST
TOKEN = "KGAT_planted_0123456789abcdef"
USER = "team"


class StandIn:
    """What the server knows, and what it shall do wrong.

    faults: (name of a request, or "PUT") → a list of faults, each used up once: an HTTP status, ("cut", n) to close the
    connection after n bytes of a blob, ("slow", s) to answer late, or ("expired",) for an upload that is gone. Of
    requests: ("request", n) closes after n bytes of the body; ("before",) after all of it, and does nothing;
    ("after", n) does it and closes after n bytes of the answer; ("late", s) closes, and does it s seconds later;
    ("says", status, type, bytes) answers that without doing anything, ("does", status, type, bytes) after doing it.
    always: the same, for every request of that name.
    details: overrides what GetDataset says; a value of ... leaves the key out.
    """

    def __init__(self) -> None:
        self.blobs: dict[str, bytearray] = {}
        self.sizes: dict[str, int] = {}
        self.names: dict[str, str] = {}
        self.datasets: dict[str, list[dict[str, bytes]]] = {}
        self.private: dict[str, bool] = {}
        self.descriptions: dict[str, str] = {}
        self.faults: dict[str, list[Any]] = {}
        self.always: dict[str, Any] = {}
        self.details: dict[str, Any] = {}
        self.calls: Counter[str] = Counter()
        self.tokens = {TOKEN}
        self.pending_answers = 0
        self.page_size = 7
        self.hides: set[str] = set()

    def fault(self, name: str) -> Any:
        self.calls[name] += 1
        waiting = self.faults.get(name)
        return waiting.pop(0) if waiting else self.always.get(name)

    def make_version(self, dataset_id: str, files: list[dict[str, str]]) -> None:
        content: dict[str, bytes] = {}
        for file in files:
            token = file["token"]
            assert len(self.blobs[token]) == self.sizes[token], "a version of a blob that has not arrived"
            if self.names[token] == "images.zip":  # as Kaggle does: an archive becomes a folder of its name
                with zipfile.ZipFile(io.BytesIO(bytes(self.blobs[token]))) as archive:
                    content.update({f"images/{name}": archive.read(name) for name in archive.namelist()})
            else:
                content[self.names[token]] = bytes(self.blobs[token])
        self.datasets.setdefault(dataset_id, []).append(content)


class Handler(BaseHTTPRequestHandler):
    server: Any
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    @property
    def kaggle(self) -> StandIn:
        found: StandIn = self.server.kaggle
        return found

    def answer(self, status: int, document: Any = None, headers: dict[str, str] | None = None) -> None:
        data = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        if document is not None:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        name = self.path.rsplit("/", 1)[-1]
        fault = self.kaggle.fault(name)
        kind = fault[0] if isinstance(fault, tuple) else None
        if kind == "request":
            self.rfile.read(fault[1])
            return self.hang_up()
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        if kind == "slow":
            threading.Event().wait(fault[1])
        elif kind is not None:
            return self.fail(kind, fault, name, body)
        elif fault is not None:
            headers = {"Retry-After": "0"} if fault == 429 else {}
            return self.answer(
                fault, {"code": fault, "message": f"refused {self.headers.get('Authorization')}"}, headers
            )
        if name != "IntrospectToken" and not self.is_known():
            return self.answer(401, {"code": 401, "message": "Unauthenticated"})
        return self.work(name, body)

    def work(self, name: str, body: Any) -> None:
        getattr(self, "do_" + re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower())(body)

    def work_unheard(self, name: str, body: Any) -> None:
        self.wfile = io.BytesIO()
        self.work(name, body)

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()

    def fail(self, kind: str, fault: Any, name: str, body: Any) -> None:
        wire, self.wfile = self.wfile, io.BytesIO()
        if kind == "late":
            threading.Timer(fault[1], self.work_unheard, (name, body)).start()
        elif kind in ("after", "does"):
            self.work(name, body)
        said, self.wfile = self.wfile, wire
        if kind in ("says", "does"):
            _, status, media, data = fault
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            return
        if kind == "after":
            self.wfile.write(said.getvalue()[: fault[1]])
        self.hang_up()

    def is_known(self) -> bool:
        kind, _, value = (self.headers.get("Authorization") or "").partition(" ")
        if kind == "Basic":
            return base64.b64decode(value).decode().partition(":")[2] in self.kaggle.tokens
        return value in self.kaggle.tokens

    def do_introspect_token(self, body: Any) -> None:
        self.answer(200, {"active": body["token"] in self.kaggle.tokens, "username": USER})

    def do_start_blob_upload(self, body: Any) -> None:
        token = f"blob-{len(self.kaggle.names) + 1}"
        self.kaggle.names[token], self.kaggle.sizes[token] = body["name"], body["contentLength"]
        self.kaggle.blobs[token] = bytearray()
        self.answer(200, {"token": token, "createUrl": f"http://localhost:{PORT}/blobs/{token}"})

    def do_PUT(self) -> None:
        token = self.path.rsplit("/", 1)[-1]
        length = int(self.headers.get("Content-Length") or 0)
        content_range = self.headers.get("Content-Range", "")
        fault = self.kaggle.fault("PUT" if length else "PUT?")
        blob, size = self.kaggle.blobs[token], self.kaggle.sizes[token]
        if isinstance(fault, tuple) and fault[0] == "cut":
            blob += self.rfile.read(min(fault[1], length))
            self.close_connection = True
            self.connection.close()
            return None
        data = self.rfile.read(length)
        if isinstance(fault, tuple) and fault[0] == "expired":
            return self.answer(404)
        if isinstance(fault, int):
            return self.answer(fault)
        if content_range.startswith("bytes */"):
            if len(blob) == size:
                return self.answer(200, {})
            return self.answer(308, headers={"Range": f"bytes=0-{len(blob) - 1}"} if blob else {})
        match = re.fullmatch(r"bytes (\d+)-\d+/\d+", content_range)
        start = int(match[1]) if match else 0
        blob[start:] = data
        return self.answer(200 if len(blob) == size else 308, {} if len(blob) == size else None)

    def id_of(self, body: Any) -> str:
        return f"{body['ownerSlug']}/{body['datasetSlug' if 'datasetSlug' in body else 'slug']}"

    def do_create_dataset(self, body: Any) -> None:
        dataset_id = self.id_of(body)
        if dataset_id in self.kaggle.datasets:
            return self.answer(409, {"code": 409, "message": "title in use"})
        self.kaggle.make_version(dataset_id, body["files"])
        self.kaggle.private[dataset_id] = body.get("isPrivate", False)
        self.kaggle.descriptions[dataset_id] = body["description"]
        return self.answer(200, {"status": "ok", "url": f"https://www.kaggle.com/datasets/{dataset_id}"})

    def do_create_dataset_version(self, body: Any) -> None:
        self.kaggle.make_version(self.id_of(body), body["body"]["files"])
        self.answer(200, {"status": "ok", "url": f"https://www.kaggle.com/datasets/{self.id_of(body)}"})

    def do_get_dataset_status(self, body: Any) -> None:
        if self.id_of(body) not in self.kaggle.datasets:
            return self.answer(403, {"code": 403, "message": "Permission denied"})
        if self.kaggle.pending_answers > 0:
            self.kaggle.pending_answers -= 1
            return self.answer(200, {"status": "BLOBS_DECOMPRESSED"})
        return self.answer(200, {"status": "READY"})

    def do_get_dataset(self, body: Any) -> None:
        dataset_id = self.id_of(body)
        if dataset_id not in self.kaggle.datasets:
            return self.answer(404, {"code": 404, "message": "not found"})
        facts = {
            "ref": dataset_id,
            "isPrivate": self.kaggle.private[dataset_id],
            "currentVersionNumber": len(self.kaggle.datasets[dataset_id]),
            **self.kaggle.details,
        }
        return self.answer(200, {key: value for key, value in facts.items() if value is not ...})

    def version(self, body: Any) -> dict[str, bytes]:
        number = body.get("datasetVersionNumber")
        return self.kaggle.datasets[self.id_of(body)][int(number) - 1 if number else -1]

    def do_list_dataset_files(self, body: Any) -> None:
        content = self.version(body)
        files = sorted(set(content) - self.kaggle.hides)
        start = int(body.get("pageToken") or 0)
        page = files[start : start + self.kaggle.page_size]
        more = str(start + self.kaggle.page_size) if start + self.kaggle.page_size < len(files) else ""
        listed = [{"name": name, "totalBytes": len(content[name])} for name in page]
        self.answer(200, {"datasetFiles": listed, "nextPageToken": more})

    def do_download_dataset(self, body: Any) -> None:
        content = self.version(body)
        if body.get("fileName") and body["fileName"] not in content:
            return self.answer(404, {"code": 404, "message": "not found"})
        if body.get("fileName"):
            data = content[body["fileName"]]
        else:
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                for name, part in content.items():
                    archive.writestr(name, part)
            data = packed.getvalue()
        self.server.downloads[str(len(self.server.downloads))] = data
        number = len(self.server.downloads) - 1
        name = body.get("fileName") or "archive.zip"
        self.send_response(302)
        self.send_header("Location", f"http://localhost:{PORT}/download/{number}/{name}")
        self.send_header("Content-Length", "0")
        return self.end_headers()

    def do_GET(self) -> None:
        data = self.server.downloads[self.path.split("/")[2]]
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Last-Modified", "Thu, 22 Jan 2026 11:25:34 GMT")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that did not wait for its answer is no error of the server."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses."""
    monkeypatch.setattr(remote, "POLL_S", 0.01)
    monkeypatch.setattr(remote, "LONGEST_PAUSE_S", 0.01)


PROTOCOL = parse_protocol({**read_protocol().document, "image_size_px": 64}, "test")


@pytest.fixture
def friends(make_dataset: Callable[..., Dataset], tmp_path: Path) -> Dataset:
    """Three people in small pictures, who agreed to be published."""
    dataset = make_dataset(tmp_path / "friends", subjects=3, kind="real", protocol=PROTOCOL)
    for subject in dataset.subjects():
        consent.record(dataset.folder, Agreement(subject, ("train", "publish"), "2026-01-22T11:25:34Z"))
    return dataset


Publish = Callable[..., int]


@pytest.fixture
def publish(friends: Dataset, tmp_path: Path) -> Publish:
    """Publish the friends: ``publish(*flags, quiet=True)``; returns the exit code."""

    def run(*flags: str, quiet: bool = True) -> int:
        words = ["--dataset", str(friends.folder), "--owner", "team", "--out", str(tmp_path / "out")]
        return main([*words, "--allow-unreviewed", "--yes", *(["--quiet"] if quiet else []), *flags])

    return run


def read_staged(out: Path) -> dict[str, bytes]:
    """Read what was staged to go: path → bytes."""
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    found.pop("dataset-metadata.json")
    return found


@pytest.fixture
def staged(tmp_path: Path) -> Callable[[], dict[str, bytes]]:
    """Return `read_staged` of the staging folder."""
    return lambda: read_staged(tmp_path / "out")


@pytest.fixture
def kaggle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The stand-in, running, and this process logged in to it with a planted token."""
    lock = filelock.FileLock(Path(gettempdir()) / f"smilebench-port-{PORT}.lock")  # tests run in several processes
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    for name in ("KAGGLE_CONFIG_DIR", "KAGGLE_USERNAME", "KAGGLE_KEY", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    with lock:
        server = Server(("127.0.0.1", PORT), Handler)
        server.kaggle, server.downloads = StandIn(), {}  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server.kaggle  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
