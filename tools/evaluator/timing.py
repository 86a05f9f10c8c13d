"""How long a decision for one new picture takes here: graphs, a hand-off's stream, and the reading of faces.

Everything is timed in turns, a round each on another stored picture, on one thread and at batch 1, so that a busy
machine is as busy for all and ratios can be believed. What a phone takes is another matter. Reads a dataset, models and
hand-offs; writes one document.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shared import cli, contracts, paths, provenance
from shared.arrays import F32
from shared.dataset import consent, reader
from shared.errors import InvalidInput
from shared.faces.landmarker import FaceLandmarker
from shared.onnx.contract import FEATURE_SHAPES
from shared.onnx.model import OnnxModel
from shared.onnx.session import open_session, run_session
from shared.preprocess import to_batch
from shared.provenance import describe_machine
from tools.evaluator.config import TimingConfig
from tools.evaluator.results import Written

_WARM_UP = 3  # the first runs of a session plan its memory

Way = Callable[[npt.NDArray[np.uint8]], None]
"""Decides for a window of stored pictures, (T, H, W, 3); the newest is the last."""


def measure_times(config: TimingConfig) -> Written:
    """Time every way in turns.

    Args:
        config: Which models, which hand-offs, whether faces are read, how many rounds.

    Raises:
        InvalidInput: A model or a hand-off is not valid, or the hand-off is of another model.
        MissingOutside: Faces are to be read, and mediapipe or its model file is missing.
    """
    dataset = consent.permitted(reader.open_dataset(config.dataset), allow_no_consent=config.allow_no_consent)
    if not dataset.rows:
        raise InvalidInput(str(dataset.folder), found="no sequences", expected="some")
    models = {name: OnnxModel(path, threads=1) for name, path in config.models}
    frame_count = max(row.frame_count for row in dataset.rows)
    ways: dict[str, Way] = {}
    for name, model in models.items():
        ways[f"{name} window"] = _window(model, frame_count)
    for name, folder in config.handoffs:
        ways[f"{name} stream"] = _stream(folder, models[name])
    landmarker = FaceLandmarker() if config.faces else None
    if landmarker is not None:
        ways["reading"] = _reading(landmarker)
    spans = _time_in_turns(ways, dataset, config.n_rounds)
    now = paths.utc_now()
    document = {
        "schema_version": 1,
        "created_utc": paths.utc_text(now),
        "dataset": dataset.reference(),
        "machine": describe_machine(),
        "threads": 1,
        "n_rounds": config.n_rounds,
        "landmarker": landmarker
        and {
            "file": landmarker.model.name,
            "sha256": landmarker.model_sha256,
            "bytes": landmarker.model.stat().st_size,
            "reading_ms": spans["reading"],
        },
        "models": [
            {
                "name": name,
                "sha256": contracts.sha256_file(model.path),
                "bytes": model.path.stat().st_size,
                "kind": model.kind,
                "frame_count": model.frame_count or frame_count,
                "window_ms": spans[f"{name} window"],
                "stream_ms": spans.get(f"{name} stream"),
            }
            for name, model in models.items()
        ],
        "code": provenance.code_info("onnxruntime", "numpy", *(["mediapipe"] if landmarker else [])),
    }
    file = config.out / f"{dataset.name}_timings_{paths.utc_stamp(now)}.json"
    contracts.write_document(file, document, "timings")
    if landmarker is not None:
        landmarker.close()
    return Written(file, "timings", document, _describe(document))


def _describe(timings: Mapping[str, Any]) -> str:
    """List the times."""
    lines = []
    if timings["landmarker"]:
        lines.append(_line("reading a face", timings["landmarker"]["reading_ms"]))
    for model in timings["models"]:
        lines.append(_line(f"{model['name']}, window", model["window_ms"]))
        if model["stream_ms"]:
            lines.append(_line(f"{model['name']}, stream", model["stream_ms"]))
    processor = timings["machine"]["processor"]
    return "\n".join([*lines, f"one thread, {timings['n_rounds']} rounds in turns, on {processor}; read the ratios"])


def _line(name: str, span: dict[str, Any]) -> str:
    return f"{name:<28} {span['p50']:8.2f} ms (p95 {span['p95']:.2f})"


def _window(model: OnnxModel, frame_count: int) -> Way:
    """Run a whole window; features are drawn, since a graph's time does not depend on what they are."""
    if model.kind == "frames":

        def decide(window: npt.NDArray[np.uint8]) -> None:
            n_frames = model.frame_count or len(window)
            model.run(_batch(window[np.arange(n_frames) % len(window)]))

        return decide
    rest = FEATURE_SHAPES.get(model.kind, [len(model.provider.get("channels", ()))])
    shape = (1, model.frame_count or frame_count, *rest)
    features = np.random.default_rng(0).random(shape).astype(np.float32)
    return lambda window: _discard(model.run(features))


def _stream(folder: Path, model: OnnxModel) -> Way:
    """Encode the new picture and decide from the features of the window, as a page does."""
    spec = contracts.read_document(folder / paths.SPEC_FILE, "frontend_spec")
    if spec["model"]["sha256"] != contracts.sha256_file(model.path):
        raise InvalidInput(str(folder), found="the hand-off of another model", expected=f"that of {model.path.name}")
    graphs = {graph["name"]: folder / graph["file"] for graph in spec["graphs"]}
    if not {"encoder", "head"} <= graphs.keys():
        raise InvalidInput(str(folder), found=f"the graphs {', '.join(graphs)}", expected="encoder and head")
    encoder, head = (open_session(graphs[name].read_bytes(), name) for name in ("encoder", "head"))
    name_of_input = encoder.get_inputs()[0].name
    features: list[F32] = []

    def decide(window: npt.NDArray[np.uint8]) -> None:
        newest = run_session(encoder, {name_of_input: _batch(window[-1:])[0]}, "encoder")["features"]
        features[:] = [*(features or [newest] * spec["frames"]["count"])[1:], newest]
        run_session(head, {"features": np.concatenate(features)[None]}, "head")

    return decide


def _reading(landmarker: FaceLandmarker) -> Way:
    return lambda window: _discard(landmarker.read(window[-1]))


def _discard(_: object) -> None:
    """Drop an answer: only its time counts."""


def _batch(window: npt.NDArray[np.uint8]) -> F32:
    return to_batch(window[None])


def _time_in_turns(ways: Mapping[str, Way], dataset: reader.Dataset, n_rounds: int) -> dict[str, dict[str, Any]]:
    """Run each way once a round, on pictures spread over the dataset; the order turns as well."""
    places = np.linspace(0, len(dataset.rows) - 1, _WARM_UP + n_rounds).round().astype(int)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for number, place in enumerate(cli.progress(places.tolist(), what="time")):
        window = dataset.load_frames(dataset.rows[place])
        turn = number % max(1, len(names))
        for name in [*names[turn:], *names[:turn]]:
            began = time.perf_counter()
            ways[name](window)
            if number >= _WARM_UP:
                seconds[name].append(time.perf_counter() - began)
    return {name: _span(found) for name, found in seconds.items()}


def _span(seconds: list[float]) -> dict[str, Any]:
    p50, p95 = (round(1000 * float(value), 4) for value in np.quantile(seconds, [0.5, 0.95]))
    return {"p50": p50, "p95": p95, "n": len(seconds)}
