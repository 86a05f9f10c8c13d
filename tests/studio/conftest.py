"""A workspace of its own for each test, and the studio's server in a thread."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from shared.dataset import consent
from shared.dataset.protocol import parse_protocol, read_protocol
from shared.dataset.reader import Dataset
from shared.web.loopback import LocalServer, listen
from tools.studio import jobs, server

TOKEN = "t" * 40


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def record(home: Path, make_dataset: Callable[..., Dataset]) -> Callable[[int], Dataset]:
    """Return a function that records people: ``record(8)``, with two small sequences and a consent row each."""

    def make(subjects: int) -> Dataset:
        document = {**read_protocol().document, "image_size_px": 32, "sequences_per_window": 1, "frame_count": 2}
        protocol = parse_protocol(document, "small")
        dataset = make_dataset(home / "datasets" / "people", subjects=subjects, kind="real", protocol=protocol)
        for person in dataset.subjects():
            consent.record(dataset.folder, consent.Agreement(person, ("train",), "2026-01-01T00:00:00Z"))
        return dataset

    return make


@pytest.fixture
def people(record: Callable[[int], Dataset]) -> Dataset:
    return record(8)


@pytest.fixture(scope="session")
def described() -> list[dict[str, object]]:
    """All tasks and their flags, asked for once."""
    return server.describe_tasks()


@dataclass
class Studio:
    """A server in a thread, and a session with its cookie."""

    url: str
    port: int
    desk: server.Desk

    def ask(self, path: str, body: object = None, **headers: str) -> requests.Response:
        """Ask as the page does; a header given as '' is left out."""
        sent = {"Origin": self.url, "Cookie": f"studio_{self.port}={TOKEN}", **headers}
        sent = {name: value for name, value in sent.items() if value}
        if body is None:
            return requests.get(self.url + path, headers=sent, timeout=60)
        return requests.post(self.url + path, json=body, headers=sent, timeout=60)


@pytest.fixture
def studio(home: Path, described: list[dict[str, object]]) -> Iterator[Studio]:
    listener = listen([0])
    port = int(listener.getsockname()[1])
    queue = jobs.JobQueue()
    desk = server.Desk(queue, described)
    running = LocalServer(server.make_app(desk, TOKEN, port, "en"), listener)
    running.start()
    yield Studio(f"http://127.0.0.1:{port}", port, desk)
    running.close()
    queue.close()
