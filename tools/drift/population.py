"""What is known of each sequence: light, face, frame rate, missed windows, the model's score. Reads datasets and films.

The same measures for training and play, on the pictures as they are stored, so that only what was before the camera
(and the camera itself) can differ. Light-independent measures are relative to the light: a darker picture is not also
flatter and more blurred.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import cli, contracts
from shared.arrays import F64
from shared.dataset.quality import measure_picture
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput
from shared.faces.detector import FaceFinder
from shared.onnx.model import OnnxModel, score_dataset
from shared.onnx.stream import Rule, choose_window
from shared.video import Film
from tools.drift.mirroring import lean_of

MEASURES = (
    *("light", "contrast", "sharpness", "face_size", "no_face", "tilt", "turn"),
    *("fps", "missed_windows", "score", "sureness"),
)
COLOURS = ("red", "blue")  # of green: what the classifier sees beside the measures
_LEAST_PROB = 1e-4


@dataclass(frozen=True)
class Population:
    """The sequences of a population, and what was measured of each.

    Attributes:
        subjects: (n,) whose they are.
        measures: (n, len(MEASURES)); NaN where unknown.
        colours: (n, len(COLOURS)).
        leans: (n, pixels) how each leans to its sides; see `tools.drift.mirroring`.
        groups: (n,) device and browser, where the take tells.
    """

    subjects: tuple[str, ...]
    measures: F64
    colours: F64
    leans: F64
    groups: tuple[str | None, ...]

    @property
    def n(self) -> int:
        """Number of sequences."""
        return len(self.subjects)

    def only(self, places: Sequence[int]) -> "Population":
        """Return some of them."""
        chosen = list(places)
        return Population(
            tuple(self.subjects[place] for place in chosen),
            self.measures[chosen],
            self.colours[chosen],
            self.leans[chosen],
            tuple(self.groups[place] for place in chosen),
        )

    def by_person(self, values: F64, people: Sequence[str]) -> F64:
        """Return each person's mean of values, (n_people, n_values); NaN where a person has none."""
        owners = np.array(self.subjects)
        found = np.full((len(people), values.shape[1]), np.nan)
        for number, person in enumerate(people):
            own = values[owners == person]
            there = ~np.isnan(own)
            counts = there.sum(axis=0)
            found[number] = np.where(counts > 0, np.nan_to_num(own).sum(axis=0) / np.maximum(counts, 1), np.nan)
        return found


def measure_population(
    dataset: Dataset, rows: Sequence[SequenceRow], model: OnnxModel, threshold: float, finder: FaceFinder | None
) -> Population:
    """Measure sequences.

    Args:
        dataset: Whose sequences.
        rows: They, at least one.
        model: Scores them.
        threshold: Its own.
        finder: Looks for faces; None leaves out what needs them.

    Raises:
        InvalidInput: A picture is missing or broken, or the model takes others.
    """
    probs = np.asarray(score_dataset(model, dataset, rows).smile_prob, np.float64)
    takes = {take_id: _read_take(dataset, take_id, rows) for take_id in sorted({row.take_id for row in rows})}
    at_threshold = _logit(threshold)
    measures, colours, leans = [], [], []
    for row, prob in zip(cli.progress(rows, what=dataset.name), probs.tolist(), strict=True):
        names = row.frame_names()
        picture = dataset.load_picture(names[len(names) // 2])
        found = measure_picture(picture, finder)
        light = max(found.brightness, 1 / 255)
        take = takes[row.take_id]
        measures.append(
            [
                found.brightness,
                found.contrast / max(float(picture.mean()) / 255, 1 / 255),
                math.log(max(found.sharpness, 1e-3) / (255 * light) ** 2),
                math.nan if found.face_share is None else found.face_share,
                math.nan if finder is None else float(found.face is None),
                math.nan if found.face is None else abs(found.face.roll_deg),
                math.nan if found.face is None else abs(found.face.turn),
                take.fps,
                take.missed,
                _logit(prob),
                abs(_logit(prob) - at_threshold),
            ]
        )
        means = np.maximum(picture.reshape(-1, 3).mean(axis=0), 1)
        colours.append([math.log(means[0] / means[1]), math.log(means[2] / means[1])])
        leans.append(lean_of(picture))
    return Population(
        tuple(row.subject_id for row in rows),
        np.array(measures),
        np.array(colours),
        np.array(leans),
        tuple(takes[row.take_id].group for row in rows),
    )


@dataclass(frozen=True)
class TakeFacts:
    """What a take's record and film tell: frames a second, the share of windows a page would miss, and on what."""

    fps: float
    missed: float
    group: str | None


def _read_take(dataset: Dataset, take_id: str, rows: Sequence[SequenceRow]) -> TakeFacts:
    path = dataset.folder / "takes" / f"{take_id}.json"
    if not path.is_file():
        return TakeFacts(math.nan, math.nan, None)
    record = contracts.read_document(path, "take")
    own = next(row for row in rows if row.take_id == take_id)
    play: dict[str, Any] = record.get("play") or {}
    times_ms = play.get("times_ms") or _film_times_ms(path, record)
    return TakeFacts(
        float(record["measured_fps"]) or math.nan,
        missed_share(times_ms, own.frame_count, own.frame_interval_ms),
        _group_of(play),
    )


def _film_times_ms(record: Path, take: dict[str, Any]) -> list[float]:
    """Return the times of a kept film's frames; none where it was not kept, or cannot be read."""
    film = take["film"] and record.with_name(Path(take["film"]["file"]).name)
    if not film or not film.is_file():
        return []
    try:
        with Film(str(film)) as frames:
            return [frame.time_s * 1000 for frame in frames.decode()]
    except InvalidInput:
        return []


def missed_share(times_ms: Sequence[float], count: int, interval_ms: float) -> float:
    """Return the share of frames at which a page would have no window, once a window could be whole; NaN if unknown.

    Example:
        >>> missed_share([0, 100, 200, 300, 400, 500, 600, 800], 5, 100)  # the last lacks a frame at 700
        0.25
    """
    if len(times_ms) < 2 or count < 2 or interval_ms <= 0:
        return math.nan
    rule = Rule(count, interval_ms, interval_ms / 2, 0.5, 0.4, 0)
    first = next(
        (at for at, time in enumerate(times_ms) if time - times_ms[0] >= (count - 1) * interval_ms - 1e-6), None
    )
    if first is None:
        return math.nan
    missed = 0
    for at in range(first, len(times_ms)):
        start = at
        while start and times_ms[start - 1] >= times_ms[at] - rule.memory_ms:
            start -= 1
        missed += choose_window(times_ms[start : at + 1], rule) is None
    return missed / (len(times_ms) - first)


def _group_of(play: dict[str, Any]) -> str | None:
    """Name device and browser, as a take of the game tells them."""
    browser = play.get("browser")
    if not browser:
        return None
    kind = "phone" if browser.get("is_mobile") else "computer"
    return f"{browser['name']} · {browser['platform']} · {kind}"


def _logit(prob: float) -> float:
    held = min(max(prob, _LEAST_PROB), 1 - _LEAST_PROB)
    return math.log(held / (1 - held))
