"""Films of grey levels, and a detector that takes brightness for a smile: fast, and known to the digit."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from shared.video import FilmWriter, Frame
from tools.timeline.config import MomentsConfig, TimelineConfig
from tools.timeline.moments.write import write_moments
from tools.timeline.table.build import build

WIDTH, HEIGHT = 96, 64


def grey(level: float) -> Any:
    return np.full((HEIGHT, WIDTH, 3), round(255 * level), np.uint8)


@pytest.fixture(scope="session")
def brightness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the contract whose smile_prob is the mean of its pictures."""
    nodes = [
        helper.make_node("ReduceMean", ["frames"], ["mean"], axes=[1, 2, 3, 4], keepdims=0),
        helper.make_node("Clip", ["mean"], ["smile_prob"]),
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("frames", TensorProto.FLOAT, [1, 2, 3, 32, 32])],
        [helper.make_tensor_value_info("smile_prob", TensorProto.FLOAT, [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = tmp_path_factory.mktemp("models") / "brightness.onnx"
    onnx.save(model, str(path))
    return path


@pytest.fixture(scope="session")
def film_of() -> Callable[..., Path]:
    """``film_of(path, times_s, levels)``: a film of grey pictures at these times."""

    def write(path: Path, times_s: Sequence[float], levels: Sequence[float]) -> Path:
        writer = FilmWriter(path, WIDTH, HEIGHT)
        for time_s, level in zip(times_s, levels, strict=True):
            writer.add(Frame(time_s, grey(level)))
        writer.close()
        return path

    return write


@pytest.fixture(scope="session")
def bright_film(film_of: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 s at 25 frames a second: bright from 8 to 12 s and from 20 to 23 s, else dark."""
    times = [number / 25 for number in range(30 * 25)]
    levels = [0.8 if 8 <= time < 12 or 20 <= time < 23 else 0.1 for time in times]
    return film_of(tmp_path_factory.mktemp("films") / "bright.mp4", times, levels)


@pytest.fixture(scope="session")
def add_sound() -> Callable[..., Path]:
    """``add_sound(film, out, samples, start_s=0)``: the film again, with mono sound at 16 kHz beside it."""

    def write(film: Path, out: Path, samples: Any, start_s: float = 0.0) -> Path:
        with av.open(str(film)) as source, av.open(str(out), "w") as target:
            (picture,) = source.streams.video
            copied = target.add_stream_from_template(picture)
            sound = target.add_stream("aac", rate=16_000, layout="mono")
            for packet in source.demux(picture):
                if packet.dts is not None:
                    packet.stream = copied
                    target.mux(packet)
            for begin in range(0, len(samples), 1024):
                piece = np.ascontiguousarray(samples[None, begin : begin + 1024], np.float32)
                frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
                frame.sample_rate, frame.time_base = 16_000, Fraction(1, 16_000)
                frame.pts = begin + round(start_s * 16_000)
                target.mux(sound.encode(frame))
            target.mux(sound.encode(None))
        return out

    return write


@pytest.fixture(scope="module")
def folder(bright_film: Path, brightness: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A timeline of the bright film, with its moments."""
    out = tmp_path_factory.mktemp("timelines") / "bright"
    build(TimelineConfig(bright_film, out, 2, "model", str(brightness), "none", None, "own"))
    write_moments(out, MomentsConfig())
    return out
