"""Moments of play as a page sends them: drawn faces at an even pace, calm first, then a smile."""

import hashlib
import json
import uuid
from typing import Any

import cv2
import numpy as np

SIDE = 64


def draw(number: int, smiles: bool) -> bytes:
    """Draw a face as a JPEG; no two numbers give the same picture."""
    picture = np.full((SIDE, SIDE, 3), (60 + number % 40, 90, 140), np.uint8)
    cv2.circle(picture, (32, 32), 24, (120, 180, 230), -1)
    picture[:8] = np.random.default_rng(number).integers(0, 255, (8, SIDE, 3))
    if smiles:
        cv2.ellipse(picture, (32, 38), (12, 8), 0, 0, 180, (40, 40, 120), -1)
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes())


def make_moment(
    subject_id: str = "s01", *, n_frames: int = 60, first: int = 0, calm: int = 30, moment_id: str | None = None
) -> tuple[dict[str, Any], bytes]:
    """Make a moment's document and pictures: 30 frames a second, a smile from the frame `calm` on."""
    files = [draw(first + number, number >= calm) for number in range(n_frames)]
    pictures = b"".join(files)
    times_ms = [round(number * 1000 / 30, 1) for number in range(n_frames)]
    is_positive = [number >= calm for number in range(n_frames)]
    document = {
        "schema_version": 1,
        "subject_id": subject_id,
        "play": {
            "moment_id": moment_id or str(uuid.UUID(int=first * 1000 + n_frames, version=4)),
            "captured_utc": "2026-01-22T11:25:34Z",
            "trigger": "laugh",
            "player_label": "smile",
            "model": {
                "spec_id": "standin",
                "sha256": "1" * 64,
                "threshold": 0.5,
                "release_threshold": 0.4,
                "min_duration_ms": 100,
                "frame_count": 5,
                "frame_interval_ms": 100,
                "classes": ["non_smile", "smile"],
                "positive_class": "smile",
            },
            "browser": {
                "name": "Chromium 156",
                "platform": "Linux",
                "is_mobile": False,
                "provider": "wasm",
                "threads": 1,
                "graph": "stream",
                "camera_width_px": 640,
                "camera_height_px": 480,
            },
            "n_missed": 0,
            "times_ms": times_ms,
            "scores": [0.9 if smiles else 0.1 for smiles in is_positive],
            "is_positive": is_positive,
            "marks": [
                {"label": "smile", "start_ms": times_ms[calm], "end_ms": times_ms[-1], "by": "player"},
                {"label": "non_smile", "start_ms": 0, "end_ms": times_ms[calm - 3], "by": "model"},
            ],
        },
        "pictures": {
            "format": "jpeg",
            "width_px": SIDE,
            "height_px": SIDE,
            "sha256": hashlib.sha256(pictures).hexdigest(),
            "sizes_bytes": [len(file) for file in files],
        },
    }
    return document, pictures


def multipart(document: dict[str, Any], pictures: bytes) -> tuple[bytes, str]:
    """Write the body of a request and its content type."""
    edge = "a-line-between-the-parts"
    body = b""
    for name, data in (("moment", json.dumps(document).encode()), ("pictures", pictures)):
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n'
        body += head.encode() + data + b"\r\n"
    return body + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"
