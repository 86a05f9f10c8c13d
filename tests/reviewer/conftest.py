"""Datasets to review, decisions to make, a real server in a process of its own and a real Chromium."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from shared.dataset.reader import Dataset, open_dataset
from tools.reviewer.decisions import Decision, ReviewFile

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own, without models."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory, make_dataset: Callable[..., Dataset]) -> Path:
    """A dataset of 3 people with 4 sequences each, seq_0001 to seq_0012: two of each label."""
    return make_dataset(tmp_path_factory.mktemp("reviewed") / "people", subjects=3).folder


@pytest.fixture
def dataset(drawn: Path, home: Path) -> Dataset:
    """A copy of it under datasets/people of the home folder."""
    folder = home / "datasets" / "people"
    shutil.copytree(drawn, folder)
    return open_dataset(folder)


Decide = Callable[..., Decision]


@pytest.fixture
def decide() -> Decide:
    """``decide(dataset, "r1", 3, "unsure")``: store a decision on seq_0003, past the page."""
    numbers = iter(range(1, 100_000))

    def store(dataset: Dataset, reviewer: str, number: int, decision: str, **rest: Any) -> Decision:
        row = next(row for row in dataset.rows if row.sequence_id == f"seq_{number:04d}")
        made = Decision(
            **{
                "id": f"{next(numbers):032x}",
                "reviewer": reviewer,
                "sequence_id": row.sequence_id,
                "sha256": row.sha256,
                "shown_label": row.label,
                "decision": decision,
                "previous": None,
                "saw_others": False,
                "undoes": None,
                "decided_utc": "2026-01-22T11:25:34Z",
                **rest,
            }
        )
        ReviewFile(dataset).append([made])
        return made

    return store


@dataclass
class Served:
    """A review server in a process of its own."""

    process: "subprocess.Popen[str]"
    url: str
    port: int
    token: str
    connection: HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(
        self, path: str, body: object = None, headers: dict[str, str] | None = None, cookie: bool = True
    ) -> tuple[int, bytes, dict[str, str]]:
        """Ask the server as a page does; returns status, body and headers."""
        host = f"127.0.0.1:{self.port}"
        sent = {"Host": host, **({"Cookie": f"review_{self.port}={self.token}"} if cookie else {})}
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent |= {"Origin": f"http://{host}", "Content-Type": "application/json"}
        sent = {name: value for name, value in {**sent, **(headers or {})}.items() if value}
        self.connection.request("POST" if data is not None else "GET", path, data, sent)
        answer = self.connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}

    def kill(self) -> None:
        """Kill it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=60)
        self.connection.close()

    def stop(self) -> tuple[int, str, str]:
        """Stop it with Ctrl-C; returns exit code, stdout and stderr."""
        self.connection.close()
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


Serve = Callable[..., Served]


@pytest.fixture
def serve(home: Path) -> Iterator[Serve]:
    """``serve("people", "r1")``: start a server; it is stopped after the test."""
    started: list[Served] = []

    def start(dataset: str = "people", reviewer: str = "r1", *flags: str) -> Served:
        command = [sys.executable, "-m", "tools.reviewer", "serve", "--dataset", dataset, "--reviewer", reviewer]
        process = subprocess.Popen(
            [*command, "--no-open", *flags],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "SMILEBENCH_HOME": str(home), "SMILEBENCH_LANG": "en"},
        )
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", line)
        if found is None:
            process.kill()
            pytest.fail(line + process.communicate(timeout=20)[1])
        served = Served(process, found[0], int(found[1]), found[2])
        started.append(served)
        return served

    yield start
    for served in started:
        if served.process.poll() is None:
            served.kill()
        for stream in (served.process.stdout, served.process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture(scope="module")
def browser(launch: Callable[..., Any]) -> Any:
    """One Chromium for all tests; each has a context of its own, with its own cookies and storage."""
    return launch()


@pytest.fixture
def launch_profile(playwright: Any, chromium: dict[str, Any]) -> Callable[[Path], Any]:
    """``launch_profile(profile)``: a Chromium of the test's own, whose storage outlives it."""
    return lambda profile: playwright.chromium.launch_persistent_context(str(profile), **chromium, headless=True)


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """``open_page(served.url)``: the page, loaded; errors of its scripts fail the test."""
    contexts: list[Any] = []
    errors: list[str] = []

    def show(url: str, width: int = 1280, height: int = 800, **rest: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, **rest)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        page.wait_for_selector(".card.at")
        return page

    yield show
    for context in contexts:
        context.close()
    assert errors == []
