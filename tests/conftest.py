"""Fixtures that more than one test folder uses."""

import hashlib
import importlib.util
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from shared import contracts
from shared.arrays import U8
from shared.dataset.protocol import Protocol, choose_frames, read_protocol
from shared.dataset.reader import Dataset, open_dataset
from shared.dataset.writer import DatasetWriter, NewSequence
from shared.onnx.contract import prob_name
from shared.onnx.model import FEATURE_SHAPES
from shared.video import FilmWriter, Frame

# Films, photos and models that are not part of the project; tests that need them are skipped where there are none.
os.environ.setdefault("SMILEBENCH_ASSETS", str(Path(__file__).resolve().parents[2] / "shared"))
FPS = 30.0
os.environ["SMILEBENCH_LANG"] = "ko"  # whatever the locale of the machine that tests
MakeDataset = Callable[..., Dataset]
_CARD = json.loads((Path(__file__).parent / "schemas/positive/model/ours.json").read_text(encoding="utf-8"))
# Files whose tests keep time, with windows, cameras and pages: one at a time, so that each has a core.
REAL_TIME = (
    "tests/game/test_game_page.py",
    "tests/game/test_keep_page.py",
    "tests/game/test_listening_page.py",
    "tests/handoff/client/",
    "tests/recorder/test_camera.py",
    "tests/recorder/test_kill.py",
    "tests/recorder/test_screen.py",
    "tests/recorder/test_sources.py",
    "tests/studio/test_page.py",
    "tests/test_inv.py",
)


def pytest_configure() -> None:
    """Let Ctrl-C end the programs that tests start: a suite in the background is started with SIGINT ignored.

    What a process ignores, its children ignore as well, and a shell among them cannot even trap it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that keep time first: one process of two is busy with them while the other does the rest."""
    items.sort(key=lambda item: not item.nodeid.startswith(REAL_TIME))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out whole folders, whose tests share what is slow to make, and all tests that keep time as one."""
    from xdist.scheduler import LoadFileScheduling

    class OneAtATime(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "real time" if nodeid.startswith(REAL_TIME) else nodeid.partition("::")[0].rpartition("/")[0]

    config.option.loadscopereorder = False  # by the number of tests; ours are in the order that we want
    return OneAtATime(config, log)


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """Write without fsync: no test pulls the plug, and what a killed process wrote is seen without it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def _draw_face(rng: np.random.Generator, subject: int, smiles: bool, size_px: int) -> U8:
    """Draw a face whose colours tell the person and whose mouth tells the label; noise and a small shift on top."""
    person = np.random.default_rng(1000 + subject)
    skin, back, mouth = (
        tuple(int(c) for c in person.integers(low, high, 3)) for low, high in [(150, 240), (20, 120), (60, 130)]
    )
    face = np.full((size_px, size_px, 3), back, np.uint8)
    unit = size_px / 224
    dx, dy = rng.integers(-4, 5, 2)
    centre = (round(112 * unit + dx), round(112 * unit + dy))
    cv2.ellipse(face, centre, (round((62 + subject % 5 * 3) * unit), round(86 * unit)), 0, 0, 360, skin, -1)
    for side in (-1, 1):
        cv2.circle(
            face, (centre[0] + round(side * 26 * unit), centre[1] - round(26 * unit)), round(8 * unit), (30, 30, 30), -1
        )
    at = (centre[0], centre[1] + round((22 if smiles else 42) * unit))
    if smiles:
        cv2.ellipse(face, at, (round(38 * unit), round(26 * unit)), 0, 0, 180, mouth, -1)
    else:
        cv2.line(
            face, (at[0] - round(26 * unit), at[1]), (at[0] + round(26 * unit), at[1]), mouth, max(1, round(6 * unit))
        )
    noise = rng.integers(-6, 7, face.shape, dtype=np.int16)
    return np.asarray(np.clip(face.astype(np.int16) + noise, 0, 255), dtype=np.uint8)


def _write_film(path: Path, duration_s: float) -> None:
    """Write a tiny film that stands for the take's."""
    film = FilmWriter(path, 32, 32)
    for number in range(4):
        film.add(Frame(number * duration_s / 4, np.full((32, 32, 3), 40 * number, np.uint8)))
    film.close()


def write_dataset(
    folder: Path, subjects: int = 6, takes: int = 1, kind: str = "synthetic", protocol: Protocol | None = None
) -> Dataset:
    """Write a valid dataset of drawn faces through the real DatasetWriter.

    Each person gets `takes` takes of the protocol's sequences (four by default: two of each label, five pictures of
    224 px). A second call on the same folder adds to it. People are s01, s02, ...; the mouth tells the label.

    Returns:
        The opened dataset.
    """
    script = protocol or read_protocol()
    times_s = [number / FPS for number in range(round(script.duration_s * FPS) + 1)]
    folder.mkdir(parents=True, exist_ok=True)
    film = folder / ".incoming-film.mp4"
    _write_film(film, script.duration_s)
    film_bytes = film.read_bytes()
    with DatasetWriter(folder, script, kind) as writer:
        rng = np.random.default_rng(writer.manifest["next"]["take"])  # so that a second call draws other pictures
        for subject in range(1, subjects + 1):
            for _ in range(takes):
                found = [
                    NewSequence(
                        window.label,
                        window.emotion,
                        tuple(times_s[index] * 1000 for index in indices),
                        np.stack(
                            [
                                _draw_face(
                                    rng,
                                    subject,
                                    window.label == script.document["positive_class"],
                                    script.image_size_px,
                                )
                                for _ in indices
                            ]
                        ),
                    )
                    for window in script.windows
                    for indices in choose_frames(script, window, times_s)
                ]
                film.write_bytes(film_bytes)
                record = {
                    "subject_id": f"s{subject:02d}",
                    "recorded_utc": "2026-01-22T11:25:34Z",
                    "source": "synthetic" if kind == "synthetic" else "camera",
                    "source_sha256": None,
                    "source_note": "drawn by a test",
                    "width_px": 32,
                    "height_px": 32,
                    "clock": "simulated",
                    "duration_s": float(script.duration_s),
                    "n_frames": len(times_s),
                    "measured_fps": FPS,
                    "nominal_fps": FPS,
                    "n_dropped": 0,
                    "n_doubled": 0,
                    "largest_gap_ms": 1000 / FPS,
                    "protocol_sha256": contracts.sha256_json(script.document),
                    "tool_version": "test",
                }
                writer.add_take(record, film, found)
    return open_dataset(folder)


@pytest.fixture(scope="session")
def make_dataset(tmp_path_factory: pytest.TempPathFactory) -> MakeDataset:
    """Return `write_dataset`: ``make_dataset(folder, subjects=6, takes=1, kind="synthetic", protocol=None)``.

    Each dataset is drawn once: where a new folder shall hold one that was drawn before, it becomes a copy of it.
    """
    drawn = tmp_path_factory.mktemp("drawn")

    def make(
        folder: Path, subjects: int = 6, takes: int = 1, kind: str = "synthetic", protocol: Protocol | None = None
    ) -> Dataset:
        script = protocol or read_protocol()
        if folder.exists():
            return write_dataset(folder, subjects, takes, kind, script)
        first = drawn / contracts.sha256_json([folder.name, subjects, takes, kind, script.document]) / folder.name
        if not first.exists():
            write_dataset(first, subjects, takes, kind, script)
        shutil.copytree(first, folder)
        return open_dataset(folder)

    return make


def write_feature_model(
    folder: Path,
    kind: str,
    *,
    uses_z: bool = False,
    landmarker: bytes = b"a landmarker",
    frames: int | str = "frames",
    positive_class: str = "smile",
) -> Path:
    """Write a model's folder of landmarks or blendshapes: the window's mean, weighted, through a sigmoid; and its card.

    Args:
        folder: Made; gets smile_detector.onnx and model.json.
        kind: ``landmarks`` or ``blendshapes``.
        uses_z: Give z a weight.
        landmarker: Content of the face_landmarker.task that the model says it was trained with.
        frames: The axis of frames in the graph: free, or a number.
        positive_class: What the output that decides is named after.

    Returns:
        The ONNX.
    """
    rest = FEATURE_SHAPES[kind]
    weights = np.random.default_rng(3).normal(0, 0.3, rest).astype(np.float32)
    if kind == "landmarks" and not uses_z:
        weights[:, 2] = 0
    sha256 = hashlib.sha256(landmarker).hexdigest()
    card = json.loads((Path(__file__).parent / "schemas/positive/model/ours.json").read_text(encoding="utf-8"))
    layout = {"landmarks": "NTPC", "blendshapes": "NTF"}[kind]
    card |= {"network": {"landmarks": "landmark_mlp", "blendshapes": "blendshape_mlp"}[kind], "temperature": None}
    card["input"] = {"name": kind, "shape": [1, 5, *rest], "dtype": "float32", "layout": layout}
    card["input"]["landmark_model_sha256"] = sha256
    prob = f"{positive_class}_prob"
    card["outputs"] = [{**card["outputs"][0], "name": prob}]
    if positive_class != "smile":
        card |= {"classes": ["neutral", positive_class], "positive_class": positive_class}
    notes = {key: card[key] for key in ("model_id", "classes", "positive_class", "frame_interval_ms", "crop", "mirror")}
    notes |= {"threshold": card["threshold"]["value"], "landmark_model_sha256": sha256}
    constants = {
        "weights": weights.reshape(-1, 1),
        "flat": np.array([1, weights.size], np.int64),
        "one": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("ReduceMean", [kind], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Reshape", ["mean", "flat"], ["row"]),
        helper.make_node("MatMul", ["row", "weights"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["prob"]),
        helper.make_node("Reshape", ["prob", "one"], [prob]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(kind, TensorProto.FLOAT, [1, frames, *rest])],
        [helper.make_tensor_value_info(prob, TensorProto.FLOAT, [1])],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    told = {f"smilebench.{key}": value if isinstance(value, str) else json.dumps(value) for key, value in notes.items()}
    helper.set_model_props(model, told)
    folder.mkdir(parents=True)
    path = folder / "smile_detector.onnx"
    onnx.save(model, str(path))
    operators = sorted({node.op_type for node in nodes})
    facts = {"sha256": contracts.sha256_file(path), "bytes": path.stat().st_size, "opset": 13, "operators": operators}
    contracts.write_document(folder / "model.json", {**card, "onnx": {"file": path.name, **facts}}, "model")
    return path


def write_picture_model(
    folder: Path, frames: int = 1, positive: str = "smile", *, steep: float = 12, size_px: int = 224, **card: Any
) -> Path:
    """Write a model that answers with the mean of its pictures, drawn apart; red counts twice, so order matters."""
    prob = prob_name(positive)
    weights = np.array([2.0, 1.0, 0.5], np.float32).reshape(1, 1, 3, 1, 1) * np.arange(1, frames + 1).reshape(
        1, -1, 1, 1, 1
    )
    weights = (weights / weights.mean()).astype(np.float32)
    constants = {"w": weights, "half": np.float32(0.5), "steep": np.float32(steep), "one": np.array([1], np.int64)}
    nodes = [
        helper.make_node("Mul", ["frames", "w"], ["weighted"]),
        helper.make_node("ReduceMean", ["weighted"], ["mean"], keepdims=0),
        helper.make_node("Sub", ["mean", "half"], ["centred"]),
        helper.make_node("Mul", ["centred", "steep"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["scalar"]),
        helper.make_node("Reshape", ["scalar", "one"], [prob]),
    ]
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info("frames", TensorProto.FLOAT, [1, frames, 3, size_px, size_px])],
        [helper.make_tensor_value_info(prob, TensorProto.FLOAT, [1])],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    folder.mkdir(parents=True)
    path = folder / "smile_detector.onnx"
    onnx.save(model, str(path))
    facts = {"sha256": contracts.sha256_file(path), "bytes": path.stat().st_size}
    document = {
        **_CARD,
        "model_id": folder.name,
        "run": None,
        "split": None,
        "classes": [f"non_{positive}", positive],
        "positive_class": positive,
        "input": {**_CARD["input"], "shape": [1, frames, 3, size_px, size_px]},
        "outputs": [{**_CARD["outputs"][0], "name": prob}],
        "frame_interval_ms": 100.0,
        "temperature": None,
        "threshold": {**_CARD["threshold"], "value": 0.5, "interval": None},
        "onnx": {**_CARD["onnx"], **facts, "file": path.name},
        **card,
    }
    contracts.write_document(folder / "model.json", document, "model")
    return path


@pytest.fixture(scope="session")
def make_picture_model() -> Callable[..., Path]:
    """Return `write_picture_model`."""
    return write_picture_model


@pytest.fixture(scope="session")
def make_feature_model() -> Callable[..., Path]:
    """Return `write_feature_model`."""
    return write_feature_model


@pytest.fixture(scope="session")
def chromium() -> dict[str, Any]:
    """What Playwright starts the system's Chromium with: its path, and flags that keep it from the network."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("Chromium is not installed")
    offline = ("--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync")
    return {"executable_path": program, "args": ["--no-sandbox", "--no-first-run", *offline]}


@pytest.fixture(scope="module")
def playwright(chromium: dict[str, Any]) -> Iterator[Any]:
    """Playwright, where Chromium is installed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def launch(playwright: Any, chromium: dict[str, Any]) -> Iterator[Callable[..., Any]]:
    """``launch(*flags)``: start a Chromium with these flags; it is closed at the end."""
    started = []

    def start(*flags: str) -> Any:
        browser = playwright.chromium.launch(**{**chromium, "args": [*chromium["args"], *flags]})
        started.append(browser)
        return browser

    yield start
    for browser in started:
        browser.close()


def load_helper(name: str) -> ModuleType:
    """Load a Python file below this folder that is no test and no package."""
    path = Path(__file__).parent / name
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def write_standin() -> Callable[..., dict[str, Any]]:
    """The function of handoff/client/standin.py: ``write_standin(folder, threshold=0.5, ...)`` returns the spec.

    Its answer is the red of five frames, weighted 1 to 5 of 15 from the oldest to the newest.
    """
    function: Callable[..., dict[str, Any]] = load_helper("handoff/client/standin.py").write_standin
    return function


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A page in the system's Firefox: `goto` and `evaluate` of firefox.py, which is no test and no package."""
    module = load_helper("firefox.py")
    program = module.find_firefox()
    if program is None:
        pytest.skip("Firefox is not installed")
    with module.open_firefox(program, tmp_path_factory.mktemp("firefox")) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser(launch: Callable[..., Any], film: Path) -> Any:
    """A Chromium whose webcam plays the folder's `film`, and is allowed."""
    camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    return launch(*camera, f"--use-file-for-fake-video-capture={film}")
