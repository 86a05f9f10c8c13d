"""The game as a command: what it needs, what it serves, and to whom."""

import http.client
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.game.cli import main


def test_without_a_hand_off_it_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    assert main(["--model", "people-e2", "--no-open"]) == 1
    assert "./inv handoff --model people-e2" in capsys.readouterr().err
    assert main(["--no-open"]) == 1
    assert "./inv handoff" in capsys.readouterr().err


def test_a_hand_off_from_before_the_client_is_written_again(
    tmp_path: Path, handoff: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "frontend_spec.json").write_bytes((handoff / "frontend_spec.json").read_bytes())
    assert main(["--handoff", str(tmp_path), "--no-open"]) == 1
    assert "smile-detector.mjs" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags", [["--port", "70000"], ["--port", "-1"], ["--lang", "fr"], ["--model", "a", "--handoff", "b"]]
)
def test_flags_that_cannot_be_meant_are_refused(flags: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(flags)


def test_a_port_that_is_taken_is_named(handoff: Path, npm_package: None, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        assert main(["--handoff", str(handoff), "--port", str(number), "--no-open"]) == 3
    error = capsys.readouterr().err
    assert f"port {number}" in error
    assert "--port" in error


def ask(url: str, target: str) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", int(url.rstrip("/").rsplit(":", 1)[1]), timeout=10)
    connection.request("GET", target)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, {name.title(): value for name, value in answer.getheaders()}


def test_it_serves_page_model_and_runtime_and_nothing_else(game: Any) -> None:
    for target in ("/", "/game.mjs", "/game.css", "/model/frontend_spec.json", "/model/encoder.onnx"):
        assert ask(game.url, target)[0] == 200
    assert ask(game.url, "/ort/ort-wasm-simd-threaded.wasm")[0] == 200
    for target in (
        "/../cli.py",
        "/%2e%2e/cli.py",
        "/model/../../../../etc/passwd",
        "/model/%2e%2e/%2e%2e/tasks.py",
        "/ort/../package.json",
        "//etc/passwd",
    ):
        assert ask(game.url, target)[0] == 404


def test_the_page_is_isolated_and_may_speak_to_this_server_only(game: Any) -> None:
    _, headers = ask(game.url, "/")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert "connect-src 'self'" in headers["Content-Security-Policy"]


def test_it_listens_on_the_loopback_address_only(game: Any) -> None:
    port = int(game.url.rstrip("/").rsplit(":", 1)[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; names the address of this computer's own network card
        except OSError:
            pytest.skip("no network card but loopback")
        own = probe.getsockname()[0]
    if own.startswith("127."):
        pytest.skip("no network card but loopback")
    with pytest.raises(OSError, match=r"refused|unreachable"):
        socket.create_connection((own, port), timeout=5)


def test_control_c_ends_it_with_its_result(make_game: Callable[..., Any], handoff: Path) -> None:
    game = make_game(handoff, "--json", "--lang", "ko")
    assert "?lang=ko" in game.said
    code, out = game.end()
    assert code == 0
    assert json.loads(out) == {"url": f"{game.url}?lang=ko", "spec_id": "standin", "proven": ["wasm"]}


def test_a_model_that_no_browser_has_proven_is_played_with_a_word(
    make_game: Callable[..., Any], handoff: Path, tmp_path: Path
) -> None:
    for file in handoff.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "browser_proof.json").unlink()
    game = make_game(tmp_path)
    assert "no browser has proven standin yet" in game.said
    assert "validate-spec --browser" in game.said
    assert game.end()[0] == 0
