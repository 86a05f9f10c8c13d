"""Times encoders in turns, so that a noisy machine hits all alike: natively, and with onnxruntime-web in Node.

One thread; the fastest of three runs of each round. Writes nothing that stays.
"""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared.arrays import F32
from shared.errors import MissingOutside
from shared.onnx.pair import Encoder
from shared.web.npm import ONNXRUNTIME_WEB

PER_ROUND = 3
_TIMEOUT_S = 900.0
_SCRIPT = Path(__file__).with_name("speed.mjs")


@dataclass(frozen=True)
class Speed:
    """How long an encoder takes for one frame, and how that compares with the plain one.

    Attributes:
        ms: The median over rounds.
        ratio: To the plain encoder's in the same round, the median over rounds: below 1 is faster.
    """

    ms: float
    ratio: float

    def as_document(self) -> dict[str, float]:
        """Return both as documents hold them."""
        return {"ms": round(self.ms, 3), "ratio": round(self.ratio, 3)}


def compare_times(times: Mapping[str, list[float]], plain: str) -> dict[str, Speed]:
    """Compare times of rounds, in milliseconds, with those of the plain encoder in the same rounds.

    Example:
        >>> compare_times({"plain": [2.0, 4.0, 3.0], "half": [1.0, 2.0, 3.0]}, "plain")["half"]
        Speed(ms=2.0, ratio=0.5)
    """
    base = np.array(times[plain])
    return {
        name: Speed(float(np.median(found)), float(np.median(np.array(found) / base))) for name, found in times.items()
    }


def time_natively(graphs: Mapping[str, bytes], frame: F32, rounds: int) -> dict[str, list[float]]:
    """Run encoders with onnxruntime on one thread.

    Args:
        graphs: By name.
        frame: (1, 3, S, S) in 0 to 1.
        rounds: Besides one to warm up.
    """
    encoders = {name: Encoder(data, name) for name, data in graphs.items()}
    times: dict[str, list[float]] = {name: [] for name in graphs}
    for number in range(rounds + 1):
        for name, encoder in encoders.items():
            runs = []
            for _ in range(PER_ROUND):
                began = time.perf_counter()
                encoder.run(frame)
                runs.append(1000 * (time.perf_counter() - began))
            if number:
                times[name].append(min(runs))
    return times


def time_in_wasm(graphs: Mapping[str, bytes], frame: F32, rounds: int) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Run encoders with onnxruntime-web in Node, on one thread.

    Returns:
        The times of those that run, and of the others why they do not.

    Raises:
        MissingOutside: Node or onnxruntime-web is not here.
    """
    node = shutil.which("node")
    if node is None:
        raise MissingOutside("node", found="no such program", expected="Node.js 20 or newer, to time wasm")
    dist = ONNXRUNTIME_WEB.install() / "dist"
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        for name, data in graphs.items():
            (here / f"{name}.onnx").write_bytes(data)
        (here / "frame.bin").write_bytes(np.ascontiguousarray(frame, "<f4").tobytes())
        job = {
            "dist": str(dist),
            "graphs": {name: str(here / f"{name}.onnx") for name in graphs},
            "frame": str(here / "frame.bin"),
            "shape": list(frame.shape),
            "rounds": rounds,
        }
        (here / "job.json").write_text(json.dumps(job), encoding="utf-8")
        try:
            done = subprocess.run(
                [node, str(_SCRIPT), str(here / "job.json")],
                capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise MissingOutside("node", found=f"no answer in {_TIMEOUT_S:.0f} s", expected="times of wasm") from None
    if done.returncode != 0:
        reason = next((line for line in done.stderr.splitlines() if "Error" in line), f"exit code {done.returncode}")
        raise MissingOutside("node", found=reason[:200], expected="times of wasm", todo="Node.js 20 or newer is needed")
    found = json.loads(done.stdout)
    times = {name: one for name, one in found.items() if isinstance(one, list)}
    return times, {name: one for name, one in found.items() if isinstance(one, str)}
