"""The hand-off's client in Python: frames with their capture times in, probabilities out, for each new frame.

The server's counterpart of smile-detector.mjs: the same spec, the same graphs, the same rule for which
frames make a window, the same hysteresis. Reads a hand-off folder (frontend_spec.json and the graphs it lists); decodes
no film and opens no camera.
  python -c "from shared.onnx.stream import SmileStream; print(SmileStream('artifacts/handoff/demo').rule)"

The window: for a decision at the newest frame's time t, place k of `count` is t - (count - 1 - k) * interval_ms. A
place takes the frame with the nearest time (of two as near, the earlier); if that one lies more than max_deviation_ms
away, the window is incomplete and there is no decision. So a camera of any rate works whose frames lie close enough,
and frames that come late or not at all never move a window's places.

A model of landmarks or blendshapes sees what the Face Landmarker reads in each frame's square. In a window, a frame
without a face takes the numbers of the nearest frame with one; where none has one, the state is no_face and the
probability 0.

The decision: a probability above threshold begins a candidate, which counts once it has lasted min_duration_ms; at the
threshold or below a candidate is dropped. What counts, such as a smile, ends at release_threshold or below.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from shared import contracts, paths
from shared.arrays import F32, U8
from shared.dataset.feature_store import nearest_with_face
from shared.errors import InvalidInput
from shared.faces import landmarker
from shared.onnx.session import open_session
from shared.preprocess import crop_and_resize, to_batch

GraphChoice = Literal["stream", "window", "pixels"]
State = Literal["ready", "warming_up", "gap", "no_face", "dropped"]

# Which graphs a choice runs: (role, variant) of the one that sees a frame, and whether the head follows it.
_FIRST_GRAPH = {"stream": ("encoder", "plain"), "window": ("window", "plain"), "pixels": ("encoder", "pixels")}


@dataclass(frozen=True)
class Rule:
    """Which frames make a window, and which probabilities make a decision; all from the spec.

    Attributes:
        count: Frames of a window.
        interval_ms: From one to the next.
        max_deviation_ms: How far a frame may lie from its place.
        threshold: A smile, or whatever the positive class is, begins above it.
        release_threshold: It ends at it or below.
        min_duration_ms: How long it must stay above the threshold to count.
    """

    count: int
    interval_ms: float
    max_deviation_ms: float
    threshold: float
    release_threshold: float
    min_duration_ms: float

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> "Rule":
        """Read the rule out of a front-end spec."""
        frames, decision = spec["frames"], spec["decision"]
        return cls(
            frames["count"],
            frames["interval_ms"],
            frames["max_deviation_ms"],
            decision["threshold"],
            decision["release_threshold"],
            decision["min_duration_ms"],
        )

    @property
    def memory_ms(self) -> float:
        """How far back a window may reach; older frames are forgotten."""
        return (self.count - 1) * self.interval_ms + self.max_deviation_ms


def choose_window(times_ms: Sequence[float], rule: Rule) -> tuple[int, ...] | None:
    """Choose the frames of the window that ends with the newest frame.

    Args:
        times_ms: Capture times, strictly increasing; the last is the newest.
        rule: The spec's.

    Returns:
        `rule.count` indices into times_ms, or None if a place has no frame near enough.

    Example:
        >>> rule = Rule(5, 100, 50, 0.5, 0.5, 0)
        >>> choose_window([0, 40, 100, 150, 250, 310, 400], rule)  # places 0, 100, 200, 300, 400; 200: 150 before 250
        (0, 2, 3, 5, 6)
    """
    chosen = []
    for back in range(rule.count - 1, -1, -1):
        place = times_ms[-1] - back * rule.interval_ms
        nearest = min(range(len(times_ms)), key=lambda index: (abs(times_ms[index] - place), times_ms[index]))
        if abs(times_ms[nearest] - place) > rule.max_deviation_ms:
            return None
        chosen.append(nearest)
    return tuple(chosen)


class Decider:
    """Turns probabilities over time into decisions ("smiles now"): a threshold with hysteresis and a minimum duration.

    Args:
        rule: The spec's.

    Attributes:
        is_positive: The current decision.
    """

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self.reset()

    def reset(self) -> None:
        """Forget everything: not of the class."""
        self.is_positive = False
        self._above_since_ms: float | None = None

    def pause(self) -> None:
        """Note that there was no decision: a candidate must begin again; what counts is left as it is."""
        self._above_since_ms = None

    def decide(self, prob: float, timestamp_ms: float) -> bool:
        """Take the next probability; return whether it is of the class now.

        Example:
            >>> decider = Decider(Rule(5, 100, 50, threshold=0.5, release_threshold=0.4, min_duration_ms=200))
            >>> [decider.decide(p, 100 * n) for n, p in enumerate([0.6, 0.7, 0.6, 0.45, 0.4, 0.6])]
            [False, False, True, True, False, False]
        """
        if self.is_positive:
            self.is_positive = prob > self._rule.release_threshold
            self._above_since_ms = None
        elif prob > self._rule.threshold:
            if self._above_since_ms is None:
                self._above_since_ms = timestamp_ms
            self.is_positive = timestamp_ms - self._above_since_ms >= self._rule.min_duration_ms
        else:
            self._above_since_ms = None
        return self.is_positive


@dataclass(frozen=True)
class Decision:
    """What one frame brought.

    Attributes:
        timestamp_ms: The frame's capture time.
        state: ``ready`` with a probability; without one ``warming_up`` (no window was complete yet), ``gap`` (frames
            are missing) or ``dropped`` (the same frame again); ``no_face`` with the probability 0 where no frame of
            the window has a face (models of landmarks and blendshapes).
        prob: Of the positive class, from 0 to 1, or None.
        emotion_logits: (7,) float32, or None, also where the model gives none.
        is_positive: The decision with hysteresis and minimum duration.
    """

    timestamp_ms: float
    state: State
    prob: float | None
    emotion_logits: F32 | None
    is_positive: bool


class SmileStream:
    """A hand-off folder, run frame by frame.

    Args:
        folder: Holds frontend_spec.json and the graphs.
        graph: ``stream`` encodes each frame once and keeps the features; ``window`` runs the contract's whole window
            each time; ``pixels`` is the stream with crop and resize inside the graph.
        threads: For one inference.

    Raises:
        InvalidInput: The spec is not valid, lists no such graph, or a graph's file is missing, changed (its sha256 is
            another) or cannot be loaded; or the landmarker's model is another one than the spec's.
        MissingOutside: The landmarker's model or mediapipe is needed and not there.

    Attributes:
        spec: The front-end spec.
        prob_name: The output that decides, such as ``smile_prob``.
        rule: Its window and decision.

    Example:
        >>> stream = SmileStream(Path("artifacts/handoff/demo"))  # doctest: +SKIP
        >>> stream.push(frame_rgb_hwc_u8, 0.0).state  # doctest: +SKIP
        'warming_up'
    """

    def __init__(self, folder: Path, graph: GraphChoice = "stream", threads: int = 1) -> None:
        self.spec = contracts.read_document(folder / paths.SPEC_FILE, "frontend_spec")
        self.prob_name: str = self.spec["decision"]["output"]
        self.rule = Rule.from_spec(self.spec)
        self._choice = graph
        self._size_px: int = self.spec["preprocessing"]["width_px"]
        self._face = None if kind_of(self.spec) == "frames" else FaceReader(folder, self.spec)
        self._first = OnnxGraph(folder, find_graph(self.spec, *_FIRST_GRAPH[graph]), threads)
        self._head = None if graph == "window" else OnnxGraph(folder, find_graph(self.spec, "head", "plain"), threads)
        self._decider = Decider(self.rule)
        self.reset()

    def reset(self) -> None:
        """Forget all frames and the decision, as after a cut in the film."""
        self._kept: deque[tuple[float, F32 | None]] = deque()
        self._was_ready = False
        self._decider.reset()

    def push(self, frame_rgb_hwc_u8: U8, timestamp_ms: float) -> Decision:
        """Take the next frame and decide on it.

        Args:
            frame_rgb_hwc_u8: (height, width, 3), RGB, 0 to 255, any size, not mirrored.
            timestamp_ms: When it was captured, on any clock. The newest frame's time again: it is dropped. Earlier: the
                film began anew, and everything before is forgotten.

        Raises:
            InvalidInput: The time is not a finite number.
        """
        if not math.isfinite(timestamp_ms):
            raise InvalidInput("a frame's timestamp_ms", found=str(timestamp_ms), expected="a finite number")
        if self._kept and timestamp_ms == self._kept[-1][0]:
            return Decision(timestamp_ms, "dropped", None, None, self._decider.is_positive)
        if self._kept and timestamp_ms < self._kept[-1][0]:
            self.reset()
        self._kept.append((timestamp_ms, self._see(frame_rgb_hwc_u8)))
        while self._kept[0][0] < timestamp_ms - self.rule.memory_ms:
            self._kept.popleft()
        chosen = choose_window([time for time, _ in self._kept], self.rule)
        if chosen is None:
            self._decider.pause()
            state: State = "gap" if self._was_ready else "warming_up"
            return Decision(timestamp_ms, state, None, None, self._decider.is_positive)
        self._was_ready = True
        seen = [self._kept[index][1] for index in chosen]
        nearest = nearest_with_face([values is not None for values in seen])
        if nearest is None:
            prob = float(self.spec["input"]["landmarker"]["window_without_face"])
            return Decision(timestamp_ms, "no_face", prob, None, self._decider.decide(prob, timestamp_ms))
        window = np.stack([seen[place] for place in nearest])[None]
        values, *logits = (self._head or self._first).run(window)
        prob = float(values.reshape(-1)[0])
        is_positive = self._decider.decide(prob, timestamp_ms)
        return Decision(timestamp_ms, "ready", prob, logits[0].reshape(-1) if logits else None, is_positive)

    def close(self) -> None:
        """Free the landmarker, if there is one."""
        if self._face is not None:
            self._face.close()

    def _see(self, frame_rgb_hwc_u8: U8) -> F32 | None:
        """Turn a frame into what is kept of it: its features (None without a face), or its (3, size, size) tensor."""
        if self._face is not None:
            return self._face.read(crop_and_resize(frame_rgb_hwc_u8, self._size_px))
        if self._choice == "pixels":
            rgba = np.dstack([frame_rgb_hwc_u8, np.full(frame_rgb_hwc_u8.shape[:2], 255, np.uint8)])
            return self._encode(rgba)
        tensor = to_batch(crop_and_resize(frame_rgb_hwc_u8, self._size_px)[None])[0]  # (1, 3, size, size)
        return tensor[0] if self._choice == "window" else self._encode(tensor)

    def _encode(self, picture: U8 | F32) -> F32:
        """Turn one picture into its features, (n,) float32."""
        return np.asarray(self._first.run(picture)[0][0], dtype=np.float32)


def kind_of(spec: Mapping[str, Any]) -> str:
    """Return what a spec's window takes as input: ``frames``, ``landmarks`` or ``blendshapes``."""
    kind: str = spec["input"].get("kind", "frames")  # older hand-offs, all of them of frames, do not say it
    return kind


class FaceReader:
    """What a page's landmarker does: from a square picture to a model's input of landmarks or blendshapes.

    Args:
        folder: The hand-off; its face_landmarker.task is taken, else the one of this computer.
        spec: Its spec.

    Raises:
        InvalidInput: The model file is another one than the spec's, or another border or number of faces is asked for
            than Python's landmarker knows.
        MissingOutside: No model file, or no mediapipe.
    """

    def __init__(self, folder: Path, spec: Mapping[str, Any]) -> None:
        self._kind, landmarker_spec = kind_of(spec), spec["input"]["landmarker"]
        beside = folder / landmarker_spec["file"]
        path = beside if beside.is_file() else landmarker.find_model()
        if (found := contracts.sha256_file(path)) != landmarker_spec["sha256"]:
            raise InvalidInput(
                f"{path}: sha256",
                found=found,
                expected=landmarker_spec["sha256"],
                todo="put the spec's landmarker beside it",
            )
        if (landmarker_spec["border"], landmarker_spec["max_faces"]) != (landmarker.BORDER, landmarker.MAX_FACES):
            raise InvalidInput(
                "the spec's landmarker",
                found=f"border {landmarker_spec['border']}, max_faces {landmarker_spec['max_faces']}",
                expected=f"{landmarker.BORDER} and {landmarker.MAX_FACES}",
                todo="write the folder again: ./inv handoff --model MODEL",
            )
        self._landmarker = landmarker.FaceLandmarker(path)

    def read(self, square_rgb_hwc_u8: U8) -> F32 | None:
        """Read the largest face: (478, 3) or (52,); None where there is none."""
        reading = self._landmarker.read(square_rgb_hwc_u8)
        return reading.points if self._kind == "landmarks" else reading.blendshapes

    def close(self) -> None:
        """Free the landmarker."""
        self._landmarker.close()


def find_graph(spec: Mapping[str, Any], role: str, variant: str) -> dict[str, Any]:
    """Find a graph's entry in a spec.

    Raises:
        InvalidInput: There is none.
    """
    for entry in spec["graphs"]:
        if (entry["role"], entry["variant"]) == (role, variant):
            return dict(entry)
    listed = ", ".join(f"{entry['role']} ({entry['variant']})" for entry in spec["graphs"])
    raise InvalidInput(
        "the spec's graphs",
        found=listed or "none",
        expected=f"one of role {role} and variant {variant}",
        todo="write the folder again: ./inv handoff --model MODEL",
    )


class OnnxGraph:
    """One graph of a hand-off folder, loaded only if its bytes are those that the spec lists.

    Args:
        folder: The hand-off folder.
        entry: The graph's entry in the spec.
        threads: For one inference.

    Raises:
        InvalidInput: The file is missing, another, or nothing that onnxruntime loads.
    """

    def __init__(self, folder: Path, entry: Mapping[str, Any], threads: int = 1) -> None:
        path = folder / entry["file"]
        found = contracts.sha256_file(path)
        if found != entry["sha256"]:
            raise InvalidInput(
                f"{path}: sha256", found=found, expected=entry["sha256"], todo="copy the whole folder again"
            )
        self._session = open_session(path, str(path), threads)
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output["name"] for output in entry["outputs"]]

    def run(self, values: Any) -> list[Any]:
        """Run it on its one input; gives its outputs in the spec's order."""
        return list(self._session.run(self._outputs, {self._input: values}))
