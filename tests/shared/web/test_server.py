"""What the page server gives a browser, and what it keeps to itself."""

import http.client
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from shared.web.server import PageServer


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Two served folders, a secret beside them, a hidden file and a link that leads out."""
    pages, model = tmp_path / "pages", tmp_path / "model"
    (pages / "inner").mkdir(parents=True)
    model.mkdir()
    (tmp_path / "secret.json").write_text("{}", encoding="utf-8")
    (pages / "index.html").write_text("<p>hello", encoding="utf-8")
    (pages / "inner" / "index.html").write_text("<p>inner", encoding="utf-8")
    (pages / "app.mjs").write_text("export {};", encoding="utf-8")
    (pages / ".env.json").write_text("{}", encoding="utf-8")
    (pages / "notes.bak").write_text("not a page", encoding="utf-8")
    (pages / "link.json").symlink_to(tmp_path / "secret.json")
    (model / "얼굴 1.onnx").write_bytes(bytes(range(256)) * 5000)
    (model / "ort.wasm").write_bytes(b"\0asm")
    return {"/": pages, "/model/": model}


@pytest.fixture
def server(folders: dict[str, Path]) -> Iterator[PageServer]:
    with PageServer(folders) as opened:
        yield opened


def ask(
    server: PageServer,
    target: str,
    method: str = "GET",
    host: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """Send a target exactly as it stands; urllib would tidy it up."""
    connection = http.client.HTTPConnection("127.0.0.1", int(server.url.rstrip("/").rsplit(":", 1)[1]), timeout=10)
    connection.putrequest(method, target, skip_host=True)
    connection.putheader("Host", host or server.url.removeprefix("http://").rstrip("/"))
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.title(): value for name, value in answer.getheaders()}, body


@pytest.mark.parametrize(
    ("target", "content_type", "start"),
    [
        ("/", "text/html; charset=utf-8", b"<p>hello"),
        ("/?lang=ko#x", "text/html; charset=utf-8", b"<p>hello"),
        ("/inner/", "text/html; charset=utf-8", b"<p>inner"),
        ("/app.mjs", "text/javascript; charset=utf-8", b"export"),
        ("/model/ort.wasm", "application/wasm", b"\0asm"),
        ("/model/%EC%96%BC%EA%B5%B4%201.onnx", "application/octet-stream", bytes(range(256)) * 5000),
    ],
)
def test_a_file_comes_whole_and_with_its_type(server: PageServer, target: str, content_type: str, start: bytes) -> None:
    status, headers, body = ask(server, target)
    assert status == 200
    assert headers["Content-Type"] == content_type
    assert body == start or (len(start) < 10 and body.startswith(start))


@pytest.mark.parametrize(
    "target",
    [
        "/../secret.json",
        "/%2e%2e/secret.json",
        "/inner/../../secret.json",
        "/model/..%2f..%2fsecret.json",
        "/..\\secret.json",
        "//secret.json/..",
        "/link.json",
        "/.env.json",
        "/notes.bak",
        "/inner",
        "/model/",
        "/model/missing.onnx",
        "/app.mjs/",
        "/app.mjs%00.html",
        "secret.json",
    ],
)
def test_what_is_not_a_page_of_its_folders_is_not_found(server: PageServer, target: str) -> None:
    status, _, body = ask(server, target)
    assert (status, body) == (404, b"not found\n")


def test_every_answer_isolates_the_page_and_keeps_it_on_this_computer(server: PageServer) -> None:
    for target in ("/", "/missing.html"):
        _, headers, _ = ask(server, target)
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "http" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_isolation_can_be_left_out_to_see_what_a_page_does_then(folders: dict[str, Path]) -> None:
    with PageServer(folders, isolated=False) as server:
        _, headers, _ = ask(server, "/")
    assert "Cross-Origin-Opener-Policy" not in headers
    assert "Cross-Origin-Embedder-Policy" not in headers


def test_another_name_that_leads_here_gets_nothing(server: PageServer) -> None:
    # A page of another site can let its own name point to 127.0.0.1; the browser then takes both for one origin.
    assert ask(server, "/", host="evil.example:80")[0] == 404
    assert ask(server, "/", host="localhost:1")[0] == 200


def test_it_only_reads(server: PageServer, folders: dict[str, Path]) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert ask(server, "/index.html", method)[0] == 501
    status, headers, body = ask(server, "/index.html", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, "8", b"")
    assert (folders["/"] / "index.html").read_text() == "<p>hello"


def test_a_part_of_a_film_comes_when_a_browser_seeks(server: PageServer) -> None:
    target, whole = "/model/%EC%96%BC%EA%B5%B4%201.onnx", bytes(range(256)) * 5000
    status, headers, body = ask(server, target, headers={"Range": "bytes=1000-1255"})
    assert (status, body) == (206, whole[1000:1256])
    assert headers["Content-Range"] == f"bytes 1000-1255/{len(whole)}"
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert ask(server, target, headers={"Range": "bytes=-10"})[2] == whole[-10:]
    assert ask(server, target, headers={"Range": f"bytes={len(whole)}-"})[0] == 416
    assert ask(server, target)[1]["Accept-Ranges"] == "bytes"


def test_requests_are_listed_with_their_status(server: PageServer) -> None:
    ask(server, "/app.mjs")
    ask(server, "/nothing.json")
    assert server.requests == [("/app.mjs", 200), ("/nothing.json", 404)]


def test_it_listens_on_loopback_only_and_lets_go_of_its_port(folders: dict[str, Path]) -> None:
    with PageServer(folders) as server:
        assert server.url.startswith("http://127.0.0.1:")
        port = int(server.url.rstrip("/").rsplit(":", 1)[1])
    with PageServer(folders, port=port) as again, urllib.request.urlopen(again.url, timeout=10) as answer:
        assert answer.status == 200


def test_an_interrupted_server_lets_go_of_its_port_too(folders: dict[str, Path]) -> None:
    server = PageServer(folders)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    assert ask(server, "/")[0] == 200
    server.close()
    thread.join(5)
    assert not thread.is_alive()
    with pytest.raises(OSError, match="refused"):
        ask(server, "/")
