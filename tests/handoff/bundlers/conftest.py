"""Two hand-offs as npm packages, projects that install them, and a plain server that remembers what was asked for.

npm's downloads are kept in one folder, artifacts/npm/cache.
"""

import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared import contracts, paths
from shared.faces import landmarker
from shared.web.npm import NPMRC
from tools.handoff.config import HandoffConfig
from tools.handoff.write import write_handoff

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "tools" / "handoff" / "examples"
CACHE = ROOT / "artifacts" / "npm" / "cache"
OUTPUTS = ("dist", "out")  # where builds write
MINUTE_S = 60.0
_TESTED = {
    "execution_provider": "wasm",
    "threads": 1,
    "browser": "Chromium 156",
    "device": "a test",
    "created_utc": "2026-01-22T11:25:34Z",
    "loads": True,
    "reason": None,
    "largest_difference": 0.0,
    "n_decisions": 6,
    "n_flips": 0,
    "latency_ms": {"first": 2.0, "p50": 1.0, "p95": 1.5, "n": 20},
}


def run(command: list[str], folder: Path, **environment: str) -> str:
    """Run a program in a folder; gives its stdout. Its stderr is shown where it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "NEXT_TELEMETRY_DISABLED": "1", "CI": "1", **environment},
        capture_output=True,
        text=True,
        timeout=20 * MINUTE_S,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def npm(folder: Path, *words: str, **environment: str) -> str:
    """Run npm with the kept downloads."""
    (folder / ".npmrc").write_text(NPMRC, encoding="utf-8")
    return run(["npm", "--cache", str(CACHE), "--prefer-offline", "--loglevel=error", *words], folder, **environment)


@dataclass(frozen=True)
class Packed:
    """A hand-off as a package.

    Attributes:
        kind: Of the model's input.
        folder: The hand-off.
        archive: What `npm pack` made of it.
    """

    kind: str
    folder: Path
    archive: Path


@pytest.fixture(scope="session")
def needs_npm() -> None:
    """Skip without npm."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")


@pytest.fixture(scope="session")
def pack(
    needs_npm: None,
    request: pytest.FixtureRequest,
    make_feature_model: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Packed]:
    """``pack(kind)``: a hand-off of pictures or landmarks that counts as proven, packed by npm."""
    home = tmp_path_factory.mktemp("packed")

    @functools.cache
    def make(kind: str) -> Packed:
        folder = home / kind
        if kind == "frames":
            shutil.copytree(request.getfixturevalue("written").folder, folder)
            spec = contracts.read_document(folder / paths.SPEC_FILE, "frontend_spec")
        else:
            found = [each / landmarker.MODEL_NAME for each in landmarker.model_folders()]
            task = next((path for path in found if path.is_file()), None)
            if task is None:
                pytest.skip(f"no {landmarker.MODEL_NAME}: ./inv fetch-models")
            model = make_feature_model(home / "models" / kind, kind, landmarker=task.read_bytes())
            spec = write_handoff(HandoffConfig(model, folder)).spec
        tested = [{"graph": each["name"], "sha256": each["sha256"], **_TESTED} for each in spec["graphs"]]
        proof = {
            "schema_version": 1,
            "spec_id": spec["spec_id"],
            "spec_sha256": contracts.sha256_file(folder / paths.SPEC_FILE),
            "created_utc": "2026-01-22T11:25:34Z",
            "execution_providers": ["wasm"],
            "tested": tested,
            "tested_decisions": [],
        }
        contracts.write_document(folder / paths.PROOF_FILE, proof, "browser_proof")
        (folder / "a_strangers.json").write_text("{}", encoding="utf-8")  # must not come along
        out = home / f"{kind}-archive"
        out.mkdir()
        (packed,) = json.loads(npm(folder, "pack", "--json", "--pack-destination", str(out)))
        names = {entry["path"] for entry in packed["files"]}
        there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        assert there - names == {".npmrc", "a_strangers.json"}
        return Packed(kind, folder, out / packed["filename"])

    return make


@pytest.fixture(scope="session")
def set_up(pack: Callable[[str], Packed], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """``set_up(example, kind)``: a copy of an example with a hand-off installed from its archive."""
    home = tmp_path_factory.mktemp("projects")

    @functools.cache
    def make(example: str, kind: str) -> Path:
        folder = home / f"{example}-{kind}"
        shutil.copytree(EXAMPLES / example, folder)
        npm(folder, "install", "--save-exact", str(pack(kind).archive))
        return folder

    return make


@pytest.fixture(scope="session")
def build(set_up: Callable[[str, str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``build(example, kind, base)``: the folder of static files that a project's build writes."""
    home = tmp_path_factory.mktemp("built")

    @functools.cache
    def make(example: str, kind: str, base: str) -> Path:
        folder = set_up(example, kind)
        for name in OUTPUTS:
            shutil.rmtree(folder / name, ignore_errors=True)
        npm(folder, "run", "build", BASE_PATH=base)
        place = home / f"{example}-{kind}-{len(base)}"
        shutil.copytree(next(folder / name for name in OUTPUTS if (folder / name).is_dir()), place)
        return place

    return make


@pytest.fixture(scope="session")
def run_npm(needs_npm: None) -> Callable[..., str]:
    """The function `npm`: ``run_npm(folder, *words, **environment)``."""
    return npm


@pytest.fixture(scope="session")
def run_program() -> Callable[..., str]:
    """The function `run`: ``run_program(command, folder, **environment)``."""
    return run


class StaticSite:
    """A plain static server, as many hosts are: no special header; remembers (path, status, bytes)."""

    def __init__(self, folder: Path, base: str) -> None:
        self.asked: list[tuple[str, int]] = []
        asked = self.asked

        class Handler(http.server.SimpleHTTPRequestHandler):
            extensions_map = {  # noqa: RUF012 - as the base class has it
                **http.server.SimpleHTTPRequestHandler.extensions_map,
                ".mjs": "text/javascript",
                ".js": "text/javascript",
                ".wasm": "application/wasm",
            }

            def translate_path(self, path: str) -> str:
                return super().translate_path("/" + path.removeprefix(base) if path.startswith(base) else "/nowhere")

            def log_request(self, code: Any = "-", size: Any = "-") -> None:
                asked.append((self.path.split("?")[0].removeprefix(base), int(code)))

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}{base}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[[Path, str], StaticSite]]:
    """``serve(folder, base)``: serve a folder under a path such as /app/."""
    started: list[StaticSite] = []

    def start(folder: Path, base: str) -> StaticSite:
        started.append(StaticSite(folder, base))
        return started[-1]

    yield start
    for site in started:
        site.close()
