"""The recording desk behind the studio's server, films as the page writes them, and a recorder that only counts."""

import hashlib
import struct
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import requests

from shared.dataset.statement import read_statement
from shared.web.loopback import LocalServer, listen
from tests.studio.conftest import TOKEN
from tools.studio import jobs, server
from tools.studio.record.looks import Looker
from tools.studio.record.routes import RecordingDesk
from tools.studio.record.run_recorder import Answer
from tools.studio.record.takes import Begun, TakeBox

PART = 1 << 20


def ivf(frames: list[tuple[int, bytes]], *, codec: bytes = b"MJPG", size_px: tuple[int, int] = (96, 64)) -> bytes:
    """Write frames with their times in microseconds as the page does."""
    head = b"DKIF" + struct.pack("<HH4sHHIIII", 0, 32, codec, *size_px, 1_000_000, 1, len(frames), 0)
    return head + b"".join(struct.pack("<IQ", len(data), time_us) + data for time_us, data in frames)


def jpeg(grey: int = 90, size_px: tuple[int, int] = (96, 64)) -> bytes:
    data: bytes = cv2.imencode(".jpg", np.full((size_px[1], size_px[0], 3), grey, np.uint8))[1].tobytes()
    return data


def film(n_frames: int = 12) -> bytes:
    return ivf([(number * 33_333, jpeg(20 + number)) for number in range(n_frames)])


def capture(**changes: Any) -> dict[str, Any]:
    """What a page notes of such a film."""
    return {
        "captured_utc": "2026-01-22T11:25:30Z", "browser": "Chrome 140 on Android", "device": "phone", "width_px": 96,
        "height_px": 64, "nominal_fps": 30, "codec": "jpeg", "clock": "capture", "matrix": "bt470bg",
        "is_full_range": True, "n_missed": 0, **changes,
    }  # fmt: skip


@dataclass
class CountingRecorder:
    """Stands for the recorder: keeps the hash of each film, and answers as it is told."""

    seen: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def __call__(self, place: Path, begun: Begun) -> Answer:
        self.seen.append(hashlib.sha256((place / "film.ivf").read_bytes()).hexdigest())
        if self.answers:
            return self.answers.pop(0)
        take = {"take_id": f"take_{len(self.seen):04d}", "duration_s": 9.0, "n_frames": 12, "measured_fps": 30.0}
        result = {"takes": [{**take, "sequence_ids": ["seq_0001"]}], "refused": [], "set_aside": []}
        return Answer({**result, "n_takes_of_subject": len(self.seen)}, None, 0)


@dataclass
class Desk:
    """A server in a thread, and a browser's session with it.

    Attributes:
        base: Its address.
        recorder: What makes takes of films.
    """

    base: str
    port: int
    recorder: CountingRecorder
    recording: RecordingDesk

    def ask(self, method: str, path: str, told: object = None, data: object = None, **headers: str) -> Any:
        sent = {"Origin": self.base, "Cookie": f"studio_{self.port}={TOKEN}", **headers}
        sent = {name: value for name, value in sent.items() if value}
        return requests.request(method, self.base + path, json=told, data=data, headers=sent, timeout=60)

    def agree(self, subject_id: str = "s01", dataset: str = "people", **changes: Any) -> Any:
        answer = {"scopes": ["train"], "given_by": "self", "statement_sha256": read_statement("en").sha256}
        told = {"dataset": dataset, "subject_id": subject_id, "lang": "en", **answer, **changes}
        return self.ask("POST", "/api/record/consent", told)

    def begin(self, take_id: str, subject_id: str = "s01", dataset: str = "people") -> Any:
        told = {"dataset": dataset, "subject_id": subject_id, "lang": "en"}
        return self.ask("POST", f"/api/record/takes/{take_id}", told)

    def finish(self, take_id: str, data: bytes, n_parts: int = 1, **changes: Any) -> Any:
        told = {"n_parts": n_parts, "sha256": hashlib.sha256(data).hexdigest(), "capture": capture(**changes)}
        return self.ask("POST", f"/api/record/takes/{take_id}/finish", told)

    def send(self, data: bytes, take_id: str | None = None) -> str:
        """Send a film whole; returns its id."""
        take_id = take_id or str(uuid.uuid4())
        assert self.begin(take_id).status_code == 200
        assert self.ask("PUT", f"/api/record/takes/{take_id}/parts/0", data=data).status_code == 204
        answer = self.finish(take_id, data)
        assert answer.status_code == 200, answer.text
        return take_id

    def follow(self, take_id: str) -> dict[str, Any]:
        """Wait until the recorder has said what became of a film."""
        while (state := self.ask("GET", f"/api/record/takes/{take_id}").json())["status"] == "waiting":
            with self.recording.box._changed:
                self.recording.box._changed.wait(0.02)
        found: dict[str, Any] = state
        return found


@pytest.fixture
def make_desk(home: Path, described: list[dict[str, object]]) -> Iterator[Callable[..., Desk]]:
    """Start a server: ``make_desk()``, or with a recorder of the test's own; all end with the test."""
    ends: list[Callable[[], None]] = []

    def start(recorder: CountingRecorder | None = None) -> Desk:
        recorder = recorder or CountingRecorder()
        listener = listen([0])
        port = int(listener.getsockname()[1])
        queue = jobs.JobQueue()
        recording = RecordingDesk(TakeBox(recorder), Looker("none"))
        app = server.make_app(server.Desk(queue, described), TOKEN, port, "en", recording)
        running = LocalServer(app, listener)
        running.start()
        ends.extend([running.close, recording.close, queue.close])
        return Desk(f"http://127.0.0.1:{port}", port, recorder, recording)

    yield start
    for end in ends:
        end()


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk()
