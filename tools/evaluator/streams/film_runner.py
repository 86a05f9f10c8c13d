"""Runs films through a hand-off, frame by frame, as the page does; and writes down what it decided at each frame."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from shared import cli, contracts
from shared.errors import InvalidInput
from shared.onnx.stream import GraphChoice, SmileStream
from shared.video import Film
from tools.evaluator.streams.events import Stream, decide
from tools.evaluator.streams.marks import MarkedFilm

DECISION_COLUMNS = ("film", "subject_id", "time_ms", "prob", "is_positive")


def run_films(folder: Path, films: Sequence[MarkedFilm], graph: GraphChoice) -> list[Stream]:
    """Run films through a hand-off.

    Args:
        folder: The hand-off.
        films: What to play, each from the beginning and with its frames' own times.
        graph: Which graphs; all give the same probabilities within their tolerance.

    Raises:
        InvalidInput: A hand-off or film that cannot be read, or a film that changed since its hash was taken.
        MissingOutside: The model sees landmarks, and the landmarker is not here.
    """
    detector = SmileStream(folder, graph)
    try:
        return [_run(detector, film) for film in cli.progress(films, what="films", total=len(films), unit="film")]
    finally:
        detector.close()


def _run(detector: SmileStream, film: MarkedFilm) -> Stream:
    found = contracts.sha256_file(film.path) if film.path.is_file() else "no such file"
    if found != film.sha256:
        raise InvalidInput(str(film.path), found=found[:12], expected=f"sha256 {film.sha256[:12]}, as its take says")
    detector.reset()
    times_ms, probs, decisions = [], [], []
    with Film(str(film.path)) as frames:
        for frame in frames:
            decision = detector.push(frame.rgb_hwc_u8, frame.time_s * 1000)
            times_ms.append(decision.timestamp_ms)
            probs.append(math.nan if decision.prob is None else decision.prob)
            decisions.append(decision.is_positive)
    stream = Stream(film.name, film.subject_id, np.array(times_ms), np.array(probs), film.laughs)
    # What is counted later is replayed from the probabilities: it must be what the client said.
    assert decide(stream.times_ms, stream.probs, detector.rule).tolist() == decisions, film.name
    return stream


def format_decisions(streams: Iterable[Stream], decisions: Iterable[Sequence[bool]]) -> bytes:
    """Write a csv with a row for each frame; prob is empty where there was no decision."""
    rows = (
        {
            "film": stream.film,
            "subject_id": stream.subject_id,
            "time_ms": f"{time_ms:.3f}",
            "prob": "" if math.isnan(prob) else f"{prob:.6f}",
            "is_positive": "true" if is_positive else "false",
        }
        for stream, of_film in zip(streams, decisions, strict=True)
        for time_ms, prob, is_positive in zip(stream.times_ms.tolist(), stream.probs.tolist(), of_film, strict=True)
    )
    return contracts.format_rows(DECISION_COLUMNS, rows)
