"""No tool that sees pictures opens a connection: seen from outside, by the system calls of its processes."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shared import paths
from shared.dataset import consent
from shared.dataset.consent import Agreement
from shared.dataset.protocol import parse_protocol, read_protocol
from shared.dataset.reader import Dataset

ROOT = Path(__file__).parents[2]
STRACE = shutil.which("strace")
LOOPBACK = re.compile(r'inet_addr\("127\.|inet_pton\(AF_INET6, "::1"')
NAME_SERVER = "htons(53)"  # may be on loopback, and asks others
pytestmark = pytest.mark.skipif(STRACE is None, reason="strace is not installed")


def connections(words: list[str], home: Path, log: Path) -> list[str]:
    """Run Python under strace; returns its attempts to reach another computer, name servers among them."""
    assert STRACE is not None
    environment = {**os.environ, "SMILEBENCH_HOME": str(home), "no_proxy": "*", "NO_PROXY": "*"}
    traced = [STRACE, "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", str(log)]
    done = subprocess.run(
        [*traced, sys.executable, *words], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    internet = [line for line in lines if "AF_INET" in line]
    return [line for line in internet if not LOOPBACK.search(line) or NAME_SERVER in line]


READ_A_FACE = """
import sys, time
import numpy as np
from pathlib import Path
from shared.faces import landmarker
if sys.argv[2] == "open":
    landmarker.send_no_usage_figures = lambda: None
with landmarker.FaceLandmarker(Path(sys.argv[1])) as faces:
    faces.read(np.zeros((64, 64, 3), np.uint8))
time.sleep(3)  # it sends from a thread of its own
"""


def landmarker_model() -> Path:
    pytest.importorskip("mediapipe", reason="the featurizer extra is not installed")
    assets = paths.assets()
    model = None if assets is None else assets / "models" / "face_landmarker.task"
    if model is None or not model.is_file():
        pytest.skip(f"no {model}")
    return model


@pytest.mark.parametrize(("how", "is_quiet"), [("closed", True), ("open", False)])
def test_mediapipe_sends_no_usage_figures_though_it_would(how: str, is_quiet: bool, tmp_path: Path) -> None:
    """Recorder and featurizer sent a POST to play.googleapis.com for each landmarker, and nobody was told."""
    words = ["-c", READ_A_FACE, str(landmarker_model()), how]
    assert (connections(words, tmp_path, tmp_path / "strace.log") == []) is is_quiet


@pytest.fixture
def home(make_dataset: Callable[..., Dataset], tmp_path: Path) -> Path:
    protocol = parse_protocol({**read_protocol().document, "image_size_px": 64}, "test")
    dataset = make_dataset(tmp_path / "datasets" / "people", subjects=3, kind="real", protocol=protocol)
    for subject in dataset.subjects():
        consent.record(dataset.folder, Agreement(subject, ("train",), "2026-01-22T11:25:34Z"))
    return tmp_path


TRAIN = ("--weights", "none", "--epochs", "1", "--threads", "1")
DRAWN = ("--source", "synthetic", "--subject", "a01", "--no-preview", "--target", "1")


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("recorder", ("--dataset", "drawn", *DRAWN)),
        ("verifier", ("--dataset", "people")),
        ("grid_viewer", ("--dataset", "people")),
        ("splitter", ("--dataset", "people")),
        ("trainer", ("--dataset", "people", *TRAIN)),
        ("reporter", ("tables", "--baseline", "30,10,22,18", "--candidate", "28,12,30,10")),
    ],
)
def test_the_tools_open_no_connection(tool: str, words: tuple[str, ...], home: Path) -> None:
    assert connections(["-m", f"tools.{tool}", *words], home, home / "strace.log") == []


def test_the_featurizer_opens_no_connection(home: Path) -> None:
    words = ["-m", "tools.featurizer", "--dataset", "people", "--landmark-model", str(landmarker_model())]
    assert connections([*words, "--workers", "1"], home, home / "strace.log") == []
